"""Takes the text of a comment and returns the commands in it, and why a line that begins like one is none.

A command is a line `/flywheel <verb> [argument]` of its own, at the left margin, with nothing but other commands before
it in its paragraph. What stands in code, quotes, lists, HTML or comments is somebody else's text and is never obeyed.
Where Markdown leaves doubt, a line is no command.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Literal

import msgspec

from bot.hosting.people import Role

CALL = "/flywheel"
MAX_BODY = 65_536
"""https://docs.github.com/en/rest/issues/comments: GitHub takes no longer ones; a longer one holds no command."""
MAX_LINE = 300
MAX_COMMANDS = 3
UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Unicode categories of what is not shown, or shown elsewhere: control, format (zero-width, bidi, tags), unassigned."""
Argument = Literal["", "sha", "reason"]
Name = Literal["explain", "approve", "dismiss", "promote", "hold", "resume", "rollback", "retry"]


class Verb(msgspec.Struct, frozen=True):
    """One command of the grammar: what it takes, the least role that may give it, and what it does, for people."""

    name: Name
    argument: Argument
    role: Role
    says: str


GRAMMAR: tuple[Verb, ...] = (
    Verb("explain", "", "read", "Say why this was proposed, why it is or is not merged, and with which values."),
    Verb("approve", "sha", "write", "Merge exactly this head once all is green; any later push voids it."),
    Verb("dismiss", "reason", "triage", "Close it and remember the no with its reason, until the failure is back."),
    Verb(
        "promote", "", "write", "An issue: open the pull from its draft. A pull: let it merge itself, if policy allows."
    ),
    Verb("hold", "", "triage", "Leave it exactly as it is; nothing is merged, updated or closed."),
    Verb("resume", "", "write", "End the hold."),
    Verb("rollback", "", "write", "Open the exact inverse of a merged change."),
    Verb("retry", "", "write", "Try again what was stuck."),
)
VERBS = {verb.name: verb for verb in GRAMMAR}


class Command(msgspec.Struct, frozen=True):
    """One command: its verb, its argument (a SHA in lower case, or a reason), and its line, counted from 1."""

    verb: Name
    argument: str
    line: int


class NotUnderstood(msgspec.Struct, frozen=True):
    """A line at the left margin that begins like a command and is none, with a code and the mend."""

    line: int
    code: Literal["unknown-verb", "argument", "characters", "too-long", "too-many", "not-its-own", "in-html"]
    mend: str


class Heard(msgspec.Struct, frozen=True):
    """All that a comment says to us."""

    commands: tuple[Command, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()


def heard(body: str) -> Heard:
    """The commands of a comment as it was created. Takes time in proportion to the text, which is bounded."""
    if len(body) > MAX_BODY or CALL not in body:
        return Heard()
    commands: list[Command] = []
    odd: list[NotUnderstood] = []
    for number, line, doubt in _calls(re.split(r"\r\n|\n|\r", body)):
        read = NotUnderstood(number, *doubt) if doubt else _read(number, line)
        if isinstance(read, Command) and len(commands) == MAX_COMMANDS:
            read = NotUnderstood(number, "too-many", f"Write at most {MAX_COMMANDS} commands in a comment.")
        if isinstance(read, Command):
            commands.append(read)
        elif len(odd) < MAX_COMMANDS:
            odd.append(read)
    return Heard(tuple(commands), tuple(odd))


# --- where a command may stand ----------------------------------------------------------------------------------------

MAX_SCANNED = 2_000
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
VOID = frozenset({"br", "hr", "img", "input", "wbr", "source", "col"})
HTML_LINE = re.compile(r" {0,3}<[a-zA-Z/!?]")
REPLY = re.compile(r"-{2,} ?(?:original message|forwarded message)|_{10,}|-- $", re.IGNORECASE)
Doubt = tuple[Literal["not-its-own", "in-html"], str]
NOT_ITS_OWN: Doubt = ("not-its-own", "Put a blank line before it: it stands in another paragraph.")
IN_HTML: Doubt = ("in-html", "Put it before any HTML, or close the tag.")


def _calls(lines: list[str]) -> Iterator[tuple[int, str, Doubt | None]]:
    """The lines that begin like a command outside of fences and comments, with what speaks against each.

    What follows the head of an e-mail that was answered is not read.
    """
    fence = ""
    commented = html = False
    free = True
    open_tags: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        if fence:
            fence = "" if _closes(line, fence) else fence
            free = not fence
        elif commented:
            commented, free = "-->" not in line or _opens_comment(line), False
        elif not line.strip(" \t"):
            free, html = True, False
        elif REPLY.match(line) or line.rstrip().endswith("wrote:"):
            return
        elif line == CALL or line.startswith((f"{CALL} ", f"{CALL}\t")):
            inside = html or +open_tags
            yield number, line, IN_HTML if inside else None if free else NOT_ITS_OWN
        else:
            html, free = html or HTML_LINE.match(line) is not None, False
            fence, commented = "" if html else _fence(line), _opens_comment(line)
            if not fence:
                _count(open_tags, line)


def _fence(line: str) -> str:
    """The fence that opens on the line, "" if none (https://spec.commonmark.org/0.31.2/#fenced-code-blocks)."""
    bare = line.lstrip(" ")
    for mark in "`~":
        run = len(bare) - len(bare.lstrip(mark))
        if run >= 3 and len(line) - len(bare) < 4 and (mark == "~" or mark not in bare[run:]):
            return mark * run
    return ""


def _closes(line: str, fence: str) -> bool:
    """A fence of the same kind, as long or longer, alone on its line."""
    bare = line.strip(" \t")
    return len(line) - len(line.lstrip(" ")) < 4 and len(bare) >= len(fence) and bare == fence[0] * len(bare)


def _opens_comment(line: str) -> bool:
    """Whether a comment opens on the line and does not close there."""
    return line.rfind("<!--") > line.rfind("-->")


def _count(open_tags: Counter[str], line: str) -> None:
    """Count the tags that a line opens and closes. What is unclear opens: a processing instruction, a very long line.

    A closing tag in a comment or in code closes nothing.
    """
    bare = line.lstrip(" ")
    if bare.startswith("<?") or (bare.startswith("<!") and not bare.startswith("<!--")):
        open_tags["!"] += 1
    if len(line) > MAX_SCANNED and "<" in line:
        open_tags["!"] += 1
    for closing, name in TAG.findall(line[:MAX_SCANNED]):
        tag = name.casefold()
        if not closing and tag not in VOID:
            open_tags[tag] += 1
        if closing and open_tags[tag] and "`" not in line and "<!--" not in line:
            open_tags[tag] -= 1


# --- what it says -----------------------------------------------------------------------------------------------------


def _read(number: int, line: str) -> Command | NotUnderstood:
    """The command of one line, or what is wrong with it."""
    if len(line) > MAX_LINE:
        return NotUnderstood(number, "too-long", f"A command has at most {MAX_LINE} characters.")
    if any(unicodedata.category(letter) in UNSEEN for letter in line if letter != "\t"):
        return NotUnderstood(number, "characters", "Type it by hand: it holds characters that nobody can see.")
    word, rest = [*line[len(CALL) :].split(maxsplit=1), "", ""][:2]
    verb = next((verb for verb in GRAMMAR if verb.name == word), None)
    if verb is None:
        return NotUnderstood(number, "unknown-verb", f"Write one of: {', '.join(VERBS)}.")
    argument = " ".join(rest.split())
    if verb.argument == "sha":
        argument = argument.lower()
    wrong = {
        "": bool(argument),
        "sha": re.fullmatch("[0-9a-f]{4,64}", argument) is None,
        "reason": not any(letter.isalnum() for letter in argument),
    }
    if wrong[verb.argument]:
        return NotUnderstood(number, "argument", f"Write `{usage(verb)}`.")
    return Command(verb.name, argument, number)


def usage(verb: Verb) -> str:
    """How a command is written."""
    return f"{CALL} {verb.name}" + (f" <{verb.argument}>" if verb.argument else "")


def help_page() -> str:
    """The grammar as a Markdown table; docs/approval.md holds it word for word."""
    rows = [f"| `{usage(verb)}` | {verb.role} | {verb.says} |" for verb in GRAMMAR]
    return "\n".join(["| command | least role | what it does |", "|---|---|---|", *rows]) + "\n"
