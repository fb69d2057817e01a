"""Takes an agent's messages, calls and answers in file order; gives the steps of a Trace."""

from __future__ import annotations

import re
import sys

import msgspec

from bot.model import Call, CallStatus, Check, Origin, Step
from bot.signals.check import read_check
from bot.signals.mask import mask_digits
from bot.signals.transcripts.seen import Seen
from bot.signals.transcripts.tools import Use, quote

ERROR_CAP = 200
TEXT_CAP = 4_000

_SAYS_NOTHING = re.compile(
    r"(?:Process exited with code|Exit code:?|Chunk ID:|Wall time:|Output:|Command:|Original token|Total output lines|"
    r"Warning: truncated|\s*[✔✓√]|ok\b|PASS\b|--- PASS)",
    re.I,
)
_TELLING = (
    "error", "exception", "failed", "failure", "fatal", "not found", "no such file", "denied", "cannot", "can't",
    "unable", "invalid", "timed out",
)  # fmt: skip
_TAGS = re.compile(r"</?[a-z_]{1,30}>")


class Pending(msgspec.Struct):
    """A call whose answer is awaited: what it is, and where it stands."""

    name: str
    use: Use
    start: int
    end: int
    quote: str
    step: Draft
    place: int


class Draft(msgspec.Struct):
    """A step as it grows."""

    start: int
    end: int
    quote: str
    origin: Origin
    mute: bool = False
    calls: list[Call | Pending] = []


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came back: its record's byte range, what it says, how it ended."""

    start: int
    end: int
    status: CallStatus
    output: str = ""
    exit_code: int | None = None
    timed_out: bool = False
    duration_ms: int | None = None
    created: bool = False
    fallback: str = ""
    plain: bool = False


class Assembly:
    """The growing steps of one run. A call id is counted once, whatever the file repeats."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.pending: dict[str, Pending] = {}
        self._seen = Seen()

    def step(self, start: int, end: int, said: str, fallback: str, origin: Origin = "main") -> Draft:
        """Begin a step. Where its first record says nothing, `fallback` is quoted until a record does."""
        draft = Draft(start, end, said or fallback, origin, not said)
        self.drafts.append(draft)
        return draft

    def speak(self, step: Draft, start: int, end: int, said: str) -> None:
        """A further record of a step: it is cited when those before it said nothing (encrypted thoughts)."""
        if step.mute and said:
            step.start, step.end, step.quote, step.mute = start, end, said, False

    def call(
        self, step: Draft, call_id: str, name: str, use: Use, start: int, end: int, said: str, key: object = ""
    ) -> bool:
        """Add a call to a step; False when the same call was seen before: the same id, and the same `key` if given."""
        known = len(self._seen)
        if self._seen.place((call_id, name, key)) < known and call_id:
            return False
        pending = Pending(sys.intern(name[:200]), use, start, end, said, step, len(step.calls))
        if step.calls:
            step.calls.append(pending)
        else:  # most steps make one call: a list of one takes less than one that was appended to
            step.calls = [pending]
        if call_id in self.pending:
            self.pending[f"#{len(self._seen)}"] = self.pending.pop(call_id)
        self.pending[call_id or f"#{start}.{pending.place}"] = pending
        return True

    def answer(self, call_id: str, answer: Answer) -> bool:
        """Give a call its answer; False when no such call waits (answered before, or never made)."""
        pending = self.pending.pop(call_id, None)
        if pending is None:
            return False
        pending.step.calls[pending.place] = _answered(pending, answer)
        return True

    def steps(self) -> tuple[Step, ...]:
        """All steps; calls still waiting are `missing`. Ends the assembly."""
        for place, draft in enumerate(self.drafts):
            calls = tuple(_missing(call) if isinstance(call, Pending) else call for call in draft.calls)
            self.drafts[place] = Step(draft.start, draft.end, draft.quote, calls, draft.origin)  # type: ignore[call-overload]
        return tuple(self.drafts)  # type: ignore[arg-type]


def _missing(pending: Pending) -> Call:
    use = pending.use
    return Call(
        pending.name, use.kind, "missing", use.command, use.paths, use.creates,
        start=pending.start, end=pending.end, quote=pending.quote,
    )  # fmt: skip


def _answered(pending: Pending, answer: Answer) -> Call:
    use = pending.use
    check = _check(use, answer)
    telling = telling_line(answer.output) if answer.status == "error" else ""
    said = quote(telling, answer.plain) or quote(answer.output, answer.plain) or answer.fallback
    return Call(
        name=pending.name,
        kind=use.kind,
        status=answer.status,
        command=use.command,
        paths=use.paths,
        creates=use.paths if answer.created else use.creates,
        exit_code=answer.exit_code,
        error=sys.intern(mask_digits(_TAGS.sub("", telling).strip())[:ERROR_CAP]) if telling else "",
        timed_out=answer.timed_out,
        check=check,
        duration_ms=answer.duration_ms,
        start=answer.start,
        end=answer.end,
        quote=said,
    )


def _check(use: Use, answer: Answer) -> Check | None:
    if use.kind != "shell" or answer.status in ("rejected", "aborted"):
        return None
    check = read_check(use.command, answer.output, answer.exit_code)
    return Check("none") if check and answer.timed_out else check


def telling_line(output: str) -> str:
    """The line of a failed call's output that says most: the last `…Error:` of a traceback, else the first line
    that speaks of an error, else the first line. At most 400 characters, as they stand."""
    lines = [line[:400].strip() for line in _ends(output).split("\n")]
    lines = [line for line in lines if _TAGS.sub("", line).strip() and not _SAYS_NOTHING.match(_TAGS.sub("", line))]
    if not lines:
        return ""
    if any(line.startswith("Traceback (most recent call last)") for line in lines):
        raised = [line for line in lines if re.match(r"[\w.]{1,80}(?:Error|Exception)\b", line)]
        if raised:
            return raised[-1]
    return next((line for line in lines if _tells(line.lower())), lines[0])


def _tells(line: str) -> bool:
    return any(word in line for word in _TELLING)


def _ends(output: str) -> str:
    return output if len(output) <= 8_000 else f"{output[:4_000]}\n{output[-4_000:]}"
