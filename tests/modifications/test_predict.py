"""A prediction names the failures a remedy should cure and the passes it may disturb, and is scored on other tasks."""

from bot.model import Call, Check, Detector, Episode, Finding, Pattern, Remedy, Step, Trace
from bot.modifications.guards.loop_guard import NUDGE
from bot.modifications.predict import FEWEST, Spoken, predict, sentinels, spoken
from bot.trials.forecast import Known, forecast

EDIT = Call("Edit", "edit", "ok", paths=("a.py",))
RED = Call("Bash", "shell", "error", "pytest", check=Check("fail", ("t.py::a",)))
QUIET = Trace("x", (), (Step(0, 0, "", (RED, EDIT)),))


def loop(after: int) -> Trace:
    """A run in which the loop guard speaks, and `after` more steps."""
    calls = [RED, EDIT, RED, *[EDIT] * NUDGE, *[RED] * after]
    return Trace("x", (), tuple(Step(0, 0, "", (call,)) for call in calls))


def episode(name, outcome, trace=QUIET, task=None):
    return Episode(name, "octo/shop", outcome, trace, task=task or name)


def detector(guard=""):
    remedy = Remedy("hooks" if guard else "instructions", "Think.", guard)
    return Detector("rule", "loops", "It loops", "stable", "high", {}, remedy)


def pattern(*names):
    found = tuple(Finding("rule", name, (1,)) for name in names)
    return Pattern("p", "rule", "actionable", None, (), (), len(names), 0, 9, 9, found)


def test_a_guard_cures_failures_that_show_the_pattern_while_there_is_time():
    fleet = [
        episode("shown", "fail", loop(3)),
        episode("not-shown", "fail", loop(3)),
        episode("too-late", "fail", loop(0)),
        episode("quiet", "fail"),
        episode("lucky", "pass", loop(3)),
    ]
    told = predict(detector("loop-guard"), pattern("shown", "too-late", "quiet"), fleet)

    assert (told.fixes, told.risks) == (("shown",), ("lucky",))
    assert told.replay is not None
    assert told.replay.failed_fired == ("shown", "not-shown", "too-late")
    assert told.score == {}


def test_the_finish_guard_is_in_time_at_the_end():
    ended = Trace("x", (), (Step(0, 0, "", (EDIT,)), Step(0, 0, "", (RED,))), "finished")
    told = predict(detector("finish-guard"), pattern("a"), [episode("a", "fail", ended)])

    assert told.fixes == ("a",)


def test_prose_speaks_wherever_the_pattern_shows():
    fleet = [episode("a", "fail"), episode("b", "fail"), episode("c", "pass"), episode("d", "none")]
    told = predict(detector(), pattern("a", "c", "d"), fleet)

    assert (told.fixes, told.risks) == (("a",), ("c",))


def test_a_score_stands_beside_always_yes_and_takes_whole_tasks():
    fleet = [
        episode(f"{task}-{run}", "fail" if run < 3 else "pass", loop(2) if run < 2 else QUIET, f"task-{task}")
        for task in range(2 * FEWEST)
        for run in range(5)
    ]
    told = predict(detector("loop-guard"), pattern(), fleet)
    held_out = told.score["episodes"]

    assert (told.score["precision"], told.score["recall"]) == (1.0, 2 / 3)
    assert told.score["always_yes_precision"] == 3 / 5
    assert 0 < held_out < len(fleet)
    assert held_out % 5 == 0
    assert predict(detector("loop-guard"), pattern(), fleet[::-1]).score == told.score


def test_no_score_is_better_than_one_from_too_little():
    few = [episode(f"e{n}", "fail" if n % 2 else "pass", loop(2)) for n in range(FEWEST)]
    silent = [episode(f"e{n}", "fail" if n % 2 else "pass") for n in range(60)]

    assert predict(detector("loop-guard"), pattern(), few).score == {}
    assert predict(detector("loop-guard"), pattern(), silent).score == {}


def test_every_task_is_told_of_also_those_that_the_remedy_does_not_touch():
    fleet = [
        episode("a1", "fail", loop(3), "a"),
        episode("a2", "fail", QUIET, "a"),
        episode("a3", "pass", loop(3), "a"),
        *[episode(f"b{n}", "pass", QUIET, "b") for n in range(3)],
        episode("c1", "fail", QUIET, "c"),
        episode("d1", "none", loop(3), "d"),
    ]
    told = spoken(predict(detector("loop-guard"), pattern("a1", "a2"), fleet), fleet, "octo/shop")

    assert told == (Spoken("a", 1, 3, 0.5, 1.0), Spoken("b", 3, 3, 0.0, 0.0), Spoken("c", 0, 1, 0.0, 0.0))
    assert sentinels(told) == ("b",)
    assert spoken(predict(detector(), pattern(), fleet), fleet, "octo/other") == ()

    chances = forecast(
        [Known(one.task, one.passed, one.runs, one.speaks_failing, one.speaks_passing) for one in told], 3
    )
    assert max(chances, key=lambda one: one.fixed).task == "a"
    assert min(chances, key=lambda one: one.fixed + one.broken).task == "b"
