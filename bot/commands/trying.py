"""`flywheel trial`: results (a file, or reports of both arms) in, what they say out; or the size of a trial."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bot.commands import bounded
from bot.errors import UserError
from bot.trials import design, plan, results
from bot.trials.answer import MARGIN, Answer, Side, answer, registered

SIZES = (10, 20, 40, 80)
REPEATS = (2, 3, 5)
T = TypeVar("T")


def trial(
    path: Path, margin: float | None = None, registration: Path | None = None, sealed: Path | None = None
) -> dict[str, Any]:
    """The answer of one trial, with the keys of design.md §4 and everything it was said from.

    `delta` is None where no task has judged runs in both arms. `harm` is E for fewer passes.
    With a registration its margin counts, and another one is refused; `sealed` opens the list of its guard set.
    """
    if margin is not None and not 0 < margin < 1:
        raise UserError(f"--margin {margin:g}: it is a share of passes. Name one between 0 and 1, such as 0.1.")
    if sealed and not registration:
        raise UserError(f"{sealed}: a sealed list belongs to a registration. Name it with --registration.")
    runs, warnings = _runs(path)
    said = _registered(registration, margin, sealed, runs) if registration else answer(runs, margin or MARGIN)
    return {
        "result": said.result,
        "e_value": said.targeted.e_value,
        "harm": said.targeted.harm,
        "tasks": said.targeted.tasks,
        "trials": said.targeted.runs,
        "delta": said.targeted.delta if said.targeted.tasks else None,
        "interval": list(said.targeted.interval),
        "p": said.targeted.p,
        "reached": said.targeted.reached,
        "regressions": list(said.regressions),
        "suspects": list(said.suspects),
        "recurrence": _side(said.recurrence),
        "guard": _side(said.guard) and {**(_side(said.guard) or {}), "lower": said.guard_lower, "margin": said.margin},
        "without_verdict": said.without_verdict,
        "unpaired": list(said.unpaired),
        "missing": list(said.missing),
        "limits": list(said.limits),
        "deviations": list(said.deviations),
        "due": [msgspec.structs.asdict(one) for one in said.due],
        "warnings": list(warnings),
    }


def register(path: Path) -> dict[str, object]:
    """The registration of the design in a JSON file, whose keys are the fields of `bot.trials.design.Wish`."""
    return design.register(_document(path, design.Wish, "a design"))


def _registered(registration: Path, margin: float | None, sealed: Path | None, runs: tuple[results.Run, ...]) -> Answer:
    made = design.read(_bytes(registration), str(registration))
    if margin is not None and margin != made.margin:
        raise UserError(f"--margin {margin:g}: {made.margin:g} was registered. Leave the option away.")
    guards = design.opens(made, _document(sealed, dict[str, Any], "a sealed list"), str(sealed)) if sealed else None
    return registered(made, runs, guards)


def _document(path: Path, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(_bytes(path), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path}: not {what} ({error}). See docs/trials.md.") from error


def planned(path: Path | None) -> list[dict[str, Any]]:
    """Tasks × repeats × gain: the power of both tests, on the control runs of a results file or on a reference pool."""
    pool = plan.pool_of(_runs(path)[0]) if path else plan.REFERENCE_POOL
    if not pool:
        raise UserError(f"{path}: no control run has a verdict. Name a results file with control runs.")
    sizes = ((tasks, repeats, gain) for tasks in SIZES for repeats in REPEATS for gain in plan.EFFECTS)
    found = (plan.power(pool, *size) for size in sizes)
    return [{**msgspec.structs.asdict(one), "runs": one.runs} for one in found]


def _runs(path: Path) -> tuple[tuple[results.Run, ...], tuple[str, ...]]:
    """The runs of a results file, or of a folder or zip with the reports of both arms; and what was left out."""
    if path.is_dir() or (path.is_file() and zipfile.is_zipfile(path)):
        from bot.jobs import arms

        return arms.read(path)
    return results.read(_bytes(path), str(path)), ()


def _side(side: Side | None) -> dict[str, Any] | None:
    return None if side is None else {**msgspec.structs.asdict(side), "interval": list(side.interval)}


def _bytes(path: Path) -> bytes:
    return bounded.read(path, results.MAX_BYTES, "Name a results file, CSV or JSON.")
