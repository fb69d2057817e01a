"""A modification that somebody claims in; the same made anew from our own rules and the harness as it stands, or None.

So no text of a claim reaches a harness file, a title or a record: it only says which of our own changes is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from bot.approval.kinds import RUFF_RULES, is_kind
from bot.errors import UserError
from bot.model import Detector, Harness, Modification, Remedy, replace
from bot.modifications import linter, patch, patience
from bot.modifications.adapters import claude_hooks, managed_block
from bot.modifications.generate import generate, identity, revision
from bot.modifications.upkeep import MOVED, REMOVAL, THRESHOLD

AGENTS = ("claude-code", "codex", "gemini", "another")
"""Agents that look for their instructions in different files (bot/modifications/harness.py)."""
ALSO = "The same guard also answers "
Known = tuple[str, Remedy, str]
NOT_OURS: Known = ("", Remedy("hooks", ""), "")


def remade(claim: Modification, harness: Harness, detectors: Mapping[str, Detector]) -> Modification | None:
    """The modification with the claim's edits, byte for byte; None when we would not make these edits.

    Its pattern and its prediction are the claim's: counts, and citations that are escaped where they are shown.
    """
    detector = detectors.get(claim.detector)
    if detector is None or claim.repository != harness.repository or claim.pattern.detector != detector.id:
        return None
    try:
        made = next((one for one in _made(claim, harness, detector, detectors) if one.edits == claim.edits), None)
    except UserError:
        return None
    return made if made is not None and (made.id, made.revision) == (claim.id, claim.revision) else None


def _made(
    claim: Modification, harness: Harness, detector: Detector, detectors: Mapping[str, Detector]
) -> Iterator[Modification]:
    """All that it may be."""
    if claim.kind in KNOWN_BY:
        title, remedy, known_by = KNOWN_BY[claim.kind](claim, harness, detector)
        if title and is_kind(claim.kind, claim.edits):
            yield _kept_up(claim, harness, title, remedy, known_by)
        return
    parameters = claim.prediction.replay.parameters if claim.prediction.replay else {}
    also = tuple(name for note in claim.notes for name in _named(note) if name in detectors)
    for agent in AGENTS:
        made = generate(claim.pattern, detector, harness, claim.prediction, parameters, also, agent)
        if made is not None:
            yield made


def _named(note: str) -> list[str]:
    return note.removeprefix(ALSO).rstrip(".").split(", ") if note.startswith(ALSO) else []


def _threshold(claim: Modification, harness: Harness, detector: Detector) -> Known:
    """Of a claim that moves one number of a guard of ours."""
    guard = detector.remedy.guard
    path = claude_hooks.script_path(guard)
    if len(claim.edits) != 1 or claim.edits[0].path != path or not _stands(claim, harness):
        return NOT_OURS
    before, after = claim.edits[0].before or "", claim.edits[0].after or ""
    was, now = claude_hooks.numbers(before), claude_hooks.numbers(after)
    moved = [name for name in was if was[name] != now.get(name)]
    if len(moved) != 1 or moved[0] not in MOVED or before != claude_hooks.tune(claude_hooks.guard_source(guard), was):
        return NOT_OURS
    (name,) = moved
    speaks = f"speaks too {'soon' if now[name] > was[name] else 'late'}"
    return f"The {guard} {speaks}: {name} {was[name]} → {now[name]}", detector.remedy, ""


def _removal(claim: Modification, harness: Harness, detector: Detector) -> Known:
    """Of a claim that takes out one block of ours."""
    if len(claim.edits) != 1 or not _stands(claim, harness):
        return NOT_OURS
    edit = claim.edits[0]
    if edit.after != managed_block.remove(edit.before or "", detector.id, edit.path):
        return NOT_OURS
    runs = claim.pattern.failed_of + claim.pattern.passed_of
    return f"{detector.title}: not seen in {runs} runs, so its rule can go", detector.remedy, ""


def _patience(claim: Modification, harness: Harness, detector: Detector) -> Known:
    """Of a claim that lets commands run longer."""
    if detector.id != patience.RULE or len(claim.edits) != 1 or not _stands(claim, harness):
        return NOT_OURS
    was, now, text = patience.longer(claim.edits[0].before or "")
    return (patience.title(was, now), patience.remedy(), "") if text and text == claim.edits[0].after else NOT_OURS


def _lint_rule(claim: Modification, harness: Harness, detector: Detector) -> Known:
    """Of a claim that switches one rule of a linter on."""
    if detector.id != linter.RULE or len(claim.edits) != 1 or not _stands(claim, harness):
        return NOT_OURS
    file, after = harness.files[claim.edits[0].path], claim.edits[0].after or ""
    code = next((one for one in sorted(RUFF_RULES) if one in after and linter.switched_on(file, one) == after), "")
    return (linter.title(code), linter.remedy(code), code) if code else NOT_OURS


def _stands(claim: Modification, harness: Harness) -> bool:
    """Whether the file is there, and as the claim found it."""
    edit = claim.edits[0]
    there = harness.files.get(edit.path)
    return there is not None and not there.link and (there.text, there.mode) == (edit.before, edit.mode)


def _kept_up(claim: Modification, harness: Harness, title: str, remedy: Remedy, also: str) -> Modification:
    component, named = remedy.component, [claim.edits[0].path, claim.kind, *filter(None, [also])]
    return replace(
        claim,
        id=identity(harness.key or harness.repository, claim.detector, component, named),
        revision=revision(claim.edits),
        component=component,
        title=title,
        inverse=patch.inverse(claim.edits),
        remedy=remedy,
        head=harness.head,
        notes=(),
    )


KNOWN_BY: Mapping[str, Callable[[Modification, Harness, Detector], Known]] = {
    THRESHOLD: _threshold,
    REMOVAL: _removal,
    patience.PATIENCE: _patience,
    linter.LINT: _lint_rule,
}
"""What a claim of a small kind says of itself when we would make it: title, remedy, what else it is known by."""
