"""What a guard and what people did are failure classes of their own: from the bundle on disk to the pattern.

The log is the one that the shipped loop guard writes, run as Claude Code runs it.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.commands.wiring import shipped_detectors
from bot.signals.collect import collect
from bot.traces.analyse import analyse
from bot.traces.gate import gate, recall
from bot.traces.mine import mine

ROOT = Path(__file__).resolve().parents[2]
GUARD = ROOT / "bot/modifications/guards/loop_guard.py"
OPENHANDS = {
    "instance_id": "i",
    "metadata": {"agent_class": "CodeActAgent"},
    "history": [
        {"id": 0, "source": "user", "action": "message", "message": "Mend it", "args": {"content": "Mend it"}},
        {"id": 1, "source": "agent", "action": "run", "message": "", "args": {"command": "ls", "thought": ""}},
        {
            "id": 2,
            "source": "agent",
            "cause": 1,
            "observation": "run",
            "message": "",
            "content": "a.py",
            "extras": {"command": "ls", "metadata": {"exit_code": 0}},
        },
    ],
    "error": "AgentStuckInLoopError: Agent got stuck in a loop",
    "test_result": {},
}


def session(name):
    """A Claude Code session of two turns."""
    base = {"sessionId": name, "version": "2.0.1", "cwd": "/w", "isSidechain": False, "userType": "external"}
    said = {"model": "claude", "id": "m1", "type": "message", "role": "assistant"}
    use = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}}
    result = {"tool_use_id": "t1", "type": "tool_result", "content": "a.py"}
    times = [f"2026-11-25T10:00:0{n}.000Z" for n in range(4)]
    return [
        {
            **base,
            "type": "user",
            "uuid": "u1",
            "parentUuid": None,
            "timestamp": times[0],
            "message": {"role": "user", "content": "Mend it"},
        },
        {
            **base,
            "type": "assistant",
            "uuid": "u2",
            "parentUuid": "u1",
            "timestamp": times[1],
            "message": {**said, "content": [use], "stop_reason": "tool_use"},
        },
        {
            **base,
            "type": "user",
            "uuid": "u3",
            "parentUuid": "u2",
            "timestamp": times[2],
            "message": {"role": "user", "content": [result]},
        },
        {
            **base,
            "type": "assistant",
            "uuid": "u4",
            "parentUuid": "u3",
            "timestamp": times[3],
            "message": {
                **said,
                "id": "m2",
                "content": [{"type": "text", "text": "I stop here."}],
                "stop_reason": "end_turn",
            },
        },
    ]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """What the loop guard wrote about a run that edited one file while the same test went on failing."""
    root, temp = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("temp")
    (root / ".claude").mkdir()
    path = str(root / "a.py")
    edited = {"tool_name": "Write", "tool_input": {"file_path": path, "content": "x"}}
    after = {"hook_event_name": "PostToolUse", **edited, "tool_response": {"type": "update", "filePath": path}}
    red = {
        "hook_event_name": "PostToolUseFailure",
        "tool_name": "Bash",
        "tool_input": {"command": "pytest"},
        "error": "Exit code 1\nFAILED tests/test_a.py::test_a - assert 1 == 2\n1 failed in 0.1s",
    }
    for event in (red, after, red, *[after] * 8, {"hook_event_name": "PreToolUse", **edited}):
        given = json.dumps({"session_id": "s0", "cwd": str(root), **event}).encode()
        env = {"PATH": "/usr/bin:/bin", "CLAUDE_PROJECT_DIR": str(root), "TMPDIR": str(temp)}
        subprocess.run([sys.executable, "-I", "-S", GUARD], input=given, env=env, cwd=root, check=True)
    return (root / ".claude/flywheel-log.jsonl").read_text()


def bundle(folder, number, outcome, transcript, log="", **more):
    run = folder / f"{outcome}-{number}"
    (run / "transcripts").mkdir(parents=True)
    (run / "reports").mkdir()
    lines = transcript if isinstance(transcript, list) else [transcript]
    (run / "transcripts/t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if log:
        (run / "reports/flywheel-log.jsonl").write_text(log)
    told = {"flywheel_bundle": 1, "repository": "o/r", "task": f"t{number % 4}", "outcome": outcome, **more}
    (run / "manifest.json").write_text(json.dumps(told))


def patterns(folder):
    """The patterns of a folder of bundles, behind the gate, by detector."""
    rules = shipped_detectors()
    fleet = list(collect([folder]))
    history = recall(fleet)
    judged = [one for one in fleet if one.outcome != "none" and gate(one, history) is None]
    found = [finding for one in judged for finding in analyse(one, rules)]
    return {pattern.detector: pattern for pattern in mine(found, judged, rules)}


def test_runs_that_no_guard_paused_show_no_such_pattern(tmp_path, log):
    for number in range(6):
        bundle(tmp_path, number, "fail", session(f"s{number}"), log.replace('"pause"', '"nudge"'))

    assert "paused-by-the-guard" not in patterns(tmp_path)


def test_a_pause_that_the_guards_log_tells_of_is_a_pattern_of_its_own(tmp_path, log):
    assert [json.loads(line)["act"] for line in log.splitlines()] == ["nudge", "pause"]
    for number in range(6):
        bundle(tmp_path, number, "fail", session(f"s{number}"), log.replace('"s0"', f'"s{number}"'))
        bundle(tmp_path, number, "pass", session(f"p{number}"))

    found = patterns(tmp_path)["paused-by-the-guard"]

    assert (found.failed, found.passed, len(found.tasks)) == (6, 0, 4)
    assert "experimental" in found.reasons
    assert all(finding.steps == (2,) for finding in found.findings)


def test_the_agents_own_loop_detection_is_a_pattern_of_its_own(tmp_path):
    for number in range(6):
        bundle(tmp_path, number, "fail", OPENHANDS)
        bundle(tmp_path, number, "pass", {**OPENHANDS, "error": None})

    found = patterns(tmp_path)["stopped-as-stuck"]

    assert (found.failed, found.passed, found.status) == (6, 0, "actionable")
    assert all(finding.pins for finding in found.findings)


def test_pulls_that_people_turned_down_are_a_pattern_of_their_own(tmp_path):
    closed = {"reason": "not what we want", "by_bot": False, "reviews": 2}
    for number in range(6):
        bundle(tmp_path, number, "fail", session(f"s{number}"), closure=closed)
        bundle(tmp_path, 6 + number, "fail", session(f"n{number}"), closure={**closed, "reviews": 0})
        bundle(tmp_path, number, "pass", session(f"p{number}"))

    found = patterns(tmp_path)["rejected-in-review"]

    assert (found.failed, found.passed, len(found.tasks)) == (6, 0, 4)
    assert found.reasons == ("experimental",)
