"""Labelled log pairs go in; which lines `excerpt` keeps beside four baselines comes out. Its speed: `bench.keys`.

Run as `python -m bench.logs [DIR]`. DIR holds one folder a case (fail.log, pass.log, groundtruth) and is
../shared/data/ci/cidiff by default.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from bot.signals.reports import evidence, excerpt, lines

DATA = Path(__file__).resolve().parents[1] / "../shared/data/ci"
BARS = {"kept": 1.0, "recall": 0.95, "precision": 0.75, "worst recall": 0.5}
GAPS = (0, 1, 2, 3, 4)

_INTERVAL = re.compile(r"^E (\d+)(?:-(\d+))?$")


@dataclass(frozen=True)
class Case:
    """A labelled pair; `truth` holds the line intervals that a person marked as the error (`E` in the file)."""

    name: str
    fail: bytes
    against: bytes
    truth: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Score:
    """How many intervals were touched, and the share of marked lines found and of kept lines marked."""

    kept: int
    intervals: int
    recall: float
    precision: float
    lines: int


def cases(folder: Path) -> list[Case]:
    """The pairs below a folder, by name."""
    return [
        Case(
            item.name,
            (item / "fail.log").read_bytes(),
            (item / "pass.log").read_bytes(),
            truth((item / "groundtruth").read_text()),
        )
        for item in sorted(folder.iterdir())
        if (item / "groundtruth").is_file()
    ]


def truth(text: str) -> tuple[tuple[int, int], ...]:
    """The `E` (error) lines of a ground truth file; `C` marks context and its first line the log's format."""
    found = (_INTERVAL.match(line.strip()) for line in text.splitlines())
    return tuple((int(match[1]), int(match[2] or match[1])) for match in found if match)


def score(case: Case, kept: set[int]) -> Score:
    """The kept lines (from 1) against the truth."""
    marked = {line for first, last in case.truth for line in range(first, last + 1)}
    touched = sum(any(first <= line <= last for line in kept) for first, last in case.truth)
    both = len(marked & kept)
    return Score(touched, len(case.truth), both / len(marked), both / max(1, len(kept)), len(kept))


def ours(case: Case) -> set[int]:
    """What `excerpt` keeps."""
    return {
        line for first, last in excerpt.excerpt(case.fail, case.against).intervals for line in range(first, last + 1)
    }


def alone(case: Case) -> set[int]:
    """What `excerpt` keeps when there is no passing log."""
    return {line for first, last in excerpt.excerpt(case.fail, None).intervals for line in range(first, last + 1)}


def whole(case: Case) -> set[int]:
    return set(range(1, len(lines.texts(case.fail)) + 1))


def tail(case: Case) -> set[int]:
    count = len(lines.texts(case.fail))
    return set(range(max(1, count - 199), count + 1))


def exact(case: Case) -> set[int]:
    known = set(lines.texts(case.against))
    return {number for number, line in enumerate(lines.texts(case.fail), 1) if line.strip() and line not in known}


def keywords(case: Case) -> set[int]:
    return {number for number, line in enumerate(lines.texts(case.fail), 1) if evidence.names_failure(line)}


METHODS: tuple[tuple[str, Callable[[Case], set[int]]], ...] = (
    ("excerpt, against the passing log", ours),
    ("excerpt, failing log alone", alone),
    ("whole log", whole),
    ("tail 200", tail),
    ("exact-line difference", exact),
    ("keyword lines", keywords),
)


def summary(scores: Sequence[Score]) -> str:
    kept, intervals = sum(item.kept for item in scores), sum(item.intervals for item in scores)
    recall, precision = mean(item.recall for item in scores), mean(item.precision for item in scores)
    worst = min(item.recall for item in scores)
    return f"{kept:4}/{intervals:<4} {recall:7.3f} {precision:9.3f} {worst:12.3f}"


def sensitivity(labelled: Sequence[Case]) -> None:
    """How the means move with the gap, and which gap each case would choose when it is left out."""
    usual = excerpt.GAP
    by_gap: dict[int, list[Score]] = {}
    for gap in GAPS:
        excerpt.GAP = gap
        by_gap[gap] = [score(case, ours(case)) for case in labelled]
        print(f"  gap {gap}{' (used)' if gap == usual else '':29} {summary(by_gap[gap])}")
    excerpt.GAP = usual
    chosen = []
    for index in range(len(labelled)):
        rest = {gap: [item for at, item in enumerate(by_gap[gap]) if at != index] for gap in GAPS}
        chosen.append(max(GAPS, key=lambda gap: mean(harmonic(item) for item in rest[gap])))
    held_out = [by_gap[gap][index] for index, gap in enumerate(chosen)]
    print(f"  {'gap chosen on the other cases':36} {summary(held_out)}   gaps chosen: {sorted(set(chosen))}")


def harmonic(item: Score) -> float:
    total = item.recall + item.precision
    return 2 * item.recall * item.precision / total if total else 0.0


def main() -> int:
    """Print the tables; 1 when a bar is missed."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA / "cidiff"
    if not folder.is_dir():
        print(f"{folder}: no such folder. Give the folder that holds the labelled pairs.", file=sys.stderr)
        return 2
    labelled = cases(folder)
    results = {name: [score(case, method(case)) for case in labelled] for name, method in METHODS}
    print(f"{'case':28} kept  recall precision lines")
    for case, item in zip(labelled, results[METHODS[0][0]], strict=True):
        print(f"{case.name:28} {item.kept}/{item.intervals} {item.recall:8.3f} {item.precision:9.3f} {item.lines:5}")
    print(f"\n{'method':36}     kept  recall precision worst recall")
    for name, scores in results.items():
        print(f"{name:38} {summary(scores)}")
    print(f"{'bar':38}  all      {BARS['recall']:.3f}     {BARS['precision']:.3f}        {BARS['worst recall']:.3f}")
    print("\nhow it moves")
    sensitivity(labelled)
    scores = results[METHODS[0][0]]
    held = (
        sum(item.kept for item in scores) == sum(item.intervals for item in scores)
        and mean(item.recall for item in scores) >= BARS["recall"]
        and mean(item.precision for item in scores) >= BARS["precision"]
        and min(item.recall for item in scores) >= BARS["worst recall"]
    )
    print("\nbars held" if held else "\nA BAR IS MISSED")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
