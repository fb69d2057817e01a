"""The comments below a pull or issue in; what was commanded, by whom, and is not yet answered, out: entries and acts.

Each comment is answered once: the ledger remembers its number. Bots are never answered, and a thread has a budget.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.approval.authority import Asked, rule
from bot.approval.commands import CALL, Command, heard
from bot.approval.provenance import promotable
from bot.approval.rollback import refusal
from bot.approval.seen import when
from bot.hosting.acts import React
from bot.hosting.pulls import Comment, Thread
from bot.jobs.tending_labels import known_tier
from bot.jobs.tending_sight import entry_of
from bot.ledger import hold_of, moved_by
from bot.model import TIERS, CloseChange, Decision, Entry, Tier, branch_of
from bot.pages.escape import markdown, printable
from bot.signals.redact import redact

MAX_REASON = 200
ANSWERS = frozenset(("+1", "-1", "confused"))
GONE = "The runs that it rests on do not show it any more: nobody can say what the policy allows."

MORE_CAREFUL = "Somebody has demoted it since."


class Said(NamedTuple):
    """What a comment comes to."""

    entries: tuple[Entry, ...]
    acts: tuple[React, ...]
    effects: tuple[CloseChange, ...] = ()


class Place(NamedTuple):
    """Where a command was given: the thread, the head of a pull ("" for an issue), what the policy says now."""

    thread: Thread
    head: str
    decision: Decision | None


def listen(place: Place, story: Sequence[Entry], now: str, *, whole: bool = True) -> Iterator[Said]:
    """What every comment that is not yet answered comes to, oldest first; each sees what those before it did.

    Without a look at the whole evidence a comment that promotes waits.
    """
    told = list(story)
    for comment in place.thread.comments:
        answered = {entry.about: entry.detail.split() for entry in told if entry.event == "commanded"}
        if comment.author.kind != "human" or CALL not in comment.body:
            continue
        if comment.id in answered:
            if comment.reactions is not None and comment.reactions.isdisjoint(
                ANSWERS
            ):  # it was cut off after the ledger
                yield Said((), (_reaction(comment, answered[comment.id]),))
            continue
        if not whole and any(one.verb == "promote" for one in heard(comment.body).commands):
            continue
        said = _answer(comment, place, told, now)
        if said is not None:
            told += said.entries
            yield said


def asked_back(story: Sequence[Entry]) -> bool:
    """Whether somebody who may has asked for a rollback since the last merge."""
    asked = False
    for entry in story:
        if entry.event == "merged":
            asked = False
        asked = asked or (entry.event == "commanded" and "rollback" in entry.detail.split())
    return asked


def _answer(comment: Comment, place: Place, story: Sequence[Entry], now: str) -> Said | None:
    """None for what holds no command, and for what is passed over in silence."""
    words = heard(comment.body)
    number = place.thread.number
    acted = tuple(entry.at for entry in story if entry.event == "commanded" and entry.number == number)
    entries: list[Entry] = []
    obeyed: list[str] = []
    answers: list[str] = []
    closing: tuple[CloseChange, ...] = ()
    silent = bool(words.commands) or not words.not_understood
    for command in words.commands:
        ruling = rule(command, comment.author, Asked(True, comment.edited, place.head, acted), now)
        if not ruling.obeyed:
            silent &= not ruling.says
            answers += [ruling.says] * bool(ruling.says)
            continue
        done, refused = _obey(command, comment, place, (*story, *entries), now)
        silent = False
        entries += done
        answers += [refused] * bool(refused)
        obeyed += [command.verb] * (not refused)
        if command.verb == "dismiss" and done:
            closing = (closing_of(done[0]),)
    answers += [f"Line {one.line}: {one.mend}" for one in words.not_understood]
    if silent or (comment.edited and not obeyed):
        return None
    told = entry_of(
        story,
        "commanded",
        now,
        reason=printable(" ".join(answers), 2 * MAX_REASON),
        number=number,
        by=comment.author.id,
        about=comment.id,
        detail=" ".join(obeyed),
    )
    return Said((*entries, told), (_reaction(comment, obeyed),), closing)


def _reaction(comment: Comment, obeyed: Sequence[str]) -> React:
    understood = bool(heard(comment.body).commands)
    return React(comment.id, "+1" if obeyed else "-1" if understood else "confused")


def closing_of(dismissed: Entry) -> CloseChange:
    """The effect of a dismissal."""
    branch = branch_of(dismissed.detector, dismissed.change)
    return CloseChange(dismissed.repository, dismissed.change, branch, f"Dismissed: {markdown(dismissed.reason)}")


def _obey(
    command: Command, comment: Comment, place: Place, story: Sequence[Entry], now: str
) -> tuple[tuple[Entry, ...], str]:
    """The entries that a command means, and why it could not be carried out, "" when it was."""
    by, number = comment.author.id, place.thread.number
    is_open = place.thread.state == "open"
    match command.verb:
        case "approve" if is_open:
            return (entry_of(story, "approved", now, number=number, head=place.head, by=by),), ""
        case "dismiss" if is_open:
            reason = printable(redact(command.argument), MAX_REASON)
            return (entry_of(story, "dismissed", now, reason=reason, number=number, by=by, about=comment.id),), ""
        case "promote" if is_open:
            return _promote(comment, place, story, now)
        case "hold" if is_open:
            entry = entry_of(story, "held", now, number=number, by=by)
            return (() if hold_of(story) else (entry,)), ""
        case "resume" if is_open:
            entry = entry_of(story, "resumed", now, number=number, by=by)
            return ((entry,) if hold_of(story) else ()), ""
        case "rollback":
            why = refusal(_lately(story), story[-1].repository, story[-1].change)
            return (), {"": "", "not-merged": "It is not merged.", "reverted-before": "It was taken back before."}[why]
        case "explain" | "retry":
            return (), ""
    return (), f"It is {place.thread.state}: there is nothing left to {command.verb}."


def _lately(story: Sequence[Entry]) -> Sequence[Entry]:
    """The story since the change was last proposed: each merge can be taken back once."""
    begins = [at for at, entry in enumerate(story) if entry.event == "proposed"]
    return story[begins[-1] :] if begins else story


def _promote(comment: Comment, place: Place, story: Sequence[Entry], now: str) -> tuple[tuple[Entry, ...], str]:
    """An issue becomes a pull, a pull may merge itself: as far as the policy lets a person go, and nobody since."""
    tier: Tier = "autonomous" if place.head else "interactive"
    if place.decision is None:
        return (), GONE
    if TIERS.index(promotable(place.decision)) < TIERS.index(tier):
        against = [one.code for one in place.decision.reasons if TIERS.index(one.allows) < TIERS.index(tier)]
        return (), f"The policy does not allow it here: {', '.join(against)}."
    if TIERS.index(known_tier(story)) >= TIERS.index(tier):
        return (), f"It is {known_tier(story)} already."
    moved = moved_by(story)
    if moved is not None and moved.event == "demoted" and moved.by and when(moved.at) > when(comment.created_at):
        return (), MORE_CAREFUL
    number, by = place.thread.number, comment.author.id
    return (entry_of(story, "promoted", now, tier=tier, number=number, head=place.head, by=by),), ""
