"""An autonomous pull, everything that was read of it and of its repository in; what to do with it, and why not, out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.approval.left import as_left
from bot.approval.merging import Candidate, Next, Obstacle, next_step
from bot.approval.policy import Policy
from bot.approval.preflight import preflight
from bot.approval.seen import when
from bot.hosting.acts import Act, Disarm, Merge
from bot.hosting.pulls import Ground, Pull
from bot.jobs.tending_labels import known_tier
from bot.jobs.tending_sight import Git, Known, entry_of, is_ours, last_of
from bot.ledger import OPEN, Ledger, hold_of, moved_by
from bot.model import Decision, Edit, Entry, Reason, replace
from bot.modifications.generate import revision

PATIENCE = timedelta(hours=72)
"""A pull that could not be merged for so long is stuck: a person should look."""
UNKNOWN = Decision("interactive", (Reason("evidence", "interactive", "this visit's runs do not show it any more"),))


def decided(pull: Pull, story: Sequence[Entry], known: Known, ground: Ground) -> Decision:
    """What the policy says now of the pull's change, and what people and obstacles left of it."""
    change = story[-1].change
    proposal = known.proposals.get(change)
    decision = proposal.decision if proposal is not None else UNKNOWN
    at = proposal.modification.revision if proposal is not None else story[-1].revision
    stands = as_left(decision, at, moved_by(story), held=hold_of(story) is not None, off=preflight(ground))
    if is_approved(pull, story) and stands.tier == "interactive":
        return replace(stands, tier="autonomous")
    return stands


def is_approved(pull: Pull, story: Sequence[Entry]) -> bool:
    """Whether a writer agreed with exactly this head: he merges it then, through us."""
    return any(entry.event == "approved" and entry.head == pull.head for entry in story)


def merges_itself(pull: Pull, story: Sequence[Entry]) -> bool:
    """Whether anything is to be decided at all: an open pull that is autonomous, or approved at this head."""
    is_open = pull.thread.state == "open" and is_ours(pull.thread)
    return is_open and (known_tier(story) == "autonomous" or is_approved(pull, story))


def candidate(
    pull: Pull,
    story: Sequence[Entry],
    decision: Decision,
    ground: Ground,
    *,
    judged: Sequence[Edit] | None,
    found: Sequence[Edit] | None,
    stopped: Sequence[str],
    busy: bool,
) -> Candidate:
    """What `next_step` asks. `judged` are the edits that were decided about, `found` those of the pull, read again."""
    return Candidate(
        head=pull.head,
        base=pull.base,
        default_branch=ground.default_branch,
        judged_head=pull.head,
        judged_base=ground.default_branch,
        decision=decision,
        armed=pull.armed,
        held=bool(decision.held) or hold_of(story) is not None or pull.draft,
        stopped=stopped,
        known=last_of(story) in OPEN | {"undoing"},
        author_ours=is_ours(pull.thread),
        marker_holds=pull.thread.intact and bool(pull.thread.by_mark),
        commits_ours=pull.commits_ours,
        edits_hold=None if found is None or judged is None else _same(judged, found),
        protected=ground.protected,
        auto_merge_allowed=ground.auto_merge_allowed,
        queue=ground.queue,
        changes_requested=any(one.state == "changes-requested" for one in pull.reviews),
        twins=pull.twins,
        busy=busy,
        mergeable=pull.mergeable,
        checks=pull.checks,
    )


def step(one: Candidate, ground: Ground, policy: Policy, extra: Sequence[Obstacle] = ()) -> Next:
    """What to do; `extra` are obstacles from beyond this repository."""
    said = next_step(one, policy)
    if not extra:
        return said
    against = (*said.obstacles, *extra)
    if said.do in ("demote", "disarm"):
        return replace(said, obstacles=against)
    stops = any(obstacle.weight == "stop" for obstacle in against)
    return Next("disarm" if one.armed and stops else "wait", one.head, against)


def acts(number: int, said: Next, ground: Ground) -> Iterator[Act]:
    """What is done for an answer; a demotion's labels follow from the ledger."""
    method = ground.methods[0] if ground.methods else "squash"
    match said.do:
        case "merge" | "arm" | "enqueue":
            yield Merge(number, said.head, said.do, method)
        case "disarm" | "demote":
            yield Disarm(number)


def demoted(pull: Pull, story: Sequence[Entry], said: Next, now: str) -> Entry:
    """The entry of a demotion, with the obstacles that need a person."""
    codes = [f"{one.code} ({one.seen})" for one in said.obstacles if one.weight == "demote"]
    reason = "; ".join(codes)[:300]
    return entry_of(story, "demoted", now, tier="interactive", reason=reason, number=pull.thread.number, head=pull.head)


def canary(story: Sequence[Entry], owner: Ledger, policy: Policy, now: str) -> tuple[Obstacle, ...]:
    """What speaks against a change that is on its way in another repository of the owner too.

    Changes of one category that write something else are not it; of lines of a version that did not say what they
    write, all are. One goes first, by the name of its repository; the others wait until its watch has an answer, at
    most as long as a watch takes to be clean.
    """
    mine = story[-1]
    waits = timedelta(days=policy.watch.days)
    for standing in owner.changes.values():
        other = standing.last
        if other.repository == mine.repository or not mine.category or other.category != mine.category:
            continue
        if mine.same and other.same and other.same != mine.same:
            continue
        like = owner.story(other.change)
        merged = next((one for one in reversed(like) if one.event == "merged"), None)
        if standing.went_in and merged is not None and not other.watch and when(now) - when(merged.at) < waits:
            return (Obstacle("canary", "wait", f"the watch of {other.repository} has no answer yet"),)
        first = other.repository < mine.repository and standing.is_open and known_tier(like) == "autonomous"
        if first and hold_of(like) is None and when(now) - when(other.at) < waits:
            return (Obstacle("canary", "wait", f"{other.repository} goes first"),)
    return ()


def is_stuck(pull: Pull, story: Sequence[Entry], said: Next, now: str) -> bool:
    """Whether it has waited too long, since the head became the head or since the last `/flywheel retry`."""
    if not said.obstacles or said.do == "demote":
        return False
    retried = [entry.at for entry in story if entry.event == "commanded" and "retry" in entry.detail.split()]
    since = max([pull.head_at or pull.thread.created_at, *retried], key=when)
    return when(now) - when(since) > PATIENCE


def found_edits(pull: Pull, git: Git) -> tuple[Edit, ...] | None:
    """The pull's diff, read again."""
    return git.edits(pull.base_head, pull.head)


def _same(judged: Sequence[Edit], found: Sequence[Edit]) -> bool:
    return bool(judged) and revision(judged) == revision(found)
