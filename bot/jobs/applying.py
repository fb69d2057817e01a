"""A document that crossed from another job in; what of it we would do ourselves, and why not the rest, out; then done.

Nothing in it is believed: edits are made anew from our rules and the harness as GitHub has it now, the tier is judged
anew from the ledger as it stands, and only ever lowered. What is then done is done as everywhere, find-or-create.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bot import ledger
from bot.approval.caps import capped
from bot.approval.facts import escapes, matches
from bot.approval.judge import QUESTIONS, judge, most_careful
from bot.approval.left import as_left
from bot.approval.policy import Policy
from bot.approval.record import records
from bot.errors import LaterError
from bot.jobs.document import Document
from bot.jobs.proposing import propose
from bot.jobs.remaking import remade
from bot.ledger import Ledger, dismissal_holds, hold_of, moved_by
from bot.model import (
    TIERS,
    Decision,
    Detector,
    Effect,
    Entry,
    Harness,
    Modification,
    Performed,
    Proposal,
    Reason,
    branch_of,
    replace,
)
from bot.modifications import patch
from bot.modifications.lint import lint_diff
from bot.pages.escape import printable

NO_APP = "nothing watches here what was merged, and nothing takes it back: only the App does"
"""Why the tier `autonomous` is off."""

CODES = {
    "path": "It touches a file that no change of ours touches.",
    "not-from-rules": "It is not what our rules make of this harness.",
    "lint": "Its edits would bring something into the harness that may not be there.",
    "tier": "It claims a tier that its own reasons do not give.",
    "stale": "The harness has changed since it was made. Run the workflow again, from its first job.",
    "switched-off": "The policy of this repository lets nothing be proposed.",
    "integrity": "The change itself raised an alarm.",
    "dismissed": "A person turned it down, and the failure has not come back at twice the evidence.",
    "hold": "A person said wait.",
    "cap": "Enough stands open, or is new.",
    "frozen": "A person has committed to its branch.",
    "refused": "GitHub, or the repository as it is, does not take it.",
    "later": "GitHub wants no more calls now. Run the workflow again later.",
}
"""Every code that may stand in `skipped-reasons`, and what it means."""
HOSTILE = frozenset({"path", "not-from-rules", "lint", "tier"})
"""No document of ours earns these: somebody, or a mistake, wrote another one."""
MAX_MODEL = 100

Stands = Literal["none", "open", "closed", "merged", "completed"]
ENDS: dict[Stands, str] = {"merged": "merged", "completed": "completed", "closed": "dismissed"}


class Forge(Protocol):
    """One repository, through a token that may write."""

    def perform(self, effect: Effect) -> Performed:
        """Do it, find-or-create."""

    def append_ledger(self, lines: Sequence[str]) -> int:
        """Remember more, each line once."""

    def stands(self, change: str, branch: str) -> Stands:
        """What became of a change."""


@dataclass(frozen=True, slots=True)
class Here:
    """The repository as GitHub has it now, and what holds in it. `at` is an ISO 8601 time."""

    harness: Harness
    remembered: Ledger
    policy: Policy
    detectors: tuple[Detector, ...]
    at: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """What is not done: which change, by its title of ours, the code of CODES, and what was seen."""

    change: str
    title: str
    code: str
    seen: str = ""


@dataclass(slots=True)
class Applied:
    """What came of a document. `performed` is empty in a dry run, `wanted` says then what would be done."""

    wanted: list[Proposal] = field(default_factory=list)
    performed: dict[str, Performed] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    ended: list[Entry] = field(default_factory=list)


def apply(document: Document, here: Here, forge: Forge, *, dry_run: bool) -> Applied:
    """Do it. In a dry run only `stands` is asked of the forge."""
    done = Applied()
    done.ended = list(ends(here.remembered, here.harness.repository, forge.stands, here.at))
    if done.ended:
        here = _with(here, done.ended)
    done.wanted, done.skipped = weigh(document, here)
    if dry_run:
        return done
    entries = list(done.ended)
    try:
        for proposal in done.wanted:
            told = propose(
                [proposal], {document.repository: forge}, document.evidence(here.detectors), here.remembered, here.at
            )
            done.performed |= told.performed
            entries += told.entries
    except LaterError as error:
        left = (one for one in done.wanted if one.modification.id not in done.performed)
        done.skipped += [_skipped(one.modification, "later", str(error)) for one in left]
    finally:
        if entries:
            forge.append_ledger([ledger.encode(entry) for entry in entries])
    for proposal in done.wanted:
        was = done.performed.get(proposal.modification.id)
        if was is not None and was.status in ("refused", "frozen"):
            done.skipped.append(_skipped(proposal.modification, was.status, was.detail))
    return done


def ends(remembered: Ledger, repository: str, stands: Callable[[str, str], Stands], at: str) -> Iterator[Entry]:
    """What people made of our open changes since the ledger last spoke of them."""
    for change, standing in remembered.changes.items():
        last = standing.last
        if not standing.is_open or last.repository != repository:
            continue
        event = ENDS.get(stands(change, branch_of(last.detector, change)))
        if event:
            yield replace(standing.proposed, at=at, event=event, reason="")


def weigh(document: Document, here: Here) -> tuple[list[Proposal], list[Skipped]]:
    """What of the document we would do now, in its order, and why not the rest."""
    skipped: list[Skipped] = []
    kept: list[Proposal] = []
    detectors = {one.id: one for one in here.detectors}
    for claim in document.proposals:
        made = remade(claim.modification, here.harness, detectors)
        code, seen = _wrong(claim, made, document, here)
        if made is None or code:
            title = made.title if made else "A change that is none of ours"
            skipped.append(Skipped(printable(claim.modification.id, 12), title, code, seen))
            continue
        stable = detectors[made.detector].status == "stable"
        model = printable(claim.model, MAX_MODEL)
        kept.append(Proposal(made, decided(claim.decision, made, here, model, stable=stable), model))
    standing = [one.last for one in here.remembered.changes.values() if one.is_open]
    wanted = []
    for one in capped(kept, standing, here.remembered.entries, here.policy.caps, here.at):
        if held := one.decision.held:
            skipped.append(_skipped(one.modification, held.partition(":")[0], held.partition(": ")[2]))
        else:
            wanted.append(one)
    return wanted, skipped


def limited(proposal: Proposal, remembered: Ledger) -> Proposal:
    """The proposal as people left it, and without the tier that is off here."""
    change = proposal.modification
    story = remembered.story(change.id)
    held = hold_of(story) is not None
    decision = as_left(proposal.decision, change.revision, moved_by(story), held=held, off=(NO_APP,))
    return replace(proposal, decision=decision)


def decided(claimed: Decision, change: Modification, here: Here, model: str, *, stable: bool) -> Decision:
    """The decision judged anew; of each answer the more careful one, the claim's or ours.

    Ours knows the edits, the policy and the ledger; what only the evidence tells (trust, honesty, counts) the claim may
    lower, and no more.
    """
    remembered = here.remembered
    ours = judge(
        change,
        here.policy,
        records(remembered.entries, here.policy, model),
        dismissed=dismissal_holds(remembered.changes.get(change.id), change.pattern.failed),
        trial=remembered.trial(change.id, change.revision),
        stable=stable,
    )
    told = {reason.code: reason for reason in claimed.reasons if reason.code in QUESTIONS}
    reasons = tuple(_more_careful(reason, told.get(reason.code, reason)) for reason in ours.reasons)
    decision = Decision(most_careful(reasons), reasons, ours.held)
    return limited(Proposal(change, decision), remembered).decision


def _with(here: Here, entries: Iterable[Entry]) -> Here:
    """The same, with these entries remembered as well."""
    lines = [ledger.encode(one) for one in (*here.remembered.entries, *entries)]
    return Here(here.harness, ledger.fold(lines), here.policy, here.detectors, here.at)


def _wrong(claim: Proposal, made: Modification | None, document: Document, here: Here) -> tuple[str, str]:
    """The code of what is wrong with a claim, and what was seen; ("", "") when nothing is."""
    edits = claim.modification.edits
    linked = {file.path for file in here.harness.files.values()}
    strays = [
        one.path
        for one in edits
        if escapes(one.path) or matches(one.path, here.policy.paths.never) or patch.refusal(one.path, linked)
    ]
    if strays:
        return "path", ", ".join(printable(path, 80) for path in strays[:5])
    if made is None and document.head != here.harness.head:
        return "stale", f"made at {printable(document.head, 12)}, now {here.harness.head[:12]}"
    if made is None:
        return "not-from-rules", ""
    if problems := lint_diff(patch.render(made.edits)):
        return "lint", ", ".join(sorted({one.code for one in problems}))
    told = claim.decision
    tier = min(told.tier, most_careful(told.reasons), key=TIERS.index)
    if told.tier != tier or told.tier == "autonomous" or not set(QUESTIONS) <= {one.code for one in told.reasons}:
        return "tier", told.tier
    return "", ""


def _more_careful(ours: Reason, theirs: Reason) -> Reason:
    return theirs if TIERS.index(theirs.allows) < TIERS.index(ours.allows) else ours


def _skipped(change: Modification, code: str, seen: str) -> Skipped:
    return Skipped(change.id, change.title, code if code in CODES else "refused", printable(seen))
