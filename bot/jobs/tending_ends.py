"""A pull or issue as it stands and what the ledger tells of its change in; the entries that its end, or its new life,
means out.

What a person closes is remembered as a no, with the reason that was written; what we closed is withdrawn; what a person
committed to is theirs from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.approval.commands import heard
from bot.approval.merging import strayed
from bot.approval.seen import when
from bot.hosting.people import Actor
from bot.hosting.pulls import Pull, Thread
from bot.jobs.tending_sight import Git, entry_of, last_of
from bot.ledger import ENDED, OPEN
from bot.model import Entry
from bot.pages.escape import printable
from bot.signals.redact import redact

MAX_REASON = 200
NEAR = timedelta(days=1)
"""A comment so near to the closing, by whoever closed it, is the reason."""


def of_pull(pull: Pull, story: Sequence[Entry], git: Git, now: str, *, alone: bool) -> Iterator[Entry]:
    """What happened to a pull since the ledger last spoke of it.

    `alone` = no newer pull and no open issue bears the same change: only then does its end end the change.
    """
    thread = pull.thread
    if thread.state == "merged":
        yield from _merged(pull, story, git, now)
    elif thread.state == "closed" and alone and last_of(story) in OPEN:
        yield _closed(thread, story, now)
    elif thread.state == "open":
        yield from _alive(thread, story, now)
        if pull.commits_ours is False and last_of(story) != "frozen":
            theirs = git.edits(pull.base_head, pull.head) or ()
            paths = ", ".join(edit.path for edit in theirs)
            reason = printable(f"a person committed to it; it changes {paths or 'what cannot be read'} now", MAX_REASON)
            yield entry_of(story, "frozen", now, reason=reason, number=thread.number, head=pull.head)


def of_issue(issue: Thread, story: Sequence[Entry], head: str, now: str, *, alone: bool) -> Iterator[Entry]:
    """The same of an issue: closed as not planned is a no, as completed it was done, and is watched."""
    if issue.state == "open":
        yield from _alive(issue, story, now)
        return
    if not alone or last_of(story) not in OPEN:
        return
    if issue.state_reason == "completed" and not _is_by(issue, "ours"):
        by = issue.closed_by.id if issue.closed_by else 0
        yield entry_of(story, "completed", issue.closed_at or now, number=issue.number, head=head, by=by)
        return
    yield _closed(issue, story, now)


def of_revert(pull: Pull, story: Sequence[Entry], now: str) -> Iterator[Entry]:
    """What happened to the pull that takes a change back."""
    thread, last = pull.thread, last_of(story)
    if last == "reverted" or not any(entry.event == "merged" for entry in story):
        return
    at = {"number": thread.number}
    if thread.state == "merged":
        by = pull.merged_by.id if pull.merged_by and pull.merged_by.kind == "human" else 0
        why = next((entry.reason for entry in reversed(story) if entry.event == "undoing"), "")
        yield entry_of(story, "reverted", pull.merged_at or now, reason=why, head=pull.merge_sha, by=by, **at)
        yield entry_of(story, "demoted", pull.merged_at or now, tier="interactive", reason="reverted", **at)
    elif thread.state == "closed" and last == "undoing" and not _is_by(thread, "ours"):
        by = thread.closed_by.id if thread.closed_by else 0
        yield entry_of(story, "spared", thread.closed_at or now, reason=reason_of(thread), by=by, **at)


def of_revert_issue(issue: Thread, story: Sequence[Entry], now: str) -> Iterator[Entry]:
    """The issue of a revert that conflicts: done by a person, or left as it is."""
    if issue.state != "closed" or _is_by(issue, "ours") or last_of(story) in ("reverted", "spared"):
        return
    event = "reverted" if issue.state_reason == "completed" else "spared"
    by = issue.closed_by.id if issue.closed_by else 0
    at, reason = issue.closed_at or now, reason_of(issue)
    yield entry_of(story, event, at, reason=reason, number=issue.number, by=by)
    if event == "reverted":
        yield entry_of(story, "demoted", at, tier="interactive", reason="reverted", number=issue.number)


def reason_of(thread: Thread) -> str:
    """Why a person closed it: his command, or what he said at that time; "" when he said nothing."""
    closer = thread.closed_by.id if thread.closed_by else None
    for comment in reversed(thread.comments):
        told = [one.argument for one in heard(comment.body).commands if one.verb == "dismiss"]
        if told and comment.author.kind == "human" and comment.author.reaches("triage"):
            return printable(redact(told[-1]), MAX_REASON)
        near = abs(when(comment.created_at) - when(thread.closed_at or comment.created_at)) <= NEAR
        if comment.author.id == closer and near and comment.author.kind == "human":
            return printable(redact(comment.body), MAX_REASON)
    return ""


def reopened_since(thread: Thread, at: str) -> Actor | None:
    """Who opened it again since then."""
    return thread.reopened_by if thread.reopened_at and when(thread.reopened_at) >= when(at) else None


def _merged(pull: Pull, story: Sequence[Entry], git: Git, now: str) -> Iterator[Entry]:
    """The merge, told once; one that we made is read back, and what strayed from the judged bytes is an alarm."""
    number = pull.thread.number
    if any(entry.event == "merged" and entry.number in (0, number) for entry in story):
        return
    theirs = pull.merged_by is not None and pull.merged_by.kind == "human"
    at, by = pull.merged_at or now, pull.merged_by.id if theirs and pull.merged_by else 0
    merged = entry_of(story, "merged", at, number=number, head=pull.merge_sha, by=by)
    yield merged
    if theirs:
        return
    parent = git.parent(pull.merge_sha)
    judged = git.edits(parent, pull.head) if parent else None
    made = git.edits(parent, pull.merge_sha) if parent else None
    if judged is None or made is None:
        wrong: tuple[str, ...] = ("the merge cannot be read back",)
    else:
        tree = git.texts(pull.merge_sha, [edit.path for edit in judged])
        more = {edit.path for edit in made} - {edit.path for edit in judged}
        wrong = (*strayed(judged, tree), *sorted(more))
    if wrong:
        reason = printable(f"merged otherwise than judged: {', '.join(wrong)}", MAX_REASON)
        yield entry_of(story, "integrity", at, reason=reason, number=number, head=pull.merge_sha)


def _closed(thread: Thread, story: Sequence[Entry], now: str) -> Entry:
    """A person's no, or our own withdrawal; a closing by another bot is nobody's no."""
    by = thread.closed_by.id if thread.closed_by else 0
    at, number = thread.closed_at or now, thread.number
    if _is_by(thread, "ours"):
        return entry_of(story, "withdrawn", at, number=number)
    if _is_by(thread, "bot"):
        return entry_of(story, "withdrawn", at, reason="another bot closed it", number=number, by=by)
    return entry_of(story, "dismissed", at, reason=reason_of(thread), number=number, by=by)


def _alive(thread: Thread, story: Sequence[Entry], now: str) -> Iterator[Entry]:
    """A change that was ended and that a person opened again begins anew; one that was ended alone is being closed."""
    ended = next((entry for entry in reversed(story) if entry.event in ENDED), None)
    if last_of(story) not in ("dismissed", "withdrawn") or ended is None:
        return
    by = reopened_since(thread, ended.at)
    if by is None or by.kind != "human":
        return
    yield entry_of(story, "proposed", now, reason="opened again by a person", number=thread.number)


def _is_by(thread: Thread, kind: str) -> bool:
    return thread.closed_by is not None and thread.closed_by.kind == kind
