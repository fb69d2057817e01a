"""A merged change and why it is taken back in; title, text and commit message of the pull or issue that does it out."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import Edit, Entry
from bot.pages import diff
from bot.pages.escape import code, fenced, markdown, plain, printable

MAX_LISTED = 10
WHY = {
    "failures": "runs have failed more often since it was merged",
    "pattern": "what it was against has become more frequent since it was merged",
    "asked": "a person asked for it",
}
"""Why, by the reason that the ledger gives."""


def title(merged: Entry) -> str:
    """The title of the pull."""
    return plain(f"Take back {merged.detector}{f' of pull {merged.number}' if merged.number else ''}", 120)


def message(merged: Entry, revision: str, change: str, tier: str, why: str) -> str:
    """The commit message, with the trailers of design.md §4."""
    subject = plain(f"Take back the change against {merged.detector}", 72)
    told = f"It was merged on {merged.at[:10]}; {WHY.get(why, why)}."
    trailers = {
        "Flywheel-Change": f"{change}.{revision}",
        "Flywheel-Detector": merged.detector,
        "Flywheel-Tier": tier,
        "Flywheel-Inverse-Of": f"{merged.change}.{merged.revision}",
    }
    return "\n".join(
        [subject, "", plain(told), "", *(f"{key}: {printable(value)}" for key, value in trailers.items()), ""]
    )


def body(merged: Entry, edits: Sequence[Edit], why: str, seen: str, *, exact: bool) -> str:
    """The text of the pull: what is undone, why, and how exactly."""
    back = "It restores every file byte for byte." if exact else "The files have moved on: it is merged by lines."
    lines = [
        f"This takes back {_change(merged)}: {markdown(WHY.get(why, why))}.",
        "",
        *([f"What was seen: {markdown(seen, 600)}.", ""] if seen else []),
        back,
        "",
        *(f"- {code(edit.path)}" for edit in sorted(edits, key=lambda one: one.path)[:MAX_LISTED]),
        "",
        "Close it to keep the change as it is: it is taken back only once, and a revert never.",
        "",
        f"`Flywheel-Inverse-Of: {merged.change}.{merged.revision}`",
    ]
    return "\n".join(lines) + "\n"


def conflict(merged: Entry, conflicts: Sequence[str], edits: Sequence[Edit], why: str) -> str:
    """The text of the issue for what cannot be taken back without a person."""
    lines = [
        f"It is time to take back {_change(merged)}: {markdown(WHY.get(why, why))}.",
        "",
        "Somebody has changed the same lines since, so a person has to do it. Nothing was forced.",
        "",
        *(f"- {code(path)}" for path in conflicts[:MAX_LISTED]),
        "",
        "What it had changed:",
        "",
        fenced(diff.patch(tuple(edits)), "diff"),
        "",
        "Close this issue as completed when it is done, or as not planned to keep the change.",
    ]
    return "\n".join(lines) + "\n"


def _change(merged: Entry) -> str:
    named = code(f"{merged.change}.{merged.revision}")
    return f"the change against **{markdown(merged.detector)}** ({named}), merged on {merged.at[:10]}"
