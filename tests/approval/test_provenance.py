"""What stands of a change's labels: first what is put back, then what is honoured."""

from hypothesis import given
from hypothesis import strategies as st

from bot.approval.labels import LABELS, TIER_LABELS
from bot.approval.provenance import Standing, Undone, promotable, settle
from bot.hosting.people import ROLES, Actor
from bot.hosting.pulls import Touched
from bot.model import TIERS, Decision, Reason, replace

WRITER, TRIAGER, READER = Actor(1, "write"), Actor(2, "triage"), Actor(3, "read")
OURS, BOT, UNKNOWN = Actor(9, "admin", "ours"), Actor(8, "write", "bot"), Actor(7, "unknown")
OPEN = Standing(
    "interactive",
    "autonomous",
    head="a1",
    head_at="2026-01-01T00:00:00Z",
    present={"flywheel": "", "flywheel:interactive": ""},
)


def touched(label, actor=WRITER, added=True, number=1, **what):
    return Touched(
        number, f"flywheel:{label}", added, actor, f"2026-01-02T00:00:{number:02}Z", **{"head": "a1", **what}
    )


def bears(*names):
    return dict.fromkeys(names, "")


def test_nothing_touched_changes_nothing():
    settled = settle(OPEN, [])

    assert (settled.tier, settled.add, settled.remove, settled.says) == ("interactive", (), (), "")


def test_other_peoples_labels_and_our_own_hand_are_left_alone():
    strangers = replace(OPEN, present={**OPEN.present, "bug": "", "flywheelish": ""})
    settled = settle(strangers, [Touched(1, "bug", True, READER, "2026-01-02T00:00:00Z"), touched("autonomous", OURS)])

    assert (settled.tier, settled.add, settled.remove) == ("interactive", (), ())


def test_a_label_that_went_missing_and_one_too_many_heal_from_the_ledger():
    settled = settle(replace(OPEN, held_by=2, present=bears("flywheel:backlog", "flywheel:autonomous")), [])

    assert settled.add == ("flywheel", "flywheel:hold", "flywheel:interactive")
    assert settled.remove == ("flywheel:autonomous", "flywheel:backlog")


def test_a_writer_may_promote_at_the_head_that_stands():
    settled = settle(replace(OPEN, present=bears("flywheel", "flywheel:autonomous")), [touched("autonomous")])

    assert (settled.tier, settled.honoured, settled.add, settled.remove) == ("autonomous", (1,), (), ())


def test_an_issue_has_no_head_to_be_older_than():
    issue = Standing("backlog", "interactive")

    assert settle(issue, [touched("interactive", head="")]).tier == "interactive"


def test_taking_autonomy_away_is_a_demotion_and_taking_any_other_tier_away_is_healed_in_silence():
    autonomous = replace(OPEN, tier="autonomous", present=bears("flywheel"))

    assert settle(autonomous, [touched("autonomous", TRIAGER, added=False)]).tier == "interactive"
    assert settle(OPEN, [touched("interactive", TRIAGER, added=False)]).says == ""


def test_a_role_that_could_not_be_looked_up_may_be_careful_and_no_more():
    assert settle(OPEN, [touched("backlog", UNKNOWN)]).tier == "backlog"
    assert settle(OPEN, [touched("hold", UNKNOWN)]).held_by == 7
    assert settle(OPEN, [touched("autonomous", UNKNOWN)]).undone == (Undone(1, "flywheel:autonomous", "unknown-role"),)
    assert settle(replace(OPEN, held_by=2), [touched("hold", UNKNOWN, added=False)]).held_by == 2


def test_a_hold_is_ended_by_who_set_it_or_by_a_writer():
    held = replace(OPEN, held_by=2)

    assert settle(held, [touched("hold", TRIAGER, added=False)]).held_by is None
    assert settle(held, [touched("hold", WRITER, added=False)]).held_by is None
    assert settle(held, [touched("hold", Actor(4, "triage"), added=False)]).undone[0].code == "not-their-hold"
    assert settle(held, [touched("hold", BOT, added=False)]).held_by == 2


def test_many_events_get_one_explanation():
    settled = settle(
        OPEN, [touched("autonomous", TRIAGER, number=n) for n in (1, 2)] + [touched("autonomous", BOT, number=3)]
    )

    assert len(settled.says.splitlines()) == 2
    assert settled.upto == 3


def test_what_a_person_may_give_is_bound_by_paths_and_by_size():
    small = Decision("interactive", (Reason("paths", "autonomous", ""), Reason("record", "interactive", "")))
    wide = replace(small, reasons=(*small.reasons, Reason("blast-radius", "backlog", "")))
    never = replace(small, reasons=(Reason("paths", "backlog", ""),))
    secure = replace(small, reasons=(Reason("paths", "interactive", ""),))

    assert [promotable(one) for one in (small, wide, never, secure)] == [
        "autonomous",
        "interactive",
        "backlog",
        "interactive",
    ]
    assert promotable(Decision("backlog", ())) == "backlog"


actors = st.builds(
    Actor, st.integers(1, 5), st.sampled_from([*ROLES, "unknown"]), st.sampled_from(["human", "bot", "ours", "unknown"])
)
events = st.builds(
    Touched,
    st.integers(1, 99),
    st.sampled_from([label.name for label in LABELS]),
    st.booleans(),
    actors,
    st.integers(0, 59).map(lambda n: f"2026-01-02T00:00:{n:02}Z"),
    st.sampled_from(["a1", "b2"]),
    st.sampled_from(["", "n1"]),
    st.booleans(),
)


@given(st.lists(events, max_size=8), st.sampled_from(TIERS))
def test_whatever_is_touched_a_change_ends_with_one_tier_that_somebody_could_give(some, tier):
    standing = replace(OPEN, tier=tier, allows="interactive", present=bears("flywheel", f"flywheel:{tier}"))
    settled = settle(standing, some)
    after = ({*standing.present} | {*settled.add}) - {*settled.remove}

    assert len(after & {label.name for label in TIER_LABELS.values()}) == 1
    assert TIERS.index(settled.tier) <= max(TIERS.index(tier), TIERS.index("interactive"))
    if not any(one.actor.kind == "human" and one.actor.reaches("write") for one in some):
        assert TIERS.index(settled.tier) <= TIERS.index(tier)
