"""Prints error and power of our tests of a trial beside the published figures, and what they say of real verdicts.

    python -m bench.statistics

Bars: research/mining.md §4.2-4.3 (power), §4.4 (guards), §4.5 (regression flags), §4.6 (bench.reuse). Real verdicts:
Terminal-Bench 0.1.1, 7 submissions of 5 runs on each of 80 tasks (shared data; said when it is not here). Seeded; some
100 s on a core.
"""

from __future__ import annotations

import csv
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench import reuse
from bot.trials import forecast
from bot.trials.answer import answer
from bot.trials.limits import FEW
from bot.trials.plan import LIFTED, LOST, REFERENCE_POOL, SPOILT, simulate
from bot.trials.regressions import confirmed
from bot.trials.results import Arm, Outcome, Run, Tally
from bot.trials.statistics import CONFIRMED, difference, discoveries, e_value, interval, lower, permutation, reached

VERDICTS = Path(__file__).resolve().parents[1] / "../shared/data/outcomes/terminal-bench-0.1.1.csv"
DRAWS = 200
TRUE = 4
"""Of the twenty changes of an imagined week."""
BARS: Mapping[tuple[int, int], Sequence[tuple[float, float]]] = {
    (20, 3): ((0, 0.19), (0, 0.40), (0, 0.55)),
    (20, 5): ((0, 0.31), (0, 0.56), (0, 0.68)),
    (40, 3): ((0.29, 0.35), (0.57, 0.62), (0.70, 0.75)),
    (40, 5): ((0.46, 0.48), (0.73, 0.75), (0.85, 0.86)),
    (80, 3): ((0.46, 0.51), (0.78, 0.85), (0.91, 0.94)),
    (80, 5): ((0.62, 0.63), (0.91, 0.92), (0.97, 0.97)),
}
"""Tasks, repeats -> (e-value, permutation) at +5, +10, +13.7 pp; 0 = not published."""
ARMS: tuple[Arm, Arm] = ("control", "treated")
GAINS = (0.0, 0.05, 0.10, 0.137)

NOISY_POOL = (0.02, 0.02, 0.05, 0.08, 0.15, 0.30, 0.50, 0.70, 0.85, 0.92, 0.95, 0.97, 0.98, 0.98)
"""A harder pool than the published one: its tasks differ from themselves as those of the noisier submissions do."""

Verdicts = Mapping[str, Mapping[str, Sequence[str]]]


def power() -> None:
    """Both tests at each size and gain; the first column is the error, of which 0.05 is allowed."""
    for name, pool, draws in (("published", REFERENCE_POOL, 2 * DRAWS), ("a noisier", NOISY_POOL, DRAWS)):
        print(f"\nPower in {name} pool ({_shape(pool)}), ours (published):")
        print("E reaches 20, registered, from the 10th task on | exact permutation p <= .05")
        print("tasks runs   no gain         " + "".join(f"+{gain:<27.1%}" for gain in GAINS[1:]))
        for (tasks, repeats), bars in BARS.items():
            cells = [
                _power(pool, tasks, repeats, gain, bar if draws > DRAWS else (0, 0), draws)
                for gain, bar in zip(GAINS, ((0, 0), *bars), strict=True)
            ]
            row = "".join(f"{cell:<28}" if n else f"{cell:<16}" for n, cell in enumerate(cells))
            print(f"{tasks:5} {repeats:4}   {row}".rstrip())


def _power(pool: Sequence[float], tasks: int, repeats: int, gain: float, bars: tuple[float, float], draws: int) -> str:
    chance = random.Random(f"{tasks}/{repeats}/{gain}")
    found = [simulate(pool, tasks, repeats, gain, chance) for _ in range(draws)]
    ours = (
        sum(reached(one, earliest=FEW) is not None for one in found) / draws,
        sum(permutation(one) <= 0.05 for one in found) / draws,
    )
    return " | ".join(
        f"{mine:.2f}" + (f" ({theirs:.2f})" if theirs else "") for mine, theirs in zip(ours, bars, strict=True)
    )


def _shape(pool: Sequence[float]) -> str:
    """The two figures on which power hangs: the variance within a task, and the share of all that is between tasks."""
    mean = sum(pool) / len(pool)
    within = sum(share * (1 - share) for share in pool) / len(pool)
    return f"variance within a task {within:.3f}, ICC {1 - within / mean / (1 - mean):.2f}"


def targeted() -> None:
    """Tasks that show a pattern, passing about .2 (a Beta of ICC .2), of which a share comes to pass .85.

    Where each passes exactly .2, all figures are .01-.04 lower.
    """
    print("\nTargeted set, 3 runs, ours (published): E on the way | E of all tasks, the result | exact permutation")
    print("tasks   none are cured            1/4                               2/5                               3/5")
    published = {6: ("", ".25 .46 .69"), 10: (".31 .54 .80", ".38 .64 .89"), 20: (".49 .80 .97", ".62 .89 .97")}
    for tasks, bars in published.items():
        cells = []
        for place, cured in enumerate((0.0, 0.25, 0.4, 0.6)):
            chance = random.Random(f"{tasks}/{cured}")
            found = [_aimed(tasks, cured, chance) for _ in range(2 * DRAWS)]
            ours = (
                sum(reached(one) is not None for one in found),
                sum(e_value(one) >= CONFIRMED for one in found),
                sum(permutation(one) <= 0.05 for one in found),
            )
            way, bar = (f"({bar.split()[place - 1]})" if place and bar else "" for bar in bars)
            shown = (f"{count / len(found):.2f}" for count in ours)
            cells.append(f"{next(shown)} {way} | {next(shown)} | {next(shown)} {bar}")
        print(f"{tasks:5}   {cells[0]:<26}" + "".join(f"{cell:<34}" for cell in cells[1:]).rstrip())


def _aimed(tasks: int, cured: float, chance: random.Random) -> list[Tally]:
    found = []
    for number in range(tasks):
        before = chance.betavariate(0.8, 3.2)
        after = 0.85 if chance.random() < cured else before
        passes = [sum(chance.random() < one for _ in range(3)) for one in (after, before)]
        found.append(Tally(str(number), passes[0], 3, passes[1], 3))
    return found


def weekly() -> None:
    """Twenty changes tried in one week, four of which cure half of ten tasks: what each rule calls confirmed."""
    print(
        "\nTwenty trials a week (10 tasks, 3 runs), four of them cure half of the tasks: false share, power (published)"
    )
    bars = {"p <= .05": (0.075, 0.79), "Benjamini-Hochberg, .10": (0.033, 0.64), "Bonferroni": (0.005, 0.42)}
    weeks = [_week(random.Random(f"week/{number}")) for number in range(DRAWS)]
    rules: Mapping[str, Callable[[Week], Collection[int]]] = {
        "p <= .05": lambda week: [place for place, p in enumerate(week.chances) if p <= 0.05],
        "Benjamini-Hochberg, .10": lambda week: discoveries(week.chances),
        "Bonferroni": lambda week: [place for place, p in enumerate(week.chances) if p <= 0.05 / len(week.chances)],
        "ours: E >= 20, then the week": lambda week: discoveries(week.chances) & week.reached,
    }
    for name, rule in rules.items():
        kept = [set(rule(week)) for week in weeks]
        false = sum(len([one for one in found if one >= TRUE]) / max(1, len(found)) for found in kept) / len(kept)
        power = sum(len([one for one in found if one < TRUE]) for found in kept) / TRUE / len(kept)
        bar = "({:.3f}, {:.2f})".format(*bars[name]) if name in bars else ""
        print(f"{name:30} {false:6.3f} {power:5.2f} {bar}")


class Week(NamedTuple):
    """The exact p of each trial of a week, the true ones first, and those of which E reached 20."""

    chances: Sequence[float]
    reached: frozenset[int]


def _week(chance: random.Random) -> Week:
    trials = [_aimed(10, 0.5 if number < TRUE else 0.0, chance) for number in range(5 * TRUE)]
    found = frozenset(place for place, one in enumerate(trials) if e_value(one) >= CONFIRMED and difference(one) > 0)
    return Week([permutation(one) for one in trials], found)


def guards() -> None:
    """How often the guard set holds when nothing was changed, and when as many tasks as the margin were broken.

    Beside ours the bound by t alone, which is the published one: it differs where there are fewer than 29 tasks for a
    margin of 0.10, or 59 for 0.05.
    """
    bounds: Mapping[str, Callable[[Sequence[Tally]], float]] = {
        "ours": lower,
        "t alone": lambda found: interval(found, 0.90)[0],
    }
    published = {0.05: (".36", ".49", ".72", ".92"), 0.10: (".70", ".92", "1", "1")}
    for name, pool in (("published", REFERENCE_POOL), ("a noisier", NOISY_POOL)):
        print(f"\nGuard set in {name} pool, 3 runs: holds when nothing was changed / when broken tasks cost the margin")
        print("margin  bound     " + "".join(f"{tasks} tasks".ljust(24) for tasks in (20, 40, 80, 160)).rstrip())
        for margin, bars in published.items():
            cells: dict[str, list[str]] = {bound: [] for bound in bounds}
            for tasks, bar in zip((20, 40, 80, 160), bars, strict=True):
                chance = random.Random(f"{tasks}/{margin}")
                sets = [[_guarding(pool, tasks, broken, chance) for _ in range(4 * DRAWS)] for broken in (0.0, margin)]
                for bound, low in bounds.items():
                    same, worse = (sum(low(one) > -margin for one in drawn) / len(drawn) for drawn in sets)
                    shown = f" ({bar})" if pool is REFERENCE_POOL else ""
                    cells[bound].append(f"{same:.2f}{shown} / {worse:.3f}")
            for bound, row in cells.items():
                print(f"{margin:6.2f}  {bound:<10}" + "".join(f"{cell:<24}" for cell in row).rstrip())


def _guarding(pool: Sequence[float], tasks: int, broken: float, chance: random.Random) -> list[Tally]:
    """Tasks of a pool; some that nearly always passed nearly never do, so many as to cost `broken`."""
    found = []
    for number in range(tasks):
        lost = chance.random() < broken / 0.95
        share = 0.97 if lost else chance.choice(pool)
        after = 0.02 if lost else share
        passes = [sum(chance.random() < one for _ in range(3)) for one in (after, share)]
        found.append(Tally(str(number), passes[0], 3, passes[1], 3))
    return found


def orders() -> None:
    """How often E confirms what has no gain: over all tasks, which is the result, and on the way, which is none."""
    print(
        "\nNo gain, 40 tasks of 3 runs: called confirmed       E of all tasks (ours)   E on the way   the same, sorted"
    )
    for name, shift in (
        ("nothing was changed", 0.0),
        ("half +20 pp, half -20 pp", 0.1),
        ("half +40, half -40 pp", 0.2),
    ):
        chance = random.Random(name)
        found = [_balanced(shift, chance) for _ in range(2 * DRAWS)]
        up = [one for one in found if difference(one) > 0]
        counts = (
            sum(e_value(one) >= CONFIRMED for one in up),
            sum(reached(one) is not None for one in up),
            sum(reached(sorted(one, key=lambda tally: -tally.difference)) is not None for one in up),
        )
        print(f"{name:50}" + "".join(f"{count / len(found):<20.3f}" for count in counts))


def _balanced(shift: float, chance: random.Random) -> list[Tally]:
    """Tasks of which half gain what the other half loses."""
    found = []
    for number in range(40):
        share, move = 0.5, chance.choice((shift, -shift))
        treated, control = (sum(chance.random() < share + way * move for _ in range(3)) for way in (1, -1))
        found.append(Tally(str(number), treated, 3, control, 3))
    return found


def regressions() -> None:
    """False flags in 80 tasks of which none was broken, and how many of three broken ones are found."""
    print("\nBroken tasks among 80 (.95 -> .10 in three)   false flags   found   precision   published")
    rules = {"k=1 pass -> fail": 1, "k=2 all pass -> not": 2, "two stages (ours)": 0}
    published = ("5.0 / .85 / .34", "4.2 / .89 / .39", ".06 / .80 / .98")
    for (name, repeats), bar in zip(rules.items(), published, strict=True):
        chance = random.Random(name)
        false = hits = flagged_in_all = 0
        for _ in range(DRAWS):
            broken = {f"t{n}" for n in range(3)}
            quiet = _flags(repeats, set(), chance)
            flags = _flags(repeats, broken, chance)
            false += len(quiet)
            hits += len(flags & broken)
            flagged_in_all += len(flags)
        precision = hits / flagged_in_all if flagged_in_all else 0.0
        print(f"{name:45} {false / DRAWS:8.2f} {hits / DRAWS / 3:11.2f} {precision:9.2f}      {bar}")


def _flags(repeats: int, broken: set[str], chance: random.Random) -> set[str]:
    """The tasks a rule flags; `repeats` 0 is ours, with its fresh runs."""
    shares = {f"t{n}": 0.95 if n < 3 else chance.choice(REFERENCE_POOL) for n in range(80)}
    after = {task: 0.10 if task in broken else share for task, share in shares.items()}
    if repeats:
        return {
            task
            for task in shares
            if all(chance.random() < shares[task] for _ in range(repeats))
            and not all(chance.random() < after[task] for _ in range(repeats))
        }
    runs = [
        Run(task, arm, str(k), "pass" if chance.random() < share[task] else "fail", stage=stage)
        for task in shares
        for arm, share in zip(ARMS, (shares, after), strict=True)
        for stage, count in ((1, 2), (2, 5))
        for k in range(count)
    ]
    return set(confirmed(runs))


def verdicts() -> Verdicts:
    """Submission -> task -> its verdicts, in the order of the trials."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    with VERDICTS.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found[row["submission"]][row["task"]].append(row["verdict"])
    return found


def runs_of(control: Mapping[str, Sequence[str]], treated: Mapping[str, Sequence[str]]) -> Iterator[Run]:
    """Two arms on the tasks that both have, in the order of the names: fixed before any verdict was known."""
    for task in sorted(control.keys() & treated.keys()):
        for arm, outcomes in zip(ARMS, (control[task], treated[task]), strict=True):
            for number, outcome in enumerate(outcomes, 1):
                yield Run(task, arm, str(number), msgspec.convert(outcome, Outcome))


def against_itself(found: Verdicts) -> None:
    """Random halves of one submission: nothing was changed, so that whatever is `improved` is false."""
    print(
        "\nReal verdicts, a submission against itself (100 random halves each; the field's rule: 2 runs, all must pass)"
    )
    print(f"{'':34} ours: confirmed  regression   field: tasks 'fixed'  'broken' (of 80)")
    for name, tasks in sorted(found.items()):
        chance = random.Random(name)
        improved = worse = 0
        fixed = broken = 0
        for _ in range(100):
            halves: tuple[dict[str, list[str]], dict[str, list[str]]] = ({}, {})
            for task, outcomes in tasks.items():
                shuffled = chance.sample(list(outcomes), len(outcomes))
                halves[0][task], halves[1][task] = shuffled[:2], shuffled[2:4]
            said = answer(list(runs_of(*halves)))
            improved += said.result == "confirmed"
            worse += said.result == "regression"
            for task in tasks:
                before, after = (all(outcome == "pass" for outcome in half[task]) for half in halves)
                fixed += after and not before
                broken += before and not after
        print(f"{name:34} {improved:13} % {worse:9} %   {fixed / 100:17.1f} {broken / 100:12.1f}")


def forecasts(found: Verdicts) -> None:
    """Chances from three runs of a task, scored on its other two against each other, every way: noise, foretold."""
    print("\nReal verdicts, nothing changed: the chance of being 'fixed', from 3 runs, scored on 2 others (20 ways)")
    print(f"{'':34} foretold   seen     of   AUROC   Brier   the same for all")
    chances: list[forecast.Chance] = []
    again: list[Tally] = []
    for name, tasks in sorted(found.items()):
        begin = len(chances)
        whole = {task: [o == "pass" for o in told] for task, told in tasks.items() if "none" not in told}
        for before, after in itertools.permutations(range(5), 2):
            known = [
                forecast.Known(f"{name}/{task}/{before}{after}", sum(told) - told[before] - told[after], 3)
                for task, told in whole.items()
            ]
            chances += forecast.forecast(known, 1)
            again += [
                Tally(one.task, told[after], 1, told[before], 1)
                for one, told in zip(known, whole.values(), strict=True)
            ]
        _foretold(name, chances[begin:], again[begin:])
    _foretold("all", chances, again)


def _foretold(name: str, chances: Sequence[forecast.Chance], again: Sequence[Tally]) -> None:
    scores = forecast.score(chances, again)
    if scores:
        seen = sum(one.treated > one.control for one in again)
        line = f"{name:34} {sum(one.fixed for one in chances):8.0f} {seen:6} {len(again):6}"
        print(f"{line} {scores[0].auroc or 0:7.2f} {scores[0].brier:7.4f} {scores[0].base:9.4f}")


def pairs(found: Verdicts) -> None:
    """Submissions that use the same model, one as control: is the other harness better?"""
    print("\nReal verdicts, pairs with the same model")
    print(f"{'control -> treated':62} tasks  delta  95 % interval    E         looked at  result")
    for model in ("claude-4-sonnet", "opus"):
        names = sorted(name for name in found if model in name)
        for control, treated in itertools.permutations(names, 2):
            runs = list(runs_of(found[control], found[treated]))
            said = answer(runs, order=list(dict.fromkeys(run.task for run in runs)))
            side = said.targeted
            low, high = side.interval
            looked = side.reached if side.reached is not None else "-"
            label = f"{control} -> {treated}"
            print(
                f"{label:62} {side.tasks:5} {side.delta:+6.3f}  [{low:+.3f}, {high:+.3f}] {side.e_value:9.2g} "
                f"{looked:>9}  {said.result}"
            )


def main() -> None:
    """All tables."""
    begin = time.perf_counter()
    power()
    targeted()
    weekly()
    guards()
    orders()
    regressions()
    reuse.main()
    if VERDICTS.is_file():
        found = verdicts()
        against_itself(found)
        forecasts(found)
        pairs(found)
    else:
        print("\nReal verdicts: not here.")
    print(
        f"\n{time.perf_counter() - begin:.0f} s; imagined gains lift a random part of the tasks to {LIFTED}; "
        f"{LOST:.0%} of the gain is lost where others fall to {SPOILT}"
    )


if __name__ == "__main__":
    main()
