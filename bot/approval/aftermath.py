"""Takes a watch and the time; returns what is to be done now and what became of the change."""

from __future__ import annotations

from typing import Literal

import msgspec

from bot.approval.policy import Policy
from bot.approval.seen import when
from bot.approval.watch import Merge, Watch
from bot.model import Entry, replace


class Answer(msgspec.Struct, frozen=True):
    """What is to be done now, and what is known: `watch` and `aftermath` as the ledger writes them, "" while open.

    `wait`: nothing yet. `rerun`: run `episodes` again at their revisions before anybody is blamed. `revert`: open the
    exact inverse. `reopen`: the pattern has come back; the change may stay. `done`: the watch has ended.
    """

    do: Literal["wait", "rerun", "revert", "reopen", "done"]
    reason: str
    watch: str = ""
    aftermath: str = ""
    episodes: tuple[str, ...] = ()


def answer(merge: Merge, state: Watch, policy: Policy, now: str, reverted: bool = False) -> Answer:
    """What a watch says at `now` (ISO 8601 with its zone)."""
    bars, days = policy.watch, (when(now) - when(merge.since)).days
    if reverted:
        return Answer("done", "reverted", "alarm" if state.alarm else "", "reverted")
    if state.alarm:
        return _blame(state, policy)
    ended = state.seen >= bars.window or days >= bars.most_days
    enough = state.seen >= bars.runs and days >= bars.days and not state.blind
    if not enough:
        reason = "blind" if state.blind else "few-runs" if state.seen < bars.runs else "few-days"
        return Answer("done", reason, "too-few", "inconclusive") if days >= bars.most_days else Answer("wait", reason)
    if state.returned:
        return Answer("reopen", "returned", "clean", "inconclusive")
    if state.fell:
        return Answer("done", "fell", "clean", "kept")
    if state.fell is False or ended:
        return Answer("done", "did-not-fall" if state.fell is False else "undecided", "clean", "inconclusive")
    return Answer("wait", "undecided", "clean")


def told(merged: Entry, said: Answer, before: Entry | None, at: str) -> Entry | None:
    """The ledger's line for an answer, after the entry of the merge; None when it says nothing new."""
    if not (said.watch or said.aftermath):
        return None
    if before is not None and (before.watch, before.aftermath) == (said.watch, said.aftermath):
        return None
    return replace(merged, at=at, event="watched", reason=said.reason, watch=said.watch, aftermath=said.aftermath)


def _blame(state: Watch, policy: Policy) -> Answer:
    """A revert once enough suspects failed again at their revision; until then they are to be run again."""
    if state.alarm == "pattern" or len(state.confirmed) >= policy.watch.reruns:
        return Answer("revert", state.alarm, "alarm")
    waiting = [name for name in state.suspects if name not in state.confirmed]
    wanted = policy.watch.reruns - len(state.confirmed)
    return Answer("rerun", "not-rerun", episodes=tuple(waiting[-wanted:]))
