"""An OpenHands conversation that is kept as a file an event is one run; files that only look so are read alone."""

import resource
import zipfile
from pathlib import Path

from bot.model import Pin
from bot.signals.bundle import open_source
from bot.signals.collect import collect
from bot.traces.pins import held
from tests.signals.layouts.conftest import Write

PASSED = '<testsuite><testcase name="a"/></testsuite>'


def action(number: int) -> dict[str, object]:
    """One `ActionEvent`."""
    return {
        "id": f"a{number}", "timestamp": f"2026-01-02T03:04:{number % 60:02}", "source": "agent", "kind": "ActionEvent",
        "thought": [], "action": {"kind": "TerminalAction", "command": f"make t{number}"}, "tool_name": "terminal",
        "tool_call_id": f"c{number}", "llm_response_id": f"r{number}",
        "tool_call": {"id": f"c{number}", "name": "terminal", "arguments": f'{{"command": "make t{number}"}}'},
    }  # fmt: skip


def observation(number: int) -> dict[str, object]:
    """What came back."""
    body = {"kind": "TerminalObservation", "content": [{"type": "text", "text": "ok"}], "exit_code": 0}
    return {
        "id": f"o{number}", "timestamp": f"2026-01-02T03:04:{number % 60:02}", "source": "environment",
        "kind": "ObservationEvent", "tool_name": "terminal", "tool_call_id": f"c{number}", "action_id": f"a{number}",
        "observation": body,
    }  # fmt: skip


def conversation(write: Write, place: str, steps: int = 3) -> None:
    """A conversation of so many steps."""
    write(f"{place}/base_state.json", {"id": place, "agent": {"llm": {"model": "m"}}, "execution_status": "finished"})
    for number in range(steps):
        write(f"{place}/events/event-{2 * number:05}-a{number}.json", action(number))
        write(f"{place}/events/event-{2 * number + 1:05}-o{number}.json", observation(number))


def test_events_of_somebody_else_are_left_alone(write: Write, tmp_path: Path) -> None:
    write("shop/events/event-00001-x.json", {"id": 1, "title": "Concert"})
    write("shop/base_state.json", {"lights": "on"})

    assert [] == list(collect([tmp_path]))


def test_each_conversation_is_one_episode_with_a_source_a_file(write: Write, tmp_path: Path) -> None:
    for name in ("c1", "c2"):
        conversation(write, f"shop/issue-3/{name}")
        write(f"shop/issue-3/{name}/junit.xml", PASSED)

    found = list(collect([tmp_path]))

    assert ["shop/issue-3/c1", "shop/issue-3/c2"] == [one.id for one in found]
    assert ["pass", "pass"] == [one.outcome for one in found]
    for one in found:
        assert one.trace is not None
        assert ["make t0", "make t1", "make t2"] == [call.command for step in one.trace.steps for call in step.calls]
        assert 7 == len(one.trace.sources)
        sources = one.trace.sources
        calls = [call for step in one.trace.steps for call in step.calls]
        cited = [(sources[call.source], call) for call in calls]
        pins = [Pin(source.path, source.sha256, call.start, call.end, call.quote) for source, call in cited]
        assert 3 == len(list(held(pins, lambda path: stream.read() if (stream := open_source(path)) else None)))


def test_a_conversation_may_have_more_files_than_a_process_may_open(write: Write, tmp_path: Path) -> None:
    conversation(write, "shop/t/r", steps=100)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        (episode,) = collect([tmp_path])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert episode.trace is not None
    assert 100 == len(episode.trace.steps)


def test_an_event_that_was_cut_off_costs_no_other(write: Write, tmp_path: Path) -> None:
    conversation(write, "shop/t/r")
    broken = tmp_path / "shop/t/r/events/event-00002-a1.json"
    broken.write_bytes(broken.read_bytes()[:-40])
    (episode,) = collect([tmp_path])

    assert episode.trace is not None
    commands = [call.command for step in episode.trace.steps for call in step.calls]
    assert {"make t0", "make t2"} <= set(commands)
    assert any("event-00002" in warning for warning in episode.trace.warnings)


def test_a_zipped_conversation_is_one_run(write: Write, tmp_path: Path) -> None:
    conversation(write, "c")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        for file in sorted((tmp_path / "c").rglob("*.json")):
            archive.write(file, file.relative_to(tmp_path).as_posix())
    (episode,) = collect([tmp_path / "c.zip"])

    assert episode.trace is not None
    assert 3 == len(episode.trace.steps)
