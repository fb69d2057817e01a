"""Prints what 60 proposals against held-out tasks truly gain and what they claim, by rule and by where tasks come from.

    python -m bench.reuse

Bar: research/mining.md §4.6. Of the proposals 15 % are worth +3 pp, 60 % -0.5 pp, 25 % -2 pp; half carry a patch that
is fitted to two mined tasks and worth nothing elsewhere. 60 tasks, 3 runs in each arm. Seeded; about half a minute.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.trials.distributions import t_share
from bot.trials.plan import LIFTED, REFERENCE_POOL
from bot.trials.results import Tally
from bot.trials.statistics import CONFIRMED, difference, e_value

POPULATION, TASKS, RUNS, PROPOSALS, DRAWS = 600, 60, 3, 60, 60
WORTH = (0.03, -0.005, -0.02)
SHARES = (15, 60, 25)
SPOILT, FITTED = 0.05, 0.95
STEP = 0.03

Found = Sequence[Tally]


def greedy(found: Found, _: random.Random) -> bool:
    """Any gain."""
    return difference(found) > 0


def paired_t(found: Found, _: random.Random) -> bool:
    """One-sided p <= 0.05 over tasks."""
    error = _error(found)
    return error > 0 and 1 - t_share(difference(found) / error, len(found) - 1) <= 0.05


def ladder(found: Found, _: random.Random) -> bool:
    """A gain above 3 pp and one standard error (Blum & Hardt 2015)."""
    return difference(found) > max(STEP, _error(found))


def thresholdout(found: Found, chance: random.Random) -> bool:
    """A gain above 3 pp seen through Laplace noise of 1 pp (after Dwork et al. 2015)."""
    noise = 0.01 * (chance.expovariate(1) - chance.expovariate(1))
    return difference(found) + noise > STEP


def ours(found: Found, _: random.Random) -> bool:
    """E >= 20 and more passes."""
    return e_value(found) >= CONFIRMED and difference(found) > 0


RULES: Mapping[str, tuple[Callable[[Found, random.Random], bool], tuple[str, str, str]]] = {
    "greedy, any gain": (greedy, ("+1.1/+101/29 (4.9)", "+5.5/+87/27 (4.6)", "+4.5/+92/28 (4.5)")),
    "paired t, .05": (paired_t, ("+5.1/+34/4.7 (.4)", "+4.4/+20/2.8 (.2)", "+4.6/+24/3.5 (.2)")),
    "ladder, max(3 pp, 1 SE)": (ladder, ("+7.6/+74/12 (1.3)", "+7.8/+46/8.5 (.7)", "+8.7/+50/9.1 (.8)")),
    "thresholdout, 3 pp": (thresholdout, ("+4.8/+83/16 (2.5)", "+7.1/+52/12 (1.4)", "+7.5/+59/13 (1.7)")),
    "ours, E >= 20": (ours, ("", "", "")),
}
SOURCES = ("mined = verified", "disjoint, fixed", "rotating, fresh")


def campaign(
    rule: Callable[[Found, random.Random], bool], source: int, chance: random.Random
) -> tuple[float, float, int, int]:
    """True gain and claimed gain in percentage points, accepted, accepted and harmful, of one row of proposals."""
    base = [chance.choice(REFERENCE_POOL) for _ in range(POPULATION)]
    mined, fixed, unseen = range(TASKS), range(TASKS, 2 * TASKS), range(TASKS, POPULATION)
    begin = _mean(base[task] for task in unseen)
    claimed = 0.0
    accepted = harmful = 0
    for _ in range(PROPOSALS):
        worth = chance.choices(WORTH, SHARES)[0]
        after = moved(base, worth, chance)
        if chance.random() < 0.5:
            for task in chance.sample(mined, 2):
                after[task] = max(after[task], FITTED)
        looked = (mined, fixed, chance.sample(unseen, TASKS))[source]
        found = [Tally(str(t), _passes(after[t], chance), RUNS, _passes(base[t], chance), RUNS) for t in looked]
        if not rule(found, chance):
            continue
        accepted += 1
        harmful += worth <= min(WORTH)
        claimed += difference(found)
        base = after
    return 100 * (_mean(base[task] for task in unseen) - begin), 100 * claimed, accepted, harmful


def moved(base: Sequence[float], worth: float, chance: random.Random) -> list[float]:
    """The shares of passes when a random few tasks are cured or spoilt, until the mean has moved by `worth`."""
    after = list(base)
    left = abs(worth) * len(base)
    for task in chance.sample(range(len(base)), len(base)):
        room = LIFTED - base[task] if worth > 0 else base[task] - SPOILT
        step = min(max(room, 0.0), left)
        after[task] += math.copysign(step, worth)
        left -= step
        if left <= 0:
            break
    return after


def _error(found: Found) -> float:
    middle = difference(found)
    return math.sqrt(math.fsum((one.difference - middle) ** 2 for one in found) / (len(found) - 1) / len(found))


def _passes(share: float, chance: random.Random) -> int:
    return sum(chance.random() < share for _ in range(RUNS))


def _mean(values: Iterable[float]) -> float:
    told = list(values)
    return math.fsum(told) / len(told)


def main() -> None:
    """One row a rule, one pair of columns a source of tasks."""
    begin = time.perf_counter()
    print("\n60 proposals: true gain / claimed gain, pp / accepted (harmful), ours | published")
    print(f"{'':26}" + "".join(f"{source:<48}" for source in SOURCES).rstrip())
    for name, (rule, bars) in RULES.items():
        cells = []
        for source, bar in enumerate(bars):
            chance = random.Random(f"{name}/{source}")
            rows = [campaign(rule, source, chance) for _ in range(DRAWS)]
            true, claimed, accepted, harmful = (_mean(column) for column in zip(*rows, strict=True))
            cells.append(f"{true:+.1f}/{claimed:+.0f}/{accepted:.1f} ({harmful:.1f})".ljust(24) + f"| {bar}")
        print(f"{name:26}" + "".join(f"{cell:<48}" for cell in cells).rstrip())
    print(f"{time.perf_counter() - begin:.0f} s; {DRAWS} campaigns a cell")


if __name__ == "__main__":
    main()
