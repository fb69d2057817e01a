"""What was installed is kept right by small changes, and left alone without evidence."""

from hashlib import sha256

import pytest

from bot.approval.judge import judge
from bot.approval.kinds import is_kind
from bot.approval.record import records
from bot.approval.rollback import undo
from bot.model import (
    Call,
    Contrast,
    Detector,
    Edit,
    Entry,
    Episode,
    Finding,
    Harness,
    HarnessFile,
    Pattern,
    Prediction,
    Remedy,
    Replay,
    Run,
    Signal,
    Source,
    Step,
    Trace,
    replace,
)
from bot.modifications.adapters import claude_hooks, managed_block
from bot.modifications.generate import generate
from bot.modifications.upkeep import SILENT, next_number, upkeep
from tests.approval.test_judge import POLICY

REPOSITORY = "octo/shop"
SCRIPT = claude_hooks.script_path("loop-guard")
SHIPPED = claude_hooks.guard_source("loop-guard")
GUARD = Detector("loops/x", "loops", "Edits in vain", "stable", "high", {}, Remedy("hooks", "Stop.", "loop-guard"))
PROSE = Detector("context/y", "context", "Drowns", "stable", "high", {}, Remedy("instructions", "Pipe it to a file."))
DETECTORS = {one.id: one for one in (GUARD, PROSE)}
CONTRAST = Contrast("task", 10, 20, 20, 15, 1, 30.0, 4.0, 200.0, 0.0001)
CHECK = "pytest -q"


def harness(text, path=SCRIPT):
    mode = "100755" if path == SCRIPT else "100644"
    return Harness(REPOSITORY, {path: HarnessFile(path, text, mode)}, "h" * 40, frozenset({path}))


def trace(edits=0):
    """A run that fails the same check, edits one file so often in vain, and checks again."""
    from bot.model import Check

    red = Call("Bash", "shell", "error", CHECK, exit_code=1, check=Check("fail", ("t",)))
    edit = Call("Edit", "edit", "ok", paths=("a.py",))
    calls = [red, edit, red, *[edit] * edits]
    return Trace("atif", (Source("x", "0", 1),), tuple(Step(0, 1, "q", (call,)) for call in calls))


def run(number, outcome, edits=0, acted=False, saw=SHIPPED, **what):
    said = (Signal("guard-acted", detail="loop-guard nudge s"),) if acted else ()
    digest = sha256(saw.encode()).hexdigest()
    made = Episode(f"e{number}", REPOSITORY, outcome, trace(edits), said, f"t{number}", harness={SCRIPT: digest})
    return replace(made, run=Run(number, created_at=f"2026-03-{1 + number % 28:02}T00:00:00Z"), **what)


def pattern(runs, detector=GUARD.id, status="actionable"):
    shown = tuple(Finding(detector, one.id, (1,)) for one in runs if one.outcome == "fail")
    counts = (len(shown), 0, len(shown), sum(one.outcome == "pass" for one in runs))
    return Pattern("p", detector, status, CONTRAST, (REPOSITORY,), (), *counts, shown)


def kept(text, runs, path=SCRIPT, found=None, merged=None, status="actionable"):
    seen = pattern(runs, status=status)
    return [one.modification for one in upkeep(harness(text, path), runs, [seen], DETECTORS, found or {}, merged or {})]


# --- a threshold ------------------------------------------------------------------------------------------------------

NOISY = [run(n, "pass", edits=6, acted=n < 10) for n in range(60)] + [run(100 + n, "fail", 30, True) for n in range(9)]
QUIET = [run(n, "pass") for n in range(60)]
TUNED = claude_hooks.tune(SHIPPED, {"nudge": 12, "pause": 15})
LATE = [run(n, "pass", saw=TUNED) for n in range(60)] + [run(100 + n, "fail", 9, saw=TUNED) for n in range(9)]


@pytest.mark.parametrize(
    ("text", "runs", "status"),
    [
        (SHIPPED, QUIET, "actionable"),
        (SHIPPED, NOISY[:15] + NOISY[60:], "actionable"),
        (SHIPPED, NOISY, "descriptive"),
        (SHIPPED + "# mine\n", NOISY, "actionable"),
        (TUNED, [replace(one, harness={}) for one in LATE], "actionable"),
    ],
    ids=["quiet", "few", "no-pattern", "a-persons", "unseen"],
)
def test_a_guard_is_left_alone(text, runs, status):
    assert kept(text, runs, status=status) == []


def test_a_guard_that_speaks_in_passes_is_made_patient_by_one_number():
    (change,) = kept(SHIPPED, NOISY)

    assert (change.kind, is_kind(change.kind, change.edits)) == ("guard-threshold", True)
    assert change.title == "The loop-guard speaks too soon: NUDGE 5 → 7"
    assert change.prediction.replay.passed_fired == ()
    assert undo(change.edits, {SCRIPT: change.edits[0].after}).edits[0].after == SHIPPED


def test_a_guard_that_was_silent_in_failures_speaks_sooner_but_moves_at_most_by_half():
    (change,) = kept(TUNED, LATE)

    assert change.title == "The loop-guard speaks too late: NUDGE 12 → 6"
    assert is_kind(change.kind, change.edits)
    assert len(change.prediction.fixes) == 9


def test_numbers_move_one_at_a_time_and_a_nudge_never_reaches_the_pause():
    assert next_number({"NUDGE": 5, "PAUSE": 8}, {"NUDGE": 9, "PAUSE": 12}) == ("PAUSE", 12)
    assert next_number({"NUDGE": 5, "PAUSE": 12}, {"NUDGE": 9, "PAUSE": 12}) == ("NUDGE", 9)
    assert next_number({"NUDGE": 9, "PAUSE": 12}, {"NUDGE": 9, "PAUSE": 12}) is None
    assert next_number({"NUDGE": 5, "PAUSE": 8}, {}) is None


# --- a block ----------------------------------------------------------------------------------------------------------

BLOCK = managed_block.write("# Shop\n", PROSE.id, "0" * 12, "Older advice.", "AGENTS.md")
INSIDE = {"0" * 12: "2026-02-01T00:00:00Z"}
CALM = [run(n, "fail" if n % 3 == 0 else "pass") for n in range(SILENT)]


def test_the_text_of_an_older_rule_is_refreshed_and_the_same_text_is_left_alone():
    seen = pattern([run(n, "fail") for n in range(9)], PROSE.id)
    predicted = Prediction(("e1",), (), Replay(PROSE.id, 9, 60, ("e1",), ()))
    change = generate(seen, PROSE, harness(BLOCK, "AGENTS.md"), predicted)
    first = generate(seen, PROSE, harness("# Shop\n", "AGENTS.md"), predicted)

    assert (change.kind, is_kind(change.kind, change.edits)) == ("managed-block-refresh", True)
    assert (first.kind, first.id == change.id) == ("managed-block", False)
    assert generate(seen, PROSE, harness(change.edits[0].after, "AGENTS.md"), predicted) is None


@pytest.mark.parametrize(
    ("runs", "found", "merged"),
    [
        (CALM[1:], {}, INSIDE),
        (CALM, {PROSE.id: {"e3"}}, INSIDE),
        (CALM, {}, {}),
        (CALM, {}, {"0" * 12: "2026-03-02T00:00:00Z"}),
        ([replace(one, trace=None) for one in CALM], {}, INSIDE),
    ],
    ids=["few", "seen", "not-ours", "before-it-went-in", "no-trace"],
)
def test_a_rule_stays(runs, found, merged):
    assert kept(BLOCK, runs, "AGENTS.md", found, merged) == []


def test_a_rule_whose_failure_stayed_away_is_taken_out_byte_for_byte():
    (change,) = kept(BLOCK, CALM, "AGENTS.md", merged=INSIDE)

    assert (change.kind, is_kind(change.kind, change.edits)) == ("expired-rule-removal", True)
    assert change.edits[0].after == "# Shop\n"
    assert undo(change.edits, {"AGENTS.md": "# Shop\n"}).edits == (
        Edit("AGENTS.md", "# Shop\n", BLOCK, change.edits[0].mode),
    )


# --- from proposal to judge -------------------------------------------------------------------------------------------


def earned(change):
    """The record of its category after 20 merges in four repositories whose watch was clean."""
    name = f"{change.kind}/{change.component}/{change.detector}"
    entries = []
    for n in range(20):
        start = Entry(f"2026-01-{1 + n:02}T00:00:00Z", "proposed", f"octo/r{n % 4}", f"c{n}", change.detector, "r")
        start = replace(start, tier="interactive", category=name)
        entries += [start, replace(start, event="merged"), replace(start, event="watched", watch="clean")]
    return records(entries, POLICY)


def changes():
    (threshold,) = kept(TUNED, LATE)
    seen = pattern([run(n, "fail") for n in range(9)], PROSE.id)
    replay = Replay(PROSE.id, 9, 60, ("e1",), ())
    refresh = generate(seen, PROSE, harness(BLOCK, "AGENTS.md"), Prediction(("e1",), (), replay))
    (removal,) = kept(BLOCK, CALM, "AGENTS.md", merged=INSIDE)
    return [threshold, refresh, removal]


@pytest.mark.parametrize("number", range(3), ids=["threshold", "refresh", "removal"])
def test_each_kind_merges_itself_once_its_category_has_earned_it(number):
    change = changes()[number]
    how = {"trial": "confirmed", "stable": True}
    decision = judge(change, POLICY, earned(change), **how)

    assert decision.tier == "autonomous", [one for one in decision.reasons if one.allows != "autonomous"]
    assert judge(change, POLICY, (), **how).tier == "interactive"
    assert judge(change, POLICY, earned(change), **how, doubts=("I1",)).tier == "interactive"
    assert judge(change, POLICY, earned(change), **how, trust="T0").tier == "backlog"
