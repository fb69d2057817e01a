"""A guard replayed over recorded episodes says where it would have spoken first."""

from bot.model import Call, Check, Episode, Finding, Step, Trace
from bot.modifications.backtest import calibrate, edits_in_vain, first, hooked, replay, replay_rule, view
from bot.modifications.guards.loop_guard import NUDGE, PAUSE

EDIT = Call("Edit", "edit", "ok", paths=("/p/src/a.py",))
RED = Call("Bash", "shell", "error", "pytest", exit_code=1, check=Check("fail", ("t.py::a",)))
GREEN = Call("Bash", "shell", "ok", "pytest", exit_code=0, check=Check("pass"))


def trace(*calls: Call, ended="finished") -> Trace:
    return Trace("x", (), tuple(Step(0, 0, "", (call,)) for call in calls), ended, cwd="/p", prompt="Fix it.")


def loop(edits: int) -> Trace:
    """A red check, an edit in vain, and `edits` more."""
    return trace(RED, EDIT, RED, *[EDIT] * edits, ended="limit")


def episode(name, outcome, recorded):
    return Episode(name, "octo/shop", outcome, recorded, task=name)


def test_an_edit_that_failed_or_was_refused_is_heard_by_no_hook():
    failed = Call("Edit", "edit", "error", paths=("a.py",))
    refused = Call("Bash", "shell", "rejected", "pytest")

    assert [hooked(call) for call in (EDIT, RED, failed, refused)] == [True, True, False, False]
    assert edits_in_vain(trace(RED, EDIT, RED, *[failed] * 9)) == 0


def test_a_recorded_call_looks_as_a_hook_would_show_it():
    new = Call("Write", "edit", "ok", paths=("/p/b.py", "/elsewhere/c.py"), creates=("/p/b.py", "/elsewhere/c.py"))
    undecided = Call("Bash", "shell", "error", "pytest", check=Check("none"))

    assert (view(new, "/p")["paths"], view(new, "/p")["creates"]) == (["b.py", "/elsewhere/c.py"], True)
    assert view(RED)["check"] == {"red": True, "failing": ["t.py::a"]}
    assert view(undecided)["check"] is None


def test_the_loop_guard_speaks_after_the_edit_that_is_too_many():
    assert first("loop-guard", loop(NUDGE - 1)) == 0
    assert first("loop-guard", loop(NUDGE)) == 3 + NUDGE + 1
    assert first("loop-guard", loop(NUDGE), {"nudge": 2, "pause": 4}) == 6
    assert first("loop-guard", None) == 0


def test_the_finish_guard_speaks_only_where_a_run_ends_by_itself():
    assert first("finish-guard", trace(EDIT, GREEN)) == 0
    assert first("finish-guard", trace(EDIT, RED)) == 3
    assert first("finish-guard", trace(EDIT, RED, ended="limit")) == 0


def test_a_replay_counts_judged_episodes_by_outcome():
    fleet = [
        episode("looping", "fail", loop(NUDGE)),
        episode("short", "fail", loop(1)),
        episode("lucky", "pass", loop(NUDGE + 3)),
        episode("unjudged", "none", loop(NUDGE)),
        episode("unread", "pass", None),
    ]
    done = replay("loop-guard", fleet)

    assert (done.failed_episodes, done.passed_episodes) == (2, 2)
    assert (done.failed_fired, done.passed_fired) == (("looping",), ("lucky",))
    assert done.steps == {"looping": 3 + NUDGE + 1, "lucky": 3 + NUDGE + 1}
    assert 0 < done.microseconds_p50 <= done.microseconds_p99


def test_thresholds_rise_above_ordinary_passing_runs_and_never_fall():
    gap = PAUSE - NUDGE
    quiet = [episode(f"p{n}", "pass", loop(1)) for n in range(40)]
    busy = [episode(f"b{n}", "pass", loop(9)) for n in range(4)]
    failing = [episode("f", "fail", loop(90))]

    assert calibrate("loop-guard", failing) == {"nudge": NUDGE, "pause": PAUSE}
    assert calibrate("loop-guard", quiet) == {"nudge": NUDGE, "pause": PAUSE}
    assert calibrate("loop-guard", [*quiet, *busy]) == {"nudge": 10, "pause": 10 + gap}
    assert calibrate("finish-guard", quiet) == {}


def test_a_rule_is_replayed_by_its_findings():
    fleet = [episode("a", "fail", None), episode("b", "pass", None), episode("c", "none", None)]
    found = [Finding("rule", "a", (4, 7)), Finding("rule", "c", (1,)), Finding("other", "b", (1,))]
    done = replay_rule("rule", found, fleet)

    assert (done.failed_fired, done.passed_fired, done.steps) == (("a",), (), {"a": 4})
