"""`flywheel run`: episodes, a forge and an out folder in; a turn, its effects performed, and the files people open.

Order of writing: branches and texts first, then the ledger, then `run.json` and `report.html`. A run that was cut off
anywhere is completed by the next one, for every write is find-or-create.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from bot import flywheel, ledger
from bot.commands.wiring import LEDGER, ledger_bytes, ledger_of, load_run, shipped_detectors, shipped_policy
from bot.errors import UserError
from bot.jobs.proposing import Evidence, left, propose
from bot.model import (
    Effect,
    Entry,
    Episode,
    Harness,
    NoteMerged,
    Performed,
    Turn,
    branch_of,
    replace,
)
from bot.pages import printed
from bot.pages.report import report
from bot.shipped import folder
from bot.signals.checkpoints import Stored
from bot.signals.collect import collect
from bot.signals.original import MAX_PINNED_BYTES, original
from bot.traces.pins import Original
from bot.trials import accounting

EXAMPLES_DATE = "2026-01-05T12:00:00+00:00"


class Forge(Protocol):
    """What a run needs of a forge (bot/forge/api.py has the whole)."""

    def harness(self) -> Harness:
        """The harness files at the head of the default branch."""

    def merged(self, change: str, name: str) -> bool:
        """Whether a person has merged the branch of this change."""

    def perform(self, effect: Effect) -> Performed:
        """Do it, find-or-create."""


@dataclass(frozen=True, slots=True)
class Shell:
    """The imperative parts, wired by `__main__`."""

    open_forge: Callable[[str, Path | None, Path, str | None], Forge]
    seed: Callable[[Path, Path], None]
    origin: Callable[[Path], str]
    lock: Callable[[Path], AbstractContextManager[None]]
    write: Callable[[Path, bytes], object]
    now: Callable[[], str]
    watched: Callable[[Iterable[Episode]], Iterable[Episode]]
    stored: Callable[[Path], Stored | None] = lambda _path: None
    """The transcripts that a git repository keeps on a branch; None for every other path."""
    open_stored: Callable[[str], BinaryIO | None] = lambda _path: None
    """The bytes of one of them, by the path that pins give it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for."""

    paths: tuple[Path, ...] = ()
    repos: tuple[str, ...] = ()
    out: Path = Path("flywheel-out")
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """A turn carried out: what is printed, and as JSON."""

    turn: Turn
    performed: Mapping[str, Performed]
    record: Mapping[str, Any]
    failed: tuple[str, ...] = ()
    """Why repositories that were named could not be used; the others were."""


def run(request: Request, shell: Shell) -> Finished:
    """Carry out one turn. A dry run does everything but write."""
    with nullcontext() if request.dry_run else shell.lock(request.out):
        return _run(request, shell)


def _run(request: Request, shell: Shell) -> Finished:
    detectors = shipped_detectors()
    examples = not request.paths
    paths = request.paths or (folder("examples") / "episodes",)
    unknown: list[str] = []
    episodes = once_each(shell.watched(collect(paths, shell.stored, unknown)))
    if not episodes:
        raise UserError(f"{paths[0]}: nothing readable. Name a folder of runs: transcripts, with reports beside them.")
    directories = _example_repositories(request, shell) if examples and not request.repos else {}
    directories |= _directories(request.repos, episodes, shell.origin)
    date = EXAMPLES_DATE if examples else None
    names = sorted({episode.repository for episode in episodes})
    forges = {name: shell.open_forge(name, directories.get(name), request.out, date) for name in names}
    harnesses, failed = _harnesses({name: forges[name] for name in directories if name in forges})
    remembered = ledger_of(request.out)
    turn = flywheel.turn(episodes, remembered, harnesses, shipped_policy(), detectors, partial(_source, shell))
    turn = replace(turn, warnings=(*turn.warnings, *_left_alone(unknown)))
    command = _backtest_paths(request.paths)
    rules = {detector.id: detector for detector in detectors}
    performed: Mapping[str, Performed] = {}
    if not request.dry_run:
        at = shell.now()
        cited = Evidence(rules, {episode.id: episode for episode in episodes}, turn.excluded, command)
        done = propose(turn.proposals, forges, cited, remembered, at)
        performed = done.performed
        merged = list(_merged(turn, remembered, forges, at))
        append(request.out, [*merged, *done.entries], shell.write)
        for entry in merged:
            forges[entry.repository].perform(NoteMerged(entry.repository, entry.change))
    places = places_of(request.out) | {name: str(path.absolute()) for name, path in directories.items()}
    accounts = accounting.plain(remembered.entries)
    record = {**printed.run(turn, performed), "accounts": accounts, "repositories": places, "dry_run": request.dry_run}
    if not request.dry_run:
        shell.write(request.out / "run.json", (json.dumps(record, indent=2, ensure_ascii=True) + "\n").encode())
        page = report(turn, performed, rules, command, accounting.sentences(remembered.entries))
        shell.write(request.out / "report.html", page.encode("utf-8", "replace"))
    return Finished(turn, performed, record, failed)


def _left_alone(unknown: Sequence[str]) -> Iterator[str]:
    """One line for all files that no reader knows: a repository's own files may lie beside the runs."""
    if unknown:
        named = ", ".join(unknown[:3]) + (", …" if len(unknown) > 3 else "")
        yield f"{len(unknown)} file{'s' * (len(unknown) > 1)} of no known format left alone: {named}"


def _harnesses(forges: Mapping[str, Forge]) -> tuple[dict[str, Harness], tuple[str, ...]]:
    """What steers agents in each repository that was named, and why some cannot be read; UserError when none can."""
    read: dict[str, Harness] = {}
    failed: list[str] = []
    for name, forge in forges.items():
        try:
            read[name] = forge.harness()
        except UserError as error:
            failed.append(str(error))
    if failed and not read:
        raise UserError(failed[0])
    return read, tuple(failed)


def places_of(out: Path) -> dict[str, str]:
    """Repository → folder, as the runs so far in this out folder had them; empty when there was none."""
    if not (out / "run.json").is_file():
        return {}
    places = load_run(out).get("repositories")
    return {name: place for name, place in places.items() if isinstance(place, str)} if isinstance(places, dict) else {}


def once_each(episodes: Iterable[Episode]) -> list[Episode]:
    """Every run once, under a name of its own: paths may overlap, and folders may bear the same name.

    The same bytes under the same name are one run; other bytes get a number behind the name.
    """
    kept: dict[str, Episode] = {}
    for episode in episodes:
        name, number = episode.id, 1
        while name in kept and _bytes_of(kept[name]) != _bytes_of(episode):
            number += 1
            name = f"{episode.id}~{number}"
        kept.setdefault(name, episode if name == episode.id else replace(episode, id=name))
    return list(kept.values())


def _bytes_of(episode: Episode) -> tuple[str, ...]:
    """What tells two runs apart: the digests of the transcript's files, or of the reports where there is none."""
    if episode.trace is None:
        return episode.digests
    return (episode.trace.task, episode.trace.repeat, *(source.sha256 for source in episode.trace.sources))


def _source(shell: Shell, path: str) -> Original | None:
    """What a pin's path cites: on disk, in an archive, or in what a git repository keeps."""
    found = original(path)
    stream = shell.open_stored(path) if found is None else None
    if stream is None:
        return found
    with stream:
        data = stream.read(MAX_PINNED_BYTES + 1)
    return data if len(data) <= MAX_PINNED_BYTES else None


def _directories(repos: Sequence[str], episodes: Sequence[Episode], origin: Callable[[Path], str]) -> dict[str, Path]:
    """Repository → folder, from `[o/r=]DIR`; a bare DIR is named by its origin, or is the fleet's only repository."""
    names = sorted({episode.repository for episode in episodes})
    found: dict[str, Path] = {}
    for given in repos:
        name, separator, directory = given.partition("=")
        path = Path(directory if separator else given)
        if not separator:
            known_as = origin(path)
            guessed = [known for known in (known_as, path.resolve().name) if known in names]
            name = guessed[0] if guessed else names[0] if len(names) == 1 and not known_as else ""
        if name not in names:
            listed = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
            raise UserError(
                f"--repo {given}: which repository of these runs is it? Write NAME=DIR, NAME one of: {listed}."
            )
        if name in found:
            raise UserError(f"--repo {given}: {name} has a repository already, {found[name]}. Name one for each.")
        found[name] = path
    return found


def _example_repositories(request: Request, shell: Shell) -> dict[str, Path]:
    """Bare repositories for the examples, made once in the out folder; none on a dry run."""
    if request.dry_run:
        return {}
    found = {}
    for tree in sorted(path for path in (folder("examples") / "repos").iterdir() if path.is_dir()):
        bare = request.out / "repos" / f"{tree.name}.git"
        shell.seed(tree, bare)
        found[tree.name.replace("__", "/", 1)] = bare
    return found


def _backtest_paths(paths: Iterable[Path]) -> str:
    import shlex

    return " ".join(shlex.quote(str(path)) for path in paths)


def _merged(turn: Turn, remembered: ledger.Ledger, forges: Mapping[str, Forge], at: str) -> Iterator[Entry]:
    """Open changes that are proposed no more because a person has merged their branch."""
    for standing in left(remembered, (*turn.proposals, *turn.held)):
        forge, last = forges.get(standing.last.repository), standing.last
        if forge is not None and forge.merged(last.change, branch_of(last.detector, last.change)):
            yield replace(standing.proposed, at=at, event="merged")


def append(out: Path, entries: Sequence[Entry], write: Callable[[Path, bytes], object]) -> None:
    """The ledger with these lines after the ones it has, written whole or not at all."""
    if not entries:
        return
    before = ledger_bytes(out)
    if before and not before.endswith(b"\n"):
        before += b"\n"
    write(out / LEDGER, before + "".join(ledger.encode(entry) + "\n" for entry in entries).encode())
