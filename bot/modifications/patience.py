"""Agents whose commands were killed on the default time-out of a repository's own settings in; that one number out.

Only a number that somebody has written down is moved, only upwards, and at most to twice of what it is: whether the
commands then come to an end is what the held-out trial and the watch are asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from bot.model import Detector, Edit, Episode, Harness, Pattern, Prediction, Remedy, Replay
from bot.modifications.harness import SETTINGS
from bot.modifications.upkeep import FACTOR, Kept, made

PATIENCE, RULE = "retry-or-timeout", "command-times-out"
KEY, MOST = "BASH_DEFAULT_TIMEOUT_MS", "BASH_MAX_TIMEOUT_MS"
"""How long Claude Code lets a command run that asks for no time, and the most that one may ask for; milliseconds, under
`env` (https://docs.claude.com/en/docs/claude-code/settings)."""
SHIPPED_MOST = 600_000
"""That most where nobody sets it (https://zenn.dev/khasegawa/articles/75b49e2cbb14c8)."""
LEAST = 3
"""Failed runs in which a command was killed at exactly this number, before it is said to be too short."""
NEAR = 0.01
"""The share by which a measured duration may miss the number at which it was cut off."""
WRITTEN = re.compile(rf'"{KEY}"\s{{0,20}}:\s{{0,20}}"?(\d{{1,9}})"?')


def patience(
    harness: Harness, runs: Sequence[Episode], patterns: Sequence[Pattern], detectors: Mapping[str, Detector]
) -> Iterator[Kept]:
    """The one change that is due, when the pattern is actionable and enough failures here show this very number.

    `runs` are the repository's judged ones that passed the gate. What a fork shows counts for nothing.
    """
    pattern = next((one for one in patterns if one.detector == RULE and one.status == "actionable"), None)
    detector, file = detectors.get(RULE), harness.files.get(SETTINGS)
    if pattern is None or detector is None or file is None or file.link:
        return
    now, then, text = longer(file.text)
    if not text:
        return
    read = tuple(one for one in runs if one.trace is not None and one.trust != "T0")
    shown = {finding.episode for finding in pattern.findings}
    cut = {one.id for one in read if _was_cut(one, now)}
    failed, passed = ([one for one in read if one.outcome == outcome] for outcome in ("fail", "pass"))
    fixes = tuple(one.id for one in failed if one.id in cut & shown)
    risks = tuple(one.id for one in passed if one.id in cut)
    if len(fixes) < LEAST:
        return
    edit = Edit(file.path, file.text, text, file.mode)
    prediction = Prediction(fixes, risks, Replay(RULE, len(failed), len(passed), fixes, risks))
    yield Kept(made(harness, detector, pattern, PATIENCE, title(now, then), (edit,), prediction, remedy()), read)


def longer(settings: str) -> tuple[int, int, str]:
    """The number as it is, what it may become, and the settings with that; no text when it is not to be moved."""
    now, most = _number(settings, KEY), _number(settings, MOST) or SHIPPED_MOST
    then = min(now * FACTOR, most)
    written = list(WRITTEN.finditer(settings))
    if not now or then <= now or len(written) != 1:
        return now, now, ""
    start, end = written[0].span(1)
    return now, then, f"{settings[:start]}{then}{settings[end:]}"


def title(was: int, now: int) -> str:
    """What the change says of itself."""
    return f"Commands are killed too soon: {KEY} {was} → {now}"


def remedy() -> Remedy:
    """What it adds, in words."""
    return Remedy("hooks", "Let a command that asks for no time of its own run longer before it is killed.")


def _was_cut(episode: Episode, limit: int) -> bool:
    """Whether a command was killed when it had run for so many milliseconds."""
    calls = (call for step in (episode.trace.steps if episode.trace else ()) for call in step.calls)
    return any(
        call.timed_out and call.kind == "shell" and abs((call.duration_ms or 0) - limit) <= limit * NEAR
        for call in calls
    )


def _number(text: str, key: str) -> int:
    """A positive number under `env`; 0 when there is none, or the file is not what its reader takes."""
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        return 0
    env = settings.get("env") if isinstance(settings, dict) else None
    value = env.get(key) if isinstance(env, dict) else None
    said = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(said) if re.fullmatch(r"[1-9]\d{0,8}", said, re.ASCII) else 0
