"""What GitHub may answer instead of an answer: to be waited for, to be tried again, or to be read by who asked."""

from __future__ import annotations

from bot.errors import AwayError, LaterError, UserError


class RateLimitedError(LaterError):
    """A limit of GitHub's: `kind` is primary or secondary."""

    def __init__(self, until: float, kind: str) -> None:
        super().__init__(f"{kind} rate limit until {until:.0f}", until)
        self.kind = kind


class UnavailableError(AwayError):
    """No answer, or 5xx."""


class StatusError(UserError):
    """An answer of 4xx that is no rate limit. `message` is GitHub's, `said` its list of what was wrong."""

    def __init__(self, text: str, status: int, message: str, said: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.message = message
        self.said = said
