"""What several commands need: the shipped rules and policy, the episodes of some paths, an out folder's ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot import ledger
from bot.approval import policy
from bot.errors import UserError
from bot.model import Detector, Episode
from bot.shipped import folder, texts
from bot.signals.checkpoints import Stored
from bot.signals.collect import collect
from bot.traces import detectors

LEDGER = "ledger.jsonl"
LISTS = ("modifications", "held", "patterns", "excluded")
"""What of a run.json is a list of objects."""


def shipped_detectors() -> tuple[Detector, ...]:
    """The detectors of `rules/detectors/`."""
    rules = texts(folder("rules") / "detectors", "*.yml")
    return detectors.load({path: text for path, text in rules.items() if not path.endswith(".test.yml")})


def shipped_policy() -> policy.Policy:
    """The approval policy of `rules/approval/default.yml`."""
    path = folder("rules") / "approval" / "default.yml"
    return policy.load(path.read_text(encoding="utf-8"), str(path))


def ledger_of(out: Path) -> ledger.Ledger:
    """What an out folder's ledger remembers; empty when there is none."""
    return ledger.fold(ledger_bytes(out).decode("utf-8", "replace").split("\n"))


def ledger_bytes(out: Path) -> bytes:
    """The ledger as it stands; empty when there is none. UserError when it cannot be read: it is never begun anew."""
    try:
        return (out / LEDGER).read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UserError(
            f"{out / LEDGER}: it cannot be read ({error.strerror or error}). Give read access, or name another --out."
        ) from error


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
        raise UserError(f"{path}: it cannot be read ({error}). Remove it and do `flywheel run` again.") from error
    if not isinstance(run, dict) or any(not _is_list_of_objects(run.get(name, [])) for name in LISTS):
        raise UserError(f"{path}: it is not a run of ours. Remove it and do `flywheel run` again.")
    return run


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def episodes_of(paths: Sequence[Path], stored: Callable[[Path], Stored | None] | None = None) -> Iterator[Episode]:
    """Episodes of the paths; of the bundled examples when there are none."""
    return collect(paths or (folder("examples") / "episodes",), stored)
