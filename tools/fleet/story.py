"""The plan of an episode goes in; the moves of the agent, its last words and what CI says come out."""

from __future__ import annotations

from dataclasses import replace

from tools.fleet import acts, phrases
from tools.fleet.dice import Dice
from tools.fleet.shapes import Failure, Move, Plan, Story


def tell(plan: Plan) -> Story:
    """Act the plan out."""
    dice = Dice(plan.key)
    moves = [*acts.explore(plan, dice)]
    if "overloaded" in plan.infra:
        return Story(dice.pick(plan.task.prompts), tuple(moves), "", plan.task.failures, overloaded=True)
    if "streak" in plan.noise:
        moves += acts.streak(plan, dice)
    if "no-source" not in plan.causes and dice.chance(75):
        moves.append(acts.check(plan, dice, plan.task.failures, phrases.REPRODUCE))
    if "time-out" in plan.causes:
        moves += acts.time_outs(plan, dice)
    moves += acts.middle(plan, dice)
    moves += acts.last(plan, dice)
    if "hostile" in plan.noise:
        moves = _poison(moves, plan, dice)
    for kind in ("compact", "retry", "poll", "reject"):
        if kind in plan.noise:
            moves = _insert(moves, acts.extra(kind, plan, dice), dice)
    subagent = tuple(acts.explore(plan, Dice(plan.key + "/subagent"))) if "subagent" in plan.noise else ()
    if subagent:
        moves.insert(
            1,
            Move(
                "task",
                "A helper can look for other callers.",
                command=f"Find callers of {plan.task.source}",
                output="No other callers than the tests. The rule is applied in one place only.",
            ),
        )
    return Story(
        dice.pick(plan.task.prompts),
        tuple(moves),
        _final(plan, dice),
        _red(plan),
        "limit" in plan.noise,
        subagent=subagent,
    )


def _red(plan: Plan) -> tuple[Failure, ...]:
    """What is red in CI."""
    if plan.outcome == "pass":
        return ()
    unchanged = "no-source" in plan.causes or plan.ending == "red"
    return plan.task.failures if unchanged and plan.task.failures else (plan.task.in_ci_only,)


def _insert(moves: list[Move], extra: list[Move], dice: Dice) -> list[Move]:
    place = dice.between(2, max(2, len(moves) - 3))
    return (
        moves[:place] + extra + [replace(moves[place], together=False), *moves[place + 1 :]]
        if place < len(moves)
        else moves + extra
    )


def _poison(moves: list[Move], plan: Plan, dice: Dice) -> list[Move]:
    """Put a hostile line into something the agent reads, and one into what its last check prints."""
    lines = dice.shuffled(phrases.HOSTILE)
    dump = Move(
        "shell",
        "What did the reporter write?",
        command=f"gh issue view {plan.task.number} --comments",
        output=f"title:\t{plan.task.title}\nstate:\tOPEN\n--\n{lines[0]}\n",
    )
    checks = [place for place, move in enumerate(moves) if move.kind == "shell" and move.exit == 1]
    if checks:
        last = moves[checks[-1]]
        moves[checks[-1]] = replace(last, output=f"{lines[1]}\n{last.output}")
    return [moves[0], dump, *moves[1:]]


def _final(plan: Plan, dice: Dice) -> str:
    if "limit" in plan.noise:
        return ""
    if plan.ending == "red":
        honest = phrases.RED_FLAKY if plan.outcome == "pass" else phrases.RED
        if "no-source" in plan.causes:
            honest = phrases.RED_NEW_FILE
        return acts.fill(dice.pick(phrases.RED_CLAIM if "claim" in plan.noise else honest), plan)
    if "no-source" in plan.causes:
        return acts.fill(dice.pick(phrases.DONE_NEW_FILE), plan)
    return acts.fill(dice.pick(phrases.UNVERIFIED if plan.ending == "unverified" else phrases.DONE), plan)
