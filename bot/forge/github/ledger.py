"""Lines of a ledger in, the branch `flywheel/ledger` out, and back: an orphan branch with one file of lines a month.

Only commits that are verifiably ours count. Lines are added by compare-and-swap on the head of the branch: who was
slower reads again and adds to what is there then, and a line that is there already is not written twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot import ledger
from bot.errors import UserError
from bot.forge.github.answers import Commit, RefObject, Sha, Written
from bot.forge.github.branches import StaleError, check_signed, commit_on, is_by_us
from bot.forge.github.client import Writer
from bot.forge.github.errors import StatusError
from bot.forge.github.place import Home, Place

BRANCH = "flywheel/ledger"
TRIES = 5
RUNNER = "github-actions[bot]"
"""The account of every workflow's own token: any workflow there can write as it."""
MESSAGE = "Remember {count} line{s}"


@dataclass(frozen=True, slots=True)
class Remembered:
    """The lines in the order of their files and places. `spoiled` says who else wrote to the branch, and the mend."""

    lines: tuple[str, ...]
    spoiled: str = ""


class LedgerBranch:
    """The ledger of one repository."""

    def __init__(self, place: Place, writer: Writer) -> None:
        self.place = place
        self.writer = writer

    def read(self) -> Remembered:
        """What was remembered up to the first commit that is not ours."""
        return read(self.place)

    def append(self, lines: Sequence[str]) -> int:
        """How many of the lines are new, and now written. UserError when somebody else wrote to the branch."""
        for _ in range(TRIES):
            tip = self.place.tip(BRANCH)
            files = _files(self.place, tip) if tip else {}
            if tip and (spoiled := _trusted(self.place, tip)[1]):
                raise UserError(spoiled)
            fresh, count = _added(files, lines)
            if not count:
                return 0
            message = MESSAGE.format(count=count, s="s" * (count > 1))
            try:
                if tip:
                    commit_on(self.place, self.writer, BRANCH, tip, message, fresh)
                else:
                    self._begin(fresh, message)
            except StaleError:
                continue
            return count
        raise UserError(f"{self.place.repository}: {BRANCH} moved {TRIES} times while it was written. Run again.")

    def _begin(self, files: dict[str, str], message: str) -> None:
        """A branch that shares no history with the code."""
        path = self.place.path
        entries = [
            {"path": name, "mode": "100644", "type": "blob", "content": text} for name, text in sorted(files.items())
        ]
        tree = self.writer.write("POST", f"{path}/git/trees", Sha, {"tree": entries})
        body = {"message": message, "tree": tree.sha, "parents": []}
        made = self.writer.write("POST", f"{path}/git/commits", Written, body)
        check_signed(BRANCH, made.verification.verified)
        try:
            self.writer.write("POST", f"{path}/git/refs", RefObject, {"ref": f"refs/heads/{BRANCH}", "sha": made.sha})
        except StatusError as error:
            if error.status != 422:
                raise
            raise StaleError from error


def read(place: Place) -> Remembered:
    """What was remembered there up to the first commit that is not ours."""
    tip = place.tip(BRANCH)
    if not tip:
        return Remembered(())
    at, spoiled = _trusted(place, tip)
    files = _files(place, at) if at else {}
    return Remembered(tuple(line for path in sorted(files) for line in _lines(files[path])), spoiled)


def _trusted(place: Place, tip: str) -> tuple[str, str]:
    """(the newest commit below which all is ours, what is wrong with those above it)."""
    home = place.home()
    newest_first = list(place.reader.pages(f"{place.path}/commits", Commit, sha=tip))
    foreign = [at for at, commit in enumerate(newest_first) if not is_by_us(commit, home)]
    if not foreign:
        return newest_first[0].sha, ""
    first = max(foreign) + 1
    return newest_first[first].sha if first < len(newest_first) else "", _spoiled(place, newest_first[foreign[0]], home)


def _spoiled(place: Place, commit: Commit, home: Home) -> str:
    who = commit.author.login if commit.author else "somebody unknown"
    mend = f"Reset the branch to the last commit of {home.login}, or delete it."
    if RUNNER in (who, home.login):
        mend = (
            "Let either the App or the Action's `apply` work here, not both; then delete the branch: what the other "
            "one remembered is forgotten with it."
        )
    return (
        f"{place.repository}: {BRANCH} holds {commit.sha[:12]} by {who}, and only {home.login} may write there. {mend}"
    )


def _files(place: Place, commit: str) -> dict[str, str]:
    tree = place.tree(commit)
    shas = {path: entry.sha for path, entry in tree.items() if path.endswith(".jsonl") and entry.type == "blob"}
    texts = place.texts(sorted(set(shas.values())))
    return {path: texts[sha].decode("utf-8", "replace") for path, sha in shas.items()}


def _added(files: dict[str, str], lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """(the files that change, whole; how many lines are new)."""
    months: dict[str, list[str]] = {}
    for line in dict.fromkeys(lines):
        entry = ledger.decode(line)
        if entry is None:
            raise ValueError("no line of a ledger")
        path = f"{entry.at[:7]}.jsonl"
        if line not in _lines(files.get(path, "")):
            months.setdefault(path, []).append(line)
    fresh = {}
    for path, new in months.items():
        old = files.get(path, "")
        gap = "" if not old or old.endswith("\n") else "\n"
        fresh[path] = old + gap + "".join(f"{line}\n" for line in new)
    return fresh, sum(map(len, months.values()))


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]
