"""What was handed over, or done with it, in; Markdown for the page of a workflow run out.

Titles are ours, reasons and addresses are escaped; GitHub takes 1 MiB a step, which none of these comes near.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bot.model import TIERS, Decision, Performed, Proposal
from bot.pages.escape import code, markdown
from bot.pages.words import count

MAX_ROWS = 40
ADDRESS = re.compile(r"https?://[\w.:/-]{1,300}/(?:pull|issues)/(\d{1,10})(?=\s|$)")
TIER_OFF = (
    "The tier `autonomous` is off here, whatever token is used: nothing in a workflow watches what was merged, and "
    "takes it back. The App does."
)
NO_CI = (
    "These pull requests start no workflow: [GitHub starts none for what a job's own token does]"
    "(https://docs.github.com/actions/using-workflows/triggering-a-workflow#triggering-a-workflow-from-a-workflow). "
    "Close and reopen one to start them, or give the input `token` the token of an App of yours."
)
DRY = "This was a dry run: nothing was written. `dry-run: false` opens them."


class Left(NamedTuple):
    """What is not done: the title of the change, why in words, and what was seen."""

    title: str
    why: str
    seen: str


def handed(proposals: Sequence[Proposal], held: Sequence[Proposal], notes: Sequence[str]) -> str:
    """For the job that reads: what goes over to the job that writes, why no higher, and what does not and why."""
    lines = [f"### Handed over: {count(len(proposals), 'proposal')}", ""]
    if proposals:
        lines += ["| as | change | files | kept from more by |", "|---|---|--:|---|"]
        lines += [f"| {' | '.join(_row(one))} |" for one in proposals[:MAX_ROWS]]
        lines += [
            "",
            "The job that applies them looks at GitHub afresh: caps, holds and dismissals are asked there.",
            "",
        ]
    lines += [f"- Not handed over: {markdown(one.modification.title)}: {markdown(one.decision.held)}" for one in held]
    lines += [f"- {markdown(note)}" for note in notes[:MAX_ROWS]]
    return "\n".join([*lines, "", TIER_OFF, ""])


def applied(
    wanted: Sequence[Proposal],
    performed: Mapping[str, Performed],
    left: Sequence[Left],
    *,
    dry_run: bool,
    is_runner: bool,
) -> str:
    """For the job that writes: what was opened or would be, and why not the rest."""
    lines = ["## What Flywheel would open" if dry_run else "## What Flywheel opened", ""]
    lines += [*_done(wanted, performed, dry_run=dry_run), ""]
    if left:
        lines += [f"### Left alone: {count(len(left), 'proposal')}", ""]
        lines += [f"- {markdown(one.title)}: {markdown(one.why)}{_seen(one)}" for one in left[:MAX_ROWS]]
        lines += [""]
    pulls = any(one.decision.tier != "backlog" for one in wanted)
    lines += [f"{NO_CI}\n"] if pulls and is_runner else []
    lines += [f"{DRY}\n"] if dry_run and wanted else []
    return "\n".join([*lines, TIER_OFF, ""])


def _row(proposal: Proposal) -> tuple[str, ...]:
    change = proposal.modification
    return (_as(proposal.decision), markdown(change.title), str(len(change.edits)), _kept_from(proposal.decision))


def _done(wanted: Sequence[Proposal], performed: Mapping[str, Performed], *, dry_run: bool) -> Iterator[str]:
    if not wanted:
        yield "Nothing."
        return
    for one in wanted[:MAX_ROWS]:
        change = one.modification
        done = performed.get(change.id)
        if dry_run or done is None:
            paths = ", ".join(code(edit.path, 80) for edit in change.edits[:6])
            why = _kept_from(one.decision)
            yield f"- {_as(one.decision)}: {markdown(change.title)} ({paths}); kept from more by {why}"
        elif done.status not in ("refused", "frozen"):
            yield f"- {_as(one.decision)} {done.status}: {markdown(change.title)}: {_address(done)}"


def _as(decision: Decision) -> str:
    return "issue" if decision.tier == "backlog" else "pull request"


def _kept_from(decision: Decision) -> str:
    """The questions whose answers allow no more than this tier."""
    binding = [one for one in decision.reasons if TIERS.index(one.allows) <= TIERS.index(decision.tier)]
    return "; ".join(f"{markdown(one.code)} ({markdown(one.seen, 120)})" for one in binding[:4]) or "nothing"


def _address(done: Performed) -> str:
    """A link to it. Of a pull the forge says the address in the detail, of an issue in the place."""
    found = ADDRESS.search(f"{done.where} {done.url} {done.detail}")
    return f"[#{found[1]}]({found[0]})" if found else code(done.where)


def _seen(one: Left) -> str:
    return f" ({markdown(one.seen)})" if one.seen else ""
