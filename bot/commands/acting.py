"""`flywheel action`: what a workflow run is to show, hand over or do in; its page, its outputs and its exit code out.

Outputs are numbers and codes of our own only, so that nothing read from elsewhere can end a line and begin another one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bot import ledger
from bot.commands import bounded
from bot.commands.running import once_each
from bot.commands.wiring import load_run, shipped_detectors, shipped_policy
from bot.errors import UserError
from bot.hosting.runs import WorkflowRun
from bot.jobs import applying, configuration, document
from bot.jobs.applying import CODES, HOSTILE, Applied, Here
from bot.jobs.configuration import Configuration
from bot.jobs.lifecycle import under
from bot.jobs.turning import deliberate
from bot.jobs.vouching import vouch
from bot.model import Harness
from bot.pages import crossing, printed
from bot.pages.report import report
from bot.pages.summary import summary

AGAIN = "Download the artifact of the job that proposes."
REPOSITORY = re.compile(r"(?!\.)[\w.-]{1,100}/(?!\.{1,2}$)[\w.-]{1,100}", re.ASCII)


class Remembered(Protocol):
    """A ledger as it was read."""

    @property
    def lines(self) -> Sequence[str]:
        """In their order."""

    @property
    def spoiled(self) -> str:
        """Who else wrote there, and the mend; empty when nobody did."""


class Hand(applying.Forge, Protocol):
    """One repository, through the token of the job."""

    @property
    def is_runner(self) -> bool:
        """Whether it is the job's own token."""

    def number(self) -> int:
        """GitHub's number of the repository."""

    def run(self, number: int) -> WorkflowRun | None:
        """One workflow run of it."""

    def file(self, path: str) -> str | None:
        """A file at the head of the default branch."""

    def shared(self, repository: str, path: str) -> str | None:
        """A file of the owner's shared configuration."""

    def harness(self) -> Harness:
        """What steers agents there."""

    def read_ledger(self) -> Remembered:
        """What the flywheel remembers there."""


Open = Callable[[str, str], AbstractContextManager[Hand]]
"""A repository's name and a token in, the repository out; its connections end with the block."""


@dataclass(frozen=True, slots=True)
class Shell:
    """The imperative parts, wired by `__main__`. `now` gives ISO 8601 times."""

    open: Open
    write: Callable[[Path, bytes], object]
    now: Callable[[], str]


def act(out: Path, environment: Mapping[str, str]) -> str:
    """The Markdown of the last run in `out`, on the run's page and in the outputs where there are such."""
    record = load_run(out)
    text = summary(record)
    _tell(environment, text, _figures(record))
    return text


def propose(bundles: Path, out: Path, environment: Mapping[str, str], shell: Shell) -> dict[str, Any]:
    """A turn over what the workflow downloaded; the document that the other job takes, and the report, in `out`.

    Nothing is written anywhere else: a token that reads contents and runs is enough.
    """
    name, token = _where(environment)
    at = shell.now()
    with shell.open(name, token) as hand:
        found = _configured(hand)
        read = vouch(bundles, name, hand.number(), hand.run)
        remembered = ledger.fold(under(hand.read_ledger().lines, name))  # that of another token is left to `apply`
        harness = hand.harness()
    made = deliberate(once_each(read.episodes), harness, remembered, found.policy, shipped_detectors(), at)
    proposals = [applying.limited(one, remembered) for one in (*made.proposals, *made.held)]
    wanted = [one for one in proposals if not one.decision.held or one.decision.held.startswith("cap:")]
    held = [one for one in proposals if one not in wanted]
    crossed, cut = document.made(name, harness.head, wanted, made.evidence.episodes, made.turn.excluded, at)
    notes = [*_unread(read.elsewhere, read.unknown), *(one.text for one in found.problems), *found.notes]
    notes += [f"{cut} more did not fit into the file; the next run hands them over."] if cut else []
    record = {**printed.run(made.turn, {}), "repositories": {name: ""}, "dry_run": True}
    shell.write(out / "run.json", (json.dumps(record, indent=2, ensure_ascii=True) + "\n").encode())
    page = report(made.turn, {}, made.evidence.detectors, "")
    shell.write(out / "report.html", page.encode("utf-8", "replace"))
    shell.write(out / document.FILE, document.encode(crossed))
    text = summary(record) + "\n" + crossing.handed(wanted[: len(crossed.proposals)], held, notes)
    told = {**_figures(record), "proposals": len(crossed.proposals)}
    _tell(environment, text, told)
    return {**told, "held": len(held), "file": str(out / document.FILE), "notes": notes, "summary": text}


def apply(file: Path, environment: Mapping[str, str], shell: Shell, *, dry_run: bool) -> dict[str, Any]:
    """Do what a document of `propose` says, as far as we would do it ourselves. Of all files only that one is read.

    `failed` says what a person must look at: what GitHub did not take, and what no document of ours would hold.
    """
    name, token = _where(environment)
    crossed = document.decode(bounded.read(file, document.MAX_BYTES, AGAIN, links=False), name)
    with shell.open(name, token) as hand:
        found = _configured(hand)
        written = hand.read_ledger()
        if written.spoiled:
            raise UserError(written.spoiled)
        remembered = ledger.fold(under(written.lines, name))
        here = Here(hand.harness(), remembered, found.policy, shipped_detectors(), shell.now())
        done = applying.apply(crossed, here, hand, dry_run=dry_run)
        is_runner = hand.is_runner
    left = [crossing.Left(one.title, CODES[one.code], one.seen) for one in done.skipped]
    text = crossing.applied(done.wanted, done.performed, left, dry_run=dry_run, is_runner=is_runner)
    told = _counts(len(crossed.proposals), done)
    _tell(environment, text, told)
    wrong = [one for one in done.skipped if one.code in HOSTILE or one.code == "refused"]
    failed = [f"{one.title}: {CODES[one.code]} {one.seen}".rstrip() for one in wrong]
    return {**told, "dry_run": dry_run, "failed": failed, "summary": text}


def _counts(proposals: int, done: Applied) -> dict[str, Any]:
    """`merged` is there for whoever reads the outputs of all modes: nothing merges itself here."""
    statuses = Counter(one.status for one in done.performed.values())
    return {
        "proposals": proposals,
        "opened": statuses["created"],
        "updated": statuses["updated"],
        "merged": 0,
        "skipped-reasons": dict(sorted(Counter(one.code for one in done.skipped).items())),
    }


def _configured(hand: Hand) -> Configuration:
    """What the repository's own file and the owner's allow. Without one the workflow itself says to propose."""
    own = hand.file(configuration.PATH)
    shared = hand.shared(configuration.SHARED_REPOSITORY, configuration.SHARED_PATH)
    return configuration.read(configuration.START if own is None else own, shared, shipped_policy())


def _unread(elsewhere: int, unknown: int) -> list[str]:
    """What of the bundles counts less, or not at all, and how to mend it."""
    notes = []
    if elsewhere:
        notes.append(f"{elsewhere} agent runs of other repositories were left out: this mode serves its own alone.")
    if unknown:
        notes.append(
            f"{unknown} agent runs have nobody who vouches for them (from a fork, or not in a folder named after their "
            "workflow run): what rests on them is an issue at most."
        )
    return notes


def _figures(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "episodes": int(record.get("episodes") or 0),
        "actionable": sum(one.get("status") == "actionable" for one in record.get("patterns") or ()),
        "modifications": len(record.get("modifications") or ()),
    }


def _where(environment: Mapping[str, str]) -> tuple[str, str]:
    """(repository, token), as the runner gives them."""
    name, token = environment.get("GITHUB_REPOSITORY", ""), environment.get("GITHUB_TOKEN", "").strip()
    if not REPOSITORY.fullmatch(name):
        raise UserError("GITHUB_REPOSITORY: it is not set to owner/name. Run this in a workflow, or set it.")
    if not token:
        raise UserError("GITHUB_TOKEN: it is not set. The Action passes its input `token` on.")
    return name, token


def _tell(environment: Mapping[str, str], text: str, figures: Mapping[str, Any]) -> None:
    """The page and the outputs: a number or one line of JSON each."""
    lines = "".join(f"{name}={json.dumps(value, separators=(',', ':'))}\n" for name, value in figures.items())
    _append(environment.get("GITHUB_STEP_SUMMARY", ""), text)
    _append(environment.get("GITHUB_OUTPUT", ""), lines)


def _append(path: str, text: str) -> None:
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8", errors="replace") as stream:
            stream.write(text)
    except OSError as error:
        raise UserError(
            f"{path}: it cannot be written ({error.strerror or error}). Look at the runner's disk."
        ) from error
