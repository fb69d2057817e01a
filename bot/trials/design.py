"""Tasks, sizes and a seed go in before anything runs; a registration that nobody can bend afterwards comes out.

The registration is written into the pull. Tasks are taken in the order of their seeded hashes; the guard set stands
there as a number and a salted sha256 only, so that whatever proposes changes cannot read it (research/mining.md §4.6).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from bot.errors import UserError
from bot.trials.results import MAX_NAME

VERSION = 1
MOST_TASKS, MOST_REPEATS = 10_000, 100
SALT = 16
LATER = frozenset({"chances", "fixes", "risks", "sentinels"})
"""Fields that came after the first registrations: without a value they are not written, and not in the digest."""
_SHA = "sha256 and git ids are lower-case hexadecimal"

Endpoint = Literal["passes", "passes-and-recurrence"]


class Design(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trial will do. `targeted` is in the order of the runs; `sealed` commits to the `guards` tasks unseen.

    `most_runs` is the budget of agent runs in both arms of stage 1, `most_usd` that of money (0: none is set).
    Of the targeted tasks `fixes` are expected to be cured and `risks` may break; `sentinels` always passed without the
    change and never met it, so that one that breaks was broken blindly. `chances` are those of each, in order, to be
    seen fixed and broken (bot/trials/forecast.py).
    """

    change: str
    targeted: tuple[str, ...]
    guards: int
    sealed: str
    repeats: int
    endpoint: Endpoint
    margin: float
    seed: str
    control_sha: str
    treated_sha: str
    most_runs: int
    most_usd: float = 0.0
    arms: tuple[str, ...] = ("control", "treated")
    version: int = VERSION
    digest: str = ""
    chances: tuple[tuple[float, float], ...] = ()
    fixes: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    sentinels: tuple[str, ...] = ()


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What whoever plans a trial names. The salt stays with the guard's list, beside the tasks, and is told nowhere."""

    change: str
    targeted: tuple[str, ...]
    control_sha: str
    treated_sha: str
    seed: str
    repeats: int = 3
    margin: float = 0.10
    endpoint: Endpoint = "passes"
    guard: tuple[str, ...] = ()
    salt: str = ""
    most_usd: float = 0.0
    chances: Mapping[str, tuple[float, float]] = msgspec.field(default_factory=dict)
    fixes: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    sentinels: tuple[str, ...] = ()


def register(wish: Wish) -> dict[str, object]:
    """The registration of one trial, ready to be written as JSON; UserError for a design that cannot be kept."""
    return told(designed(wish))


def told(made: Design) -> dict[str, object]:
    """A registration as it is written."""
    fields = msgspec.structs.asdict(made).items()
    said = {name: value for name, value in fields if name not in LATER or value}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}


def designed(wish: Wish, sealed: str = "", guards: int = 0) -> Design:
    """The registration of one trial. Whoever cannot see the guard set names its seal and number instead of its tasks.

    UserError for a design that cannot be kept.
    """
    if both := sorted(set(wish.targeted) & set(wish.guard)):
        raise UserError(f"registration: {both[0]} is targeted and in the guard set. Take it out of one of them.")
    if len(set(wish.targeted)) < len(wish.targeted) or len(set(wish.guard)) < len(wish.guard):
        raise UserError("registration: a task is named twice. Name each once.")
    if wish.guard and len(wish.salt) < SALT:
        raise UserError(f"registration: the salt of the guard set is short. Draw {SALT} random characters or more.")
    if unknown := sorted({*wish.chances, *wish.fixes, *wish.risks, *wish.sentinels} - set(wish.targeted)):
        raise UserError(f"registration: {unknown[0]} is foretold and not targeted. Take it out, or name it there.")
    order, guards = ordered(wish.targeted, wish.seed), guards if sealed else len(wish.guard)
    made = Design(
        change=wish.change,
        targeted=order,
        guards=guards,
        sealed=sealed or seal(wish.guard, wish.salt),
        repeats=wish.repeats,
        endpoint=wish.endpoint,
        margin=wish.margin,
        seed=wish.seed,
        control_sha=wish.control_sha,
        treated_sha=wish.treated_sha,
        most_runs=2 * wish.repeats * (len(order) + guards),
        most_usd=wish.most_usd,
        chances=tuple(wish.chances.get(task, (0.0, 0.0)) for task in order) if wish.chances else (),
        fixes=tuple(task for task in order if task in wish.fixes),
        risks=tuple(task for task in order if task in wish.risks),
        sentinels=tuple(task for task in order if task in wish.sentinels),
    )
    _check(made, "registration")
    return msgspec.structs.replace(made, digest=digest(made))


def read(data: bytes, path: str) -> Design:
    """A registration as it was written; UserError when it is none, or was altered since."""
    try:
        made = msgspec.json.decode(data, type=Design)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path}: no registration ({error}). Make one with `flywheel trial register`.") from error
    _check(made, path)
    if made.digest != digest(made):
        raise UserError(f"{path}: it was altered since it was made (its digest differs). Take the one in the pull.")
    if made.targeted != ordered(made.targeted, made.seed):
        raise UserError(f"{path}: the tasks are not in the order of its seed. Take the one in the pull.")
    return made


def digest(made: Design) -> str:
    """The sha256 over everything but itself."""
    fields = msgspec.structs.asdict(made).items()
    told = {name: value for name, value in fields if name != "digest" and (name not in LATER or value)}
    return hashlib.sha256(canonical(told)).hexdigest()


def ordered(tasks: Sequence[str], seed: str) -> tuple[str, ...]:
    """Tasks by the sha256 of seed and name: nobody chose this order, and anybody can make it again."""
    return tuple(sorted(set(tasks), key=lambda task: (hashlib.sha256(canonical([seed, task])).digest(), task)))


def seal(tasks: Sequence[str], salt: str) -> str:
    """What commits to a list of tasks and tells none of them, as long as the salt stays with the list."""
    return hashlib.sha256(canonical([salt, sorted(set(tasks))])).hexdigest()


def opens(made: Design, sealed: Mapping[str, object], path: str) -> frozenset[str]:
    """The guard tasks of a sealed list `{"salt", "tasks"}`, by their names and by what they are called outside.

    UserError when it is not the registered one.
    """
    salt, tasks = sealed.get("salt"), sealed.get("tasks")
    if not isinstance(salt, str) or not isinstance(tasks, list) or not all(isinstance(task, str) for task in tasks):
        raise UserError(f'{path}: no sealed list. It is {{"salt": text, "tasks": [names]}}.')
    if seal(tasks, salt) != made.sealed:
        raise UserError(f"{path}: it is not the list that was registered (its sha256 differs). Name that one.")
    return frozenset(tasks) | {veiled(task, salt) for task in tasks}


def veiled(task: str, salt: str) -> str:
    """What a sealed task is called in results, which whatever proposes changes may read."""
    return "sealed-" + hashlib.sha256(canonical([salt, task])).hexdigest()[:16]


def _check(made: Design, path: str) -> None:
    """Bounds of a design, whoever wrote it."""
    wrong = ""
    if made.version != VERSION or made.arms != ("control", "treated"):
        wrong = f"version {made.version} with the arms {', '.join(made.arms)} is not known. Write version {VERSION}"
    elif not 1 <= len(made.targeted) <= MOST_TASKS or not 0 <= made.guards <= MOST_TASKS:
        wrong = f"it needs 1 to {MOST_TASKS} targeted tasks and no more guards. Name some"
    elif any(not task.strip() or len(task) > MAX_NAME for task in made.targeted):
        wrong = f"a task has no name, or one of more than {MAX_NAME} characters. Name it"
    elif not 1 <= made.repeats <= MOST_REPEATS:
        wrong = f"repeats is {made.repeats}. Write 1 to {MOST_REPEATS}"
    elif not 0 < made.margin < 1:
        wrong = f"margin is {made.margin:g}. Write a share of passes between 0 and 1"
    elif made.chances and len(made.chances) != len(made.targeted):
        wrong = "it has not one pair of chances for each task. Make it anew"
    elif made.most_usd < 0 or made.most_runs < 2:
        wrong = "the budget is below one run in each arm. Raise it"
    elif not made.seed or not made.change:
        wrong = "seed or change is empty. Name both"
    elif not all(_is_hex(value) for value in (made.control_sha, made.treated_sha, made.sealed)):
        wrong = f"{_SHA}. Write control_sha and treated_sha as git says them"
    if wrong:
        raise UserError(f"{path}: {wrong}.")


def _is_hex(text: str) -> bool:
    return 7 <= len(text) <= 64 and set(text) <= set("0123456789abcdef")


def canonical(value: object) -> bytes:
    """A value as the one JSON text that is hashed: keys sorted, no spaces, non-ASCII escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
