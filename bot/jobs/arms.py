"""A folder or a zip with the reports of both arms goes in; the runs they tell of come out, and what was left unread.

control/ treated/            an arm each; `guard` or `targeted`, and `stage-2`, may stand right above or below
<arm>/…/<trial>/             a trial of Harbor or Terminal-Bench: its task, its verdict, its own repeat
<arm>/<repeat>/junit.xml     every test is a task; files of one folder are one repeat
<arm>/<repeat>.ctrf.json     or, right below the arm, a file is one repeat
….csv                        a results file (bot/trials/results.py), wherever it lies, names the arm itself
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bot.errors import UserError
from bot.signals import reports
from bot.signals.bundle import Bundle, bundles
from bot.signals.collect import read_bundle
from bot.signals.member import DAMAGED, Member
from bot.signals.reports import ctrf, junit
from bot.signals.reports.cases import file_name, test_id
from bot.signals.reports.json_text import SIZE_CAP, inside, load, objects, shown
from bot.trials import results
from bot.trials.results import MAX_NAME, Arm, Outcome, Run, Set, from_reports

ARMS: tuple[Arm, ...] = ("control", "treated")
BESIDE = ("targeted", "guard", "stage-1", "stage-2")
SHOWN = 5
_SEPARATOR = re.compile(r"[/\\!]")
_JUNIT: dict[str, Outcome] = {"passed": "pass", "failed": "fail", "skipped": "none"}
_CTRF: dict[str, Outcome] = {"passed": "pass", "failed": "fail"}


def read(path: Path) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """The runs below a folder or in a zip, and warnings; UserError where an arm is missing or no task is told of."""
    unread: list[str] = []
    runs = from_reports(_told(path, unread), str(path))
    return runs, _left_out(unread)


def told(path: Path) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """The single runs below a folder, of one arm or both, as they were told, and warnings; empty where there are none.

    For a batch of a registered trial, of which the registration says what is missing.
    """
    unread: list[str] = []
    return tuple(_told(path, unread)), _left_out(unread)


def _left_out(unread: list[str]) -> tuple[str, ...]:
    if not unread:
        return ()
    some = ", ".join(unread[:SHOWN]) + (", …" if len(unread) > SHOWN else "")
    return (f"{len(unread)} files tell of no task in an arm and were left out: {some}",)


def _told(path: Path, unread: list[str]) -> Iterator[Run]:
    for bundle in bundles(path):
        unread.extend(bundle.warnings)
        if bundle.claim:
            yield from _trial(bundle, _below(bundle.path, path), unread)
            continue
        for member in bundle.members:
            place = _below(member.path, path)
            if member.name.lower().endswith(".csv"):
                yield from _table(member, place, unread)
                continue
            tests = _tests(member) if _arm(place) else ()
            if not tests:
                unread.append("/".join(place))
                continue
            yield from (_run(place[:-1], place[-1].partition(".")[0], *test) for test in tests)


def _trial(bundle: Bundle, place: list[str], unread: list[str]) -> Iterator[Run]:
    """One trial of a layout; one that left no verdict behind is `none`."""
    if not _arm(place):
        unread.append("/".join(place))
        return
    outcomes = [episode.outcome for episode in read_bundle(bundle)]
    yield _run(place, bundle.name, bundle.task or bundle.name, outcomes[0] if outcomes else "none")


def _table(member: Member, place: list[str], unread: list[str]) -> Iterator[Run]:
    """The runs of a results file; one that is none is unread."""
    try:
        with member.open() as stream:
            yield from results.read(stream.read(results.MAX_BYTES + 1), "/".join(place))
    except (UserError, *DAMAGED) as error:
        unread.append(f"{'/'.join(place)} ({error})" if isinstance(error, UserError) else "/".join(place))


def _run(place: list[str], otherwise: str, task: str, outcome: Outcome) -> Run:
    """`place` are the folders; those below the words name the repeat, `otherwise` does where there are none."""
    first = next(number for number, part in enumerate(place) if part.lower() in ARMS)
    last = first
    while first and place[first - 1].lower() in BESIDE:
        first -= 1
    while last + 1 < len(place) and place[last + 1].lower() in BESIDE:
        last += 1
    words = {part.lower() for part in place[first : last + 1]}
    arm: Arm = "control" if "control" in words else "treated"
    of_set: Set = "guard" if "guard" in words else "targeted"
    repeat = "/".join(place[last + 1 :]) or otherwise
    return Run(task[:MAX_NAME], arm, repeat[-MAX_NAME:], outcome, of_set, stage=2 if "stage-2" in words else 1)


def _arm(place: list[str]) -> bool:
    """Whether a folder on the way is an arm."""
    return any(part.lower() in ARMS for part in place)


def _tests(member: Member) -> list[tuple[str, Outcome]]:
    """(test, outcome) of a JUnit or CTRF file; empty for every other one. A skipped test has no verdict."""
    try:
        with member.open() as stream:
            data = stream.read(SIZE_CAP + 1)
    except (UserError, *DAMAGED):
        return []
    if len(data) > SIZE_CAP:
        return []
    form = reports.sniff(data[: reports.HEAD], member.name)
    if form == junit.NAME:
        return [(case.id, _JUNIT[case.state]) for case in junit.cases(data)]
    if form != ctrf.NAME:
        return []
    return [(_name(test), _CTRF.get(shown(test.get("status")), "none")) for test in _ctrf_tests(data)]


def _ctrf_tests(data: bytes) -> Iterator[dict[str, object]]:
    tests = inside(load(data).value, "results", "tests")
    yield from (test for test in objects(tests) if shown(test.get("name")))


def _name(test: dict[str, object]) -> str:
    suite = test.get("suite")
    suites = [shown(part) for part in suite] if isinstance(suite, list) else [shown(suite)]
    owner = file_name(shown(test.get("filePath")) or shown(test.get("filepath")))
    return test_id(owner, " > ".join(part for part in (*suites, shown(test.get("name"))) if part))


def _below(shown_path: str, root: Path) -> list[str]:
    """The names between the path that was given and a file, through zips."""
    return [part for part in _SEPARATOR.split(shown_path.removeprefix(str(root))) if part not in ("", ".")]
