"""What the flywheel asks of a forge: effects go in, what became of them comes out. GitHub and a folder both fit."""

from __future__ import annotations

from typing import Protocol

from bot.model import Effect, Harness, Performed


class Forge(Protocol):
    """One repository on a forge.

    Every write is find-or-create by the change's identity: to perform an effect twice, or again after a crash between
    any two writes, leaves the same branch, pull and issue as to perform it once. Nothing a person wrote is overwritten.
    """

    def harness(self) -> Harness:
        """The files that steer agents, and all tracked paths, at the head of the default branch.

        A repository that is not at hand gives a Harness without files, whose `head` is empty. UserError when it
        cannot be read.
        """

    def merged(self, change: str, name: str) -> bool:
        """Whether a person has merged this change's branch into the default branch, squashed or not."""

    def perform(self, effect: Effect) -> Performed:
        """Do it, and say what became of it.

        `created`, `updated` or `unchanged`; `frozen` when a person has committed to the branch; `closed`; `refused`
        when the edits do not fit the repository as it is now, with the mend in `detail`. `where` is the branch, or
        the file that holds the pull or the issue. UserError when the repository or the folder cannot be written.
        """
