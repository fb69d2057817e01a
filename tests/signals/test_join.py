"""Traces and reports of one bundle become attempts; what is ambiguous stays unjoined."""

from bot.model import Call, Report, Source, Step, Tokens, Trace, replace
from bot.signals.join import Attempt, join, one_run
from bot.signals.transcripts.joining import aside, in_sequence, placed

SOURCE = Source("a.jsonl", "0" * 64, 10)


def trace(session: str, started: str = "") -> Trace:
    call = Call("Bash", "shell", "ok", source=0)
    return Trace("x", (SOURCE,), (Step(0, 1, "q", (call,)),), session=session, started=started, tokens=Tokens(1, 2, 3))


REPORT = Report("junit", Source("junit.xml", "0" * 64, 1), "fail")


def test_nothing_gives_no_attempt() -> None:
    assert join([], [], has_manifest=False) == ()


def test_reports_beside_several_sessions_are_joined_to_none() -> None:
    attempts = join([trace("a"), trace("b")], [REPORT], has_manifest=False)

    assert [(one.label, one.reports, one.joined) for one in attempts] == [
        ("a", (), "ambiguous-reports"),
        ("b", (), "ambiguous-reports"),
    ]


def test_one_session_has_the_reports_beside_it() -> None:
    only = trace("a")

    assert join([only], [REPORT], has_manifest=False) == (Attempt(only, (REPORT,), "folder"),)


def test_a_manifest_makes_one_attempt_of_all_sessions_in_order() -> None:
    (attempt,) = join([trace("late", "2026-02"), trace("early", "2026-01")], [REPORT], has_manifest=True)

    assert attempt.trace is not None
    assert attempt.trace.session == "early"
    assert [step.source for step in attempt.trace.steps] == [0, 1]
    assert [call.source for step in attempt.trace.steps for call in step.calls] == [0, 1]
    assert attempt.trace.tokens == Tokens(2, 4, 6)
    assert in_sequence([]) is None


def test_of_several_tellings_of_one_run_the_fullest_counts_and_the_agents_own_comes_first() -> None:
    own, made = trace("a"), replace(trace("a"), format="atif")
    fuller = replace(made, steps=made.steps * 2)

    assert one_run([]) is None
    assert one_run([made, own]) == own
    assert one_run([own, fuller]) == fuller


def test_a_helpers_steps_stand_behind_and_change_no_end() -> None:
    helper = aside(replace(trace("b", "2026-03"), final="short"))
    main = replace(trace("a", "2026-02"), final="done", end_reason="finished", cost_usd=1.0)
    joined = in_sequence([helper, replace(main, ended="9"), replace(trace("c", "2026-01"), cost_usd=2.0)])

    assert joined is not None
    assert ["main", "main", "subagent"] == [step.origin for step in joined.steps]
    assert ("done", "finished", "9", "2026-01", 3.0) == (
        joined.final,
        joined.end_reason,
        joined.ended,
        joined.started,
        joined.cost_usd,
    )


def test_a_step_that_moves_takes_its_calls_along() -> None:
    step = Step(1, 5, "q", (Call("Bash", "shell", "ok", start=2, end=4, source=0),))

    assert placed(step, 0) is step
    assert Step(11, 15, "q", (Call("Bash", "shell", "ok", start=12, end=14, source=3),), source=3) == placed(
        step, 3, 10
    )
