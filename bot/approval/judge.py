"""Takes a modification, a policy and the record; returns the tier with every reason and the value that was seen.

Each question below is asked in the order of design.md §5, and answered also when it passes; the tier is the most
careful that any answer demands. Unknown means no: what nobody measured, tried or recorded makes no change generous.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from bot.approval.facts import escapes, lines_added, matches, undoes, weakens
from bot.approval.kinds import KINDS, LINT, REMOVAL, is_kind, only_a_number
from bot.approval.policy import Bars, Policy
from bot.approval.record import Record, of
from bot.model import TIERS, Decision, Modification, Pattern, Prediction, Reason, Tier, TrialResult, Trust

TRUSTED: dict[Trust, Tier] = {"T0": "backlog", "T1": "interactive", "T2": "autonomous"}
TRIED: dict[TrialResult, Tier] = {
    "confirmed": "autonomous",
    "inconclusive": "interactive",
    "none": "interactive",
    "cosmetic": "backlog",
    "regression": "backlog",
}
DEMANDED, DEMANDED_TASKS = 5, 3
"""Failed runs, and tasks, in which CI has named a lint rule before it is switched on (design.md §4, Contrast)."""
QUESTIONS: dict[str, str] = {
    "switch": "Is the flywheel switched on here?",
    "integrity": "Did anything about the evidence or the change raise an alarm?",
    "paths": "Does it touch only paths that it may?",
    "shared-file": "Does the edit steer one project alone?",
    "blast-radius": "Is it small?",
    "inverse": "Is there an exact way back?",
    "safeguards": "Does it leave every safeguard in place?",
    "kind": "Is this kind of edit one that may merge itself?",
    "disturbance": "How many passing runs would it have disturbed?",
    "novelty": "Has a person seen, or refused, this before?",
    "trust": "Where does the evidence come from?",
    "honesty": "Did the agents of the evidence work honestly?",
    "fleet-evidence": "Does the evidence come from this repository?",
    "measured": "Was it back-tested on enough passing runs?",
    "lift": "Is the failure rarer among passes?",
    "stratum": "Were like runs compared?",
    "prediction": "Is it expected to cure more than it may break?",
    "trial": "What did a held-out trial say?",
    "maturity": "Is the detector stable?",
    "record": "What became of earlier changes of this category?",
}
"""Every reason code and what it asks, in the order of judgement."""


def judge(
    modification: Modification,
    policy: Policy,
    record: Sequence[Record] = (),
    *,
    integrity: Sequence[str] = (),
    doubts: Sequence[str] = (),
    trust: Trust = "T2",
    dismissed: bool = False,
    trial: TrialResult = "none",
    stable: bool = False,
) -> Decision:
    """The decision over one modification; `held` says why it should not be shown at all now.

    `integrity` holds alarm codes about the change itself, `doubts` what looks like cheating in its evidence (a change
    that rests on such episodes cannot merge itself), `dismissed` a remembered *no*, `stable` the detector's status.
    """
    reasons = (
        *_switch_and_integrity(modification, policy, integrity),
        *_paths(modification, policy),
        *_blast_radius(modification, policy),
        *_novelty(modification, record, dismissed),
        *_trust(modification, trust, doubts),
        *_lift(modification, policy),
        Reason("trial", TRIED[trial], trial),
        *_record(modification, policy, record, stable),
    )
    alarm = next((reason for reason in reasons if reason.code == "integrity" and reason.allows == "backlog"), None)
    held = "switched-off" if not policy.enabled else "integrity" if alarm else "dismissed" if dismissed else ""
    return Decision(most_careful(reasons), reasons, held)


def most_careful(reasons: Iterable[Reason]) -> Tier:
    """The most careful tier that any reason demands; backlog when nobody gave one."""
    return min((reason.allows for reason in reasons), key=TIERS.index, default="backlog")


def _switch_and_integrity(modification: Modification, policy: Policy, alarms: Sequence[str]) -> Iterator[Reason]:
    yield Reason("switch", "autonomous" if policy.enabled else "backlog", "on" if policy.enabled else "off")
    strays = [f"path escapes: {edit.path}" for edit in modification.edits if escapes(edit.path)]
    seen = [*alarms, *strays]
    yield Reason("integrity", "backlog" if seen else "autonomous", "; ".join(seen) or "no alarm")


def _paths(modification: Modification, policy: Policy) -> Iterator[Reason]:
    paths = sorted({edit.path for edit in modification.edits})
    never = [path for path in paths if matches(path, policy.paths.never)]
    numbers = {one.path for one in modification.edits if matches(one.path, policy.paths.numbers) and only_a_number(one)}
    sensitive = [path for path in paths if matches(path, policy.paths.sensitive) and path not in numbers]
    if never:
        yield Reason("paths", "backlog", f"never ours: {', '.join(never)}")
    elif sensitive:
        yield Reason("paths", "interactive", f"security-sensitive: {', '.join(sensitive)}")
    else:
        yield Reason("paths", "autonomous" if paths else "backlog", ", ".join(paths) or "no edit")
    shared = [path for path in paths if matches(path, policy.shared.paths)]
    if matches(modification.repository, policy.shared.repositories):
        shared = [modification.repository]
    seen = f"shared by several projects: {', '.join(shared)}" if shared else f"{modification.repository} alone"
    yield Reason("shared-file", "backlog" if shared else "autonomous", seen)


def _blast_radius(modification: Modification, policy: Policy) -> Iterator[Reason]:
    files, added = len({edit.path for edit in modification.edits}), sum(map(lines_added, modification.edits))
    tier = _within(policy, lambda bars: files <= bars.files and added <= bars.lines_added)
    yield Reason("blast-radius", tier, f"{files} files, {added} lines added")
    exact = undoes(modification.edits, modification.inverse)
    yield Reason("inverse", "autonomous" if exact else "interactive", "exact" if exact else "not exact")
    lost = [one for edit in modification.edits for one in weakens(edit)]
    yield Reason("safeguards", "interactive" if lost else "autonomous", "; ".join(lost) or "none taken away")
    shown = is_kind(modification.kind, modification.edits)
    may = shown and modification.kind in policy.autonomous.kinds
    seen = modification.kind if shown or modification.kind not in KINDS else f"{modification.kind} in name only"
    yield Reason("kind", "autonomous" if may else "interactive", seen)
    yield _disturbance(modification, policy)


def _disturbance(modification: Modification, policy: Policy) -> Reason:
    """The share of passing episodes in which a guard would have acted; prose acts in none."""
    replay = modification.prediction.replay
    if modification.component != "hooks":
        return Reason("disturbance", "autonomous", "no guard acts")
    if replay is None or not replay.passed_episodes:
        return Reason("disturbance", "backlog", "unknown: replayed over no passing episode")
    disturbed, passes = len(replay.passed_fired), replay.passed_episodes
    tier = _within(policy, lambda bars: disturbed <= bars.passes_disturbed * passes)
    return Reason("disturbance", tier, f"{disturbed} of {passes} passing episodes ({disturbed / passes:.1%})")


def _novelty(modification: Modification, record: Sequence[Record], dismissed: bool) -> Iterator[Reason]:
    known = of(modification, record)
    merged = known.kept + known.failed
    if dismissed:
        yield Reason("novelty", "backlog", "dismissed before, and the failure has not come back")
        return
    yield Reason("novelty", "autonomous" if merged else "interactive", f"{merged} of this category merged before")


def _trust(modification: Modification, trust: Trust, doubts: Sequence[str]) -> Iterator[Reason]:
    yield Reason("trust", TRUSTED[trust], trust)
    yield Reason("honesty", "interactive" if doubts else "autonomous", "; ".join(doubts) or "no sign of cheating")
    repositories = modification.pattern.repositories
    own = set(repositories) == {modification.repository}
    yield Reason("fleet-evidence", "autonomous" if own else "interactive", ", ".join(repositories) or "no repository")


def _lift(modification: Modification, policy: Policy) -> Iterator[Reason]:
    pattern, prediction = modification.pattern, modification.prediction
    passes = prediction.replay.passed_episodes if prediction.replay is not None else 0
    tier = _within(policy, lambda bars: passes >= bars.passing_episodes)
    yield Reason("measured", tier, f"replayed over {passes} passing episodes")
    if "silent" in pattern.reasons and is_kind(REMOVAL, modification.edits):
        yield from _silence(pattern, policy)
        return
    if _is_demanded(modification):
        yield from _demanded(pattern)
        yield _expected(prediction)
        return
    seen = pattern.contrast
    shown = "no contrast"
    if seen is not None:
        shown = f"odds ratio {_number(seen.odds_ratio)} [{seen.low:.2f}, {_number(seen.high)}]"
    lifted = pattern.status == "actionable" and seen is not None
    yield Reason("lift", "autonomous" if lifted else "backlog", " ".join([shown, *pattern.reasons]))
    alike = seen is not None and seen.stratum in ("task", "pull")
    yield Reason("stratum", "autonomous" if alike else "interactive", seen.stratum if seen is not None else "none")
    yield _expected(prediction)


def _expected(prediction: Prediction) -> Reason:
    fixes, risks = len(prediction.fixes), len(prediction.risks)
    tier: Tier = "backlog" if not fixes else "autonomous" if risks < fixes else "interactive"
    return Reason("prediction", tier, f"{fixes} fixes, {risks} at risk")


def _is_demanded(modification: Modification) -> bool:
    """Whether it only lets the agent see what CI fails on: nothing is guessed, so nothing is to be compared."""
    return "ci-says" in modification.pattern.reasons and is_kind(LINT, modification.edits)


def _demanded(pattern: Pattern) -> Iterator[Reason]:
    """CI itself names the rule as what failed it; a rule that a passing run breaks is not demanded."""
    holds = pattern.failed >= DEMANDED and len(pattern.tasks) >= DEMANDED_TASKS and not pattern.passed
    seen = f"CI fails on it in {pattern.failed} runs of {len(pattern.tasks)} tasks"
    yield Reason(
        "lift",
        "autonomous" if holds else "backlog",
        f"{seen}, {pattern.passed} of {pattern.passed_of} passes break it",
    )
    yield Reason("stratum", "autonomous", "nothing is compared")


def _silence(pattern: Pattern, policy: Policy) -> Iterator[Reason]:
    """A rule that goes cures nothing: what speaks for it is that its failure stayed away, in failures and passes."""
    runs, shown = pattern.failed_of + pattern.passed_of, pattern.failed + pattern.passed
    tier = _within(policy, lambda bars: not shown and runs >= 2 * bars.passing_episodes)
    yield Reason("lift", tier, f"seen in {shown} of {runs} runs since its rule went in")
    yield Reason("stratum", "autonomous", "nothing is compared")
    yield Reason("prediction", "autonomous", "nothing is expected to change")


def _record(modification: Modification, policy: Policy, record: Sequence[Record], stable: bool) -> Iterator[Reason]:
    known_rule = _is_demanded(modification)
    mature = "stable" if stable else "a stable rule of its linter" if known_rule else "not stable"
    yield Reason("maturity", "autonomous" if stable or known_rule else "interactive", mature)
    known = of(modification, record)
    earned = known.earned and not known.demoted and known.repositories >= policy.autonomous.repositories
    seen = f"{known.kept} kept, {known.failed} failed, {known.repositories} repositories"
    seen += f", borrowed {known.borrowed[0]} kept, {known.borrowed[1]} failed" if any(known.borrowed) else ""
    seen += f", earned by {known.by}" if known.by else ""
    seen += f", demoted: {known.reason}" if known.demoted else ""
    yield Reason("record", "autonomous" if earned else "interactive", seen)


def _within(policy: Policy, holds: Callable[[Bars], bool]) -> Tier:
    """Backlog beyond the bars of interactive, interactive beyond those of autonomous."""
    if not holds(policy.interactive):
        return "backlog"
    return "autonomous" if holds(policy.autonomous) else "interactive"


def _number(value: float | None) -> str:
    return "infinite" if value is None else f"{value:.2f}"
