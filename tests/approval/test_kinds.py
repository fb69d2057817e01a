"""The kinds that may merge themselves: what only bears the name of one, and each one's way from proposal to revert."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.approval.judge import judge
from bot.approval.kinds import KINDS, is_kind, one_number, outside
from bot.approval.merging import Candidate, next_step, strayed
from bot.approval.policy import load
from bot.approval.record import Record, category
from bot.approval.rollback import undo
from bot.hosting.pulls import Checked
from bot.model import Contrast, Edit, Modification, Pattern, Prediction, Remedy, Replay, replace

POLICY = load((Path(__file__).resolve().parents[2] / "rules/approval/default.yml").read_text(), "default.yml")
BLOCK = "<!-- flywheel:begin finishes-on-red {id} -->\n{text}\n<!-- flywheel:end finishes-on-red -->\n"
OLD = "# Ours\n\nNever push.\n\n" + BLOCK.format(id="0" * 12, text="Do not stop on red.\nRun the tests.")
GUARD = ".claude/hooks/flywheel-loop-guard.py"
PATIENCE = """{
  "permissions": {"deny": ["Bash(rm:*)"]},
  "cleanupPeriodDays": 30,
  "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "x", "timeout": 60}]}]},
  "env": {"BASH_DEFAULT_TIMEOUT_MS": "120000", "BASH_MAX_TIMEOUT_MS": "600000"}
}
"""
EDITS = {
    "guard-threshold": Edit(
        ".claude/hooks/flywheel-loop-guard.py", "A = 1\nNUDGE = 5\n", "A = 1\nNUDGE = 7\n", "100755"
    ),
    "managed-block-refresh": Edit("AGENTS.md", OLD, OLD.replace("0" * 12, "a" * 12).replace("the tests", "all tests")),
    "expired-rule-removal": Edit("AGENTS.md", OLD, OLD.replace("Do not stop on red.\n", "")),
    "retry-or-timeout": Edit(".claude/settings.json", PATIENCE, PATIENCE.replace("120000", "240000")),
    "lint-rule": Edit("ruff.toml", 'select = [\n  "E",\n]\n', 'select = [\n  "E",\n  "B006",\n]\n'),
}


def modification(kind, edit):
    prose = kind in ("managed-block-refresh", "expired-rule-removal")
    return Modification(
        id="i",
        revision="r",
        repository="o/r",
        detector="finishes-on-red",
        component="instructions" if prose else "hooks",
        kind=kind,
        title="t",
        edits=(edit,),
        inverse=(replace(edit, before=edit.after, after=edit.before),),
        prediction=Prediction(("f1", "f2"), (), Replay("loop-guard", 20, 100, ("f1",), ())),
        pattern=Pattern(
            *("p", "finishes-on-red", "actionable", Contrast("task", 10, 20, 20, 15, 1, 30.0, 4.0, 200.0, 0.0001)),
            *(("o/r",), ("a", "b", "c"), 15, 1, 20, 20, ()),
        ),
        remedy=Remedy("hooks", "Stop.", "loop-guard"),
    )


def decision(kind, edit, earned=True):
    change = modification(kind, edit)
    record = Record(category(change), 30, 0, 4, earned=earned)
    return judge(change, POLICY, (record,), trial="confirmed", stable=True)


def test_the_policy_names_the_kinds_that_can_be_shown():
    assert set(POLICY.autonomous.kinds) == set(KINDS) == set(EDITS)


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("guard-threshold", {"after": "A = 1\nNUDGE = 5000\n"}),
        ("guard-threshold", {"after": "A = 2\nNUDGE = 6\n"}),
        ("guard-threshold", {"after": "A = 1\nNUDGE = 0\n"}),
        ("guard-threshold", {"after": "A = 1\nNUDGE = 6; import os\n"}),
        ("guard-threshold", {"before": "mode = 5\n", "after": "mode = 6\n"}),
        ("managed-block-refresh", {"after": OLD.replace("Never push.", "Push.")}),
        ("managed-block-refresh", {"after": OLD.replace("<!-- flywheel:end", "<!-- flywheel:end x")}),
        ("managed-block-refresh", {"before": "a\n", "after": "b\n"}),
        ("managed-block-refresh", {"after": OLD + OLD}),
        ("expired-rule-removal", {"after": OLD.replace("Never push.\n", "")}),
        ("expired-rule-removal", {"after": OLD.replace("Do not stop on red.", "Stop on red.")}),
        ("expired-rule-removal", {"after": None}),
        ("retry-or-timeout", {"after": PATIENCE.replace("120000", "240000").replace("600000", "900000")}),
        ("retry-or-timeout", {"after": PATIENCE.replace("120000", "300000")}),
        ("retry-or-timeout", {"after": PATIENCE.replace('": 60', '": 90')}),
        ("retry-or-timeout", {"after": PATIENCE.replace(": 30", ": 60")}),
        ("retry-or-timeout", {"after": PATIENCE.replace("120000", "240000").replace("rm:", "ls:")}),
        ("retry-or-timeout", {"path": "pkg/.claude/settings.json"}),
        ("retry-or-timeout", {"before": '{"env": 120000}', "after": '{"env": 240000}'}),
        (
            "retry-or-timeout",
            {
                "before": '{"env": {"BASH_DEFAULT_TIMEOUT_MS": 1, "BASH_DEFAULT_TIMEOUT_MS": 5}}',
                "after": '{"env": {"BASH_DEFAULT_TIMEOUT_MS": 1, "BASH_DEFAULT_TIMEOUT_MS": 6}}',
            },
        ),
        ("lint-rule", {"after": 'select = [\n  "E",\n]\nignore = ["ALL"]\n'}),
        ("lint-rule", {"after": "select = [\n]\n"}),
        ("lint-rule", {"path": "src/app.py"}),
        ("lint-rule", {"path": "pkg/ruff.toml"}),
        ("lint-rule", {"after": 'select = [\n  "E",\n  "XYZ99",\n]\n'}),
        ("lint-rule", {"after": 'select = [\n  "E",\n  "B006", "B904",\n]\n'}),
        ("lint-rule", {"after": 'select = [\n  "E",\n]\nextend-select = ["B006"]\n'}),
        ("lint-rule", {"after": 'select = [\n  "E",\n  "B006", # "E"\n]\n'}),
        ("lint-rule", {"before": 'select = [\n  "B006",\n]\n', "after": 'select = [\n  "B006",\n  "B006",\n]\n'}),
        (
            "lint-rule",
            {"before": "[lint.pydocstyle]\nselect = []\n", "after": '[lint.pydocstyle]\nselect = ["B006"]\n'},
        ),
        ("lint-rule", {"before": "ignore = [\n]\n", "after": 'ignore = [\n  "B006",\n]\n'}),
    ],
)
def test_what_only_bears_the_name_of_a_kind_is_none(kind, what):
    edit = replace(EDITS[kind], **what)

    assert not is_kind(kind, [edit])
    assert decision(kind, edit).tier != "autonomous"


@pytest.mark.parametrize("kind", EDITS)
def test_a_kind_without_a_record_is_for_a_person(kind):
    assert decision(kind, EDITS[kind], earned=False).tier == "interactive"


@pytest.mark.parametrize("kind", EDITS)
def test_each_kind_goes_from_proposal_to_merge_and_back(kind):
    edit = EDITS[kind]
    judged = decision(kind, edit)
    ready = Candidate(
        *("a1", "main", "main", "a1", "main", judged),
        held=False,
        stopped=(),
        known=True,
        author_ours=True,
        marker_holds=True,
        commits_ours=True,
        edits_hold=True,
        protected=True,
        queue=False,
        changes_requested=False,
        twins=0,
        busy=False,
        mergeable="clean",
        checks=(Checked("test", False, True, "success", 60),),
    )
    back = undo([edit], {edit.path: edit.after})

    assert judged.tier == "autonomous", [one for one in judged.reasons if one.allows != "autonomous"]
    assert next_step(ready, POLICY).do == "merge"
    assert strayed([edit], {edit.path: edit.after}) == ()
    assert back.exact
    assert back.edits == (replace(edit, before=edit.after, after=edit.before),)


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_number_at_most_doubles_or_halves(was, now):
    shown = one_number(Edit("x", f"N = {was}\n", f"N = {now}\n"))

    assert (shown is not None) == (was != now and was <= 2 * now <= 4 * was)


texts = st.lists(
    st.sampled_from(["a", "never", "", *BLOCK.format(id="0" * 12, text="x").splitlines()]), max_size=8
).map("\n".join)


@given(st.sampled_from(sorted(KINDS)), texts, st.none() | texts)
def test_any_two_texts_are_asked_without_a_crash_and_our_blocks_alone_may_lose_lines(kind, before, after):
    assert not is_kind(kind, [Edit("ruff.toml", before, before)])
    if is_kind(kind, [Edit("AGENTS.md", before, after)]) and kind == "expired-rule-removal":
        assert [line for line in outside(before) if line] == [line for line in outside(after) if line]
