"""Takes the text of a policy file and returns a frozen Policy, or says which key is wrong and how to mend it.

A policy over another one may only be more careful: bars lower or higher as care demands, lists of paths longer, the
list of kinds shorter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from bot.approval.care import careless
from bot.approval.cusum import Chart, Fraction
from bot.errors import UserError

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
# Below the smallest hope of the e-process (record.py).
Below = Annotated[float, msgspec.Meta(gt=0, lt=0.85)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Texts = Annotated[tuple[Text, ...], msgspec.Meta(max_length=500)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Refuses what it does not know."""


class Paths(_Section, frozen=True):
    """Globs of what a change of ours never touches, of what a person always merges, and of the sensitive files in which
    one number may change all the same."""

    never: Texts
    sensitive: Texts
    numbers: Texts


class Shared(_Section, frozen=True):
    """Globs of what several projects share."""

    repositories: Texts
    paths: Texts


class Bars(_Section, frozen=True):
    """What a change must not exceed for a tier; `passing_episodes` is what its back-test must reach."""

    passing_episodes: Count
    passes_disturbed: Share
    files: Count
    lines_added: Count


class AutonomousBars(Bars, frozen=True):
    """And which kinds of edit may merge themselves, on what record, and what takes that away."""

    kinds: Texts
    kept_share: Share
    beaten_share: Below
    repositories: Count
    borrowed: Count
    thin: Count
    demotion: Chart


class Merging(_Section, frozen=True):
    """How long a check must have run to be believed."""

    check_seconds: Count


class Watching(_Section, frozen=True):
    """When a watch has an answer, and what its charts ask; rows of `charts` grow in what they expect."""

    runs: Count
    days: Count
    window: Count
    most_days: Count
    falls_to: Fraction
    reruns: Count
    charts: Annotated[tuple[Chart, ...], msgspec.Meta(min_length=1, max_length=50)]


class Caps(_Section, frozen=True):
    """How many of our pulls may be open in one repository, how many a run and a day may add, how long we rest after a
    person turned one down; and how many issues one owner gets, in all and of one category."""

    open_pulls: Count
    new_per_run: Count
    new_per_day: Count
    cooldown_days: Count
    issues: Count
    issues_of_category: Count


class Policy(_Section, frozen=True):
    """The approval policy of one repository; what each key means stands in rules/approval/default.yml."""

    version: Literal[1]
    enabled: bool
    paths: Paths
    shared: Shared
    interactive: Bars
    autonomous: AutonomousBars
    merging: Merging
    watch: Watching
    caps: Caps


SECTIONS: Mapping[str, type[_Section]] = {
    "paths": Paths,
    "shared": Shared,
    "interactive": Bars,
    "autonomous": AutonomousBars,
    "merging": Merging,
    "watch": Watching,
    "caps": Caps,
}


def load(text: str, path: str, base: Policy | None = None) -> Policy:
    """The policy in `text`; over a `base` it may leave keys out, and be more careful in those it sets.

    Raises UserError with the file, the key and the mend.
    """
    given = _parse(text, path)
    before = msgspec.to_builtins(base) if base is not None else {}
    try:
        policy = msgspec.convert(_merged(before, given), Policy)
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {_plain(error)}. Known keys: {_known(error)}.") from None
    if base is not None:
        for key, mend in careless(_merged(before, given), before):
            raise UserError(f"{path}: `{key}` is less careful than the policy it stands on. Write {mend}.")
    return policy


def _parse(text: str, path: str) -> dict[str, object]:
    from bot import strict_yaml  # PyYAML costs 20 ms at import, and the heart is imported without a policy to load

    try:
        return msgspec.convert(strict_yaml.parse(text, path), dict[str, object])
    except msgspec.ValidationError:
        raise UserError(f"{path}: no mapping of keys. Start from rules/approval/default.yml.") from None


def _merged(before: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """The given keys over those before, section by section."""
    merged = {**before, **given}
    for section, inner in given.items():
        old = before.get(section)
        if isinstance(inner, dict) and isinstance(old, dict):
            merged[section] = _merged(old, inner)
    return merged


def _plain(error: msgspec.ValidationError) -> str:
    """msgspec's message with the key instead of its sigil."""
    return str(error).replace("`$.", "`").replace(" - at `$`", "")[:300]


def _known(error: msgspec.ValidationError) -> str:
    """The keys of the section that the error is about."""
    section = str(error).rpartition("`$.")[2].partition(".")[0].rstrip("`")
    return ", ".join(SECTIONS.get(section, Policy).__struct_fields__)
