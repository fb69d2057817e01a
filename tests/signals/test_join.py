"""Traces and reports of one bundle become attempts; what is ambiguous stays unjoined."""

from bot.model import Call, Report, Source, Step, Tokens, Trace
from bot.signals.join import Attempt, join
from bot.signals.transcripts.joining import in_sequence

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
