"""The heart: `turn`, what evidence says should change, and `advance`, the life of one change. No I/O, no clock.

Read this first. A turn is four stages; `collect` (bot/signals) has read the episodes before it begins:

    analyse    gate, then detectors -> findings with verified pins       bot/traces
    mine       findings of a fleet -> patterns                           bot/traces
    generate   pattern x harness -> modification + prediction            bot/modifications
    judge      modification x policy x record -> decision                bot/approval
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Literal

import msgspec

from bot.approval.caps import capped
from bot.approval.judge import judge
from bot.approval.kinds import RUFF_RULES
from bot.approval.policy import Policy
from bot.approval.record import records
from bot.errors import UserError
from bot.ledger import Ledger, dismissal_holds
from bot.model import (
    CloseChange,
    Detector,
    Effect,
    Episode,
    Exclusion,
    Finding,
    Harness,
    IntegritySignal,
    Modification,
    Pattern,
    Prediction,
    Proposal,
    Trust,
    Turn,
    replace,
)
from bot.modifications.backtest import GUARDS, calibrate
from bot.modifications.generate import generate, lead
from bot.modifications.linter import lint_rules
from bot.modifications.overfit import hygiene
from bot.modifications.patience import patience
from bot.modifications.predict import predict
from bot.modifications.upkeep import Kept, upkeep
from bot.signals.redact import redact
from bot.traces.analyse import analyse
from bot.traces.fingerprint import fingerprint
from bot.traces.gate import gate, recall
from bot.traces.integrity import doubts, integrity
from bot.traces.mine import mine, pattern_id
from bot.traces.pins import Original, held

Sources = Callable[[str], Original | None]
"""The original bytes that a pin's path cites; None when they are gone."""

MIN_FAILED_HERE = 3
"""A fleet's pattern is proposed to a repository that itself has at least this many failures of the kind."""


def turn(
    episodes: Iterable[Episode],
    ledger: Ledger,
    harnesses: Mapping[str, Harness],
    policy: Policy,
    detectors: Sequence[Detector],
    sources: Sources,
    at: str = "",
    held_out: Mapping[str, str] = MappingProxyType({}),
) -> Turn:
    """One turn over a fleet: everything that was seen, found, proposed, and left out with its reason.

    `harnesses` maps a repository to what steers agents there; one that is missing is taken as empty. `at` is the time
    (ISO 8601) for the caps that count by the day; "" asks none of them. `held_out` maps the tasks of trials to their
    texts: a change that speaks of them is held.
    """
    seen, excluded, findings, dropped = _analyse(episodes, detectors, sources)
    blamed = {exclusion.episode for exclusion in excluded}
    judged = [episode for episode in seen if episode.outcome != "none" and episode.id not in blamed]
    patterns = _with_unjudged(mine(findings, judged, detectors, ledger.remembered()), findings, seen)
    suspicions = tuple(_suspicions(seen, sources))
    refused: list[str] = []
    proposed = _propose(patterns, judged, harnesses, policy, detectors, ledger, suspicions, refused, held_out, findings)
    standing = [one.last for one in ledger.changes.values() if one.is_open]
    proposals = capped(proposed, standing, ledger.entries, policy.caps, at)
    return Turn(
        episodes=len(seen),
        outcomes=Counter(episode.outcome for episode in seen),
        excluded=tuple(excluded),
        findings=tuple(findings),
        dropped_pins=dropped,
        patterns=patterns,
        proposals=tuple(proposal for proposal in proposals if not proposal.decision.held),
        held=tuple(proposal for proposal in proposals if proposal.decision.held),
        warnings=tuple(dict.fromkeys([*refused, *_lost(dropped), *_warnings(seen)])),
        integrity=suspicions,
    )


def _analyse(
    episodes: Iterable[Episode], detectors: Sequence[Detector], sources: Sources
) -> tuple[list[Episode], list[Exclusion], list[Finding], int]:
    """Gate and detectors over each episode. A finding with a pin that does not hold is dropped and counted.

    The gate comes first, and knows the whole fleet: an excluded episode has no findings. Quotes are redacted only
    after they were verified.
    """
    seen = list(episodes)
    history = recall(seen)
    excluded: list[Exclusion] = []
    findings: list[Finding] = []
    dropped = 0
    for episode in seen:
        exclusion = gate(episode, history)
        if exclusion is not None:
            excluded.append(replace(exclusion, detail=redact(exclusion.detail)))
        if exclusion is not None and episode.outcome != "none":
            continue
        found = analyse(episode, detectors)
        cited = [pin for finding in found for pin in finding.pins]
        standing = {replace(pin, line=0): pin for pin in held(cited, sources)}  # each file is read once an episode
        for finding in found:
            bare = (replace(pin, line=0) for pin in finding.pins)
            pins = tuple(standing[pin] for pin in bare if pin in standing)
            dropped += len(finding.pins) - len(pins)
            if len(pins) < len(finding.pins):
                continue
            instance, cause = fingerprint(finding.detector, episode, finding.steps)
            shown = tuple(replace(pin, shown=redact(pin.quote)) for pin in pins)
            findings.append(replace(finding, pins=shown, instance=instance, cause=cause))
    return seen, excluded, findings, dropped


def _suspicions(episodes: Iterable[Episode], sources: Sources) -> Iterator[IntegritySignal]:
    """What looks like cheating, in episodes of any outcome; a signal whose citations do not hold is none."""
    for episode in episodes:
        for signal in integrity(episode, sources):
            pins = tuple(replace(pin, shown=redact(pin.quote)) for pin in held(signal.pins, sources))
            if pins:
                yield replace(signal, detail=redact(signal.detail), pins=pins)


def _with_unjudged(
    patterns: Sequence[Pattern], findings: Sequence[Finding], seen: Sequence[Episode]
) -> tuple[Pattern, ...]:
    """The patterns, each with the number of episodes without a verdict that show it too; they count nowhere else.

    Somebody's own sessions have no verdicts at all: what their agents do is described then, never acted on.
    """
    unjudged = {episode.id for episode in seen if episode.outcome == "none"}
    shown: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.episode in unjudged:
            shown.setdefault(finding.detector, []).append(finding)
    counted = [replace(pattern, unjudged=len(shown.pop(pattern.detector, ()))) for pattern in patterns]
    rest = sorted(shown.items(), key=lambda item: (-len(item[1]), item[0]))
    described = (
        Pattern(
            id=pattern_id(detector),
            detector=detector,
            status="descriptive",
            contrast=None,
            repositories=(),
            tasks=(),
            failed=0,
            passed=0,
            failed_of=0,
            passed_of=0,
            findings=tuple(found),
            reasons=("no-verdict",),
            unjudged=len(found),
            rank=len(counted) + number,
        )
        for number, (detector, found) in enumerate(rest, 1)
    )
    return (*counted, *described)


def _propose(
    patterns: Sequence[Pattern],
    judged: Sequence[Episode],
    harnesses: Mapping[str, Harness],
    policy: Policy,
    detectors: Sequence[Detector],
    ledger: Ledger,
    suspicions: Sequence[IntegritySignal],
    refused: list[str],
    held_out: Mapping[str, str],
    findings: Sequence[Finding],
) -> Iterator[Proposal]:
    """A proposal for every repository in which an actionable pattern keeps failing, best patterns first; then what
    keeps up that which was installed before.

    A harness that cannot take a remedy is said in `refused`; the other repositories go on.
    """
    by_id = {detector.id: detector for detector in detectors}
    record = cache(lambda model: records(ledger.entries, policy, model))
    actionable = [pattern for pattern in patterns if pattern.status == "actionable"]

    def judged_of(modification: Modification, here: Sequence[Episode], trust: Trust) -> Proposal:
        model = _model(here)
        decision = judge(
            modification,
            policy,
            record(model),
            integrity=hygiene(modification, held_out),
            trust=trust,
            doubts=doubts(modification.pattern, suspicions),
            dismissed=dismissal_holds(ledger.changes.get(modification.id), modification.pattern.failed),
            trial=ledger.trial(modification.id, modification.revision),
            stable=by_id[modification.detector].status == "stable",
        )
        return Proposal(modification, decision, model)

    for repository in sorted({name for pattern in actionable for name in pattern.repositories}):
        here = [episode for episode in judged if episode.repository == repository]
        recurring = [pattern for pattern in actionable if _failures_in(pattern, here) >= MIN_FAILED_HERE]
        before = {one.last.detector for one in ledger.changes.values() if one.last.repository == repository}
        for pattern, also in lead(recurring, by_id, before):
            detector = by_id[pattern.detector]
            parameters = calibrate(detector.remedy.guard, judged) if detector.remedy.guard in GUARDS else {}
            prediction = _of(predict(detector, pattern, judged, parameters), here)
            harness = harnesses.get(repository, Harness(repository))
            try:
                modification = generate(pattern, detector, harness, prediction, parameters, also, _agent(here))
            except UserError as error:
                refused.append(f"{repository}: {error}")
                continue
            if modification is not None:
                yield judged_of(modification, here, _trust(pattern, here))
    for repository, harness in sorted(harnesses.items()):
        here = [episode for episode in judged if episode.repository == repository]
        for kept in _kept_up(harness, here, actionable, by_id, findings, ledger, refused):
            yield judged_of(kept.modification, here, min((one.trust for one in kept.runs), default="T0"))


def _kept_up(
    harness: Harness,
    here: Sequence[Episode],
    patterns: Sequence[Pattern],
    detectors: Mapping[str, Detector],
    findings: Sequence[Finding],
    ledger: Ledger,
    refused: list[str],
) -> Sequence[Kept]:
    """What is due to what was installed, and to a number or a lint rule of the repository's own; a file that is damaged
    is said in `refused`."""
    found: dict[str, set[str]] = {}
    for finding in findings:
        found.setdefault(finding.detector, set()).add(finding.episode)
    merged = {entry.change: entry.at for entry in ledger.entries if entry.event == "merged"}
    try:
        return [
            *upkeep(harness, here, patterns, detectors, found, merged, _agent(here)),
            *patience(harness, here, patterns, detectors),
            *lint_rules(harness, here, detectors, findings, RUFF_RULES),
        ]
    except UserError as error:
        refused.append(f"{harness.repository}: {error}")
        return []


def _of(prediction: Prediction, episodes: Sequence[Episode]) -> Prediction:
    """The prediction for these episodes; its replay and score stay those of the whole fleet, which measures more."""
    ids = {episode.id for episode in episodes}
    fixes = tuple(name for name in prediction.fixes if name in ids)
    return replace(prediction, fixes=fixes, risks=tuple(name for name in prediction.risks if name in ids))


def _agent(episodes: Sequence[Episode]) -> str:
    """The agent that most of these episodes ran; its instructions are the ones to edit."""
    names = Counter(episode.agent.name for episode in episodes if episode.agent.name)
    return max(sorted(names), key=names.__getitem__, default="claude-code")


def _model(episodes: Sequence[Episode]) -> str:
    """The model that most of these episodes ran; the record of its time is the one that counts."""
    names = Counter(episode.agent.model for episode in episodes if episode.agent.model)
    return max(sorted(names), key=names.__getitem__, default="")


def _failures_in(pattern: Pattern, episodes: Sequence[Episode]) -> int:
    failed = {episode.id for episode in episodes if episode.outcome == "fail"}
    return len(failed & {finding.episode for finding in pattern.findings})


def _trust(pattern: Pattern, episodes: Sequence[Episode]) -> Trust:
    """The least trusted of the failures that a proposal rests on here."""
    shown = {finding.episode for finding in pattern.findings}
    return min((episode.trust for episode in episodes if episode.id in shown), default="T0")


def _lost(dropped: int) -> Iterator[str]:
    if dropped:
        yield (
            f"{dropped} citations do not stand in their files any more: what rested on them was dropped. "
            "Read the runs again when nobody writes to them."
        )


def _warnings(episodes: Iterable[Episode]) -> Iterator[str]:
    """What could not be read, in the words of the readers; redacted, for they name paths."""
    for episode in episodes:
        for signal in episode.signals:
            if signal.name == "unreadable":
                yield redact(signal.detail)
        yield from (redact(warning) for warning in episode.warnings)
        if episode.joined == "ambiguous-reports":
            yield f"{episode.id}: reports lie beside several sessions and were joined to none. Give each run a folder."
        if episode.trace is not None:
            where = redact(episode.trace.sources[0].path) if episode.trace.sources else episode.id
            yield from (f"{where}: {warning}" for warning in episode.trace.warnings)


# --- the life of one change -------------------------------------------------------------------------------------------

State = Literal["new", "proposed", "held", "merged", "watched", "undoing", "rejected", "withdrawn", "reverted"]
Event = Literal[
    "proposed",
    "updated",
    "frozen",
    "dismissed",
    "withdrawn",
    "merged",
    "completed",
    "watched",
    "undoing",
    "spared",
    "reverted",
]
"""As the ledger's entries call them."""


class Change(msgspec.Struct, frozen=True):
    """A modification on its way."""

    id: str
    repository: str
    branch: str
    state: State = "new"


LIFE: Mapping[tuple[State, Event], State] = {
    ("new", "proposed"): "proposed",
    ("proposed", "updated"): "proposed",
    ("proposed", "frozen"): "held",
    ("held", "updated"): "proposed",
    **{(state, "merged"): "merged" for state in ("proposed", "held", "rejected", "withdrawn")},
    **{(state, "completed"): "merged" for state in ("proposed", "held")},
    **{(state, "dismissed"): "rejected" for state in ("proposed", "held")},
    **{(state, "withdrawn"): "withdrawn" for state in ("proposed", "held")},
    **{(state, "watched"): "watched" for state in ("merged", "watched")},
    **{(state, "undoing"): "undoing" for state in ("merged", "watched")},
    ("undoing", "spared"): "watched",
    **{(state, "reverted"): "reverted" for state in ("merged", "watched", "undoing")},
    **{(state, "proposed"): "proposed" for state in ("rejected", "withdrawn", "reverted")},
}
"""What may follow what; any other event leaves a change where it is and has no effect."""


def advance(change: Change, event: Event, reason: str = "") -> tuple[Change, tuple[Effect, ...]]:
    """The change after the event, and what must be done to the forge for it."""
    state = LIFE.get((change.state, event))
    if state is None:
        return change, ()
    after = replace(change, state=state)
    if event in {"dismissed", "withdrawn"}:
        return after, (CloseChange(change.repository, change.id, change.branch, reason),)
    return after, ()
