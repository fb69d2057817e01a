"""Takes a tier and returns the labels of its change: names, colours and descriptions stand here and nowhere else.

A label is a view, never the authority (design.md, rule 7).
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import Tier


@dataclass(frozen=True, slots=True)
class Label:
    """A GitHub label: colour as six hex digits without `#`, description of at most 100 characters.

    https://docs.github.com/en/rest/issues/labels#create-a-label
    """

    name: str
    colour: str
    description: str


FLYWHEEL = Label("flywheel", "5319e7", "Opened by Flywheel from the evidence of failed agent runs")
INTERACTIVE = Label("flywheel:interactive", "1d76db", "Measured; a person decides and merges")
BACKLOG = Label(
    "flywheel:backlog", "c5def5", "Not yet measured or shared by several projects; an issue with a ready draft"
)
AUTONOMOUS = Label(
    "flywheel:autonomous", "0e8a16", "Proven category: merges itself when everything holds, is watched, is reverted"
)
HOLD = Label("flywheel:hold", "d93f0b", "A person said wait; Flywheel leaves this change as it is")
STUCK = Label("flywheel:stuck", "b60205", "Flywheel could not go on and says why in its comment")

LABELS = (FLYWHEEL, INTERACTIVE, BACKLOG, AUTONOMOUS, HOLD, STUCK)
TIER_LABELS: dict[Tier, Label] = {"backlog": BACKLOG, "interactive": INTERACTIVE, "autonomous": AUTONOMOUS}


def labels_for(tier: Tier) -> tuple[str, ...]:
    """The names a change of this tier bears: ours, and exactly one tier."""
    return (FLYWHEEL.name, TIER_LABELS[tier].name)
