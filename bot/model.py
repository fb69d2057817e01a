"""The nouns of the flywheel: frozen, ignorant of GitHub, YAML and the clock.

Every other module takes these and returns these. Byte offsets count from the start of the original file, ends are
exclusive; steps are numbered from 1; times are ISO 8601 strings as the source wrote them; durations are milliseconds.

They are msgspec structs and no dataclasses: forty of these cost 2 ms at import instead of 30, and a step a fifth of the
time to make. `replace` and `asdict` are theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec.structs import asdict, replace

__all__ = ["asdict", "replace"]

Outcome = Literal["pass", "fail", "none"]
EndReason = Literal["finished", "limit", "timeout", "aborted", "error", "killed", "unknown"]
CallKind = Literal["shell", "edit", "read", "search", "web", "task", "poll", "other"]
CallStatus = Literal["ok", "error", "rejected", "aborted", "missing"]
Origin = Literal["main", "subagent"]
Tier = Literal["backlog", "interactive", "autonomous"]
Trust = Literal["T0", "T1", "T2"]
Stratum = Literal["task", "pull", "group"]
TrialResult = Literal["confirmed", "cosmetic", "inconclusive", "regression", "none"]
Component = Literal["instructions", "hooks"]

TIERS: tuple[Tier, ...] = ("backlog", "interactive", "autonomous")
"""From the most careful to the least."""


# --- stage 1: what was read -------------------------------------------------------------------------------------------


class Source(msgspec.Struct, frozen=True):
    """A file as it was read: `path` as shown to people (`archive!member` inside a zip), the digest of its bytes."""

    path: str
    sha256: str
    size: int


class Pin(msgspec.Struct, frozen=True):
    """A citation that code can check: `quote` stands in the bytes `start:end` of the file with this `sha256`.

    The quote is text, not bytes: it must occur in the decoded range itself or in one of the strings of the JSON that
    the range holds. `shown` is the redacted quote; only it is ever displayed or stored.
    """

    path: str
    sha256: str
    start: int
    end: int
    quote: str
    shown: str = ""
    line: int = 0


class Check(msgspec.Struct, frozen=True, gc=False):
    """What a test, build, lint or type-check command said: its outcome and the sorted ids of what failed."""

    outcome: Outcome
    failing: tuple[str, ...] = ()


class Call(msgspec.Struct, frozen=True, gc=False):
    """One tool use of the agent and what came back.

    `status` is `error` when the call failed, `rejected` when a person refused it (no error), `missing` when no answer
    was recorded. `error` is the first telling line of a failed call with its digits masked (at most 200 characters), so
    that equal errors are equal strings. `creates` holds those of `paths` that the call made new. `check` is set when
    the command was a check. `start:end` is the byte range of the record that holds the answer (of the call itself when
    there is none) in `Trace.sources[source]`; `quote` is a short text that stands in it.
    """

    name: str
    kind: CallKind
    status: CallStatus
    command: str = ""
    paths: tuple[str, ...] = ()
    creates: tuple[str, ...] = ()
    exit_code: int | None = None
    error: str = ""
    timed_out: bool = False
    check: Check | None = None
    duration_ms: int | None = None
    start: int = 0
    end: int = 0
    quote: str = ""
    source: int = 0


class Step(msgspec.Struct, frozen=True, gc=False):
    """One turn of the agent with its calls. `start:end` is the byte range of its first record, which holds `quote`."""

    start: int
    end: int
    quote: str
    calls: tuple[Call, ...] = ()
    origin: Origin = "main"
    source: int = 0


class Agent(msgspec.Struct, frozen=True):
    """Who ran: name as in design.md §4 (`claude-code`, `codex`), version and model as the transcript says."""

    name: str = ""
    version: str = ""
    model: str = ""


class Tokens(msgspec.Struct, frozen=True):
    """Tokens of a whole run, subagents included; `input` includes what came from a cache."""

    input: int = 0
    output: int = 0
    cached: int = 0


class Trace(msgspec.Struct, frozen=True):
    """A transcript read into steps; subagents and continuations joined, duplicates by id dropped.

    `task`, `repeat` and `outcome` are filled only by formats that record them (tau-bench). `prompt` is the first
    request, `final` the last text of the agent; both at most 4,000 characters. `provider_errors` counts the model calls
    at the very end of the run that failed at the provider. `warnings` says what was lost or salvaged, a line each.
    """

    format: str
    sources: tuple[Source, ...]
    steps: tuple[Step, ...]
    end_reason: EndReason = "unknown"
    agent: Agent = Agent()
    session: str = ""
    cwd: str = ""
    branch: str = ""
    started: str = ""
    ended: str = ""
    prompt: str = ""
    final: str = ""
    tokens: Tokens = Tokens()
    cost_usd: float | None = None
    compactions: int = 0
    provider_errors: int = 0
    warnings: tuple[str, ...] = ()
    task: str = ""
    repeat: str = ""
    outcome: Outcome = "none"
    guard: str = ""
    """Which guard of the agent's own ended the run: `loop` (it saw itself repeat) or `format` (malformed answers)."""


class Signal(msgspec.Struct, frozen=True):
    """One fact from a report or about a run: a kebab-case name, held or not, a detail in words, a value, a citation.

    Names in use: `test-failed` (detail: test id), `tests-failed` and `tests-run` (value: count), `test-flaky`,
    `test-timed-out` (details: test id; such a test failed as well),
    `job-failed` (detail: masked evidence line, value: exit code), `log-key` (detail: the failure's versioned key),
    `job-duration` (ms), `run-conclusion`, `run-attempt`, `tokens`, `cost` (USD), `infrastructure` (detail: which),
    `permission`, `unreadable` (detail: why; the file named could not be read),
    `lint-failed` (detail: rule and path, value: count), `lints-failed` and `lints-warned` (value: count; a warning does
    not fail the tool), `test-regressed` (detail: id of a test that passed before the attempt), `task-resolved` (held or
    not; detail: a benchmark's task id), `trial-ended` (detail: how other than well, `agent-timeout`), `reward`,
    `guard-acted` and `guard-failed` (detail: the guard, what it did or its error, the session),
    `log-signature` (detail: `class/id` of a failed step, as `infra/disk-full` or `test/pytest`), `derivative` (detail:
    which; the job only passes on what another job did).
    """

    name: str
    held: bool = True
    detail: str = ""
    value: float | None = None
    pin: Pin | None = None


class Report(msgspec.Struct, frozen=True):
    """A file that CI wrote, read: `outcome` is none when it holds no verdict, `partial` when it was cut off."""

    format: str
    source: Source
    outcome: Outcome
    signals: tuple[Signal, ...] = ()
    partial: bool = False
    warnings: tuple[str, ...] = ()
    diff: Diff | None = None
    """What a patch changes; None for every other format."""


class Diff(msgspec.Struct, frozen=True):
    """The files an attempt left changed, relative to the repository: those that existed before, and the new ones."""

    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


class Run(msgspec.Struct, frozen=True):
    """The CI run behind an episode, as the bundle's manifest says."""

    id: int = 0
    attempt: int = 1
    workflow: str = ""
    event: str = ""
    conclusion: str = ""
    created_at: str = ""
    base: bool = False
    """The run judged a commit of the base branch, not an agent's work (manifest: `run.base`)."""


class Witness(msgspec.Struct, frozen=True):
    """Another CI run that a bundle carries because it may tell why an episode failed; no agent is judged by it.

    `base` is a run of the same workflow at the merge base or at the tip of the base branch, `attempt` another attempt
    at the same head. `outcome` and `signals` come from the bytes of its reports; without reports it witnesses nothing.
    """

    kind: Literal["base", "attempt"]
    outcome: Outcome = "none"
    sha: str = ""
    signals: tuple[Signal, ...] = ()
    run: Run = Run()


class Closure(msgspec.Struct, frozen=True):
    """How a pull request was closed without being merged: why (words or labels), by a bot or not, after how many
    reviews by people."""

    reason: str = ""
    by_bot: bool = False
    reviews: int = 0


class Episode(msgspec.Struct, frozen=True):
    """One agent's attempt at one head: its signals and its trace.

    `id` is unique in a fleet and readable (`octo/shop/issue-34/run-2`). `diff` is None when nothing tells what was
    changed. `joined` is the reason code of how transcript and result came together. `harness` maps the path of each
    harness file the agent saw to the sha256 of its bytes.
    """

    id: str
    repository: str
    outcome: Outcome
    trace: Trace | None = None
    signals: tuple[Signal, ...] = ()
    task: str | None = None
    pull: int | None = None
    head_sha: str = ""
    base_sha: str = ""
    agent: Agent = Agent()
    run: Run = Run()
    diff: Diff | None = None
    trust: Trust = "T2"
    joined: str = "bundle"
    reports: tuple[str, ...] = ()
    harness: Mapping[str, str] = msgspec.field(default_factory=dict)
    digests: tuple[str, ...] = ()
    """The sha256 of each of the `reports`, in their order."""
    warnings: tuple[str, ...] = ()
    """What the readers of the reports lost or salvaged, a line each."""
    witnesses: tuple[Witness, ...] = ()
    closure: Closure | None = None
    patch: Source | None = None
    """The unified diff that the bundle carried; what it says of lines is read from its bytes."""


# --- stage 2: what was found ------------------------------------------------------------------------------------------


class Exclusion(msgspec.Struct, frozen=True):
    """Why a failed episode is nobody's fault in the harness: a gate code (`X1 never-started`) and what was seen."""

    episode: str
    code: str
    detail: str


class IntegritySignal(msgspec.Struct, frozen=True):
    """What looks like cheating in one episode (`I1 weakened-test`), where, and what was seen.

    It predicts no outcome and is no finding: a change whose evidence holds one cannot merge itself, and people see it.
    """

    episode: str
    code: str
    steps: tuple[int, ...]
    detail: str
    pins: tuple[Pin, ...] = ()


class Window(msgspec.Struct, frozen=True):
    """Where a failed episode most likely went wrong: a few steps in a row, and the one to look at first.

    `first:last` are step numbers, both ends included; `step` lies between them. `reason` is a code of
    bot/traces/localise.py; `confidence` is `none` when the evidence is as thin for any other place.
    """

    first: int
    last: int
    step: int
    reason: str
    confidence: Literal["high", "low", "none"]


class Finding(msgspec.Struct, frozen=True):
    """One detector, seen in one episode: the steps it cites by number, the pins of those steps, two fingerprints.

    `instance` is the level-1 fingerprint (dedupe inside a repository), `cause` the level-2 one (across repositories).
    """

    detector: str
    episode: str
    steps: tuple[int, ...]
    pins: tuple[Pin, ...] = ()
    instance: str = ""
    cause: str = ""
    window: Window | None = None
    """Where the failed episode went wrong, the same in all its findings; None in a pass or without a trace."""


class Contrast(msgspec.Struct, frozen=True):
    """Failures against passes over strata: the exact conditional odds ratio, its 95 % mid-p interval, two-sided mid-p.

    `odds_ratio` and `high` are None when infinite. `fired_failed` of `failed` and `fired_passed` of `passed` episodes
    showed the detector, counted over the informative strata of this level only.
    """

    stratum: Stratum
    strata: int
    failed: int
    passed: int
    fired_failed: int
    fired_passed: int
    odds_ratio: float | None
    low: float
    high: float | None
    p: float
    exact: float = 1.0
    """The p-value without the mid-p correction: what Benjamini-Hochberg is asked about, since mid-p may be too bold."""


class Replication(msgspec.Struct, frozen=True):
    """Whether what one half of the tasks shows holds in the other half too, which has no task in common with it.

    `code` is `replicated`, `not-replicated` (the other half was large enough and did not show it) or
    `too-few-to-replicate`. Counts, the one-sided mid-p and the power are those of the half that had to confirm.
    """

    code: Literal["replicated", "not-replicated", "too-few-to-replicate"]
    fired_failed: int = 0
    failed: int = 0
    fired_passed: int = 0
    passed: int = 0
    p: float = 1.0
    power: float = 0.0


class Pattern(msgspec.Struct, frozen=True):
    """The findings of one detector over all episodes and repositories.

    `failed` and `passed` count all judged episodes in which the detector fired; `failed_of` and `passed_of` all that
    were judged. `reasons` says in codes why the pattern is only descriptive (`few-failures`, `few-tasks`, `no-lift`,
    `not-significant`, `not-replicated`, `experimental`). `rank` orders for attention (1 first); it never changes counts
    or intervals.
    """

    id: str
    detector: str
    status: Literal["actionable", "descriptive"]
    contrast: Contrast | None
    repositories: tuple[str, ...]
    tasks: tuple[str, ...]
    failed: int
    passed: int
    failed_of: int
    passed_of: int
    findings: tuple[Finding, ...]
    causes: tuple[tuple[str, int], ...] = ()
    reasons: tuple[str, ...] = ()
    q: float | None = None
    rank: int = 0
    unjudged: int = 0
    """Episodes without an outcome in which the detector fired; they count nowhere else."""
    replication: Replication | None = None
    """None when the pattern has no contrast."""


# --- rules ------------------------------------------------------------------------------------------------------------


class Remedy(msgspec.Struct, frozen=True):
    """What a detector would add to the harness: prose for instructions, or the name of a guard for hooks."""

    component: Component
    text: str
    guard: str = ""


class Measured(msgspec.Struct, frozen=True):
    """Fire rate on failures and on passes, on which data, by whom (`ours`, a URL, or `none`)."""

    data: str = ""
    fails: float | None = None
    passes: float | None = None
    by: str = "none"


class Detector(msgspec.Struct, frozen=True):
    """A rule that knows one kind of failure and its remedy, as its YAML file says; `detect` is its expression."""

    id: str
    family: str
    title: str
    status: Literal["experimental", "stable"]
    level: Literal["low", "medium", "high"]
    detect: Mapping[str, object]
    remedy: Remedy
    measured: Measured = Measured()
    sources: tuple[str, ...] = ()
    blind_spots: tuple[str, ...] = ()
    falls: str = ""


# --- stage 3: what should change --------------------------------------------------------------------------------------


class HarnessFile(msgspec.Struct, frozen=True):
    """A harness file at the default branch's head. A symlink has its target in `link` and no text of its own."""

    path: str
    text: str
    mode: str = "100644"
    link: str = ""


class Harness(msgspec.Struct, frozen=True):
    """The files that steer an agent in one repository, and what is needed to place new ones.

    `key` outlives the repository's name where the forge knows such a one; a change is known by it. `head` is the commit
    they were read at ("" when they were not read from a repository). `paths` holds every tracked path of the repository
    (empty when unknown).
    """

    repository: str
    files: Mapping[str, HarnessFile] = msgspec.field(default_factory=dict)
    head: str = ""
    paths: frozenset[str] = frozenset()
    key: str = ""


class Edit(msgspec.Struct, frozen=True):
    """One harness file, before and after. `before` None = the file is new, `after` None = it is removed."""

    path: str
    before: str | None
    after: str | None
    mode: str = "100644"


class Replay(msgspec.Struct, frozen=True):
    """A guard or rule replayed over recorded episodes: how many it would have touched, and which."""

    guard: str
    failed_episodes: int
    passed_episodes: int
    failed_fired: tuple[str, ...]
    passed_fired: tuple[str, ...]
    microseconds_p50: float = 0.0
    microseconds_p99: float = 0.0
    parameters: Mapping[str, int] = msgspec.field(default_factory=dict)
    steps: Mapping[str, int] = msgspec.field(default_factory=dict)
    """The step of each touched episode before which the guard first acts."""


class Prediction(msgspec.Struct, frozen=True):
    """What a modification should cure and what it may disturb: episode ids, written down before anything runs.

    `score` compares the prediction, made on one half of the tasks, with the other half, beside "always yes"
    (keys `precision`, `recall`, `always_yes_precision`, `episodes`); empty when there is too little to split.
    """

    fixes: tuple[str, ...]
    risks: tuple[str, ...]
    replay: Replay | None = None
    score: Mapping[str, float] = msgspec.field(default_factory=dict)


def branch_of(detector: str, change: str) -> str:
    """The branch of a change, for all who know only its names (design.md §4)."""
    return f"flywheel/{detector}-{change}"


class Modification(msgspec.Struct, frozen=True):
    """The edits that answer one pattern in one repository, with a prediction.

    `id` and `revision` as design.md §4 (12 and 8 hex digits). `kind` is the kind of edit (`managed-block`, `guard`).
    `inverse` undoes `edits` byte for byte.
    """

    id: str
    revision: str
    repository: str
    detector: str
    component: Component
    kind: str
    title: str
    edits: tuple[Edit, ...]
    inverse: tuple[Edit, ...]
    prediction: Prediction
    pattern: Pattern
    remedy: Remedy
    head: str = ""
    notes: tuple[str, ...] = ()

    @property
    def branch(self) -> str:
        """The branch that bears this change; find-or-update by this name is what makes a second run silent."""
        return branch_of(self.detector, self.id)


# --- stage 4: who decides ---------------------------------------------------------------------------------------------


class Reason(msgspec.Struct, frozen=True):
    """One step of a judgement: its code, the most generous tier it allows, and the value that was seen."""

    code: str
    allows: Tier
    seen: str


class Decision(msgspec.Struct, frozen=True):
    """A tier and every reason for it; the tier is the most careful any reason demands. `held` says why not now."""

    tier: Tier
    reasons: tuple[Reason, ...]
    held: str = ""


class Proposal(msgspec.Struct, frozen=True):
    """A modification with its decision: what `turn` returns and the shell carries out."""

    modification: Modification
    decision: Decision
    model: str = ""
    """The model of most of the agents whom it steers: a record is one model's."""


# --- effects: written down, not yet done ------------------------------------------------------------------------------


class OpenPull(msgspec.Struct, frozen=True):
    """Put `edits` on `branch` (new, or moved on when ours) with this commit message, and keep one pull for it.

    `again` = a person closed it, and the failure has come back at twice the evidence: a new pull is opened.
    """

    repository: str
    change: str
    revision: str
    branch: str
    title: str
    body: str
    message: str
    labels: tuple[str, ...]
    edits: tuple[Edit, ...]
    head: str
    again: bool = False


class OpenIssue(msgspec.Struct, frozen=True):
    """Keep one issue for this change, with the ready draft in its body; no branch. `again` as of OpenPull."""

    repository: str
    change: str
    revision: str
    title: str
    body: str
    labels: tuple[str, ...]
    again: bool = False


class CloseChange(msgspec.Struct, frozen=True):
    """Withdraw a change: its branch goes if it is still ours alone, its pull or issue is marked closed."""

    repository: str
    change: str
    branch: str
    reason: str


class NoteMerged(msgspec.Struct, frozen=True):
    """Mark a change's pull as merged by a person; no branch is touched."""

    repository: str
    change: str


Effect = OpenPull | OpenIssue | CloseChange | NoteMerged


class Performed(msgspec.Struct, frozen=True):
    """What became of an effect; `frozen` is a branch that holds a person's commit.

    On GitHub `number` and `url` are those of the pull or issue.
    """

    change: str
    status: Literal["created", "updated", "unchanged", "frozen", "closed", "merged", "refused"]
    where: str = ""
    detail: str = ""
    number: int = 0
    url: str = ""


class Entry(msgspec.Struct, frozen=True):
    """One line of the ledger: what happened to one change. It holds counts, pins and decisions, never transcript text.

    Events: `proposed`, `updated`, `frozen`, `dismissed`, `withdrawn`, `merged`, `reverted`; `watched` (the watch
    after a merge has an answer); `registered`, `dispatched` and `trialled` (a held-out trial was designed, a batch of
    it is about to be dispatched, it has a result); `integrity` (an alarm about the category, told in `reason`);
    `completed` (an issue was done by a person), `promoted`, `demoted`, `held`, `resumed`, `approved`, `settled` (events
    of labels were looked at), `commanded` (a comment was answered), `rerun` (a suspect is run again), `undoing` (its
    revert is a pull) and `spared` (a person closed that).
    """

    at: str
    event: str
    repository: str
    change: str
    detector: str
    revision: str = ""
    tier: str = ""
    reason: str = ""
    failed: int = 0
    passed: int = 0
    fixes: int = 0
    risks: int = 0
    category: str = ""
    """Kind of edit, component and detector, joined by slashes; "" in the lines of a version that did not know it."""
    model: str = ""
    """The model of the agents whom the change steers, as their transcripts name it."""
    watch: str = ""
    """Of a `watched` entry: `clean`, `alarm`, or `too-few` (nothing was seen that would have raised one)."""
    aftermath: str = ""
    """Of a `watched` entry: `kept`, `reverted` or `inconclusive`."""
    trial: str = ""
    """What a held-out trial of this revision said; "" when there was none."""
    detail: str = ""
    """Of the three events of a trial: what belongs to it, as JSON (bot/trials/notes.py)."""
    number: int = 0
    """The pull or issue that it happened to; 0 where nobody numbers them."""
    head: str = ""
    """The commit it is about: the head that was agreed with, the commit that a merge made."""
    by: int = 0
    """GitHub's id of the account that did it; 0 = the flywheel itself, or unknown."""
    about: int = 0
    """Of `settled` the last event of the timeline that was looked at; of what a command did, its comment."""
    same: str = ""
    """What the change writes, as 8 hex digits: equal in every repository in which it is the same."""


class Turn(msgspec.Struct, frozen=True):
    """One turn over a fleet: everything that was seen, found, proposed, and left out with its reason."""

    episodes: int
    outcomes: Mapping[str, int]
    excluded: tuple[Exclusion, ...]
    findings: tuple[Finding, ...]
    dropped_pins: int
    patterns: tuple[Pattern, ...]
    proposals: tuple[Proposal, ...]
    held: tuple[Proposal, ...] = ()
    warnings: tuple[str, ...] = ()
    integrity: tuple[IntegritySignal, ...] = ()
    """What looks like cheating, whatever the outcome: it blocks and is shown, it predicts nothing."""
