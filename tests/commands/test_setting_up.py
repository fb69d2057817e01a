"""The whole way: the command, a browser, GitHub's page, files; then `flywheel doctor` finds the App that was made."""

import json
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import yaml

from bot.commands import checkup, doctoring
from bot.hosting.asked import EVENTS, PERMISSIONS
from tests.cli import ROOT
from tests.github.fixtures import github, world
from tests.github.routes_manifest import Web
from tests.github.server import GitHub

__all__ = ["github", "world"]


def start(arguments: list[str], environment: dict[str, str], cwd: Path) -> subprocess.Popen[str]:
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=cwd,
        env={**bare, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def field(page: str, pattern: str) -> str:
    found = re.search(pattern, page)
    assert found, page
    return unescape(found[1])


def test_from_the_command_to_an_app_that_works(github: GitHub, tmp_path: Path) -> None:
    with Web(github.world) as web:
        wanted = ["setup", "--no-browser", "--github", web.url, "--webhook", "https://bot.example.org", "--json"]
        setting_up = start(wanted, {"GITHUB_API_URL": github.url}, tmp_path)
        assert setting_up.stderr is not None
        page_at = setting_up.stderr.readline().rpartition(" ")[2].strip()
        browser = httpx.Client(follow_redirects=True)
        page = browser.get(page_at).raise_for_status().text
        manifest = field(page, r'name="manifest" value="([^"]+)"')
        asked = browser.post(field(page, r'action="([^"]+)"'), data={"manifest": manifest})
        button = field(asked.text, r"action='([^']+)'")
        done = browser.post(f"http://{urlsplit(str(asked.url)).netloc}{button}")
        out, said = setting_up.communicate(timeout=60)

    assert (200, 0) == (done.status_code, setting_up.returncode), said
    made = json.loads(out)
    settings = dict(line.split("=", 1) for line in (tmp_path / made["settings"]).read_text().splitlines())
    for secret in (settings["FLYWHEEL_WEBHOOK_SECRET"], "PRIVATE KEY"):
        assert secret not in out + said + done.text
    looking = start(["doctor", "--json"], settings, tmp_path)
    rows = {row["code"]: row["status"] for row in json.loads(looking.communicate(timeout=60)[0])}
    assert {"ok"} == {rows[code] for code in ("app", "webhook-secret", "jwt", "app-permissions", "database")}


def test_a_second_set_up_does_not_begin_over_the_first(tmp_path: Path) -> None:
    (tmp_path / "flywheel-app").mkdir()
    (tmp_path / "flywheel-app" / "flywheel.env").write_text("mine")

    setting_up = start(["setup", "--no-browser"], {}, tmp_path)
    _, said = setting_up.communicate(timeout=60)

    assert 2 == setting_up.returncode
    assert "is there already" in said


def test_every_code_of_the_doctor_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    source = "".join(Path(one.__file__).read_text(encoding="utf-8") for one in (checkup, doctoring))
    codes = set(re.findall(r'\b(?:Row|row_of)\(\s*"([a-z-]+)"', source))

    assert len(codes) > 20
    assert [] == sorted(code for code in codes if f"`{code}`" not in text)


def test_the_docs_give_the_reason_for_every_permission_and_name_every_event() -> None:
    text = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")

    assert [] == [name for name, (level, why) in PERMISSIONS.items() if f"| `{name}` | {level} | {why} |" not in text]
    assert [] == [name for name in EVENTS if f"`{name}`" not in text]


def test_the_compose_file_that_the_docs_show_is_one() -> None:
    text = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)

    found = yaml.safe_load(shown)

    assert ["serve", "--workers", "0"] == found["services"]["serve"]["command"]
    assert (["worker"], True) == (found["services"]["worker"]["command"], found["services"]["worker"]["read_only"])
    assert set(found["volumes"]) == {"database", "data"}
