"""`flywheel undo` and `flywheel dismiss`: a change's id and an out folder in; the change closed and remembered."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

from bot import flywheel
from bot.commands.running import Shell, append, places_of
from bot.commands.wiring import ledger_of
from bot.errors import UserError
from bot.model import Entry, NoteMerged, branch_of, replace


def close(
    change: str,
    event: Literal["withdrawn", "dismissed"],
    reason: str,
    directory: Path | None,
    out: Path,
    shell: Shell,
    dry_run: bool,
) -> dict[str, Any]:
    """Close one change. `directory` overrides the repository that the last run used."""
    if event == "dismissed" and not reason.strip():
        raise UserError("--reason: it is empty. Say why: it is remembered, and shown to whoever asks.")
    with nullcontext() if dry_run else shell.lock(out):
        entry, life = _open_change(change, out)
        after, effects = flywheel.advance(life, event, reason)
        record = {"change": change, "state": after.state, "status": "would close", "detail": f"branch {life.branch}"}
        if dry_run:
            return record
        place = places_of(out).get(entry.repository)
        forge = shell.open_forge(entry.repository, directory or (Path(place) if place else None), out, None)
        if forge.merged(change, life.branch):
            append(out, [replace(entry, at=shell.now(), event="merged")], shell.write)
            forge.perform(NoteMerged(entry.repository, change))
            raise UserError(
                f"{change}: it is merged already. To take it out, revert the merge, or do "
                f"`git apply --reverse {out}/pulls/{change}.patch` in the repository."
            )
        for effect in effects:
            done = forge.perform(effect)
            record |= {"status": done.status, "detail": done.detail}
        if record["status"] != "closed":
            raise UserError(f"{change}: it is not closed but {record['status']}. {record['detail']}".rstrip())
        append(out, [replace(entry, at=shell.now(), event=event, reason=reason)], shell.write)
        return record


def _open_change(change: str, out: Path) -> tuple[Entry, flywheel.Change]:
    """What was proposed, and where it stands; UserError when there is nothing to close."""
    standing = ledger_of(out).changes.get(change)
    if standing is None:
        raise UserError(f"{change}: {out}/ledger.jsonl knows no such change. `flywheel run` prints the ids.")
    if not standing.is_open:
        raise UserError(f"{change}: it is {standing.last.event} already. Nothing is left to do.")
    entry = standing.proposed
    state: flywheel.State = "held" if standing.last.event == "frozen" else "proposed"
    return entry, flywheel.Change(change, entry.repository, branch_of(entry.detector, change), state)
