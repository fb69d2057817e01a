"""A lint rule is switched on when CI keeps failing on it and the repository's own linter does not look for it."""

import subprocess
import sys

import pytest

from bot.approval.judge import judge
from bot.approval.kinds import RUFF_RULES, is_kind
from bot.approval.rollback import undo
from bot.model import Detector, Episode, Finding, Harness, HarnessFile, Remedy, Signal, replace
from bot.modifications.linter import RULE, lint_rules, switched_on
from tests.approval.test_judge import POLICY
from tests.modifications.test_upkeep import REPOSITORY, earned

DETECTOR = Detector(RULE, "verification", "CI is red", "experimental", "high", {}, Remedy("instructions", "Run it."))
TEXT = 'line-length = 99\n\n[lint]\nselect = [\n  "E",\n  "F",  # plain defects\n]\nignore = ["E501"]\n'


def run(number: int, outcome: str, *codes: str, **what: object) -> Episode:
    """A run whose linter was heard, and named these rules."""
    said = [Signal("lint-failed", detail=f"{code} src/a.py", value=1.0) for code in codes]
    signals = (*said, Signal("lints-failed", value=float(len(codes))))
    return replace(Episode(f"e{number}", REPOSITORY, outcome, None, signals, f"t{number % 5}"), **what)


RUNS = [run(n, "pass") for n in range(60)] + [run(100 + n, "fail", "B006") for n in range(6)]


def kept(runs=RUNS, text=TEXT, found=None, path="ruff.toml"):
    findings = [Finding(RULE, one.id, ()) for one in runs if one.outcome == "fail" and found is None]
    harness = Harness(REPOSITORY, {path: HarnessFile(path, text)}, "h" * 40, frozenset({path}))
    return [one.modification for one in lint_rules(harness, runs, {RULE: DETECTOR}, findings, RUFF_RULES)]


@pytest.mark.parametrize(
    "what",
    [
        {"runs": RUNS[:64]},
        {"runs": [*RUNS[:19], *RUNS[60:]]},
        {"runs": [*RUNS, run(300, "pass", "B006")]},
        {"runs": [replace(one, task="t1") for one in RUNS]},
        {"runs": [replace(one, trust="T0") for one in RUNS]},
        {"runs": [*RUNS[:60], *(run(100 + n, "fail", "NO123") for n in range(6))]},
        {"runs": [replace(one, signals=one.signals[:-1]) for one in RUNS]},
        {"found": ()},
        {"path": "setup.cfg"},
    ],
    ids=["few", "unheard", "a-pass-breaks-it", "one-task", "fork", "unknown", "silent", "a-test-failed", "no-file"],
)
def test_a_linter_is_left_alone(what):
    assert kept(**what) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[lint",
        "[lint]\nignore = []\n",
        'extend = "../ruff.toml"\n[lint]\nselect = ["E"]\n',
        '[lint]\nselect = ["ALL"]\n',
        '[lint]\nselect = ["B"]\n',
        '[lint]\nselect = ["E"]\nextend-select = ["B0"]\n',
        '[lint]\nselect = ["E"]\nignore = ["B006"]\n',
        '[lint]\nselect = ["E"]\n[lint.per-file-ignores]\n"tests/*" = ["B006"]\n',
        'select = ["E"]\nextend-ignore = ["B"]\n',
        'x = """\nselect = [\n"""\n',
    ],
)
def test_settings_that_look_for_it_leave_it_out_or_do_not_say_are_left_alone(text):
    assert switched_on(HarnessFile("ruff.toml", text), "B006") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('select = ["E"]\n', 'select = ["E", "B006"]\n'),
        ("select = []\n", 'select = ["B006"]\n'),
        ('lint.select = ["E"]\n', 'lint.select = ["E", "B006"]\n'),
        ('[lint]\nselect = ["E",]  # few\n', '[lint]\nselect = ["E", "B006"]  # few\n'),
        (
            '[lint]\nselect = ["E"]\nextend-select = [\n    "W",\n]\n',
            '[lint]\nselect = ["E"]\nextend-select = [\n    "B006",\n    "W",\n]\n',
        ),
        (TEXT, TEXT.replace('[\n  "E"', '[\n  "B006",\n  "E"')),
        ('[lint]\nselect = [\n\t"E"\n]\n', '[lint]\nselect = [\n\t"B006",\n\t"E"\n]\n'),
    ],
)
def test_one_rule_is_written_into_the_list_and_every_other_byte_kept(text, expected):
    assert switched_on(HarnessFile("ruff.toml", text), "B006") == expected


def test_the_rule_that_ci_fails_on_is_switched_on():
    (change,) = kept()

    assert (change.kind, is_kind(change.kind, change.edits)) == ("lint-rule", True)
    assert change.title == "CI fails on B006, which the linter here does not look for"
    assert (change.pattern.failed, change.pattern.passed_of, len(change.prediction.fixes)) == (6, 60, 6)
    assert undo(change.edits, {"ruff.toml": change.edits[0].after}).edits[0].after == TEXT


def test_another_rule_is_another_change():
    other = [*RUNS[:60], *(run(100 + n, "fail", "B904") for n in range(6))]

    assert kept()[0].id != kept(other)[0].id


def test_it_merges_itself_once_its_category_has_earned_it():
    (change,) = kept()
    decision = judge(change, POLICY, earned(change), trial="confirmed")

    assert decision.tier == "autonomous", [one for one in decision.reasons if one.allows != "autonomous"]
    assert judge(change, POLICY, (), trial="confirmed").tier == "interactive"
    assert judge(change, POLICY, earned(change), trial="confirmed", trust="T0").tier == "backlog"
    named_only = replace(change, pattern=replace(change.pattern, reasons=()))
    assert judge(named_only, POLICY, earned(change), trial="confirmed").tier == "backlog"


def test_ruff_itself_finds_what_it_did_not_look_for(tmp_path):
    (tmp_path / "a.py").write_text("def add(one, to=[]):\n    to.append(one)\n    return to\n")

    def codes(text):
        (tmp_path / "ruff.toml").write_text(text)
        said = [f"{sys.prefix}/bin/ruff", "check", "--no-cache", "--output-format", "concise", "a.py"]
        return "B006" in subprocess.run(said, cwd=tmp_path, capture_output=True, text=True, check=False).stdout

    assert (codes(TEXT), codes(kept()[0].edits[0].after)) == (False, True)


def test_every_rule_of_ours_is_known_to_ruff(tmp_path):
    (tmp_path / "ruff.toml").write_text(f"lint.select = {sorted(RUFF_RULES)}\n")
    (tmp_path / "a.py").write_text("")
    said = [f"{sys.prefix}/bin/ruff", "check", "--no-cache", "a.py"]
    done = subprocess.run(said, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
