"""Where somebody else writes to the ledger, one issue says who, nothing else is done, and the issue ends with it."""

from __future__ import annotations

import github as pygithub
import pytest

from bot.jobs.configuration import PATH, START
from tests.app.office import Running
from tests.github.fixtures import ann, github, world
from tests.github.git import Person
from tests.github.world import Repository, World

__all__ = ["ann", "github", "world"]
REF = "refs/heads/flywheel/ledger"


@pytest.fixture
def till(world: World) -> Repository:
    """A repository that takes part, in which the Action has kept a ledger."""
    made = world.repository("octo/till", {PATH: START, "AGENTS.md": "Be kind.\n"})
    world.install("octo", made)
    who = Person("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com", "2026-11-25T00:00:00Z")
    tree = made.git.write_tree("", [("100644", made.git.write_blob(b"{}\n"), "2026-11.jsonl")])
    made.git.move(REF, made.git.write_commit(tree, (), "Remember 1 line\n", who, who))
    return made


def test_the_ledger_of_another_is_told_once_and_left_alone(
    till: Repository, app: Running, ann: pygithub.Github
) -> None:
    before = till.git.ref(REF)

    record = app.sweep(2)

    (issue,) = till.issues.values()
    assert "Flywheel does nothing here: somebody else writes to its ledger" == issue.title
    assert "only flywheel-under-test[bot] may write there." in issue.body
    assert any("may write there" in note for note in record["notes"])
    assert (before, []) == (till.git.ref(REF), [one for one in till.issues.values() if one.pull])

    ann.get_repo("octo/till").get_git_ref("heads/flywheel/ledger").delete()
    app.sweep()

    assert "closed" == issue.state
