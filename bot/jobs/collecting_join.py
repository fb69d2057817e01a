"""A head and what the API says of it in, the agent's transcripts of it out, with the reason why they are of this head.

The agent may have worked in another run than the one that judged the head, begun by a comment or by hand; such a run's
own head is then the default branch's tip. In this order (design.md §4), the first that finds a transcript:

    trailer      the last commits name checkpoints of Entire, and nobody else's commit does
    bundle       a run at this very head left our bundle; or one elsewhere, whose manifest names this head and during
                 which, the API says, this head was pushed (bot/jobs/collecting_facts.py, `pushed_by`)
    run-branch   a run of the pull's own branch that no push began (Copilot), or the one that an App's pull links to
                 (GitHub agentic workflows), if the head was pushed during it
    head-sha     another tool's artifact of a run at this head

Two runs that both fit are ambiguous: neither is taken. `unjoined` = there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.errors import UserError
from bot.hosting.places import Repository
from bot.hosting.runs import Artifact, Compared, PullRef, WorkflowRun
from bot.jobs.collecting_facts import JUDGING, moment, pushed_by
from bot.jobs.collecting_files import AGENT, BUNDLE, MAX_FILE, File, Opened, Shelf, told_once
from bot.jobs.collecting_source import Source
from bot.signals.embed import safe

SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
TRAILER = re.compile(r"(?m)^Entire-Checkpoint: ([0-9a-f]{12})$")
MAX_CHECKPOINTS = 5
MAX_LATELY = 300
"""Artifacts of the whole repository, newest first, that are listed once a visit: most of what is wanted is there."""
MAX_ELSEWHERE = 5
"""Bundles of other runs that are opened for one head."""
MAX_BRANCH_RUNS = 30
UPLOADED = timedelta(minutes=10), timedelta(hours=6)
"""A run uploads its bundle at its end: so long before the first run at the head it may be, and so long after. A job
ends after six hours: https://docs.github.com/actions/reference/limits"""
RUN_LINK = re.compile(r"/([\w.-]{1,100}/[\w.-]{1,100})/actions/runs/([1-9][0-9]{0,17})\b")


@dataclass(frozen=True, slots=True)
class Head:
    """What the API says of a head. `runs` are those of the repository that it was pushed to, whatever began them."""

    sha: str
    here: Repository
    pull: PullRef | None
    runs: Sequence[WorkflowRun]
    compared: Compared | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """The transcripts of a head (and the harness that the agent saw), why they are its own, and the run they are of."""

    code: str
    files: tuple[tuple[Opened | None, File], ...] = ()
    run: WorkflowRun | None = None


UNJOINED = Joined("unjoined")
AMBIGUOUS = Joined("ambiguous")


def join(source: Source, head: Head, shelf: Shelf) -> Joined:
    """The first join that holds; `ambiguous` where the first that finds something finds too much."""
    for step in (_by_trailer, _by_bundle_here, _by_bundle_elsewhere, _by_branch, _by_head):
        found = step(source, head, shelf)
        if found is not None:
            return found
    return UNJOINED


def artifacts_of(source: Source, runs: Iterable[WorkflowRun]) -> Iterator[Artifact]:
    """The artifacts of these runs: from the list of the whole repository where that reaches back so far."""
    lately = source.artifacts_lately(MAX_LATELY)
    for run in runs:
        # GitHub lists the newest first: what began after the oldest of the list has all it left in the list
        listed = len(lately) < MAX_LATELY or lately[-1].created_at < run.created_at
        yield from (one for one in lately if one.run == run.id) if listed else source.artifacts(run.id)


def _by_trailer(source: Source, head: Head, shelf: Shelf) -> Joined | None:
    commits = head.compared.commits if head.compared else ()
    named = [tuple(TRAILER.findall(commit.message)) for commit in commits]
    last = next((ids for ids in reversed(named) if ids), ())[:MAX_CHECKPOINTS]
    if not last:
        return None
    if any(sum(one in ids for ids in named) > 1 for one in last):
        return AMBIGUOUS
    try:
        found = source.checkpoints(last, MAX_FILE)
    except UserError as error:
        shelf.say(f"the checkpoints: {error}")
        return None
    files = tuple((None, File("transcript", f"entire/{name}", data)) for name, data in sorted(found.items()))
    return Joined("trailer", files) if files else None


def _by_bundle_here(source: Source, head: Head, shelf: Shelf) -> Joined | None:
    """Bundles of runs at this head. One may be of an agent that began here and then pushed another head: that one's."""
    runs = {run.id: run for run in head.runs}
    found: dict[int, list[Opened]] = {}
    for artifact in artifacts_of(source, head.runs):
        if not BUNDLE.fullmatch(artifact.name):
            continue
        opened = shelf.open(artifact)
        said = opened.claims.get("head_sha")
        if isinstance(said, str) and said not in ("", head.sha):
            if SHA.fullmatch(said) and pushed_by(runs[artifact.run], source.runs(said), head.here):
                continue
            shelf.say(f"artifact {safe(artifact.name)}: its manifest names another head, which GitHub does not confirm")
        found.setdefault(artifact.run, []).append(opened)
    return _newest(head, found, "bundle")


def _by_bundle_elsewhere(source: Source, head: Head, shelf: Shelf) -> Joined | None:
    """Bundles of other runs in this repository that say they are of this head, when the API says so too."""
    claimed: dict[int, list[Opened]] = {}
    for artifact in _near(source, head):
        opened = shelf.open(artifact)
        if opened.claims.get("head_sha") == head.sha and opened.transcripts:
            claimed.setdefault(artifact.run, []).append(opened)
    runs = {number: source.run(number) for number in claimed}
    sure = [run for run in runs.values() if run is not None and pushed_by(run, head.runs, head.here)]
    if len(claimed) > len(sure):
        shelf.say(f"{len(claimed) - len(sure)} bundle(s) claim this head, which GitHub does not confirm")
    return _only(sure, claimed, "bundle")


def _by_branch(source: Source, head: Head, shelf: Shelf) -> Joined | None:
    """Runs that no push began: at the pull's own branch, or linked to by an App's pull."""
    pull = head.pull
    if pull is None or pull.head_repository != head.here.id or not pull.by_bot:
        return None
    here = {run.id for run in head.runs if run.event in JUDGING}
    found = {run.id: run for run in source.runs_of_branch(pull.head_ref, MAX_BRANCH_RUNS) if run.event not in JUDGING}
    links = [int(number) for name, number in RUN_LINK.findall(pull.body) if name == head.here.name]
    for number in dict.fromkeys(links[:MAX_ELSEWHERE]):
        run = source.run(number) if number not in found and number not in here else None
        found |= {run.id: run} if run else {}
    sure = [run for run in found.values() if pushed_by(run, head.runs, head.here)]
    return _only(sure, {run.id: _agents(source, run, shelf) for run in sure}, "run-branch")


def _by_head(source: Source, head: Head, shelf: Shelf) -> Joined | None:
    """What other tools left in runs at this head."""
    return _newest(head, {run.id: _agents(source, run, shelf) for run in head.runs}, "head-sha")


def _agents(source: Source, run: WorkflowRun, shelf: Shelf) -> list[Opened]:
    """The artifacts of a run that may hold an agent's transcript."""
    named = (one for one in artifacts_of(source, [run]) if BUNDLE.fullmatch(one.name) or AGENT.fullmatch(one.name))
    return [shelf.open(one) for one in named]


def _near(source: Source, head: Head) -> list[Artifact]:
    """The bundles of other runs here that were uploaded around when the head was pushed, nearest first."""
    pushed = min((at for run in head.runs if run.event in JUDGING and (at := moment(run.created_at))), default=None)
    here = {run.id for run in head.runs}
    if pushed is None:
        return []
    before, after = UPLOADED
    near = [
        (abs(at - pushed), one)
        for one in source.artifacts_lately(MAX_LATELY)
        if BUNDLE.fullmatch(one.name) and one.run not in here and one.head_repository == head.here.id
        if (at := moment(one.created_at)) and pushed - before <= at <= pushed + after
    ]
    return [one for _, one in sorted(near, key=lambda row: (row[0], row[1].id))][:MAX_ELSEWHERE]


def _newest(head: Head, opened: Mapping[int, Sequence[Opened]], code: str) -> Joined | None:
    """The runs at a head that hold transcripts: of one workflow the newest, for its judge ran it again; of several,
    nobody says which agent made the head."""
    telling = [run for run in head.runs if any(one.transcripts for one in opened.get(run.id, ()))]
    if len({run.workflow for run in telling}) > 1:
        return AMBIGUOUS
    return _only(telling[:1], opened, code)


def _only(runs: Sequence[WorkflowRun], opened: Mapping[int, Sequence[Opened]], code: str) -> Joined | None:
    """The transcripts of the one run that has some; several such runs are ambiguous."""
    telling = [run for run in runs if any(one.transcripts for one in opened[run.id])]
    if len(telling) > 1:
        return AMBIGUOUS
    if not telling:
        return None
    latest = {one.artifact.name: one for one in sorted(opened[telling[0].id], key=lambda one: one.artifact.id)}
    files = [(one, file) for one in latest.values() for file in one.files if file.kind != "report"]
    once = told_once([file for _, file in files if file.kind == "transcript"])
    kept = tuple((one, file) for one, file in files if file.kind == "harness" or file in once)
    return Joined(code, kept, telling[0])
