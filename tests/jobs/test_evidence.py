"""The store: one folder a head, whole or not at all, and believed only as far as we wrote it."""

import json
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.jobs import evidence
from bot.signals.collect import collect
from tests.jobs.collecting_world import RED

SHA = "a" * 40


def stored(store: Path, **more: object) -> Path:
    place = evidence.folder(store, "octo/shop", SHA)
    manifest = {"flywheel_bundle": 1, "repository": "octo/shop", "task": "pull-1", "outcome": "fail", **more}
    evidence.keep(place, manifest, {"reports/j.xml": RED.encode()})
    return place


@pytest.mark.parametrize(
    "name", ["octo", "octo/..", "../shop", "octo/shop/x", "/shop", "octo/", "o c/shop", ".git/shop"]
)
def test_no_name_leads_out_of_the_store(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Report this"):
        evidence.folder(tmp_path, name, SHA)


@pytest.mark.parametrize("sha", ["", "main", "../" + "a" * 37, "A" * 40, "a" * 39])
def test_no_sha_leads_elsewhere(sha: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Report this"):
        evidence.folder(tmp_path, "octo/shop", sha)


@pytest.mark.parametrize(("said", "ours", "theirs"), [
    *(({"trust": trust}, trust, trust) for trust in ("T0", "T1", "T2")),
    ({}, "T0", "T2"),
    ({"trust": "T9"}, "T0", "T0"),
    ({"trust": ["T2"]}, "T0", "T0"),
])  # fmt: skip
def test_a_manifest_can_lower_trust_and_only_ours_can_say_it(
    said: dict[str, object], ours: str, theirs: str, tmp_path: Path
) -> None:
    stored(tmp_path, **said)

    assert [ours] == [one.trust for one in evidence.episodes(tmp_path, "octo")]
    assert [theirs] == [one.trust for one in collect([tmp_path])]


def test_a_bundle_that_lost_its_manifest_has_no_trust(tmp_path: Path) -> None:
    (stored(tmp_path, trust="T2") / "manifest.json").unlink()

    assert ["T0"] == [one.trust for one in evidence.episodes(tmp_path, "octo")]


def test_what_a_killed_writer_left_is_no_episode(tmp_path: Path) -> None:
    left = tmp_path / "octo/shop/.flywheel-bundle-x1/new"
    left.mkdir(parents=True)
    (left / "manifest.json").write_text(json.dumps({"flywheel_bundle": 1, "outcome": "fail"}))
    (left / "j.xml").write_text(RED)
    stored(tmp_path)

    assert 1 == len(list(evidence.episodes(tmp_path, "octo")))


def test_an_owner_is_read_alone_and_none_that_is_not_there(tmp_path: Path) -> None:
    stored(tmp_path)
    evidence.keep(evidence.folder(tmp_path, "other/shop", SHA), {"flywheel_bundle": 1}, {"reports/j.xml": RED.encode()})

    assert ["octo/shop"] == [one.repository for one in evidence.episodes(tmp_path, "octo")]
    assert [] == list(evidence.episodes(tmp_path, "nobody"))


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000])
def test_a_damaged_manifest_was_never_seen(text: str, tmp_path: Path) -> None:
    place = stored(tmp_path, seen=[1])

    assert [1] == evidence.seen(place)
    (place / "manifest.json").write_text(text)
    assert evidence.seen(place) is None
