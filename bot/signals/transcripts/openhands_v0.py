"""Takes the events of OpenHands 0.x, a list of them or an `output.jsonl`; gives a Trace a run.

An `output.jsonl` is what its evaluations (those of 1.x too, whose events openhands_v1 knows) and its resolver write.

A **step** is an agent's action that came of a model's answer; actions of one answer (`model_response.id`) are one
step with several **calls**. A plain message is a step without a call. What answers a call is the observation whose
`cause` is the action's id; events of the first versions have no ids and answer in order. An **error** is an `error`
observation, an exit code other than 0, or a content that begins with `ERROR:`; exit code -1 means that the command
still runs: it timed out and is no error. **end_reason** is the run's `error` in `output.jsonl`, else the last action
or state. **outcome** is `report.resolved` where an evaluation was merged in, else the resolver's own `success`, which
is a model's opinion.
https://docs.all-hands.dev/, openhands/events of https://github.com/OpenHands/OpenHands before 1.0
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.model import Trace, replace
from bot.signals.transcripts.held import Document
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.objects import document
from bot.signals.transcripts.openhands_actions import Actions, spent
from bot.signals.transcripts.openhands_ends import error_end, guard_of
from bot.signals.transcripts.openhands_events import Events
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.told import Told
from bot.signals.transcripts.values import mapping, text, whole

NAME = "openhands-v0"
ARRAYS = ("history", "trajectory")
MARKS = ("id", "content", "command", "code", "outputs", "timestamp", "action", "observation")


def matches(head: Head) -> bool:
    """A list of events, an object with such a list, or lines that each hold a run's `history`."""
    first = head.first
    if head.shape == "array":
        return _is_event(first.keys, "")
    if "trajectory" in first and "trajectory..source" in first:
        return True
    if head.shape not in ("lines", "object"):
        return False
    evaluated = "instance_id" in first and ("test_result" in first or "history" in first)
    resolved = "issue" in first and "issue_type" in first
    beside = any(key in first for key in ("instruction", "metadata", "history", "test_result.git_patch"))
    return (evaluated or resolved) and beside


def _is_event(keys: Mapping[str, str], under: str) -> bool:
    kind = keys.get(f"{under}action", "") or keys.get(f"{under}observation", "")
    known = {f"{under}id", f"{under}timestamp", f"{under}source"} <= set(keys) and f"{under}message" in keys
    return known and kind not in ("{", "[")


def read(lines: Lines, path: str) -> list[Trace]:
    """A Trace for a trajectory; one for each line of an output file."""
    head = lines.head.lstrip(b"\xef\xbb\xbf\0 \t\r\n")
    if head[:1] == b"[" or head[:512].lstrip(b"{ \t\r\n")[:13] == b'"trajectory":':
        found = document(lines.document(), lines.losses, ARRAYS, MARKS)
        told = _run(found, lines)
        return [told.trace((lines.source(path),), lines.losses.warnings())]
    runs = [
        _run(document(line, lines.losses, ARRAYS, MARKS, shift=start, line=number), lines)
        for number, start, line in lines
        if line.strip()
    ]
    source = lines.source(path)
    warnings = lines.losses.warnings()
    if not runs:
        return [Trace(NAME, (source,), (), warnings=warnings)]
    traces = [told.trace((source,)) for told in runs]
    return [replace(traces[0], warnings=warnings), *traces[1:]]


def _run(found: Document, lines: Lines) -> Told:
    """One run: its events, and what an output file says beside them."""
    told = Told(NAME, "openhands")
    events, newer = Actions(told, lines), Events(told)
    for element in found.elements:
        event = element.value(lines.losses)
        if isinstance(event, dict) and isinstance(event.get("kind"), str):  # evaluations of the SDK, since 1.0
            newer.take(element.start, element.end, event, element.mended, element.raw)
        else:
            events.take(element, event)
    if events.orphans:
        lines.losses.note(f"{events.orphans} answer(s) to calls that the file does not hold")
    newer.told_of(lines.losses)
    _beside(told, found)
    if not found.whole and told.end_reason != "finished":
        told.end_reason = "unknown"
    return told


def _beside(told: Told, found: Document) -> None:
    metrics = mapping(found.get("metrics"))
    issue = mapping(found.get("issue"))
    report = mapping(found.get("report")) or mapping(mapping(found.get("test_result")).get("report"))
    spent(told, metrics)
    metadata = mapping(found.get("metadata"))
    configured = mapping(metadata.get("llm_config")) or mapping(metadata.get("llm"))
    told.model = told.model or text(configured.get("model"))
    told.prompt = text(found.get("instruction")) or told.prompt
    told.task = text(found.get("instance_id"))
    told.repeat = str(whole(found.get("attempt")) or "")
    if issue:
        told.task = f"{text(issue.get('owner'))}/{text(issue.get('repo'))}#{whole(issue.get('number'))}"
    verdict = report.get("resolved", found.get("success"))
    if isinstance(verdict, bool):
        told.outcome = "pass" if verdict else "fail"
    error = text(found.get("error"))
    if error:
        told.end_reason = error_end(error)
        told.guard = guard_of(error)
