"""A token that somebody else scoped in, what the Action asks of its one repository out: the forge, and a few questions.

https://docs.github.com/actions/security-for-github-actions/security-guides/automatic-token-authentication
"""

from __future__ import annotations

from typing import Literal

import msgspec

from bot.errors import UserError
from bot.forge.github.client import with_token
from bot.forge.github.errors import UnavailableError
from bot.forge.github.labels import LabelLook
from bot.forge.github.onboarding import default_file, past
from bot.forge.github.premises import Visitor
from bot.hosting.runs import WorkflowRun
from bot.model import Effect, Performed

RUNNER = "github-actions[bot]"
"""The account of a job's own token, shared by all workflows of all repositories."""

Stands = Literal["none", "open", "closed", "merged", "completed"]
FORBIDDEN = "not permitted to create or approve pull requests"
ALLOW = "Allow it: Settings > Actions > General > Workflow permissions, or give the input `token` an App's token."


class _Numbered(msgspec.Struct, frozen=True):
    id: int


class _State(msgspec.Struct, frozen=True):
    state: str
    state_reason: str | None = None


class Hand(Visitor):
    """One repository, through one token."""

    def __init__(self, token: str, api: str, repository: str, looks: tuple[LabelLook, ...]) -> None:
        reader, writer = with_token(token, api)
        super().__init__(repository, reader, writer, looks)

    @property
    def is_runner(self) -> bool:
        """Whether the token is a job's own: what is pushed with it starts no workflow."""
        return self.place.home().login == RUNNER

    def number(self) -> int:
        """GitHub's number of the repository."""
        return self.reader.get(self.place.path, _Numbered).id

    def run(self, number: int) -> WorkflowRun | None:
        """A workflow run of this repository; None when there is none of this number."""
        return self.source.run(number)

    def shared(self, repository: str, path: str) -> str | None:
        """A file of the owner's shared configuration; None where this token sees none."""
        owner = self.repository.partition("/")[0]
        return default_file(self.reader, f"{owner}/{repository}", path)

    def stands(self, change: str, branch: str) -> Stands:
        """What became of a change: its pull tells, else its issue."""
        pull = past(self.place, branch)
        if pull in ("open", "merged"):
            return pull
        issue = self.backlog.find(change)
        if issue is None:
            return pull
        if issue.state == "open":
            return "open"
        known = self.reader.get(f"{self.place.path}/issues/{issue.number}", _State)
        return "completed" if known.state_reason == "completed" else "closed"

    def perform(self, effect: Effect) -> Performed:
        """As every forge. UserError where GitHub gives no answer: whether it was done, the next run sees."""
        try:
            done = super().perform(effect)
        except UnavailableError as error:
            raise UserError(f"{self.repository}: {error}. Run the workflow again; it goes on from there.") from error
        except UserError as error:
            if FORBIDDEN not in str(error):
                raise
            raise UserError(f"{self.repository}: workflows may not open pull requests here. {ALLOW}") from error
        return done
