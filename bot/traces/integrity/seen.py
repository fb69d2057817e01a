"""What every kind of integrity signal is given, and what it answers with."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bot.model import Call, Episode, Pin, Source
from bot.traces.integrity.commands import Simple, simple_commands
from bot.traces.integrity.rewrites import Rewrite, Sources


class Seen(msgspec.Struct, frozen=True):
    """An episode with the edits of its tests, of what verifies it, and of its source; all successful ones, in order.

    `origin` are the files that the edits were read from, to which `Rewrite.source` points.
    """

    episode: Episode
    sources: Sources
    origin: tuple[Source, ...] = ()
    tests: tuple[Rewrite, ...] = ()
    verifiers: tuple[Rewrite, ...] = ()
    code: tuple[Rewrite, ...] = ()

    @property
    def asked(self) -> str:
        """What the agent was asked, in small letters."""
        return self.episode.trace.prompt.lower() if self.episode.trace else ""


class Hit(msgspec.Struct, frozen=True):
    """One place that looks like cheating: the step (0 when only the diff shows it), what was seen, a citation."""

    step: int
    detail: str
    pin: Pin | None = None


class Ran(msgspec.Struct, frozen=True):
    """A shell command that an agent ran: its step, the call, its simple commands."""

    step: int
    call: Call
    parts: tuple[Simple, ...]


def shell(episode: Episode) -> Iterator[Ran]:
    """The shell commands that ran, in order; what a person refused did not."""
    for number, step in enumerate(episode.trace.steps if episode.trace else (), 1):
        for call in step.calls:
            if call.kind == "shell" and call.command and call.status not in ("rejected", "missing"):
                yield Ran(number, call, simple_commands(call.command))
