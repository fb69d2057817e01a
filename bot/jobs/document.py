"""Proposals in; the one file that crosses from the job that reads evidence to the job that writes out; and back.

It holds proposals as data and no text that is shown as it is: titles, bodies and commit messages are written by who
applies it, through the escapes of bot/pages. Of transcripts it holds the redacted quotes that a body cites, no more.
Who reads it takes every byte for a stranger's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from bot.errors import UserError
from bot.jobs.proposing import Evidence
from bot.model import Detector, Episode, Exclusion, Finding, Outcome, Pin, Proposal, replace
from bot.pages.body import examples, telling

FILE = "flywheel-proposal.json"
VERSION: Literal[1] = 1
MAX_BYTES = 4 << 20
MAX_PROPOSALS = 20
MAX_SHOWN = 200

GATE = re.compile(r"X[1-9] [a-z-]{1,40}")
"""A code of the gate: what a body says of those left out is looked up by it."""
AGAIN = "Run the workflow again, from its first job."


class Cited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of an episode that is cited or left out: what a body says of it."""

    id: str
    outcome: Outcome
    task: str | None = None


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Version 1. `head` is the commit at which the harness was read, `made_at` an ISO 8601 time.

    `episodes` are all of `repository`; `excluded` has lost its details.
    """

    flywheel_proposal: Literal[1]
    repository: str
    head: str
    made_at: str
    proposals: Annotated[tuple[Proposal, ...], msgspec.Meta(max_length=MAX_PROPOSALS)]
    episodes: tuple[Cited, ...] = ()
    excluded: tuple[Exclusion, ...] = ()

    def evidence(self, detectors: Iterable[Detector]) -> Evidence:
        """What the texts of these proposals cite."""
        runs = {
            one.id: Episode(id=one.id, repository=self.repository, outcome=one.outcome, task=one.task)
            for one in self.episodes
        }
        return Evidence({one.id: one for one in detectors}, runs, self.excluded, where="action")


def made(
    repository: str,
    head: str,
    proposals: Sequence[Proposal],
    episodes: Mapping[str, Episode],
    excluded: Iterable[Exclusion],
    at: str,
) -> tuple[Document, int]:
    """The document, and how many proposals at its end did not fit; the best come first."""
    bare = [_bare(one, episodes) for one in proposals[:MAX_PROPOSALS]]
    left_out = tuple(replace(one, detail="") for one in excluded)
    for count in range(len(bare), -1, -1):
        cited = {finding.episode for one in bare[:count] for finding in one.modification.pattern.findings}
        cited |= {one.episode for one in left_out}
        shown = tuple(Cited(run.id, run.outcome, run.task) for name, run in episodes.items() if name in cited)
        document = Document(VERSION, repository, head, at, tuple(bare[:count]), shown, left_out)
        if len(encode(document)) <= MAX_BYTES:
            return document, len(proposals) - count
    raise UserError(f"{FILE}: what was left out alone fills it. Give this job fewer bundles at once.")


def encode(document: Document) -> bytes:
    """As JSON; bytes of a harness file that are no UTF-8 survive as lone surrogates."""
    return json.dumps(msgspec.to_builtins(document), ensure_ascii=True, separators=(",", ":")).encode()


def decode(data: bytes, repository: str) -> Document:
    """The document, for this repository (`owner/name`). UserError for whatever is not exactly one of ours."""
    if len(data) > MAX_BYTES:
        raise UserError(f"{FILE}: it is larger than {MAX_BYTES >> 20} MiB, which none of ours is. {AGAIN}")
    try:
        read = json.loads(data)
        version = read.get("flywheel_proposal") if isinstance(read, dict) else None
        if type(version) is not int or version != VERSION:
            raise UserError(f"{FILE}: it is no proposal of version {VERSION}. Use the same Flywheel in both jobs.")
        document = msgspec.convert(read, Document)
    except (ValueError, RecursionError) as error:  # a ValidationError is a ValueError
        raise UserError(f"{FILE}: it cannot be read as a proposal ({type(error).__name__}). {AGAIN}") from error
    if not all(GATE.fullmatch(one.code) for one in document.excluded):
        raise UserError(f"{FILE}: it names a gate that there is none of. {AGAIN}")
    if document.repository.casefold() != repository.casefold():
        raise UserError(f"{FILE}: it is for another repository, not for {repository}. {AGAIN}")
    return document


def _bare(proposal: Proposal, episodes: Mapping[str, Episode]) -> Proposal:
    """Without what no body shows: other findings, quotes as they stood, and citations beside the one that is told."""
    change = proposal.modification
    found = tuple(_cited(one) for one in examples(change, episodes))
    pattern = replace(change.pattern, findings=found)
    return replace(proposal, modification=replace(change, pattern=pattern))


def _cited(finding: Finding) -> Finding:
    pin = telling(finding.pins)
    pins = () if pin is None else (Pin(pin.path, pin.sha256, pin.start, pin.end, "", pin.shown[:MAX_SHOWN], pin.line),)
    return replace(finding, pins=pins, window=None)
