"""Edits are read out of any format's bytes, each once, and no bytes are too odd."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Call, Source, Step, Trace
from bot.traces.integrity.rewrites import Rewrite, patched, rewrites

PATH = "tests/test_a.py"
CODEX = f"*** Begin Patch\n*** Update File: {PATH}\n@@\n-old\n+new\n same\n*** Add File: b.py\n+x = 1\n*** End Patch"


def trace(data: bytes, *paths: str) -> Trace:
    call = Call("Edit", "edit", "ok", paths=paths or (PATH,), start=0, end=len(data), quote="x")
    return Trace("test", (Source("t", "", len(data)),), (Step(0, len(data), "x", (call,)),))


def of(data: bytes, *paths: str) -> list[tuple[str, str | None, str]]:
    return [(one.path, one.before, one.after) for one in rewrites(trace(data, *paths), lambda _: True, lambda _: data)]


@pytest.mark.parametrize(
    "record",
    [
        {"input": {"file_path": PATH, "old_string": "old", "new_string": "new"}},
        {"input": {"file_path": PATH, "edits": [{"old_string": "old", "new_string": "new"}]}},
        {"toolUseResult": {"filePath": PATH, "oldString": "old", "newString": "new", "originalFile": "old, all"}},
        {"action": "edit", "args": {"path": PATH, "old_str": "old", "new_str": "new"}},
        {"arguments": json.dumps({"path": PATH, "old_str": "old", "new_str": "new"})},
        {"arguments": json.dumps({"command": ["apply_patch", CODEX]})},
        {"input": CODEX},
    ],
    ids=["Claude Code", "MultiEdit", "its answer", "OpenHands", "a function's arguments", "Codex's shell", "Codex"],
)
def test_an_edit_is_read_as_every_agent_writes_it(record):
    data = json.dumps(record).encode()

    assert of(data) == [(PATH, "old", "new")]


def test_what_a_transcript_repeats_is_one_edit():
    use = {"input": {"file_path": PATH, "old_string": "old", "new_string": "new"}}
    answer = {"toolUseResult": {"filePath": PATH, "oldString": "old", "newString": "new"}}
    data = json.dumps(use).encode() + b"\n" + json.dumps(answer).encode()

    assert of(data) == [(PATH, "old", "new")]


def test_only_the_files_that_the_call_touched_count():
    data = json.dumps({"input": {"file_path": "other.py", "old_string": "old", "new_string": "new"}}).encode()

    assert of(data) == []


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data):
    assert isinstance(of(data), list)
    assert isinstance(patched(data, None, lambda _: True), tuple)


LINES = st.lists(st.from_regex(r"[a-z ]{1,20}", fullmatch=True), max_size=5)


@given(LINES, LINES)
def test_no_line_of_a_patch_is_lost(lost, won):
    body = "".join([*(f"-{line}\n" for line in lost), *(f"+{line}\n" for line in won)])
    patch = f"diff --git a/{PATH} b/{PATH}\n--- a/{PATH}\n+++ b/{PATH}\n@@ -1 +1 @@\n{body}".encode()

    found = patched(patch, None, lambda _: True)

    whole = Rewrite(0, PATH, "\n".join(lost), "\n".join(won), end=len(patch))
    assert ((whole,) if lost or won else ()) == found
