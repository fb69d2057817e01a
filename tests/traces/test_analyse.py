"""Findings point at bytes: the call that shows the failure, else the step, else the end of the run or a signal."""

from bot.model import Call, Check, Detector, Episode, Pin, Remedy, Signal, Source, Step, Trace, replace
from bot.traces.analyse import MAX_PINS, analyse

SOURCES = (Source("a.jsonl", "aa", 900), Source("b.jsonl", "bb", 900))
READ = Call("Read", "read", "ok", start=10, end=20, quote="read this")
FAILED = Call("Bash", "shell", "error", error="boom", start=30, end=40, quote="boom 7", source=1)
RED = Call("Bash", "shell", "error", error="red", check=Check("fail"), start=50, end=60, quote="1 failed")
STEPS = (
    Step(0, 9, "I look", (READ,)),
    Step(20, 29, "I try", (READ, FAILED)),
    Step(41, 49, "I test", (FAILED, RED)),
    Step(70, 90, "All tests pass."),
)
EPISODE = Episode("e", "o/r", "fail", Trace("test", SOURCES, STEPS, end_reason="limit"))


def rule(**detect: object) -> Detector:
    return Detector("x", "loops", "X", "experimental", "low", detect, Remedy("instructions", "Stop."))


def test_a_detector_that_does_not_hold_finds_nothing():
    assert analyse(EPISODE, [rule(steps=5)]) == ()
    assert analyse(EPISODE, []) == ()


def test_a_step_is_pinned_where_its_failure_stands():
    [finding] = analyse(EPISODE, [rule(repeated_error=2)])

    assert finding.steps == (2, 3)
    assert finding.pins == (Pin("b.jsonl", "bb", 30, 40, "boom 7"), Pin("a.jsonl", "aa", 50, 60, "1 failed"))
    assert (finding.detector, finding.episode, finding.instance, finding.cause) == ("x", "e", "", "")


def test_a_step_without_calls_is_pinned_at_its_own_record():
    [finding] = analyse(EPISODE, [rule(ended="limit")])

    assert finding.steps == (4,)
    assert finding.pins == (Pin("a.jsonl", "aa", 70, 90, "All tests pass."),)


def test_where_no_step_shows_it_the_end_and_the_signals_are_pinned():
    log = Pin("job.log", "cc", 5, 9, "oom")
    episode = replace(EPISODE, signals=(Signal("test-flaky", pin=log), Signal("x", held=False, pin=log), Signal("y")))

    [finding] = analyse(episode, [rule(signal="test-flaky")])

    assert finding.steps == (4,)
    assert finding.pins == (Pin("a.jsonl", "aa", 70, 90, "All tests pass."), log)


def test_an_episode_without_a_trace_is_found_by_its_signals():
    log = Pin("job.log", "cc", 5, 9, "oom")
    episode = replace(EPISODE, trace=None, signals=(Signal("test-flaky", pin=log),))

    [finding] = analyse(episode, [rule(signal="test-flaky"), rule(ended="limit")])

    assert (finding.steps, finding.pins) == ((), (log,))


def test_a_step_without_a_quote_is_cited_but_not_pinned():
    trace = Trace("test", SOURCES, (Step(0, 9, ""),), end_reason="limit")

    [finding] = analyse(replace(EPISODE, trace=trace), [rule(ended="limit")])

    assert (finding.steps, finding.pins) == ((1,), ())


def test_a_long_loop_is_cited_whole_and_pinned_at_both_ends():
    steps = tuple(Step(n, n + 1, f"try {n}", (replace(FAILED, quote=""),)) for n in range(40))
    episode = replace(EPISODE, trace=Trace("test", SOURCES, steps))

    [finding] = analyse(episode, [rule(repeated_error=3)])

    assert finding.steps == tuple(range(1, 41))
    assert len(finding.pins) == MAX_PINS
    assert [pin.start for pin in finding.pins] == [0, 1, 2, 37, 38, 39]
