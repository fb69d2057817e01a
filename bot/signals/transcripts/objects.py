"""Takes a JSON document that holds one long array; gives the array's elements with their byte ranges, and the rest.

The quick way needs sound JSON. Where it fails (cut off, spliced, NUL bytes, lone surrogates, `NaN`) the document is
walked from its start, see walk.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bot.signals.transcripts.documents import spans
from bot.signals.transcripts.held import Document, Element, decoded
from bot.signals.transcripts.lines import BROKEN, Losses
from bot.signals.transcripts.walk import MOST_ELEMENTS, Walk

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_LEAD = b"\xef\xbb\xbf\0 \t\r\n"


def document(
    data: bytes, losses: Losses, arrays: Sequence[str], marks: Sequence[str], *, shift: int = 0, line: int = 1
) -> Document:
    """What the document `data` holds, which stands at byte `shift` on line `line` of its file.

    `arrays` names the members that may be the long array, the first one present counts; a bare array is one itself.
    `marks` are keys with which an element begins, for going on behind damage.
    """
    body = data.lstrip(_LEAD)
    lead = len(data) - len(body)
    try:
        body.decode()  # what msgspec passes over undecoded is not checked for this
        rest, array, at = _sound(body, arrays)
    except BROKEN:
        return Walk(data.decode("utf-8", "surrogateescape"), losses, arrays, marks, shift, line).document()
    if b"\0" in data[:lead]:
        losses.note(f"line {line}: {data.count(0, 0, lead)} NUL bytes before the document")
    kept = Document([], {**rest})
    view, counted = memoryview(body), 0
    line += data.count(b"\n", 0, lead)
    for member in rest.values():
        decoded(member, losses, line)
    for start, end in spans(body, array[:MOST_ELEMENTS], at + 1):
        line += body.count(b"\n", counted, start)
        counted = start
        kept.elements.append(Element(line, shift + lead + start, shift + lead + end, view[start:end], False))
    if len(array) > MOST_ELEMENTS:
        past = shift + lead + len(body)
        losses.lost(line, kept.elements[-1].end, past, f"elements beyond the first {MOST_ELEMENTS}")
    return kept


def _sound(body: bytes, arrays: Sequence[str]) -> tuple[dict[str, msgspec.Raw], list[msgspec.Raw], int]:
    """The other members, the elements, and where the array stands, of sound JSON."""
    if body[:1] == b"[":
        return {}, _ARRAY.decode(body), 0
    members = _OBJECT.decode(body)
    name = next((name for name in arrays if name in members and bytes(members[name])[:1] == b"["), None)
    if name is None:
        return members, [], 0
    array = members.pop(name)
    return members, _ARRAY.decode(array), body.find(bytes(array))
