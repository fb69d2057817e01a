"""A stream is cut at newlines only, within bounds, and every byte goes through the digest."""

from __future__ import annotations

import hashlib
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.signals.transcripts import lines as module
from bot.signals.transcripts.lines import Lines


class Repeated(io.RawIOBase):
    """A stream of one long line between two short ones, made as it is read."""

    def __init__(self, long: int) -> None:
        self._parts = [b"first\n", *[b"x" * (1 << 20)] * (long >> 20), b"\nlast\n"]

    def read(self, size: int = -1) -> bytes:
        return self._parts.pop(0) if self._parts else b""


def test_a_line_separator_of_unicode_ends_no_line() -> None:
    data = "a\u2028b\u0085c\x0bd\r\ne".encode()

    assert [line for _n, _s, line in Lines(io.BytesIO(data))] == [data.split(b"\n")[0], b"e"]


def test_a_line_of_200_mb_is_passed_over_and_counted() -> None:
    lines = Lines(Repeated(200 << 20))  # type: ignore[arg-type]
    found = list(lines)

    assert found == [(1, 0, b"first"), (3, 6 + (200 << 20) + 1, b"last")]
    assert lines.losses.warnings() == (
        f"line 2: {200 << 20} bytes lost (bytes 6-{6 + (200 << 20)}): the line is longer than 16 MiB",
    )
    assert lines.source("a").size == 6 + (200 << 20) + 6


def test_a_document_is_read_up_to_its_cap_and_the_rest_counted() -> None:
    lines = Lines(Repeated(70 << 20))  # type: ignore[arg-type]
    whole = lines.document()

    assert len(whole) == module.DOCUMENT_CAP
    assert lines.losses.bytes == lines.size - module.DOCUMENT_CAP


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"", b"a", b"{}", b"\n", b"\r\n", b"\0", b"\xff" * 9]), max_size=40))
def test_lines_and_newlines_are_all_there_is(parts: list[bytes]) -> None:
    data = b"".join(parts)
    lines = Lines(io.BytesIO(data))
    found = list(lines)

    assert all(data[start : start + len(line)] == line for _number, start, line in found)
    assert [line for _n, _s, line in found if line] == [line for line in data.split(b"\n") if line]
    assert lines.source("a").sha256 == hashlib.sha256(data).hexdigest()


def test_warnings_are_bounded_but_the_count_is_not() -> None:
    losses = module.Losses()
    for line in range(200):
        losses.lost(line, line * 10, line * 10 + 7, "why")

    assert (len(losses.warnings()), losses.bytes) == (module.MOST_WARNINGS + 1, 1400)
    assert losses.warnings()[-1] == "150 more warnings (1050 more bytes lost)"
