"""A text of ours in, the same text with a mark that nobody sees out; and what a mark tells of a text that comes back.

A mark finds an issue again and tells whether a person has edited it. It is no authority: whose text it is, the
account tells that opened it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

MAX_BODY = 60_000
"""GitHub takes 65,536 characters."""

MAX_TITLE = 250
"""GitHub takes 256 characters."""

CUT = "\n\n*The rest did not fit here.*"
_MARK = re.compile(r"<!-- flywheel:change ([0-9a-f]{1,64})\.([0-9a-f]{1,64}) ([0-9a-f]{16}) -->")
_ENDED = "<!-- flywheel:ended {change} -->"
_SAID = "<!-- flywheel:said {change} -->"


@dataclass(frozen=True, slots=True)
class Mark:
    """Which change a text speaks of, at which revision, and the digest of title and text as we wrote them."""

    change: str
    revision: str
    digest: str


def line(text: str) -> str:
    """A title as GitHub would keep it."""
    return " ".join(plain(text).split())[:MAX_TITLE].rstrip()


def plain(text: str) -> str:
    """A text as GitHub would keep it: no lone surrogates, no NUL, lines that end at a line feed."""
    kept = text.encode("utf-8", "replace").decode().replace("\0", "")
    return kept.replace("\r\n", "\n").replace("\r", "\n")


def marked(title: str, body: str, change: str, revision: str) -> str:
    """The body as it is sent."""
    kept = body.rstrip()
    kept = kept if len(kept) <= MAX_BODY else kept[: MAX_BODY - len(CUT)] + CUT
    return f"{kept}\n\n<!-- flywheel:change {change}.{revision} {_digest(title, kept)} -->"


def mark(body: str | None) -> Mark | None:
    """The mark at the end of a text; None when there is none."""
    found = _MARK.search((body or "")[-300:])
    return Mark(*found.groups()) if found else None


def is_as_we_left_it(title: str, body: str | None) -> bool:
    """Whether nobody has edited title or body since we wrote them. GitHub's editor makes `\\n` into `\\r\\n`."""
    found = mark(body)
    if found is None or body is None:
        return False
    kept = body[: body.rindex("<!-- flywheel:change ")]
    return _digest(title, kept) == found.digest


def farewell(reason: str, change: str) -> str:
    """The comment that says why something is closed."""
    return f"{reason.strip()[:2000] or 'Withdrawn.'}\n\n{_ENDED.format(change=change)}"


def is_farewell(body: str | None, change: str) -> bool:
    """Whether a comment is that one."""
    return _ENDED.format(change=change) in (body or "")[-200:]


def said(text: str, change: str) -> str:
    """The one comment that we keep below a pull or an issue, as it is sent."""
    kept = plain(text).strip()
    kept = kept if len(kept) <= MAX_BODY else kept[: MAX_BODY - len(CUT)] + CUT
    return f"{kept}\n\n{_SAID.format(change=change)}"


def is_said(body: str | None, change: str) -> bool:
    """Whether a comment is that one."""
    return (body or "").rstrip().endswith(_SAID.format(change=change))


def _digest(title: str, body: str) -> str:
    text = f"{title.strip()}\n{body.replace(chr(13), '').strip()}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
