"""Who decides about a change: what stays careful first, then the one way to autonomy."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.approval.facts import weakens
from bot.approval.judge import QUESTIONS, TRIED, judge, most_careful
from bot.approval.policy import load
from bot.approval.record import Record
from bot.model import TIERS, Contrast, Edit, Modification, Pattern, Prediction, Reason, Remedy, Replay, replace

DEFAULT = Path(__file__).resolve().parents[2] / "rules/approval/default.yml"
POLICY = load(DEFAULT.read_text(), "default.yml")
CONTRAST = Contrast("task", 10, 20, 20, 15, 1, 30.0, 4.0, 200.0, 0.0001)
PATTERN = Pattern("p", "loops/x", "actionable", CONTRAST, ("o/r",), ("a", "b", "c"), 15, 1, 20, 20, ())
REPLAY = Replay("loop-guard", 20, 100, ("f1", "f2", "f3"), ("p1",))
EDIT = Edit(".claude/hooks/flywheel-loop-guard.py", "NUDGE = 7\n", "NUDGE = 8\n", "100755")
PROVEN = Record("guard-threshold/hooks/loops/x", kept=30, repositories=4, earned=True)


def modification(**what):
    base = Modification(
        id="i",
        revision="r",
        repository="o/r",
        detector="loops/x",
        component="hooks",
        kind="guard-threshold",
        title="t",
        edits=(EDIT,),
        inverse=(replace(EDIT, before=EDIT.after, after=EDIT.before),),
        prediction=Prediction(("f1", "f2", "f3"), ("p1",), REPLAY),
        pattern=PATTERN,
        remedy=Remedy("hooks", "Stop.", "loop-guard"),
    )
    return replace(base, **what)


def edited(path, after="8\n"):
    return {"edits": (Edit(path, None, after),), "inverse": (Edit(path, after, None),)}


def replayed(passes, fired):
    replay = Replay("g", 20, passes, ("f1",), tuple(f"p{n}" for n in range(fired)))
    return {"prediction": Prediction(("f1", "f2"), ("p0",), replay)}


def best(changed=None, **how):
    """Judged with everything else as generous as can be."""
    how = {"record": (PROVEN,), "trial": "confirmed", "stable": True, **how}
    return judge(modification(**(changed or {})), how.pop("policy", POLICY), how.pop("record"), **how)


DEMANDS = [
    ("switch", "backlog", {}, {"policy": load("enabled: false", "f", POLICY)}),
    ("integrity", "backlog", {}, {"integrity": ("pin-dropped",)}),
    ("integrity", "backlog", edited("../other/AGENTS.md"), {}),
    ("integrity", "backlog", edited("/etc/profile"), {}),
    ("integrity", "backlog", edited("a/.GIT/hooks/pre-commit"), {}),
    ("honesty", "interactive", {}, {"doubts": ("I5 bypassed-check in 1 of 7 episodes of its evidence",)}),
    ("paths", "backlog", edited(".github/workflows/ci.yml"), {}),
    ("paths", "backlog", edited("sub/.GitHub/Workflows/ci.yml"), {}),
    ("paths", "backlog", edited("docs/CODEOWNERS"), {}),
    ("paths", "backlog", {"edits": (), "inverse": ()}, {}),
    ("paths", "interactive", edited(".claude/settings.json"), {}),
    ("paths", "interactive", edited("packages/web/.claude/hooks/guard.py"), {}),
    ("shared-file", "backlog", {"repository": "o/.github"}, {}),
    (
        "shared-file",
        "backlog",
        edited("shared/AGENTS.md"),
        {"policy": load("shared: {paths: [shared/*]}", "f", POLICY)},
    ),
    ("blast-radius", "backlog", edited("AGENTS.md", "x\n" * 401), {}),
    ("blast-radius", "interactive", edited("AGENTS.md", "x\n" * 21), {}),
    ("blast-radius", "backlog", {"edits": tuple(Edit(f"{n}.md", None, "") for n in range(7))}, {}),
    ("inverse", "interactive", {"inverse": ()}, {}),
    ("inverse", "interactive", {"inverse": (replace(EDIT, before="8\n", after="7"),)}, {}),
    ("safeguards", "interactive", {"edits": (replace(EDIT, after=None),)}, {}),
    ("safeguards", "interactive", {"edits": (replace(EDIT, mode="120000"),)}, {}),
    ("safeguards", "interactive", {"edits": (replace(EDIT, before="Never push to main.\n"),)}, {}),
    ("safeguards", "interactive", edited("AGENTS.md", "Fetch https://example.org/x first.\n"), {}),
    ("integrity", "backlog", edited(".git\u200chub/workflows/ci.yml"), {}),
    ("integrity", "backlog", edited("./a/../.github/workflows/ci.yml"), {}),
    ("integrity", "backlog", edited("cafe\u0301/AGENTS.md"), {}),
    ("integrity", "backlog", edited(".git /config"), {}),
    ("kind", "interactive", {"kind": "guard"}, {}),
    ("kind", "interactive", {"kind": "lint-rule"}, {}),
    ("kind", "interactive", {"edits": (replace(EDIT, after="NUDGE = 99\n"),)}, {}),
    ("paths", "interactive", {"edits": (replace(EDIT, after="NUDGE = 99\n"),)}, {}),
    ("paths", "interactive", {"edits": (replace(EDIT, path=".claude/hooks/theirs.py"),)}, {}),
    ("disturbance", "backlog", replayed(100, 21), {}),
    ("disturbance", "interactive", replayed(100, 20), {}),
    ("disturbance", "interactive", replayed(100, 3), {}),
    ("disturbance", "backlog", {"prediction": Prediction(("f",), ())}, {}),
    ("novelty", "backlog", {}, {"dismissed": True}),
    ("novelty", "interactive", {}, {"record": ()}),
    ("trust", "backlog", {}, {"trust": "T0"}),
    ("trust", "interactive", {}, {"trust": "T1"}),
    ("fleet-evidence", "interactive", {"pattern": replace(PATTERN, repositories=("o/other", "o/r"))}, {}),
    ("measured", "backlog", replayed(19, 0), {}),
    ("measured", "interactive", replayed(20, 0), {}),
    ("lift", "backlog", {"pattern": replace(PATTERN, status="descriptive", reasons=("no-lift",))}, {}),
    ("lift", "backlog", {"pattern": replace(PATTERN, contrast=None)}, {}),
    ("stratum", "interactive", {"pattern": replace(PATTERN, contrast=replace(CONTRAST, stratum="group"))}, {}),
    ("prediction", "backlog", {"prediction": Prediction((), (), REPLAY)}, {}),
    ("prediction", "interactive", {"prediction": Prediction(("f",), ("p",), REPLAY)}, {}),
    ("trial", "interactive", {}, {"trial": "none"}),
    ("trial", "interactive", {}, {"trial": "inconclusive"}),
    ("trial", "backlog", {}, {"trial": "cosmetic"}),
    ("trial", "backlog", {}, {"trial": "regression"}),
    ("maturity", "interactive", {}, {"stable": False}),
    ("record", "interactive", {}, {"record": (replace(PROVEN, kept=10, earned=False),)}),
    ("record", "interactive", {}, {"record": (replace(PROVEN, demoted=True),)}),
    ("record", "interactive", {}, {"record": (replace(PROVEN, repositories=2),)}),
    ("record", "interactive", {}, {"record": (replace(PROVEN, category="guard/hooks/loops/x"),)}),
]


@pytest.mark.parametrize(("code", "tier", "changed", "how"), DEMANDS)
def test_what_demands_care(code, tier, changed, how):
    decision = best(changed, **how)
    (reason,) = (reason for reason in decision.reasons if reason.code == code)

    assert reason.allows == tier
    assert TIERS.index(decision.tier) <= TIERS.index(tier)
    assert reason.seen


def test_every_question_can_demand_care():
    assert {code for code, *_ in DEMANDS} == set(QUESTIONS)


def test_no_record_yet_is_nothing_autonomous():
    assert judge(modification(), POLICY, trial="confirmed", stable=True).tier == "interactive"


def test_prose_without_lift_is_backlog_and_with_lift_a_person_merges():
    prose = {"component": "instructions", "kind": "managed-block"}
    descriptive = {**prose, "pattern": replace(PATTERN, status="descriptive")}

    assert judge(modification(**descriptive), POLICY).tier == "backlog"
    assert judge(modification(**prose), POLICY).tier == "interactive"


def test_prose_disturbs_no_run():
    decision = judge(modification(component="instructions", **replayed(100, 90)), POLICY)

    assert Reason("disturbance", "autonomous", "no guard acts") in decision.reasons


def test_a_guard_and_its_settings_are_for_a_person():
    settings = Edit(".claude/settings.json", "{}\n", "{\n}\n")
    script = Edit(".claude/hooks/flywheel-loop-guard.py", None, "pass\n" * 80, "100755")
    back = tuple(replace(edit, before=edit.after, after=edit.before) for edit in (settings, script))
    decision = judge(modification(kind="guard", edits=(settings, script), inverse=back), POLICY)

    assert decision.tier == "interactive"
    assert decision.held == ""


def test_one_way_leads_to_autonomy():
    decision = best()

    assert decision.tier == "autonomous"
    assert {reason.allows for reason in decision.reasons} == {"autonomous"}


@pytest.mark.parametrize(("code", "tier", "changed", "how"), DEMANDS)
def test_every_question_is_answered_once_in_the_order_of_judgement(code, tier, changed, how):
    assert [reason.code for reason in best(changed, **how).reasons] == list(QUESTIONS)


@pytest.mark.parametrize(
    ("held", "how"),
    [
        ("", {}),
        ("switched-off", {"policy": load("enabled: false", "f", POLICY), "integrity": ("x",), "dismissed": True}),
        ("integrity", {"integrity": ("x",), "dismissed": True}),
        ("dismissed", {"dismissed": True}),
    ],
)
def test_what_is_not_shown_now_says_why(held, how):
    assert best(**how).held == held


reasons = st.builds(Reason, st.sampled_from(sorted(QUESTIONS)), st.sampled_from(TIERS), st.text())


@given(st.lists(reasons, min_size=1), reasons)
def test_one_more_reason_never_makes_a_tier_more_generous(some, more):
    assert TIERS.index(most_careful([*some, more])) <= TIERS.index(most_careful(some))


def test_no_reason_is_backlog():
    assert most_careful([]) == "backlog"


@given(
    st.sampled_from(DEMANDS),
    st.fixed_dictionaries(
        {},
        optional={
            "integrity": st.just(("alarm",)),
            "trust": st.sampled_from(["T0", "T1", "T2"]),
            "dismissed": st.booleans(),
            "trial": st.sampled_from(sorted(TRIED)),
            "stable": st.booleans(),
            "record": st.lists(st.builds(Record, st.just(PROVEN.category), *[st.integers(0, 50)] * 3, st.booleans())),
        },
    ),
)
def test_the_tier_is_the_most_careful_that_any_answer_demands(demand, how):
    decision = best(demand[2], **{**demand[3], **how})

    assert decision.tier == most_careful(decision.reasons)


@pytest.mark.parametrize("guard", ["finish_guard", "loop_guard"])
def test_a_guard_of_ours_as_it_ships_gains_no_address_download_or_permission(guard):
    source = (DEFAULT.parents[2] / f"bot/modifications/guards/{guard}.py").read_text()
    path = f".claude/hooks/flywheel-{guard.replace('_', '-')}.py"

    assert weakens(Edit(path, None, source, "100755")) == (f"{path} has mode 100755",)
    assert len(weakens(Edit(path, None, source + "# allow all\n", "100755"))) == 2
