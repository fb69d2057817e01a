"""An App in, everything that its jobs ask of GitHub out: installations, one repository for a visit, one owner.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

from bot.forge.github import onboarding
from bot.forge.github.actions import Actions
from bot.forge.github.bench import Bench
from bot.forge.github.client import MINE, READ, RUN, App
from bot.forge.github.download import STORES
from bot.forge.github.forge import GitHubForge
from bot.forge.github.installations import Installations
from bot.forge.github.labels import LabelLook
from bot.forge.github.owner import Owner
from bot.hosting.asked import web_of
from bot.hosting.places import Installation, Repository
from bot.hosting.worked import Glimpse


class Visitor(GitHubForge):
    """One repository, and what is read of it beside its pulls."""

    stores: Sequence[str] = STORES

    @cached_property
    def source(self) -> Actions:
        """Its runs, logs and artifacts."""
        return Actions(self.repository, self.reader, self.place.home().account, self.stores)

    @cached_property
    def bench(self) -> Bench:
        """Where its trials run."""
        return Bench(self.place, self.reader, self.source)

    def past(self, branch: str) -> str:
        """What became of our newest pull from a branch: `none`, `open`, `closed` or `merged`."""
        return onboarding.past(self.place, branch)

    def workflows(self) -> Mapping[str, str]:
        """Path → text of the workflows on the default branch."""
        return onboarding.workflows(self.place)

    def glimpses(self, since: str) -> Sequence[Glimpse]:
        """The pulls opened since then."""
        return onboarding.glimpses(self.reader, self.repository, since)

    def file(self, path: str) -> str | None:
        """A file at the head of the default branch; None when there is none."""
        return onboarding.default_file(self.reader, self.repository, path)


class Premises:
    """An App's installations, and the way into each of them. `looks` are the labels that we may have to make, `stores`
    the hosts of artifacts and logs.

    Every question opens connections of its own, so that any thread may ask.
    """

    def __init__(self, app: App, looks: Sequence[LabelLook], stores: Sequence[str] = STORES) -> None:
        self._app = app
        self._looks = looks
        self._stores = stores

    @property
    def web(self) -> str:
        """The address that people use."""
        return web_of(self._app.api)

    def all(self) -> Sequence[Installation]:
        """Every installation, suspended ones too."""
        with Installations(self._app) as ours:
            return ours.all()

    def repositories(self, installation: int) -> Sequence[Repository]:
        """All repositories that an installation may see."""
        with Installations(self._app) as ours:
            return ours.repositories(installation)

    def repository(self, installation: int, number: int, name: str = "") -> Repository | None:
        """A repository by its number; `name` is where it probably is."""
        with Installations(self._app) as ours:
            return ours.repository(installation, number, name)

    def resend(self, since: str) -> int:
        """Have sent again what could not be delivered since then; how many GitHub agreed to send."""
        with Installations(self._app) as ours:
            return ours.resend(since)

    @contextmanager
    def visitor(self, place: Repository) -> Iterator[Visitor]:
        """A repository, with a token that reads and one that writes it alone; both end with the block."""
        reader = self._app.reader(place.installation, place.name, MINE)
        writer = self._app.writer(place.installation, place.name)
        runner = self._app.writer(place.installation, place.name, RUN)
        visitor = Visitor(place.name, reader, writer, self._looks, runner)
        visitor.stores = self._stores
        try:
            yield visitor
        finally:
            visitor.close()

    @contextmanager
    def owner(self, installation: int, login: str) -> Iterator[Owner]:
        """An owner, with a token that reads all repositories of the installation."""
        with Installations(self._app) as ours:
            reader = ours.reader(installation, READ)
            try:
                yield Owner(login, reader)
            finally:
                reader.close()
