"""A proposal in, the commit message, the pull's body and the issue's body out: what a sceptical maintainer wants."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.model import Detector, Episode, Exclusion, Finding, Modification, Pin, Proposal, Reason
from bot.pages import diff, words
from bot.pages.escape import code, fenced, markdown, plain, printable

Where = Literal["shell", "app", "action"]
SUBJECT = 72
MAX_BODY = 58_000
"""GitHub refuses bodies of more than 65,536 characters."""

DOES = {
    "guard-threshold": "Move a threshold of the guard against {}",
    "managed-block-refresh": "Refresh the advice against {}",
    "expired-rule-removal": "Take out the advice against {}",
    "retry-or-timeout": "Let commands run longer against {}",
    "lint-rule": "Look for a lint rule that CI fails on",
}
"""The subject of a commit that keeps up what was installed before, or moves a setting; every other adds a remedy."""
MAX_DRAFT = 30_000
SHOWN_EPISODES = 3
MAX_LISTED = 10
MAX_FOOT = 20_000


@dataclass(frozen=True, slots=True)
class Context:
    """What a body needs beside the proposal: its detector, the fleet's episodes by id, what the gate took out, and
    the paths that the run was given (shell-quoted; empty = the bundled examples). `where` tells how people answer: at a
    `shell`, by commands below it (`app`), or by closing it alone (`action`)."""

    detector: Detector
    episodes: Mapping[str, Episode] = field(default_factory=dict)
    excluded: Sequence[Exclusion] = ()
    paths: str = ""
    where: Where = "shell"


def commit_message(proposal: Proposal) -> str:
    """A subject of at most 72 characters, a sentence of why, and the trailers of design.md §4."""
    change = proposal.modification
    remedy = change.remedy.guard.replace("-", " ") if change.remedy.guard else "advice"
    subject = DOES.get(change.kind, f"Add {remedy} against {change.detector}").format(change.detector)
    pattern, prediction = change.pattern, change.prediction
    trailers = {
        "Flywheel-Change": f"{change.id}.{change.revision}",
        "Flywheel-Detector": change.detector,
        "Flywheel-Tier": proposal.decision.tier,
        "Flywheel-Fixes": str(len(prediction.fixes)),
        "Flywheel-Risks": str(len(prediction.risks)),
    }
    return "\n".join(
        [
            plain(subject, SUBJECT),
            "",
            f"{plain(change.title)}.",
            f"Seen in {words.how_often(pattern)}.",
            "",
            *(f"{key}: {printable(value)}" for key, value in trailers.items()),
            "",
        ]
    )


def pull_body(proposal: Proposal, context: Context) -> str:
    """The body of the pull that carries the change."""
    return _bounded([*_summary(proposal), *_what(proposal), *_expect(proposal), *_yours(proposal, context)]) + _foot(
        proposal, context
    )


def issue_body(proposal: Proposal, context: Context) -> str:
    """The body of the issue for a change that waits: the same, with why it waits first and the draft ready."""
    most = [reason for reason in proposal.decision.reasons if reason.allows == "backlog"]
    why = "; ".join(f"{reason.code} ({markdown(reason.seen)})" for reason in most) or "no reason was given"
    draft = fenced(diff.patch(proposal.modification.edits), "diff", MAX_DRAFT)
    waiting = ["### Why this is an issue and no pull request", "", f"What keeps it back: {why}.", ""]
    ready = [
        "### The draft",
        "",
        "<details><summary>The whole change, as <code>git apply</code> takes it</summary>",
        "",
        draft,
        "",
        "</details>",
        "",
    ]
    parts = [*_summary(proposal), *waiting, *_what(proposal), *ready, *_expect(proposal), *_yours(proposal, context)]
    return _bounded(parts) + _foot(proposal, context)


def examples(change: Modification, episodes: Mapping[str, Episode]) -> list[Finding]:
    """Up to three findings in this repository's own episodes that the change would have touched, of different tasks.

    Evidence of other repositories is never shown here: only counted.
    """
    own = [
        finding
        for finding in sorted(change.pattern.findings, key=lambda finding: (finding.episode, finding.steps))
        if (episode := episodes.get(finding.episode)) is not None
        and episode.repository == change.repository
        and episode.outcome == "fail"
    ]
    touched = [finding for finding in own if finding.episode in change.prediction.fixes] or own
    first: dict[str, Finding] = {}
    for finding in touched:
        first.setdefault(episodes[finding.episode].task or finding.episode, finding)
    chosen = list(first.values())
    chosen += [finding for finding in touched if finding.episode not in {one.episode for one in chosen}]
    return chosen[:SHOWN_EPISODES]


def telling(pins: Sequence[Pin]) -> Pin | None:
    """The citation to show: the first that is words and not a ruler or a prompt, else the first."""
    spoken = (pin for pin in pins if 2 * sum(map(str.isalnum, pin.shown[:200])) > len(pin.shown[:200]))
    return next(spoken, next(iter(pins), None))


def backtest_command(change: Modification, paths: str) -> str:
    """The exact command that replays this change over the runs it was made from."""
    return " ".join(filter(None, ("flywheel backtest", shlex.quote(change.remedy.guard or change.detector), paths)))


def _summary(proposal: Proposal) -> Iterator[str]:
    pattern = proposal.modification.pattern
    where = "" if len(pattern.repositories) < 2 else f" in {len(pattern.repositories)} repositories"
    yield (
        f"**{markdown(proposal.modification.title)}**: seen in {words.how_often(pattern)}, "
        f"on {words.count(len(pattern.tasks), 'task')}{where}."
    )
    yield ""
    yield words.compared(pattern.contrast)
    yield ""


def _what(proposal: Proposal) -> Iterator[str]:
    change = proposal.modification
    yield "### What this changes"
    yield ""
    for edit in sorted(change.edits, key=lambda edit: edit.path)[:MAX_LISTED]:
        added, removed = diff.size(edit)
        yield f"- {code(edit.path)}: {words.count(added, 'line')} added, {removed or 'none'} removed"
    yield from (f"- {markdown(note)}" for note in change.notes[:MAX_LISTED])
    yield ""
    if not change.remedy.guard:
        yield f"> {markdown(change.remedy.text, 1000)}"
        yield ""


def _expect(proposal: Proposal) -> Iterator[str]:
    prediction = proposal.modification.prediction
    yield f"### What to expect: {words.verified(proposal.decision)}"
    yield ""
    yield words.expected(proposal.modification)
    yield words.backtested(proposal.modification)
    yield words.scored(prediction) or "Too few runs to score the prediction on a held-out half."
    yield words.tried(proposal.decision)
    yield ""


def _yours(proposal: Proposal, context: Context) -> Iterator[str]:
    change = proposal.modification
    chosen = examples(change, context.episodes)
    if not chosen:
        return
    yield f"### {'Runs' if len(chosen) > 1 else 'A run'} of yours that it would have changed"
    yield ""
    acts = change.prediction.replay.steps if change.prediction.replay else {}
    for finding in chosen:
        step = acts.get(finding.episode) or (finding.steps[0] if finding.steps else 0)
        at = f", step {step}" if step else ""
        yield f"- {code(finding.episode)}{at}"
        if pin := telling(finding.pins):
            yield f"  {code(words.place(pin))}: {code(pin.shown, 200)}"
    yield ""


def _foot(proposal: Proposal, context: Context) -> str:
    change = proposal.modification
    off = words.switch(change)
    begin, end = f"flywheel:begin {change.detector} {change.id}", f"flywheel:end {change.detector}"
    lines = [
        "### Check it, switch it off, undo it",
        "",
        *([f"- Back-test: {code(backtest_command(change, context.paths), 1000)}"] if context.where == "shell" else []),
        f"- Cost: {words.cost(change)}",
        f"- Switch off: set {code(off)} in the agent's environment."
        if off
        else f"- Switch off: remove the lines from {code(begin)} to {code(end)}.",
        *_ways_out(change, context.where),
        "",
        *_folded(f"Why {proposal.decision.tier}", list(_reasons(proposal.decision.reasons))),
        *_folded("What was left out", list(_left_out(change, context))),
        *_folded("What this rule cannot see, and where it comes from", list(_limits(context.detector))),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _ways_out(change: Modification, where: Where) -> Iterator[str]:
    """How to undo it, and how to say no."""
    stays = "it stays away until the failures double"
    if where == "action":
        yield "- Undo: after the merge, revert the commit: it is exact, byte for byte."
        yield f"- Not wanted: close it; {stays}."
        yield "- Not at all: remove the workflow, or write `mode: observe` into `.github/flywheel.yml`."
        return
    if where == "app":
        yield "- Undo: after the merge, comment `/flywheel rollback`, or revert the commit: it is exact, byte for byte."
        yield f"- Not wanted: close it, or comment `/flywheel dismiss WHY`; {stays}. `/flywheel hold` makes us wait."
        yield "- Not at all: remove `.github/flywheel.yml`, or set `mode: observe` there; what is open is closed then."
        return
    yield f"- Undo: {code(f'flywheel undo {change.id}')}; after a merge, revert the commit: it is exact, byte for byte."
    yield f"- Not wanted: {code(f'flywheel dismiss {change.id} --reason WHY')}; {stays}."


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>", ""] if lines else []


def _reasons(reasons: Sequence[Reason]) -> Iterator[str]:
    yield "The tier is the most careful one that any of these demands."
    yield ""
    yield "| asked | allows at most | seen |"
    yield "|---|---|---|"
    for reason in reasons:
        yield f"| {markdown(reason.code)} | {reason.allows} | {markdown(reason.seen)} |"


def _left_out(change: Modification, context: Context) -> Iterator[str]:
    """By gate code; those of this repository are named, those of others counted."""
    for found, meaning, total in words.by_code(context.excluded):
        own = [
            one.episode
            for one in context.excluded
            if one.code == found
            and (episode := context.episodes.get(one.episode)) is not None
            and episode.repository == change.repository
        ]
        named = ", ".join(code(name, 120) for name in own[:MAX_LISTED]) + (", …" if len(own) > MAX_LISTED else "")
        yield f"- {code(found)} {meaning}: {words.count(total, 'run')}{'; yours: ' + named if own else ''}"


def _limits(detector: Detector) -> Iterator[str]:
    yield from (f"- {markdown(text, 600)}" for text in detector.blind_spots)
    measured = detector.measured
    if measured.fails is not None and measured.passes is not None:
        rates = f"{measured.fails:.0%} of failures and {measured.passes:.0%} of passes"
        yield f"- Elsewhere it fired in {rates}: {markdown(measured.data)}."
    yield from (f"- Source: <{source}>" for source in detector.sources if _is_link(source))


def _is_link(text: str) -> bool:
    return text.startswith("https://") and text == printable(text, 500) and not set(text) & set("<>\"'` ()|\\")


def _bounded(lines: Sequence[str]) -> str:
    text = "\n".join(lines) + "\n"
    if len(text) <= MAX_BODY - MAX_FOOT:
        return text
    return text[: MAX_BODY - MAX_FOOT] + "\n\n… cut; the report has the whole.\n\n"
