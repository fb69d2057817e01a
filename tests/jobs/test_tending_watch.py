"""A merged change is held against the runs that follow it, and taken back when they say so."""

from bot.hosting.acts import Merge, Rerun, Say
from bot.jobs.tending_sight import undo_branch, undo_id
from bot.jobs.tending_watch import incidents
from bot.model import Episode, Finding, OpenPull, Run, Turn, Witness, replace
from tests.jobs.shelf import (
    AFTER,
    BASE,
    CHANGE,
    DETECTOR,
    GROUND,
    HEAD,
    MADE,
    OURS,
    PATH,
    REPOSITORY,
    WRITER,
    Shelf,
    acts,
    decision,
    events,
    ledger,
    look,
    merged,
    proposed,
    pull,
    thread,
)

AT = "2026-03-01T12:00:00Z"
WENT = replace(proposed("autonomous"), event="merged", at=AT, head=MADE, number=7)
AFTERWARDS = replace(GROUND, head=MADE)
MUCH_LATER = "2026-04-20T00:00:00Z"


def runs(failed, passed, when, again="none", trust="T2"):
    """So many failed and passing runs of a month, mixed evenly."""
    kinds = [n * failed // (failed + passed) != (n + 1) * failed // (failed + passed) for n in range(failed + passed)]
    for n, fails in enumerate(kinds):
        attempt = (Witness("attempt", again),) if fails and again != "none" else ()
        at = f"{when}-{2 + n % 26:02}T{n // 26:02}:00:00Z"
        run = Run(id=1000 + n, created_at=at)
        yield Episode(f"{when}/{n}", REPOSITORY, "fail" if fails else "pass", run=run, trust=trust, witnesses=attempt)


def turn(episodes, fired):
    """A turn in which the detector fired in every so-manieth episode."""
    found = [Finding(DETECTOR, one.id, (1,)) for n, one in enumerate(episodes) if fired and n % fired == 0]
    return Turn(len(episodes), {}, (), tuple(found), 0, (), ())


def visit(*entries, after, now="2026-03-28T00:00:00Z", fired_after=0, **how):
    before = list(runs(6, 54, "2026-02"))
    episodes = [*before, *after]
    seen = turn(before, 3)
    then = turn(list(after), fired_after)
    seen = replace(seen, findings=(*seen.findings, *then.findings))
    how = {"pulls": [merged(OURS)], "ground": AFTERWARDS, **how}
    return look(proposed("autonomous"), WENT, *entries, episodes=episodes, turn=seen, now=now, **how)


def test_a_change_whose_runs_go_on_as_before_is_only_watched():
    tended = visit(after=list(runs(1, 9, "2026-03")))

    assert (tended.entries, tended.effects) == ([], [])
    assert "Watched over 10 runs" in acts(tended, Say)[0].text


def test_a_change_after_which_the_pattern_fell_is_kept_and_that_is_told_once():
    quiet = list(runs(6, 54, "2026-03"))
    tended = visit(after=quiet, now=MUCH_LATER)
    second = visit(*tended.entries, after=quiet, now=MUCH_LATER)

    assert [(one.event, one.watch, one.aftermath) for one in tended.entries] == [("watched", "clean", "kept")]
    assert second.entries == []


def test_failures_that_rise_are_run_again_before_anybody_is_blamed():
    red = list(runs(20, 5, "2026-03"))
    tended = visit(after=red)
    second = visit(*tended.entries, after=red)
    flaky = visit(*tended.entries, after=list(runs(20, 5, "2026-03", again="pass")))

    assert events(tended) == ["rerun", "rerun"]
    assert len(acts(tended, Rerun)) == 2
    assert (second.entries, acts(second, Rerun), second.effects) == ([], [], [])
    assert (flaky.entries, flaky.effects) == ([], [])


def test_50_once_they_failed_again_the_exact_inverse_is_opened_and_a_fork_could_not_have_done_that():
    red = list(runs(20, 5, "2026-03", again="fail"))
    tended = visit(after=red)
    forks = visit(after=list(runs(20, 5, "2026-03", again="fail", trust="T0")))

    assert [(one.event, one.watch, one.reason) for one in tended.entries] == [
        ("watched", "alarm", "failures"),
        ("undoing", "", "failures"),
    ]
    (opened,) = tended.effects
    assert isinstance(opened, OpenPull)
    assert "runs have failed more often since it was merged" in opened.body
    assert len(incidents(ledger(WENT, *tended.entries), red)) == 20
    assert incidents(ledger(WENT), red) == frozenset()
    assert (forks.entries, forks.effects) == ([], [])


def revert(state="open", **what):
    mark = undo_id(REPOSITORY, CHANGE)
    of = thread("autonomous", number=9, by_mark=mark, state=state, closed_at=MUCH_LATER, **what)
    return pull(of=of, branch=undo_branch(REPOSITORY, DETECTOR, CHANGE), base_head=MADE, head="e" * 40)


ALARM = replace(WENT, event="watched", at="2026-03-20T00:00:00Z", watch="alarm", reason="failures")
UNDOING = replace(WENT, event="undoing", at="2026-03-20T00:00:00Z", reason="failures", head=MADE)
RED = list(runs(20, 5, "2026-03", again="fail"))


def shelf():
    git = Shelf()
    git.commits["e" * 40] = git.commits[BASE]
    return git


def test_the_revert_of_what_merged_itself_merges_itself_when_it_is_exact_and_green():
    tended = visit(ALARM, UNDOING, after=RED, pulls=[merged(OURS), revert()], git=shelf())
    stopped = visit(ALARM, UNDOING, after=RED, pulls=[merged(OURS), revert()], git=shelf(), lookups=())
    other = shelf()
    other.commits["e" * 40] = {PATH: AFTER.replace("8", "6")}
    strange = visit(ALARM, UNDOING, after=RED, pulls=[merged(OURS), revert()], git=other)

    assert acts(tended, Merge) == acts(stopped, Merge) == [Merge(9, "e" * 40, "merge", "squash")]
    assert acts(strange, Merge) == []
    assert tended.entries == []


def test_the_merged_revert_is_remembered_and_what_was_reverted_is_never_autonomous_again():
    done = replace(revert("merged"), merged_at=MUCH_LATER, merged_by=OURS, merge_sha="f" * 40)
    pulls = [merged(OURS), done]
    back = replace(GROUND, head=BASE)
    tended = visit(ALARM, UNDOING, after=RED, pulls=pulls, ground=back, now=MUCH_LATER)
    second = visit(ALARM, UNDOING, *tended.entries, after=RED, pulls=pulls, ground=back, now=MUCH_LATER)

    assert [(one.event, one.tier, one.reason) for one in tended.entries] == [
        ("reverted", "autonomous", "failures"),
        ("demoted", "interactive", "reverted"),
    ]
    assert (second.entries, second.effects) == ([], [])


def test_a_revert_that_a_person_closes_is_spared_and_never_opened_again():
    pulls = [merged(OURS), revert("closed", closed_by=WRITER)]
    tended = visit(ALARM, UNDOING, after=RED, pulls=pulls, now=MUCH_LATER)
    second = visit(ALARM, UNDOING, *tended.entries, after=RED, pulls=pulls, now=MUCH_LATER)

    assert events(tended) == ["spared"]
    assert (tended.effects, second.effects, second.entries) == ([], [], [])


def test_a_change_waits_while_its_like_is_watched_elsewhere():
    like = replace(proposed("autonomous"), change="0" * 12, repository="octo/api", event="merged", at=AT)
    here = {"pulls": [pull("autonomous")], "says": decision("autonomous"), "now": "2026-03-03T00:00:00Z"}
    waits = look(proposed("autonomous"), owner=ledger(like), **here)
    goes = look(proposed("autonomous"), owner=ledger(like, replace(like, event="watched", watch="clean")), **here)

    assert acts(waits, Merge) == []
    assert "the watch of octo/api" in acts(waits, Say)[0].text.replace("\\", "").replace("\u200b", "")
    assert acts(goes, Merge) == [Merge(7, HEAD, "merge", "squash")]
