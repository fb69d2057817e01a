"""A line of the ledger in, the sentence that tells it out: for `flywheel explain`, comments and dashboards alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.model import Entry
from bot.pages.escape import printable

SAYS = {
    "proposed": "proposed as {tier}",
    "updated": "updated as {tier}: new evidence, or the files underneath moved",
    "frozen": "a person committed to it, so it is left as it is",
    "promoted": "raised to {tier} {who}",
    "demoted": "lowered to {tier} {who}",
    "held": "held {who}",
    "resumed": "the hold was ended {who}",
    "approved": "a person agreed with {head}",
    "dismissed": "turned down {who}",
    "withdrawn": "withdrawn",
    "merged": "merged {who}",
    "completed": "done {who}; it is watched from then on",
    "trialled": "a held-out trial ended: {trial}",
    "registered": "a held-out trial was registered",
    "dispatched": "runs of a held-out trial were dispatched",
    "integrity": "an integrity alarm was raised",
    "rerun": "a failed run is run again at its own revision, before anybody is blamed",
    "undoing": "its exact way back was opened as a pull",
    "spared": "a person closed the pull that would have taken it back; it stays",
    "reverted": "taken back {who}",
}
WATCHED = {
    ("clean", "kept"): "the watch ended: kept, the pattern fell",
    ("clean", "inconclusive"): "the watch ended without an alarm; whether the pattern fell cannot be told",
    ("clean", ""): "watched, no alarm so far",
    ("alarm", ""): "the watch raised an alarm",
    ("alarm", "reverted"): "the watch raised an alarm, and it was taken back",
    ("", "reverted"): "the watch ended: it was taken back",
    ("too-few", "inconclusive"): "the watch ended with too few runs to tell",
}
SILENT = frozenset({"settled", "commanded"})
"""What is told only when it answered somebody."""


def sentence(entry: Entry) -> str:
    """What happened, on one line, with its reason and the pull or issue that it happened to."""
    said = WATCHED.get((entry.watch, entry.aftermath), "watched") if entry.event == "watched" else _said(entry)
    where = f" (#{entry.number})" if entry.number else ""
    reason = f": {printable(entry.reason, 500)}" if entry.reason else ""
    return f"{said}{where}{reason}"


def told(story: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """(time, sentence) of everything that people want to know, in order."""
    for entry in story:
        if entry.event not in SILENT or entry.reason:
            yield entry.at, sentence(entry)


def _said(entry: Entry) -> str:
    if entry.event == "settled":
        return "a label was put back"
    if entry.event == "commanded":
        return "a command was answered"
    form = SAYS.get(entry.event, printable(entry.event, 40))
    return form.format(tier=entry.tier, head=entry.head[:12], trial=entry.trial, who=_who(entry))


def _who(entry: Entry) -> str:
    return "by a person" if entry.by else "by Flywheel"
