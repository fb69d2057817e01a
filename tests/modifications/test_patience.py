"""A time-out in a repository's own settings is moved when enough failures end at it, and left alone otherwise."""

import json

import pytest

from bot.approval.judge import judge
from bot.approval.kinds import is_kind
from bot.approval.rollback import undo
from bot.model import Call, Detector, Episode, Harness, HarnessFile, Remedy, Source, Step, Trace, replace
from bot.modifications.harness import SETTINGS
from bot.modifications.patience import longer, patience
from tests.approval.test_judge import POLICY
from tests.modifications.test_upkeep import CONTRAST, REPOSITORY, earned
from tests.modifications.test_upkeep import pattern as made_pattern

RULE = "command-times-out"
DETECTOR = Detector(RULE, "environment", "Killed", "stable", "medium", {}, Remedy("instructions", "Give limits."))
TEXT = json.dumps({"permissions": {"deny": ["Bash(rm:*)"]}, "env": {"BASH_DEFAULT_TIMEOUT_MS": "120000"}}, indent=2)


def run(number: int, outcome: str, took: int = 0, **what: object) -> Episode:
    """A run with one command that was killed after so many milliseconds; 0 = it came to its end."""
    call = Call("Bash", "shell", "error" if took else "ok", "make test", timed_out=took > 0, duration_ms=took or 900)
    trace = Trace("claude-code-session", (Source("x", "0", 1),), (Step(0, 1, "q", (call,)),))
    return replace(Episode(f"e{number}", REPOSITORY, outcome, trace, task=f"t{number}"), **what)


RUNS = [run(n, "pass") for n in range(60)] + [run(100 + n, "fail", 120_000) for n in range(9)]


def kept(runs=RUNS, text=TEXT, status="actionable"):
    pattern = replace(made_pattern(runs, RULE, status), contrast=CONTRAST)
    harness = Harness(REPOSITORY, {SETTINGS: HarnessFile(SETTINGS, text)}, "h" * 40, frozenset({SETTINGS}))
    return [one.modification for one in patience(harness, runs, [pattern], {RULE: DETECTOR})]


@pytest.mark.parametrize(
    "what",
    [
        {"status": "descriptive"},
        {"runs": RUNS[:62]},
        {"runs": [replace(one, trust="T0") for one in RUNS]},
        {"runs": RUNS[:60] + [run(100 + n, "fail", 30_000) for n in range(9)]},
        {"text": "{}"},
        {"text": "{"},
        {"text": '{"env": {"BASH_DEFAULT_TIMEOUT_MS": true}}'},
        {"text": TEXT.replace("120000", "600000")},
        {"text": TEXT.replace('"deny"', '"BASH_DEFAULT_TIMEOUT_MS": 120000, "deny"')},
    ],
    ids=["no-pattern", "few", "fork", "its-own-limit", "unset", "damaged", "no-number", "at-the-most", "twice"],
)
def test_a_time_out_is_left_alone(what):
    assert kept(**what) == []


def test_a_time_out_that_failures_end_at_is_doubled_and_nothing_else():
    (change,) = kept()

    assert (change.kind, is_kind(change.kind, change.edits)) == ("retry-or-timeout", True)
    assert change.edits[0].after == TEXT.replace("120000", "240000")
    assert change.title == "Commands are killed too soon: BASH_DEFAULT_TIMEOUT_MS 120000 → 240000"
    assert (len(change.prediction.fixes), change.prediction.risks) == (9, ())
    assert undo(change.edits, {SETTINGS: change.edits[0].after}).edits[0].after == TEXT


def test_no_command_may_run_longer_than_the_most_that_is_set():
    assert longer('{"env": {"BASH_DEFAULT_TIMEOUT_MS": 120000, "BASH_MAX_TIMEOUT_MS": 180000}}')[:2] == (
        120_000,
        180_000,
    )
    assert longer('{"env": {"BASH_DEFAULT_TIMEOUT_MS": 400000}}')[:2] == (400_000, 600_000)


def test_it_merges_itself_once_its_category_has_earned_it_and_not_where_passes_wait_too():
    (change,) = kept()
    how = {"trial": "confirmed", "stable": True}
    decision = judge(change, POLICY, earned(change), **how)

    assert decision.tier == "autonomous", [one for one in decision.reasons if one.allows != "autonomous"]
    assert judge(change, POLICY, (), **how).tier == "interactive"
    (waiting,) = kept([*RUNS, *(run(200 + n, "pass", 120_000) for n in range(3))])
    assert judge(waiting, POLICY, earned(waiting), **how).tier == "interactive"
