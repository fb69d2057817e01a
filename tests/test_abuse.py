"""The abuse cases of research/bots.md §4: docs/abuse.md names the tests that hold each, and they are there."""

import re

from tests.cli import ROOT

ROW = re.compile(r"^\| (\d+) \|.*\| (.*) \|$", re.MULTILINE)
CITED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def cases() -> dict[int, list[tuple[str, str]]]:
    text = (ROOT / "docs" / "abuse.md").read_text(encoding="utf-8")
    return {int(number): CITED.findall(tests) for number, tests in ROW.findall(text)}


def test_each_case_is_told_with_tests_that_are_there() -> None:
    found = cases()

    assert list(range(1, 56)) == list(found)
    for number, cited in found.items():
        assert cited, number
        for file, name in cited:
            assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), (number, name)


def test_every_test_that_bears_a_number_is_of_that_case() -> None:
    found = cases()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for number, name in re.findall(r"^def (?=test_(\d+)_)(\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert (path.relative_to(ROOT / "tests").as_posix(), name) in found[int(number)]
