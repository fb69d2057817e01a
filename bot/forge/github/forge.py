"""Effects in, commits, pulls, labels and issues on GitHub out: find-or-create, so that a crash at any point is mended.

One forge serves one job: it remembers what it read. What is ours is told by the account that made it, never by a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.errors import UserError
from bot.forge.fits import RefusedError
from bot.forge.github import marks
from bot.forge.github.answers import Pull
from bot.forge.github.backlog import Backlog
from bot.forge.github.branches import Branches
from bot.forge.github.client import Reader, Writer
from bot.forge.github.desk import Desk
from bot.forge.github.errors import StatusError
from bot.forge.github.history import History
from bot.forge.github.labels import LabelLook, Labels
from bot.forge.github.ledger import LedgerBranch, Remembered
from bot.forge.github.place import Place
from bot.forge.github.threads import check_not_dismissed, farewell, is_by, lines
from bot.model import CloseChange, Effect, Harness, NoteMerged, OpenIssue, OpenPull, Performed, replace

BRANCH = re.compile(r"flywheel/[a-z0-9][a-z0-9/-]{0,180}")


class GitHubForge:
    """One repository (`owner/name`) on GitHub. `looks` are the labels we may have to make; `runner` starts workflows,
    where that needs a token of its own."""

    def __init__(
        self,
        repository: str,
        reader: Reader,
        writer: Writer,
        looks: Sequence[LabelLook] = (),
        runner: Writer | None = None,
    ) -> None:
        self.repository = repository
        self.place = Place(repository, reader)
        self.branches = Branches(self.place, writer)
        self.reader = reader
        self.writer = writer
        self.labels = Labels(self.place, writer, looks)
        self.backlog = Backlog(self.place, writer, self.labels)
        self._ledger = LedgerBranch(self.place, writer)
        self.runner = runner or writer
        self.desk = Desk(self.place, writer, self.labels, self.runner)
        self.git = History(self.place)

    def close(self) -> None:
        """Let the connections go."""
        self.reader.close()
        self.writer.close()
        if self.runner is not self.writer:
            self.runner.close()

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
        open_one = self._standing(name, pull.again)
        outcome, detail = self.branches.put(pull)
        if outcome == "frozen":
            return Performed(pull.change, "frozen", name, detail)
        there = [label.name for label in open_one.labels] if open_one else []
        self.labels.make(pull.labels, there)
        number, url, fresh, said = self._write_pull(pull, open_one)
        fresh |= self.labels.put(number, pull.labels, there)
        self.backlog.end(pull.change, f"It is a pull now: #{number}.")
        if open_one is None:
            return Performed(pull.change, "created", name, said, number, url)
        is_new = fresh or outcome != "unchanged"
        return Performed(pull.change, "updated" if is_new else "unchanged", name, said, number, url)

    def _standing(self, name: str, again: bool) -> Pull | None:
        """Our open pull from this branch. RefusedError when somebody else has one, or when a person closed ours and
        nothing has come back since."""
        listed = self._all_pulls(name)
        account = self.place.home().account
        theirs = next((one for one in listed if one.state == "open" and not is_by(one, account)), None)
        if theirs:
            raise RefusedError(f"{theirs.html_url}: somebody else opened a pull from {name}. Close it, or leave it be.")
        ours = [one for one in listed if is_by(one, account)]
        if not ours or ours[0].merged_at:
            return None
        if ours[0].state == "closed":
            if not again:
                check_not_dismissed(self.place, ours[0].number, ours[0].html_url)
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
        if (known.title, lines(known.body)) == (pull.title, body):
            return known.number, known.html_url, False, ""
        if not marks.is_as_we_left_it(known.title, known.body):
            return known.number, known.html_url, False, "A person edited its text; the text is left as it is."
        self.writer.write("PATCH", f"{path}/{known.number}", Pull, {"title": pull.title, "body": body})
        return known.number, known.html_url, True, ""

    def _pulls(self, name: str) -> list[Pull]:
        """Our pulls from a branch, newest first."""
        account = self.place.home().account
        return [pull for pull in self._all_pulls(name) if is_by(pull, account)]

    def _all_pulls(self, name: str) -> list[Pull]:
        owner = self.repository.partition("/")[0]
        return list(self.reader.pages(f"{self.place.path}/pulls", Pull, head=f"{owner}:{name}", state="all"))

    def _open_issue(self, issue: OpenIssue) -> Performed:
        """The issue first; then what it was before, if it was a pull."""
        sent = replace(issue, title=marks.line(issue.title), body=marks.plain(issue.body))
        status, known, said = self.backlog.put(sent)
        kept = self._withdraw_pulls(issue.change, f"It is an issue now: #{known.number}.")
        detail = " ".join(filter(None, (said, kept)))
        return Performed(issue.change, status, known.html_url, detail, known.number, known.html_url)

    # --- ends ---------------------------------------------------------------------------------------------------------

    def _close(self, close: CloseChange) -> Performed:
        """The pull says why and is closed, then its branch goes; a person's commit keeps both."""
        reason = close.reason or "withdrawn"
        kept = self._withdraw(_checked(close.branch), close.change, reason)
        if kept:
            return Performed(close.change, "frozen", close.branch, kept)
        self.backlog.end(close.change, reason)
        return Performed(close.change, "closed", close.branch)

    def _withdraw_pulls(self, change: str, reason: str) -> str:
        """A change that became an issue has no branch; why one was kept, if it was."""
        names = [name for name in self.place.branches() if name.endswith(f"-{change}")]
        return " ".join(filter(None, (self._withdraw(_checked(name), change, reason) for name in names)))

    def _withdraw(self, name: str, change: str, reason: str) -> str:
        """Close our pull from a branch, then delete the branch; why both were kept, if they were."""
        tip = self.place.tip(name)
        if tip and (kept := self.branches.kept(tip, change)):
            return kept
        for pull in self._pulls(name):
            if pull.state == "open":
                farewell(self.place, self.writer, pull.number, change, reason)
                self.writer.write("PATCH", f"{self.place.path}/pulls/{pull.number}", Pull, {"state": "closed"})
        return self.branches.drop(name, change) if tip else ""


def _checked(name: str) -> str:
    if not BRANCH.fullmatch(name):
        raise UserError(f"{name[:80]!r}: no branch of a change. Its name is flywheel/<detector>-<id>.")
    return name
