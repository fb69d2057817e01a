"""A manifest says only what it was told and what looks right; names in a bundle are safe on every system."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.signals.embed import Seen, Told, distinct, manifest, safe, secret_values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def test_nothing_said_gives_an_empty_manifest() -> None:
    assert {"flywheel_bundle": 1, "files": []} == manifest({}, {}, Told(), Seen(()))


def test_the_head_of_a_pull_goes_before_the_merge_commit_that_is_checked_out() -> None:
    event = {"pull_request": {"number": 3, "head": {"sha": "a" * 40}}}
    made = manifest({"GITHUB_SHA": "b" * 40}, event, Told(), Seen((), commit="c" * 40))

    assert "a" * 40 == made["head_sha"]


def test_outside_of_a_pull_the_head_is_what_the_agent_left() -> None:
    assert "c" * 40 == manifest({"GITHUB_SHA": "b" * 40}, {}, Told(), Seen((), commit="c" * 40))["head_sha"]


def test_the_ref_names_the_pull_where_the_event_does_not() -> None:
    assert 9 == manifest({"GITHUB_REF": "refs/pull/9/merge"}, {}, Told(), Seen(()))["pull"]


def test_a_conclusion_is_one_of_githubs_or_none() -> None:
    assert "run" not in manifest({}, {}, Told(conclusion="maybe"), Seen(()))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b.jsonl", "a/b.jsonl"),
        ("../../etc/passwd", "etc/passwd"),
        ("C:\\x\\y.xml", "C/x/y.xml"),
        ("..", "file"),
        ("a b\n.xml", "a-b-.xml"),
        ("caf\u00e9.xml", "caf-.xml"),
    ],
)
def test_a_path_in_a_bundle_is_plain(path: str, expected: str) -> None:
    assert expected == safe(path)


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert "r/a-2.xml" == distinct("r/a.xml", {"r/A.xml"})
    assert "r.d/a-3" == distinct("r.d/a", {"r.d/a", "r.d/a-2"})


def test_variables_are_secret_by_their_names() -> None:
    said = {
        "GITHUB_TOKEN": "a",
        "MY_API_KEY": "b",
        "DB_PASSWORD": "c",
        "MONKEY": "d",
        "PATH": "e",
        "TOKENS": "f",
        "PAT": "",
    }

    assert ["a", "b", "c"] == secret_values(said)


@given(st.text(max_size=300))
def test_any_path_becomes_a_plain_one(path: str) -> None:
    found = safe(path)

    assert re.fullmatch(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", found)
    assert ".." not in found.split("/")


@given(st.dictionaries(st.sampled_from(["issue", "pull_request", "x"]), JSON), JSON)
def test_any_event_gives_a_manifest(event: dict[str, Any], inner: Any) -> None:
    for about in (event, {"pull_request": {"number": inner, "head": inner}}, {"issue": {"number": inner}}):
        made = manifest({}, about, Told(), Seen(()))

        assert 1 == made["flywheel_bundle"]
        assert made.get("pull") is None or 0 < made["pull"] < 2**63
