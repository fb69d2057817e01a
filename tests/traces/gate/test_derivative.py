"""A job that only passes on what another job did is no failure of its own, and hides none."""

import json
from pathlib import Path

import pytest

from bot.model import Diff, Episode, Pin, Run, Signal, Source, Step, Trace, replace
from bot.signals.collect import collect
from bot.traces.gate import gate, recall

STAMP = "2026-06-21T17:19:57.{:07}Z "
ECHO = "Check run lint (ID: 3) has conclusion: failure"
MISSING = "##[error]Unable to download artifact(s): Artifact not found for name: wheels"
TEST = "FAILED tests/test_mail.py::test_sends - assert 1 == 2"
MANIFEST = {"flywheel_bundle": 1, "repository": "o/r", "pull": 1, "run": {"id": 1, "conclusion": "failure"}}


def log(line: str) -> str:
    said = [
        "##[group]Run ./check.sh",
        "./check.sh",
        "##[endgroup]",
        line,
        "##[error]Process completed with exit code 1.",
    ]
    return "".join(f"{STAMP.format(place)}{text}\n" for place, text in enumerate((*said, "Post job cleanup.")))


def bundle(folder: Path, *lines: str, base: str = "") -> Episode:
    """What a run leaves: a log for each line, and the log of its base where there is one."""
    witness = {"kind": "base", "reports": ["witnesses/job.log"], "run": {"id": 9}}
    told = MANIFEST | ({"base_sha": "b" * 40, "witnesses": [witness]} if base else {})
    files = {f"reports/job-{number}.log": log(line) for number, line in enumerate(lines)}
    files |= {"manifest.json": json.dumps(told)} | ({"witnesses/job.log": log(base)} if base else {})
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    [episode] = collect([folder])
    return episode


@pytest.mark.parametrize("lines", [(TEST,), (TEST, ECHO), (MISSING, "./build.sh: 3: cannot open wheels")])
def test_a_failure_beside_an_echo_is_judged(tmp_path, lines):
    episode = bundle(tmp_path / "run", *lines)

    assert (episode.outcome, gate(episode)) == ("fail", None)


@pytest.mark.parametrize(("line", "told"), [(ECHO, "other-checks"), (MISSING, "artifact-missing")])
def test_nothing_but_an_echo_is_no_verdict(tmp_path, line, told):
    exclusion = gate(bundle(tmp_path / "run", line))

    assert exclusion is not None
    assert (exclusion.code, told in exclusion.detail) == ("X2 no-verdict", True)


def test_a_job_of_a_bot_alone_is_no_verdict(tmp_path):
    exclusion = gate(bundle(tmp_path / "run", "##[error]Dependabot encountered an error performing the update"))

    assert exclusion is not None
    assert exclusion.detail == "only a bot worked: excluded/dependabot"


def test_an_echo_does_not_keep_a_red_base_from_excusing(tmp_path):
    red, excused = bundle(tmp_path / "red", TEST, ECHO), bundle(tmp_path / "base", TEST, ECHO, base=TEST)
    exclusion = gate(excused, recall([excused]))

    assert gate(red, recall([red])) is None
    assert exclusion is not None
    assert exclusion.code == "X6 base-broken"


# --- the order of research/ci.md §5.1 ---------------------------------------------------------------------------------

HEAD, BASE, NAME = "a" * 40, "b" * 40, "tests.test_mail::test_sends"
PIN = Pin("aggregate.log", "0" * 64, 0, 1, "x")
ECHOED = (Signal("derivative", detail="other-checks", pin=PIN), Signal("job-failed", detail="x", pin=PIN))
RED = (Signal("test-failed", detail=NAME),)


def run(number: int, hour: int, **fields: object) -> Run:
    return Run(number, workflow="ci", created_at=f"2026-05-10T{hour:02}:00:00Z", **fields)


def other(name: str, outcome: str, *signals: Signal, **fields: object) -> Episode:
    given = {"signals": signals, "reports": ("junit.xml",), **fields}
    return Episode(name, "o/r", outcome, **given)


WORKED = Trace("test", (Source("t.jsonl", "", 1),), (Step(0, 1, "a"), Step(0, 1, "b")), prompt="Add a page.")
EVERYTHING = other(
    "o/r/1", "fail", Signal("infrastructure", detail="disk-full"), *RED,
    trace=WORKED, pull=1, task="one", head_sha=HEAD, base_sha=BASE, run=run(1, 12, conclusion="cancelled"),
    diff=Diff(("src/a.py",)),
)  # fmt: skip
RERUN = other("o/r/1b", "pass", pull=1, trace=WORKED, head_sha=HEAD, base_sha=BASE, run=run(2, 13), task="one")
RED_BASE = other("o/r/base", "fail", *RED, head_sha=BASE, run=run(3, 10, base=True))
FLIPS = tuple(
    other(f"o/r/base-{place}", "fail" if place % 2 else "pass", *(RED if place % 2 else ()), head_sha=f"{place:040}",
          run=run(10 + place, place, base=True))
    for place in range(6)
)  # fmt: skip


def test_the_questions_are_asked_in_the_order_of_their_price():
    only_red = replace(EVERYTHING, run=run(1, 12, conclusion="failure"), signals=RED)
    steps = [
        (EVERYTHING, (RERUN, RED_BASE, *FLIPS)),
        (replace(EVERYTHING, run=only_red.run, signals=ECHOED), (RERUN, RED_BASE, *FLIPS)),
        (replace(EVERYTHING, run=only_red.run), (RERUN, RED_BASE, *FLIPS)),
        (only_red, (RERUN, RED_BASE, *FLIPS)),
        (only_red, (RED_BASE, *FLIPS)),
        (only_red, FLIPS),
        (replace(only_red, diff=Diff(("tests/test_mail.py",))), (RED_BASE, *FLIPS)),
    ]
    found = [gate(episode, recall([episode, *others])) for episode, others in steps]

    assert [one.code.split()[0] if one else "judged" for one in found] == ["X2", "X2", "X4", "X5", "X6", "X7", "judged"]
    assert [one.detail.split()[0] for one in found[:2] if one] == ["the", "what"]
