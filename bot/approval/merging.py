"""Takes all that GitHub says of an autonomous pull, freshly read; returns what to do and every reason against a merge.

The questions are those of research/bots.md §3.4. What could not be read is None, and speaks against the merge: unknown
means no. The head is named in whatever is done, so that a head that has moved meanwhile is an error and no merge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from bot.approval.policy import Policy
from bot.hosting.pulls import Checked, Mergeable
from bot.model import Decision, Edit

Do = Literal["read-back", "demote", "disarm", "wait", "enqueue", "arm", "merge"]


class Candidate(msgspec.Struct, frozen=True):
    """A pull that might merge itself. Every default is the one that forbids it.

    `known` = our ledger has it, under this pull's number; `author_ours` by the App's id; `marker_holds` = the body's
    signed marker binds it to this repository and pull; `commits_ours` = every commit is verified and by our App;
    `edits_hold` = the diff, read again, is the one that was judged. `judged_head` and `judged_base` are what the
    decision was about, `twins` other open pulls with the same head, `busy` another merge into this base on its way.
    """

    head: str
    base: str
    default_branch: str
    judged_head: str
    judged_base: str
    decision: Decision
    merged: bool = False
    armed: bool = False
    held: bool = True
    stopped: Sequence[str] = ("not looked up",)
    known: bool = False
    author_ours: bool | None = None
    marker_holds: bool | None = None
    commits_ours: bool | None = None
    edits_hold: bool | None = None
    protected: bool | None = None
    auto_merge_allowed: bool | None = None
    queue: bool | None = None
    changes_requested: bool | None = None
    twins: int | None = None
    busy: bool | None = None
    mergeable: Mergeable = "unknown"
    checks: tuple[Checked, ...] = ()


class Obstacle(msgspec.Struct, frozen=True):
    """One reason why it does not merge now: `demote` = a person must look, `stop` = while it lasts, `wait` = yet."""

    code: str
    weight: Literal["demote", "stop", "wait"]
    seen: str


class Next(msgspec.Struct, frozen=True):
    """What to do with it, at exactly this head, and all that speaks against a merge.

    `demote` and `disarm` both take a native auto-merge back; `arm` asks for one, `merge` merges directly.
    """

    do: Do
    head: str
    obstacles: tuple[Obstacle, ...] = ()


def next_step(candidate: Candidate, policy: Policy) -> Next:
    """What to do now. A pull that is merged is only read back, whatever answer its merge gave."""
    if candidate.merged:
        return Next("read-back", candidate.head)
    against = tuple(obstacles(candidate, policy))
    weights = {one.weight for one in against}
    if "demote" in weights:
        return Next("demote", candidate.head, against)
    if against:
        return Next("disarm" if candidate.armed and "stop" in weights else "wait", candidate.head, against)
    do: Do = "enqueue" if candidate.queue else "merge" if candidate.mergeable == "clean" else "arm"
    return Next(do, candidate.head)


def obstacles(candidate: Candidate, policy: Policy) -> Iterator[Obstacle]:
    """Everything that speaks against merging it now."""
    yield from _not_ours(candidate)
    yield from _moved(candidate)
    yield from _stopped(candidate)
    yield from _unprotected(candidate)
    yield from _unchecked(candidate.checks, policy)


def _not_ours(one: Candidate) -> Iterator[Obstacle]:
    """It must be our pull with our bytes only: copied branches, bodies and labels prove nothing."""
    for code, holds in (
        ("not-in-ledger", one.known),
        ("not-our-author", one.author_ours),
        ("marker", one.marker_holds),
        ("commits", one.commits_ours),
        ("diff", one.edits_hold),
    ):
        if holds is not True:
            yield Obstacle(code, "demote", "unknown" if holds is None else "no")


def _moved(one: Candidate) -> Iterator[Obstacle]:
    if one.decision.tier != "autonomous":
        codes = [reason.code for reason in one.decision.reasons if reason.allows != "autonomous"]
        yield Obstacle("tier", "demote", f"{one.decision.tier}: {', '.join(codes) or 'no reason given'}")
    if not one.head or one.head != one.judged_head:
        yield Obstacle("head-moved", "demote", f"{one.judged_head} was judged, {one.head} is the head")
    if one.base != one.judged_base or one.base != one.default_branch:
        yield Obstacle("base-moved", "demote", f"{one.judged_base} was judged, {one.base} is the base")
    if one.twins != 0:
        yield Obstacle("same-head", "stop", "unknown" if one.twins is None else f"{one.twins} other open pulls")


def _stopped(one: Candidate) -> Iterator[Obstacle]:
    if one.stopped:
        yield Obstacle("switch", "stop", "; ".join(one.stopped))
    if one.held or one.decision.held:
        yield Obstacle("held", "stop", one.decision.held or "held")
    if one.changes_requested is not False:
        yield Obstacle("changes-requested", "stop", "unknown" if one.changes_requested is None else "yes")
    if one.busy is not False:
        yield Obstacle("one-at-a-time", "wait", "unknown" if one.busy is None else "another merge into this base")


def _unprotected(one: Candidate) -> Iterator[Obstacle]:
    """What the repository must allow and demand; it may have changed since the tier was switched on."""
    if one.protected is not True:
        yield Obstacle("unprotected", "demote", "unknown" if one.protected is None else "no")
    if one.queue is None:
        yield Obstacle("queue", "stop", "unknown")
    if one.mergeable in ("unknown", "behind", "unstable"):
        yield Obstacle("mergeable", "wait", one.mergeable)
    if one.mergeable == "dirty":
        yield Obstacle("mergeable", "demote", one.mergeable)
    if one.mergeable == "blocked" and not one.queue and one.auto_merge_allowed is not True:
        yield Obstacle("auto-merge-off", "stop", "unknown" if one.auto_merge_allowed is None else "no")


def _unchecked(checks: Sequence[Checked], policy: Policy) -> Iterator[Obstacle]:
    """A required check that is not ours must have looked, and long enough; and none may have failed."""
    failed = [check.name for check in checks if check.conclusion == "failure"]
    if failed:
        yield Obstacle("check-failed", "stop", ", ".join(failed))
    real = [check for check in checks if check.required and not check.ours]
    if not real:
        yield Obstacle("no-real-check", "demote", f"{len(checks)} checks, none of them required and not ours")
        return
    pending = [check.name for check in real if check.conclusion == "pending"]
    if pending:
        yield Obstacle("check-pending", "wait", ", ".join(pending))
    passed = [check for check in real if check.conclusion == "success"]
    if not passed and not pending:
        yield Obstacle("no-real-check", "demote", f"{len(real)} required checks, none has looked")
    if passed and max(check.seconds for check in passed) < policy.merging.check_seconds:
        yield Obstacle("check-too-fast", "demote", f"the longest ran {max(check.seconds for check in passed):.0f} s")


def strayed(edits: Sequence[Edit], tree: Mapping[str, str | None]) -> tuple[str, ...]:
    """The paths of a merge, read back, whose bytes are not the ones that were to be merged (None = no such file)."""
    return tuple(edit.path for edit in edits if edit.path not in tree or tree[edit.path] != edit.after)
