"""Every format that can be read can be written as ATIF, those too of which no real file is at hand."""

from __future__ import annotations

import io
import json

import pytest

from bot.pages.atif import trajectory
from bot.signals import transcripts
from tests.pages.test_atif import problems, reread, steps_of
from tests.signals.transcripts import test_hostile, test_streams_hostile, test_whole_documents

INIT = {"type": "system", "subtype": "init", "session_id": "s", "tools": [], "claude_code_version": "2"}
STREAM = b"".join(
    json.dumps(record).replace('"sessionId"', '"session_id"').encode() + b"\n"
    for record in (INIT, *test_hostile.SESSION)
)
SAMPLES = {
    transcripts.sniff(data): data
    for data in (
        STREAM,
        *test_hostile.VALID.values(),
        *(data for _name, data in test_streams_hostile.VALID),
        *test_whole_documents.VALID.values(),
    )
}
"""A run of each format, as the tests of its reader hold it."""


@pytest.mark.parametrize("name", [form.name for form in transcripts.FORMATS])
def test_a_run_is_valid_atif_and_comes_back_with_its_steps_and_calls(name: str) -> None:
    traces = transcripts.read(io.BytesIO(SAMPLES[name]), "a")
    written = [trajectory(trace) for trace in traces]
    told = [(value["agent"]["name"], value["extra"]["flywheel"]["format"]) for value in written]

    assert [[*problems(value)] for value in written] == [[]] * len(traces)
    assert [steps_of(reread(value)) for value in written] == [steps_of(trace) for trace in traces]
    assert any(call for trace in traces for step in trace.steps for call in step.calls)
    assert {(bool(agent), form) for agent, form in told} == {(True, name)}
