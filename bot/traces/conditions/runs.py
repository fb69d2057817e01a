"""An episode goes in; the steps that say how its run went and ended come out (None: not so)."""

from __future__ import annotations

import re

from bot.model import Episode
from bot.traces.conditions import calls as of
from bot.traces.conditions.parameters import listed
from bot.traces.gate.closed import rejected

SHOWN = 10
"""How many steps of a share are cited: enough to see, not all of a long run."""
MOST = 2_000
SESSION = 64
"""Characters of a session's name that the guards write down."""
STAGES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("types", re.compile(r"\berror:? TS\d{3,5}\b|\berror: .{0,300}\[[a-z]+-[a-z-]{1,40}\]$|\(report[A-Z]\w{3,60}\)$")),
    (
        "lint",
        re.compile(
            r"(?i)\b(?:eslint|ruff|flake8|pylint|rubocop|golangci|clippy|checkstyle|stylelint|prettier|spotless|ktlint)"
            r"|:\d+:\d+: [A-Z]{1,4}\d{2,4}\b|^\W{0,3}\d+:\d+\s+error\s|: error: Unused import|^- hook id:"
        ),
    ),
    (
        "build",
        re.compile(
            r"\berror\[E\d{4}\]"
            r"|\berror:? (?:CS|C|LNK|MSB|NU)\d{3,5}\b|error: (?:cannot find symbol|package \S{1,99} does)"
            r"|undefined reference|SyntaxError|COMPILATION ERROR|[Cc]ompilation failed|Build failed|could not compile"
            r"|Task :\S{0,200}compile\w{1,40} FAILED|npm ERR! code E(?!LIFECYCLE)|ERESOLVE|: fatal error:"
        ),
    ),
)
"""What the reason that CI gives says of the step that ended it. Exceptions and failed tests are in none."""


def timed_out_calls(episode: Episode, least: int) -> tuple[int, ...] | None:
    """Commands were killed on a time-out in `least` or more steps."""
    timed_out = {number for number, step in of.numbered(episode) if any(call.timed_out for call in step.calls)}
    return tuple(sorted(timed_out)) if len(timed_out) >= least else None


def error_share(episode: Episode, least: int) -> tuple[int, ...] | None:
    """At least `least` per cent of the calls failed; the first ten steps that show it are cited."""
    rows = list(of.calls(episode))
    failed = [number for number, call in rows if call.status == "error"]
    if not failed or 100 * len(failed) < least * len(rows):
        return None
    return tuple(sorted(set(failed)))[:SHOWN]


def ended(episode: Episode, reasons: str | list[str]) -> tuple[int, ...] | None:
    """The run ended for one of these reasons (`finished` = the agent stopped by itself); the last step is cited."""
    if episode.trace is None or episode.trace.end_reason not in listed(reasons):
        return None
    return of.last_step(episode)


def steps(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The run has `least` or more steps; the one that reached the number is cited."""
    return (least,) if episode.trace and len(episode.trace.steps) >= least else None


def compactions(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The context was compacted `least` times or more; nothing is cited."""
    return () if episode.trace and episode.trace.compactions >= least else None


def signal(episode: Episode, names: str | list[str]) -> tuple[int, ...] | None:
    """A signal of one of these names (model.Signal lists them) was held; nothing is cited."""
    return () if any(signal.held and signal.name in listed(names) for signal in episode.signals) else None


def guard_did(episode: Episode, acts: str | list[str]) -> tuple[int, ...] | None:
    """A guard of ours did a `nudge`, a `pause` or a `send-back` in this session, as its log says; nothing is cited.

    NOTE: a trace joined from several sessions bears the name of the first, and only that one is compared.
    """
    session = episode.trace.session[:SESSION] if episode.trace else ""
    for signal in episode.signals:
        said = signal.detail.split(" ") if signal.held and signal.name == "guard-acted" else []
        if len(said) > 1 and said[1] in listed(acts) and (not session or session in said[2:] or not said[2:]):
            return ()
    return None


def stopped_by(episode: Episode, guards: str | list[str]) -> tuple[int, ...] | None:
    """The agent's own guard ended the run: `loop` (it saw itself repeat) or `format` (answers that nobody could read).

    The last step is cited.
    """
    if episode.trace is None or episode.trace.guard not in listed(guards):
        return None
    return of.last_step(episode)


def closed(episode: Episode, _: str | list[str]) -> tuple[int, ...] | None:
    """People reviewed the pull and closed it unmerged (`rejected`); nothing is cited."""
    return () if rejected(episode.closure) else None


def ci_stage(episode: Episode, stages: str | list[str]) -> tuple[int, ...] | None:
    """CI ended before a test could fail, in a `build`, a `lint` or a `types` step; nothing is cited.

    Told by the line that its log gives as the reason and by reports of linters. Does not hold when a test failed.
    """
    held = [signal for signal in episode.signals if signal.held]
    if any(signal.name in ("test-failed", "test-regressed") for signal in held):
        return None
    wanted = set(listed(stages))
    lint = any(signal.name == "lint-failed" or (signal.name == "lints-failed" and signal.value) for signal in held)
    reasons = [signal.detail[:MOST] for signal in held if signal.name == "job-failed"]
    seen = {stage for stage, words in STAGES for reason in reasons if words.search(reason)} | (
        {"lint"} if lint else set()
    )
    return () if seen & wanted else None
