"""An expression of conditions and an episode go in; the steps it cites come out, or None when it does not hold.

    expression  {all: [expression, …]} | {any: [expression, …]} | {not: expression} | {condition: parameter}

`all` and `any` cite what those of theirs that hold cite; `not` cites nothing. rules/README.md has one line for each
condition; a test holds the page and this registry together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.errors import UserError
from bot.model import Episode
from bot.traces.conditions import changes, errors, looking, loops, repeats, runs, suites, verification
from bot.traces.conditions.parameters import Accepts, count, percent, some_of, texts

Cited = tuple[int, ...] | None
MAX_DEPTH = 8
MAX_PARTS = 32


@dataclass(frozen=True, slots=True)
class Condition:
    """A named question about an episode, and what its parameter may be."""

    name: str
    ask: Callable[..., Cited]
    accepts: Accepts


CONDITIONS: tuple[Condition, ...] = (
    Condition("last_check", verification.last_check, some_of("red", "green", "none")),
    Condition("unchecked_edit", verification.unchecked_edit, some_of("source", "any")),
    Condition("final_says", verification.final_says, some_of("success", "failure")),
    Condition("error_streak", loops.error_streak, count),
    Condition("repeated_error", loops.repeated_error, count),
    Condition("failed_edits", loops.failed_edits, count),
    Condition("same_call", loops.same_call, count),
    Condition("edits_of_one_file", loops.edits_of_one_file, count),
    Condition("edits_without_progress", loops.edits_without_progress, count),
    Condition("timed_out_calls", runs.timed_out_calls, count),
    Condition("error_share", runs.error_share, percent),
    Condition("ended", runs.ended, some_of("finished", "limit", "timeout", "aborted", "error", "killed", "unknown")),
    Condition("steps", runs.steps, count),
    Condition("compactions", runs.compactions, count),
    Condition("signal", runs.signal, texts),
    Condition("changes", changes.changes, some_of("nothing", "only-new", "docs-only", "source")),
    Condition("edits_path", changes.edits_path, texts),
    Condition("command_has", changes.command_has, texts),
    Condition("call_in_a_row", repeats.call_in_a_row, count),
    Condition("answer_in_a_row", repeats.answer_in_a_row, count),
    Condition("answer_in_ten", repeats.answer_in_ten, count),
    Condition("call_cycle", repeats.call_cycle, count),
    Condition("errors_in_a_row", errors.errors_in_a_row, count),
    Condition("error_has", errors.error_has, texts),
    Condition("malformed_calls", errors.malformed_calls, count),
    Condition("missing_tools", errors.missing_tools, count),
    Condition("missing_files", errors.missing_files, count),
    Condition("refused_calls", errors.refused_calls, count),
    Condition("first_edit_after", looking.first_edit_after, percent),
    Condition("looking", looking.looking, percent),
    Condition("large_answer", looking.large_answer, count),
    Condition("rereads", looking.rereads, count),
    Condition("named_files", looking.named_files, some_of("unopened")),
    Condition("unrun_edit", verification.unrun_edit, some_of("source", "any")),
    Condition("last_command", verification.last_command, some_of("failed", "ok", "none")),
    Condition("new_failures", verification.new_failures, count),
    Condition("tested", suites.tested, some_of("none", "narrow", "whole")),
    Condition("ci_tests", suites.ci_tests, some_of("unrun", "run")),
    Condition("guard_did", runs.guard_did, some_of("nudge", "pause", "send-back")),
    Condition("stopped_by", runs.stopped_by, some_of("loop", "format")),
    Condition("closed", runs.closed, some_of("rejected")),
    Condition("ci_stage", runs.ci_stage, some_of("build", "lint", "types")),
    Condition("adds_path", changes.adds_path, texts),
    Condition("changed_files", changes.changed_files, count),
)
BY_NAME: Mapping[str, Condition] = {condition.name: condition for condition in CONDITIONS}
KNOWN = ", ".join(("all", "any", "not", *sorted(BY_NAME)))


def evaluate(expression: Mapping[str, object], episode: Episode) -> Cited:
    """The steps a checked expression cites in this episode, sorted and each once; None when it does not hold."""
    [(name, parameter)] = expression.items()
    if name == "not":
        return () if evaluate(_mapping(parameter), episode) is None else None
    if name not in ("all", "any"):
        return BY_NAME[name].ask(episode, parameter)
    held: list[tuple[int, ...]] = []
    for part in _list(parameter):
        answer = evaluate(_mapping(part), episode)
        if answer is not None:
            held.append(answer)
        elif name == "all":
            return None
    return tuple(sorted({step for answer in held for step in answer})) if held else None


def check(expression: object, where: str, depth: int = 0) -> None:
    """Raise UserError naming `where` and the mend, unless `expression` is one that `evaluate` can answer."""
    if depth > MAX_DEPTH:
        raise UserError(f"{where}: detect is nested deeper than {MAX_DEPTH}. Flatten it, or split the rule in two.")
    if not isinstance(expression, dict) or len(expression) != 1:
        raise UserError(
            f"{where}: each part of detect is one `name: parameter`. Join several as `all: [{{…}}, {{…}}]`."
        )
    [(name, parameter)] = expression.items()
    if name == "not":
        check(parameter, where, depth + 1)
    elif name in ("all", "any"):
        if not isinstance(parameter, list) or not 1 <= len(parameter) <= MAX_PARTS:
            raise UserError(f"{where}: `{name}` takes a list of 1 to {MAX_PARTS} expressions. Write `{name}: [{{…}}]`.")
        for part in parameter:
            check(part, where, depth + 1)
    elif name not in BY_NAME:
        raise UserError(f"{where}: unknown condition {str(name)[:60]!r}. Known: {KNOWN}.")
    elif expected := BY_NAME[name].accepts(parameter):
        raise UserError(f"{where}: `{name}` takes {expected}, not {str(parameter)[:60]!r}. Change its parameter.")


def names(expression: Mapping[str, object]) -> frozenset[str]:
    """The conditions that a checked expression asks."""
    [(name, parameter)] = expression.items()
    if name == "not":
        return names(_mapping(parameter))
    if name in ("all", "any"):
        return frozenset().union(*(names(_mapping(part)) for part in _list(parameter)))
    return frozenset({name})


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, dict)  # noqa: S101 (checked when the rule was loaded)
    return value


def _list(value: object) -> list[object]:
    assert isinstance(value, list)  # noqa: S101 (checked when the rule was loaded)
    return value
