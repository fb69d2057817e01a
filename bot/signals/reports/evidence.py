"""Lines of a failed log go in, the one that tells most about the cause comes out, with what identifies it.

A rule id beats a test id beats a compiler's or an exception's message beats a summary: generic lines (`Found 3 errors`)
merge different failures when they become keys (research/ci.md §4.3). Patterns are anchored and see one line at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["rule", "test", "message", "summary"]

KEYWORDS = (
    *("error", "fail", "exception", "fatal", "panic", "traceback", "cannot", "could not", "unable to", "undefined"),
    *("not found", "no such", "denied", "invalid", "unexpected", "assert", "killed", "abort", "timeout", "timed out"),
    *("not ok", "✖", "✗", "✘"),
)
"""What a line says when something went wrong, in small letters. Look for it in masked text: there no path answers."""

_KEYWORD = re.compile("|".join(map(re.escape, KEYWORDS)))
_NO_FAILURE = re.compile(
    r"(?i)\b(?:0|no) (?:errors?|failures?|failed|failing)\b|\b(?:errors?|fail(?:ures?|ed)?)\W{1,3}0\b"
)

_LOW_LEVEL = re.compile(
    r"^(?:\S{1,40} ){0,3}?(?:\[(?:INFO|DEBUG|TRACE|info|debug|trace|notice)\]|(?:INFO|DEBUG|TRACE)\b)"
    r"|^##\[(?:debug|notice|command|section|group|endgroup)\]|^\[command\]|^npm (?:info|http|notice|verb)\b"
)
_LEVEL = re.compile(r"^.{0,120}\blevel=(?:info|debug)\b")
_PROGRESS = re.compile(
    r"^\s{0,20}(?:Downloading|Downloaded|Fetching|Progress|Receiving objects|Resolving|Unpacking|Extracting|Collecting"
    r"|Pulling|Get:\d|Hit:\d|remote: (?:Counting|Compressing|Enumerating)|Requirement already|Installing|Setting up)\b"
)
_RATE = re.compile(r"\d% ?(?:[|\[(]|of\b|complete|done)|\d ?[kKMG]i?B/s\b")
_VERDICT = re.compile(
    r"^(?:##\[error\])?(?:Process completed with exit code|BUILD FAIL|Finished: |FAILURE: Build failed with an exc"
    r"|\* (?:What went wrong|Try|Get more help|Where)\b|> Run with --|> Get more help at|\d+ actionable tasks?:"
    r"|Sending e-mails to: |Done\. Your build exited|The command .{0,300} exited with [1-9]|[-=_*#]{8,}\s*$)"
)
_ADVICE = re.compile(
    r"^\[ERROR\]\s*(?:$|-> \[Help|\[Help \d|To see the full|Re-run Maven|For more information|After correcting|mvn <)"
)
"""What Maven marks as an error and is none: part of an excerpt, never its evidence."""

_CONTINUES = re.compile(r"^\s{0,40}(?:at \S|\.\.\. \d+ (?:more|common)|Caused by:|File \"|Suppressed: )|^\[ERROR\]")


def bare(text: str) -> str:
    """A line without the mark that the runner or the tool set in front of its message."""
    return _PREFIX.sub("", text)


def continues(text: str) -> bool:
    """A line that carries on the message before it: a stack frame, or one more line that the tool marks as an error."""
    return _CONTINUES.match(text) is not None


def says_nothing(text: str) -> bool:
    """A line that is no evidence: the tool itself calls it information, it reports progress, or it says only that
    something failed and never why.
    """
    if _LOW_LEVEL.match(text) or _VERDICT.match(text) or _PROGRESS.match(text):
        return True
    if "level=" in text and _LEVEL.match(text):
        return True
    return ("%" in text or "B/s" in text) and _RATE.search(text) is not None


def names_failure(text: str) -> bool:
    """Whether one of the keywords stands in a text."""
    return _KEYWORD.search(text.lower()) is not None


def naming(texts: Sequence[str]) -> list[int]:
    """The indexes of the texts that `names_failure`; one search of all is four times as fast as one of each."""
    whole = "\n".join(texts).lower()
    found: list[int] = []
    start = index = 0
    while match := _KEYWORD.search(whole, start):
        index += whole.count("\n", start, match.start())
        found.append(index)
        if not (start := whole.find("\n", match.end()) + 1):
            break
        index += 1
    return found


def alarms(text: str, masked: str) -> bool:
    """A line that names a failure, also after its paths and its counts of zero are set aside."""
    if not names_failure(masked):
        return False
    if "0" not in text and "no " not in text.lower():
        return True
    return _NO_FAILURE.search(text) is None or names_failure(_NO_FAILURE.sub("", text))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A telling line: its index in the log, what kind of sign it bears, and that sign (a rule id, a test id, …)."""

    index: int
    kind: Kind
    sign: str


_PREFIX = re.compile(r"^(?:##\[error\])?\s{0,12}(?:\[(?:ERROR|[a-z][a-z:.-]{1,30})\]\s{1,12}|E {2,12})?")
"""What stands before a message: the runner's or the tool's mark of an error, ant's task, pytest's margin."""


_RULE = re.compile(
    r"\berror:? (TS\d{3,5})\b|\berror\[(E\d{4})\]"
    r"|\b(?:error|warning):? ((?:C|CS|FS|BC|LNK|MSB|NU|NETSDK|CA|SA|IDE|RS|VB|MC)\d{3,5}):"
    r"|^\S{1,300}?:\d+(?::\d+)?:? \[?([A-Z]{1,4}\d{2,4})\b|\b(MD\d{3})/|\b(SC\d{4})\b"
    r"|\berror: .{0,1500}\[([a-z][a-z-]{2,40})\]$|\berror: .{0,1500}\((report\w{3,60})\)$"
    r"|^\d+:\d+\s+error\s.{0,1500}\s(@?[a-z][\w/-]{2,60})$|^\S{1,300}\.go:\d+:\d+: .{0,1500}\((\w{2,30})\)$"
    r"|^- hook id: (\S{1,80})|\[-Werror[,=](-?W?[\w=-]{2,60})\]"
    r"|code (E(?!CONN|TIMEDOUT|NOTFOUND|AI_AGAIN|NOSPC|NETUNREACH)[A-Z]{4,20})$"
)
_TEST = re.compile(
    r"^(?:FAILED|ERROR) (\S{1,400}\.py(?:::[^\s-]\S{0,400})?)|^--- FAIL: (\S{1,400})|^test (\S{1,400}) \.\.\. FAILED"
    r"|^\[  FAILED  \] ([^\s,]{1,400})|^● (.{1,400})|^(?:FAIL|ERROR): (\w{1,200} \([\w.]{1,300}\))"
    r"|^(\S.{0,300} > .{1,300}) FAILED$|^not ok \d+ (?:- )?(.{1,400})|^\d+\) (\[[\w ]{1,60}\] › .{1,400})"
    r"|^\[gw\d+\] \[ *\d+%\] FAILED (\S{1,400})|^Testcase: (\S{1,400}):\s(?:FAILED|Caused an ERROR)"
    r"|^rspec (\./\S{1,300})|^\d+ - (\S{1,300}) \(Failed\)|^(?:FAIL|✕|✖|×|✗) (\S.{0,400})"
    r"|^((?:\w{1,80}\.){0,12}\w{1,80}[.(]\S{1,300}).{0,300}<<< (?:FAILURE|ERROR)!"
    r"|^((?:\w{1,80}\.){0,12}\w{0,80}Tests?\.\w{1,200}):\d+\b"
)
_MESSAGE = re.compile(
    r"^(?:Caused by: |Exception in thread \S{1,80} |Uncaught )?"
    r"((?:[\w$]{1,80}\.){0,12}[\w$]{0,80}(?:Error|Exception|Failure|Fault|Interrupt|Exit))(?::|$)"
    r"|^\S{1,300}?[:(]\d+(?:[:,]\d+)?\)?: ((?:fatal )?error)\b|^\S{1,300}:\[\d+,\d+\] (\S.{0,300})"
    r"|^(panic): |^thread '.{1,200}' (panicked)\b|^(fatal|error|Error|ERROR|FATAL|E): \S|\b(error): \S"
    r"|(undefined reference|command not found|No space left on device)|^> (?:Task )?(\S{1,200}) FAILED$"
    r"|^(Failed to execute goal)|(npm ERR!) code|\bstderr: (fatal): |^(make)(?:\[\d+\])?: \*\*\* "
)
_LOCATED = re.compile(r"\.\w{1,10}(?::|\(|:\[)\d+(?:[:,]\d+)?[\])]?:? (?:(?:fatal )?error\b|\w)")
_TIERS: tuple[tuple[Kind, re.Pattern[str], re.Pattern[str]], ...] = (
    ("rule", re.compile(r"error|warning|:\d|MD\d|SC\d|- hook id|code E"), _RULE),
    ("test", re.compile(r"FAIL|ERROR|● |not ok|✕|✖|×|✗|\) \[|rspec|Failed|Testcase|Test\.|Tests\."), _TEST),
    (
        "message",
        re.compile(
            r"rror|xception|ailure|Fault|Interrupt|Exit|atal|ERROR|FATAL|E: |panic|undefined|command not|No space"
            r"|FAILED|Failed to|npm ERR|make|:\[\d"
        ),
        _MESSAGE,
    ),
)
"""The kinds of sign, the best first: what stands in every line that bears one (cheap to look for), and the sign."""


def pick(texts: Sequence[str], candidates: Iterable[int]) -> Evidence | None:
    """The first line of the best tier among `candidates` (indexes into `texts`), None when there are none.

    Of lines that bear no sign the last that names a failure: what comes last is nearest to the end of the step.
    """
    indexes = [index for index in candidates if texts[index].strip()]
    idle = {text for text in {texts[index] for index in indexes} if says_nothing(text) or _ADVICE.match(text)}
    telling = [index for index in indexes if texts[index] not in idle]
    first = {texts[index]: index for index in reversed(telling)}
    stripped = [(index, _PREFIX.sub("", texts[index]).strip()) for index in sorted(first.values())]
    for kind, hint, pattern in _TIERS:
        for index, text in stripped:
            if hint.search(text) and (match := pattern.search(text)):
                return Evidence(index, kind, next(group for group in match.groups() if group))
    for pool in (telling, indexes):
        for index in reversed(pool):
            if alarms(texts[index], texts[index]):
                return Evidence(index, "summary", "")
    return Evidence(indexes[-1], "summary", "") if indexes else None


def is_own_doing(kind: Kind, sign: str, text: str) -> bool:
    """Evidence of the change itself (a rule, a test, an assertion, an error at a line of source): a network error
    beside it is somebody's test output.
    """
    return kind in ("rule", "test") or (kind == "message" and ("Assert" in sign or _LOCATED.search(text) is not None))
