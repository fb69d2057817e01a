"""What we installed in a repository and the runs since in; the small changes that keep it right out.

Three kinds, each no more than its name says (design.md §5): one threshold of a guard moved, a block of ours brought up
to its rule's text, the block of a rule taken out whose failure has stayed away. No byte of a run goes into an edit.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from bot.model import Detector, Edit, Episode, Harness, Modification, Pattern, Prediction, Remedy, Replay
from bot.modifications import patch
from bot.modifications.adapters import claude_hooks, managed_block
from bot.modifications.backtest import calibrate
from bot.modifications.generate import identity, revision
from bot.modifications.harness import instructions
from bot.modifications.predict import predict

THRESHOLD, REMOVAL = "guard-threshold", "expired-rule-removal"
SAW = 20
"""Passing runs that saw the guard, before its log says anything about a threshold."""
NUISANCE = 0.05
"""A guard that acts in a larger share of the passing runs that saw it speaks too soon; `calibrate` aims below that."""
MISSED = 3
"""Failures that show the pattern and in which the guard kept silent, before it is said to speak too late."""
SILENT = 100
"""Runs in a row without the failure, before a rule against it is said to be no longer needed: at most 3 % of runs show
it then, with 95 % certainty (the rule of three)."""
MOVED = ("NUDGE", "PAUSE")
"""The thresholds that may move, in the order in which they do."""
FACTOR = 2
"""A number moves at most so far at once."""


class Kept(NamedTuple):
    """A change that keeps something up, and the runs that it rests on."""

    modification: Modification
    runs: tuple[Episode, ...]


def upkeep(
    harness: Harness,
    runs: Sequence[Episode],
    patterns: Sequence[Pattern],
    detectors: Mapping[str, Detector],
    found: Mapping[str, Container[str]],
    merged: Mapping[str, str],
    agent: str = "claude-code",
) -> Iterator[Kept]:
    """What is due in this repository. `runs` are its judged ones that passed the gate, `found` the ids of those in
    which each detector fired; `merged` maps the change that wrote a block to the time when it went in (ISO 8601).

    UserError when a file of ours is damaged.
    """
    for pattern in patterns:
        detector = detectors.get(pattern.detector)
        if detector is not None and detector.remedy.guard and pattern.status == "actionable":
            yield from _threshold(harness, runs, pattern, detector)
    yield from _expired(harness, runs, detectors, found, merged, agent)


# --- a threshold ------------------------------------------------------------------------------------------------------


def _threshold(harness: Harness, runs: Sequence[Episode], pattern: Pattern, detector: Detector) -> Iterator[Kept]:
    """One number of an installed guard, when its log says that it speaks too soon or too late."""
    guard = detector.remedy.guard
    script = harness.files.get(claude_hooks.script_path(guard))
    if script is None or script.link:
        return
    values = claude_hooks.numbers(script.text)
    if script.text != claude_hooks.tune(claude_hooks.guard_source(guard), values):
        return  # another version, or a person's own: its numbers may mean something else
    digest = sha256(script.text.encode("utf-8", "surrogateescape")).hexdigest()
    saw = tuple(one for one in runs if one.harness.get(script.path) == digest or _acted(one, guard))
    wanted = _wanted(guard, saw, pattern, values)
    move = next_number(values, wanted)
    if move is None:
        return
    name, now = move
    after = claude_hooks.tune(script.text, {name: now})
    edits = (Edit(script.path, script.text, after, script.mode),)
    parameters = {name.casefold(): value for name, value in claude_hooks.numbers(after).items() if name in MOVED}
    prediction = predict(detector, pattern, runs, parameters)
    title = f"The {guard} speaks too {'soon' if now > values[name] else 'late'}: {name} {values[name]} → {now}"
    yield Kept(made(harness, detector, pattern, THRESHOLD, title, edits, prediction), saw)


def next_number(values: Mapping[str, int], wanted: Mapping[str, int]) -> tuple[str, int] | None:
    """The one number to move, and where to: towards what is wanted, at most doubled or halved, nudge before pause.

    A nudge may not reach the pause: then the pause moves first. None when nothing moves.
    """
    for name in MOVED:
        was, goal = values.get(name, 0), wanted.get(name, 0)
        if not was or not goal or was == goal:
            continue
        if name == "NUDGE" and goal >= values.get("PAUSE", goal + 1):
            continue
        now = max(min(goal, was * FACTOR), -(-was // FACTOR))
        if now != was:
            return name, now
    return None


def _wanted(guard: str, saw: Sequence[Episode], pattern: Pattern, values: Mapping[str, int]) -> dict[str, int]:
    """The thresholds that the runs which saw the guard ask for; empty when they ask for none."""
    passes = [one for one in saw if one.outcome == "pass"]
    goal = {name.upper(): value for name, value in calibrate(guard, passes).items()}
    if not goal or len(passes) < SAW:
        return {}
    if sum(_acted(one, guard) for one in passes) > NUISANCE * len(passes):
        nudge = max(goal["NUDGE"], values.get("NUDGE", 0) + 1)
        return {"NUDGE": nudge, "PAUSE": max(goal["PAUSE"], nudge + goal["PAUSE"] - goal["NUDGE"])}
    shown = {finding.episode for finding in pattern.findings}
    missed = [one for one in saw if one.outcome == "fail" and one.id in shown and not _acted(one, guard)]
    lower = {name: value for name, value in goal.items() if value < values.get(name, 0)}
    return lower if len(missed) >= MISSED else {}


def _acted(episode: Episode, guard: str) -> bool:
    """Whether its log says that the guard spoke in this run."""
    return any(one.name == "guard-acted" and one.detail.startswith(f"{guard} ") for one in episode.signals)


# --- an expired rule --------------------------------------------------------------------------------------------------


def _expired(
    harness: Harness,
    runs: Sequence[Episode],
    detectors: Mapping[str, Detector],
    found: Mapping[str, Container[str]],
    merged: Mapping[str, str],
    agent: str,
) -> Iterator[Kept]:
    """Our blocks whose failure no run has shown since they went in, as far back as anybody looked."""
    file = instructions(harness, agent)
    for block in managed_block.blocks(file.text, file.path) if file is not None else ():
        detector = detectors.get(block.detector)
        since = _when(merged.get(block.change, ""))
        if file is None or detector is None or since is None:
            continue
        later = tuple(one for one in runs if one.trace is not None and (at := _when(_at(one))) and at > since)
        if len(later) < SILENT or any(one.id in found.get(detector.id, ()) for one in later):
            continue
        edits = (Edit(file.path, file.text, managed_block.remove(file.text, block.detector, file.path), file.mode),)
        title = f"{detector.title}: not seen in {len(later)} runs, so its rule can go"
        pattern, prediction = _silence(harness.repository, detector, later)
        yield Kept(made(harness, detector, pattern, REMOVAL, title, edits, prediction), later)


def _silence(repository: str, detector: Detector, runs: Sequence[Episode]) -> tuple[Pattern, Prediction]:
    """What so many runs without the failure are: a pattern without findings, a replay that met nothing."""
    failed, passed = (sum(one.outcome == outcome for one in runs) for outcome in ("fail", "pass"))
    pattern = Pattern(
        id=sha256(f"silent\0{repository}\0{detector.id}".encode()).hexdigest()[:12],
        detector=detector.id,
        status="descriptive",
        contrast=None,
        repositories=(repository,),
        tasks=tuple(sorted({one.task for one in runs if one.task})),
        failed=0,
        passed=0,
        failed_of=failed,
        passed_of=passed,
        findings=(),
        reasons=("silent",),
    )
    return pattern, Prediction((), (), Replay(detector.id, failed, passed, (), ()))


def _at(episode: Episode) -> str:
    return episode.run.created_at or (episode.trace.started if episode.trace is not None else "")


def _when(at: str) -> datetime | None:
    try:
        told = datetime.fromisoformat(at)
    except ValueError:
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def made(
    harness: Harness,
    detector: Detector,
    pattern: Pattern,
    kind: str,
    title: str,
    edits: tuple[Edit, ...],
    prediction: Prediction,
    remedy: Remedy | None = None,
    also: str = "",
) -> Modification:
    """A small change of this kind; `remedy` when it is not its detector's, `also` what else it is known by."""
    patch.check(edits, also={file.path for file in harness.files.values()})
    remedy = remedy or detector.remedy
    component, named = remedy.component, [*(edit.path for edit in edits), kind, *filter(None, [also])]
    return Modification(
        id=identity(harness.key or harness.repository, detector.id, component, named),
        revision=revision(edits),
        repository=harness.repository,
        detector=detector.id,
        component=component,
        kind=kind,
        title=title,
        edits=edits,
        inverse=patch.inverse(edits),
        prediction=prediction,
        pattern=pattern,
        remedy=remedy,
        head=harness.head,
    )
