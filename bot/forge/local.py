"""Effects in, branches in a local git repository and Markdown files in a folder out: the forge without a forge."""

from __future__ import annotations

import re
from pathlib import Path

from bot.errors import UserError
from bot.forge import branch, files, repository, texts
from bot.forge.branch import Commit
from bot.forge.fits import RefusedError
from bot.forge.git import git, maybe
from bot.model import CloseChange, Effect, Harness, NoteMerged, OpenIssue, OpenPull, Performed

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

    def merged(self, change: str, name: str) -> bool:
        """Whether the default branch holds the tip of this branch, or all that the change's patch adds.

        The second sees squashed and rebased merges, and branches that were deleted after the merge.
        """
        if self.directory is None:
            return False
        head = repository.head(self.directory)
        last = branch.tip(self.directory, name)
        if last and branch.is_below(self.directory, last.id, head):
            return True
        return branch.holds(self.directory, head, texts.path_of(self.out, "pulls", change, ".patch"))

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
                case NoteMerged():
                    self._retire("pulls", effect.change, "merged", "A person merged it.")
                    return Performed(effect.change, "merged")
        except RefusedError as error:
            return Performed(effect.change, "refused", "", str(error))

    def _open_pull(self, pull: OpenPull) -> Performed:
        """The branch first, then the patch, then the text: the text tells that all of it is there."""
        path = texts.path_of(self.out, "pulls", pull.change)
        files.check_folder(path.parent)
        outcome, commit, detail = self._put_branch(pull) if self.directory else self._left(path)
        name = pull.branch if self.directory else texts.field_of(path, "branch")
        fields = {
            "repository": self.repository,
            "state": "frozen" if outcome == "frozen" else "open",
            "labels": list(pull.labels),
            "branch": name or None,
            "commit": commit or None,
            "change": f"{pull.change}.{pull.revision}",
        }
        known = texts.state_of(path)
        fresh = files.write(path.with_suffix(".patch"), texts.patch(pull.edits))
        fresh |= files.write(path, texts.page(fields, pull.title, pull.body))
        self._retire("issues", pull.change, "closed", f"It is a pull now: pulls/{path.name}.")
        where = name or str(path)
        if outcome == "frozen":
            return Performed(pull.change, "frozen", where, detail)
        if known in ("", "closed", "merged") or outcome == "created":
            return Performed(pull.change, "created", where, detail)
        return Performed(pull.change, "updated" if fresh or outcome == "updated" else "unchanged", where, detail)

    def _left(self, path: Path) -> tuple[str, str, str]:
        """What an earlier run left in a repository that is not named this time: its branch stays as it is."""
        if not texts.field_of(path, "branch") or texts.state_of(path) not in ("open", "frozen"):
            return "", "", ""
        said = "The branch of an earlier run was not looked at: name its repository by --repo."
        return "frozen" if texts.state_of(path) == "frozen" else "", texts.field_of(path, "commit"), said

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
        self._retire("pulls", change, "closed", reason)
        return ""

    def _close(self, close: CloseChange) -> Performed:
        """The branch goes when all of it is ours; what a person added keeps it, and is said."""
        if self.directory is None and self._has_branch(close.change):
            mend = f"{close.branch} stands in a repository that is not known here. Name it by --repo."
            return Performed(close.change, "refused", close.branch, mend)
        detail = self._drop_branch(close) if self.directory else ""
        if detail:
            return Performed(close.change, "frozen", close.branch, detail)
        reason = close.reason or "withdrawn"
        for folder in ("pulls", "issues"):
            self._retire(folder, close.change, "closed", reason)
        return Performed(close.change, "closed", close.branch if self.directory else "", "")

    def _drop_branch(self, close: CloseChange) -> str:
        """Delete the branch; why not, if it was kept."""
        directory = self._directory()
        repository.check(directory)
        last = branch.tip(directory, _checked(close.branch))
        if last is None and self._has_branch(close.change) and not self._stood_here(close.change):
            page = texts.path_of(self.out, "pulls", close.change)
            raise RefusedError(
                f"{directory}: it holds neither {close.branch} nor its commit. Name the right repository by --repo; "
                f"if the branch was deleted there, delete the line `branch:` of {page}."
            )
        if last is None:
            return ""
        if theirs := branch.foreign(directory, last, close.change, repository.head(directory)):
            return self._record_correction(close.change, last, theirs)
        branch.move(directory, close.branch, "", last.id)
        return ""

    def _has_branch(self, change: str) -> bool:
        """Whether an earlier run wrote a branch for this change and nothing has ended it since."""
        path = texts.path_of(self.out, "pulls", change)
        return texts.state_of(path) in ("open", "frozen") and bool(texts.field_of(path, "branch"))

    def _stood_here(self, change: str) -> bool:
        """Whether this repository has the commit that we put on the change's branch."""
        commit = texts.field_of(texts.path_of(self.out, "pulls", change), "commit")
        return bool(commit) and bool(maybe(self._directory(), "cat-file", "-t", commit))

    def _retire(self, folder: str, change: str, state: str, reason: str) -> None:
        path = texts.path_of(self.out, folder, change)
        if texts.state_of(path) in ("open", "frozen"):
            files.write(path, texts.ended(path, state, reason))

    def _directory(self) -> Path:
        if self.directory is None:
            raise ValueError("no directory")
        return self.directory


def _checked(name: str) -> str:
    if not _BRANCH.fullmatch(name):
        raise UserError(f"{name[:80]!r}: no branch of a change. Its name is flywheel/<detector>-<id>.")
    return name
