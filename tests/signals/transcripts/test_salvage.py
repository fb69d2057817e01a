"""The ladder of damaged lines: what agents really write is read, and what is lost is told to the byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.signals.transcripts.claude_records import STARTS, is_record
from bot.signals.transcripts.salvage import salvage

USER = b'{"type":"user","message":{"content":"h\xc3\xb6"}}'
REPLY = b'{"type":"assistant","message":{"content":[{"type":"text","text":"ok"}]}}'


def read(line: bytes) -> tuple[list[bytes], list[bytes]]:
    records, lost = salvage(line, STARTS, is_record)
    return [line[record.start : record.end] for record in records], [line[start:end] for start, end in lost]


@pytest.mark.parametrize(
    ("line", "records", "lost"),
    [
        (USER + REPLY, [USER, REPLY], []),
        (b"\0" * 300 + REPLY, [REPLY], []),
        (b"\xef\xbb\xbf" + USER, [USER], []),
        (USER[:30] + REPLY, [REPLY], [USER[:30]]),
        (REPLY[:60] + USER + REPLY, [USER, REPLY], [REPLY[:60]]),
        (USER + REPLY[:40], [USER], [REPLY[:40]]),
        (b"[DEBUG] noise " + USER, [USER], [b"[DEBUG] noise "]),
        (b'{"type":"text","text":"a part"}' + USER, [USER], [b'{"type":"text","text":"a part"}']),
        (b"noise", [], [b"noise"]),
        (b"\0\0\0", [], []),
    ],
    ids=["two", "nul", "bom", "spliced", "spliced-block", "cut", "prefixed", "part", "noise", "only-nul"],
)
def test_the_ladder(line: bytes, records: list[bytes], lost: list[bytes]) -> None:
    assert read(line) == (records, lost)


@pytest.mark.parametrize("text", ['"\\ud83c"', '"a\0b"', "NaN", '"a\x01b"'])
def test_what_only_a_patient_parser_takes_is_read(text: str) -> None:
    line = b'{"type":"user","x":' + text.encode() + b"}"
    records, lost = salvage(line, STARTS, is_record)

    assert (len(records), lost) == (1, [])
    assert json.loads(records[0].json)["type"] == "user"
    assert records[0].json.decode()


def test_deep_nesting_is_a_loss_and_no_crash() -> None:
    line = b'{"type":"user","x":' + b"[" * 200_000
    records, lost = read(line)

    assert (records, lost) == ([], [line])


def test_many_false_beginnings_cost_no_more_than_a_few_passes() -> None:
    line = b'{"type":"user",' * 200_000
    records, lost = read(line)

    assert (records, lost) == ([], [line])


pieces = st.sampled_from(
    [USER, REPLY, USER[:20], REPLY[10:], b"\0\0", b"{", b"}", b'"', b"\xff", b" ", b"\xef\xbb\xbf"]
)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(pieces, max_size=8).map(b"".join)))
def test_every_byte_is_read_or_lost_or_filler(line: bytes) -> None:
    records, lost = salvage(line, STARTS, is_record)
    ranges = sorted([(record.start, record.end) for record in records] + lost)
    between = []
    at = 0
    for start, end in ranges:
        assert at <= start < end
        between.append(line[at:start])
        at = end
    between.append(line[at:])

    assert b"".join(between).translate(None, b" \t\r\n\0,\xef\xbb\xbf") == b""
