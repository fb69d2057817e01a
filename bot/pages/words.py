"""Figures in, the words for them out: the same wording in pulls, in the terminal and in the report.

No wording here says that a change improves anything: that takes a trial (design.md §4, Contrast).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from bot.model import Contrast, Decision, Exclusion, Modification, Pattern, Pin, Prediction, Window

STRATA = {
    "task": "failed and passed runs of the same task",
    "pull": "the failed and the passing head of the same pull request",
    "group": "runs of the same repository, agent, model, month and size",
}
GATE = {
    "X1": "The agent never started",
    "X2": "Nothing judged the run",
    "X3": "The model's provider failed",
    "X4": "The machine failed",
    "X5": "Another run of the same code passed",
    "X6": "The base was red already",
    "X7": "A test known to be flaky",
    "X8": "Closed without a review",
    "X9": "The workflow lacked a permission",
}
WHY_DESCRIPTIVE = {
    "few-failures": "too few failed runs",
    "few-tasks": "too few tasks",
    "no-contrast": "no failed and passed runs that can be compared",
    "no-lift": "not shown to be rarer among passes",
    "not-significant": "may be chance among this many patterns",
    "not-replicated": "shown by one half of the tasks, not by the other",
    "experimental": "the detector is experimental",
    "ci-says": "CI itself fails on it, so nothing is compared",
}


def count(number: int, one: str, many: str = "") -> str:
    """`1 run`, `2 runs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def number(value: float | None) -> str:
    """Two or three telling digits; an infinite value is `∞`."""
    if value is None:
        return "∞"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def interval(contrast: Contrast | None) -> str:
    """`8.20 [2.10, ∞]`, for tables."""
    if contrast is None:
        return "–"
    return f"{number(contrast.odds_ratio)} [{number(contrast.low)}, {number(contrast.high)}]"


def how_often(pattern: Pattern) -> str:
    """The counts: in failures and in passes."""
    return (
        f"{pattern.failed:,} of {count(pattern.failed_of, 'failed run')} "
        f"and {pattern.passed:,} of {count(pattern.passed_of, 'passing run')}"
    )


def compared(contrast: Contrast | None) -> str:
    """The contrast in a sentence: what was compared, the odds ratio, how sure."""
    if contrast is None:
        return "No failed and passed runs could be compared with each other."
    what = f"Compared among {STRATA[contrast.stratum]} ({count(contrast.strata, 'group')} with both outcomes)"
    if contrast.odds_ratio is None:
        odds = f"the odds ratio is infinite in this sample; its 95 % interval begins at {number(contrast.low)}"
    else:
        upper = "without an upper end" if contrast.high is None else f"to {number(contrast.high)}"
        ratio, low = number(contrast.odds_ratio), number(contrast.low)
        odds = f"a failed run has {ratio} times the odds of a passing one to show it (95 % interval from {low} {upper})"
    return f"{what}, {odds}."


def replicated(pattern: Pattern) -> str:
    """What the other half of the tasks says of a pattern; empty when there was nothing to compare."""
    found = pattern.replication
    if found is None:
        return ""
    seen = (
        f"{found.fired_failed:,} of {count(found.failed, 'failed run')} and "
        f"{found.fired_passed:,} of {count(found.passed, 'passing run')}"
    )
    if found.code == "replicated":
        return f"Found on one half of the tasks and confirmed on the other ({seen}, one-sided p = {found.p:.2g})."
    if found.code == "not-replicated":
        return f"Found on one half of the tasks and not confirmed on the other ({seen}, one-sided p = {found.p:.2g})."
    return "The tasks are too few to confirm on one half what the other shows."


def went_wrong(window: Window | None) -> str:
    """Where a failed run most likely went wrong; empty where nobody can tell."""
    if window is None or window.confidence == "none":
        return ""
    span = f"steps {window.first}-{window.last}" if window.first < window.last else f"step {window.step}"
    return f"went wrong in {span}, look at {window.step} first ({window.reason})"


INTEGRITY = {
    "I1": "Weakened a test",
    "I2": "Touched what judges it",
    "I3": "Wrote an expected answer into the code",
    "I4": "Looked for the answer",
    "I5": "Went round a check",
}


def integrity(code: str) -> str:
    """What an integrity code means."""
    return INTEGRITY.get(code.partition(" ")[0], code)


SETTINGS = {
    "retry-or-timeout": "No tokens. A command that never ends holds the agent up for as much longer.",
    "lint-rule": "No tokens. The linter looks for one rule more.",
}
"""What a change of a setting costs, by its kind."""


def expected(change: Modification) -> str:
    """Which runs of its repository the change would have met: it can cure no more failed ones than these."""
    fixes, replay = count(len(change.prediction.fixes), "failed run"), change.prediction.replay
    risks = count(len(change.prediction.risks), "passing run")
    of = f", over all {replay.failed_episodes:,} failed and {replay.passed_episodes:,} passing runs" if replay else ""
    if change.remedy.guard:
        said = f"It would have met {fixes} of this repository in time, and disturbed {risks}"
        return f"{said}: a replay of the very code that is installed{of}."
    said = f"What it is against shows in {fixes} and {risks} of this repository"
    if change.kind in SETTINGS:
        return f"{said}: counted from what the runs recorded{of}."
    return f"{said}: counted from where the rule fires{of}. Prose cannot be replayed."


def backtested(change: Modification) -> str:
    """In what share of the fleet's runs it would have spoken; empty where nothing was replayed."""
    replay = change.prediction.replay
    if replay is None:
        return ""
    failed = rate(len(replay.failed_fired), replay.failed_episodes)
    passed = rate(len(replay.passed_fired), replay.passed_episodes)
    what = "the guard speaks" if change.remedy.guard else "the rule fires"
    return f"Back-test: {what} in {failed} of the failed runs and in {passed} of the passing ones."


def rate(hits: int, total: int) -> str:
    """`12 % (95 % interval 5 % to 26 %)`: a share with its Wilson score interval."""
    if not total:
        return "none (there are none)"
    low, high = wilson(hits, total)
    return f"{hits / total:.0%} (95 % interval {low:.0%} to {high:.0%})"


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share (https://doi.org/10.1080/01621459.1927.10502953)."""
    if not total:
        return 0.0, 1.0
    z = 1.959964
    middle = hits + z * z / 2
    half = z * math.sqrt(hits * (total - hits) / total + z * z / 4)
    return max(0.0, (middle - half) / (total + z * z)), min(1.0, (middle + half) / (total + z * z))


TRIALS = {
    "confirmed": "confirmed by a held-out trial",
    "cosmetic": "cosmetic, says a held-out trial",
    "regression": "a held-out trial saw it break something",
}
UNVERIFIED = "unverified"
UNTRIED = "This is a prediction: no held-out trial of the change has been run."
UNDECIDED = "A held-out trial of the change was run and did not decide; its comment below says what is missing."


def verified(decision: Decision) -> str:
    """What the evidence of a change may be called: `unverified` unless a held-out trial has an answer."""
    return TRIALS.get(_trial(decision), UNVERIFIED)


def tried(decision: Decision) -> str:
    """Whether a trial was run, in a sentence."""
    result = _trial(decision)
    if result in TRIALS:
        return f"The prediction was put to a test: {TRIALS[result]}."
    return UNDECIDED if result == "inconclusive" else UNTRIED


def _trial(decision: Decision) -> str:
    return next((reason.seen for reason in decision.reasons if reason.code == "trial"), "none")


def scored(prediction: Prediction) -> str:
    """How the prediction did on the tasks it was not made on, beside always saying yes; empty if unscored."""
    score = prediction.score
    if not {"precision", "recall", "always_yes_precision"} <= set(score):
        return ""
    return (
        f"Made on one half of the tasks and scored on the other ({score.get('episodes', 0):.0f} runs): "
        f"precision {score['precision']:.2f} and recall {score['recall']:.2f}; "
        f"always saying yes has precision {score['always_yes_precision']:.2f}."
    )


def place(pin: Pin) -> str:
    """Where a citation stands: the end of its path, for what is above it is a machine's own, and the line."""
    parts = pin.path.replace("\\", "/").split("/")
    tail = "/".join(parts[-3:]) if len(parts) < 4 else "…/" + "/".join(parts[-3:])
    return f"{tail}:{pin.line}" if pin.line else tail


def cost(change: Modification) -> str:
    """What it costs while it is installed. Coarse on purpose: a second run must say the same."""
    if change.remedy.guard:
        replay = change.prediction.replay
        decide = "" if replay is None else f"{_below(replay.microseconds_p50)} a call to decide, and "
        return f"{decide}one start of Python (about 10–30 ms) a call. No tokens while it is silent."
    if change.kind in SETTINGS:
        return SETTINGS[change.kind]
    added = sum(len(edit.after or "") - len(edit.before or "") for edit in change.edits)
    return f"About {max(1, round(added / 4)):,} tokens more in the context of every session."


def _below(microseconds: float) -> str:
    for bar in (1, 10, 100):
        if microseconds < bar * 1000:
            return f"under {bar} ms"
    return f"about {microseconds / 1e6:.1f} s"


def switch(change: Modification) -> str:
    """The environment variable that switches an installed guard off; empty for prose."""
    return f"FLYWHEEL_{change.remedy.guard.upper().replace('-', '_')}=off" if change.remedy.guard else ""


def by_code(excluded: Iterable[Exclusion]) -> Sequence[tuple[str, str, int]]:
    """(gate code, what it means, how many episodes), by code."""
    codes = Counter(one.code for one in excluded)
    return [(code, GATE.get(code.partition(" ")[0], code), codes[code]) for code in sorted(codes)]
