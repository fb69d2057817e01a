"""What several commands need: the shipped rules and policy, the episodes of some paths, an out folder's ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot import ledger
from bot.approval import policy
from bot.model import Detector, Episode
from bot.shipped import folder, texts
from bot.signals.collect import collect
from bot.traces import detectors


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
    path = out / "ledger.jsonl"
    if not path.exists():
        return ledger.Ledger()
    return ledger.fold(path.read_text(encoding="utf-8", errors="replace").split("\n"))


def episodes_of(paths: Sequence[Path]) -> Iterator[Episode]:
    """Episodes of the paths; of the bundled examples when there are none."""
    return collect(paths or (folder("examples") / "episodes",))
