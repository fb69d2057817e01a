"""How a change stands in, its one comment and its check run out: what was done and why, why it is not merged, how to
stop it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from bot.model import Decision, Entry, Tier
from bot.pages import story as telling
from bot.pages.escape import markdown

MAX_LINES = 40
MAX_SUMMARY = 60_000
"""GitHub takes 65,535 characters of a check run's summary."""

NEXT = {
    "autonomous": "It merges itself when everything below holds, is watched then, and is taken back on alarm.",
    "interactive": "A person merges it, or leaves it.",
    "backlog": "It waits here with a ready draft; `/flywheel promote` opens the pull.",
}
STOP = "To stop it: the label `flywheel:hold`, `/flywheel hold`, or close it with `/flywheel dismiss <reason>`."
OBSTACLES = {
    "not-in-ledger": "The ledger does not know it",
    "not-our-author": "It is not by this App",
    "marker": "Its title or text is not as it was judged",
    "commits": "It holds commits that are not ours",
    "diff": "Its difference is not the one that was judged",
    "tier": "It may not merge itself",
    "head-moved": "The head has moved",
    "base-moved": "The base is another one",
    "same-head": "Another open pull has the same head",
    "switch": "A switch is thrown",
    "held": "It is held",
    "changes-requested": "Changes were asked for",
    "one-at-a-time": "Another merge into this base is on its way",
    "unprotected": "The base is not protected",
    "queue": "Whether there is a merge queue is unknown",
    "mergeable": "It cannot be merged as it is",
    "auto-merge-off": "The repository does not allow auto-merge",
    "check-failed": "A check failed",
    "no-real-check": "No required check but ours has looked",
    "check-pending": "A required check has not ended",
    "check-too-fast": "The required checks ended too fast to be believed",
    "canary": "Another repository goes first",
}


class Obstacle(Protocol):
    """One reason why it does not merge now (bot/approval/merging.py)."""

    @property
    def code(self) -> str:
        """A key of OBSTACLES."""

    @property
    def seen(self) -> str:
        """The value that was seen."""


class Charts(Protocol):
    """How a watch stands (bot/approval/watch.py)."""

    @property
    def seen(self) -> int:
        """Runs since the merge, and of those:"""

    @property
    def failed(self) -> int:
        """How many failed."""

    @property
    def recurred(self) -> int:
        """How many showed the pattern."""

    @property
    def failing(self) -> float:
        """The height of the chart of failures."""

    @property
    def recurring(self) -> float:
        """And of the pattern's."""

    @property
    def fell(self) -> bool | None:
        """Whether the pattern fell."""

    @property
    def alarm(self) -> str:
        """Which chart alarmed."""


class Shown(NamedTuple):
    """What stands now: the tier, its decision, what speaks against a merge, the watch; None or () without one."""

    tier: Tier
    decision: Decision | None = None
    obstacles: Sequence[Obstacle] = ()
    watch: Charts | None = None
    is_open: bool = True


def comment(story: Sequence[Entry], shown: Shown) -> str:
    """The one comment: the state, what was done and why, how to stop it."""
    lines = [f"**{_state(story, shown)}**", ""]
    if shown.is_open:
        lines += [f"{NEXT[shown.tier]} {STOP}", ""]
    if shown.is_open and shown.obstacles:
        lines += ["Why it is not merged:", "", *_table(shown.obstacles), ""]
    if shown.watch is not None:
        lines += [watching(shown.watch), ""]
    told = list(telling.told(story))
    if len(told) > MAX_LINES:
        lines += [f"{len(told) - MAX_LINES} earlier lines are in the ledger.", ""]
    lines += [f"- {markdown(at[:16].replace('T', ' '))} · {markdown(said, 600)}" for at, said in told[-MAX_LINES:]]
    return "\n".join(lines).rstrip() + "\n"


class Check(NamedTuple):
    """A check run: it informs, it is never required, so it neither fails nor blocks."""

    conclusion: Literal["success", "neutral"]
    title: str
    summary: str


def check(shown: Shown, questions: Mapping[str, str]) -> Check:
    """The table of everything that was asked, with the values seen, and of what speaks against a merge.

    `questions` has what each reason code asks (bot/approval/judge.py).
    """
    lines: list[str] = []
    if shown.decision is not None:
        lines += ["### Why this tier", "", "| asked | allows at most | seen |", "|---|---|---|"]
        for reason in shown.decision.reasons:
            asked = questions.get(reason.code, "")
            lines.append(f"| {markdown(f'{reason.code}: {asked}')} | {reason.allows} | {markdown(reason.seen)} |")
        lines.append("")
    if shown.obstacles:
        lines += ["### Why it is not merged", "", *_table(shown.obstacles), ""]
    clear = shown.tier == "autonomous" and not shown.obstacles
    title = f"{shown.tier}: {'nothing speaks against it' if clear else NEXT[shown.tier]}"
    if shown.obstacles:
        title = f"{shown.tier}, not merged: {', '.join(one.code for one in shown.obstacles)}"
    return Check("success" if clear else "neutral", title[:200], "\n".join(lines)[:MAX_SUMMARY] or NEXT[shown.tier])


def watching(watch: Charts) -> str:
    """The charts of a watch in a sentence."""
    fell = {True: "the pattern fell", False: "the pattern did not fall", None: "whether the pattern fell is open"}
    alarm = f"; alarm: {watch.alarm}" if watch.alarm else ""
    return (
        f"Watched over {watch.seen} runs since: {watch.failed} failed, {watch.recurred} showed the pattern; "
        f"failure chart at {watch.failing:.1f}, pattern chart at {watch.recurring:.1f}, {fell[watch.fell]}{alarm}."
    )


def _state(story: Sequence[Entry], shown: Shown) -> str:
    held = next((entry.event for entry in reversed(story) if entry.event in ("held", "resumed")), "") == "held"
    if shown.is_open:
        return f"{shown.tier}{', held' if held else ''}"
    return next((markdown(said) for _, said in reversed(list(telling.told(story)))), shown.tier)


def _table(obstacles: Sequence[Obstacle]) -> list[str]:
    rows = [
        f"| {markdown(one.code)} | {OBSTACLES.get(one.code, one.code)} | {markdown(one.seen)} |" for one in obstacles
    ]
    return ["| code | | seen |", "|---|---|---|", *rows]
