"""A transcript between other lines of a log is found by its content, at the places where such logs lie."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Report, Trace
from bot.signals.recognise import recognise
from tests.signals.layouts.conftest import stream

SAMPLE = Path("../shared/data/transcripts/gh-aw/pkg__workflow__test_data__sample_claude_log.txt")
NOISE = b"npm warn exec\n[DEBUG] {x}\n{broken\n[1, 2]\n"


def read(data: bytes, path: str = "r/agent-stdio.log") -> list[Trace] | Report | None:
    return recognise(lambda: io.BytesIO(data), path, path)


@pytest.mark.parametrize("path", ["notes.txt", "src/agent.log", "docs/agent/x.md", "agent-stdio.log.bak"])
def test_a_transcript_that_another_file_quotes_is_none(path: str) -> None:
    assert read(NOISE + stream("ls").encode(), path) is None


@pytest.mark.parametrize("path", ["agent-stdio.log", "x.zip!agent/claude-code.txt", "r/0a1b-agent-stdio.log"])
def test_where_such_logs_lie_the_transcript_is_found(path: str) -> None:
    found = read(NOISE + stream("ls", "make").encode(), path)

    assert isinstance(found, list)
    assert [2] == [len(trace.steps) for trace in found]


def test_a_log_without_a_transcript_is_none() -> None:
    assert read(NOISE * 2_000) is None


@pytest.mark.parametrize("size", [10, 70_000, 3_000_000])
def test_offsets_and_digest_are_those_of_the_whole_log(size: int) -> None:
    data = b"x" * size + b"\n" + stream("ls", "make").encode() + b"[DEBUG] bye\n"
    found = read(data)

    assert isinstance(found, list)
    (trace,) = found
    assert len(data) == trace.sources[0].size
    assert all(b'"assistant"' in data[step.start : step.end] for step in trace.steps)


@pytest.mark.skipif(not SAMPLE.exists(), reason="the shared data are not here")
def test_a_real_log_is_read_without_a_loss() -> None:
    found = read(SAMPLE.read_bytes())

    assert isinstance(found, list)
    (trace,) = found
    assert ("claude-execution", 4, "finished", ()) == (trace.format, len(trace.steps), trace.end_reason, trace.warnings)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=80) | st.sampled_from(stream("ls").encode().split(b"\n")), max_size=12))
def test_no_log_is_a_crash(lines: list[bytes]) -> None:
    found = read(b"begin\n" + b"\n".join(lines))

    assert found is None or isinstance(found, (list, Report))
