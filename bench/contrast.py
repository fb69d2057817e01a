"""Prints how often the interval holds the true odds ratio and how often noise is called a lift, by seeded simulation.

    python -m bench.contrast

Both are beside their bar: coverage 95 %, type I error 5 %. The peer in each row is the crude odds ratio with Woolf's
interval (half added to every cell), which pools the strata and so takes hard tasks for a lift. `confirmed`: of what one
half of the tasks shows, and the other is large enough to be asked about, what it confirms (of noise at most 10 %).
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter

from bot.traces.exact import Table, estimate
from bot.traces.replicate import compare

RUNS = 1000
DESIGNS = [("5 tasks x 4", 5, 4), ("15 tasks x 4", 15, 4), ("50 tasks x 4", 50, 4), ("10 tasks x 10", 10, 10)]


def draw(rng: random.Random, tasks: int, repeats: int, psi: float) -> list[Table]:
    """Tasks of unequal difficulty; in hard ones the detector fires more often, whatever the outcome."""
    tables = []
    for _ in range(tasks):
        hard = rng.random()
        odds_fired = math.exp(3 * (hard - 0.5))
        cells = [0, 0, 0, 0]
        for _ in range(repeats):
            failed = rng.random() < hard
            odds = odds_fired * (psi if failed else 1)
            cells[2 * (not failed) + (rng.random() >= odds / (1 + odds))] += 1
        tables.append(Table(cells[0], cells[0] + cells[1], cells[2], cells[2] + cells[3]))
    return tables


def crude(tables: list[Table]) -> tuple[float, float]:
    a, c = sum(t.fired_failed for t in tables) + 0.5, sum(t.fired_passed for t in tables) + 0.5
    b, d = sum(t.failed for t in tables) + 1 - a, sum(t.passed for t in tables) + 1 - c
    middle, half = math.log(a * d / (b * c)), 1.96 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return math.exp(middle - half), math.exp(middle + half)


def main() -> None:
    names = ("design", "true", "coverage", "crude", "lift called", "exact", "crude", "confirmed", "ms")
    print("{:15} {:>5} {:>9} {:>7} {:>12} {:>7} {:>7} {:>14} {:>6}".format(*names))
    for name, tasks, repeats in DESIGNS:
        for psi in (1.0, 3.0, 10.0):
            rng = random.Random(f"{name}/{psi}")
            held = crudely_held = lift = exact = crudely_lift = told = 0
            codes: Counter[str] = Counter()
            started = time.perf_counter()
            for _ in range(RUNS):
                tables = draw(rng, tasks, repeats, psi)
                found = estimate(tables)
                low, high = crude(tables)
                crudely_held += low <= psi <= high
                crudely_lift += low > 1
                if found is None:
                    continue
                told += 1
                held += found.low <= psi and (found.high is None or psi <= found.high)
                lift += found.low > 1
                exact += found.low > 1 and found.exact < 0.05
            spent = (time.perf_counter() - started) * 1000 / RUNS
            rng = random.Random(f"{name}/{psi}/halves")
            for _ in range(RUNS):
                tables = draw(rng, tasks, repeats, psi)
                codes[compare((tables[::2], tables[1::2])).code] += 1
            asked = codes["replicated"] + codes["not-replicated"]
            confirmed = f"{codes['replicated']}/{asked}" + (f" {codes['replicated'] / asked:4.0%}" if asked else "")
            print(
                f"{name:15} {psi:5.0f} {held / told:9.1%} {crudely_held / RUNS:7.1%} "
                f"{lift / RUNS:12.1%} {exact / RUNS:7.1%} {crudely_lift / RUNS:7.1%} "
                f"{confirmed:>14} {spent:6.2f}"
            )
    print("bars: coverage 95 %; `lift called` at true 1 is one-sided, 2.5 %; `confirmed` at true 1 at most 10 %")


if __name__ == "__main__":
    main()
