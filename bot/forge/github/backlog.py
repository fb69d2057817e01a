"""A change that is not ripe for a pull in, its one issue out: found by its mark, kept up to date, a no remembered."""

from __future__ import annotations

from typing import Any, Literal

from bot.forge.fits import RefusedError
from bot.forge.github import marks
from bot.forge.github.answers import Found, Issue
from bot.forge.github.client import Writer
from bot.forge.github.errors import StatusError
from bot.forge.github.labels import LABEL, Labels
from bot.forge.github.place import Place
from bot.forge.github.threads import check_not_dismissed, farewell, is_by, lines
from bot.model import OpenIssue


class Backlog:
    """The issues of one repository that are ours."""

    def __init__(self, place: Place, writer: Writer, labels: Labels) -> None:
        self.place = place
        self.writer = writer
        self.labels = labels
        self._issues: dict[str, Issue] | None = None

    def put(self, issue: OpenIssue) -> tuple[Literal["created", "updated", "unchanged"], Issue, str]:
        """(created, updated or unchanged; the issue; what was seen)."""
        body = marks.marked(issue.title, issue.body, issue.change, issue.revision)
        known = self.find(issue.change) or self._searched(issue.change)
        if known and known.state == "closed" and not issue.again:
            check_not_dismissed(self.place, known.number, known.html_url)
        self.labels.make(issue.labels, [label.name for label in known.labels] if known else ())
        asked: dict[str, Any] = {"title": issue.title, "body": body}
        path, said = f"{self.place.path}/issues", ""
        status: Literal["created", "updated", "unchanged"]
        if known is None:
            known = self._write_issue(path, {**asked, "labels": list(issue.labels)})
            status = "created"
        elif known.state == "closed":
            self.writer.write("PATCH", f"{path}/{known.number}", Issue, {**asked, "state": "open"})
            status = "created"
        elif (known.title, lines(known.body)) == (issue.title, body):
            status = "unchanged"
        elif not marks.is_as_we_left_it(known.title, known.body):
            status, said = "unchanged", "A person edited its text; the text is left as it is."
        else:
            self.writer.write("PATCH", f"{path}/{known.number}", Issue, asked)
            status = "updated"
        self._issues = None
        return status, known, said

    def find(self, change: str) -> Issue | None:
        """The issue of a change among those that bear our label.

        They are told apart here and not by GitHub's filter: `creator` misses Apps on some servers, and every run would
        open the issue anew (https://github.com/renovatebot/renovate/issues/44730).
        """
        if self._issues is None:
            account = self.place.home().account
            listed = self.place.reader.pages(
                f"{self.place.path}/issues", Issue, labels=LABEL, state="all", sort="created"
            )
            ours = [one for one in listed if one.pull_request is None and is_by(one, account)]
            self._issues = {found.change: one for one in ours if (found := marks.mark(one.body))}
        return self._issues.get(change)

    def end(self, change: str, reason: str) -> None:
        """Close the issue of a change, if there is an open one, and say why."""
        found = self.find(change)
        if found and found.state == "open":
            farewell(self.place, self.writer, found.number, change, reason)
            asked = {"state": "closed", "state_reason": "not_planned"}
            self.writer.write("PATCH", f"{self.place.path}/issues/{found.number}", Issue, asked)
            self._issues = None

    def _write_issue(self, path: str, asked: dict[str, Any]) -> Issue:
        try:
            return self.writer.write("POST", path, Issue, asked)
        except StatusError as error:
            if error.status != 410:
                raise
            raise RefusedError(
                f"{self.place.repository}: issues are switched off there. Switch them on to see it."
            ) from error

    def _searched(self, change: str) -> Issue | None:
        """The issue of a change whose label a person took away; GitHub's index may be some seconds behind."""
        query = f"repo:{self.place.repository} is:issue in:body {change}"
        account = self.place.home().account
        for one in self.place.reader.get("/search/issues", Found, q=query).items:
            found = marks.mark(one.body)
            if found and found.change == change and is_by(one, account):
                return one
        return None
