"""The projects go in; every run of the fleet comes out, decided: its outcome, planted causes, noise and breakage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from tools.fleet.dice import Dice
from tools.fleet.shapes import Agent, Ending, Plan, Project, Task
from tools.fleet.tasks import projects

START = datetime(2026, 5, 4, 8, tzinfo=UTC)
UNEXPLAINED, NEW_FILE_ONLY = 80, 90
"""Issues of parcel-api: one that every run fails without a sign, and one that asks for a new file."""
REPEATED: tuple[tuple[int, int], ...] = ((4, 3), (3, 4), (4, 4), (3, 3))
"""Failures and passes of the first four tasks of every project: fourteen of each."""
OTHERS: dict[str, tuple[tuple[int, int], ...]] = {
    "parcel-api": ((7, 0), (1, 2), (0, 2)),
    "reading-room": ((2, 1), (2, 1)),
    "tidemark": ((2, 2), (0, 3)),
}
"""The same for the tasks after them; the first of parcel-api is the one that nothing explains."""
ENDINGS: dict[str, tuple[tuple[Ending, int], ...]] = {
    "fail": (("red", 9), ("unverified", 1), ("green", 4)),
    "pass": (("red", 1), ("unverified", 1), ("green", 12)),
}
CAUSES: dict[str, dict[str, tuple[int, int]]] = {
    "parcel-api": {"no-source": (7, 0)},
    "reading-room": {"time-out": (9, 1), "loop": (7, 1)},
    "tidemark": {"loop": (7, 1)},
}
"""In how many of fourteen failures and of fourteen passes a cause is planted, beside finishing on red."""
STREAK = 3
"""In how many of fourteen failures, and of fourteen passes, an error streak happens: equally often on purpose."""
INFRA: dict[str, tuple[str, ...]] = {
    "parcel-api": ("command-not-found", "out-of-memory", "overloaded", "cancelled"),
    "reading-room": ("install-failed", "runner-lost", "permission", "startup"),
    "tidemark": ("overloaded", "disk-full", "cancelled"),
}
GATE = {
    "command-not-found": "X1",
    "install-failed": "X1",
    "startup": "X1",
    "cancelled": "X2",
    "overloaded": "X3",
    "out-of-memory": "X4",
    "runner-lost": "X4",
    "disk-full": "X4",
    "permission": "X9",
}
SPICE: dict[str, tuple[tuple[str, str], ...]] = {
    "parcel-api": (
        ("pass", "reject"),
        ("pass", "compact"),
        ("pass", "spliced"),
        ("fail", "subagent"),
        ("pass", "poll"),
    ),
    "reading-room": (("pass", "reject"), ("pass", "retry"), ("pass", "subagent"), ("fail", "limit"), ("pass", "poll")),
    "tidemark": (("pass", "reject"), ("pass", "compact"), ("pass", "spliced"), ("pass", "limit"), ("pass", "retry")),
}
"""One run each with something that a reader must take calmly."""
ONLY_CLAUDE = frozenset({"reject", "compact", "spliced", "subagent", "retry"})

Outcome = Literal["pass", "fail"]


@dataclass(frozen=True)
class Slot:
    """A run that is going to exist: its task and its outcome."""

    task: Task
    outcome: Outcome


def fleet() -> tuple[Plan, ...]:
    """Every episode of the examples, in a fixed order."""
    return tuple(plan for project in projects() for plan in _project(project))


def _slots(tasks: Iterable[Task], counts: Iterable[tuple[int, int]]) -> list[Slot]:
    slots: list[Slot] = []
    for task, (failed, passed) in zip(tasks, counts, strict=True):
        slots += [Slot(task, "fail")] * failed + [Slot(task, "pass")] * passed
    return slots


def _project(project: Project) -> Iterator[Plan]:
    dice = Dice(f"fleet/{project.name}")
    plans = [*_planted(project, dice), *_plain(project, dice)]
    plans = _spiced(project, plans, dice)
    for number, kind in enumerate(INFRA[project.name]):
        task = project.tasks[number % 4]
        plans.append(Plan(project, task, 0, "fail", _agent_of_infra(kind), 0, "", infra=kind))
    numbered: list[Plan] = []
    for place, task in enumerate(project.tasks):
        of_task = dice.shuffled([plan for plan in plans if plan.task is task])
        numbered += [_placed(plan, place, run, dice) for run, plan in enumerate(of_task, 1)]
    yield from numbered


def _placed(plan: Plan, place: int, run: int, dice: Dice) -> Plan:
    """Give a run its number, day and pull. The heads of the fifth task share one pull."""
    at = START + timedelta(
        days=12 * place + 6 * run, hours=dice.between(0, 9), minutes=dice.below(60), seconds=dice.below(60)
    )
    pull = plan.task.number + (100 if place == 4 else 100 + 10 * place + run)
    return replace(plan, run=run, pull=pull, created=at.strftime("%Y-%m-%dT%H:%M:%S+00:00"))


def _planted(project: Project, dice: Dice) -> Iterator[Plan]:
    """The repeated tasks, with endings, causes and streaks dealt out in exact numbers."""
    slots = _slots(project.tasks[:4], REPEATED)
    for place, outcome in enumerate(("fail", "pass")):
        mine = [slot for slot in slots if slot.outcome == outcome]
        endings = dice.shuffled([ending for ending, times in ENDINGS[outcome] for _ in range(times)])
        dealt = {
            cause: dice.shuffled([n < counts[place] for n in range(len(mine))])
            for cause, counts in CAUSES[project.name].items()
        }
        streaks = dice.shuffled([n < STREAK for n in range(len(mine))])
        for number, slot in enumerate(mine):
            causes = frozenset(cause for cause, held in dealt.items() if held[number])
            noise = frozenset({"streak"} if streaks[number] else ())
            yield Plan(project, slot.task, 0, slot.outcome, _agent(dice), 0, "", endings[number], causes, noise)


def _plain(project: Project, dice: Dice) -> Iterator[Plan]:
    """The other tasks: nothing is planted in them; the export of the tariff touches no source by its nature."""
    for slot in _slots(project.tasks[4:], OTHERS[project.name]):
        unexplained = slot.task.number == UNEXPLAINED
        ending: Ending = "unverified" if dice.chance(20) and not unexplained else "green"
        causes = frozenset({"no-source"} if slot.task.number == NEW_FILE_ONLY else ())
        yield Plan(project, slot.task, 0, slot.outcome, _agent(dice), 0, "", ending, causes)


def _spiced(project: Project, plans: list[Plan], dice: Dice) -> list[Plan]:
    """Add the rare things: hostile sources, rejections, polls, compactions, a limit, a spliced line, a false claim."""
    plans = list(plans)
    wanted = [*SPICE[project.name], ("fail", "hostile"), ("fail", "hostile"), ("pass", "hostile"), ("fail", "claim")]
    if project.name == "tidemark":
        wanted.append(("pass", "claim"))
    for outcome, kind in wanted:
        free = [
            n
            for n, plan in enumerate(plans)
            if plan.outcome == outcome and plan.task in project.tasks[:4] and not plan.noise and _fits(kind, plan)
        ]
        chosen = dice.pick(free)
        agent: Agent = plans[chosen].agent
        if kind == "limit":
            agent = "claude-action"
        elif kind in ONLY_CLAUDE:
            agent = "claude-session"
        plans[chosen] = replace(plans[chosen], noise=frozenset({kind}), agent=agent)
    return plans


def _fits(kind: str, plan: Plan) -> bool:
    if kind in ("claim", "hostile") and plan.outcome == "fail":
        return plan.ending == "red"
    return plan.ending == "red" if kind == "claim" else True


def _agent(dice: Dice) -> Agent:
    throw = dice.below(100)
    return "claude-session" if throw < 66 else "claude-action" if throw < 80 else "codex"


def _agent_of_infra(kind: str) -> Agent:
    return "claude-action" if kind == "startup" else "claude-session"
