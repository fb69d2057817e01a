"""Paths on disk in, episodes out: every file of a bundle is recognised by its content, read and joined."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from bot.errors import UserError
from bot.model import Agent, Diff, Episode, Outcome, Report, Run, Signal, Source, Trace
from bot.signals import transcripts
from bot.signals.bundle import DAMAGED, Bundle, Member, bundles
from bot.signals.changed import changed
from bot.signals.join import Attempt, join
from bot.signals.recognise import recognise
from bot.signals.witness import FOLDER, closure, witnesses

TOOL_RESULTS = "tool-results"
"""Claude Code keeps long tool output as files in `<session>/tool-results/` (research/transcripts.md §3.2)."""
SHA = re.compile(r"[0-9a-f]{7,64}")
REPOSITORY = re.compile(r"(?!\.)[\w.-]{1,100}(?:/(?!\.)[\w.-]{1,100})?")


@dataclass(slots=True)
class _Contents:
    """What the files of one bundle held."""

    traces: list[Trace] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    diff: Diff | None = None
    patch: Source | None = None
    witnesses: dict[str, Report] = field(default_factory=dict)
    harness: dict[str, str] = field(default_factory=dict)
    unreadable: list[Signal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def collect(paths: Iterable[Path]) -> Iterator[Episode]:
    """Episodes of all paths, bundle by bundle. Raises UserError for a path that is not there.

    A file that cannot be read becomes a signal `unreadable` of its episode; a bundle with nothing readable becomes an
    episode without a trace when a manifest vouches for it, and is dropped silently otherwise.
    """
    for path in paths:
        for bundle in bundles(path):
            yield from read_bundle(bundle)


def read_bundle(bundle: Bundle) -> Iterator[Episode]:
    """The episodes of one bundle."""
    contents = _Contents(unreadable=[Signal("unreadable", detail=warning) for warning in bundle.warnings])
    declared = _declared(bundle.manifest)
    for member in bundle.members:
        _read_member(member, contents, declared.get(member.name))
    traces = transcripts.join(contents.traces)
    attempts = join(traces, contents.reports, bundle.manifest is not None)
    if not attempts and contents.unreadable:
        attempts = (Attempt(None, (), "unreadable"),)
    for attempt in attempts:
        yield _episode(bundle, contents, attempt)


def _read_member(member: Member, contents: _Contents, expected: str | None) -> None:
    """Put what one file holds where it belongs; trouble with it is said and costs no other file.

    What an agent's tools left beside its session (`<session>/tool-results/`) is the session's, whatever it looks like.
    """
    if TOOL_RESULTS in PurePosixPath(member.name).parts:
        return
    try:
        if member.name.startswith("harness/"):
            contents.harness[member.name.removeprefix("harness/")] = _digest(member)
            return
        found = recognise(member.open, member.path, member.name)
        if member.name.startswith(FOLDER):  # of other runs: no report and no transcript of this episode
            if isinstance(found, Report):
                _vouch(member, expected, [found.source.sha256], contents)
                contents.witnesses[member.name] = found
            return
        if isinstance(found, list):
            _vouch(member, expected, [source.sha256 for trace in found for source in trace.sources], contents)
            contents.traces.extend(found)
            return
        if found is None:
            return
        _vouch(member, expected, [found.source.sha256], contents)
        contents.warnings.extend(found.warnings)
        if found.partial and not found.warnings:
            contents.warnings.append(f"{member.path}: it was cut off; what was lost cannot be known. Make it again.")
        if found.format == "patch":
            contents.diff, contents.patch = found.diff, found.source
            return
        contents.reports.append(found)
    except UserError as error:
        contents.unreadable.append(Signal("unreadable", detail=str(error)))
    except DAMAGED as error:
        detail = f"{member.path}: it cannot be read ({error}). Check the file and its permissions."
        contents.unreadable.append(Signal("unreadable", detail=detail))


def _vouch(member: Member, expected: str | None, found: list[str], contents: _Contents) -> None:
    """A manifest's digest that does not fit the bytes is said; the bytes are what counts."""
    if expected and found and expected not in found:
        detail = f"{member.path}: its sha256 is not the manifest's. Make the bundle again."
        contents.unreadable.append(Signal("unreadable", detail=detail))


def _digest(member: Member) -> str:
    digest = hashlib.sha256()
    with member.open() as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


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


def _episode(bundle: Bundle, contents: _Contents, attempt: Attempt) -> Episode:
    manifest = bundle.manifest or {}
    trace = attempt.trace
    run = _run(_object(manifest, "run"), trace)
    named = _text(manifest, "repository")
    repository = named if REPOSITORY.fullmatch(named) else bundle.repository
    task = _text(manifest, "task") or bundle.task or (trace.task if trace else "") or None
    pull = manifest.get("pull")
    signals = [signal for report in attempt.reports for signal in report.signals]
    signals += contents.unreadable
    signals += _run_signals(run, trace)
    outcome = _outcome(manifest, attempt)
    diff = contents.diff or (changed(trace) if trace else None)
    if outcome == "none" and diff == Diff():
        diff = None  # somebody asked a question: that nothing was changed is no failure
    return Episode(
        id=_identity(repository, task, bundle, attempt),
        repository=repository,
        outcome=outcome,
        trace=trace,
        signals=tuple(signals),
        task=task,
        pull=pull if isinstance(pull, int) and not isinstance(pull, bool) and pull > 0 else None,
        head_sha=_sha(manifest, "head_sha"),
        base_sha=_sha(manifest, "base_sha"),
        agent=_agent(_object(manifest, "agent"), trace),
        run=run,
        diff=diff,
        patch=contents.patch,
        witnesses=witnesses(manifest, contents.witnesses, lambda declared: _run(declared, None)),
        closure=closure(manifest),
        joined=attempt.joined,
        reports=tuple(report.source.path for report in attempt.reports),
        harness=contents.harness,
        digests=tuple(report.source.sha256 for report in attempt.reports),
        warnings=tuple(contents.warnings),
    )


def _identity(repository: str, task: str | None, bundle: Bundle, attempt: Attempt) -> str:
    parts = [repository, task or "", bundle.name, attempt.label]
    if bundle.manifest is not None and not bundle.name:
        parts.append(Path(bundle.path).stem)
    kept: list[str] = []
    for part in parts:
        if part and part not in kept:
            kept.append(part)
    return "/".join(kept) or bundle.path


def _outcome(manifest: Mapping[str, object], attempt: Attempt) -> Outcome:
    """The manifest's word, else the reports' (any failed one decides), else the transcript's own label, else none."""
    match manifest.get("outcome"):
        case "pass":
            return "pass"
        case "fail":
            return "fail"
        case "none":
            return "none"
    outcomes = {report.outcome for report in attempt.reports}
    if "fail" in outcomes:
        return "fail"
    if "pass" in outcomes:
        return "pass"
    return attempt.trace.outcome if attempt.trace else "none"


def _run_signals(run: Run, trace: Trace | None) -> Iterator[Signal]:
    if run.conclusion:
        yield Signal("run-conclusion", run.conclusion != "success", run.conclusion)
    if run.attempt > 1:
        yield Signal("run-attempt", value=float(run.attempt))
    if trace is None:
        return
    if trace.tokens.input or trace.tokens.output:
        yield Signal("tokens", value=float(trace.tokens.input + trace.tokens.output))
    if trace.cost_usd is not None:
        yield Signal("cost", value=trace.cost_usd)


def _run(declared: Mapping[str, object], trace: Trace | None) -> Run:
    def number(key: str, fallback: int) -> int:
        value = declared.get(key)
        sound = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63
        return value if isinstance(value, int) and sound else fallback

    return Run(
        id=number("id", 0),
        attempt=number("attempt", 1),
        workflow=_text(declared, "workflow"),
        event=_text(declared, "event"),
        conclusion=_text(declared, "conclusion"),
        base=declared.get("base") is True,
        created_at=_text(declared, "created_at") or (trace.started if trace else ""),
    )


def _agent(declared: Mapping[str, object], trace: Trace | None) -> Agent:
    known = trace.agent if trace else Agent()
    return Agent(
        _text(declared, "name") or known.name,
        _text(declared, "version") or known.version,
        _text(declared, "model") or known.model,
    )


def _object(values: Mapping[str, object], key: str) -> Mapping[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    return value[:200] if isinstance(value, str) and value.isprintable() else ""


def _sha(values: Mapping[str, object], key: str) -> str:
    value = _text(values, key)
    return value if SHA.fullmatch(value) else ""
