"""Labelled runs in; how often each way of naming the decisive step names it, the baselines beside ours, as a table.

usage: python -m bench.localising [--whole DIR]

DIR holds checkouts of Agents_Failure_Attribution (ag2ai) and AgentRx (microsoft) with all their runs; without it the
selection in ../shared/data is asked, half of them. All rows are of the same runs. What is learnt (our weights, the
modal step, the modal agent, the best window) is learnt without the runs of the same task. `shipped` is what the product
does: its rounded weights have seen all runs, so the honest row is `ours, without the task`. `people` is what another
team of people, AgentRx's, blames in the same runs: nobody can be asked to agree with one team more than the other does.

What evidence is looked at was chosen by the cross-validated likelihood of the blamed turns. Of what had been chosen on
the half of the runs in ../shared alone, little held on the other half when that was first seen (step 27 % beside 43 %):
made-up facts weigh less, and the first deed, the first word and the kind of run came in. What did not help: that a
turn is the last, that its speaker opens or ends the run, how often it speaks, that an error came before, that the error
is the first.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from bench.labelled import agentrx, who_and_when
from bench.labelled.case import Case
from bench.paired import spread, told_apart, verdict
from bot.traces.localise import (
    CODES,
    REACH,
    WEIGHTS,
    Kind,
    Weights,
    evidence,
    kind_of,
    localise,
    shares,
    span,
)

HITS = ("agent", "step", "within 1", "within 3", "window of 7")
RIDGE = 2.0
FITTED = tuple(code for code in CODES if code != "cited")
KINDS: tuple[Kind, ...] = ("alone", "small-team", "team")
PUBLISHED = {"Algorithm-Generated": "54.3 / 25.5", "Hand-Crafted": "55.2 / 8.8"}
"""Agent / step, the best GPT-4o column of arXiv 2505.00212 on the whole subset, of which half is here."""

_TOLD: dict[str, np.ndarray] = {}
Sets = dict[str, list[Case]]
Way = Callable[[Case, Sequence[Case]], np.ndarray]
"""A run and the runs of other tasks in the same set; its five hits, in the order of HITS."""


def sets(whole: Path | None = None) -> Sets:
    """The labelled runs that are here, by set."""
    who, rx = (
        (whole / "Agents_Failure_Attribution", whole / "AgentRx") if whole else (who_and_when.FOLDER, agentrx.FOLDER)
    )
    return {
        **{subset: who_and_when.read(subset, who) for subset in who_and_when.SUBSETS},
        "AgentRx tau-retail": agentrx.read_tau(rx),
        "AgentRx Magentic-One": agentrx.read_magentic(rx),
    }


def hits(case: Case, agent: str, step: int, window: tuple[int, int] | None = None) -> np.ndarray:
    """What a named step is worth; without a window it is the seven steps around it that the run has room for."""
    middle = min(max(step, 1 + REACH), max(case.messages - REACH, 1 + REACH))
    first, last = window or (middle - REACH, middle + REACH)
    off = abs(step - case.step)
    return np.array([agent == case.agent, off == 0, off <= 1, off <= REACH, first <= case.step <= last], float)


def named(case: Case, step: int) -> np.ndarray:
    """The hits of one step, its speaker blamed."""
    step = min(max(step, 1), case.messages)
    return hits(case, case.speakers[step - 1], step)


def before_error(case: Case, _others: Sequence[Case]) -> np.ndarray:
    """The step before the first message that looks like an error; without one, the second."""
    return named(case, case.errors[0] - 1 if case.errors else 2)


def modal_step(case: Case, others: Sequence[Case]) -> np.ndarray:
    steps = Counter(other.step for other in others)
    return named(case, min(steps, key=lambda step: (-steps[step], step)))


def modal_agent(case: Case, others: Sequence[Case]) -> np.ndarray:
    """The agent most often blamed elsewhere, at its first turn."""
    agents = Counter(other.agent for other in others)
    agent = min(agents, key=lambda name: (-agents[name], name))
    return hits(case, agent, case.speakers.index(agent) + 1 if agent in case.speakers else 1)


def best_window(case: Case, others: Sequence[Case]) -> np.ndarray:
    """The middle around which most steps blamed elsewhere lie."""
    steps = np.array([other.step for other in others])
    middles = range(1, int(steps.max()) + 1)
    return named(case, max(middles, key=lambda middle: (int((abs(steps - middle) <= REACH).sum()), -middle)))


def last_step(case: Case, _others: Sequence[Case]) -> np.ndarray:
    return named(case, case.messages)


def random_step(case: Case, _others: Sequence[Case]) -> np.ndarray:
    """What a step drawn at random is worth in the mean."""
    return np.mean([named(case, step) for step in range(1, case.messages + 1)], axis=0)


def ours(case: Case, weights: Weights) -> np.ndarray:
    """The point and its speaker; within 1 the best three steps, within 3 the window."""
    window = localise(case.seen, (), weights)
    if window is None:
        return np.zeros(len(HITS))
    speaker = next(one.speaker for one in case.seen if one.number == window.step)
    own = weights[kind_of(case.seen)]
    share = shares(list(told(case) @ np.array([own[code] for code in FITTED])))
    middle, _ = span(case.seen, share, 1)
    found = hits(case, speaker, window.step, (window.first, window.last))
    found[HITS.index("within 1")] = abs(middle - case.step) <= 1
    found[HITS.index("within 3")] = found[HITS.index("window of 7")]
    return found


def told(case: Case) -> np.ndarray:
    """The evidence of a run, turns by codes; kept, since it is asked for once for each run left out."""
    if case.name not in _TOLD:
        _TOLD[case.name] = np.array([[row[code] for code in FITTED] for row in evidence(case.seen)], float)
    return _TOLD[case.name]


def fit(cases: Sequence[Case]) -> Weights:
    """The weights of a conditional logit; runs whose blamed message is no agent's turn are left out.

    A kind's weights are what the kinds share and what it adds; a ridge draws both towards nothing, so a kind with few
    runs leans on the others.
    """
    rows, size = [], len(FITTED)
    for case in cases:
        numbers = [one.number for one in case.seen]
        if case.step in numbers:
            rows.append((told(case), numbers.index(case.step), 1 + KINDS.index(kind_of(case.seen))))

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(1 + len(KINDS), size)
        value, slope = RIDGE * float(flat @ flat) / 2, RIDGE * weights
        for values, blamed, kind in rows:
            scores = values @ (weights[0] + weights[kind])
            parts = np.exp(scores - scores.max())
            parts /= parts.sum()
            value -= float(np.log(parts[blamed]))
            slope[[0, kind]] -= values[blamed] - parts @ values
        return value, slope.ravel()

    found = minimize(loss, np.zeros((1 + len(KINDS)) * size), jac=True, method="L-BFGS-B").x.reshape(-1, size)
    return {
        kind: dict(zip(FITTED, map(float, found[0] + own), strict=True))
        for kind, own in zip(KINDS, found[1:], strict=True)
    }


def table(found: Sets) -> Iterator[str]:
    """A line for each way and set."""
    learnt = [case for name in list(found)[:3] for case in found[name]]

    @cache
    def without(task: str) -> Weights:
        return fit([case for case in learnt if case.task != task])

    ways: tuple[tuple[str, Way], ...] = (
        ("ours, without the task", lambda case, _: ours(case, without(case.task))),
        ("ours, as shipped", lambda case, _: ours(case, WEIGHTS)),
        ("before the first error", before_error),
        ("modal step", modal_step),
        ("modal agent, first turn", modal_agent),
        ("best fixed window", best_window),
        ("last step", last_step),
        ("random step", random_step),
    )
    worths = {
        name: {label: np.array([way(case, _others(case, cases)) for case in cases]) for label, way in ways}
        for name, cases in found.items()
    }
    for name, cases in found.items():
        if not cases:
            yield f"\n{name}: not here"
            continue
        tasks = [case.task for case in cases]
        yield f"\n{name}: {len(cases)} runs, {len(set(tasks))} tasks"
        yield from rows(worths[name], tasks)
        if name in PUBLISHED:
            yield f"  published, GPT-4o: agent / step {PUBLISHED[name]} on the whole subset"
        yield from beside(worths[name], tasks)
    if learnt:
        first = [worths[name] for name in list(found)[:3] if found[name]]
        worth = {label: np.concatenate([one[label] for one in first]) for label, _ in ways}
        yield f"\nthe first three sets together: {len(learnt)} runs; no rule knows which set a run of yours is like"
        yield from rows(worth, [case.task for case in learnt])
        yield from against_each(worth, [case.task for case in learnt])
        yield from people(found)
        yield from halves(found, learnt)
        for kind, weights in fit(learnt).items():
            told = ", ".join(f"{code} {weight:+.2f}" for code, weight in weights.items())
            yield f"\nweights fitted again on all, {kind}: {told}"
        yield from calibration([case for cases in found.values() for case in cases])


def _others(case: Case, cases: Sequence[Case]) -> list[Case]:
    """The runs of other tasks."""
    return [other for other in cases if other.task != case.task]


def rows(worth: dict[str, np.ndarray], tasks: Sequence[str]) -> Iterator[str]:
    """What each way is worth."""
    yield f"  {'%':24} {'agent':>6} {'step [95 %]':>20} {'±1':>6} {'±3':>6} {'window of 7 [95 %]':>20}"
    for label, values in worth.items():
        agent, step, one, three, window = 100 * values.mean(axis=0)
        ends = [tuple(100 * end for end in spread(values[:, column], tasks)) for column in (1, 4)]
        yield (
            f"  {label:24} {agent:6.1f} {step:6.1f} [{ends[0][0]:4.1f}, {ends[0][1]:5.1f}] {one:6.1f} {three:6.1f} "
            f"{window:6.1f} [{ends[1][0]:4.1f}, {ends[1][1]:5.1f}]"
        )


def against_each(worth: dict[str, np.ndarray], tasks: Sequence[str]) -> Iterator[str]:
    """Ours less every other way, column by column."""
    ours, *_ = worth.values()
    for label, values in worth.items():
        if label.startswith("ours"):
            continue
        told = []
        for column, measure in enumerate(HITS[:4]):
            apart = ours[:, column] - values[:, column]
            low, high = spread(apart, tasks)
            sure = verdict(apart.mean(), low, high)
            told.append(f"{measure} {100 * apart.mean():+5.1f} [{100 * low:+.1f}, {100 * high:+.1f}] {sure}")
        yield f"  less {label:24} " + "; ".join(told)


def beside(worth: dict[str, np.ndarray], tasks: Sequence[str]) -> Iterator[str]:
    """Ours against the baseline that turned out best in each column: chosen in hindsight, which flatters it."""
    ours, *_ = worth.values()
    baselines = {label: values for label, values in worth.items() if not label.startswith(("ours", "random"))}
    for column, measure in enumerate(HITS):
        label = max(baselines, key=lambda one: baselines[one][:, column].mean())
        yield f"  {measure:>11} less {label:24} {told_apart(ours[:, column], baselines[label][:, column], tasks)}"


def people(found: Sets) -> Iterator[str]:
    """How well two teams of people agree who judged the same runs: as much as anybody can be asked for."""
    again = {case.task: case for case in found["AgentRx Magentic-One"]}
    both = [(case, again[case.task]) for case in found["Hand-Crafted"] if case.task in again]
    if both:
        told = 100 * np.mean([hits(case, other.agent, other.step) for case, other in both], axis=0)
        agent, step, one, three, _ = told
        yield (
            f"\npeople: {len(both)} runs of Hand-Crafted were judged by AgentRx's team too; they agree on the agent in "
            f"{agent:.1f} %, on the step in {step:.1f} %, ±1 in {one:.1f} %, ±3 in {three:.1f} %"
        )


def half_of(case: Case) -> int:
    """0 or 1, by the task: the half on which rules are thought up, and the other."""
    return sha256(f"localise\0{case.task}".encode()).digest()[0] & 1


def halves(found: Sets, learnt: Sequence[Case]) -> Iterator[str]:
    """Ours with the weights of one half of the tasks, on the runs of the other, beside the best window so learnt."""
    yield "\nlearnt on one half of the tasks, asked about the other: agent / step / window of 7, in %"
    for side in (0, 1):
        weights = fit([case for case in learnt if half_of(case) != side])
        for name, cases in found.items():
            asked = [case for case in cases if half_of(case) == side]
            others = [case for case in cases if half_of(case) != side]
            rows = (
                ("ours", [ours(case, weights) for case in asked]),
                ("best fixed window", [best_window(case, others) for case in asked]),
            )
            told = [
                f"{label} {agent:5.1f} / {step:5.1f} / {window:5.1f}"
                for label, values in rows
                for agent, step, _, _, window in [100 * np.mean(values, axis=0)]
            ]
            yield f"  half {side}, {name:22} {len(asked):3} runs   {'   '.join(told)}"


def calibration(cases: Sequence[Case]) -> Iterator[str]:
    """How often the window holds the blamed step, by what the product says of its confidence."""
    held: dict[str, list[bool]] = {"high": [], "low": [], "none": []}
    for case in cases:
        window = localise(case.seen)
        if window is not None:
            held[window.confidence].append(window.first <= case.step <= window.last)
    told = (f"{name} {np.mean(one):.0%} of {len(one)}" if one else f"{name} -" for name, one in held.items())
    yield "window holds the blamed step, by confidence: " + ", ".join(told)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", type=Path)
    whole = parser.parse_args().whole
    print("where runs went wrong: the blamed agent and step", end="")
    for line in table(sets(whole)):
        print(line)


if __name__ == "__main__":
    main()
