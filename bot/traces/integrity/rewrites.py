"""A trace and the bytes of its transcript go in; what each successful edit took away and put in comes out, as text.

A Trace keeps which files an edit touched, not their contents; those are read again here, from the bytes that the step
and its answer span, whatever the format: every format writes an edit as an object with an old and a new text, as an
object with a whole file, or as a patch. NOTE: a file written by a shell command (`sed -i`, `cat >`) is not seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from bot.model import Call, Pin, Source, Trace, replace
from bot.traces.pins import Original

Sources = Callable[[str], Original | None]
"""The original bytes of a transcript by its path; None when they are gone."""

MAX_SPAN = 8 << 20
"""Bytes of one step with its answers; a larger one is not opened."""
MAX_OPENED = 64 << 20
MAX_BROKEN = 20
"""Places in one span where no JSON begins although it looked so; after these the rest is not opened."""
MAX_NESTED = 2
MAX_QUOTE = 200

OLD = ("old_string", "oldString", "old_str", "oldText", "old_text")
NEW = ("new_string", "newString", "new_str", "newText", "new_text")
WHOLE = ("content", "file_text", "contents")
PATH = ("file_path", "filePath", "path", "filename", "absolute_path")
HEADER = re.compile(
    r"\*\*\* (Add|Update|Delete) File: (.{1,500})|\+\+\+ (?:b/)?([^\t\n]{1,500})|--- (?:a/)?([^\t\n]{1,500})"
)


class Rewrite(msgspec.Struct, frozen=True):
    """One edit of one file. `before` is None when the old text is unknown; `new` says that the file was not there."""

    step: int
    path: str
    before: str | None
    after: str
    new: bool = False
    start: int = 0
    end: int = 0
    source: int = 0


def rewrites(trace: Trace, wanted: Callable[[str], bool], sources: Sources) -> tuple[Rewrite, ...]:
    """The successful edits of files with a wanted path, in order; each once, however often a transcript repeats it.

    What one step edited with and without success is left out, and so is all beyond 64 MiB of a run.
    """
    found: dict[tuple[int, str, str | None, str], Rewrite] = {}
    created: set[str] = set()
    opened = 0
    for number, step in enumerate(trace.steps, 1):
        edits = [call for call in step.calls if call.kind == "edit" and call.status == "ok"]
        failed = {path for call in step.calls if call.status != "ok" for path in call.paths}
        paths = {path for call in edits for path in call.paths if wanted(path)} - failed
        created.update(path for call in edits for path in call.creates)
        for source in sorted({call.source for call in edits}) if paths else ():
            calls = [call for call in edits if call.source == source]
            start = min(step.start if step.source == source else calls[0].start, *(call.start for call in calls))
            end = max(call.end for call in calls)
            opened += end - start
            if end - start > MAX_SPAN or opened > MAX_OPENED or source >= len(trace.sources):
                continue
            data = sources(trace.sources[source].path) or b""
            for one in _in(data[start:end], paths):
                new = one.new or one.path in created
                before = "" if new and one.before is None else one.before
                key = (number, one.path, before, one.after)
                found.setdefault(key, Rewrite(number, one.path, before, one.after, new, start, end, source))
    known = {(number, path, after) for number, path, before, after in found if before is not None}
    return tuple(
        one for one in found.values() if one.before is not None or (one.step, one.path, one.after) not in known
    )


def patched(patch: Original, trace: Trace | None, wanted: Callable[[str], bool]) -> tuple[Rewrite, ...]:
    """The same, of a unified diff: one rewrite a file, with the last step that edited it (0 when none is known)."""
    steps: dict[str, int] = {}
    for number, step in enumerate(trace.steps if trace else (), 1):
        steps.update((path, number) for call in step.calls if call.kind == "edit" for path in call.paths)

    def last(path: str) -> int:
        return max((number for known, number in steps.items() if f"/{known}".endswith(f"/{path}")), default=0)

    found = _of_patch(patch[:MAX_SPAN].decode("utf-8", "replace"))
    return tuple(replace(one, step=last(one.path), end=len(patch)) for one in found if wanted(one.path))


def pin(origin: Sequence[Source], rewrite: Rewrite, line: str) -> Pin | None:
    """Where a line of a rewrite stands."""
    quote = line.strip()[:MAX_QUOTE]
    if not quote or rewrite.source >= len(origin):
        return None
    source = origin[rewrite.source]
    return Pin(source.path, source.sha256, rewrite.start, rewrite.end, quote)


def pin_of_call(trace: Trace, call: Call) -> Pin | None:
    """Where a call can be seen."""
    if not call.quote or call.source >= len(trace.sources) or call.end <= call.start:
        return None
    source = trace.sources[call.source]
    return Pin(source.path, source.sha256, call.start, call.end, call.quote)


def _in(span: bytes, paths: Iterable[str]) -> Iterator[Rewrite]:
    known = frozenset(paths)
    for value in _values(span.decode("utf-8", "replace")):
        for one in _walk(value):
            if one.path in known:
                yield one


def _values(text: str) -> Iterator[object]:
    """The JSON values of a span: one a line, or one that goes over many lines, or those of a part of a document."""
    decoder = json.JSONDecoder(strict=False)
    place = broken = 0
    while broken < MAX_BROKEN and (place := _opening(text, place)) >= 0:
        try:
            value, place = decoder.raw_decode(text, place)
            yield value
        except (ValueError, RecursionError):
            broken += 1
            following = text.find("\n", place)
            place = following + 1 if following >= 0 else len(text)


def _opening(text: str, place: int) -> int:
    found = [at for at in (text.find("{", place), text.find("[", place)) if at >= 0]
    return min(found, default=-1)


def _walk(value: object) -> Iterator[Rewrite]:
    """Every edit in a JSON value, strings that are JSON themselves or hold a patch included."""
    waiting: list[tuple[object, str, int]] = [(value, "", MAX_NESTED)]
    while waiting:
        here, path, left = waiting.pop()
        if isinstance(here, str):
            if left and here.lstrip()[:1] in ("{", "["):
                waiting.extend((inner, path, left - 1) for inner in _values(here[:MAX_SPAN]))
            elif "*** Begin Patch" in here:
                yield from _of_patch(here)
        elif isinstance(here, list):
            waiting.extend((part, path, left) for part in reversed(here))
        elif isinstance(here, dict):
            path = _text(here, PATH) or path
            yield from _edit(here, path)
            waiting.extend((part, path, left) for part in reversed(list(here.values())))


def _edit(here: Mapping[str, object], path: str) -> Iterator[Rewrite]:
    if not path:
        return
    before, after, whole = _text(here, OLD), _text(here, NEW), _text(here, WHOLE)
    if before or after:
        yield Rewrite(0, path, before, after)
    elif whole:
        original = here.get("originalFile")
        known = original if isinstance(original, str) else None
        yield Rewrite(0, path, known, whole, new=here.get("type") == "create")


def _text(here: Mapping[str, object], keys: Iterable[str]) -> str:
    return next((value for key in keys if isinstance(value := here.get(key), str) and value), "")


def _of_patch(patch: str) -> Iterator[Rewrite]:
    """The files of a patch, each with all lines it loses and all it gains."""
    path, new = "", False
    lost: list[str] = []
    won: list[str] = []
    for line in [*patch.split("\n"), "*** End Patch"]:
        header = HEADER.fullmatch(line.rstrip("\r")) if line[:4] in ("*** ", "+++ ", "--- ") else None
        if header is None and not line.startswith("*** End Patch"):
            if path and line[:1] == "-":
                lost.append(line[1:])
            elif path and line[:1] == "+":
                won.append(line[1:])
            continue
        if header is not None and header[3]:
            path = header[3].strip() if header[3].strip() != "/dev/null" else path
            continue
        if path and (lost or won):
            yield Rewrite(0, path, "\n".join(lost), "\n".join(won), new)
        lost, won = [], []
        old = header[4].strip() if header is not None and header[4] else ""
        new = old == "/dev/null" or (header is not None and header[1] == "Add")
        path = "" if header is None or old == "/dev/null" else (header[2] or old).strip()
