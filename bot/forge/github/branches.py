"""Edits and a message in, a branch of verified commits out; moved on when it is ours, left alone when it is not.

Every move of a branch names the commit it expects there (`expectedHeadOid`, `beforeOid`, or a fast forward), so that
what a person pushes meanwhile is never lost. A branch of ours is moved on by one commit more: its pull stays open.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from bot.forge.branch import TRAILER
from bot.forge.fits import MODES, RefusedError
from bot.forge.github.answers import Commit, Comparison, RefObject, Sha, Written
from bot.forge.github.client import Writer
from bot.forge.github.errors import StatusError
from bot.forge.github.fits import encoded, fit
from bot.forge.github.place import Home, Place, Tree
from bot.model import Edit, OpenPull

GONE = "0" * 40
WEB_FLOW = "web-flow"
"""The account that commits what GitHub itself makes and signs, for an App as for its web editor."""

MAX_CORRECTION = 4000

COMMIT = """
mutation Commit($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid signature { isValid } } }
}
"""
DELETE = """
mutation Delete($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }
"""


def is_by_us(commit: Commit, home: Home) -> bool:
    """Made by our account and signed by GitHub: names and addresses alone can be had by anybody."""
    author, committer, signed = commit.author, commit.committer, commit.commit.verification
    by_us = author is not None and author.id == home.account and signed is not None and signed.verified
    return by_us and committer is not None and (committer.id == home.account or committer.login == WEB_FLOW)


def is_ours(commit: Commit, home: Home, change: str) -> bool:
    """Made by us for this change."""
    return is_by_us(commit, home) and revision_of(commit.commit.message, change) != ""


def revision_of(message: str, change: str) -> str:
    """The revision that a commit's trailer names for this change; empty when it speaks of none."""
    for line in message.splitlines():
        if line.startswith(TRAILER):
            named, _, revision = line.removeprefix(TRAILER).strip().partition(".")
            if named == change:
                return revision or "0"
    return ""


class StaleError(Exception):
    """The branch is not where we saw it: somebody was faster."""


def commit_on(
    place: Place, writer: Writer, branch: str, tip: str, message: str, texts: Mapping[str, str | None]
) -> None:
    """One signed commit on top of `tip` (None removes a file). StaleError when the branch has moved on.

    https://docs.github.com/graphql/reference/mutations#createcommitonbranch
    """
    headline, _, rest = message.strip().partition("\n")
    added = [
        {"path": path, "contents": base64.b64encode(encoded(text)).decode()}
        for path, text in sorted(texts.items())
        if text is not None
    ]
    gone = [{"path": path} for path, text in sorted(texts.items()) if text is None]
    asked = {
        "branch": {"repositoryNameWithOwner": place.repository, "branchName": branch},
        "expectedHeadOid": tip,
        "message": {"headline": headline, "body": rest.strip()},
        "fileChanges": {"additions": added, "deletions": gone},
    }
    try:
        done = writer.graphql(COMMIT, {"input": asked})["createCommitOnBranch"]
    except StatusError as error:
        if error.said != "STALE_DATA":
            raise
        raise StaleError from error
    signature = done["commit"]["signature"]
    check_signed(branch, bool(signature and signature["isValid"]))


def check_signed(branch: str, signed: bool) -> None:
    """RefusedError for a commit of ours that GitHub did not sign."""
    if not signed:
        raise RefusedError(
            f"{branch}: GitHub did not sign our commit, so nobody could tell it from a forged one. "
            "On GitHub Enterprise Server, enable web commit signing; then delete the branch and run again."
        )


class Branches:
    """Writes the branches of one repository."""

    def __init__(self, place: Place, writer: Writer) -> None:
        self.place = place
        self.writer = writer

    def foreign(self, seen: Comparison, change: str) -> tuple[str, ...]:
        """The commits that are not ours, newest first; a branch too long to be read is a person's."""
        if seen.ahead_by > len(seen.commits):
            return (f"{seen.ahead_by} commits",)
        home = self.place.home()
        return tuple(one.sha for one in reversed(seen.commits) if not is_ours(one, home, change))

    def put(self, pull: OpenPull) -> tuple[str, str]:
        """(created, updated, unchanged or frozen; what was seen). RefusedError when the edits do not fit."""
        home, tip = self.place.home(), self.place.tip(pull.branch)
        seen = self.place.compare(home.head, tip) if tip and tip != home.head else None
        if seen and (theirs := self.foreign(seen, pull.change)):
            return "frozen", self.correction(pull.change, seen, tip, theirs)
        if seen and seen.ahead_by and revision_of(seen.commits[-1].commit.message, pull.change) == pull.revision:
            return "unchanged", ""
        fit(self.place.tree(home.head), pull.edits)
        if seen and seen.ahead_by:
            return self._move_on(pull, home, tip, seen), ""
        self._begin(pull, home, tip)
        return "created", ""

    def drop(self, branch: str, change: str) -> str:
        """Delete a branch that is ours alone; why not, if it was kept."""
        home, tip = self.place.home(), self.place.tip(branch)
        if not tip:
            return ""
        if kept := self.kept(tip, change):
            return kept
        refs = [{"name": f"refs/heads/{branch}", "beforeOid": tip, "afterOid": GONE}]
        try:
            self.writer.graphql(DELETE, {"input": {"repositoryId": home.node, "refUpdates": refs}})
        except StatusError as error:
            if error.status != 200 or self.place.tip(branch) == tip:
                raise
            return f"{branch}: it moved while it was deleted. It is left as it is."
        return ""

    def kept(self, tip: str, change: str) -> str:
        """Why a branch that ends at `tip` is not ours to delete; empty when it is."""
        home = self.place.home()
        if tip == home.head:
            return ""
        seen = self.place.compare(home.head, tip)
        theirs = self.foreign(seen, change)
        return self.correction(change, seen, tip, theirs) if theirs else ""

    def correction(self, change: str, seen: Comparison, tip: str, theirs: Sequence[str]) -> str:
        """What a person made of our proposal: the difference from our newest commit to theirs."""
        said = f"{len(theirs)} commit{'s' * (len(theirs) > 1)} on the branch not made by flywheel; it is left as it is."
        home = self.place.home()
        ours = next((one.sha for one in reversed(seen.commits) if is_ours(one, home, change)), "")
        if not ours or ours == tip:
            return said
        files = self.place.compare(ours, tip).files
        text = "\n".join(f"{one.status} {one.filename}\n{one.patch}".rstrip() for one in files)
        return f"{said} The correction:\n{text}"[:MAX_CORRECTION]

    def _begin(self, pull: OpenPull, home: Home, tip: str) -> None:
        """The first commit. A branch without one of its own (a crash left it) is taken up where it is."""
        tree = self.place.tree(home.head)
        if _is_plain(tree, pull.edits):
            self._point(pull.branch, home.head, tip)
            self._commit(pull, home.head, {edit.path: edit.after for edit in pull.edits})
            return
        self._point(pull.branch, self._object(pull, home, (home.head,)), tip)

    def _move_on(self, pull: OpenPull, home: Home, tip: str, seen: Comparison) -> str:
        """One commit more, on top of ours; a merge of the default branch when that has changed our files."""
        then, now, here = (self.place.tree(sha) for sha in (seen.merge_base_commit.sha, home.head, tip))
        edited = {edit.path: edit for edit in pull.edits}
        paths = {*edited, *(file.filename for file in seen.files)}
        moved = any(_same(then, path) != _same(now, path) for path in paths)
        back = {path for path in paths - set(edited) if _same(here, path) != _same(now, path)}
        if moved or not _is_plain(here, pull.edits) or any(now[path].mode != MODES[0] for path in back if path in now):
            above = (tip, home.head) if seen.behind_by else (tip,)
            self._point(pull.branch, self._object(pull, home, above), tip)
            return "updated"
        texts: dict[str, str | None] = {path: edit.after for path, edit in edited.items()}
        for path in back:
            data = self.place.blob(now[path].sha) if path in now else None
            texts[path] = None if data is None else data.decode("utf-8", "surrogateescape")
        changed = {path: text for path, text in texts.items() if text is not None or path in here}
        self._commit(pull, tip, changed)
        return "updated"

    def _commit(self, pull: OpenPull, tip: str, texts: Mapping[str, str | None]) -> None:
        try:
            commit_on(self.place, self.writer, pull.branch, tip, pull.message, texts)
        except StaleError as error:
            raise _moved(pull.branch) from error

    def _object(self, pull: OpenPull, home: Home, above: Sequence[str]) -> str:
        """The default branch's tree with the edits, committed: `createCommitOnBranch` knows neither modes nor merges.

        GitHub signs it, since the App names no author (about-commit-signature-verification).
        """
        entries = [self._entry(edit) for edit in pull.edits]
        path = self.place.path
        tree = self.writer.write("POST", f"{path}/git/trees", Sha, {"base_tree": home.tree, "tree": entries})
        body = {"message": pull.message.strip(), "tree": tree.sha, "parents": list(above)}
        made = self.writer.write("POST", f"{path}/git/commits", Written, body)
        check_signed(pull.branch, made.verification.verified)
        return made.sha

    def _entry(self, edit: Edit) -> dict[str, Any]:
        entry: dict[str, Any] = {"path": edit.path, "mode": edit.mode, "type": "blob"}
        if edit.after is None:
            return entry | {"sha": None}
        if edit.after.isascii() or encoded(edit.after).decode("utf-8", "replace") == edit.after:
            return entry | {"content": edit.after}
        content = base64.b64encode(encoded(edit.after)).decode()
        asked = {"content": content, "encoding": "base64"}
        return entry | {"sha": self.writer.write("POST", f"{self.place.path}/git/blobs", Sha, asked).sha}

    def _point(self, branch: str, new: str, old: str) -> None:
        """Let the branch, new or at `old`, point to `new`: a fast forward or nothing."""
        if new == old:
            return
        path = f"{self.place.path}/git/refs"
        try:
            if old:
                self.writer.write("PATCH", f"{path}/heads/{branch}", RefObject, {"sha": new, "force": False})
            else:
                self.writer.write("POST", path, RefObject, {"ref": f"refs/heads/{branch}", "sha": new})
        except StatusError as error:
            if error.status != 422:
                raise
            raise _moved(branch) from error


def _is_plain(tree: Tree, edits: Sequence[Edit]) -> bool:
    """Whether the edits are about plain files: `createCommitOnBranch` knows no modes."""
    new = (edit for edit in edits if edit.after is not None)
    return all(edit.mode == MODES[0] and (edit.path not in tree or tree[edit.path].mode == MODES[0]) for edit in new)


def _same(tree: Tree, path: str) -> tuple[str, str]:
    return (tree[path].mode, tree[path].sha) if path in tree else ("", "")


def _moved(branch: str) -> RefusedError:
    return RefusedError(f"{branch}: the branch moved while it was written. Run again.")
