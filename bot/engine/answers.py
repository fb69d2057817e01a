"""A handler and work in, its answer out, also where it raised; and the one line of why that may be kept and shown."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import msgspec

from bot.engine.work import Answer, Failed, Handler, Work
from bot.errors import UserError

BACKOFF_SECONDS = (30.0, 120.0, 480.0, 1920.0)
"""How long what raised waits until it is tried again; after the last of them it is a dead letter."""
MAX_REASON = 500


class Again(msgspec.Struct, frozen=True):
    """It raised: to be tried again at `until` (seconds since 1970), counted as an attempt."""

    until: float
    reason: str


def handled(handler: Handler, work: Work, now: Callable[[], float]) -> Answer | Again:
    """What the handler says to this work. Never raises."""
    try:
        answer: object = handler(work)
        if isinstance(answer, Answer):
            return answer
        raise TypeError(type(answer).__name__)
    except UserError as error:
        return Failed(str(error))
    except BaseException as error:  # NOTE: the door. Whatever it is, it is this work's alone; no thread ends by it.
        reason = where(error)
    if work.attempts > len(BACKOFF_SECONDS):
        return Failed(f"{reason}, {work.attempts} times")
    return Again(now() + BACKOFF_SECONDS[work.attempts - 1], reason)


def where(error: BaseException) -> str:
    """The kind of an error and where it arose: its words may quote what nobody may read."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {frames[-1].name}:{frames[-1].lineno}" if frames else type(error).__name__


def line(text: str, redact: Callable[[str], str]) -> str:
    """A reason fit to be kept: redacted, on one line, without anything that moves a cursor, of bounded length."""
    shown = redact(text[: MAX_REASON * 20])
    return " ".join("".join(letter if letter.isprintable() else " " for letter in shown).split())[:MAX_REASON]
