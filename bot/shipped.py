"""Where the rules and the examples are that travel with us: in the wheel beside the code, in a checkout above it."""

from __future__ import annotations

from pathlib import Path

from bot.errors import UserError

PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The shipped folder `rules` or `examples`."""
    for place in (PACKAGE / name, PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise UserError(f"{PACKAGE / name}: the shipped folder is missing. Install agentic-flywheel again.")


def texts(root: Path, pattern: str) -> dict[str, str]:
    """Path below `root` → text of every matching file, sorted by path."""
    found = {}
    for path in sorted(root.rglob(pattern)):
        try:
            found[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: it cannot be read as UTF-8 text ({error}). Mend or remove it.") from error
    return found
