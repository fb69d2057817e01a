"""What is known of each held-out task goes in; the chance that a trial sees it fixed, or broken, comes out for each.

A task is fixed when most control runs fail and most treated ones pass, broken the other way round. Reruns alone do that
to many (research/mining.md §5), so the chance counts them: the share of passes is a Beta around what was seen, and both
arms draw from it. What the change adds is where it would have spoken: in failing runs it cures some, in passing runs it
disturbs some. No list to be long or short: every task has a chance, scored by AUROC and Brier.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from bot.trials.accounts import auroc, brier
from bot.trials.results import Tally

CURES, DISTURBS = 0.3, 0.05
"""Of runs in which a change speaks, how many it turns: to begin with, until accounts say better (our guess)."""
PRIOR = 0.15
"""Of a pass and of a failure that every task is taken to have had: most tasks nearly always pass or nearly never do.

Chosen on Terminal-Bench 0.1.1 (bench.statistics): 670 flips foretold, 654 seen, in 9,720 reruns of unchanged tasks.
"""
POINTS = 64


class Known(msgspec.Struct, frozen=True):
    """A task's runs without the change: how many passed; in what share of failing and passing ones it would speak."""

    task: str
    passed: int
    runs: int
    speaks_failing: float = 0.0
    speaks_passing: float = 0.0


class Chance(msgspec.Struct, frozen=True):
    """The chances that a trial sees a task fixed, and broken."""

    task: str
    fixed: float
    broken: float


class Scores(msgspec.Struct, frozen=True):
    """How good chances were; `base` is to say the observed share of every task. None where nothing can be ranked."""

    tasks: int
    auroc: float | None
    brier: float
    base: float


def forecast(
    known: Sequence[Known], repeats: int, cures: float = CURES, disturbs: float = DISTURBS
) -> tuple[Chance, ...]:
    """The chance of every task, in the given order; `repeats` in each arm."""
    return tuple(_chance(one, repeats, cures, disturbs) for one in known)


def noise(found: Sequence[Tally]) -> tuple[float, float]:
    """Of an A/A trial, in which nothing was changed: the shares of failing tasks "fixed" and of passing ones "broken".

    They are what `accounts.Account.noise` takes; 0 where no task was eligible.
    """
    failing = [one for one in found if not passes(one)]
    passing = [one for one in found if passes(one)]
    cured, hurt = sum(map(fixed, failing)), sum(map(broken, passing))
    return cured / len(failing) if failing else 0.0, hurt / len(passing) if passing else 0.0


def passes(one: Tally) -> bool:
    """Whether most control runs pass."""
    return 2 * one.control > one.control_of


def fixed(one: Tally) -> bool:
    """Whether most control runs fail and most treated ones pass."""
    return not passes(one) and 2 * one.treated > one.treated_of


def broken(one: Tally) -> bool:
    """Whether most control runs pass and most treated ones do not."""
    return passes(one) and 2 * one.treated <= one.treated_of


def score(chances: Sequence[Chance], found: Sequence[Tally]) -> tuple[Scores, Scores] | None:
    """The scores of the chances of being fixed and of being broken, over the tasks that ran; None where none did."""
    ran: Mapping[str, Tally] = {one.task: one for one in found}
    scored = [one for one in chances if one.task in ran]
    if not scored:
        return None
    cured, hurt = [fixed(ran[one.task]) for one in scored], [broken(ran[one.task]) for one in scored]
    return _scores([one.fixed for one in scored], cured), _scores([one.broken for one in scored], hurt)


def _scores(said: Sequence[float], held: Sequence[bool]) -> Scores:
    share = sum(held) / len(held)
    return Scores(len(held), auroc(said, held), brier(said, held), brier([share] * len(held), held))


def _chance(known: Known, repeats: int, cures: float, disturbs: float) -> Chance:
    a, b = known.passed + PRIOR, known.runs - known.passed + PRIOR
    cured = hurt = whole = 0.0
    for point in range(POINTS):
        share = math.sin(math.pi / 2 * (point + 0.5) / POINTS) ** 2  # dense at both ends, where the Beta is
        weight = math.exp((a - 0.5) * math.log(share) + (b - 0.5) * math.log1p(-share))
        turned = share + (1 - share) * known.speaks_failing * cures - share * known.speaks_passing * disturbs
        before, after = _most(share, repeats), _most(turned, repeats)
        whole += weight
        cured += weight * (1 - before) * after
        hurt += weight * before * (1 - after)
    return Chance(known.task, cured / whole, hurt / whole)


def _most(share: float, repeats: int) -> float:
    """The chance that more than half of the repeats pass."""
    needed = repeats // 2 + 1
    ways = (math.comb(repeats, n) * share**n * (1 - share) ** (repeats - n) for n in range(needed, repeats + 1))
    return math.fsum(ways)
