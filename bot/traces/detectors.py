"""The texts of rule files go in; detectors come out, or a UserError that names the file and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bot.errors import UserError
from bot.model import Component, Detector, Measured, Remedy
from bot.traces import rule_yaml
from bot.traces.conditions import check

FAMILIES = ("verification", "loops", "budget", "scope", "integrity", "context", "environment")
KEYS = (
    "id, title, status, level, detect, sources, measured {data, fails, passes, by}, blind_spots, "
    "remedy {component, guard, text}, predict {falls}"
)
MAX_RULES = 500

Line = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"^[^\n]+$")]
Slug = Annotated[str, Meta(max_length=60, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Url = Annotated[str, Meta(max_length=300, pattern=r"^https://\S+$")]
Rate = Annotated[float, Meta(ge=0, le=1)]


class _Remedy(msgspec.Struct, forbid_unknown_fields=True):
    component: Component
    text: Annotated[str, Meta(min_length=1, max_length=500)]
    """It goes into other people's harness and every run reads it: short."""
    guard: Slug | Literal[""] = ""


class _Measured(msgspec.Struct, forbid_unknown_fields=True):
    data: Line
    by: Annotated[str, Meta(max_length=300, pattern=r"^(ours|none|https://\S+)$")]
    fails: Rate | None = None
    passes: Rate | None = None


class _Predict(msgspec.Struct, forbid_unknown_fields=True):
    falls: Slug


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    id: Slug
    title: Line
    status: Literal["experimental", "stable"]
    level: Literal["low", "medium", "high"]
    detect: dict[str, object]
    remedy: _Remedy
    measured: _Measured | None = None
    sources: tuple[Url, ...] = ()
    blind_spots: tuple[Line, ...] = ()
    predict: _Predict | None = None


def load(files: Mapping[str, str]) -> tuple[Detector, ...]:
    """Detectors of `<…>/<family>/<slug>.yml`, sorted by path; files that are no rules (tests, README) are left out."""
    rules = {path: text for path, text in sorted(files.items()) if is_rule(path)}
    if len(rules) > MAX_RULES:
        raise UserError(f"{next(iter(rules))}: one of {len(rules)} rules. Load at most {MAX_RULES} at once.")
    found: dict[str, tuple[str, Detector]] = {}
    for path, text in rules.items():
        detector = _detector(path, text)
        if detector.id in found:
            raise UserError(f"{path}: {found[detector.id][0]} has the same name. Rename one: a slug names one rule.")
        found[detector.id] = (path, detector)
    return tuple(detector for _, detector in found.values())


def is_rule(path: str) -> bool:
    """Whether a path is that of a rule (not of its test, not of prose)."""
    return path.endswith((".yml", ".yaml")) and not path.endswith((".test.yml", ".test.yaml"))


def _detector(path: str, text: str) -> Detector:
    rule = rule_yaml.read(text, path, _Rule, KEYS)
    place = PurePosixPath(path)
    if place.parent.name not in FAMILIES:
        raise UserError(f"{path}: {place.parent.name!r} is no family. Put it in a folder of: {', '.join(FAMILIES)}.")
    if rule.id != place.stem:
        raise UserError(f"{path}: its id is {rule.id!r}. Let the id be the file's name, {place.stem!r}.")
    check(rule.detect, path)
    measured = Measured(**msgspec.structs.asdict(rule.measured)) if rule.measured else Measured()
    if rule.status == "stable" and (measured.by == "none" or measured.fails is None or measured.passes is None):
        raise UserError(
            f"{path}: stable, yet not measured on failures and passes. Measure it, or call it experimental."
        )
    if (rule.remedy.component == "hooks") != bool(rule.remedy.guard):
        raise UserError(f"{path}: a remedy for hooks names a guard, another none. Mend component or guard.")
    return Detector(
        id=rule.id,
        family=place.parent.name,
        title=rule.title,
        status=rule.status,
        level=rule.level,
        detect=rule.detect,
        remedy=Remedy(rule.remedy.component, rule.remedy.text.strip(), rule.remedy.guard),
        measured=measured,
        sources=rule.sources,
        blind_spots=rule.blind_spots,
        falls=rule.predict.falls if rule.predict else rule.id,
    )
