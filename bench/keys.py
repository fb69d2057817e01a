"""Real job logs in; how fast lines are masked and logs become keys, ours beside eight masks and Drain3, comes out.

usage: python -m bench.keys      (a minute or two: Drain3 takes most of it)

Every row is of the same bytes in the same run, in CPU seconds of one thread. Bars are research/ci.md's figures of
another day's machine (§4.2, §2.2); `eight masks, no memo` was 8.4 MB/s there on 116 MB and 13.7 on 30 MB, which tells
how this machine, this hour, compares. `cold` knows no line when it starts; eight masks and Drain3 keep what they know
from log to log, as ours does. Drain3 is as it comes (similarity .4, depth 4), or with the eight masks in front.

End to end is a failed log and its passing twin to one key: Drain3 cleans with our reader, learns the twin, and the key
is made of the templates of the lines that match none of it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from statistics import median
from time import process_time

from drain3 import TemplateMiner
from drain3.template_miner_config import TemplateMinerConfig

from bench.logs import DATA, Case, cases
from bot.signals import mask
from bot.signals.reports import excerpt, lines

MASK_BAR, KEY_BAR = 18.7, 12.5
RUNS = 7
EIGHT_MASKS = tuple(
    (re.compile(pattern), token)
    for pattern, token in (
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*", "<TIME>"),
        (r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "<UUID>"),
        (r"https?://\S+", "<URL>"),
        (r"(?<!\w)(?:[\w.-]*/){1,}[\w.-]+", "<PATH>"),
        (r"0x[0-9a-fA-F]+", "<HEX>"),
        (r"\b[0-9a-f]{7,40}\b", "<SHA>"),
        (r"\b\d+(?:\.\d+)?(?:ms|s|m)\b", "<TOOK>"),
        (r"\d+", "<N>"),
    )
)
Texts = Sequence[Sequence[str]]


def masked(texts: Texts) -> None:
    """Ours, whatever it knows already."""
    for text in texts:
        mask.mask_lines(text)


def masked_cold(texts: Texts) -> None:
    mask.forget()
    masked(texts)


def by_eight(line: str) -> str:
    for pattern, token in EIGHT_MASKS:
        line = pattern.sub(token, line)
    return line


def eight_masks(texts: Texts) -> None:
    for text in texts:
        for line in text:
            by_eight(line)


def eight_masks_memo(texts: Texts) -> None:
    known: dict[str, str] = {}
    for text in texts:
        for line in text:
            if line not in known:
                known[line] = by_eight(line)


def miner() -> TemplateMiner:
    return TemplateMiner(config=TemplateMinerConfig())


def drained(texts: Texts, front: Callable[[str], str] = str) -> None:
    found = miner()
    for text in texts:
        for line in text:
            found.add_log_message(front(line))


def drained_distinct(texts: Texts) -> None:
    """Drain3 where it is cheapest: on what is left of the lines once ours has masked them."""
    mask.forget()
    found = miner()
    for line in dict.fromkeys(line for text in texts for line in mask.mask_lines(text)):
        found.add_log_message(line)


def keyed_cold(labelled: Sequence[Case]) -> None:
    mask.forget()
    for case in labelled:
        excerpt.excerpt(case.fail, case.against)


def drained_twins(labelled: Sequence[Case]) -> None:
    for case in labelled:
        found = miner()
        for line in lines.texts(case.against):
            found.add_log_message(line)
        fresh = [line for line in lines.texts(case.fail) if found.match(line) is None]
        learnt = [str(found.add_log_message(line)["template_mined"]) for line in fresh]
        sha256("\n".join(learnt).encode()).hexdigest()


def timed(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """The best and the median of some runs, in seconds."""
    took = []
    for _ in range(runs):
        start = process_time()
        work()
        took.append(process_time() - start)
    return min(took), median(took)


Row = tuple[str, Callable[[], object], int]


def table(rows: Sequence[Row], size: float, count: int, bar: float) -> Iterator[str]:
    """A line for each way; `count` keys (or lines) are made of `size` MB. The last row is the peer of the ratios."""
    took = [timed(work, runs) for _, work, runs in rows]
    peer = took[-1][0]
    yield f"  {'':38} {'MB/s best (median)':>19} {'keys/s':>9} {'x Drain3':>9}"
    for (name, _, _), (best, middle) in zip(rows, took, strict=True):
        told = f"   bar {bar}: {'held' if size / best >= bar else 'MISSED'}" if name.startswith("ours, cold") else ""
        speeds = f"{size / best:.1f} ({size / middle:.1f})"
        yield f"  {name:38} {speeds:>19} {count / best:9.0f} {peer / best:9.1f}{told}"


def main() -> int:
    """Print both tables; 2 when the logs are not here."""
    folder = DATA / "gha-logs"
    if not folder.is_dir():
        print(f"{folder}: no such folder. It holds the job logs.", file=sys.stderr)
        return 2
    logs = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.suffix in (".log", ".txt")]
    texts = [lines.texts(log) for log in logs]
    size, count = sum(map(len, logs)) / 1e6, sum(map(len, texts))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; ours and eight masks best of {RUNS}")
    print(f"\nlines -> masked lines or templates: {len(logs)} logs, {size:.1f} MB, {count} lines (a line is a key)")
    masking: tuple[Row, ...] = (
        ("ours, cold", lambda: masked_cold(texts), RUNS),
        ("ours, the same lines once more", lambda: masked(texts), RUNS),
        ("eight masks, no memo", lambda: eight_masks(texts), 3),
        ("eight masks and a memo", lambda: eight_masks_memo(texts), RUNS),
        ("Drain3 on our distinct masked lines", lambda: drained_distinct(texts), 1),
        ("Drain3 behind the eight masks", lambda: drained(texts, by_eight), 1),
        ("Drain3", lambda: drained(texts), 1),
    )
    for line in table(masking, size, count, MASK_BAR):
        print(line, flush=True)
    labelled = cases(DATA / "cidiff")
    paired = sum(len(case.fail) + len(case.against) for case in labelled) / 1e6
    print(f"\na failed log and its passing twin -> key: {len(labelled)} pairs of cidiff, {paired:.1f} MB")
    twins: tuple[Row, ...] = (
        ("ours, cold", lambda: keyed_cold(labelled), RUNS),
        ("Drain3", lambda: drained_twins(labelled), 3),
    )
    for line in table(twins, paired, len(labelled), KEY_BAR):
        print(line, flush=True)
    print(f"\na log alone -> key: the {len(logs)} logs")
    alone = (("ours, cold", lambda: [mask.forget(), *(excerpt.excerpt(log, None) for log in logs)], RUNS),)
    for line in table(alone, size, len(logs), KEY_BAR):
        print(line.removesuffix(" 1.0"), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
