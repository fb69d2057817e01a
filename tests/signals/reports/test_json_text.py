"""Damaged JSON is read as far as it goes, and what is lost is counted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.signals.reports import json_text
from bot.signals.reports.json_text import Citer, load, load_lines, source_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("indent", [None, 2])
def test_a_sound_document_loses_nothing(indent: int | None) -> None:
    value = [{"a": 1, "b": {"c": [True, None, "ä\n"]}}]

    assert load(json.dumps(value, indent=indent).encode()) == json_text.Loaded(value)
    assert load(json.dumps(value, ensure_ascii=False).encode("utf-16")) == json_text.Loaded(value)


@pytest.mark.parametrize(
    ("data", "value", "lost"),
    [
        (b'[{"a":1},{"b":[1,2', [{"a": 1}, {"b": [1]}], 2),
        (b'[{"a":1}]\nnpm warn deprecated', [{"a": 1}], 20),
        (b'{"a":{"b":"c","d', {"a": {"b": "c"}}, 3),
        (b'[{"a":12},{"a":tru}]', [{"a": 12}], 11),
        (b"[", None, 1),
        (b"no JSON", None, 7),
        (b"[" * 100_000, None, 100_000),
        (b"[" + b"1" * 10_000 + b"]", None, 10_002),
    ],
)
def test_what_is_lost_of_a_damaged_document_is_counted(data: bytes, value: object, lost: int) -> None:
    loaded = load(data)

    assert (value, lost) == (loaded.value, loaded.lost)
    assert loaded.why


def test_lines_that_are_no_objects_are_counted() -> None:
    records, loaded = load_lines(b'{"a": 1}\nFound 1 error\n\n[2]\n{"a": 2}\r\n{"a":')

    assert [{"a": 1}, {"a": 2}] == records
    assert len(b"Found 1 error[2]{'a':") == loaded.lost
    assert "line 2" in loaded.why


def test_a_citation_stands_where_it_says_and_keeps_the_order() -> None:
    data = '[{"m": "same"},\n {"m": "sa\\"me ä"}, {"m": "same"}]'.encode()
    citer = Citer(data, source_of(data, "x.json"))

    pins = [citer.pin(said) for said in ("same", 'sa"me ä', "same", "same")]

    assert [1, 2, 2, None] == [pin.line if pin else None for pin in pins]
    assert ["same", 'sa\\"me ä', "same"] == [data[pin.start : pin.end].decode() for pin in pins if pin]


@given(JSON, st.data())
def test_a_cut_document_gives_a_part_of_it_and_never_more(value: object, draw: st.DataObject) -> None:
    whole = json.dumps([value, value]).encode()
    cut = whole[: draw.draw(st.integers(0, len(whole) - 1))]
    loaded = load(cut)

    assert loaded.why
    assert 0 <= loaded.lost <= len(cut)
    if loaded.value is None:
        assert len(cut) == loaded.lost
    if isinstance(loaded.value, list) and len(loaded.value) == 2:
        assert value == loaded.value[0]


@given(st.binary(max_size=300))
def test_any_bytes_are_taken(data: bytes) -> None:
    assert load(data).lost >= 0
    assert load_lines(data)[1].lost >= 0
