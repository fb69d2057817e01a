"""Tasks from the merges of real repositories: first what makes none, each with its reason; then what holds."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from bot.commands.making_tasks import Request, init
from bot.errors import UserError
from bot.forge.workshop import Workshop, run
from bot.trials import design, pool
from tests.commands.shop import Shop

SALT = "0123456789abcdef"
NOW = "2026-11-25T10:00:00+00:00"
VERIFY = "python3 {tests}"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def request(shop: Shop, **changed: object) -> Request:
    out = shop.folder.parent
    base = {"verify": VERIFY, "tasks": out / "tasks.json", "sealed": out / "sealed.json", "checks": 2, "seconds": 20.0}
    return Request(**{**base, **changed})  # type: ignore[arg-type]


def made(shop: Shop, **changed: object) -> tuple[dict[str, object], dict[Path, bytes]]:
    return init(request(shop, **changed), Workshop(shop.folder), run, [shop.folder], SALT, NOW)


def test_what_cannot_judge_makes_no_task(shop: Shop) -> None:
    shop.pull(1, {"shop.py": "def price():\n    return 2\n"})
    shop.pull(2, {"tests/test_only.py": "pass\n"})
    shop.pull(3, {"other.py": "x = 1\n", "tests/test_always.py": "pass\n"})
    shop.pull(4, {"never.py": "x = 1\n", "tests/test_never.py": "raise SystemExit(1)\n"})
    shop.pull(5, {"slow.py": "x = 1\n", "tests/test_slow.py": "import time; time.sleep(60)\n"})
    shop.write({"direct.py": "x = 1\n", "tests/test_direct.py": "import direct\n"})
    shop.git("commit", "-q", "-m", "A commit that is no merge")
    shop.good(6)
    record, _ = made(shop, seconds=2.0, checks=1)

    assert [one["reason"] for one in record["dropped"]] == [  # type: ignore[attr-defined]
        "timed-out",
        "fails-at-merge",
        "passes-at-base",
        "only-tests",
        "no-tests",
    ]
    assert record["tasks"] == 1


def test_a_test_that_tells_two_things_is_flaky(shop: Shop, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    text = f"import pathlib, os\nf = pathlib.Path({str(flag)!r})\nold = f.exists()\nf.touch()\n"
    text += "assert os.path.exists('lucky.py') and not (old and f.with_name('again').exists())\n"
    text += "f.with_name('again').touch()\n"
    shop.pull(1, {"lucky.py": "x = 1\n", "tests/test_lucky.py": text})
    shop.good(2)
    record, _ = made(shop, checks=3)

    assert [one["reason"] for one in record["dropped"]] == ["flaky"]  # type: ignore[attr-defined]


def test_a_task_begins_at_the_base_with_the_words_of_its_issue(shop: Shop) -> None:
    base = shop.git("rev-parse", "HEAD")
    merge = shop.good(7, "Give parts a value.\n\nFixes #41\n\nCo-authored-by: bob <bob@example.com>")
    shop.git("checkout", "-q", "-b", "squashed")
    shop.git("checkout", "-q", "main")
    shop.write({"s.py": "x = 1\n", "tests/test_s.py": "import sys\nsys.path.insert(0, '.')\nimport s\n"})
    shop.git("commit", "-q", "-m", "Add s (#9)\n\nWhy s is needed.")
    issues = shop.folder.parent / "issues.json"
    issues.write_text(json.dumps([{"number": 9, "title": "s is missing", "body": "We need it."}]))
    _, files = made(shop, issues=issues)
    found = pool.read(next(iter(files.values())), "tasks.json")
    by_name = {task.id: task for task in found.tasks}

    assert set(by_name) == {"issue-41", "pull-9"}
    assert (by_name["issue-41"].base, by_name["issue-41"].merge) == (base, merge)
    assert by_name["issue-41"].tests == ("tests/test_part7.py",)
    assert by_name["issue-41"].prompt == "Give parts a value.\n\nFixes #41"
    assert by_name["pull-9"].prompt == "s is missing\n\nWe need it."
    assert pool.aimed(found, "loops", ["issue-41"]) == ("pull-9",)


def test_the_sealed_part_stands_elsewhere_and_only_its_hash_here(shop: Shop) -> None:
    for number in range(1, 5):
        shop.good(number)
    record, files = made(shop, guards=2, checks=1)
    tasks, sealed = (json.loads(data) for data in files.values())
    found = pool.read(next(iter(files.values())), "tasks.json")

    assert (record["tasks"], record["guards"]) == (2, 2)
    assert found.sealed == design.seal(sealed["tasks"], sealed["salt"]) == record["sealed"]
    assert not any(name in json.dumps(tasks) for name in sealed["tasks"])
    assert {one["id"] for one in sealed["details"]} == set(sealed["tasks"])
    assert made(shop, guards=99, checks=1)[0]["guards"] == 4
    with pytest.raises(UserError, match="which whoever proposes changes can read"):
        made(shop, sealed=shop.folder / "sealed.json")


def test_what_is_there_is_not_overwritten_and_a_wrong_command_is_said(shop: Shop) -> None:
    shop.good(1)
    with pytest.raises(UserError, match=r"^--verify: it names no \{tests\}"):
        made(shop, verify="pytest")
    with pytest.raises(UserError, match="the shell finds nothing to run"):
        made(shop, verify="no-such-command {tests}")
    (shop.folder.parent / "tasks.json").write_text("{}")
    with pytest.raises(UserError, match="it is there already"):
        made(shop)


def test_the_repository_is_left_as_it_was_and_a_sandbox_has_no_history(shop: Shop) -> None:
    merge = shop.good(1)
    (shop.folder / "shop.py").write_text("uncommitted\n")
    before = shop.git("status", "--porcelain"), shop.git("for-each-ref"), shop.git("count-objects")
    made(shop)
    with Workshop(shop.folder).sandbox(f"{merge}^") as folder:
        inside = subprocess.run(
            ["git", "cat-file", "-e", merge], cwd=folder, capture_output=True, check=False
        ).returncode
        listed = sorted(path.name for path in folder.iterdir())
        log = subprocess.run(["git", "log", "--oneline"], cwd=folder, capture_output=True, text=True, check=True).stdout

    assert (inside != 0, listed, len(log.splitlines())) == (True, [".git", "shop.py"], 1)
    assert not folder.exists()
    assert before == (shop.git("status", "--porcelain"), shop.git("for-each-ref"), shop.git("count-objects"))


def test_a_command_that_takes_too_long_ends_with_all_that_it_started(tmp_path: Path) -> None:
    begun = time.monotonic()
    ended = run("echo begun; (sleep 287.31; touch late) & sleep 287.31", tmp_path, 0.5)
    quiet = run("(sleep 287.31 &) ; echo done", tmp_path, 20)

    assert (ended.code, ended.tail.strip()) == (None, "begun")
    assert (quiet.code, quiet.tail.strip()) == (0, "done")
    assert time.monotonic() - begun < 10
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 287.31" not in listed.split("\n")


def test_what_a_command_prints_is_bounded(tmp_path: Path) -> None:
    ended = run("yes | head -c 50000000; echo end", tmp_path, 60)

    assert ended.code == 0
    assert len(ended.tail) <= 4000
    assert ended.tail.endswith("end\n")
