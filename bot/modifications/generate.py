"""From a pattern and a repository's harness to the modification that answers it; no byte of a transcript goes in."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence

from bot.model import Component, Detector, Edit, Harness, Modification, Pattern, Prediction
from bot.modifications import patch
from bot.modifications.adapters import ADAPTERS

_OWN = re.compile(r"(?<=<!-- flywheel:begin )(\S{1,100}) [0-9a-f]{12}(?= -->)")
FIRST = ("managed-block", "guard")
"""The kinds that bring a remedy; what keeps it up later is another change, with a record of its own."""


def generate(
    pattern: Pattern,
    detector: Detector,
    harness: Harness,
    prediction: Prediction,
    parameters: Mapping[str, int] | None = None,
    also: Sequence[str] = (),
    agent: str = "claude-code",
) -> Modification | None:
    """The edits that write the detector's remedy into this harness; None when it holds exactly that already.

    `parameters` are a guard's thresholds; they count only where the guard is not installed yet. `also` names the other
    detectors that the same guard answers (see `lead`). `agent` decides which instructions are edited. The pattern is
    only carried along: nothing in it reaches an edit. UserError, with the file and the mend, when the harness cannot
    take the remedy.
    """
    remedy = detector.remedy
    adapter = next(adapter for adapter in ADAPTERS if adapter.component == remedy.component)
    planned = adapter.plan(harness, remedy, agent)
    kind = adapter.kind(planned, detector)
    named = [edit.path for edit in planned] + [kind] * (kind not in FIRST)
    change = identity(harness.key or harness.repository, detector.id, remedy.component, named)
    edits = tuple(
        edit for edit in adapter.fill(planned, detector, change, parameters or {}) if edit.before != edit.after
    )
    if not edits:
        return None
    patch.check(edits, also={file.path for file in harness.files.values()})
    return Modification(
        id=change,
        revision=revision(edits),
        repository=harness.repository,
        detector=detector.id,
        component=remedy.component,
        kind=kind,
        title=detector.title,
        edits=edits,
        inverse=patch.inverse(edits),
        prediction=prediction,
        pattern=pattern,
        remedy=remedy,
        head=harness.head,
        notes=_notes(harness, remedy.component, edits, also, agent),
    )


def lead(
    patterns: Sequence[Pattern], detectors: Mapping[str, Detector], standing: Container[str] = ()
) -> list[tuple[Pattern, tuple[str, ...]]]:
    """The patterns of one repository that propose a change, best first, each with the detectors it speaks for too.

    A guard is installed once, so of all patterns whose remedy is the same guard one proposes it: that whose detector is
    in `standing` (its change was proposed before: an id must not change hands), else the strongest. Remedies in prose
    stand side by side.
    """
    ordered = sorted(patterns, key=lambda pattern: (pattern.detector not in standing, *_strength(pattern)))
    groups: dict[str, list[Pattern]] = {}
    for pattern in ordered:
        groups.setdefault(detectors[pattern.detector].remedy.guard or pattern.id, []).append(pattern)
    led = [
        (group[0], tuple(sorted({p.detector for p in group[1:]} - {group[0].detector}))) for group in groups.values()
    ]
    return sorted(led, key=lambda pair: _strength(pair[0]))


def identity(repository: str, detector: str, component: Component, paths: Sequence[str]) -> str:
    """The change's id, 12 hex digits: the same as long as the same detector changes the same files (design.md §4)."""
    return _digest(12, repository, detector, component, *sorted(paths))


def revision(edits: Sequence[Edit]) -> str:
    """What the change says right now, 8 hex digits: it moves with the files underneath and with the patch."""
    ordered = sorted(edits, key=lambda edit: edit.path)
    return _digest(8, *(patch.blob(edit.before) for edit in ordered), patch.render(ordered))


def same(edits: Sequence[Edit]) -> str:
    """What the edits write and take away, 8 hex digits: the same wherever it is done, whatever stands around it."""
    parts: list[str] = []
    for edit in sorted(edits, key=lambda edit: edit.path):
        before, after = (Counter(_OWN.sub(r"\1", text or "").splitlines()) for text in (edit.before, edit.after))
        parts += ["-", *sorted((before - after).elements()), "+", *sorted((after - before).elements())]
    return _digest(8, *parts)


def _strength(pattern: Pattern) -> tuple[bool, bool, int, str]:
    return pattern.status != "actionable", not pattern.rank, pattern.rank, pattern.detector


def _notes(
    harness: Harness, component: Component, edits: Sequence[Edit], also: Sequence[str], agent: str
) -> tuple[str, ...]:
    notes = [f"{edit.path} is new." for edit in edits if edit.before is None]
    if any(edit.path.endswith("AGENTS.md") for edit in edits) and "CLAUDE.md" not in harness.files:
        notes.append("Claude Code reads AGENTS.md since 2.1.277, and only where there is no CLAUDE.md.")
    if component == "hooks" and agent not in ("claude-code", ""):
        notes.append("Only Claude Code runs these hooks; runs of other agents are not changed by them.")
    if also:
        notes.append(f"The same guard also answers {', '.join(also)}.")
    if not harness.head:
        notes.append("The harness was not read from a repository: the patch is made for an empty one.")
    return tuple(notes)


def _digest(digits: int, *parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:digits]
