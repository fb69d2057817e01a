"""Files of one session become one run; other sessions and repeats are left alone."""

from __future__ import annotations

from bot.model import Agent, Call, Source, Step, Tokens, Trace, replace
from bot.signals.transcripts import join


def step(quote: str, at: int = 0, origin: str = "main") -> Step:
    call = Call("Bash", "shell", "ok", command=quote, start=at, end=at + 10, quote=quote)
    return Step(at, at + 10, quote, (call,), origin)  # type: ignore[arg-type]


def trace(path: str, *steps: Step, session: str = "s", started: str = "1", ended: str = "2") -> Trace:
    return Trace(
        "claude-code-session", (Source(path, path, 9),), steps, "finished",
        session=session, started=started, ended=ended, final=path, tokens=Tokens(10, 1, 5),
    )  # fmt: skip


def test_other_sessions_and_repeats_of_a_task_stay_apart() -> None:
    runs = [
        trace("a", step("x")),
        trace("b", step("x"), session="t"),
        replace(trace("b2", step("x")), agent=Agent("another")),
        trace("c", step("x"), session=""),
        trace("d", step("x"), session=""),
        replace(trace("e", step("x")), task="7", repeat="0"),
        replace(trace("f", step("x")), task="7", repeat="1"),
    ]

    assert join(runs) == runs


def test_a_subagents_file_adds_its_steps_and_changes_no_end() -> None:
    side = replace(trace("side", step("look", 0, "subagent"), ended="9"), end_reason="killed")
    (joined,) = join([side, trace("main", step("go"))])

    assert [(one.quote, one.origin, one.source) for one in joined.steps] == [("go", "main", 0), ("look", "subagent", 1)]
    assert [source.path for source in joined.sources] == ["main", "side"]
    assert (joined.end_reason, joined.final, joined.tokens) == ("finished", "main", Tokens(20, 2, 10))
    assert [call.source for one in joined.steps for call in one.calls] == [0, 1]


def test_a_continuation_leads_to_its_own_end_and_repeats_no_step() -> None:
    first = trace("first", step("a"), step("b", 20))
    second = replace(trace("second", step("b", 0), step("c", 40), started="3", ended="4"), end_reason="aborted")
    (joined,) = join([second, first])

    assert [one.quote for one in joined.steps] == ["a", "b", "c"]
    assert (joined.end_reason, joined.started, joined.ended, joined.final) == ("aborted", "1", "4", "second")
    assert joined.warnings == ("1 step(s) that stand in several files of the session were counted once",)


def test_equal_steps_within_one_file_are_all_counted() -> None:
    twice = trace("a", step("x"), step("x", 20))
    (joined,) = join([twice, trace("b", step("y"), started="3")])

    assert [one.quote for one in joined.steps] == ["x", "x", "y"]


def test_continuations_without_times_follow_their_beginning() -> None:
    first = trace("a/trajectory.json", started="", ended="")
    parts = [trace(f"a/trajectory.cont-{number}.json", started="", ended="") for number in (10, 2, 1)]
    (found,) = join([*parts, first])

    assert [source.path.rpartition("/")[2] for source in found.sources] == [
        "trajectory.json", "trajectory.cont-1.json", "trajectory.cont-2.json", "trajectory.cont-10.json",
    ]  # fmt: skip
    assert found.final == "a/trajectory.cont-10.json"
