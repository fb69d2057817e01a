"""Every rule that we ship, against the cases beside it."""

from pathlib import Path

import pytest

from bot.traces import cases, detectors
from bot.traces.analyse import analyse
from bot.traces.conditions import BY_NAME, names

RULES = Path(__file__).resolve().parents[2] / "rules"
FILES = {path.relative_to(RULES).as_posix(): path.read_text() for path in sorted(RULES.glob("detectors/*/*.yml"))}
DETECTORS = detectors.load(FILES)
CASES = [
    (detector, case)
    for detector in DETECTORS
    for case in cases.load(FILES.get(f"detectors/{detector.family}/{detector.id}.test.yml", "[]"), detector.id)
]


def test_the_eight_rules_of_the_first_turn_are_there():
    assert {f"{detector.family}/{detector.id}" for detector in DETECTORS} >= {
        "verification/touches-no-existing-source",
        "verification/finishes-on-red",
        "verification/finishes-unverified",
        "verification/claims-against-last-check",
        "loops/fails-in-a-row",
        "loops/edits-without-progress",
        "environment/command-times-out",
        "budget/reaches-limit",
    }


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_a_rule_has_cases_first_those_it_must_leave_alone_then_those_it_must_find(detector):
    fires = [case.finds is not None for mine, case in CASES if mine is detector]

    assert fires == sorted(fires)
    assert fires.count(False) >= 3
    assert True in fires


@pytest.mark.parametrize(("detector", "case"), CASES, ids=[f"{rule.id}: {case.name}" for rule, case in CASES])
def test_a_rule_finds_what_its_case_says(detector, case):
    findings = analyse(case.episode, [detector])

    assert (findings[0].steps if findings else None) == case.finds


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_a_remedy_is_short_imperative_prose_of_plain_characters(detector):
    text = detector.remedy.text

    assert len(text.split()) <= 60
    assert "\n" not in text
    assert not set(text) & set("<>{}[]$!#@")


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_a_rule_says_what_it_cannot_see_and_where_it_comes_from(detector):
    assert detector.blind_spots
    assert detector.sources


def test_every_condition_has_its_line_in_the_readme_and_the_readme_invents_none():
    page = (RULES / "README.md").read_text()
    told = {line.split("`")[1].split(":")[0] for line in page.splitlines() if line.startswith("| `")}

    assert told == set(BY_NAME)


def test_the_rules_ask_only_known_conditions_and_not_all_the_same():
    asked = frozenset().union(*(names(detector.detect) for detector in DETECTORS))

    assert asked <= set(BY_NAME)
    assert len(asked) >= 30


def test_every_rule_has_its_line_in_the_table_of_the_readme():
    page = (RULES / "README.md").read_text()
    told = [line.split("](")[1].split(")")[0] for line in page.splitlines() if line.startswith("| [")]

    assert told == [f"detectors/{detector.family}/{detector.id}.yml" for detector in DETECTORS]


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_a_rule_that_asks_ci_or_people_is_only_described(detector):
    """It can fire on failures alone, so that any contrast would call it significant."""
    if not names(detector.detect) & {"signal", "ci_tests", "ci_stage", "closed"}:
        return

    assert detector.measured.by == "none"
