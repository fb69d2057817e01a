"""One repository as the forge shows it, its ledger and this visit's turn in; what is to be remembered and done out.

Level-triggered: everything is decided from what stands now, so a visit that was missed, or made twice, changes
nothing. Entries are remembered first, then acts and effects are done; what they came to is seen at the next visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.approval.commands import CALL
from bot.approval.judge import QUESTIONS
from bot.approval.labels import STUCK
from bot.approval.left import as_left
from bot.approval.merging import Obstacle
from bot.approval.outcomes import contradictions
from bot.approval.preflight import preflight
from bot.approval.switches import Stopped, stopped
from bot.approval.watch import Watch
from bot.hosting.acts import Disarm, Merge, PutLabels, Restore, Say, ShowCheck
from bot.hosting.pulls import Pull, Thread
from bot.jobs import tending_ends as ends
from bot.jobs import tending_merges as merges
from bot.jobs import tending_undo as undoing
from bot.jobs import tending_watch as watching
from bot.jobs.identity import ASIDE
from bot.jobs.proposing import as_proposed
from bot.jobs.tending_commands import Place, asked_back, closing_of, listen
from bot.jobs.tending_labels import careful, known_tier, labels
from bot.jobs.tending_sight import Git, Known, Names, Sight, Tended, entry_of, is_ours, last_of, names, undo_id
from bot.jobs.tending_switches import switches
from bot.ledger import ENDED, hold_of, moved_by
from bot.model import CloseChange, Decision, Entry, Reason, Tier, branch_of, replace
from bot.pages import decision as page

STRANGE = Reason("integrity", "interactive", "it holds commits that are not ours")
"""What a person has committed to, no label and no command makes merge itself."""
QUIET = frozenset({"proposed", "updated"})
"""A change of which nothing else is to be told has its body, and no comment."""


@dataclass(slots=True)
class _Round:
    """One visit on its way: what is known, and the stories as they grow."""

    sight: Sight
    known: Known
    git: Git
    now: str
    names: Names
    stopped: Stopped
    stories: dict[str, list[Entry]]
    done: Tended = field(default_factory=Tended)
    obstacles: dict[str, Sequence[Obstacle]] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    def tell(self, change: str, entries: Iterable[Entry]) -> None:
        """Remember them."""
        for entry in entries:
            self.stories[change].append(entry)
            self.done.entries.append(entry)


def tend(sight: Sight, known: Known, git: Git, now: str) -> Tended:
    """Look after everything of ours in one repository. `now` is an ISO 8601 time with its zone.

    UserError of the forge passes through; nothing else is raised for what stands in a thread.
    """
    here = _begun(sight, known, git, now)
    _mend(here)
    pulls, issues = _by_change(here)
    _became(here, pulls, issues)
    for thread, pull, change in _open(pulls, issues):
        _people(here, thread, pull, change)
    _reverts(here)
    _watch(here)
    for change, why in here.why.items():
        _take_back(here, change, why)
    _merge(here, pulls)
    _show(here, pulls, issues)
    _contradict(here, pulls)
    return here.done


def heed(sight: Sight, known: Known, git: Git, now: str) -> Tended:
    """Obey what people did, without a look at any evidence: `known` holds the ledger, the policy and the switches.

    What they ended is remembered; holds, demotions, commands and switches stand, a rollback begins. What needs to know
    what the policy says today (a promotion, a merge, a text that is put back) is left to `tend`.
    """
    here = _begun(sight, known, git, now)
    pulls, issues = _by_change(here)
    _became(here, pulls, issues)
    for thread, pull, change in _open(pulls, issues):
        _careful(here, thread, pull, change)
    _reverts(here)
    for change, story in here.stories.items():
        if asked_back(story) and last_of(story) != "spared" and not _is_back(here, story):
            _take_back(here, change, "asked")
    _disarm(here, held=True)
    _answer(here, pulls, issues)
    return here.done


def _begun(sight: Sight, known: Known, git: Git, now: str) -> _Round:
    look = [*known.lookups, *switches(sight.issues, sight.ground.nodes, "repository")]
    stories = {change: list(known.ledger.story(change)) for change in known.ledger.changes}
    here = _Round(sight, known, git, now, names(sight.repository, known.ledger), stopped(look), stories)
    here.done.stopped = here.stopped.merges
    here.done.notes += [f"{sight.repository}: switch ignored: {one}" for one in here.stopped.ignored]
    return here


# --- whose is what ----------------------------------------------------------------------------------------------------


def _by_change(here: _Round) -> tuple[dict[str, list[Pull]], dict[str, list[Thread]]]:
    """Our pulls and issues of each change that the ledger knows, by number."""
    pulls: dict[str, list[Pull]] = {}
    issues: dict[str, list[Thread]] = {}
    for pull in sorted(here.sight.pulls, key=lambda one: one.thread.number):
        change = here.names.change(pull)
        if is_ours(pull.thread) and change in here.stories:
            pulls.setdefault(change, []).append(pull)
    for issue in sorted(here.sight.issues, key=lambda one: one.number):
        change = here.names.of_issue(issue)
        if is_ours(issue) and change in here.stories:
            issues.setdefault(change, []).append(issue)
    return pulls, issues


def _mend(here: _Round) -> None:
    """Pulls and issues of ours that the ledger does not know begin a story: the forge is the database."""
    undoes = {undo_id(here.sight.repository, change) for change in here.stories}
    for pull in here.sight.pulls:
        thread, change = pull.thread, pull.thread.by_mark
        if not is_ours(thread) or not change or change in here.stories or change in undoes or change in ASIDE:
            continue
        detector = pull.branch.removeprefix("flywheel/").removesuffix(f"-{change}")
        if pull.branch == branch_of(detector, change) and not detector.startswith("undo-"):
            _begin(here, thread, change, detector, "interactive")
    for issue in here.sight.issues:
        proposal = here.known.proposals.get(issue.by_mark)
        if is_ours(issue) and proposal is not None and issue.by_mark not in here.stories:
            _begin(here, issue, issue.by_mark, proposal.modification.detector, "backlog")


def _begin(here: _Round, thread: Thread, change: str, detector: str, tier: Tier) -> None:
    """What this visit's turn would propose as well is told as it would have been, if nobody was there to tell it."""
    proposal, at, where = here.known.proposals.get(change), thread.created_at, here.sight.repository
    entry = Entry(at, "proposed", where, change, detector, "", tier, "the ledger had lost it", number=thread.number)
    if proposal is not None and proposal.decision.tier == tier:
        entry = as_proposed(proposal, thread.number, at)
    here.stories[change] = []
    here.tell(change, [entry])
    here.done.notes.append(f"{thread.url}: the ledger did not know it; it does again.")
    here.names = Names(
        {**here.names.branches, branch_of(detector, change): change}, here.names.undoes, here.names.numbers
    )


def _open(pulls: dict[str, list[Pull]], issues: dict[str, list[Thread]]) -> Iterator[tuple[Thread, Pull | None, str]]:
    """The threads that people may speak in, merged pulls too, the newest of each change."""
    for change in sorted({*pulls, *issues}):
        for pull in pulls.get(change, [])[-1:]:
            yield pull.thread, pull, change
        for issue in issues.get(change, [])[-1:]:
            yield issue, None, change


# --- what became of them ----------------------------------------------------------------------------------------------


def _became(here: _Round, pulls: dict[str, list[Pull]], issues: dict[str, list[Thread]]) -> None:
    for change in sorted({*pulls, *issues}):
        _ends(here, change, pulls.get(change, []), issues.get(change, []))
    _leftovers(here, pulls)


def _ends(here: _Round, change: str, pulls: Sequence[Pull], issues: Sequence[Thread]) -> None:
    alive = [one.thread.number for one in pulls if one.thread.state == "open"]
    alive += [one.number for one in issues if one.state == "open"]
    newest = max([*(one.thread.number for one in pulls), *(one.number for one in issues)])
    for pull in pulls:
        alone = not alive and pull.thread.number == newest
        here.tell(change, list(ends.of_pull(pull, here.stories[change], here.git, here.now, alone=alone)))
    for issue in issues[-1:]:
        alone = not alive and issue.number == newest
        head = here.sight.ground.head
        here.tell(change, list(ends.of_issue(issue, here.stories[change], head, here.now, alone=alone)))


def _leftovers(here: _Round, pulls: dict[str, list[Pull]]) -> None:
    """The branch of a pull that we closed goes with it; one that a person closed can be opened again."""
    for change, ours in pulls.items():
        pull, story = ours[-1], here.stories[change]
        by = pull.thread.closed_by
        ended = pull.thread.state == "closed" and by is not None and by.kind == "ours"
        if ended and last_of(story) in ("dismissed", "withdrawn") and pull.branch in here.sight.ground.branches:
            here.done.effects.append(CloseChange(here.sight.repository, change, pull.branch, ""))


def _people(here: _Round, thread: Thread, pull: Pull | None, change: str) -> None:
    """Commands, labels, and whether the text is still what was judged."""
    story = here.stories[change]
    decision = _decision(here, change)
    if decision is not None and pull is not None and pull.commits_ours is not True:
        decision = replace(decision, reasons=(*decision.reasons, STRANGE))
    for said in listen(Place(thread, pull.head if pull is not None else "", decision), story, here.now):
        here.tell(change, said.entries)
        here.done.acts += said.acts
        here.done.effects += said.effects
    if thread.state != "open" or last_of(story) in ("dismissed", "withdrawn"):
        _close_again(here, thread, change)
        return
    _text(here, thread, change)
    head = (pull.head, pull.head_at) if pull is not None else ()
    found = labels(thread, story, decision, here.sight.ground.nodes, here.now, *head)
    here.tell(change, found.entries)
    here.done.acts += found.acts


def _careful(here: _Round, thread: Thread, pull: Pull | None, change: str) -> None:
    """What `_people` hears that makes nothing less careful."""
    story = here.stories[change]
    for said in listen(Place(thread, pull.head if pull is not None else "", None), story, here.now, whole=False):
        here.tell(change, said.entries)
        here.done.acts += said.acts
        here.done.effects += said.effects
    if thread.state != "open" or last_of(story) in ("dismissed", "withdrawn"):
        _close_again(here, thread, change)
        return
    head = (pull.head, pull.head_at) if pull is not None else ()
    found = careful(thread, story, here.sight.ground.nodes, here.now, *head)
    here.tell(change, found.entries)
    here.done.acts += found.acts


def _close_again(here: _Round, thread: Thread, change: str) -> None:
    """A dismissal whose closing was not carried out; what a bot opened again is left alone."""
    story = here.stories[change]
    dismissed = next((one for one in reversed(story) if one.event == "dismissed"), None)
    closing = any(getattr(one, "change", "") == change for one in here.done.effects)
    if thread.state != "open" or dismissed is None or closing:
        return
    if ends.reopened_since(thread, dismissed.at) is None:
        here.done.effects.append(closing_of(dismissed))


def _text(here: _Round, thread: Thread, change: str) -> None:
    """Title and text that claim something else are put back; what would merge itself is a person's then."""
    story = here.stories[change]
    tier = known_tier(story)
    others = (one for one in ("backlog", "interactive", "autonomous") if one != tier)
    claims = thread.by_mark != change or any(f"<summary>Why {one}</summary>" in thread.body for one in others)
    if thread.intact and not claims:
        return
    if tier == "autonomous":
        reason = "its title or text was changed by somebody"
        entry = entry_of(story, "demoted", here.now, tier="interactive", reason=reason, number=thread.number)
        here.tell(change, [entry])
    draft = here.known.drafts.get(change)
    if (claims or tier == "autonomous") and draft is not None:
        here.done.acts.append(Restore(thread.number, change, draft.revision, draft.title, draft.body))


def _decision(here: _Round, change: str) -> Decision | None:
    """What the policy says of a change today, before anybody moved it."""
    proposal = here.known.proposals.get(change)
    return proposal.decision if proposal is not None else None


# --- after the merge --------------------------------------------------------------------------------------------------


def _watch(here: _Round) -> None:
    """Every merged change is held against its runs; an alarm, or a writer, has it taken back."""
    read = watching.evidence(here.known)
    for change, story in here.stories.items():
        merged = watching.merge_of(story)
        if merged is not None and last_of(story) not in ("spared",):
            back = undoing.way_back(merged, here.sight.ground, here.git)
            found = watching.observe(story, back.edits, read, here.known, here.now)
            if found is not None:
                here.watches[change] = found.state
                if merged in here.known.ledger.entries and undoing.is_done(back):  # else the head may be older
                    here.tell(change, [entry_of(story, "reverted", here.now, reason="somebody took it back")])
                    here.tell(change, [entry_of(story, "demoted", here.now, tier="interactive", reason="reverted")])
                    continue
                here.tell(change, found.entries)
                here.done.acts += found.reruns
            blamed = found.answer.reason if found is not None and found.answer.do == "revert" else ""
            why = "asked" if asked_back(story) else blamed
            if why:
                here.why[change] = why


def _reverts(here: _Round) -> None:
    """What became of the pulls and issues that take changes back."""
    for pull in here.sight.pulls:
        change = here.names.undone(pull)
        if change in here.stories and is_ours(pull.thread):
            here.tell(change, list(ends.of_revert(pull, here.stories[change], here.now)))
    for issue in here.sight.issues:
        change = here.names.undoes.get(issue.by_mark, "")
        if change in here.stories and is_ours(issue):
            here.tell(change, list(ends.of_revert_issue(issue, here.stories[change], here.now)))


def _take_back(here: _Round, change: str, why: str) -> None:
    """What takes a change back is opened, or kept up to date."""
    story = here.stories[change]
    merged = watching.merge_of(story)
    if merged is None or last_of(story) in ("reverted", "spared"):
        return
    if here.stopped.rollbacks:
        here.done.notes.append(f"{change}: not taken back, rollbacks are stopped: {'; '.join(here.stopped.rollbacks)}")
        return
    back = undoing.way_back(merged, here.sight.ground, here.git)
    tier = undoing.tier_of_undo(merged, back, preflight(here.sight.ground))
    seen = page.watching(here.watches[change]) if change in here.watches and why != "asked" else ""
    made = undoing.effects(merged, back, tier, why, seen, here.sight.ground)
    here.done.effects += made
    if made and last_of(story) != "undoing":
        here.tell(change, [entry_of(story, "undoing", here.now, tier=tier, reason=why, head=here.sight.ground.head)])


def _is_back(here: _Round, story: Sequence[Entry]) -> bool:
    """Whether somebody took it back already; where the merge was seen just now, the head may be older."""
    merged = watching.merge_of(story)
    if merged is None or merged not in here.known.ledger.entries:
        return merged is None
    return undoing.is_done(undoing.way_back(merged, here.sight.ground, here.git))


# --- before it --------------------------------------------------------------------------------------------------------


def _merge(here: _Round, pulls: dict[str, list[Pull]]) -> None:
    """At most one merge into a base at a time; who would merge itself and may not is told why."""
    busy = {pull.base for pull in here.sight.pulls if is_ours(pull.thread) and pull.armed}
    for pull, change, undoes in _candidates(here, pulls):
        story = here.stories[change]
        ground = here.sight.ground
        if undoes:
            merged = watching.merge_of(story)
            back = undoing.way_back(merged, ground, here.git) if merged is not None else undoing.Back((), None)
            judged = back.undo.edits if back.undo is not None else None
            tier = undoing.tier_of_undo(merged, back, preflight(ground)) if merged is not None else "interactive"
            decision = Decision(tier, ())
        else:
            proposal = here.known.proposals.get(change)
            judged = proposal.modification.edits if proposal is not None else None
            decision = merges.decided(pull, story, here.known, ground)
        one = merges.candidate(
            pull,
            story,
            decision,
            ground,
            judged=judged,
            found=merges.found_edits(pull, here.git),
            stopped=here.stopped.rollbacks if undoes else here.stopped.merges,
            busy=pull.base in busy and not pull.armed,
        )
        extra = () if undoes else merges.canary(story, here.known.owner, here.known.policy, here.now)
        said = merges.step(one, ground, here.known.policy, extra)
        here.obstacles[pull.branch] = said.obstacles
        acts = list(merges.acts(pull.thread.number, said, ground))
        here.done.acts += [act for act in acts if not isinstance(act, Disarm) or pull.armed]
        if any(isinstance(act, Merge) for act in acts):
            busy.add(pull.base)
            here.done.merging.add(change)
            here.done.effects = [one for one in here.done.effects if getattr(one, "branch", "") != pull.branch]
        if said.do == "demote" and not undoes and known_tier(story) == "autonomous":
            here.tell(change, [merges.demoted(pull, story, said, here.now)])
            head = (pull.head, pull.head_at)
            put = labels(pull.thread, story, None, ground.nodes, here.now, *head)
            here.done.acts += put.acts
        _stuck(here, pull, story, merges.is_stuck(pull, story, said, here.now))
    _disarm(here)


def _candidates(here: _Round, pulls: dict[str, list[Pull]]) -> Iterator[tuple[Pull, str, bool]]:
    """Reverts first: they mend; then what would merge itself, the oldest first."""
    for pull in here.sight.pulls:
        change = here.names.undone(pull)
        if change in here.stories and is_ours(pull.thread) and pull.thread.state == "open":
            undo = next((one for one in reversed(here.stories[change]) if one.event == "undoing"), None)
            if undo is not None and undo.tier == "autonomous":
                yield pull, change, True
    standing = [(pull, change) for change, ours in pulls.items() for pull in ours]
    for pull, change in sorted(standing, key=lambda pair: pair[0].thread.number):
        if merges.merges_itself(pull, here.stories[change]):
            yield pull, change, False


def _disarm(here: _Round, *, held: bool = False) -> None:
    """A thrown switch takes back every native auto-merge of ours, whoever asked for it; with `held` a hold as well.
    What we asked for goes as soon as the change may not merge itself any more: somebody has demoted it."""
    taken = {act.number for act in here.done.acts if isinstance(act, Disarm)}
    demoted = {entry.change for entry in here.done.entries if entry.event == "demoted"}
    for pull in here.sight.pulls:
        number, change = pull.thread.number, here.names.change(pull)
        if not is_ours(pull.thread) or not pull.armed or number in taken or here.names.undone(pull):
            continue
        story = here.stories.get(change, [])
        lowered = bool(story) and not merges.merges_itself(pull, story) and (pull.armed_by_us or change in demoted)
        if here.stopped.merges or lowered or (held and hold_of(story) is not None):
            here.done.acts.append(Disarm(number))


def _stuck(here: _Round, pull: Pull, story: Sequence[Entry], stuck: bool) -> None:
    bears = STUCK.name in pull.thread.labels
    if stuck and not bears:
        here.done.acts.append(PutLabels(pull.thread.number, (STUCK.name,)))
    if bears and not stuck:
        here.done.acts.append(PutLabels(pull.thread.number, (), (STUCK.name,)))


# --- what people see --------------------------------------------------------------------------------------------------


def _show(here: _Round, pulls: dict[str, list[Pull]], issues: dict[str, list[Thread]]) -> None:
    """The one comment of each change, where there is something to tell, and the check run of each open pull."""
    for thread, pull, change in _open(pulls, issues):
        story = here.stories[change]
        shown = _shown(here, pull, change, thread.state == "open")
        asked = any(CALL in comment.body for comment in thread.comments)
        if asked or shown.tier == "autonomous" or any(entry.event not in QUIET for entry in story):
            here.done.acts.append(Say(thread.number, change, page.comment(story, shown)))
        if pull is not None and thread.state == "open" and last_of(story) not in ENDED:
            look = page.check(shown, QUESTIONS)
            here.done.acts.append(ShowCheck(pull.head, change, look.conclusion, look.title, look.summary))


def _answer(here: _Round, pulls: dict[str, list[Pull]], issues: dict[str, list[Thread]]) -> None:
    """The one comment of each change of which something was told just now."""
    told = {entry.change for entry in here.done.entries}
    for thread, pull, change in _open(pulls, issues):
        if change in told:
            shown = _shown(here, pull, change, thread.state == "open")
            here.done.acts.append(Say(thread.number, change, page.comment(here.stories[change], shown)))


def _shown(here: _Round, pull: Pull | None, change: str, is_open: bool) -> page.Shown:
    story = here.stories[change]
    proposal = here.known.proposals.get(change)
    decision = None
    if proposal is not None:
        off = preflight(here.sight.ground)
        held = hold_of(story) is not None
        decision = as_left(proposal.decision, proposal.modification.revision, moved_by(story), held=held, off=off)
    obstacles = here.obstacles.get(pull.branch, ()) if pull is not None else ()
    return page.Shown(known_tier(story), decision, obstacles, here.watches.get(change), is_open)


def _contradict(here: _Round, pulls: dict[str, list[Pull]]) -> None:
    """Where the ledger still says otherwise than the pulls, that is said: somebody should look."""
    states = {
        (here.sight.repository, change): "open" if any(one.thread.state == "open" for one in ours) else "closed"
        for change, ours in pulls.items()
    }
    for change, ours in pulls.items():
        if ours[-1].thread.state == "merged":
            states[here.sight.repository, change] = "merged"
        if last_of(here.stories[change]) == "reverted":
            states[here.sight.repository, change] = "reverted"
    said = (entry for change in pulls for entry in here.stories[change])
    for repository, change, ours_, theirs in contradictions(said, states):
        here.done.notes.append(f"{repository}: {change}: the ledger says {ours_}, the pulls say {theirs}.")
