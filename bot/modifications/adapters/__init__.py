"""The writers of remedies, one for each component: the files as they stand in, the same with the remedy out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.model import Component, Detector, Edit, Harness, Remedy
from bot.modifications.adapters import claude_hooks, managed_block


@dataclass(frozen=True, slots=True)
class Adapter:
    """How a component is written. `plan` names the files and gives them as they stand (before == after), `kind` says
    what kind of edit that will be, `fill` writes the remedy in, with the id of the change and thresholds. All raise
    UserError with the mend."""

    component: Component
    kind: Callable[[tuple[Edit, ...], Detector], str]
    plan: Callable[[Harness, Remedy, str], tuple[Edit, ...]]
    fill: Callable[[tuple[Edit, ...], Detector, str, Mapping[str, int]], tuple[Edit, ...]]


ADAPTERS: tuple[Adapter, ...] = (
    Adapter("instructions", managed_block.kind, managed_block.plan, managed_block.fill),
    Adapter("hooks", claude_hooks.kind, claude_hooks.plan, claude_hooks.fill),
)
"""A new one is a file here and a line there."""
