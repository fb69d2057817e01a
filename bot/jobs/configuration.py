"""Takes the texts of two files, a repository's own and its owner's shared one, and returns what holds there.

Both stand on a default branch; a pull's head or a fork has no say. Where both speak, the more careful word holds. A
file that cannot be read means: observe only, and one issue says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from bot.approval import policy
from bot.approval.care import FIXED, HIGHER, SHORTER
from bot.approval.labels import FLYWHEEL, STUCK
from bot.approval.policy import Policy
from bot.errors import UserError
from bot.jobs.identity import identity, revision
from bot.model import CloseChange, Effect, OpenIssue, branch_of, replace
from bot.pages.escape import fenced
from bot.trials.wanted import Trials

PATH = ".github/flywheel.yml"
SHARED_REPOSITORY = ".github"
SHARED_PATH = "flywheel.yml"
"""In `{owner}/.github` the shared file stands at the root: `.github/flywheel.yml` is that repository's own."""

PURPOSE = "configuration"
START = """\
# What Flywheel may do here; every key is in its docs/configuration.md.
version: 1
mode: propose # or observe: look, and open nothing
"""

Mode = Literal["observe", "propose"]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Refuses what it does not know."""


class File(_Section, frozen=True):
    """A file as it stands; what each key means is told in docs/configuration.md."""

    version: Literal[1]
    mode: Mode = "propose"
    pause: bool = False
    pause_rollbacks: bool = False
    dashboard: bool = False
    trials: Trials | None = None
    policy: dict[str, object] = msgspec.field(default_factory=dict)


class Problem(msgspec.Struct, frozen=True):
    """Why a file cannot be read: in which of the two places, and what is to be mended, in words."""

    shared: bool
    text: str


class Configuration(msgspec.Struct, frozen=True):
    """What holds in one repository. `present` is whether it has a file of its own: without one nothing is done there.

    `policy` is switched off (`enabled` false) unless the flywheel may propose. `notes` says where a shared word holds.
    """

    policy: Policy
    present: bool = False
    mode: Mode = "observe"
    pause: bool = False
    pause_rollbacks: bool = False
    dashboard: bool = False
    trials: Trials | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def proposes(self) -> bool:
        """Whether new pulls and issues may be opened."""
        return self.present and self.mode == "propose" and not self.pause and not self.problems


def read(own: str | None, shared: str | None, base: Policy) -> Configuration:
    """What the two files say together; None = there is no such file. Never raises for what stands in them."""
    problems: list[Problem] = []
    mine = _checked(own, PATH, base, False, problems)
    theirs = _checked(shared, f"{SHARED_REPOSITORY}: {SHARED_PATH}", base, True, problems)
    if own is None or problems:
        return Configuration(
            policy=replace(base, enabled=False),
            present=own is not None,
            pause_rollbacks=any(one.pause_rollbacks for one, _ in filter(None, (mine, theirs))),
            problems=tuple(problems),
        )
    return _together(mine, theirs, base)


def load(text: str, path: str, base: Policy) -> tuple[File, Policy]:
    """A file and the policy that it makes of `base`. UserError names the key and the mend; known keys are listed."""
    from bot import strict_yaml  # PyYAML is needed for files alone

    given = strict_yaml.parse(text, path)
    try:
        file = msgspec.convert(given, File)
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {_plain(error)}. Known keys: {_known(error)}.") from None
    if not file.policy:
        return file, base
    try:
        said = json.dumps(file.policy, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: `policy` holds what no policy can ({error}). Write names, numbers, lists.") from None
    return file, policy.load(said, f"{path} (policy)", base)


def effects(repository: str, found: Configuration, *, open_now: bool) -> tuple[Effect, ...]:
    """The one issue that says why a file is not obeyed, or its end; nothing when there is nothing to say.

    `open_now` is whether it is open. A broken shared file is said where it stands, in `{owner}/.github`, once.
    """
    here = repository.partition("/")[2].casefold() == SHARED_REPOSITORY
    told = [one for one in found.problems if here or not one.shared]
    if told:
        return (_complaint(repository, told),)
    change = identity(PURPOSE)
    if not open_now:
        return ()
    return (CloseChange(repository, change, branch_of(PURPOSE, change), "It can be read again."),)


def unremembered(repository: str, why: str) -> OpenIssue:
    """The same issue where the ledger is not ours alone: what cannot be remembered is not done."""
    text = (
        f"Flywheel remembers what it does here on a branch that nobody else may write to.\n\n{fenced(why, 'text')}\n\n"
        "Until then it opens, merges and updates nothing here. This issue is closed by itself then; `flywheel doctor` "
        "says the same in its row `ledger`."
    )
    title = "Flywheel does nothing here: somebody else writes to its ledger"
    return OpenIssue(repository, identity(PURPOSE), revision(text), title, text, (FLYWHEEL.name, STUCK.name))


def _complaint(repository: str, told: Sequence[Problem]) -> OpenIssue:
    where = SHARED_PATH if told[0].shared else PATH
    reach = "in every repository of this owner" if any(one.shared for one in told) else "here"
    said = "\n\n".join(fenced(one.text, "text") for one in told)
    text = (
        f"Flywheel cannot read `{where}` on the default branch, so it only observes {reach}: it opens, merges and "
        f"updates nothing.\n\n{said}\n\n"
        "Mend the file on the default branch; this issue is closed by itself then. `flywheel lint` checks the file "
        "before it is committed. Closing this issue changes nothing else: Flywheel keeps observing, and keeps quiet."
    )
    title = f"Flywheel only observes: `{where}` cannot be read"
    return OpenIssue(repository, identity(PURPOSE), revision(text), title, text, (FLYWHEEL.name, STUCK.name))


# --- both together ----------------------------------------------------------------------------------------------------


def _checked(
    text: str | None, path: str, base: Policy, shared: bool, problems: list[Problem]
) -> tuple[File, Policy] | None:
    if text is None:
        return None
    try:
        return load(text, path, base)
    except UserError as error:
        problems.append(Problem(shared, str(error)))
        return None


def _together(mine: tuple[File, Policy] | None, theirs: tuple[File, Policy] | None, base: Policy) -> Configuration:
    """The more careful of both, key by key."""
    files = [one for one in (mine, theirs) if one is not None]
    said = [file for file, _ in files]
    built = [msgspec.to_builtins(one) for _, one in files]
    both = msgspec.to_builtins(base)
    for one in built:
        both = _careful(both, one)
    mode: Mode = "observe" if any(file.mode == "observe" for file in said) else "propose"
    pause = any(file.pause for file in said)
    agreed = msgspec.convert(both, Policy)
    agreed = replace(agreed, enabled=agreed.enabled and mode == "propose" and not pause)
    return Configuration(
        policy=agreed,
        present=True,
        mode=mode,
        pause=pause,
        pause_rollbacks=any(file.pause_rollbacks for file in said),
        dashboard=any(file.dashboard for file in said),
        trials=next((file.trials for file in said if file.trials is not None), None),
        notes=tuple(_notes(mine, theirs, built, both)),
    )


def _careful(one: object, other: object, key: str = "") -> object:
    """The more careful of two policies, as plain data (bot/approval/care.py says which way care lies)."""
    match one, other:
        case dict(), dict():
            return {name: _careful(one[name], other[name], name) for name in one}
        case ((list() | tuple()), (list() | tuple())) if key == "charts":
            return [_careful(a, b, key) for a, b in zip(one, other, strict=True)]
        case ((list() | tuple()), (list() | tuple())) if key in SHORTER:
            return [item for item in one if item in other]
        case ((list() | tuple()), (list() | tuple())):
            return list(dict.fromkeys([*one, *other]))
        case bool(), bool():
            return one and other
        case ((int() | float()), (int() | float())) if key not in FIXED:
            return max(one, other) if key in HIGHER else min(one, other)
    return one


def _notes(
    mine: tuple[File, Policy] | None, theirs: tuple[File, Policy] | None, built: list[object], both: object
) -> Iterator[str]:
    """Where the repository's own word does not hold, because the shared one is more careful."""
    if mine is None or theirs is None:
        return
    for name, careful in (("mode", "observe"), ("pause", True), ("pause_rollbacks", True), ("dashboard", True)):
        if getattr(theirs[0], name) == careful != getattr(mine[0], name):
            shown = careful if isinstance(careful, str) else str(careful).lower()
            yield f"`{name}: {shown}` holds: the owner's shared file says so."
    for key in _differing(built[0], both):
        yield f"`policy.{key}`: the owner's shared file is more careful, and holds."


def _differing(one: object, other: object, key: str = "") -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in one:
            yield from _differing(one[name], other[name], f"{key}.{name}".lstrip("."))
    elif _bag(one) != _bag(other):
        yield key


def _bag(value: object) -> object:
    """A list without its order, for that is no difference."""
    return sorted(map(str, value)) if isinstance(value, (list, tuple)) else value


def _plain(error: msgspec.ValidationError) -> str:
    """msgspec's message with the key instead of its sigil."""
    return str(error).replace("`$.", "`").replace(" - at `$`", "")[:300]


def _known(error: msgspec.ValidationError) -> str:
    section = Trials if "`$.trials" in str(error) else File
    return ", ".join(section.__struct_fields__)
