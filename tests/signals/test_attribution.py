"""Whose doing a failed job is by its log alone: first what must not be excused."""

from __future__ import annotations

import pytest

from bot.signals.attribution import of_log
from bot.signals.reports.signatures import TABLE


@pytest.mark.parametrize(
    ("signature", "own_doing"),
    [
        ("infra/network-curl", True),
        ("infra/out-of-memory", True),
        ("config/permission", False),
        ("vcs/conflict", False),
        ("test/pytest", True),
        ("", False),
    ],
)
def test_what_may_be_the_changes_own_is_excused_by_no_log(signature: str, own_doing: bool) -> None:
    assert of_log(signature, own_doing) == "uncertain"


@pytest.mark.parametrize(
    ("signature", "own_doing", "cause"),
    [
        ("excluded/dependabot", False, "excluded"),
        ("derivative/other-checks", False, "derivative"),
        ("infra/network-curl", False, "infrastructure"),
        ("infra/runner-lost", True, "infrastructure"),
    ],
)
def test_a_log_tells_what_judged_nothing_and_what_the_machine_did(signature: str, own_doing: bool, cause: str) -> None:
    assert of_log(signature, own_doing) == cause


def test_every_signature_has_an_answer_and_only_four_kinds_of_answer_exist() -> None:
    found = {of_log(one.name, own) for one in TABLE for own in (True, False)}

    assert found == {"excluded", "derivative", "infrastructure", "uncertain"}
