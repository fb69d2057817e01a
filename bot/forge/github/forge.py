"""Effects in, commits, pulls, labels and issues on GitHub out: find-or-create, so that a crash at any point is mended.

One forge serves one job: it remembers what it read. What is ours is told by the account that made it, never by a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import quote

from bot.errors import UserError
from bot.forge.branch import RefusedError
from bot.forge.github import marks
from bot.forge.github.answers import Comment, Found, Issue, Pull, RefObject
from bot.forge.github.branches import Branches
from bot.forge.github.client import Reader, Writer
from bot.forge.github.errors import StatusError
from bot.forge.github.ledger import LedgerBranch, Remembered
from bot.forge.github.place import Place
from bot.model import TIERS, CloseChange, Effect, Harness, NoteMerged, OpenIssue, OpenPull, Performed, replace

BRANCH = re.compile(r"flywheel/[a-z0-9][a-z0-9/-]{0,180}")
LABEL = "flywheel"
"""Every issue and pull of ours bears it from its first moment."""

REMEMBERED = "A person closed {url}. That is remembered as a no; reopen it to go on."


class LabelLook(Protocol):
    """What bot/approval/labels.py says of a label; a forge imports no stage."""

    @property
    def name(self) -> str:
        """As people see it."""

    @property
    def colour(self) -> str:
        """Six hex digits."""

    @property
    def description(self) -> str:
        """At most 100 characters."""


class GitHubForge:
    """One repository (`owner/name`) on GitHub. `looks` are the labels we may have to make."""

    def __init__(self, repository: str, reader: Reader, writer: Writer, looks: Sequence[LabelLook] = ()) -> None:
        self.repository = repository
        self.place = Place(repository, reader)
        self.branches = Branches(self.place, writer)
        self.reader = reader
        self.writer = writer
        self.looks = {look.name: look for look in looks}
        self._made: set[str] = set()
        self._ledger = LedgerBranch(self.place, writer)
        self._issues: dict[str, Issue] | None = None

    def close(self) -> None:
        """Let the connections go."""
        self.reader.close()
        self.writer.close()

    def harness(self) -> Harness:
        """What steers agents at the head of the default branch; nothing when the repository is not to be seen."""
        return self.place.harness()

    def merged(self, change: str, name: str) -> bool:
        """Whether a pull of ours from this branch was merged, in whatever way."""
        return any(pull.merged_at for pull in self._pulls(_checked(name)))

    def perform(self, effect: Effect) -> Performed:
        """Do it, find-or-create (bot/forge/api.py).

        RateLimitedError and UnavailableError when GitHub wants no call or gives no answer: perform it again later,
        by a new forge.
        """
        try:
            if not isinstance(effect, NoteMerged) and self.place.home().archived:
                raise RefusedError(f"{self.repository}: it is archived. Nothing is to be done there.")
            match effect:
                case OpenPull():
                    return self._open_pull(effect)
                case OpenIssue():
                    return self._open_issue(effect)
                case CloseChange():
                    return self._close(effect)
                case NoteMerged():  # the pull itself says it
                    return Performed(effect.change, "merged")
        except RefusedError as error:
            return Performed(effect.change, "refused", "", str(error))

    def read_ledger(self) -> Remembered:
        """The lines of the repository's ledger, in order (bot/ledger.py folds them)."""
        return self._ledger.read()

    def append_ledger(self, lines: Sequence[str]) -> int:
        """Remember these lines (bot/ledger.py encodes them), each once; how many were new."""
        return self._ledger.append(lines)

    # --- pulls --------------------------------------------------------------------------------------------------------

    def _open_pull(self, pull: OpenPull) -> Performed:
        """The branch first, then the pull, then its labels; then the issue that it was before, if it was one."""
        pull = replace(
            pull, title=marks.line(pull.title), body=marks.plain(pull.body), message=marks.plain(pull.message)
        )
        name = _checked(pull.branch)
        open_one = self._standing(name)
        outcome, detail = self.branches.put(pull)
        if outcome == "frozen":
            return Performed(pull.change, "frozen", name, detail)
        self._make_labels(pull.labels, open_one)
        number, url, fresh, said = self._write_pull(pull, open_one)
        fresh |= self._put_labels(number, pull.labels, open_one)
        self._end_issue(pull.change, f"It is a pull now: #{number}.")
        said = " ".join(filter(None, (url, said)))
        if open_one is None:
            return Performed(pull.change, "created", name, said)
        return Performed(pull.change, "updated" if fresh or outcome != "unchanged" else "unchanged", name, said)

    def _standing(self, name: str) -> Pull | None:
        """Our open pull from this branch. RefusedError when somebody else has one, or when a person closed ours."""
        listed = self._all_pulls(name)
        account = self.place.home().account
        theirs = next((one for one in listed if one.state == "open" and not _is_by(one, account)), None)
        if theirs:
            raise RefusedError(f"{theirs.html_url}: somebody else opened a pull from {name}. Close it, or leave it be.")
        ours = [one for one in listed if _is_by(one, account)]
        if not ours or ours[0].merged_at:
            return None
        if ours[0].state == "closed":
            self._check_not_dismissed(ours[0].number, ours[0].html_url)
            return None
        return ours[0]

    def _write_pull(self, pull: OpenPull, known: Pull | None) -> tuple[int, str, bool, str]:
        """(number, address, whether something was written, what was seen)."""
        body = marks.marked(pull.title, pull.body, pull.change, pull.revision)
        path = f"{self.place.path}/pulls"
        if known is None:
            asked = {"title": pull.title, "body": body, "head": pull.branch, "base": self.place.home().branch}
            try:
                made = self.writer.write("POST", path, Pull, asked)
            except StatusError as error:
                if "already exists" not in error.said:
                    raise
                raise RefusedError(f"{pull.branch}: another worker was faster. Run again.") from error
            return made.number, made.html_url, True, ""
        if (known.title, _lines(known.body)) == (pull.title, body):
            return known.number, known.html_url, False, ""
        if not marks.is_as_we_left_it(known.title, known.body):
            return known.number, known.html_url, False, "A person edited its text; the text is left as it is."
        self.writer.write("PATCH", f"{path}/{known.number}", Pull, {"title": pull.title, "body": body})
        return known.number, known.html_url, True, ""

    def _pulls(self, name: str) -> list[Pull]:
        """Our pulls from a branch, newest first."""
        account = self.place.home().account
        return [pull for pull in self._all_pulls(name) if _is_by(pull, account)]

    def _all_pulls(self, name: str) -> list[Pull]:
        owner = self.repository.partition("/")[0]
        return list(self.reader.pages(f"{self.place.path}/pulls", Pull, head=f"{owner}:{name}", state="all"))

    # --- labels -------------------------------------------------------------------------------------------------------

    def _make_labels(self, names: Sequence[str], bearer: Pull | Issue | None) -> None:
        """Labels that are not there yet, with colour and description; the others stay as a person likes them."""
        for name in names:
            look = self.looks.get(name)
            if look is None or name in self._made or (bearer and any(label.name == name for label in bearer.labels)):
                continue
            if self.reader.find(f"{self.place.path}/labels/{quote(name, safe='')}", dict) is None:
                asked = {"name": name, "color": look.colour, "description": look.description}
                self._make_label(asked)
            self._made.add(name)

    def _make_label(self, asked: dict[str, str]) -> None:
        try:
            self.writer.call("POST", f"{self.place.path}/labels", body=asked)
        except StatusError as error:
            if error.status != 422 or "already_exists" not in error.said:
                raise

    def _put_labels(self, number: int, wanted: Sequence[str], known: Pull | None) -> bool:
        """Add what is missing. Exactly one tier: a more careful one that is there stays, a less careful one goes.

        NOTE: who set the more careful one is not asked, so our own earlier one stays too, until a person lifts it.
        """
        there = {label.name for label in known.labels} if known else set()
        ranks = {f"{LABEL}:{tier}": rank for rank, tier in enumerate(TIERS)}
        kept = min((ranks[name] for name in {*there, *wanted} if name in ranks), default=0)
        missing = [name for name in wanted if name not in there and ranks.get(name, kept) == kept]
        path = f"{self.place.path}/issues/{number}/labels"
        if missing:
            self.writer.call("POST", path, body={"labels": missing})
        spare = sorted(name for name in there if ranks.get(name, kept) > kept)
        for name in spare:
            self.writer.call("DELETE", f"{path}/{quote(name, safe='')}", missing=True)
        return bool(missing or spare)

    # --- issues -------------------------------------------------------------------------------------------------------

    def _open_issue(self, issue: OpenIssue) -> Performed:
        """The issue first; then what it was before, if it was a pull."""
        issue = replace(issue, title=marks.line(issue.title), body=marks.plain(issue.body))
        body = marks.marked(issue.title, issue.body, issue.change, issue.revision)
        known = self._issue(issue.change) or self._searched(issue.change)
        if known and known.state == "closed":
            self._check_not_dismissed(known.number, known.html_url)
        self._make_labels(issue.labels, known)
        asked: dict[str, Any] = {"title": issue.title, "body": body}
        path, said = f"{self.place.path}/issues", ""
        if known is None:
            known = self._write_issue(path, {**asked, "labels": list(issue.labels)})
            status = "created"
        elif known.state == "closed":
            self.writer.write("PATCH", f"{path}/{known.number}", Issue, {**asked, "state": "open"})
            status = "created"
        elif (known.title, _lines(known.body)) == (issue.title, body):
            status = "unchanged"
        elif not marks.is_as_we_left_it(known.title, known.body):
            status, said = "unchanged", "A person edited its text; the text is left as it is."
        else:
            self.writer.write("PATCH", f"{path}/{known.number}", Issue, asked)
            status = "updated"
        self._issues = None
        kept = self._withdraw_pulls(issue.change, f"It is an issue now: #{known.number}.")
        detail = " ".join(filter(None, (said, kept)))
        if status == "created":
            return Performed(issue.change, "created", known.html_url, detail)
        return Performed(issue.change, "updated" if status == "updated" else "unchanged", known.html_url, detail)

    def _write_issue(self, path: str, asked: dict[str, Any]) -> Issue:
        try:
            return self.writer.write("POST", path, Issue, asked)
        except StatusError as error:
            if error.status != 410:
                raise
            raise RefusedError(
                f"{self.repository}: issues are switched off there. Switch them on to see it."
            ) from error

    def _issue(self, change: str) -> Issue | None:
        """The issue of a change among those that bear our label.

        They are told apart here and not by GitHub's filter: `creator` misses Apps on some servers, and every run would
        open the issue anew (https://github.com/renovatebot/renovate/issues/44730).
        """
        if self._issues is None:
            account = self.place.home().account
            listed = self.reader.pages(f"{self.place.path}/issues", Issue, labels=LABEL, state="all", sort="created")
            ours = [one for one in listed if one.pull_request is None and _is_by(one, account)]
            self._issues = {found.change: one for one in ours if (found := marks.mark(one.body))}
        return self._issues.get(change)

    def _searched(self, change: str) -> Issue | None:
        """The issue of a change whose label a person took away; GitHub's index may be some seconds behind."""
        query = f"repo:{self.repository} is:issue in:body {change}"
        account = self.place.home().account
        for one in self.reader.get("/search/issues", Found, q=query).items:
            found = marks.mark(one.body)
            if found and found.change == change and _is_by(one, account):
                return one
        return None

    def _end_issue(self, change: str, reason: str) -> None:
        found = self._issue(change)
        if found and found.state == "open":
            self._farewell(found.number, change, reason)
            asked = {"state": "closed", "state_reason": "not_planned"}
            self.writer.write("PATCH", f"{self.place.path}/issues/{found.number}", Issue, asked)
            self._issues = None

    # --- ends ---------------------------------------------------------------------------------------------------------

    def _close(self, close: CloseChange) -> Performed:
        """The pull says why and is closed, then its branch goes; a person's commit keeps both."""
        reason = close.reason or "withdrawn"
        kept = self._withdraw(_checked(close.branch), close.change, reason)
        if kept:
            return Performed(close.change, "frozen", close.branch, kept)
        self._end_issue(close.change, reason)
        return Performed(close.change, "closed", close.branch)

    def _withdraw_pulls(self, change: str, reason: str) -> str:
        """A change that became an issue has no branch; why one was kept, if it was."""
        listed = self.reader.pages(f"{self.place.path}/git/matching-refs/heads/flywheel/", RefObject)
        names = [one.ref.removeprefix("refs/heads/") for one in listed if one.ref.endswith(f"-{change}")]
        return " ".join(filter(None, (self._withdraw(_checked(name), change, reason) for name in names)))

    def _withdraw(self, name: str, change: str, reason: str) -> str:
        """Close our pull from a branch, then delete the branch; why both were kept, if they were."""
        tip = self.place.tip(name)
        if tip and (kept := self.branches.kept(tip, change)):
            return kept
        for pull in self._pulls(name):
            if pull.state == "open":
                self._farewell(pull.number, change, reason)
                self.writer.write("PATCH", f"{self.place.path}/pulls/{pull.number}", Pull, {"state": "closed"})
        return self.branches.drop(name, change) if tip else ""

    def _farewell(self, number: int, change: str, reason: str) -> None:
        """Say once why it is closed. Said before it is closed: what was closed without a word is a person's no."""
        path = f"{self.place.path}/issues/{number}/comments"
        account = self.place.home().account
        said = self.reader.pages(path, Comment)
        if not any(_is_by(one, account) and marks.is_farewell(one.body, change) for one in said):
            self.writer.call("POST", path, body={"body": marks.farewell(marks.plain(reason), change)})

    def _check_not_dismissed(self, number: int, url: str) -> None:
        """RefusedError when it was not us who closed it."""
        closed = self.reader.get(f"{self.place.path}/issues/{number}", Issue).closed_by
        if closed is None or closed.id != self.place.home().account:
            raise RefusedError(REMEMBERED.format(url=url))


def _is_by(one: Pull | Issue | Comment, account: int) -> bool:
    return one.user is not None and one.user.id == account


def _lines(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n")


def _checked(name: str) -> str:
    if not BRANCH.fullmatch(name):
        raise UserError(f"{name[:80]!r}: no branch of a change. Its name is flywheel/<detector>-<id>.")
    return name
