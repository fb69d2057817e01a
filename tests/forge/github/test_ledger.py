"""What the flywheel remembers of a repository stands in that repository, once, and only what it wrote itself counts."""

from __future__ import annotations

from collections.abc import Callable

import github as pygithub
import pytest

from bot import ledger
from bot.errors import UserError
from bot.forge.github.client import App
from bot.forge.github.errors import UnavailableError
from bot.forge.github.forge import GitHubForge
from bot.model import Entry
from tests.github.server import Fault, GitHub
from tests.github.world import Repository, World

REF = "refs/heads/flywheel/ledger"


@pytest.fixture
def again(app: App, world: World) -> Callable[[], GitHubForge]:
    def make() -> GitHubForge:
        number = next(iter(world.installations))
        return GitHubForge("octo/shop", app.reader(number, "octo/shop"), app.writer(number, "octo/shop"))

    return make


def line(at: str, event: str = "proposed") -> str:
    return ledger.encode(Entry(at, event, "octo/shop", "0123456789ab", "finishes-on-red", failed=5))


A, B, C = line("2026-10-31T23:59:59Z"), line("2026-11-01T00:00:00Z"), line("2026-11-02T00:00:00Z", "merged")


def test_a_repository_without_a_ledger_remembers_nothing(forge: GitHubForge, github: GitHub) -> None:
    assert forge.read_ledger().lines == ()
    assert forge.append_ledger(()) == 0
    assert github.writes == []


def test_lines_come_back_in_order_from_a_branch_of_its_own(
    forge: GitHubForge, again: Callable[[], GitHubForge], shop: Repository
) -> None:
    assert (forge.append_ledger((A, B)), again().append_ledger((B, C))) == (2, 1)

    assert again().read_ledger().lines == (A, B, C)
    assert {entry.path for entry in shop.git.tree(REF, recursive=True)} == {"2026-10.jsonl", "2026-11.jsonl"}
    assert shop.git.merge_base("main", REF) == ""
    assert "merged" == ledger.fold(again().read_ledger().lines).changes["0123456789ab"].last.event


@pytest.mark.parametrize("before", [(), (A,)])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_line_whose_answer_was_lost_is_not_written_twice(
    at: int, before: tuple[str, ...], forge: GitHubForge, again: Callable[[], GitHubForge], github: GitHub
) -> None:
    if before:
        forge.append_ledger(before)
        at = 1
    github.faults = [Fault("lost", at=at)]
    with pytest.raises(UnavailableError):
        again().append_ledger((B, C))

    again().append_ledger((B, C))

    assert again().read_ledger().lines == (*before, B, C)


@pytest.mark.parametrize("first", [False, True])
def test_who_was_slower_adds_to_what_is_there_then(
    first: bool, forge: GitHubForge, again: Callable[[], GitHubForge], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not first:
        forge.append_ledger((A,))
    slow, fast = again(), again()
    files = slow._ledger.place.tip
    raced: list[int] = []

    def and_another_is_faster(branch: str) -> str:
        seen = files(branch)
        if not raced:
            raced.append(fast.append_ledger((B,)))
        return seen

    monkeypatch.setattr(slow._ledger.place, "tip", and_another_is_faster)

    assert slow.append_ledger((C,)) == 1
    assert again().read_ledger().lines == ((B, C) if first else (A, B, C))


def test_what_a_person_wrote_there_does_not_count(
    forge: GitHubForge, again: Callable[[], GitHubForge], ann: pygithub.Github
) -> None:
    forge.append_ledger((B,))
    repo = ann.get_repo("octo/shop")
    repo.create_file("2026-12.jsonl", "Forge a merge", line("2026-12-01T00:00:00Z", "merged") + "\n", "flywheel/ledger")

    seen = again().read_ledger()

    assert (B,) == seen.lines
    assert "by ann, and only flywheel-under-test[bot] may write there. Reset the branch" in seen.spoiled
    with pytest.raises(UserError, match="by ann, and only"):
        again().append_ledger((C,))
