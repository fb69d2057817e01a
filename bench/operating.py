"""Prints how often autonomy is earned wrongly, how soon it is lost, and how late an alarm comes, beside the bars.

    python -m bench.operating

Bars: research/mining.md §4.7 (charts, sequential test) and §4.8 (graduation, demotion); the naive rules "at least 90 %
of at least 10" and "any revert demotes" run on the same draws. Everything is simulated with the code and the policy
that ship; seeded, seconds on one core.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bot.approval.cusum import Chart, alarms, risen
from bot.approval.outcomes import Outcome
from bot.approval.policy import Policy, load
from bot.approval.record import DOUBT, Cell, Record, after, lenders, proven
from bot.approval.seen import Baseline, Seen
from bot.approval.watch import Watch, charts_of, observe
from bot.model import replace

RULES = Path(__file__).resolve().parents[1] / "rules/approval/default.yml"
DRAWS = 1000
PULLS = 80
LONG = 2000
NAME = "guard-threshold/hooks/repeats-one-call"

Coin = Callable[[], bool]


def coin(share: float, *seed: object) -> Coin:
    """True with this chance, the same sequence for the same seed."""
    chance = random.Random("/".join(map(str, (share, *seed))))
    return lambda: chance.random() < share


# --- graduation -------------------------------------------------------------------------------------------------------


def graduations(policy: Policy) -> None:
    """How often each rule graduates a category within 80 pulls, looked at after every one."""
    print(f"\nGraduation within {PULLS} pulls, looked at after each ({DRAWS} draws; published in brackets)")
    print(
        "true success   ours         of it by e-process   e >= 20 alone    Beta >= .85 alone    pooled   >= 90 % of 10"
    )
    published = {
        0.7: ("", "(0)", "(.16)"),
        0.8: ("(.02)", "(.03)", "(.43)"),
        0.85: ("", "(.14)", ""),
        0.9: ("(.48)", "(.50)", ""),
        0.95: ("(.95)", "(.95)", ""),
    }
    for share, bars in published.items():
        tosses = [_tosses(share, number) for number in range(DRAWS)]
        alone = [_alone(kept, policy) for kept in tosses]
        ours = [_graduated(kept, policy) for kept in tosses]
        pooled = [_graduated(kept, policy, (policy.autonomous.borrowed, 0)) for kept in tosses]
        when = [number for number, _ in filter(None, ours)]
        by_e = sum(one is not None and one[1] == "e-process" for one in ours)
        widths = (13, 21, 17, 21, 9, 14)
        cells = (
            f"{_share(ours)} n~{statistics.median(when) if when else '-'}",
            f"{by_e / DRAWS:.2f}",
            f"{_share(one[0] for one in alone)} {bars[0]}",
            f"{_share(one[1] for one in alone)} {bars[1]}",
            _share(pooled),
            f"{_share(_naive(kept) for kept in tosses)} {bars[2]}",
        )
        print(f"{share:12.2f}   " + "".join(f"{cell:<{w}}" for cell, w in zip(cells, widths, strict=True)))
    lent = policy.autonomous.borrowed
    print(f"pooled: ours, while it is thin, with {lent} borrowed from categories like it that never failed")


def _tosses(share: float, number: int) -> list[bool]:
    kept = coin(share, number)
    return [kept() for _ in range(PULLS)]


def _graduated(tosses: Sequence[bool], policy: Policy, borrowed: tuple[int, int] = (0, 0)) -> tuple[int, str] | None:
    """After how many pulls the shipped fold graduates, and by which rule."""
    cell = Cell(Record(NAME))
    for number, kept in enumerate(tosses, 1):
        cell = after(cell, Outcome(NAME, f"o/{number % 3}", kept), policy, borrowed)
        if cell.record.earned:
            return number, cell.record.by
    return None


def _alone(tosses: Sequence[bool], policy: Policy) -> tuple[bool, bool]:
    """Whether the e-process, and whether the Beta bound, would have graduated it alone."""
    cell, by_e, by_beta = Cell(Record(NAME)), False, False
    for kept in tosses:
        cell = after(cell, Outcome(NAME, "o/r", kept), policy)
        by_e |= cell.record.evidence >= 1 / DOUBT
        by_beta |= proven(cell.record, policy.autonomous.kept_share)
    return by_e, by_beta


def _naive(tosses: Sequence[bool]) -> bool:
    return any(sum(tosses[:count]) >= 0.9 * count for count in range(10, len(tosses) + 1))


def _share(found: Iterator[object] | Sequence[object]) -> str:
    hits = [bool(one) for one in found]
    return f"{sum(hits) / len(hits):.2f}"


# --- demotion ---------------------------------------------------------------------------------------------------------


def demotions(policy: Policy) -> None:
    """How soon a graduated category is demoted, by ours and by the naive rule."""
    print(f"\nDemotion of a graduated category within 60 changes ({DRAWS} draws; published in brackets)")
    print("true failures   ours: demoted   median delay   any revert demotes: demoted   median delay")
    earned = Cell(Record(NAME, kept=30, repositories=3, earned=True), frozenset({"o/0", "o/1", "o/2"}))
    for share, bars in ((0.05, ("(.44)", "", "(.95)")), (0.10, ("(.85)", "(25)", "")), (0.20, ("(1.00)", "(9)", ""))):
        ours, naive = [], []
        for number in range(DRAWS):
            fails = coin(share, "demotion", number)
            tosses = [fails() for _ in range(60)]
            naive.append(tosses.index(True) + 1 if any(tosses) else None)
            ours.append(_demoted(earned, tosses, policy))
        shown = [
            f"{_share(ours)} {bars[0]}",
            f"{_median(ours)} {bars[1]}",
            f"{_share(naive)} {bars[2]}",
            _median(naive),
        ]
        print(f"{share:13.2f}   " + "".join(f"{cell:<{w}}" for cell, w in zip(shown, (16, 15, 30, 12), strict=True)))


def _demoted(cell: Cell, tosses: Sequence[bool], policy: Policy) -> int | None:
    """After how many changes the shipped fold demotes."""
    for count, failed in enumerate(tosses, 1):
        cell = after(cell, Outcome(NAME, "o/0", not failed), policy)
        if cell.record.demoted:
            return count
    return None


def _median(found: Sequence[int | None]) -> str:
    """The median of all, those that never came counted as never."""
    middle = sorted(LONG if one is None else one for one in found)[len(found) // 2]
    return "never" if middle == LONG else str(middle)


# --- watch ------------------------------------------------------------------------------------------------------------


def charts(policy: Policy) -> None:
    """Every chart of the policy: false alarms in 200 runs and the delay when what is feared has come."""
    print(f"\nCharts of the watch ({DRAWS} draws; published in brackets, for false alarms of .10)")
    print("expected -> feared   alarm at   false alarms in 200   median delay   p90         found in 50 runs")
    published = {0.02: ("(36)", "(87)", "(.68)"), 0.10: ("(24)", "(51)", "(.90)"), 0.30: ("(23)", "(42)", "(.95)")}
    for chart in policy.watch.charts:
        false = [_delay(chart, coin(chart.expected, "false", number), 200) for number in range(DRAWS)]
        true = sorted(_delay(chart, coin(chart.feared, "true", number), LONG) or LONG for number in range(DRAWS))
        bars = published.get(chart.expected, ("", "", ""))
        shown = (
            f"{chart.alarm}",
            _share(false),
            f"{true[DRAWS // 2]} {bars[0]}",
            f"{true[DRAWS * 9 // 10]} {bars[1]}",
            f"{sum(one <= 50 for one in true) / DRAWS:.2f} {bars[2]}",
        )
        row = "".join(f"{cell:<{w}}" for cell, w in zip(shown, (11, 22, 15, 12, 12), strict=True))
        print(f"     {chart.expected:.2f} -> {chart.feared:.2f}    {row}")


def _delay(chart: Chart, fails: Coin, most: int) -> int | None:
    height = 0.0
    for number in range(1, most + 1):
        height = risen(chart, height, fails())
        if alarms(chart, height):
            return number
    return None


def watches(policy: Policy) -> None:
    """The whole watch, its baseline estimated from 60 runs before the merge: failures, and the fall of the pattern."""
    draws = 400
    print(f"\nThe whole watch of 200 runs, the time before estimated from 60 runs ({draws} draws)")
    print("failures .10 -> .10: alarms   .10 -> .30: found, median   .30 -> .30: alarms   .30 -> .60: found, median")
    cells = []
    for before, now in ((0.10, 0.10), (0.10, 0.30), (0.30, 0.30), (0.30, 0.60)):
        ends = [_watched(policy, (before, 0.2), (now, 0.2), number)[0] for number in range(draws)]
        cells.append(_share(ends) + ("" if before == now else f", {_median(ends)}"))
    print("".join(f"{cell:<{w}}" for cell, w in zip(cells, (30, 28, 22, 20), strict=True)))
    print("\npattern            said to have fallen   said not to   median runs   published, the share before known")
    for before, now, bar in (
        (0.30, 0.30, "false claims .10 allowed"),
        (0.30, 0.15, "32 (p90 62)"),
        (0.30, 0.10, "17 (31)"),
        (0.20, 0.05, "20 (31)"),
        (0.10, 0.03, "53 (98)"),
    ):
        found = [_watched(policy, (0.1, before), (0.1, now), number)[1:] for number in range(draws)]
        fell, stayed = ([when for said, when in found if said is answer] for answer in (True, False))
        middle = statistics.median([*fell, *stayed]) if fell or stayed else "-"
        shares = f"{len(fell) / draws:<21.2f} {len(stayed) / draws:<13.2f}"
        print(f"{before:.2f} -> {now:.2f}       {shares} {middle!s:<13} {bar}")


def _watched(
    policy: Policy, before: tuple[float, float], now: tuple[float, float], number: int
) -> tuple[int | None, bool | None, int]:
    """The run that raised an alarm about failures, whether the pattern fell, and after how many runs that was said."""
    old = [coin(share, "before", place, number) for place, share in enumerate(before)]
    new = [coin(share, "now", place, number) for place, share in enumerate(now)]
    held = charts_of(Baseline(60, *(sum(toss() for _ in range(60)) for toss in old)), policy)
    state, alarm, said = Watch(), None, 0
    for count in range(1, policy.watch.window + 1):
        state = observe(state, Seen(str(count), "o/r", "", new[0](), new[1]()), held, policy)
        if alarm is None and state.alarm == "failures":
            alarm = count
        said = count if state.fell is None else said
    return alarm, state.fell, said + 1


# --- how long it takes ------------------------------------------------------------------------------------------------


def firsts(policy: Policy) -> None:
    """Merges until the first category is autonomous, for three sizes of fleet."""
    draws, names = 300, [f"guard-threshold/hooks/d{n}" for n in range(3)] + [f"lint-rule/hooks/d{n}" for n in range(2)]
    print(
        f"\nMerges until the first autonomous category ({draws} draws): five categories of two kinds; each merge in one"
    )
    print("of them and in one repository by chance, a repository merges one change a week, a watch takes its days")
    print("repositories   true success   merges: mean, median, p90   of that category   weeks   merges without lending")
    for size in (3, 10, 30):
        for share in (0.90, 0.95, 0.99):
            found = [_first(policy, names, size, share, number) for number in range(draws)]
            alone = [_first(_unpooled(policy), names, size, share, number)[0] for number in range(draws)]
            merges = sorted(one[0] for one in found)
            spread = f"{statistics.mean(merges):.0f}, {merges[draws // 2]}, {merges[draws * 9 // 10]}"
            own = statistics.mean(one[1] for one in found)
            weeks = statistics.mean(merges) / size + policy.watch.days / 7
            print(f"{size:12}   {share:12.2f}   {spread:<27} {own:<18.0f} {weeks:<7.0f} {statistics.mean(alone):.0f}")


def _first(policy: Policy, names: Sequence[str], size: int, share: float, number: int) -> tuple[int, int]:
    """Merges in all, and in the category that graduated first; at most LONG."""
    chance = random.Random(f"first/{size}/{share}/{number}")
    cells: dict[str, Cell] = {}
    for count in range(1, LONG + 1):
        name = chance.choice(names)
        outcome = Outcome(name, f"o/{chance.randrange(size)}", chance.random() < share)
        lent = lenders(cells, name, policy.autonomous.borrowed)
        cells[name] = after(cells.get(name) or Cell(Record(name)), outcome, policy, *lent)
        if cells[name].record.earned:
            return count, sum(cells[name].lent)
    return LONG, 0


def _unpooled(policy: Policy) -> Policy:
    return replace(policy, autonomous=replace(policy.autonomous, borrowed=0))


def main() -> None:
    """All tables."""
    begin = time.perf_counter()
    policy = load(RULES.read_text(encoding="utf-8"), RULES.name)
    graduations(policy)
    demotions(policy)
    charts(policy)
    watches(policy)
    firsts(policy)
    print(f"\n{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
