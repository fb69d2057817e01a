"""Takes the findings of a fleet and its judged episodes; returns one pattern a detector, actionable or descriptive.

Only episodes that passed the gate come in. What makes a pattern actionable is asked of comparable episodes alone: a
lift within strata that survives Benjamini-Hochberg over the batch of exact p-values. "None in 50 passes" (design.md §4)
needs no line of its own. Alone it proves nothing, for a signal of tasks that always fail is absent from every pass,
however the outcomes are shuffled; and a signal of no pass that survives the batch has its lower end above 1 anyway.
Where there is enough data, one half of the tasks must confirm what the other shows (bot/traces/replicate.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from hashlib import sha256

from bot.model import Contrast, Detector, Episode, Finding, Pattern, replace
from bot.traces.contrast import MIN_FAILED, MIN_TASKS, contrast, task_of
from bot.traces.exact import benjamini_hochberg
from bot.traces.replicate import replicate

FALSE_DISCOVERIES = 0.10
MOST_CAUSES = 10
RECURRED = 2.0
"""Weight of a failed episode that shows what an earlier change was meant to cure; any other weighs 1."""


def mine(
    findings: Sequence[Finding],
    episodes: Sequence[Episode],
    detectors: Sequence[Detector],
    remembered: Set[tuple[str, str]] = frozenset(),
) -> tuple[Pattern, ...]:
    """The patterns in order of rank; a detector that fired in no judged episode has none.

    The batch is what could be acted on: a contrast that exists, of a detector with measured rates. What can only be
    described costs the others nothing, however significant, and has no q.
    `remembered` holds (repository, detector) of the changes the ledger knows. Episodes without a verdict are left out,
    and so are findings in episodes that are not passed in.
    """
    judged = {episode.id: episode for episode in episodes if episode.outcome != "none"}
    found = {
        detector.id: [f for f in findings if f.detector == detector.id and f.episode in judged]
        for detector in detectors
    }
    contrasts = {key: contrast(judged.values(), {f.episode for f in fired}) for key, fired in found.items()}
    asked = {
        detector.id: seen.exact
        for detector in detectors
        if (seen := contrasts[detector.id]) is not None and not _is_experimental(detector)
    }
    qs = dict(zip(asked, benjamini_hochberg(list(asked.values())), strict=True))
    patterns = [
        _pattern(detector, found[detector.id], judged, contrasts[detector.id], qs.get(detector.id))
        for detector in detectors
        if found[detector.id]
    ]
    return _ranked(patterns, judged, remembered)


def pattern_id(detector: str) -> str:
    """12 hex digits that are the same in every fleet."""
    return sha256(f"pattern\0{detector}".encode()).hexdigest()[:12]


def _pattern(
    detector: Detector, findings: Sequence[Finding], judged: dict[str, Episode], seen: Contrast | None, q: float | None
) -> Pattern:
    fired = {finding.episode for finding in findings}
    failed = [judged[key] for key in sorted(fired) if judged[key].outcome == "fail"]
    outcomes = Counter(episode.outcome for episode in judged.values())
    causes = Counter(
        cause for _, cause in {(f.episode, f.cause) for f in findings if judged[f.episode].outcome == "fail"}
    )
    causes.pop("", None)
    pattern = Pattern(
        id=pattern_id(detector.id),
        detector=detector.id,
        status="descriptive",
        contrast=seen,
        repositories=tuple(sorted({episode.repository for episode in failed})),
        tasks=tuple(sorted({task_of(episode) for episode in failed})),
        failed=len(failed),
        passed=len(fired) - len(failed),
        failed_of=outcomes["fail"],
        passed_of=outcomes["pass"],
        findings=tuple(findings),
        causes=tuple(sorted(causes.items(), key=lambda item: (-item[1], item[0]))[:MOST_CAUSES]),
        q=q,
        replication=replicate(list(judged.values()), fired) if seen is not None else None,
    )
    reasons = _reasons(pattern, detector)
    return replace(pattern, reasons=reasons, status="descriptive" if reasons else "actionable")


def _reasons(pattern: Pattern, detector: Detector) -> tuple[str, ...]:
    """Every reason why the pattern may only be described, as codes; none when it is actionable."""
    seen = pattern.contrast
    asked = {
        "few-failures": pattern.failed < MIN_FAILED,
        "few-tasks": len(pattern.tasks) < MIN_TASKS,
        "no-contrast": seen is None,
        "no-lift": seen is not None and seen.low <= 1,
        "not-significant": pattern.q is not None and pattern.q > FALSE_DISCOVERIES,
        "not-replicated": pattern.replication is not None and pattern.replication.code == "not-replicated",
        "experimental": _is_experimental(detector),
    }
    return tuple(code for code, holds in asked.items() if holds)


def _is_experimental(detector: Detector) -> bool:
    """Without rates that somebody measured a rule only describes (design.md §4, Rule)."""
    return detector.measured.by in ("", "none")


def _ranked(
    patterns: Sequence[Pattern], judged: dict[str, Episode], remembered: Set[tuple[str, str]]
) -> tuple[Pattern, ...]:
    """Greedy boosting: what a chosen pattern explains counts half for the next; what may be acted on comes first.

    It orders for attention only. A pattern scores the weight left on its failed episodes times its spread, the number
    of (repository, agent) pairs they come from.
    """
    explains = {p.id: {f.episode for f in p.findings if judged[f.episode].outcome == "fail"} for p in patterns}
    back = {f.episode for p in patterns for f in p.findings if (judged[f.episode].repository, p.detector) in remembered}
    weights = {key: RECURRED if key in back else 1.0 for key in judged}

    def score(pattern: Pattern) -> tuple[bool, float, str]:
        shown = explains[pattern.id]
        spread = len({(judged[key].repository, judged[key].agent.name) for key in shown})
        return pattern.status != "actionable", -spread * sum(weights[key] for key in shown), pattern.detector

    waiting, ranked = list(patterns), list[Pattern]()
    while waiting:
        chosen = min(waiting, key=score)
        waiting.remove(chosen)
        ranked.append(replace(chosen, rank=len(ranked) + 1))
        weights.update({key: weights[key] / 2 for key in explains[chosen.id]})
    return tuple(ranked)
