"""What a repository's ledger says is open in, what closes all of it out: for a repository that takes part no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot import flywheel
from bot.ledger import Ledger
from bot.model import Effect, Entry, Performed, branch_of, replace

GONE = "`.github/flywheel.yml` is gone: this repository takes part no more, and what Flywheel opened is closed."
OBSERVES = "`mode: observe` stands in `.github/flywheel.yml`: nothing is proposed here, and what is open is closed."


def withdraw(
    repository: str, remembered: Ledger, reason: str, perform: Callable[[Effect], Performed], at: str
) -> Iterable[Entry]:
    """Close everything of ours that is open in a repository; an entry for each that is closed now.

    What a person has committed to is theirs, and stays.
    """
    for change, standing in remembered.changes.items():
        last = standing.last
        if not standing.is_open or last.repository != repository:
            continue
        state: flywheel.State = "held" if last.event == "frozen" else "proposed"
        life = flywheel.Change(change, repository, branch_of(last.detector, change), state)
        _after, effects = flywheel.advance(life, "withdrawn", reason)
        if all(perform(effect).status == "closed" for effect in effects):
            yield replace(standing.proposed, at=at, event="withdrawn", reason=reason)
