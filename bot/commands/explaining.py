"""`flywheel explain`: a name and an out folder in; why it was proposed, why this tier, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.commands.wiring import ledger_of
from bot.errors import UserError
from bot.ledger import Standing


def explain(name: str, out: Path) -> dict[str, Any]:
    """The modification (or else the pattern, or the exclusion of an episode) that `name` means, with its history."""
    run = load_run(out)
    history = ledger_of(out).changes
    for kind, key in (("modifications", "id"), ("held", "id"), ("patterns", "id"), ("excluded", "episode")):
        for entry in run.get(kind, []):
            if name in _names(entry, key):
                standing = history.get(str(entry.get("id")))
                return {"kind": kind.rstrip("s"), **entry, "history": list(_history(standing))}
    raise UserError(
        f"{name}: nothing of that name in {out}/run.json. Name a change, pattern, detector, branch or episode."
    )


def load_run(out: Path) -> Mapping[str, Any]:
    """The last run of an out folder."""
    path = out / "run.json"
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{path}: there is no run yet. Do `flywheel run` first, or name its folder by --out."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: it cannot be read ({error}). Do `flywheel run` again.") from error
    if not isinstance(run, dict):
        raise UserError(f"{path}: it is not a run. Do `flywheel run` again.")
    return run


def _names(entry: Mapping[str, Any], key: str) -> set[str]:
    found = {str(entry.get(key)), str(entry.get("branch")), str(entry.get("detector"))}
    return found - {"None"}


def _history(standing: Standing | None) -> Iterator[dict[str, str]]:
    if standing is None:
        return
    entries = [standing.first, standing.proposed, standing.last]
    for entry in dict.fromkeys(entries):
        yield {
            "at": entry.at,
            "event": entry.event,
            "revision": entry.revision,
            "tier": entry.tier,
            "reason": entry.reason,
        }
