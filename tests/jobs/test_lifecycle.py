"""What cannot be looked up is left, what nobody may see is forgotten, what was renamed keeps what is known of it."""

import json
from pathlib import Path

import pytest

from bot import ledger
from bot.errors import UserError
from bot.hosting.places import Installation, Repository
from bot.jobs.lifecycle import Kept, fate, follow, forget, keep_up, places, tidy, under
from bot.jobs.memory import Last, Memory
from bot.model import Entry

HERE = Installation(7, 1, "octo")
SHOP, TILL = Repository(1, "octo/shop", 7), Repository(2, "octo/till", 7)
KEPT = (Kept(1, "octo/shop", 7), Kept(2, "octo/till", 7))


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    made = Memory(tmp_path)
    for one in (SHOP, TILL):
        folder = made.evidence / one.name / "abc"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"repository": one.name, "pull": 3}))
        (folder / "reports").mkdir()
        (folder / "reports" / "manifest.json").write_text('{"repository": "octo/shop"}')
        made.keep_ledger(one.name, ["{}"])
        made.keep_last(one.id, Last("2026-01-01"))
    return made


def there(memory: Memory) -> list[str]:
    return sorted(str(path.relative_to(memory.root)) for path in memory.root.rglob("*") if path.is_file())


# --- what is decided --------------------------------------------------------------------------------------------------


def test_what_could_not_be_listed_is_left() -> None:
    assert KEPT == fate(KEPT, [HERE], {}).left


def test_a_suspended_installation_is_parked() -> None:
    found = fate(KEPT, [Installation(7, 1, "octo", suspended=True)], {7: ()})

    assert (KEPT, (), ()) == (found.parked, found.forgotten, found.left)


def test_what_is_as_it_was_has_no_fate() -> None:
    assert (((), (), (), ())) == tuple(
        getattr(fate(KEPT, [HERE], {7: (SHOP, TILL)}), name) for name in ("forgotten", "moved", "parked", "left")
    )


def test_an_uninstalled_app_forgets_and_so_does_a_repository_that_was_taken_out() -> None:
    assert KEPT == fate(KEPT, [], {}).forgotten
    assert (KEPT[1],) == fate(KEPT, [HERE], {7: (SHOP,)}).forgotten


def test_a_transfer_to_another_owner_who_has_the_app_moves_and_does_not_forget() -> None:
    moved = Repository(2, "acme/till", 8)

    found = fate(KEPT, [HERE, Installation(8, 2, "acme")], {7: (SHOP,), 8: (moved,)})

    assert ((KEPT[1], moved),) == found.moved
    assert () == found.forgotten


# --- what is done -----------------------------------------------------------------------------------------------------


def test_a_second_look_does_nothing(memory: Memory) -> None:
    tidy(memory, [HERE], {7: (SHOP, TILL)})
    before = {path: (memory.root / path).stat().st_mtime_ns for path in there(memory)}

    assert () == tidy(memory, [HERE], {7: (SHOP, TILL)})
    assert before == {path: (memory.root / path).stat().st_mtime_ns for path in there(memory)}


def test_nothing_is_left_of_a_repository_that_went(memory: Memory) -> None:
    tidy(memory, [HERE], {7: (SHOP, TILL)})

    said = tidy(memory, [HERE], {7: (SHOP,)})

    assert ("octo/till: the App is not there any more; what was kept of it is deleted.",) == said
    assert not [path for path in there(memory) if "till" in path or path == "visits/2.json"]
    assert "evidence/octo/shop/abc/manifest.json" in there(memory)
    assert (KEPT[0],) == places(memory)


def test_a_suspension_costs_nothing(memory: Memory) -> None:
    tidy(memory, [HERE], {7: (SHOP, TILL)})
    before = there(memory)

    assert () == tidy(memory, [Installation(7, 1, "octo", suspended=True)], {})
    assert before == there(memory)
    assert KEPT == places(memory)


def test_what_is_known_follows_a_new_name(memory: Memory) -> None:
    tidy(memory, [HERE], {7: (SHOP, TILL)})

    said = tidy(memory, [HERE], {7: (Repository(1, "octo/store", 7), TILL)})

    assert ("octo/shop: it is octo/store now.",) == said
    manifest = json.loads((memory.evidence / "octo/store/abc/manifest.json").read_text())
    assert {"repository": "octo/store", "pull": 3} == manifest
    evidence = (memory.evidence / "octo/store/abc/reports/manifest.json").read_text()
    assert '{"repository": "octo/shop"}' == evidence
    assert (memory.root / "ledgers/octo/store.jsonl").exists()
    assert Last("2026-01-01") == memory.last(1)
    assert not [path for path in there(memory) if "shop" in path]


def test_what_stands_at_the_new_name_is_newer_and_stays(memory: Memory) -> None:
    follow(memory, KEPT[0], Repository(1, "octo/till", 7))

    manifest = json.loads((memory.evidence / "octo/till/abc/manifest.json").read_text())
    assert "octo/till" == manifest["repository"]
    assert not (memory.evidence / "octo/shop").exists()


def test_a_new_name_that_was_visited_before_the_sweep_keeps_the_evidence_of_the_old_one(memory: Memory) -> None:
    tidy(memory, [HERE], {7: (SHOP, TILL)})
    now = Repository(1, "octo/store", 7)
    keep_up(memory, now)
    keep_up(memory, now)

    assert "octo/store" == json.loads((memory.evidence / "octo/store/abc/manifest.json").read_text())["repository"]
    assert {"octo/store", "octo/till"} == {one.name for one in places(memory)}
    assert () == tidy(memory, [HERE], {7: (now, TILL)})


def test_bundles_of_both_names_become_those_of_one(memory: Memory) -> None:
    (memory.evidence / "octo/shop/abc").rename(memory.evidence / "octo/shop/def")
    follow(memory, KEPT[0], Repository(1, "octo/till", 7))

    assert {"abc", "def"} == {path.name for path in (memory.evidence / "octo/till").iterdir()}
    assert "octo/till" == json.loads((memory.evidence / "octo/till/def/manifest.json").read_text())["repository"]


@pytest.mark.parametrize("name", ["../../etc", "octo/..", "/etc/passwd", "octo", ""])
def test_no_name_leads_out_of_the_folder(name: str, memory: Memory) -> None:
    before = there(memory)

    with pytest.raises(UserError):
        forget(memory, Kept(9, name, 7))

    assert before == there(memory)


def test_a_damaged_note_of_what_is_kept_forgets_nothing(memory: Memory) -> None:
    (memory.root / "places.json").write_text("{")

    assert () == tidy(memory, [HERE], {7: (SHOP,)})
    assert (memory.evidence / "octo/till").exists()


# --- ledgers ----------------------------------------------------------------------------------------------------------


def entry(event: str, change: str, repository: str = "octo/shop") -> Entry:
    return Entry("2026-01-01", event, repository, change, "finishes-on-red")


def test_an_old_line_speaks_of_todays_name_and_a_strange_line_stays() -> None:
    lines = [
        ledger.encode(entry("proposed", "a" * 12)),
        '{"v": 99}',
        ledger.encode(entry("merged", "b" * 12, "octo/x")),
    ]

    found = list(under(lines, "octo/x"))

    assert ledger.encode(entry("proposed", "a" * 12, "octo/x")) == found[0]
    assert lines[1:] == found[1:]
