"""The files of one bundle go in; what they held comes out, sorted: traces, reports, a patch, witnesses, the harness.

Trouble with one file is said and costs no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from bot.errors import UserError
from bot.model import Diff, Outcome, Report, Signal, Source, Trace
from bot.signals import transcripts
from bot.signals.bundle import Bundle
from bot.signals.late import Late
from bot.signals.layouts.claim import Role
from bot.signals.member import DAMAGED, Member
from bot.signals.recognise import HEAD_BYTES, recognise
from bot.signals.transcripts import openhands_v1
from bot.signals.transcripts.joining import aside
from bot.signals.witness import FOLDER

HARNESS = "harness/"
TOOL_RESULTS = "tool-results"
"""Claude Code keeps long tool output as files in `<session>/tool-results/` (research/transcripts.md §3.2)."""


@dataclass(slots=True)
class Contents:
    """What the files of one bundle held. `verdicts` are those of the reports whose word alone counts in a layout."""

    traces: list[Trace] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    diff: Diff | None = None
    patch: Source | None = None
    witnesses: dict[str, Report] = field(default_factory=dict)
    harness: dict[str, str] = field(default_factory=dict)
    verdicts: list[Outcome] = field(default_factory=list)
    unreadable: list[Signal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Files that no reader knows: left alone."""


def read_contents(bundle: Bundle) -> Contents:
    """Read every file of a bundle that may tell of its run."""
    contents = Contents(unreadable=[Signal("unreadable", detail=warning) for warning in bundle.warnings])
    declared = _declared(bundle.manifest)
    contents.warnings.extend(_missing(bundle))
    conversations: dict[str, list[Member]] = {}
    for member in bundle.members:
        if (place := openhands_v1.conversation(member.name)) and _is_event(member):
            conversations.setdefault(place, []).append(member)
            continue
        role = bundle.claim.role(member.name) if bundle.claim else "any"
        try:
            _read_member(member, contents, declared.get(member.name), role)
        except UserError as error:
            _unreadable(contents, str(error))
        except DAMAGED as error:
            _unreadable(contents, f"{member.path}: it cannot be read ({error}). Check the file and its permissions.")
    for members in conversations.values():
        _read_conversation(members, contents, declared)
    if bundle.claim and bundle.claim.expects and not contents.traces and not contents.unreadable:
        _unreadable(contents, f"{bundle.path}: no transcript of a known format stands there. See docs/formats.md.")
    return contents


def _is_event(member: Member) -> bool:
    """Whether a file that lies where OpenHands keeps an event holds one."""
    try:
        with member.open() as stream:
            return transcripts.sniff(stream.read(HEAD_BYTES), member.name) == openhands_v1.NAME
    except (UserError, *DAMAGED):
        return False


def _read_conversation(members: Sequence[Member], contents: Contents, declared: Mapping[str, str]) -> None:
    """The files of one conversation, an event each, as one trace."""
    opened = [Late(member.open) for member in members]
    files = [(member.path, cast("BinaryIO", late)) for member, late in zip(members, opened, strict=True)]
    contents.traces.append(openhands_v1.read_folder(files))
    digests = {source.path: source.sha256 for source in contents.traces[-1].sources}
    for member, late in zip(members, opened, strict=True):
        _vouch(member, declared.get(member.name), [digests.get(member.path, "")], contents)
        if late.problem:
            _unreadable(contents, f"{member.path}: {late.problem}")


def _read_member(member: Member, contents: Contents, expected: str | None, role: Role) -> None:
    """Put what one file holds where it belongs.

    What an agent's tools left beside its session (`<session>/tool-results/`) is the session's, whatever it looks like;
    what lies in `witnesses/` is of other runs, no report and no transcript of this one.
    """
    if TOOL_RESULTS in PurePosixPath(member.name).parts:
        return
    if member.name.startswith(HARNESS):
        contents.harness[member.name.removeprefix(HARNESS)] = _digest(member)
        return
    found = recognise(member.open, member.path, member.name)
    if found is None:
        contents.unknown.append(member.path)
        return
    sources = [found.source] if isinstance(found, Report) else [source for trace in found for source in trace.sources]
    if isinstance(found, Report):
        if role in ("transcript", "subagent"):
            return
        _put_report(member, found, contents, role)
    elif member.name.startswith(FOLDER) or role in ("report", "verdict"):
        return
    else:
        contents.traces.extend(map(aside, found) if role == "subagent" else found)
    _vouch(member, expected, [source.sha256 for source in sources], contents)


def _put_report(member: Member, found: Report, contents: Contents, role: Role) -> None:
    if member.name.startswith(FOLDER):
        contents.witnesses[member.name] = found
        return
    if role == "verdict":
        if "pass" in contents.verdicts or "fail" in contents.verdicts:
            return  # the same verdict once more, in a file of its own
        contents.verdicts.append(found.outcome)
    contents.warnings.extend(found.warnings)
    if found.partial and not found.warnings:
        contents.warnings.append(f"{member.path}: it was cut off; what was lost cannot be known. Make it again.")
    if found.format == "patch":
        contents.diff, contents.patch = found.diff, found.source
        return
    contents.reports.append(found)


def _unreadable(contents: Contents, why: str) -> None:
    contents.unreadable.append(Signal("unreadable", detail=why))


def _vouch(member: Member, expected: str | None, found: list[str], contents: Contents) -> None:
    """A manifest's digest that does not fit the bytes is said; the bytes are what counts."""
    if expected and found and expected not in found:
        detail = f"{member.path}: its sha256 is not the manifest's. Make the bundle again."
        _unreadable(contents, detail)


def _digest(member: Member) -> str:
    digest = hashlib.sha256()
    with member.open() as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _missing(bundle: Bundle) -> Iterator[str]:
    """What the manifest lists and the bundle does not hold."""
    files = (bundle.manifest or {}).get("files")
    names = {member.name for member in bundle.members}
    listed = (
        [str(entry.get("path"))[:200] for entry in files if isinstance(entry, dict)] if isinstance(files, list) else []
    )
    if gone := [name for name in listed if name not in names]:
        yield f"{bundle.path}: {len(gone)} listed in its manifest but not there: {gone[0]}. Make the bundle again."


def _declared(manifest: Mapping[str, object] | None) -> dict[str, str]:
    """Path → sha256 of the manifest's file list."""
    files = (manifest or {}).get("files")
    if not isinstance(files, list):
        return {}
    return {
        entry["path"]: entry["sha256"]
        for entry in files
        if isinstance(entry, dict) and isinstance(entry.get("path"), str) and isinstance(entry.get("sha256"), str)
    }
