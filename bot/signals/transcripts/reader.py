"""Takes the lines of a transcript; gives its records to the format that knows them, and at the end the Trace.

This is what every format of JSON lines has in common: the ladder from the quick way down to salvage, what is known of
the whole run, and what is told of losses. A format is a subclass that says what one record means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

import msgspec

from bot.model import Agent, EndReason, Origin, Tokens, Trace, replace
from bot.signals.transcripts.assemble import Assembly, Draft
from bot.signals.transcripts.fit import fitted
from bot.signals.transcripts.lines import BROKEN, Lines
from bot.signals.transcripts.salvage import salvage_line

R = TypeVar("R", bound=msgspec.Struct)


class Reader(Generic[R]):
    """Takes records in file order; `trace` ends it. `name` is the format's, `agent` who wrote it."""

    KIND: type[R]
    """The struct of one record; unknown fields of it are passed over undecoded."""
    DECODER: msgspec.json.Decoder[R]
    STARTS: ClassVar[Sequence[str]]
    """The texts with which a record begins, for salvage."""

    def __init__(self, lines: Lines, name: str, agent: str) -> None:
        self.lines = lines
        self.name = name
        self.assembly = Assembly()
        self.step: Draft | None = None
        """The step that is growing, in formats that do not name the message a record belongs to."""
        self.agent = Agent(agent)
        self.session = self.cwd = self.branch = self.started = self.ended = self.prompt = self.final = ""
        self.tokens = Tokens()
        self.cost_usd: float | None = None
        self.compactions = 0
        self.provider_errors = 0
        self.last = ""
        """What the last telling record was, in the format's own words."""
        self.cut_off = False
        """True while the last record was cut off."""
        self._unknown: dict[str, list[int]] = {}
        self._odd = 0

    # --- what a format says -------------------------------------------------------------------------------------------

    @staticmethod
    def is_record(value: dict[str, object]) -> bool:
        """Whether a salvaged object is a record and no part of one."""
        raise NotImplementedError

    def record(self, record: R, number: int, start: int, end: int, raw: bytes, mended: bool) -> None:
        """Take in one record, which stands at `start:end` of line `number`; `raw` is its JSON.

        `mended` when `raw` is not the file's own bytes: quotes must then be plain.
        """
        raise NotImplementedError

    def end_reason(self) -> EndReason:
        """How the run ended, once all was read."""
        raise NotImplementedError

    # --- the ladder ---------------------------------------------------------------------------------------------------

    def line(self, number: int, start: int, line: bytes) -> None:
        """Read one line, by salvage where the quick way fails; what cannot be read is told in the losses."""
        try:
            record = self.DECODER.decode(line)
        except msgspec.ValidationError:
            self._odd_record(number, start, start + len(line), line, mended=False)
        except BROKEN:
            self._bad_line(number, start, line)
        else:
            self.cut_off = False
            self.record(record, number, start, start + len(line), line, False)

    def element(self, number: int, start: int, end: int, json: bytes, mended: bool) -> None:
        """Take in one JSON value that stands at `start:end`; `mended` when `json` is not the file's own bytes."""
        try:
            record = self.DECODER.decode(json)
        except msgspec.ValidationError:
            self._odd_record(number, start, end, json, mended)
        except BROKEN:
            if mended:
                self.lines.losses.lost(number, start, end, "no record")
            else:  # a part that was only skipped so far
                self._bad_line(number, start, json)
        else:
            self.cut_off = False
            self.record(record, number, start, end, json, mended)

    def _odd_record(self, number: int, start: int, end: int, json: bytes, mended: bool) -> None:
        """JSON of an unexpected shape: read it without the fields that do not fit."""
        try:
            value = msgspec.json.decode(json)
        except BROKEN:  # the shape was told before the end, which is broken
            if mended:
                self.lines.losses.lost(number, start, end, "no record")
            else:
                self._bad_line(number, start, json)
            return
        if not isinstance(value, dict):
            self.lines.losses.lost(number, start, end, "no record")
            return
        self._odd += 1
        self.cut_off = False
        self.record(fitted(value, self.KIND), number, start, end, json, mended)

    def _bad_line(self, number: int, start: int, line: bytes) -> None:
        if not line.strip():
            return
        records, cut = salvage_line(self.lines.losses, number, start, line, self.STARTS, self.is_record)
        for found in records:
            self.element(number, start + found.start, start + found.end, found.json, mended=True)
        self.cut_off = cut

    # --- what is known of the run -------------------------------------------------------------------------------------

    def at(self, timestamp: str | None) -> None:
        """Note when a record was written."""
        if timestamp:
            self.started = self.started or timestamp
            self.ended = timestamp

    def by(self, version: str | None = None, model: str | None = None) -> None:
        """Note the agent's version and model; what was told first counts."""
        if (version and not self.agent.version) or (model and not self.agent.model):
            self.agent = replace(
                self.agent, version=self.agent.version or version or "", model=self.agent.model or model or ""
            )

    def growing(self, start: int, end: int, said: str, fallback: str, origin: Origin = "main") -> Draft:
        """The step that a record of the agent belongs to: the one that is growing, else a new one."""
        self.provider_errors = 0
        if self.step is None or self.step.origin != origin:
            self.step = self.assembly.step(start, end, said, fallback, origin)
        else:
            self.assembly.speak(self.step, start, end, said)
        return self.step

    def empty(self, number: int, start: int, end: int) -> None:
        """Tell of a record that lacks what its type promises: damage inside a key makes another key of it."""
        self.lines.losses.lost(number, start, end, "the record says nothing of what its type promises")

    def passed_over(self, kind: str, number: int) -> None:
        """Note a record of a type that this format does not know."""
        self._unknown.setdefault(kind[:60], []).append(number)

    def trace(self, path: str) -> Trace:
        """The whole run. Reads the stream to its end."""
        losses = self.lines.losses
        for kind, numbers in self._unknown.items():
            losses.note(f"{len(numbers)} record(s) of unknown type {kind!r} passed over (first on line {numbers[0]})")
        if self._odd:
            losses.note(f"{self._odd} record(s) with fields of an unexpected type, read without those fields")
        end_reason = self.end_reason()
        return Trace(
            format=self.name,
            sources=(self.lines.source(path),),
            steps=self.assembly.steps(),
            end_reason=end_reason,
            agent=self.agent,
            session=self.session,
            cwd=self.cwd,
            branch=self.branch,
            started=self.started,
            ended=self.ended,
            prompt=self.prompt,
            final=self.final,
            tokens=self.tokens,
            cost_usd=self.cost_usd,
            compactions=self.compactions,
            provider_errors=self.provider_errors,
            warnings=losses.warnings(),
        )


def read_lines(reader: Reader[R], path: str) -> list[Trace]:
    """One Trace of a file of JSON lines."""
    for number, start, line in reader.lines:
        reader.line(number, start, line)
    return [reader.trace(path)]
