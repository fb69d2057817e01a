"""`flywheel explain`: a name and an out folder in; why it was proposed, why this tier, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.commands.wiring import ledger_of, load_run
from bot.errors import UserError
from bot.ledger import Ledger, Standing
from bot.model import branch_of
from bot.pages.story import SILENT, sentence
from bot.trials import accounting


def explain(name: str, out: Path) -> dict[str, Any]:
    """The modification (or else the pattern, or the exclusion of an episode) that `name` means, with its history.

    A change that the last run did not propose any more (merged, dismissed, withdrawn) is told from the ledger.
    """
    known = ledger_of(out)
    history = known.changes
    run = load_run(out)
    for kind, key in (("modifications", "id"), ("held", "id"), ("patterns", "id"), ("excluded", "episode")):
        for entry in run.get(kind, []):
            if name in _names(entry, key):
                standing = history.get(str(entry.get("id")))
                told = {"state": _state(standing), "history": _history(known, standing), **_accounts(known, standing)}
                return {"kind": kind.rstrip("s"), **entry, **told}
    for change, standing in history.items():
        last = standing.last
        numbers = {f"#{entry.number}" for entry in known.story(change) if entry.number}
        if name in (change, branch_of(last.detector, change)) or f"#{name.lstrip('#')}" in numbers:
            return {
                "kind": "change",
                "id": change,
                "revision": last.revision,
                "detector": last.detector,
                "repository": last.repository,
                "state": _state(standing),
                "history": _history(known, standing),
                **_accounts(known, standing),
            }
    raise UserError(
        f"{name}: nothing of that name in {out}/run.json. Name a change, pattern, detector, branch or episode."
    )


def _state(standing: Standing | None) -> str | None:
    """The last thing that happened to a change, with its reason."""
    if standing is None:
        return None
    return f"{standing.last.event}: {standing.last.reason}" if standing.last.reason else standing.last.event


def _accounts(known: Ledger, standing: Standing | None) -> dict[str, list[str]]:
    """What was predicted of a merged change beside what was seen; nothing for one that did not go in."""
    said = accounting.words(known.entries, standing.last.change) if standing is not None else ()
    return {"accounts": list(said)} if said else {}


def _names(entry: Mapping[str, Any], key: str) -> set[str]:
    found = {str(entry.get(key)), str(entry.get("branch")), str(entry.get("detector"))}
    return found - {"None"}


def _history(known: Ledger, standing: Standing | None) -> list[dict[str, str]]:
    """Everything that happened to a change, in order; `says` tells it as the pull's comment does."""
    story = known.story(standing.last.change) if standing is not None else ()
    shown = ("at", "event", "revision", "tier", "reason")
    told = (entry for entry in story if entry.event not in SILENT or entry.reason)
    return [{**{name: getattr(entry, name) for name in shown}, "says": sentence(entry)} for entry in told]
