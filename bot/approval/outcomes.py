"""Takes the entries of ledgers and returns what became of each change, in the order in which it became known.

A success is a change that was merged, not reverted, and whose watch was clean (and whose trial confirmed it, when there
was one). A failure is one that was reverted, raised an alarm, was refuted by its trial, or was turned down by a person.
All else says nothing: it counts nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from bot.model import Entry, replace


class Outcome(msgspec.Struct, frozen=True):
    """What became of one change of a category; `kept` None is an alarm about its integrity."""

    category: str
    repository: str
    kept: bool | None
    reason: str = ""


SAYS_MODEL = frozenset({"proposed", "updated", "merged"})
"""Events that tell the model anew; what is said of a change later belongs to the model it was made under."""


class _Merge(msgspec.Struct, frozen=True):
    """One merge of one revision, and what was said of it since; `theirs` = a person had rewritten it."""

    category: str
    repository: str
    watch: str = ""
    trial: str = ""
    reverted: bool = False
    theirs: bool = False

    def failure(self) -> str:
        """Why it is a failure; "" when it is none, yet."""
        if self.trial in ("regression", "cosmetic"):
            return self.trial
        return "reverted" if self.reverted else "alarm" if self.watch == "alarm" else ""

    def clean(self) -> bool:
        """Whether nothing is left to wait for. What a person has rewritten says nothing good of us."""
        return self.watch == "clean" and self.trial in ("", "confirmed") and not self.theirs


def outcomes(entries: Iterable[Entry], model: str = "") -> list[Outcome]:
    """What became of the changes under this model, in the order in which it became known.

    Entries of several ledgers are put in order by their time. The same thing told twice counts once; a success that is
    reverted later becomes a failure at that time.
    """
    merges: dict[tuple[str, ...], _Merge] = {}
    known: dict[tuple[str, ...], Outcome] = {}
    trials: dict[tuple[str, str], str] = {}
    about: dict[tuple[str, str], tuple[str, str]] = {}
    frozen: set[tuple[str, str]] = set()
    again: Counter[tuple[str, ...]] = Counter()
    for told in sorted(entries, key=lambda one: one.at):
        change = (told.repository, told.change)
        was = about.get(change, (told.category, told.model))
        says_model = told.event in SAYS_MODEL or change not in about
        about[change] = (told.category or was[0], told.model if says_model else was[1])
        name, of_model = about[change]
        if not name or of_model != model:
            continue
        revision = (*change, told.revision)
        key = (*revision, str(again[revision]))
        match told.event:
            case "proposed" | "updated":
                frozen.discard(change)
            case "frozen":
                frozen.add(change)
            case "integrity":
                known["integrity", *revision, told.reason] = Outcome(name, told.repository, None, told.reason)
            case "dismissed" if told.tier != "backlog":
                known["dismissed", *revision] = Outcome(name, told.repository, False, "dismissed")
            case "trialled":
                trials[told.change, told.revision] = told.trial
            case "merged" if key not in merges or merges[key].reverted:
                again[revision] += key in merges
                key = (*revision, str(again[revision]))
                merges[key] = _Merge(name, told.repository, theirs=change in frozen)
            case "watched" if key in merges:
                merges[key] = replace(merges[key], watch=told.watch)
            case "reverted":
                merges[key] = replace(merges.get(key, _Merge(name, told.repository)), reverted=True)
        if key in merges:
            merges[key] = replace(merges[key], trial=trials.get((told.change, told.revision), ""))
            _note(known, key, merges[key])
    return list(known.values())


def _note(known: dict[tuple[str, ...], Outcome], key: tuple[str, ...], merge: _Merge) -> None:
    """Write down what a merge came to, last in the order when that is new."""
    why, before = merge.failure(), known.get(key)
    kept = False if why else True if merge.clean() else None
    if kept is (before.kept if before else None):
        return
    known.pop(key, None)
    if kept is not None:
        known[key] = Outcome(merge.category, merge.repository, kept, why)


def contradictions(
    entries: Iterable[Entry], pulls: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, str, str, str]]:
    """Changes of which the ledger says otherwise than the pulls: repository, change, what each of them says.

    `pulls` maps (repository, change) to `open`, `merged`, `closed` or `reverted`, as read from the forge.
    """
    said: dict[tuple[str, str], str] = {}
    states = {"proposed": "open", "updated": "open", "frozen": "open", "dismissed": "closed", "withdrawn": "closed"}
    states |= {"merged": "merged", "watched": "merged", "reverted": "reverted"}
    for entry in sorted(entries, key=lambda one: one.at):
        if entry.event in states and entry.tier != "backlog":
            said[entry.repository, entry.change] = states[entry.event]
    for key in sorted({*said, *pulls}):
        ours, theirs = said.get(key, "nothing"), pulls.get(key, "nothing")
        if ours != theirs:
            yield (*key, ours, theirs)
