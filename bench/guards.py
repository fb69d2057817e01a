"""Both guards over every real Claude Code and Codex session: whom they would have disturbed, and what they cost.

`python -m bench.guards` from the project's root. The outcome of these sessions is unknown; people committed what they
left, so they stand for ordinary work. Bars: the loop guard disturbs under 2 %, a guard's process costs under 10 ms over
bare `python3 -I -S`.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bot.errors import UserError
from bot.model import Trace
from bot.modifications.backtest import View, edits_in_vain, first, hooked, view, views
from bot.modifications.guards import finish_guard
from bot.signals import transcripts

DATA = Path("../shared/data/transcripts")
FORMATS = {"claude-code-session", "codex-rollout"}
Z = 1.959964
GUARDS = Path("bot/modifications/guards")
ROUNDS = 60
END = 1 << 60


def main() -> None:
    sessions = list(read())
    print(f"{len(sessions)} sessions with calls, {sum(len(t.steps) for _, t in sessions)} steps\n")
    spent: list[int] = []
    loops = [(path, first("loop-guard", trace, None, spent)) for path, trace in sessions]
    report("loop-guard", [(path, f"before step {step}") for path, step in loops if step], len(sessions))
    vain = sorted(edits_in_vain(trace) for _, trace in sessions)
    print(f"  edits in vain of one file: p50 {vain[len(vain) // 2]}, p95 {vain[len(vain) * 95 // 100]}, max {vain[-1]}")
    timed(spent)
    spent = []
    ends = [(path, text) for path, trace in sessions for text in sent_back(path, trace, spent)]
    report("finish-guard", ends, len(sessions))
    timed(spent)
    print()
    for name in ("loop_guard", "finish_guard"):
        print(f"{name}: {process(name):.1f} ms over bare python3 -I -S (median of {ROUNDS}; bar 10)")
    print(f"for comparison, `import json`: {over(['-c', 'import json'], b''):.1f} ms")


def read() -> Iterator[tuple[Path, Trace]]:
    for path in sorted(DATA.glob("claude-code-session/*")) + sorted(DATA.glob("codex-rollout/*")):
        with path.open("rb") as stream:
            try:
                for trace in transcripts.read(stream, str(path)):
                    if trace.format in FORMATS and any(step.calls for step in trace.steps):
                        yield path, trace
            except UserError as error:
                print(error)


def sent_back(path: Path, trace: Trace, spent: list[int]) -> Iterator[str]:
    """What the finish guard says over a session that stops before each further prompt of a person, and where it ends.

    A recording that breaks off has no stop at its end.
    """
    opening, *_ = (seen for _, seen in views("finish-guard", trace))
    stop: View = {**opening, "tool": "Stop", "command": ""}
    calls = [(step.start, view(call, trace.cwd)) for step in trace.steps for call in step.calls if hooked(call)]
    stops = [(at, stop) for at in [*prompts(path)[1:], *[END] * (trace.end_reason == "finished")]]
    state: View = {}
    for at, seen in [(0, opening), *sorted(calls + stops, key=lambda event: event[0])]:
        begin = time.perf_counter_ns()
        state, text = finish_guard.decide(state, seen)
        spent.append(time.perf_counter_ns() - begin)
        if text:
            step = sum(step.start < at for step in trace.steps)
            why = text.split(". The task asked")[0].partition(": ")[2]
            yield f"after step {step} of {len(trace.steps)}: {why}"


def prompts(path: Path) -> list[int]:
    """Where the prompts of a person start in a Claude Code session."""
    found, at = [], 0
    for line in path.read_bytes().split(b"\n"):
        if b'"type":"user"' in line and b"tool_result" not in line and b'"isMeta":true' not in line:
            content = str(json.loads(line).get("message", {}).get("content", "")) if line.startswith(b"{") else ""
            if not content.startswith(("<", "[{'type': 'text', 'text': '<")) and '"isSidechain":true' not in str(line):
                found.append(at)
        at += len(line) + 1
    return found


def report(guard: str, fired: list[tuple[Path, str]], sessions: int) -> None:
    touched = len({path for path, _ in fired})
    share, most = touched / sessions, upper(touched, sessions)
    print(f"{guard}: disturbs {touched} of {sessions} sessions = {share:.1%}, at most {most:.1%} (95 %, Wilson)")
    for path, why in fired:
        print(f"  {path.name}: {why}")


def upper(hits: int, of: int) -> float:
    """The upper end of Wilson's 95 % interval."""
    p = hits / of
    return (p + Z * Z / (2 * of) + Z * math.sqrt(p * (1 - p) / of + Z * Z / (4 * of * of))) / (1 + Z * Z / of)


def timed(spent: list[int]) -> None:
    spent.sort()
    p50, p99 = spent[len(spent) // 2] / 1000, spent[len(spent) * 99 // 100] / 1000
    print(f"  decide: p50 {p50:.1f} µs, p99 {p99:.1f} µs over {len(spent)} calls")


def process(name: str) -> float:
    payload = {
        "session_id": "bench",
        "hook_event_name": "PostToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "uv run pytest -q 2>&1 | tail -30"},
        "tool_response": {"stdout": "tests/test_a.py::test_b PASSED\n" * 200, "stderr": "", "interrupted": False},
    }
    return over([str(GUARDS / f"{name}.py")], json.dumps(payload).encode())


def over(arguments: list[str], given: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "TMPDIR": folder, "CLAUDE_PROJECT_DIR": folder}
        differences: list[float] = []
        for _ in range(ROUNDS):
            times = []
            for tail in (["-c", "pass"], arguments):
                begin = time.perf_counter_ns()
                subprocess.run(
                    [sys.executable, "-I", "-S", *tail], input=given, env=env, check=True, capture_output=True
                )
                times.append(time.perf_counter_ns() - begin)
            differences.append((times[1] - times[0]) / 1e6)
    return statistics.median(differences)


if __name__ == "__main__":
    main()
