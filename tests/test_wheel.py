"""The wheel, installed outside the checkout, does the main job: rules, examples and templates travel in it."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_rules_examples_and_templates(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert "bot/rules/approval/default.yml" in names
    assert "bot/rules/detectors/verification/finishes-on-red.yml" in names
    assert "bot/pages/templates/report.html.j2" in names
    assert "bot/examples/repos/lumen-orchard__reading-room/.claude/settings.json" in names
    assert sum(name.endswith("/manifest.json") and "/episodes/" in name for name in names) == 120
    assert [name for name in names if name.startswith(("tests/", "bench/", "tools/"))] == []


def test_an_installed_wheel_runs_far_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    command = [str(python), "-m", "pip", "install", "-q", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    installed = Path(
        subprocess.run([str(python), "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    )
    # The dependencies of the environment that runs the tests; added behind, so that `bot` is the wheel's own.
    (installed / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    flywheel = python.parent / "flywheel"
    done = subprocess.run(
        [str(flywheel), "run", "--json"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["modifications"]
    assert all(change["branch"] for change in run["modifications"])
    assert str(installed) in json.dumps([one["findings"][0]["pins"][0]["path"] for one in run["patterns"]])
