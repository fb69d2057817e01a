"""The container file copies what is there, is not root, and asks a server of ours whether it is well."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", "")


def test_what_it_copies_is_there() -> None:
    copied = [name for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.MULTILINE) for name in line.split()[:-1]]

    assert {"pyproject.toml", "bot", "rules", "examples"} <= set(copied)
    assert [] == [name for name in copied if not (ROOT / name).exists()]


def test_it_installs_the_tested_versions_and_nothing_else() -> None:
    (code,) = re.findall(r'RUN python -c "(.+?)"\s', TEXT)

    pins = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "githubkit==" in pins
    assert [] == [line for line in pins.splitlines() if "==" not in line]


def test_the_last_stage_is_not_root_and_says_how_it_is() -> None:
    last = TEXT.rpartition("\nFROM ")[2]

    assert "USER 10001" in last
    assert last.index("USER 10001") < last.index("ENTRYPOINT")
    assert "/healthz" in last.partition("HEALTHCHECK")[2]
