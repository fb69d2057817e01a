"""What was seen of a repository before it takes part goes in; the body of its onboarding pull comes out.

Nothing here cites a run: counts, and the titles of our own rules. Names of workflows are shown as code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from bot.model import Tier
from bot.pages import offer
from bot.pages.escape import code, fenced, markdown
from bot.pages.words import WHY_DESCRIPTIVE, count

PULL_TITLE = "Configure Flywheel"
WHAT = """\
Flywheel reads what coding agents leave behind when their pull requests fail, looks for what keeps going wrong and is \
rarer when they succeed, and proposes changes to the files that steer the agents. **It does nothing in this repository \
until this pull request is merged.**

### What will happen

This adds one file, `.github/flywheel.yml`, and nothing else. Edit it here as you like, or afterwards:

{file}

From then on Flywheel

- reads runs, logs and artifacts of this repository when CI has ended;
- has at most {open_pulls} pull requests open here, each with its evidence, what it should cure and what it may disturb;
- lets a person merge them: what merges itself must have earned that, and needs branch protection with a check of yours;
- writes no workflow and no `CODEOWNERS`.
"""
MISSING = """\
**What is there of what a pattern needs: {have}.**

A pattern is acted on when it shows in at least {failures} failed runs on {tasks} tasks and is rarer among passing \
ones. {passes} passes are enough for a pull request that a person merges; without them it becomes an issue. These \
counts are brought up to date here while this is open.
"""
NO = """\
### No, thanks

Close this pull request. That is remembered as a no: it is never opened again, and nothing is done here. Reopen it, or \
commit the file yourself, should you change your mind.

### To stop later

Delete `.github/flywheel.yml`, and what Flywheel has open here is withdrawn. `pause: true` makes it wait, \
`mode: observe` lets it look on. Uninstalling the App stops everything at once; what is open then is yours to close.
"""
TIERS = {
    "backlog": "an issue with a ready draft",
    "interactive": "a pull request that a person merges",
    "autonomous": "a pull request that may merge itself",
}


class Sight(msgspec.Struct, frozen=True):
    """One pattern as it would have been found: in how many failed and passing runs, on how many tasks, and the codes of
    what keeps it from being acted on."""

    title: str
    failed: int
    passed: int
    tasks: int
    reasons: tuple[str, ...] = ()


class Needed(msgspec.Struct, frozen=True):
    """What makes a pattern actionable; `passes` for a change that a person merges, `most_passes` for any."""

    failures: int
    tasks: int
    passes: int
    most_passes: int


class Rehearsal(msgspec.Struct, frozen=True):
    """What a turn over a repository's own runs of the last `days` would have found and proposed.

    `failed` and `passed` are judged runs that passed the gate, on `tasks`; `excluded` failed ones nobody is to blame
    for; `unjudged` have no verdict; `undated` tell no time and were left out.
    """

    days: int
    needed: Needed
    failed: int = 0
    passed: int = 0
    tasks: int = 0
    excluded: int = 0
    unjudged: int = 0
    undated: int = 0
    sights: tuple[Sight, ...] = ()
    proposals: tuple[tuple[str, Tier], ...] = ()


class InUse(msgspec.Struct, frozen=True):
    """An agent that works in a workflow of the repository, and whether that workflow makes bundles already; an agent
    without a workflow works elsewhere."""

    agent: str
    workflow: str = ""
    embeds: bool = False
    kept: bool = False
    """The workflow keeps what the agent did by itself, where we read it."""


class Place(msgspec.Struct, frozen=True):
    """What links need: the address that people use, `owner/name`, the default branch, and our Action."""

    server: str
    repository: str
    branch: str
    ours: str = offer.UNKNOWN


def pull_body(
    seen: Rehearsal, agents: Sequence[InUse], place: Place, file: str, open_pulls: int, notes: Sequence[str] = ()
) -> str:
    """The body of the onboarding pull. `file` is the text that it adds; `open_pulls` is how many there may be."""
    what = WHAT.format(file=fenced(file, "yaml"), open_pulls=open_pulls)
    noted = [f"> {markdown(note)}\n" for note in notes]
    parts = [what, *noted, *_replayed(seen), _missing(seen), *_upload(agents, place), NO]
    return "\n".join(parts).rstrip() + "\n"


def _replayed(seen: Rehearsal) -> Iterator[str]:
    """The replay report."""
    yield from (f"### What the last {seen.days} days would have given", "")
    runs = seen.failed + seen.passed + seen.excluded + seen.unjudged
    if not runs:
        yield "No run of an agent could be read yet. That is what the upload step below is for."
        yield ""
        return
    yield (
        f"{count(runs, 'run')} of agents could be read: {seen.failed:,} failed, {seen.passed:,} passed, "
        f"{seen.excluded:,} failed through no fault of the harness, {seen.unjudged:,} without a verdict."
        + (f" {count(seen.undated, 'run')} without a date were left out." if seen.undated else "")
    )
    yield ""
    if seen.sights:
        yield from ("| what keeps going wrong | failed runs | passing runs | |", "|---|--:|--:|---|")
        for sight in seen.sights:
            yield f"| {markdown(sight.title)} | {sight.failed:,} | {sight.passed:,} | {_lacks(sight, seen.needed)} |"
        yield ""
    if seen.proposals:
        yield "Flywheel would have proposed:\n"
        yield from (f"- {markdown(title)}: {TIERS[tier]}" for title, tier in seen.proposals)
    else:
        yield "Flywheel would have proposed nothing yet."
    yield ""


def _lacks(sight: Sight, needed: Needed) -> str:
    """`3 of 5 failures, on 2 of 3 tasks`, or why it is only described, or that it is enough."""
    counted = {
        "few-failures": f"{sight.failed:,} of {needed.failures} failures",
        "few-tasks": f"{sight.tasks:,} of {needed.tasks} tasks",
    }
    said = [counted.get(reason) or WHY_DESCRIPTIVE.get(reason, reason) for reason in sight.reasons]
    return "; ".join(said) or "enough to act on"


def _missing(seen: Rehearsal) -> str:
    """`3 of 5 failures, 2 of 3 tasks, 12 of 50 passes`, and what that means."""
    needed = seen.needed
    have = (
        f"{min(seen.failed, needed.failures)} of {needed.failures} failures, "
        f"{min(seen.tasks, needed.tasks)} of {needed.tasks} tasks, "
        f"{min(seen.passed, needed.most_passes)} of {needed.most_passes} passes"
    )
    return MISSING.format(have=have, failures=needed.failures, tasks=needed.tasks, passes=needed.passes)


def _upload(agents: Sequence[InUse], place: Place) -> Iterator[str]:
    """The upload step for each agent in use: links that a person follows, and the text to copy."""
    yield from ("### Let agents keep what they did", "")
    waiting = [one for one in agents if one.workflow and not one.embeds and not one.kept]
    if not agents:
        yield "No agent was found in the workflows of this repository. Where one works, its job needs these two steps:"
    for one in agents:
        yield f"- {markdown(one.agent)}{_where(one, place)}"
    yield ""
    if agents and not waiting:
        return
    if agents:
        yield "Add these two steps at the end of the job in which the agent works:"
        yield ""
    yield fenced(offer.steps(place.ours, 0), "yaml")
    yield ""
    link = offer.new_file(place.server, place.repository, place.branch, offer.LOCAL_PATH, offer.local(place.ours))
    if link:
        yield "<details><summary>Or once for several workflows, as an action of this repository</summary>\n"
        yield f"1. [Add the action]({link}): it opens GitHub's editor with the file ready, and you commit it."
        yield "2. Call it at the end of each job in which an agent works, after `actions/checkout`:\n"
        yield fenced(offer.call(0), "yaml")
        yield "\nIt is read from the work tree, so an agent could change it there; it cannot change the steps above."
        yield "\n</details>\n"
    if place.ours == offer.UNKNOWN:
        yield f"Replace `{offer.UNKNOWN}` by where you have Flywheel, and by a commit's full SHA."
        yield ""
    yield "The bundle is stripped of secrets in your CI before it is uploaded, and once more before anything is kept."
    yield ""


def _where(one: InUse, place: Place) -> str:
    if not one.workflow:
        return ": works elsewhere. Its CI results are read; its transcripts are not there to be read."
    shown = code(one.workflow)
    if one.embeds:
        return f" in {shown}: makes bundles already."
    if one.kept:
        return f" in {shown}: its artifacts are read as they are; nothing is to be done."
    return f" in {shown}: [open it]({offer.edit(place.server, place.repository, place.branch, one.workflow)})"
