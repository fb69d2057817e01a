"""Pins: a claim stands only while the bytes say so."""

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Pin, replace
from bot.traces import pins

OUTPUT = 'Traceback:\n  File "a.py"\nValueError: Größe "x" \ud83c'
RECORD = json.dumps({"type": "tool_result", "content": [{"text": OUTPUT}], "args": json.dumps({"cmd": 'echo "hi"\n'})})
DATA = b'{"first": 1}\n' + RECORD.encode() + b"\nplain log line\n"
START = DATA.index(b"\n") + 1
END = START + len(RECORD)
PIN = Pin("t.jsonl", sha256(DATA).hexdigest(), START, END, "ValueError: Größe")


@pytest.mark.parametrize(
    "pin",
    [
        replace(PIN, quote=""),
        replace(PIN, quote="KeyError"),
        replace(PIN, quote="plain log line"),
        replace(PIN, start=0, end=START),
        replace(PIN, start=END, end=START),
        replace(PIN, start=-5),
        replace(PIN, end=len(DATA) + 1),
        replace(PIN, sha256=sha256(b"").hexdigest()),
    ],
    ids=["empty", "not there", "elsewhere", "other range", "backwards", "negative", "past the end", "other file"],
)
def test_a_claim_without_its_bytes_is_dropped(pin):
    assert not pins.holds(DATA, pin)


@pytest.mark.parametrize(
    "quote",
    ["ValueError: Größe", 'File "a.py"', "Traceback:\n  File", 'echo "hi"', "tool_result", '"type": "tool_result"'],
)
def test_a_quote_stands_in_the_text_or_in_a_string_of_its_json(quote):
    assert pins.holds(DATA, replace(PIN, quote=quote))


def test_a_quote_stands_in_plain_text():
    assert pins.holds(DATA, replace(PIN, start=END, end=len(DATA), quote="plain log"))


def test_a_quote_is_found_behind_a_run_of_nul_bytes_and_under_escapes_of_another_writer():
    record = b'\x00\x00{"text": "a\\/b \\u00e9\\tc"}'
    pin = Pin("x", sha256(record).hexdigest(), 0, len(record), "a/b é\tc")

    assert pins.holds(record, pin)


@given(place=st.integers(START, END - 1), flip=st.integers(1, 255))
def test_a_corrupted_byte_under_a_pin_drops_the_claim(place, flip):
    corrupted = bytearray(DATA)
    corrupted[place] ^= flip

    assert pins.holds(DATA, PIN)
    assert not pins.holds(bytes(corrupted), PIN)


@given(data=st.binary(max_size=200), start=st.integers(-5, 250), end=st.integers(-5, 250), quote=st.text(max_size=5))
def test_no_bytes_crash_the_check(data, start, end, quote):
    pin = Pin("x", sha256(data).hexdigest(), start, end, quote)

    assert pins.holds(data, pin) in (True, False)


def test_deep_json_is_no_crash():
    data = b"[" * 100_000
    assert not pins.holds(data, Pin("x", sha256(data).hexdigest(), 0, len(data), "quote"))


def test_many_pins_of_a_file_are_checked_with_one_read_and_keep_their_order():
    reads: list[str] = []

    def read(path: str) -> bytes | None:
        reads.append(path)
        return {"t.jsonl": DATA}.get(path)

    gone, wrong, other = replace(PIN, path="gone"), replace(PIN, quote="nowhere"), replace(PIN, quote="Traceback")

    assert pins.held([PIN, gone, wrong, other], read) == (replace(PIN, line=2), replace(other, line=2))
    assert sorted(reads) == ["gone", "t.jsonl"]


def test_a_large_file_is_read_in_stretches_and_its_lines_are_counted_across_them():
    line = b"x" * 99 + b"\n"
    data = line * 30_000 + b"the end\n"

    class Stretches:
        """Gives at most a MiB at once, as a file on disk would be read."""

        longest = 0

        def __len__(self) -> int:
            return len(data)

        def __getitem__(self, stretch: slice) -> bytes:
            found = data[stretch]
            self.longest = max(self.longest, len(found))
            return found

    original = Stretches()
    last = Pin("big", sha256(data).hexdigest(), 3_000_000, 3_000_008, "the end")

    assert (replace(last, line=30_001),) == pins.held([last], lambda _path: original)
    assert 0 < original.longest <= 1 << 20
