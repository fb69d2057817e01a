"""The heads that ended since the last look: found from the lists of GitHub, with no webhook."""

import pytest

from bot.jobs.heads import Finished, Looked, finished_heads
from tests.jobs.collecting_world import Case, ann, case, github, head, shop, world

__all__ = ["ann", "case", "github", "shop", "world"]


def look(case: Case, since: str = "", most: int = 20) -> Looked:
    return finished_heads(case.source(), since, most)


def found(looked: Looked) -> list[tuple[str, str]]:
    return [(one.sha, one.why) for one in looked.heads]


def test_nothing_ended_nothing_is_found(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), conclusion=None)
    case.world.run(case.shop, head(pull), conclusion="cancelled")

    assert ((), "2026-11-25T03:00:00Z") == ((seen := look(case, case.at(0))).heads, seen.until)


def test_failures_and_passes_are_found_newest_first(case: Case) -> None:
    old, red, green = case.pull(), case.pull(), case.pull()
    case.world.run(case.shop, head(old), created=case.at(-30))
    case.world.run(case.shop, head(red), created=case.at(1))
    case.world.run(case.shop, head(green), created=case.at(2), conclusion="success")

    looked = look(case, case.at(0))

    assert [(head(green), "sample"), (head(red), "failed")] == found(looked)
    assert "2026-11-25T03:03:00Z" == looked.until


def test_a_run_that_began_before_the_last_look_and_ended_since_is_found(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), created=case.at(-300), seconds=301 * 60)

    assert [(head(pull), "failed")] == found(look(case, case.at(0)))


def test_the_next_look_misses_nothing_and_the_first_takes_what_there_is(case: Case) -> None:
    first, second = case.pull(), case.pull()
    case.world.run(case.shop, head(first), created=case.at(1))
    looked = look(case)
    case.world.run(case.shop, head(second), created=case.at(1))  # it ended in the same second, and was listed later

    assert [(head(first), "failed")] == found(looked)
    assert {head(first), head(second)} == {one.sha for one in look(case, looked.until).heads}


def test_what_turned_a_branch_green_comes_before_other_passes(case: Case) -> None:
    pull = case.pull("fix")
    red, others = head(pull), [case.pull() for _ in range(3)]
    green = case.commit("fix", "Mend it")
    case.world.run(case.shop, red, created=case.at(1), branch="fix")
    case.world.run(case.shop, green, created=case.at(2), conclusion="success")
    for minute, one in enumerate(others, 3):
        case.world.run(case.shop, head(one), created=case.at(minute), conclusion="success")

    looked = look(case, case.at(0), most=2)

    assert {(red, "failed"), (green, "turned-green"), (head(others[2]), "sample")} == set(found(looked))
    assert 2 == looked.left_out


def test_a_head_with_a_failure_is_no_pass(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), created=case.at(1), name="lint", conclusion="success")
    case.world.run(case.shop, head(pull), created=case.at(1))

    assert [(head(pull), "failed")] == found(look(case, case.at(0)))


def test_a_pull_that_was_closed_unmerged_is_looked_at_again(case: Case) -> None:
    closed, merged = case.pull(), case.pull()
    repo = case.ann.get_repo("octo/shop")
    repo.get_pull(closed.number).edit(state="closed")
    repo.get_pull(merged.number).merge()

    looked = look(case, case.at(0))

    assert [(head(closed), "closed")] == found(looked)
    assert looked.until == max(closed.closed_at or "", merged.closed_at or "")


def test_a_merge_that_was_taken_back_is_looked_at_again(case: Case) -> None:
    pull = case.pull()
    merged = case.ann.get_repo("octo/shop").get_pull(pull.number).merge().sha
    git, who = case.shop.git, case.world.user("ann").person
    tree = git.line("rev-parse", f"{merged}~1^{{tree}}")
    git.move(
        "refs/heads/main", git.write_commit(tree, (merged,), f"Revert\n\nThis reverts commit {merged}.\n", who, who)
    )

    assert [(head(pull), "reverted")] == found(look(case, case.at(0)))
    assert [] == found(look(case))


def test_a_message_that_takes_back_what_is_no_commit_stops_nobody(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), created=case.at(1))
    case.commit("main", f"Revert\n\nThis reverts commit {'0' * 40}.")

    assert [(head(pull), "failed")] == found(look(case, case.at(0)))


@pytest.mark.parametrize("since", ["", "2026-11-25T03:00:00Z", "2026-11-25T05:00:00+02:00"])
def test_a_look_costs_four_calls_at_most(case: Case, since: str) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), created=case.at(1))
    source = case.source()
    case.calls()

    assert Finished(head(pull), "failed", "2026-11-25T03:02:00Z") in finished_heads(source, since).heads
    assert ["actions/runs", "actions/runs", "pulls", *(["commits"] if since else [])] == case.calls()
