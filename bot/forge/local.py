"""Effects in, branches in a local git repository and Markdown files in a folder out: the forge without a forge."""

from __future__ import annotations

import re
from pathlib import Path

from bot.errors import UserError
from bot.forge import branch, files, repository, texts
from bot.forge.branch import Commit, RefusedError
from bot.forge.git import git
from bot.model import CloseChange, Effect, Harness, OpenIssue, OpenPull, Performed

_BRANCH = re.compile(r"flywheel/[a-z0-9][a-z0-9/-]{0,180}")


class LocalForge:
    """One repository on disk (`directory`; None: only patches and texts are written) and its out folder.

    `date` (ISO 8601) fixes the date of commits; None is now. Who calls it holds `files.lock(out)`.
    """

    def __init__(self, repository: str, directory: Path | None, out: Path, date: str | None = None) -> None:
        self.repository = repository
        self.directory = directory
        self.out = out
        self.date = date

    def harness(self) -> Harness:
        """What steers agents at the head of the default branch; nothing without a directory."""
        return repository.harness(self.directory, self.repository) if self.directory else Harness(self.repository)

    def merged(self, name: str) -> bool:
        """Whether the default branch holds the tip of this branch. NOTE: a squashed merge is not seen."""
        last = branch.tip(self.directory, name) if self.directory else None
        if last is None or self.directory is None:
            return False
        head = repository.head(self.directory)
        base = git(self.directory, "merge-base", "--end-of-options", last.id, head, fine=(0, 1))
        return base.decode().strip() == last.id

    def perform(self, effect: Effect) -> Performed:
        """Do it, find-or-create (bot/forge/api.py)."""
        try:
            match effect:
                case OpenPull():
                    return self._open_pull(effect)
                case OpenIssue():
                    return self._open_issue(effect)
                case CloseChange():
                    return self._close(effect)
        except RefusedError as error:
            return Performed(effect.change, "refused", "", str(error))

    def _open_pull(self, pull: OpenPull) -> Performed:
        """The branch first, then the patch, then the text: the text tells that all of it is there."""
        path = texts.path_of(self.out, "pulls", pull.change)
        patch = texts.patch(pull.edits) if not self.directory else b""
        outcome, commit, detail = self._put_branch(pull) if self.directory else ("", "", "")
        fields = {
            "repository": self.repository,
            "state": "frozen" if outcome == "frozen" else "open",
            "labels": list(pull.labels),
            "branch": pull.branch if self.directory else None,
            "commit": commit or None,
            "change": f"{pull.change}.{pull.revision}",
        }
        known = texts.state_of(path)
        fresh = files.write(path.with_suffix(".patch"), patch or texts.patch(pull.edits))
        fresh |= files.write(path, texts.page(fields, pull.title, pull.body))
        self._retire("issues", pull.change, f"It is a pull now: pulls/{path.name}.")
        where = pull.branch if self.directory else str(path)
        if outcome == "frozen":
            return Performed(pull.change, "frozen", where, detail)
        if known in ("", "closed") or outcome == "created":
            return Performed(pull.change, "created", where, detail)
        return Performed(pull.change, "updated" if fresh or outcome == "updated" else "unchanged", where, detail)

    def _put_branch(self, pull: OpenPull) -> tuple[str, str, str]:
        """(created, updated, unchanged or frozen; the commit at the tip; what was seen)."""
        directory = self._directory()
        name = _checked(pull.branch)
        base = pull.head or repository.head(directory)
        last = branch.tip(directory, name)
        if last and (theirs := branch.foreign(directory, last, pull.change, repository.head(directory))):
            return "frozen", last.id, self._record_correction(pull.change, last, theirs)
        tree = branch.build(directory, base, pull.edits)
        message = pull.message.rstrip() + "\n"
        if last and (last.tree, last.parents, last.message) == (tree, (base,), message):
            return "unchanged", last.id, ""
        made = branch.commit(directory, tree, base, message, self.date)
        branch.move(directory, name, made, last.id if last else "")
        return "updated" if last else "created", made, ""

    def _record_correction(self, change: str, last: Commit, theirs: tuple[str, ...]) -> str:
        """What a person made of our proposal, kept as a patch: from our newest commit to theirs."""
        directory = self._directory()
        ours = branch.base_of_ours(directory, last, change)
        said = f"{len(theirs)} commit{'s' * (len(theirs) > 1)} on the branch not made by flywheel; it is left as it is."
        if not ours:
            return said
        diff = git(directory, "diff-tree", "-p", "--no-ext-diff", "--no-textconv", "--end-of-options", ours, last.id)
        path = texts.path_of(self.out, "pulls", change, ".correction.patch")
        files.write(path, diff[: texts.MAX_TEXT])
        return f"{said} The difference is in {path}."

    def _open_issue(self, issue: OpenIssue) -> Performed:
        path = texts.path_of(self.out, "issues", issue.change)
        fields = {
            "repository": self.repository,
            "state": "open",
            "labels": list(issue.labels),
            "branch": None,
            "change": f"{issue.change}.{issue.revision}",
        }
        known = texts.state_of(path)
        fresh = files.write(path, texts.page(fields, issue.title, issue.body))
        kept = self._withdraw_pull(issue.change, f"It is an issue now: issues/{path.name}.")
        if known in ("", "closed"):
            return Performed(issue.change, "created", str(path), kept)
        return Performed(issue.change, "updated" if fresh else "unchanged", str(path), kept)

    def _withdraw_pull(self, change: str, reason: str) -> str:
        """A change that became an issue has no branch; why one was kept, if it was."""
        if texts.state_of(texts.path_of(self.out, "pulls", change)) not in ("open", "frozen"):
            return ""
        for name in repository.ours(self.directory, change) if self.directory else ():
            if kept := self._drop_branch(CloseChange(self.repository, change, name, reason)):
                return kept
        self._retire("pulls", change, reason)
        return ""

    def _close(self, close: CloseChange) -> Performed:
        """The branch goes when all of it is ours; what a person added keeps it, and is said."""
        detail = self._drop_branch(close) if self.directory else ""
        if detail:
            return Performed(close.change, "frozen", close.branch, detail)
        reason = close.reason or "withdrawn"
        for folder in ("pulls", "issues"):
            self._retire(folder, close.change, reason)
        return Performed(close.change, "closed", close.branch if self.directory else "", "")

    def _drop_branch(self, close: CloseChange) -> str:
        """Delete the branch; why not, if it was kept."""
        directory = self._directory()
        repository.check(directory)
        last = branch.tip(directory, _checked(close.branch))
        if last is None:
            return ""
        if theirs := branch.foreign(directory, last, close.change, repository.head(directory)):
            return self._record_correction(close.change, last, theirs)
        branch.move(directory, close.branch, "", last.id)
        return ""

    def _retire(self, folder: str, change: str, reason: str) -> None:
        path = texts.path_of(self.out, folder, change)
        if texts.state_of(path) in ("open", "frozen"):
            files.write(path, texts.closed(path, reason))

    def _directory(self) -> Path:
        if self.directory is None:
            raise ValueError("no directory")
        return self.directory


def _checked(name: str) -> str:
    if not _BRANCH.fullmatch(name):
        raise UserError(f"{name[:80]!r}: no branch of a change. Its name is flywheel/<detector>-<id>.")
    return name
