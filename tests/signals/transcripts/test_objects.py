"""A document with one long array: its elements where they stand, as far as they can be read, and every loss told."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.signals.transcripts.held import Document
from bot.signals.transcripts.lines import Losses
from bot.signals.transcripts.objects import document

VALUE = {
    "agent": "é",
    "steps": [{"step_id": number, "said": "a\u2028b " * number} for number in range(4)],
    "end": {"a": 1},
}
PRETTY = json.dumps(VALUE, indent=2, ensure_ascii=False).encode()
SHAPES = [PRETTY, json.dumps(VALUE).encode(), json.dumps(VALUE["steps"]).encode(), b"\xef\xbb\xbf \0" + PRETTY]


def read(data: bytes) -> tuple[Document, Losses]:
    losses = Losses()
    return document(data, losses, ("steps",), ("step_id",)), losses


def test_a_sound_document_gives_its_elements_and_the_rest() -> None:
    found, losses = read(PRETTY)

    assert [element.value() for element in found.elements] == VALUE["steps"]
    assert [json.loads(PRETTY[element.start : element.end]) for element in found.elements] == VALUE["steps"]
    assert [PRETTY[: element.start].count(b"\n") + 1 for element in found.elements] == [
        element.line for element in found.elements
    ]
    assert (found.get("agent"), found.get("end"), found.get("none"), found.whole) == ("é", {"a": 1}, None, True)
    assert losses.warnings() == ()


def test_a_value_of_another_shape_holds_no_elements() -> None:
    for data in (b'{"steps": {"a": 1}}', b"{}", b'{"steps": null}', b"[]"):
        found, losses = read(data)

        assert (found.elements, found.whole, losses.warnings()) == ([], True, ())


@pytest.mark.parametrize("data", SHAPES, ids=["pretty", "compact", "array", "bom"])
def test_cut_off_anywhere_it_gives_what_was_whole_and_tells_the_rest(data: bytes) -> None:
    whole = [element.start for element in read(data)[0].elements]
    for end in range(len(data)):
        found, losses = read(data[:end])
        places = [element.start for element in found.elements]

        assert places == whole[: len(places)]
        assert sum(element.end <= end for element in read(data)[0].elements) == len(places)
        assert losses.warnings() != ()
        assert not found.whole


def test_a_damaged_element_costs_only_itself() -> None:
    data = PRETTY.replace(b'"step_id": 1', b'"step_id" 1')
    found, losses = read(data)

    assert [element.value()["step_id"] for element in found.elements] == [0, 2, 3]  # type: ignore[index, call-overload]
    assert [json.loads(data[element.start : element.end])["step_id"] for element in found.elements] == [0, 2, 3]
    assert found.get("end") == {"a": 1}
    assert len(losses.ranges) == 1


def test_damage_before_the_array_does_not_cost_the_array() -> None:
    found, losses = read(PRETTY.replace('"é"'.encode(), b"'e'"))

    assert len(found.elements) == 4
    assert losses.ranges != []


def test_what_only_the_slow_way_reads_is_marked_as_mended() -> None:
    for odd in (b'"\\ud83c"', b"NaN", b'"a\0b"', b'"\xff"'):
        data = b'{"steps": [{"step_id": 1, "said": %s}]}' % odd
        found, losses = read(data)

        assert [(element.mended, element.value() is not None) for element in found.elements] == [(True, True)]
        assert losses.ranges == []


def test_a_number_beyond_measure_costs_no_crash() -> None:
    found, _losses = read(b'{"steps": [{"step_id": 1e999}, {"step_id": %s}]}' % (b"9" * 5_000))

    assert [element.value() is None for element in found.elements] == [False, True]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=80), st.sampled_from(SHAPES)), st.integers(0, 400), st.binary(max_size=4))
def test_any_bytes_give_elements_and_losses_that_never_overlap(data: bytes, at: int, junk: bytes) -> None:
    data = data[:at] + junk + data[at:]
    found, losses = read(data)
    spans = sorted([(element.start, element.end) for element in found.elements] + losses.ranges)

    assert all(0 <= start < end <= len(data) for start, end in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    assert all(
        element.raw is not None and (element.mended or element.value() is not None) for element in found.elements
    )
