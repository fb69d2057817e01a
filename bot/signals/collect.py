"""Paths on disk in, episodes out: every file of a bundle is recognised by its content, read and joined."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.model import Agent, Diff, Episode, Outcome, Run, Signal, Trace, Trust
from bot.signals import transcripts
from bot.signals.bundle import Bundle
from bot.signals.changed import changed
from bot.signals.checkpoints import Stored, bundles_of
from bot.signals.contents import Contents, read_contents
from bot.signals.join import Attempt, join, one_run
from bot.signals.witness import closure, witnesses

SHA = re.compile(r"[0-9a-f]{7,64}")
REPOSITORY = re.compile(r"(?!\.)[\w.-]{1,100}(?:/(?!\.{1,2}$)[\w.-]{1,100})?")
JOINED = ("trailer", "bundle", "run-branch", "head-sha", "ambiguous", "unjoined")
"""How an App found the transcript of a head (bot/jobs/collecting_join.py); its manifests say so."""
MAX_LEFT_OUT = 50


def collect(
    paths: Iterable[Path],
    stored: Callable[[Path], Stored | None] | None = None,
    unknown: list[str] | None = None,
    *,
    ours: bool = False,
) -> Iterator[Episode]:
    """Episodes of all paths, bundle by bundle. Raises UserError for a path that is not there.

    `stored` gives what a git repository keeps of agents' sessions, None for any other path (bot/forge/checkpoints.py).
    A file that cannot be read becomes a signal `unreadable` of its episode; a bundle with nothing readable becomes an
    episode without a trace when a manifest vouches for it, and is dropped silently otherwise. The paths of files that
    no reader knows are added to `unknown`.

    Trust (design.md §7): what a user names is the user's own, T2; a manifest can only lower that. With `ours` the paths
    are our own evidence store, whose manifests we wrote from what GitHub says: what bears no trust there is T0.
    """
    for path in paths:
        for bundle in bundles_of(path, stored):
            yield from read_bundle(bundle, unknown, ours=ours)


def read_bundle(bundle: Bundle, unknown: list[str] | None = None, *, ours: bool = False) -> Iterator[Episode]:
    """The episodes of one bundle; the paths of files that no reader knows are added to `unknown`."""
    contents = read_contents(bundle)
    if unknown is not None:
        unknown.extend(contents.unknown)
    for attempt in _attempts(bundle, contents):
        yield _episode(bundle, contents, attempt, "T0" if ours else "T2")


def _attempts(bundle: Bundle, contents: Contents) -> tuple[Attempt, ...]:
    """The attempts of a bundle: one that a layout claims is one run, told once or several times."""
    traces = transcripts.join(contents.traces)
    if bundle.claim is None:
        attempts = join(traces, contents.reports, bundle.manifest is not None)
    elif traces or contents.reports:
        attempts = (Attempt(one_run(traces), tuple(contents.reports), bundle.claim.joined),)
    else:
        attempts = ()
    if not attempts and contents.unreadable:
        return (Attempt(None, (), "unreadable"),)
    return attempts


def _episode(bundle: Bundle, contents: Contents, attempt: Attempt, trust: Trust) -> Episode:
    manifest = bundle.manifest or (bundle.claim.facts if bundle.claim else {})
    trace = attempt.trace
    run = _run(_object(manifest, "run"), trace)
    named = _text(manifest, "repository")
    repository = named if REPOSITORY.fullmatch(named) else bundle.repository
    task = _text(manifest, "task") or bundle.task or (trace.task if trace else "") or None
    pull = manifest.get("pull")
    signals = [signal for report in attempt.reports for signal in report.signals]
    signals += [*contents.unreadable, *_told_later(manifest)]
    told = {signal.name for signal in signals}
    signals += [signal for signal in _run_signals(run, trace) if signal.name not in told]
    outcome = _judged(contents.verdicts) if bundle.claim else _outcome(manifest, attempt)
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
        trust=_trust(manifest, trust),
        joined=_joined(manifest, attempt),
        reports=tuple(report.source.path for report in attempt.reports),
        harness=contents.harness,
        digests=tuple(report.source.sha256 for report in attempt.reports),
        warnings=(*contents.warnings, *_disbelieved(bundle), *_left_out(manifest)),
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
    """The manifest's word, else the reports' (any failed one decides), else the transcript's own label, else none.

    A word that is none of the three is no verdict: the reports would say the contrary of what somebody meant to say.
    """
    match manifest.get("outcome"):
        case "pass":
            return "pass"
        case "fail":
            return "fail"
        case None:
            pass
        case _:
            return "none"
    outcomes = {report.outcome for report in attempt.reports}
    if "fail" in outcomes:
        return "fail"
    if "pass" in outcomes:
        return "pass"
    return attempt.trace.outcome if attempt.trace else "none"


def _disbelieved(bundle: Bundle) -> Iterator[str]:
    """What a manifest says that cannot be taken at its word."""
    said = bundle.manifest or {}
    if said.get("outcome") not in ("pass", "fail", "none", None):
        yield f"{bundle.path}: its manifest's outcome is {str(said['outcome'])[:40]!r}. Write pass, fail or none."
    if said.get("repository") is not None and not REPOSITORY.fullmatch(_text(said, "repository")):
        yield f"{bundle.path}: its manifest's repository is no owner/name; the folder's name was taken. Mend it."


def _trust(manifest: Mapping[str, object], without: Trust) -> Trust:
    """The manifest's word; `without` when it says nothing. No word is better than none at all on a user's own disk."""
    match manifest.get("trust"):
        case "T0":
            return "T0"
        case "T1":
            return "T1"
        case "T2":
            return "T2"
        case None:
            return without
    return "T0"


def _joined(manifest: Mapping[str, object], attempt: Attempt) -> str:
    """The reason code of the join: an App's manifest says how the transcript was found."""
    said = manifest.get("joined")
    return said if isinstance(said, str) and said in JOINED and attempt.joined == "bundle" else attempt.joined


def _told_later(manifest: Mapping[str, object]) -> Iterator[Signal]:
    """What became of the head after it was judged."""
    commits = manifest.get("corrections")
    if isinstance(commits, int) and not isinstance(commits, bool) and commits > 0:
        yield Signal("corrected", detail=f"{commits} commits by people after the agent's last", value=float(commits))
    if reverted := _sha(manifest, "reverted"):
        yield Signal("reverted", detail=f"merged, and reverted by {reverted}")


def _left_out(manifest: Mapping[str, object]) -> Iterator[str]:
    """What could not be had when the bundle was made."""
    said = manifest.get("left_out")
    for text in said[:MAX_LEFT_OUT] if isinstance(said, list) else ():
        if isinstance(text, str) and text.isprintable():
            yield f"evidence-incomplete: {text[:300]}"


def _judged(verdicts: Sequence[Outcome]) -> Outcome:
    """What those judge whose word alone counts; without one there is no outcome."""
    return "fail" if "fail" in verdicts else "pass" if "pass" in verdicts else "none"


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
