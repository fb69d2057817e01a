"""The text of a `<slug>.test.yml` goes in; its cases come out as small episodes with the steps that must be found.

A step is one mapping, its first key says what the agent did:

    {run: command, exit: 1, output: text, error: text, timeout: true, check: red | green | true, failing: [ids]}
    {edit: path, error: text}   {write: path}   {read: path, error: text}   {search: path}   {poll: text}   {say: text}

`exit` not 0, `error` and `timeout` make the call fail; `rejected: true` (on any) is a person's no. `check: true` takes
the colour from `exit`. `by: subagent` puts the step in a subagent. A list of such mappings is one step with several
calls. `output` is what a pin would quote, `size` the KiB of its record. `write` makes a new file. An episode without
steps has no trace: there a rule that must fire says `fires: true`, for it has no step to find.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bot.errors import UserError
from bot.model import (
    Call,
    CallKind,
    CallStatus,
    Check,
    Closure,
    Diff,
    EndReason,
    Episode,
    Outcome,
    Signal,
    Source,
    Step,
    Trace,
)
from bot.traces import rule_yaml

KEYS = (
    "name, steps, finds, fires, diff {changed, added}, reports {signal: value}, outcome, ended, prompt, final, "
    "compactions, guard, closure {reason, by_bot, reviews}"
)
KINDS: tuple[tuple[str, CallKind], ...] = (
    ("run", "shell"),
    ("edit", "edit"),
    ("write", "edit"),
    ("read", "read"),
    ("search", "search"),
    ("poll", "poll"),
)


class _Action(msgspec.Struct, forbid_unknown_fields=True):
    run: str | None = None
    edit: str | None = None
    write: str | None = None
    read: str | None = None
    search: str | None = None
    poll: str | None = None
    say: str | None = None
    exit: int | None = None
    output: str = ""
    size: int = 0
    error: str = ""
    timeout: bool = False
    rejected: bool = False
    check: Literal["red", "green"] | bool = False
    failing: tuple[str, ...] = ()
    by: Literal["main", "subagent"] = "main"


class _Diff(msgspec.Struct, forbid_unknown_fields=True):
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


class _Closure(msgspec.Struct, forbid_unknown_fields=True):
    reason: str = ""
    by_bot: bool = False
    reviews: int = 0


class _Case(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    finds: tuple[int, ...]
    fires: bool | None = None
    steps: tuple[_Action | tuple[_Action, ...], ...] = ()
    diff: _Diff | None = None
    reports: dict[str, float | str | None] = {}
    outcome: Outcome = "fail"
    ended: EndReason = "finished"
    prompt: str = ""
    final: str = ""
    compactions: int = 0
    guard: Literal["", "loop", "format"] = ""
    closure: _Closure | None = None


class Case(msgspec.Struct, frozen=True):
    """One test case of a rule: the steps it must find in the episode, None when it must be silent."""

    name: str
    episode: Episode
    finds: tuple[int, ...] | None


def load(text: str, path: str) -> tuple[Case, ...]:
    """The cases of one test file, in order; UserError names the file and the mend."""
    cases = rule_yaml.read(text, path, tuple[_Case, ...], KEYS)
    return tuple(Case(case.name, _episode(case, path), _finds(case)) for case in cases)


def _finds(case: _Case) -> tuple[int, ...] | None:
    fires = bool(case.finds) if case.fires is None else case.fires
    return tuple(sorted(case.finds)) if fires else None


def _episode(case: _Case, path: str) -> Episode:
    steps = tuple(_step(step if isinstance(step, tuple) else (step,), path) for step in case.steps)
    said = [step.quote for step in steps if not step.calls]
    trace = Trace(
        format="test",
        sources=(Source(path, "", 0),),
        steps=steps,
        end_reason=case.ended,
        prompt=case.prompt,
        final=case.final or (said[-1] if said else ""),
        compactions=case.compactions,
        guard=case.guard,
    )
    ended = case.closure
    return Episode(
        id=case.name,
        repository="test/test",
        outcome=case.outcome,
        trace=trace if steps else None,
        signals=tuple(_signal(name, value) for name, value in case.reports.items()),
        diff=Diff(case.diff.changed, case.diff.added) if case.diff else None,
        closure=Closure(ended.reason, ended.by_bot, ended.reviews) if ended else None,
    )


def _signal(name: str, value: float | str | None) -> Signal:
    return Signal(name, detail=value) if isinstance(value, str) else Signal(name, value=value)


def _step(actions: tuple[_Action, ...], path: str) -> Step:
    calls = tuple(_call(action, path) for action in actions if action.say is None)
    said = " ".join(action.say for action in actions if action.say is not None)
    quote = said or (calls[0].quote if calls else "")
    return Step(0, len(quote.encode()), quote, calls, origin=actions[0].by if actions else "main")


def _call(action: _Action, path: str) -> Call:
    done = [(key, kind, getattr(action, key)) for key, kind in KINDS if getattr(action, key) is not None]
    if len(done) != 1:
        raise UserError(f"{path}: a step does one thing. Give it one of: run, edit, write, read, search, poll, say.")
    [(key, kind, what)] = done
    failed = bool(action.exit or action.error or action.timeout)
    status: CallStatus = "rejected" if action.rejected else "error" if failed else "ok"
    quote = action.output or action.error or what
    return Call(
        name=key,
        kind=kind,
        status=status,
        command=what if kind in ("shell", "poll") else "",
        paths=() if kind in ("shell", "poll") else (what,),
        creates=(what,) if key == "write" else (),
        exit_code=action.exit,
        error=(action.error or action.output or what)[:200] if status == "error" else "",
        timed_out=action.timeout,
        check=_check(action),
        end=1024 * action.size or len(quote.encode()),
        quote=quote,
    )


def _check(action: _Action) -> Check | None:
    if action.check is False:
        return None
    red = bool(action.exit or action.failing) if action.check is True else action.check == "red"
    return Check("fail" if red else "pass", tuple(sorted(action.failing)))
