"""Between visits: what may be deleted at any time, and nothing that a name could lead astray."""

from pathlib import Path

import pytest

from bot import ledger
from bot.errors import UserError
from bot.jobs.memory import Last, Memory
from bot.model import Entry


def entry(repository: str, change: str) -> str:
    return ledger.encode(Entry("2026-01-01T00:00:00Z", "proposed", repository, change, "loops/x"))


@pytest.mark.parametrize("name", ["../x", "a/..", "a/.", "a", "a/b/c", "a\\b/c", "a/b\n", "./a", ""])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="no repository's name"):
        Memory(tmp_path).keep_ledger(name, ["{}"])

    assert [] == list(tmp_path.rglob("*"))


def test_a_repository_may_begin_with_a_dot_as_github_has_them(tmp_path: Path) -> None:
    memory = Memory(tmp_path)

    memory.keep_ledger("octo/.github", [entry("octo/.github", "c")])

    assert {"c"} == set(memory.ledgers("octo").changes)


def test_nothing_kept_is_nothing_remembered(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "none")

    assert Last() == memory.last(7)
    assert {} == memory.ledgers("octo").changes


def test_the_ledgers_of_an_owner_are_one_and_those_of_others_are_not_in_it(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.keep_ledger("octo/shop", [entry("octo/shop", "a")])
    memory.keep_ledger("octo/store", [entry("octo/store", "b")])
    memory.keep_ledger("other/it", [entry("other/it", "c")])

    assert {"a", "b"} == set(memory.ledgers("octo").changes)


def test_a_damaged_visit_is_forgotten(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.keep_last(7, Last("2026-01-01T00:00:00Z"))
    assert Last("2026-01-01T00:00:00Z") == memory.last(7)

    (tmp_path / "visits" / "7.json").write_text("{", encoding="utf-8")

    assert Last() == memory.last(7)
