"""What is said below a pull or an issue when it ends, and who ended it."""

from __future__ import annotations

from bot.forge.fits import RefusedError
from bot.forge.github import marks
from bot.forge.github.answers import Comment, Issue, Pull
from bot.forge.github.client import Writer
from bot.forge.github.place import Place

REMEMBERED = "A person closed {url}. That is remembered as a no; reopen it to go on."


def farewell(place: Place, writer: Writer, number: int, change: str, reason: str) -> None:
    """Say once why it is closed. Said before it is closed: what was closed without a word is a person's no."""
    path = f"{place.path}/issues/{number}/comments"
    account = place.home().account
    said = place.reader.pages(path, Comment)
    if not any(is_by(one, account) and marks.is_farewell(one.body, change) for one in said):
        writer.call("POST", path, body={"body": marks.farewell(marks.plain(reason), change)})


def check_not_dismissed(place: Place, number: int, url: str) -> None:
    """RefusedError when it was not us who closed it."""
    closed = place.reader.get(f"{place.path}/issues/{number}", Issue).closed_by
    if closed is None or closed.id != place.home().account:
        raise RefusedError(REMEMBERED.format(url=url))


def is_by(one: Pull | Issue | Comment, account: int) -> bool:
    """Whether this account wrote it."""
    return one.user is not None and one.user.id == account


def lines(text: str | None) -> str:
    """A text as we sent it; GitHub's editor makes `\\n` into `\\r\\n`."""
    return (text or "").replace("\r\n", "\n")
