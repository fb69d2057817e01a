"""Takes what a whole document tells of one run, piece by piece; gives its Trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.model import Agent, EndReason, Outcome, Source, Tokens, Trace
from bot.signals.transcripts.assemble import TEXT_CAP, Assembly

TIME_CAP = 64
NAME_CAP = 200
LATEST = 253_402_300_799.0
"""Seconds since 1970 at the end of the year 9999, the last that ISO 8601 can say."""


@dataclass(slots=True)
class Told:
    """One run as far as it has been told. `name` is the format's, `agent` who ran."""

    name: str
    agent: str
    assembly: Assembly = field(default_factory=Assembly)
    version: str = ""
    model: str = ""
    session: str = ""
    cwd: str = ""
    branch: str = ""
    started: str = ""
    ended: str = ""
    prompt: str = ""
    final: str = ""
    end_reason: EndReason = "unknown"
    tokens: Tokens = field(default_factory=Tokens)
    cost_usd: float | None = None
    compactions: int = 0
    provider_errors: int = 0
    task: str = ""
    repeat: str = ""
    outcome: Outcome = "none"
    guard: str = ""

    def at(self, when: object) -> None:
        """Note when something was written: an ISO 8601 string, or seconds since 1970."""
        moment = iso(when)
        if moment:
            self.started = self.started or moment
            self.ended = moment

    def trace(self, sources: tuple[Source, ...] = (), warnings: tuple[str, ...] = ()) -> Trace:
        """The whole run. Ends the assembly."""
        return Trace(
            format=self.name,
            sources=sources,
            steps=self.assembly.steps(),
            end_reason=self.end_reason,
            agent=Agent(self.agent[:NAME_CAP], self.version[:NAME_CAP], self.model[:NAME_CAP]),
            session=self.session[:NAME_CAP],
            cwd=self.cwd,
            branch=self.branch,
            started=self.started,
            ended=self.ended,
            prompt=self.prompt[:TEXT_CAP],
            final=self.final[:TEXT_CAP],
            tokens=self.tokens,
            cost_usd=self.cost_usd,
            compactions=self.compactions,
            provider_errors=self.provider_errors,
            warnings=warnings,
            task=self.task[:NAME_CAP],
            repeat=self.repeat[:NAME_CAP],
            outcome=self.outcome,
            guard=self.guard,
        )


def known(record: Mapping[str, object], *names: str) -> str:
    """The first of these keys that the record has, to be quoted where nothing was said; else its brace."""
    return next((name for name in names if name in record), "{")


def iso(when: object) -> str:
    """A time as ISO 8601: a string as it is, seconds since 1970 in UTC; empty when it is neither."""
    if isinstance(when, str):
        return when[:TIME_CAP]
    if isinstance(when, bool) or not isinstance(when, int | float) or not 0 < when < LATEST:
        return ""
    return datetime.fromtimestamp(when, UTC).isoformat()
