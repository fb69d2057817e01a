"""The gate: what is nobody's fault, and what must not be excused."""

import pytest

from bot.model import Call, Episode, Run, Signal, Source, Step, Trace
from bot.traces.gate import gate

CALL = Call("Bash", "shell", "ok", command="ls")
SPOKE = Step(0, 1, "hello")
WORKED = Step(0, 1, "ls", (CALL,))


def trace(*steps: Step, **fields: object) -> Trace:
    return Trace("test", (Source("t.jsonl", "", 1),), steps, **fields)  # type: ignore[arg-type]


def episode(outcome: str = "fail", **fields: object) -> Episode:
    return Episode("e", "o/r", outcome, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "judged",
    [
        episode(trace=trace(WORKED)),
        episode(trace=None, signals=(Signal("tests-failed", value=2),)),
        episode(trace=trace(SPOKE, SPOKE), signals=()),
        episode(trace=trace(WORKED), run=Run(conclusion="failure")),
        episode(trace=trace(WORKED, provider_errors=1)),
        episode(trace=trace(WORKED, end_reason="error", final="TypeError: x is undefined")),
        episode(trace=trace(WORKED, end_reason="finished", final="I handle HTTP 429 rate limit exceeded now.")),
        episode(trace=trace(WORKED), signals=(Signal("infrastructure", held=False, detail="oom"),)),
        episode(trace=trace(WORKED), signals=(Signal("job-failed", detail="claude: command not found"),)),
        episode("pass", trace=trace(WORKED, provider_errors=5), signals=(Signal("infrastructure", detail="dns"),)),
        episode("pass", trace=trace()),
    ],
    ids=[
        "an ordinary failure",
        "a failure without a transcript",
        "a talk with a user and no call",
        "a red run",
        "one provider error that was got over",
        "an error of the agent's own program",
        "an agent that writes about rate limits",
        "a signal that was not held",
        "an agent that worked, and tried a binary that is missing",
        "a pass in spite of the provider and the machine",
        "a pass without a step",
    ],
)
def test_what_may_be_judged_is_let_through(judged):
    assert gate(judged) is None


@pytest.mark.parametrize(
    ("excused", "code", "seen"),
    [
        (episode(trace=trace()), "X1 never-started", "no step"),
        (episode(trace=trace(SPOKE)), "X1 never-started", "one step"),
        (
            episode(signals=(Signal("job-failed", detail="bash: mini: command not found"),)),
            "X1 never-started",
            "mini: command not found",
        ),
        (
            episode(
                trace=trace(SPOKE, SPOKE), signals=(Signal("infrastructure", detail="zsh: command not found: claude"),)
            ),
            "X1 never-started",
            "claude",
        ),
        (episode("none", trace=trace(WORKED)), "X2 no-verdict", "no report"),
        (episode(trace=trace(WORKED), run=Run(conclusion="cancelled")), "X2 no-verdict", "cancelled"),
        (episode("pass", trace=trace(WORKED), run=Run(conclusion="stale")), "X2 no-verdict", "stale"),
        (episode(trace=trace(WORKED, provider_errors=2)), "X3 provider-error", "last 2 model calls"),
        (
            episode(trace=trace(WORKED, end_reason="error", final="API Error: 529 Overloaded")),
            "X3 provider-error",
            "API Error: 529",
        ),
        (
            episode(trace=trace(WORKED), signals=(Signal("infrastructure", detail="no space left"),)),
            "X4 resource",
            "no space",
        ),
        (
            episode(
                trace=trace(WORKED), signals=(Signal("permission", detail="Resource not accessible by integration"),)
            ),
            "X9 permission",
            "not accessible",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_nobodys_fault_is_excluded_with_what_was_seen(excused, code, seen):
    exclusion = gate(excused)

    assert exclusion is not None
    assert (exclusion.episode, exclusion.code) == ("e", code)
    assert seen in exclusion.detail


def test_the_first_reason_in_the_order_of_the_gate_is_given():
    everything = episode(
        trace=trace(provider_errors=3),
        run=Run(conclusion="cancelled"),
        signals=(Signal("infrastructure", detail="oom"), Signal("permission")),
    )

    exclusion = gate(everything)

    assert exclusion is not None
    assert exclusion.code == "X1 never-started"
    assert exclusion.detail.endswith("no call; the last 3 model calls failed at the provider")
