"""Failed and passing job logs go in; how many failures a signature names, how many rightly, and how fast, come out.

Run as `python -m bench.signatures [DIR…]`. Measured are the logs below ../shared/data/ci (gha-logs, travis-logs,
cidiff) and below every DIR (a checkout of BugSwarm/bugswarm holds 2,000 more). Whether a pick is right was judged by
reading the log around it, one pick after the other: bench/signatures_read.tsv. There `unseen` picks are of logs that
had not been looked at when the table was written, and stay as they were first read (the last 20 were drawn at random
from 28 failed logs, after the table was closed); `tuned` ones are of logs that the table was written or mended with. A
verdict of `partly` counts as not right.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import process_time

from bot.model import Report
from bot.signals.reports import excerpt, job_log, lines, signatures, steps

DATA = Path(__file__).resolve().parents[1] / "../shared/data/ci"
READ = Path(__file__).with_name("signatures_read.tsv")
BARS = {"coverage": 0.687, "precision": 0.929, "false alarms": 1 / 244, "log -> key": 12.5}
"""research/ci.md §5.2 (a table on unseen logs), §0 (infrastructure on passing logs) and §2.2 (MB/s)."""

_FIXTURE = re.compile("#=MATCH=# |#=SOURCE=#[^\n]*\n|[‹›]")
_PASSED = ("Finished: SUCCESS", "Done. Your build exited with 0")
OUTSIDE = ("infra", "config", "derivative", "excluded", "vcs")
NOISE = ("infrastructure", "permission", "derivative", "log-signature")


@dataclass(frozen=True)
class Log:
    """A log by the name that the readings use, and what it is."""

    name: str
    data: bytes
    report: Report
    failed: bool
    passed: bool

    @property
    def picked(self) -> str:
        """The signature that was picked, "" when there is none."""
        return next((signal.detail for signal in self.report.signals if signal.name == "log-signature"), "")


@dataclass(frozen=True)
class Reading:
    """The verdict on one pick."""

    log: str
    signature: str
    right: bool
    unseen: bool


def readings() -> list[Reading]:
    """Every pick that was read."""
    with READ.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return [Reading(row["log"], row["signature"], row["verdict"] == "right", row["set"] == "unseen") for row in rows]


def logs(roots: Sequence[Path]) -> Iterator[Log]:
    """Each log once, by its bytes."""
    seen = set()
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.suffix not in (".log", ".txt") or not path.is_file():
                continue
            data = path.read_bytes()
            if "pytorch" in str(path):
                data = _FIXTURE.sub("", data.decode("utf-8", "replace")).encode()
            digest = sha256(data).digest()
            if digest not in seen:
                seen.add(digest)
                yield log(_name(path), data)


def log(name: str, data: bytes) -> Log:
    texts = lines.texts(data)
    report = job_log.read(data, name)
    passed = report.outcome == "pass" or any(text.startswith(_PASSED) for text in texts[-30:])
    return Log(name, data, report, steps.failure(texts) is not None and not passed, passed)


def _name(path: Path) -> str:
    if path.is_relative_to(DATA):
        return path.relative_to(DATA).as_posix()
    parts = path.parts
    return "/".join(parts[parts.index("tests") :]) if "tests" in parts else path.name


def coverage(failed: Sequence[Log]) -> None:
    picked = [item for item in failed if item.picked]
    print(f"failed steps {len(failed)}, named {len(picked)}: {len(picked) / max(1, len(failed)):.3f}", end="")
    print(f"   bar {BARS['coverage']} on unseen logs")
    for kind, count in Counter(item.picked.partition("/")[0] for item in picked).most_common():
        print(f"  {kind:12} {count:4}")


def precision(failed: Sequence[Log]) -> None:
    known = readings()
    today = {item.name: item.picked for item in failed}
    verdicts = {(item.log, item.signature): item.right for item in known}
    now = [verdicts[pick] for pick in today.items() if pick in verdicts]
    first = [item.right for item in known if item.unseen]
    for name, rights in (("picks of today that were read", now), ("unseen picks, as first read", first)):
        print(f"{name:32} {sum(rights):4} of {len(rights):4} right: {sum(rights) / max(1, len(rights)):.3f}", end="")
        print(f"   bar {BARS['precision']}")


def false_alarms(passed: Sequence[Log]) -> None:
    """What a passing log says, and what its lines would say if the whole of it were a failed step."""
    said = sum(any(signal.name in NOISE for signal in item.report.signals) for item in passed)
    alike: Counter[str] = Counter()
    for item in passed:
        texts = lines.texts(item.data)
        everywhere = set(range(len(texts))) - steps.echoes(texts, 0, len(texts) - 1)
        hits = signatures.find(texts, everywhere, len(texts) - 1)
        alike.update({hit.signature.name for hit in hits})
    outside = sum(count for name, count in alike.items() if name.partition("/")[0] in OUTSIDE)
    print(f"passing logs {len(passed)}, with a signature, trouble or refusal: {said}   bar {BARS['false alarms']:.4f}")
    print(f"  were they failed steps: {alike.total()} signatures, {outside} of them outside the code: {dict(alike)}")


def speed(everything: Sequence[Log], failed: Sequence[Log]) -> None:
    size = sum(len(item.data) for item in everything) / 1e6
    ends = [(lines.texts(item.data), item) for item in failed]
    spans = [(texts, found.last) for texts, _ in ends if (found := steps.failure(texts)) is not None]
    start = process_time()
    for item in everything:
        excerpt.excerpt(item.data, None)
    keyed = process_time()
    for item in everything:
        job_log.read(item.data, item.name)
    read = process_time()
    for texts, last in spans:
        signatures.pick(signatures.find(texts, range(max(0, last - 399), last + 1), last))
    end = process_time()
    print(f"speed on {len(everything)} logs, {size:.1f} MB, CPU seconds of one thread")
    print(f"  log -> key                 {size / (keyed - start):8.1f} MB/s   bar {BARS['log -> key']}")
    print(f"  log -> report              {size / (read - keyed):8.1f} MB/s   with signature, troubles, pins, digest")
    print(f"  400 lines -> signature     {len(spans) / (end - read):8.0f} steps/s")


def main() -> int:
    """Print the table; 1 when precision or false alarms miss their bar."""
    roots = [DATA / name for name in ("gha-logs", "travis-logs", "cidiff")] + [Path(name) for name in sys.argv[1:]]
    missing = [root for root in roots if not root.is_dir()]
    if missing:
        print(f"{missing[0]}: no such folder. Give folders that hold job logs.", file=sys.stderr)
        return 2
    everything = list(logs(roots))
    failed, passed = [item for item in everything if item.failed], [item for item in everything if item.passed]
    coverage(failed)
    precision(failed)
    false_alarms(passed)
    speed(everything, failed)
    first = [item.right for item in readings() if item.unseen]
    held = sum(first) / len(first) >= BARS["precision"]
    print("bars held" if held else "A BAR IS MISSED")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
