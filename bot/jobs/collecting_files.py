"""Artifacts in, the files of a bundle out: told by content, scrubbed, bounded; what was left out is said.

A zip is read in memory; a name in it never becomes a path before `safe` made it one. Of a bundle that `flywheel embed`
made the files are taken one by one, and its manifest only for what it claims, which others check.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.errors import UserError
from bot.hosting.runs import Artifact
from bot.jobs.collecting_source import Source
from bot.model import Trace
from bot.signals import reports, transcripts
from bot.signals.archive import inflated, zip_members
from bot.signals.embed import Kind, distinct, safe
from bot.signals.join import RETELLING
from bot.signals.layouts import agentic_workflow
from bot.signals.layouts.archived import attempts
from bot.signals.member import DAMAGED, Member
from bot.signals.mixed import is_mixed, read_mixed
from bot.signals.recognise import recognise
from bot.signals.redact import PRIVATE_KEY, TOKENS, redact
from bot.signals.scrub import scrub

BUNDLE = re.compile(r"flywheel-bundle(?:-.{0,200})?")
AGENT = re.compile(
    r"(?i)(?:[0-9a-f]{6,64}-)?(?:activation|agent|agent-artifacts|agent[-_]outputs?(?:\.json)?|aw[-_]info(?:\.json)?)"
    r"|.{0,100}(?:claude|codex|copilot|gemini|openhands|opencode|swe-?agent|aider|harbor|terminal-?bench|trajector"
    r"|transcript|agent-stdio|agent-logs?|agent-sessions?).{0,100}"
)
"""Names of artifacts that may hold an agent's transcript; docs/collecting.md says whose they are."""
REPORT = re.compile(r"(?i).{0,100}(?:junit|test|report|result|ctrf|sarif|nunit|xunit|\btrx\b|\btap\b).{0,100}")
MAX_ARCHIVE = 64 << 20
MAX_ARCHIVES = 10
MAX_FILE = 64 << 20
MAX_TOTAL = 200 << 20
MAX_FILES = 2_000
MAX_NAMES = 200_000
"""Letters in the names of a bundle's files: its manifest lists them, and has a bound where it is read."""
MAX_MANIFEST = 1 << 20
MAX_LEFT_OUT = 50
HEAD = 64 << 10
NOT_TAKEN = frozenset({"patch", "reward"})
"""Report formats that a tree holds for other reasons; the patch of a head is the API's."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of an artifact as it was found there."""

    kind: Kind
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """An artifact that was read. `claims` is what a manifest of ours in it says: to be checked, never believed."""

    artifact: Artifact
    files: tuple[File, ...]
    claims: dict[str, object] = field(default_factory=dict)

    @property
    def transcripts(self) -> tuple[File, ...]:
        """What an agent wrote."""
        return tuple(file for file in self.files if file.kind == "transcript")

    @property
    def reports(self) -> tuple[File, ...]:
        """What CI wrote."""
        return tuple(file for file in self.files if file.kind == "report")


class Shelf:
    """Fetches artifacts for one head, each once, so many and so large and no more; what it refuses is in `left_out`."""

    def __init__(self, source: Source) -> None:
        self.left_out: list[str] = []
        self._source = source
        self._opened: dict[int, Opened] = {}
        self._bytes = 0

    def open(self, artifact: Artifact) -> Opened:
        """What it holds; nothing when it cannot be had, and then that is said."""
        if artifact.id not in self._opened:
            self._opened[artifact.id] = self._read(artifact)
        return self._opened[artifact.id]

    def has(self, artifact: Artifact) -> bool:
        """Whether it was opened already."""
        return artifact.id in self._opened

    def say(self, text: str) -> None:
        """Note what was left out, without what could be a secret or could break a line."""
        clean = redact("".join(char if char.isprintable() else " " for char in text))[:300]
        if len(self.left_out) < MAX_LEFT_OUT and clean not in self.left_out:
            self.left_out.append(clean)

    def _read(self, artifact: Artifact) -> Opened:
        label = f"artifact {safe(artifact.name)}"
        if artifact.expired:
            self.say(f"{label}: it has expired")
        elif len(self._opened) >= MAX_ARCHIVES:
            self.say(f"{label}: {MAX_ARCHIVES} artifacts were read already")
        elif artifact.size > MAX_ARCHIVE or self._bytes + artifact.size > MAX_TOTAL:
            self.say(f"{label}: it is too large ({artifact.size} bytes)")
        else:
            try:
                data = self._source.archive(artifact, MAX_ARCHIVE)
            except UserError as error:
                self.say(f"{label}: {error}")
                return Opened(artifact, ())
            self._bytes += len(data)
            return self._unzip(artifact, data)
        return Opened(artifact, ())

    def _unzip(self, artifact: Artifact, data: bytes) -> Opened:
        members, problems = zip_members(Path(f"{safe(artifact.name)}.zip"), data)
        for problem in problems:
            self.say(problem)
        claims = _claims(members)
        rest = members if claims else self._laid_out(artifact, members)
        files: list[File] = []
        for member in rest[:MAX_FILES]:
            try:
                file = _file(inflated(member), bool(claims))
            except (UserError, *DAMAGED) as error:
                self.say(f"{member.path}: it cannot be read ({error})")
                continue
            if file:
                files.append(file)
        return Opened(artifact, tuple(files), claims)

    def _laid_out(self, artifact: Artifact, members: Sequence[Member]) -> list[Member]:
        """The members without what a layout of another tool says is no transcript and no report (an agent that looks
        for threats wrote some). Several attempts in one artifact are a benchmark, not the work on one head."""
        prefix = f"{safe(artifact.name)}/"
        found, rest = attempts([replace(one, name=prefix + one.name) for one in members], ())
        if len(found) > 1:
            self.say(f"artifact {safe(artifact.name)}: it holds {len(found)} attempts; none is that of this head alone")
        kept = [member for _, claim, inner in found[:2] for member in inner if claim.role(member.name) != "none"]
        if holder := agentic_workflow.HOLDERS.fullmatch(artifact.name):
            rest = [member for member in rest if agentic_workflow.role(member.name, holder[1]) != "none"]
        return [*(kept if len(found) == 1 else ()), *rest]


@dataclass(slots=True)
class Contents:
    """The files of a bundle so far, scrubbed; the same bytes once in each of its folders."""

    shelf: Shelf
    files: dict[str, bytes] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    size: int = 0
    _taken: set[str] = field(default_factory=set)
    _folders: set[str] = field(default_factory=set)
    _letters: int = 0

    def put(self, kind: Kind, path: str, data: bytes) -> str:
        """Where the file is now; empty when it is there already, or is one too many."""
        clean = data if kind == "harness" else scrub(data)
        room = path.partition("/")[0]
        digest = hashlib.sha256(room.encode() + clean).hexdigest()
        if digest in self._taken and kind != "harness":
            return ""
        if kind == "harness" and not _is_clean(data):
            self.shelf.say(f"it holds a secret: {path}")
            return ""
        full = len(self.files) >= MAX_FILES or self._letters + len(path) > MAX_NAMES
        if full or self.size + len(clean) > MAX_TOTAL:
            self.shelf.say(f"the bundle would be too large: {path}")
            return ""
        where = path if kind == "harness" else distinct(path, {*self.files, *self._folders})
        above = [where[:at] for at, char in enumerate(where) if char == "/"]
        if where in self.files or where in self._folders or any(one in self.files for one in above):
            return ""  # something is there, or a file stands where a folder would have to
        self._folders.update(above)
        self._taken.add(digest)
        self.size += len(clean)
        self._letters += len(where)
        self.files[where], self.kinds[where] = clean, kind
        return where

    def take(self, opened: Opened, files: Iterable[File]) -> None:
        """Files of an artifact, each where a bundle has its kind."""
        for file in files:
            if file.kind == "harness":
                self.put("harness", file.name, file.data)
                continue
            label = f"{safe(opened.artifact.name)}/"
            name = file.name.removeprefix(label).removeprefix("transcripts/").removeprefix("reports/")
            self.put(file.kind, f"{file.kind}s/{safe(label + name)}", file.data)

    def listed(self) -> list[dict[str, str]]:
        """The manifest's list."""
        return [
            {"path": path, "kind": self.kinds[path], "sha256": hashlib.sha256(data).hexdigest()}
            for path, data in sorted(self.files.items())
        ]


def told_once(files: Sequence[File]) -> list[File]:
    """Transcripts without those that tell the same again: of the formats in which an agent's work is told, the one
    with the most calls; what another tool made of an agent's own files comes last (bot/signals/join.py)."""
    told: dict[str, dict[str, list[tuple[File, int]]]] = {}
    for file in files:
        traces = _traces(file)
        agent = next((trace.agent.name for trace in traces if trace.agent.name), "")
        calls = sum(len(step.calls) for trace in traces for step in trace.steps)
        told.setdefault(agent, {}).setdefault(traces[0].format if traces else "", []).append((file, calls))
    kept: list[File] = []
    for formats in told.values():
        best = max(formats, key=lambda name: (sum(calls for _, calls in formats[name]), name not in RETELLING))
        kept += [file for file, _ in formats[best]]
    return kept


def _traces(file: File) -> list[Trace]:
    try:
        found = recognise(lambda: io.BytesIO(file.data), file.name, file.name)
    except UserError:
        return []  # who reads the bundle will say what is wrong with it
    return found if isinstance(found, list) else []


def _claims(members: Iterable[Member]) -> dict[str, object]:
    """The manifest of a bundle that `flywheel embed` made; empty when this is none."""
    for member in members:
        if member.name != "manifest.json" or member.size > MAX_MANIFEST:
            continue
        try:
            with member.open() as stream:
                found = json.loads(stream.read(MAX_MANIFEST))
        except (UserError, RecursionError, *DAMAGED):
            return {}
        return found if isinstance(found, dict) and found.get("flywheel_bundle") == 1 else {}
    return {}


def _file(member: Member, is_bundle: bool) -> File | None:
    """The file, when its content is a transcript or a report; or a harness file of a bundle. What a bundle says of
    other runs (`witnesses/`) is a claim: not taken."""
    if is_bundle and member.name.startswith("witnesses/"):
        return None
    with member.open() as stream:
        data = stream.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise UserError(f"larger than {MAX_FILE >> 20} MiB")
    if is_bundle and member.name.startswith("harness/"):
        inside = member.name.removeprefix("harness/")
        return File("harness", member.name, data) if _is_path(inside) else None
    kind = _kind(data, member.name)
    return File(kind, member.name, data) if kind else None


def _kind(data: bytes, name: str) -> Kind | None:
    head = data[:HEAD]
    if transcripts.sniff(head, name) != transcripts.UNKNOWN:
        return "transcript"
    known = reports.sniff(head, name)
    if known != reports.UNKNOWN:
        return None if known in NOT_TAKEN else "report"
    return "transcript" if is_mixed(name) and read_mixed(io.BytesIO(data), name) else None


def _is_path(name: str) -> bool:
    """Whether a harness file may lie at this path: its path is its identity, so it is taken as it is or not at all."""
    parts = name.split("/")
    return (
        len(name) <= 300
        and name.isprintable()
        and all(re.fullmatch(r"[\w.@+ -]{1,100}", part) for part in parts)
        and (not {".", "..", ".git"}.intersection(parts))
    )


def _is_clean(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    return not (TOKENS.search(text) or PRIVATE_KEY.search(text))
