"""A turn and a forge for each repository in; its proposals performed, and the ledger entries that this means, out.

The same for `flywheel run`, for the App and for the Action: who keeps the ledger writes the entries down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.approval.labels import labels_for
from bot.approval.record import category
from bot.errors import UserError
from bot.ledger import Ledger, Standing
from bot.model import Detector, Effect, Entry, Episode, Exclusion, OpenIssue, OpenPull, Performed, Proposal, replace
from bot.modifications.generate import same
from bot.pages import body


class Forge(Protocol):
    """What performs an effect (bot/forge/api.py has the whole)."""

    def perform(self, effect: Effect) -> Performed:
        """Do it, find-or-create."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the texts of a proposal cite: rules and episodes by id, what the gate took out, the paths of a back-test.

    `where` tells how people answer (bot/pages/body.py).
    """

    detectors: Mapping[str, Detector]
    episodes: Mapping[str, Episode]
    excluded: Sequence[Exclusion] = ()
    paths: str = ""
    where: body.Where = "shell"


@dataclass(slots=True)
class Done:
    """What became of the proposals: by change id, and the entries for the ledger."""

    performed: dict[str, Performed] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


def propose(
    proposals: Iterable[Proposal],
    forges: Mapping[str, Forge],
    evidence: Evidence,
    remembered: Ledger,
    at: str,
) -> Done:
    """Perform each proposal at its repository's forge. `at` is an ISO 8601 time.

    What a person turned down is proposed again only by a turn that let it through (bot.ledger.dismissal_holds). A
    repository that cannot be written must not keep the others waiting: that is `refused`, with the mend.
    """
    done = Done()
    for proposal in proposals:
        standing = remembered.changes.get(proposal.modification.id)
        again = standing is not None and standing.last.event == "dismissed"
        effect = replace(effect_of(proposal, evidence), again=again)
        performed = _performed(forges[effect.repository], effect)
        done.performed[effect.change] = performed
        entry = entry_of(proposal, performed, standing, at)
        if entry is not None:
            done.entries.append(entry)
    return done


def effect_of(proposal: Proposal, evidence: Evidence) -> OpenPull | OpenIssue:
    """What the forge is asked to do: a pull for what may be merged, an issue with the draft for the backlog."""
    change = proposal.modification
    detector = evidence.detectors[change.detector]
    context = body.Context(detector, evidence.episodes, evidence.excluded, evidence.paths, evidence.where)
    labels = labels_for(proposal.decision.tier)
    if proposal.decision.tier == "backlog":
        text = body.issue_body(proposal, context)
        return OpenIssue(change.repository, change.id, change.revision, change.title, text, labels)
    return OpenPull(
        repository=change.repository,
        change=change.id,
        revision=change.revision,
        branch=change.branch,
        title=change.title,
        body=body.pull_body(proposal, context),
        message=body.commit_message(proposal),
        labels=labels,
        edits=change.edits,
        head=change.head,
    )


def entry_of(proposal: Proposal, done: Performed, standing: Standing | None, at: str) -> Entry | None:
    """The ledger's line for what became of a proposal; None when it stands as the ledger says already."""
    if done.status == "refused":
        return None
    known = standing if standing is not None and standing.is_open else None
    event = "frozen" if done.status == "frozen" else "updated" if known else "proposed"
    entry = replace(as_proposed(proposal, done.number, at), event=event, reason=done.detail)
    return None if known and _same(entry, known.last) else entry


def as_proposed(proposal: Proposal, number: int, at: str) -> Entry:
    """The ledger's line for a proposal that stands as this pull or issue."""
    change = proposal.modification
    return Entry(
        at=at,
        event="proposed",
        repository=change.repository,
        change=change.id,
        detector=change.detector,
        revision=change.revision,
        tier=proposal.decision.tier,
        failed=change.pattern.failed,
        passed=change.pattern.passed,
        fixes=len(change.prediction.fixes),
        risks=len(change.prediction.risks),
        category=category(change),
        model=proposal.model,
        number=number,
        same=same(change.edits),
    )


def left(remembered: Ledger, proposals: Iterable[Proposal]) -> Iterator[Standing]:
    """The open changes that the turn proposes no more: merged, or without their evidence."""
    proposed = {one.modification.id for one in proposals}
    for change, standing in remembered.changes.items():
        if standing.is_open and change not in proposed:
            yield standing


def _performed(forge: Forge, effect: OpenPull | OpenIssue) -> Performed:
    try:
        return forge.perform(effect)
    except UserError as error:
        return Performed(effect.change, "refused", "", str(error))


def _same(entry: Entry, last: Entry) -> bool:
    """Whether an entry says nothing that the last one did not say."""
    bare = replace(entry, at="", event="", reason=""), replace(last, at="", event="", reason="")
    return bare[0] == bare[1] and (entry.event == "frozen") == (last.event == "frozen")
