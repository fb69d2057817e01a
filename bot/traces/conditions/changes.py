"""An episode goes in; the steps that say what it changed and ran come out (None: not so)."""

from __future__ import annotations

from fnmatch import fnmatchcase

from bot.model import Diff, Episode
from bot.traces.conditions.calls import calls, edits, is_source
from bot.traces.conditions.parameters import listed


def changes(episode: Episode, kinds: str | list[str]) -> tuple[int, ...] | None:
    """What the attempt left changed is `nothing`, `only-new`, `docs-only` or `source`; nothing is cited.

    Does not hold while nobody knows the diff: not every run was meant to change something.
    """
    return () if episode.diff is not None and kind_of(episode.diff) in listed(kinds) else None


def kind_of(diff: Diff) -> str:
    """`source` when an existing source file was changed, else `only-new` when there is a new file, else the rest."""
    if any(is_source(path) for path in diff.changed):
        return "source"
    if diff.added:
        return "only-new"
    return "docs-only" if diff.changed else "nothing"


def edits_path(episode: Episode, globs: str | list[str]) -> tuple[int, ...] | None:
    """A successful edit of a file whose path, or the end of it, matches one of the globs (`*` crosses folders)."""
    found = {number for number, call in calls(episode) for path in edits(call) if _matches(path, globs)}
    return tuple(sorted(found)) or None


def command_has(episode: Episode, parts: str | list[str]) -> tuple[int, ...] | None:
    """A command that ran holds one of these texts, literally."""
    found = {number for number, call in calls(episode) if any(part in call.command for part in listed(parts))}
    return tuple(sorted(found)) or None


def adds_path(episode: Episode, globs: str | list[str]) -> tuple[int, ...] | None:
    """The attempt leaves a new file whose path, or the end of it, matches one of the globs; who wrote it is cited.

    Does not hold while nobody knows the diff.
    """
    left = [path for path in episode.diff.added if _matches(path, globs)] if episode.diff else []
    if not left:
        return None
    wrote = {
        number
        for number, call in calls(episode)
        if any(path == new or path.endswith(f"/{new}") for path in edits(call) for new in left)
    }
    return tuple(sorted(wrote))


def changed_files(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The attempt leaves `least` or more source files changed or new; nothing is cited. Not without a diff."""
    if episode.diff is None:
        return None
    return () if sum(is_source(path) for path in (*episode.diff.changed, *episode.diff.added)) >= least else None


def _matches(path: str, globs: str | list[str]) -> bool:
    return any(fnmatchcase(path, glob) or fnmatchcase(path, f"*/{glob}") for glob in listed(globs))
