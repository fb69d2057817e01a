"""Real transcripts in; how fast bytes become findings on one core beside three readers, and the peak memory.

usage: python -m bench.reading      (needs ../shared/data; about a minute)

Aim: bytes -> findings at 0.5 of untyped msgspec; peak memory at most 64 MiB + 4 x the largest unit + 300 B a step,
where a unit is a line (16 MiB at most) or a document (64 MiB at most). Figures are the best of three over all files.
"""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from bot.commands.wiring import shipped_detectors
from bot.model import Detector, Episode
from bot.signals import transcripts
from bot.signals.changed import changed
from bot.traces.analyse import analyse
from bot.traces.gate import gate

SHARED = Path("../shared/data/transcripts")
FORMATS = ("claude-code-session", "codex-rollout")
ROUNDS = 3
MEMORY_BYTES = 120 << 20


class Lazy(msgspec.Struct):
    """What the fastest useful reader would decode: the kind of a record, its payload left as bytes."""

    type: str = ""
    timestamp: object = None
    message: msgspec.Raw = msgspec.Raw()
    payload: msgspec.Raw = msgspec.Raw()


def files(name: str) -> list[Path]:
    return [path for path in sorted((SHARED / name).glob("*.jsonl")) if path.stat().st_size]


def best(work: Callable[[], object]) -> float:
    def once() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return min(once() for _ in range(ROUNDS))


def each_line(datas: list[bytes], decode: Callable[[bytes], object]) -> None:
    for data in datas:
        for line in data.split(b"\n"):
            if line:
                try:
                    decode(line)
                except (ValueError, msgspec.MsgspecError):
                    continue


def read(datas: list[bytes]) -> None:
    for data in datas:
        transcripts.read(io.BytesIO(data), "bench")


def find(datas: list[bytes], detectors: Sequence[Detector]) -> None:
    """The whole way of one core: read, derive the diff, gate, detectors (loaded once a run: 30 ms)."""
    for data in datas:
        for trace in transcripts.read(io.BytesIO(data), "bench"):
            episode = Episode("e", "o/r", "fail", trace=trace, diff=changed(trace))
            gate(episode)
            analyse(episode, detectors)


def speed(name: str) -> None:
    datas = [path.read_bytes() for path in files(name)]
    size = sum(map(len, datas))
    detectors = shipped_detectors()
    rows = {
        "json.loads": best(lambda: each_line(datas, json.loads)),
        "msgspec, untyped": best(lambda: each_line(datas, msgspec.json.decode)),
        "msgspec, Struct + Raw": best(lambda: each_line(datas, msgspec.json.Decoder(Lazy).decode)),
        "ours, bytes -> trace": best(lambda: read(datas)),
        "ours, bytes -> findings": best(lambda: find(datas, detectors)),
    }
    peer = rows["msgspec, untyped"]
    print(f"\n{name}: {len(datas)} files, {size / 1e6:.1f} MB")
    for label, seconds in rows.items():
        print(f"  {label:26} {size / seconds / 1e6:8.1f} MB/s   {peer / seconds:5.2f} of untyped msgspec")


def memory(name: str) -> None:
    """Peak of a fresh process that reads one large file, made of the real ones with new ids."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.jsonl"
        longest = 0
        with path.open("wb") as stream:
            copy = 0
            while stream.tell() < MEMORY_BYTES:
                for real in files(name):
                    data = real.read_bytes()
                    stream.write(data.replace(b"msg_", b"msg%d_" % copy).replace(b'"uuid":"', b'"uuid":"%d' % copy))
                    stream.write(b"\n")
                    longest = max(longest, *map(len, data.split(b"\n")))
                copy += 1
        code = (
            "import sys,resource;from bot.signals import transcripts;"
            "steps=sum(len(t.steps) for t in transcripts.read(open(sys.argv[1],'rb'),'x'));"
            "print(steps,resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
        steps, peak = map(int, done.stdout.split())
        limit = (64 << 20) + 4 * longest + 300 * steps
        size = path.stat().st_size
    print(
        f"\n{name}: one file of {size / 2**20:.0f} MiB, {steps} steps, longest line {longest / 2**20:.1f} MiB: "
        f"peak {peak / 1024:.0f} MiB, limit {limit / 2**20:.0f} MiB"
    )


def main() -> None:
    if not SHARED.is_dir():
        sys.exit(f"{SHARED}: the real transcripts are not here. Nothing is measured without them.")
    for name in FORMATS:
        speed(name)
    for name in FORMATS:
        memory(name)
    print(f"\nthis process: peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
