"""Takes the real Claude and Codex JSONL of ../shared/data; prints how fast and in what memory it becomes findings.

    python -m bench.reading [--megabytes 100] [--rounds 3]

The corpus is all their bytes, repeated until it is large enough; each repetition bears ids of its own, so that no
record is a copy of an earlier one. The peers read the same bytes in the same run, one pass each in turn, and for each
file the pass counts that took least processor time: `json.loads` and untyped `msgspec` a line, and `msgspec` structs
with `Raw` payloads (what decoding alone costs us). Peak memory is that of a fresh process that reads one file of the
whole corpus from disk; its limit is 64 MiB + 4 x the largest line + 300 B a step.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from bot.commands.wiring import shipped_detectors
from bot.model import Detector, Episode, Trace
from bot.signals import transcripts
from bot.signals.changed import changed
from bot.traces.analyse import analyse
from bot.traces.conditions.calls import is_source
from bot.traces.conditions.suites import _runs
from bot.traces.conditions.verification import says
from bot.traces.gate import gate

SHARED = Path(__file__).resolve().parents[1] / "../shared/data/transcripts"
FAMILIES = ("claude-code-session", "codex-rollout")
_IDS = re.compile(rb"(?<=\")(?:toolu_|msg_|call_)")
REMEMBERED = (is_source, _runs, says)
BAR = 0.5
"""Aimed at: our speed over that of untyped msgspec."""


class Raw(msgspec.Struct):
    """A record of either family with its payloads left raw."""

    type: str = ""
    timestamp: str = ""
    message: msgspec.Raw = msgspec.Raw()
    payload: msgspec.Raw = msgspec.Raw()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table; `--peak FILE` is what the fresh process does."""
    options = argparse.ArgumentParser(prog="python -m bench.reading")
    options.add_argument("--megabytes", type=int, default=100, help="size of the corpus over both families")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args(arguments)
    if given.peak:
        print(json.dumps(peak(given.peak)))
        return
    if not SHARED.is_dir():
        sys.exit(f"{SHARED}: not there. The benchmark reads the shared transcripts.")
    print(f"{'corpus':<20}{'reader':<22}{'MB/s':>8}{'of msgspec':>12}")
    for family in FAMILIES:
        corpus = enlarged(family, given.megabytes * 1_000_000 // len(FAMILIES))
        table(family, corpus, given.rounds)
        memory(family, corpus)


def enlarged(family: str, size: int) -> list[bytes]:
    """The files of a family, then the same with other ids, until there are at least `size` bytes."""
    files = [path.read_bytes() for path in sorted((SHARED / family).glob("*.jsonl"))]
    corpus: list[bytes] = []
    while sum(map(len, corpus)) < size:
        copy = len(corpus) // len(files)
        corpus += [_IDS.sub(lambda found, copy=copy: found[0] + b"%04d" % copy, data) for data in files]  # type: ignore[misc]
    return corpus


def table(family: str, corpus: list[bytes], rounds: int) -> None:
    """A row for each reader, best of the rounds of each file, taken in turn so that a busy machine is busy for all."""
    readers: dict[str, Callable[[bytes], object]] = {
        "bytes to findings": found_by(shipped_detectors()),
        "bytes to Trace": read,
        "json.loads": each_line(json.loads),
        "untyped msgspec": each_line(msgspec.json.Decoder().decode),
        "Struct + Raw": each_line(msgspec.json.Decoder(Raw).decode),
    }
    best = {name: [float("inf")] * len(corpus) for name in readers}
    for _ in range(rounds):
        for name, reader in readers.items():
            for place, data in enumerate(corpus):
                begun = time.process_time()
                reader(data)
                best[name][place] = min(best[name][place], time.process_time() - begun)
    size = sum(map(len, corpus)) / 1e6
    took = {name: sum(seconds) for name, seconds in best.items()}
    for name, seconds in took.items():
        ratio = took["untyped msgspec"] / seconds
        bar = f"  (aim {BAR})" if name == "bytes to findings" else ""
        print(f"{family:<20}{name:<22}{size / seconds:>8.0f}{ratio:>12.2f}{bar}")


def read(data: bytes) -> list[Trace]:
    """Bytes to Traces."""
    return transcripts.read(io.BytesIO(data), "bench.jsonl")


def found_by(detectors: Sequence[Detector]) -> Callable[[bytes], None]:
    """The whole way of one core: read, derive the diff, gate, detectors (loaded once a run)."""

    def _find(data: bytes) -> None:
        for remembered in REMEMBERED:  # a copy of a file must not profit from the file
            remembered.cache_clear()
        for trace in read(data):
            episode = Episode("bench", "o/r", "fail", trace=trace, diff=changed(trace))
            if gate(episode) is None:
                analyse(episode, detectors)

    return _find


def each_line(decode: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """Decode line by line and let go; damaged lines are passed over."""

    def _decode(data: bytes) -> None:
        for line in data.split(b"\n"):
            with contextlib.suppress(ValueError):
                decode(line)

    return _decode


def memory(family: str, corpus: list[bytes]) -> None:
    """Peak memory of a fresh process that reads the whole corpus as one file, beside its limit."""
    largest = max(len(line) for data in corpus for line in data.split(b"\n"))
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        for data in corpus:
            file.write(data.rstrip(b"\n") + b"\n")
        file.flush()
        command = [sys.executable, "-m", "bench.reading", "--peak", file.name]
        found = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    limit = (64 << 20) + 4 * largest + 300 * found["steps"]
    print(
        f"{family:<20}peak {found['peak'] / 2**20:.1f} MiB of {limit / 2**20:.1f} MiB allowed "
        f"({found['bare'] / 2**20:.1f} MiB before reading; {found['steps']} steps, {found['calls']} calls, "
        f"largest line {largest / 2**20:.2f} MiB)"
    )


def peak(path: Path) -> dict[str, int]:
    """Read one file in this process; bytes of resident memory before and at the peak, and what was read."""
    bare = _resident()
    with path.open("rb") as stream:
        traces = transcripts.read(stream, path.name)
    steps = [step for trace in traces for step in trace.steps]
    return {"bare": bare, "peak": _resident(), "steps": len(steps), "calls": sum(len(step.calls) for step in steps)}


def _resident() -> int:
    """The peak of this process so far, in bytes. Linux: not from getrusage, which hands down the parent's peak."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) * 1024  # type: ignore[index]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
