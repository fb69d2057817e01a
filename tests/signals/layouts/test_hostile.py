"""Whatever stands in a marker, and wherever it lies: no crash, and an id that can be shown."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.signals.collect import collect
from bot.signals.layouts import LAYOUTS, Folder, claims
from tests.signals.layouts.conftest import Write, stream

KEYS = st.sampled_from([
    "task_name", "trial_name", "trial_uri", "task_checksum", "source", "agent_info", "verifier_result", "task", "agent",
    "trials_dir", "task_id", "is_resolved", "trial_started_at", "dataset_name", "agent_name", "model_name", "engine_id",
    "workflow_name", "run_id", "run_attempt", "repository", "sha", "name", "version", "model_info",
])  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["../../x", "a\nb", "\x1b[2J", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=18).map(lambda value: json.dumps(value).encode()) | st.binary(
    max_size=60
)


@settings(max_examples=100, deadline=None)
@given(DOCUMENTS, DOCUMENTS, st.lists(st.sampled_from(["a", "b", "..", "\u202e"]), max_size=4))
def test_no_marker_is_a_crash_and_every_claim_can_be_shown(one: bytes, other: bytes, place: list[str]) -> None:
    files = {"result.json": one, "results.json": one, "config.json": other, "aw_info.json": other}
    read = {**files, "../../run_metadata.json": other, "activation/aw_info.json": one}
    folder = Folder(tuple(place), sorted(files), ["activation", "agent"], lambda name, _limit: read.get(name))

    for claim in (claim for layout in LAYOUTS for claim in layout(folder)):
        shown = f"{claim.repository}/{claim.task}/{claim.name}"
        assert shown.isprintable()
        assert ".." not in shown.split("/")
        assert claim.role("agent/x.json") in ("any", "transcript", "none")
    claims(folder)


def test_the_same_job_under_two_paths_is_counted_once(write: Write, tmp_path: Path) -> None:
    trial = {
        "task_name": "t",
        "trial_name": "t__1",
        "task_id": {},
        "source": "d",
        "verifier_result": {"rewards": {"reward": 0}},
    }
    write("jobs/j/t__1/result.json", trial)
    write("jobs/j/t__1/agent/claude.txt", stream("ls"))

    found = [one for path in ("jobs", "jobs/j", "jobs/j/t__1") for one in collect([tmp_path / path])]

    assert 3 == len(found)
    assert 1 == len({one.id for one in found})
    assert 1 == len({one.trace.sources[0].sha256 for one in found if one.trace})


def test_a_marker_that_is_a_link_out_of_the_folder_is_not_followed(write: Write, tmp_path: Path) -> None:
    secret = write("secret/aw_info.json", {"engine_id": "claude", "run_id": 1, "repository": "a/b"})
    (tmp_path / "runs" / "activation").mkdir(parents=True)
    (tmp_path / "runs" / "activation" / "aw_info.json").symlink_to(secret)

    assert [] == list(collect([tmp_path / "runs"]))


@pytest.mark.parametrize("marker", ["result.json", "results.json", "aw_info.json"])
def test_a_huge_marker_is_none(marker: str, write: Write, tmp_path: Path) -> None:
    write(f"r/t/x/{marker}", b'{"task_name": "' + b"x" * (17 << 20) + b'"}')
    write("r/t/x/agent/s.jsonl", stream("ls"))

    assert ["folder"] == [one.joined for one in collect([tmp_path]) if one.trace]


def test_a_zip_of_many_trials_is_read_in_time_that_grows_with_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "jobs.zip", "w") as archive:
        for number in range(1_500):
            trial = {"task_name": f"t{number}", "trial_name": f"t{number}__1", "task_id": {}, "source": "d",
                     "verifier_result": {"rewards": {"reward": number % 2}}}  # fmt: skip
            archive.writestr(f"j/t{number}__1/result.json", json.dumps(trial))
            archive.writestr(f"j/t{number}__1/verifier/reward.txt", str(number % 2))
            archive.writestr(f"j/t{number}__1/agent/x.txt", "hi")

    found = list(collect([tmp_path / "jobs.zip"]))

    assert 1_500 == len(found)
    assert 750 == sum(one.outcome == "fail" for one in found)
