"""A manifest and the reports below `witnesses/` go in; the other runs that may tell why an episode failed come out.

    "witnesses": [{"kind": "base" | "attempt", "sha": "…", "run": {…, as the episode's own},
                   "reports": ["witnesses/base/junit.xml"]}]
    "closure": {"reason": "superseded by #12", "by_bot": true, "reviews": 0}      a pull that was closed unmerged

The reports of a witness are never the episode's own. What the manifest claims about them is not believed: the outcome
is that of the bytes, and a witness without a readable report witnesses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from bot.model import Closure, Outcome, Report, Run, Witness

FOLDER = "witnesses/"
"""Where a bundle keeps the reports of other runs."""
MOST = 50
SHA = re.compile(r"[0-9a-f]{7,64}")
KINDS: Mapping[object, Literal["base", "attempt"]] = {"base": "base", "attempt": "attempt"}


def witnesses(
    manifest: Mapping[str, object], reports: Mapping[str, Report], run: Callable[[Mapping[str, object]], Run]
) -> tuple[Witness, ...]:
    """The witnesses that the manifest lists, at most 50. `reports` are by name in the bundle; `run` reads a run."""
    listed = manifest.get("witnesses")
    found: list[Witness] = []
    for entry in listed[:MOST] if isinstance(listed, list) else ():
        if not isinstance(entry, dict) or not (kind := _kind(entry.get("kind"))):
            continue
        read = [reports[name] for name in _texts(entry.get("reports")) if name in reports]
        sha, declared = entry.get("sha"), entry.get("run")
        found.append(
            Witness(
                kind,
                _outcome(report.outcome for report in read),
                sha if isinstance(sha, str) and SHA.fullmatch(sha) else "",
                tuple(signal for report in read for signal in report.signals),
                run(declared) if isinstance(declared, dict) else Run(),
            )
        )
    return tuple(found)


def closure(manifest: Mapping[str, object]) -> Closure | None:
    """How the pull was closed, None when the manifest does not say."""
    declared = manifest.get("closure")
    if not isinstance(declared, dict):
        return None
    reason, reviews = declared.get("reason"), declared.get("reviews")
    return Closure(
        reason[:200] if isinstance(reason, str) and reason.isprintable() else "",
        declared.get("by_bot") is True,
        reviews if type(reviews) is int and reviews > 0 else 0,
    )


def _kind(value: object) -> Literal["base", "attempt"] | None:
    return KINDS.get(value) if isinstance(value, str) else None


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _outcome(outcomes: Iterable[Outcome]) -> Outcome:
    told = set(outcomes)
    return "fail" if "fail" in told else "pass" if "pass" in told else "none"
