"""Whatever a manifest, a file or a session's metadata holds: it is read, and nothing of it is a crash."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.signals.checkpoints import sessions
from bot.signals.collect import collect

KEYS = st.sampled_from(
    ["repository", "task", "run", "agent", "outcome", "files", "head_sha", "pull", "name", "role", "sha256", "path",
     "conclusion", "trust", "joined", "witnesses", "closure", "session_id", "model", "created_at"]
)  # fmt: skip
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=5),
    max_leaves=16,
)
ANY_BYTES = st.binary(max_size=120) | ANY_JSON.map(lambda value: json.dumps(value).encode())


class Kept:
    """What a repository keeps of two sessions, in memory."""

    repository = "octo/shop"

    def __init__(self, told: bytes, log: bytes, commits: tuple[str, ...]) -> None:
        self.files = {"ab/1/0/full.jsonl": log, "ab/1/0/metadata.json": told, "ab/2/0/full.jsonl": log}
        self.transcripts: Mapping[str, str] = {"ab/1/0/full.jsonl": "ab1", "ab/2/0/full.jsonl": "ab2"}
        self.commits: Mapping[str, tuple[str, ...]] = {"ab1": commits}

    def path(self, name: str) -> str:
        return f"shop@entire:{name}"

    def size(self, name: str) -> int:
        return len(self.files[name])

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.files[name])

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        return {name: self.files[name] for name in names if name in self.files}


@settings(max_examples=60)
@given(manifest=st.dictionaries(KEYS, ANY_JSON) | ANY_BYTES, transcript=ANY_BYTES, report=ANY_BYTES)
def test_any_bundle_is_one_episode_and_any_other_folder_at_most_one(
    manifest: dict[str, Any] | bytes, transcript: bytes, report: bytes
) -> None:
    ours = isinstance(manifest, dict)
    data = json.dumps({"flywheel_bundle": 1, **manifest}).encode() if isinstance(manifest, dict) else manifest
    with tempfile.TemporaryDirectory() as root:
        run = Path(root) / "octo__shop" / "issue-1" / "run-1"
        (run / "transcripts").mkdir(parents=True)
        (run / "manifest.json").write_bytes(data)
        (run / "transcripts" / "a.jsonl").write_bytes(transcript)
        (run / "report.xml").write_bytes(report)

        found = list(collect([Path(root)]))

    assert len(found) == 1 or (not ours and not found)
    assert all(one.id and one.outcome in ("pass", "fail", "none") for one in found)


@settings(max_examples=60)
@given(told=ANY_BYTES, log=ANY_BYTES, commits=st.lists(st.text(max_size=4), max_size=2).map(tuple))
def test_any_session_that_entire_kept_is_a_bundle_without_a_verdict(
    told: bytes, log: bytes, commits: tuple[str, ...]
) -> None:
    found = list(sessions(Kept(told, log, commits)))

    assert len(found) in (1, 2)
    assert all(
        one.claim is not None and one.claim.joined in ("trailer", "ambiguous-commits", "layout") for one in found
    )
