"""What a trial may say: first what it must not."""

import json
import random
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.trials.answer import answer
from bot.trials.results import Arm, Run


def arm_runs(task: str, arm: Arm, outcomes: str, **more: object) -> Iterable[Run]:
    for number, letter in enumerate(outcomes, 1):
        outcome = {"p": "pass", "f": "fail", "n": "none"}[letter]
        yield Run(task, arm, f"{more.get('stage', 1)}.{number}", outcome, **more)  # type: ignore[arg-type]


def tasks(count: int, control: str, treated: str, **more: object) -> list[Run]:
    return [
        run
        for number in range(count)
        for arm, outcomes in (("control", control), ("treated", treated))
        for run in arm_runs(f"{more.get('set', 't')}{number}", arm, outcomes, **more)  # type: ignore[arg-type]
    ]


def recurring(count: int, control: tuple[str, str], treated: tuple[str, str]) -> list[Run]:
    """(outcomes, recurrences) of each arm."""
    return [
        Run(f"t{number}", arm, str(place), "pass" if outcome == "p" else "fail", recurred=mark == "1")
        for number in range(count)
        for arm, (outcomes, marks) in (("control", control), ("treated", treated))
        for place, (outcome, mark) in enumerate(zip(outcomes, marks, strict=True))
    ]


def test_an_arm_against_itself_is_inconclusive() -> None:
    said = answer(tasks(20, "pfp", "pfp"))

    assert said.result == "inconclusive"
    assert "the runs so far do not point there" in said.missing[0]


def test_few_tasks_are_inconclusive_and_say_how_many_more() -> None:
    said = answer(tasks(5, "ff", "pf"))

    assert said.result == "inconclusive"
    assert "about 1 task more, if it goes on" in said.missing[0]


def test_fewer_than_five_tasks_confirm_nothing_however_often_they_ran() -> None:
    one, four, five = (answer(tasks(count, "f" * 30, "p" * 30)) for count in (1, 4, 5))

    assert (one.result, one.targeted.interval) == ("inconclusive", (-1.0, 1.0))
    assert one.missing == ("1 of the 5 tasks without which nothing is confirmed: 4 tasks more at least",)
    assert four.missing == ("4 of the 5 tasks without which nothing is confirmed: 1 task more at least",)
    assert (five.result, five.missing) == ("confirmed", ())
    assert "about 4 tasks more" in answer(tasks(1, "fff", "ppp")).missing[0]
    assert answer(tasks(1, "p" * 30, "f" * 30)).result == "regression"


@pytest.mark.parametrize(
    "runs",
    [
        [],
        list(arm_runs("t", "control", "ppp")),
        [*arm_runs("t", "control", "fff"), *arm_runs("u", "treated", "ppp")],
        tasks(5, "nnn", "nnn"),
    ],
)
def test_where_nothing_can_be_compared_that_is_what_is_said(runs: list[Run]) -> None:
    said = answer(runs)

    assert said.result == "inconclusive"
    assert said.missing == ("no task has judged runs in both arms: run at least 5 in both",)
    assert not any("0 tasks" in limit for limit in said.limits)
    guarded = answer([*runs, *tasks(40, "ppp", "ppp", set="guard")])
    assert "no targeted task has judged runs" in guarded.missing[0]


def test_missing_verdicts_are_neither_failures_nor_passes() -> None:
    lost = [run for n in range(3) for run in arm_runs(f"x{n}", "treated", "nnn")]
    said = answer([*tasks(10, "fnf", "pnp"), *lost, *tasks(40, "ppn", "npp", set="guard")])

    assert said.result == "confirmed"
    assert said.without_verdict == 20 + 9 + 80
    assert (said.targeted.delta, said.guard and said.guard.delta) == (1.0, 0.0)
    assert len(said.unpaired) == 3


def test_a_treated_arm_that_loses_its_verdicts_confirms_nothing_that_they_could_turn() -> None:
    gone = answer([*tasks(10, "fff", "ppp"), *tasks(40, "ppp", "nnn", set="guard")])
    harmless = answer([*tasks(20, "fff", "ppn"), *tasks(60, "ppp", "ppp", set="guard")])

    assert gone.result == "inconclusive"
    assert any("lose their verdicts" in said for said in gone.missing)
    assert harmless.result == "confirmed"


def test_the_order_of_the_file_changes_nothing() -> None:
    """Sorted by outcome, two of three trials of nothing pass the bar on the way."""
    chance = random.Random(2)
    runs = [
        Run(f"t{n}", arm, str(k), chance.choice(("pass", "fail")))
        for n in range(40)
        for arm in ("control", "treated")
        for k in range(3)
    ]  # type: ignore[arg-type]
    best = sorted(
        runs, key=lambda run: sum((r.outcome == "pass") == (r.arm == "treated") for r in runs if r.task == run.task)
    )
    order = list(dict.fromkeys(run.task for run in best[::-1]))

    assert answer(best[::-1]).result == answer(runs).result == "inconclusive"
    assert answer(runs).targeted.reached is None
    assert answer(runs, order=order).targeted.reached is not None


def test_gains_that_are_lost_elsewhere_are_rarely_confirmed() -> None:
    """Half of the tasks +40 pp, half -40 pp, nothing on average: 5 % of 200 and three standard errors."""
    chance = random.Random(4)
    confirmed = 0
    for _ in range(200):
        runs = [
            Run(
                f"t{n}",
                arm,
                str(k),
                "pass" if chance.random() < 0.5 + (shift if arm == "treated" else -shift) else "fail",
            )
            for n in range(40)
            for shift in [chance.choice((0.2, -0.2))]
            for arm in ("control", "treated")
            for k in range(3)
        ]
        confirmed += answer(runs).result == "confirmed"  # type: ignore[arg-type]

    assert confirmed <= 19


def test_what_may_not_be_read_into_a_result_is_said() -> None:
    few, unguarded = answer(tasks(5, "fff", "ppp")), answer(tasks(12, "fff", "ppp"))
    uneven = answer([*tasks(12, "fff", "ppp"), Run("t0", "treated", "9", "pass")])
    cosmetic = answer(recurring(10, ("fff", "111"), ("fff", "000")))

    shared = answer([*tasks(12, "fff", "ppp"), *(msgspec.structs.replace(r, set="guard") for r in tasks(1, "f", "p"))])

    assert any("1 task in both sets" in said for said in shared.limits)
    assert few.result == unguarded.result == "confirmed"
    assert any("little of others" in said for said in few.limits)
    assert not any("little of others" in said for said in unguarded.limits)
    assert any("no guard set" in said for said in unguarded.limits)
    assert any("unequal repeats" in said for said in uneven.limits)
    assert any("may still have risen" in said for said in cosmetic.limits)
    assert not any("registered" in said for said in answer(tasks(12, "f", "p"), order=["t0"]).limits)


def test_more_passes_confirm() -> None:
    said = answer(tasks(10, "fff", "ppf"))

    assert said.result == "confirmed"
    assert said.targeted.delta > 0.6
    assert said.missing == ()


def test_a_guard_set_that_may_be_worse_withholds_the_confirmation() -> None:
    said = answer([*tasks(10, "fff", "ppp"), *tasks(4, "ppp", "ppp", set="guard")])

    assert said.result == "inconclusive"
    assert "guard set may be worse" in said.missing[0]


def test_a_guard_set_that_holds_confirms() -> None:
    assert answer([*tasks(10, "fff", "ppp"), *tasks(60, "ppp", "ppp", set="guard")]).result == "confirmed"


def test_a_pattern_that_vanished_without_more_passes_is_cosmetic() -> None:
    said = answer(recurring(10, ("fff", "111"), ("fff", "000")))

    assert said.result == "cosmetic"
    assert said.recurrence is not None
    assert said.recurrence.e_value >= 20


def test_more_passes_while_the_pattern_recurs_are_not_confirmed() -> None:
    said = answer(recurring(10, ("fff", "111"), ("ppp", "111")))

    assert said.result == "inconclusive"
    assert "pattern showing less" in said.missing[0]


def test_a_worse_arm_is_a_regression() -> None:
    assert answer(tasks(10, "ppp", "fff")).result == "regression"
    assert answer([*tasks(10, "fff", "ppp"), *tasks(10, "ppp", "fff", set="guard")]).result == "regression"


def test_a_regression_shows_the_harm_it_was_said_from() -> None:
    aimed = answer(tasks(10, "ppp", "fff"))
    guarded = answer([*tasks(10, "fff", "ppp"), *tasks(10, "ppp", "fff", set="guard")])

    assert aimed.targeted.harm >= 20 > aimed.targeted.e_value
    assert guarded.guard is not None
    assert guarded.guard.harm >= 20 > guarded.targeted.harm


def test_some_tasks_that_got_worse_are_no_regression_when_more_got_better() -> None:
    worse_first = [*tasks(3, "ppp", "fff"), *arm_runs("x", "control", "ppf"), *arm_runs("x", "treated", "ppf")]
    better = [run for n in range(20) for run in arm_runs(f"b{n}", "control", "fff")]
    better += [run for n in range(20) for run in arm_runs(f"b{n}", "treated", "ppp")]

    assert answer(worse_first).result == "regression"
    assert answer([*worse_first, *better]).result == "confirmed"


def test_one_lost_pass_is_a_suspect_and_no_regression() -> None:
    said = answer([*tasks(10, "fff", "ppp"), *arm_runs("z", "control", "pp"), *arm_runs("z", "treated", "pf")])

    assert said.result == "confirmed"
    assert (said.suspects, said.regressions) == (("z",), ())
    assert "1 task passed in control and not always when treated: run again as stage 2" in said.missing[0]


def test_a_break_that_is_confirmed_on_fresh_runs_outweighs_everything() -> None:
    first = [*tasks(10, "fff", "ppp"), *arm_runs("z", "control", "pp"), *arm_runs("z", "treated", "pf")]
    again = [*arm_runs("z", "control", "ppppf", stage=2), *arm_runs("z", "treated", "fpfff", stage=2)]
    cleared = [*arm_runs("z", "control", "ppppp", stage=2), *arm_runs("z", "treated", "ppfpp", stage=2)]
    unscreened = [*arm_runs("t1", "control", "ppppp", stage=2), *arm_runs("t1", "treated", "fffff", stage=2)]

    assert (answer([*first, *again]).result, answer([*first, *again]).regressions) == ("regression", ("z",))
    assert answer([*first, *cleared]).result == "confirmed"
    assert answer([*first, *unscreened]).regressions == ()


def test_the_second_stage_never_counts_as_evidence_for_the_first() -> None:
    first = tasks(6, "pf", "pf")
    chosen = [run for n in range(6) for run in arm_runs(f"t{n}", "treated", "ppppp", stage=2)]
    chosen += [run for n in range(6) for run in arm_runs(f"t{n}", "control", "fffff", stage=2)]

    assert answer([*first, *chosen]).targeted == answer(first).targeted


def test_random_halves_of_one_arm_are_rarely_improved() -> None:
    chance = random.Random(11)
    improved = 0
    for _ in range(200):
        runs = [
            Run(f"t{n}", arm, str(k), "pass" if chance.random() < share else "fail")
            for n in range(20)
            for share in [chance.choice((0.05, 0.3, 0.6, 0.95))]
            for arm in ("control", "treated")
            for k in range(3)
        ]
        improved += answer(runs).result == "confirmed"  # type: ignore[arg-type]

    assert improved <= 19  # 5 % of 200 and three standard errors


@given(
    st.lists(
        st.builds(
            Run,
            st.sampled_from("abc"),
            st.sampled_from(("control", "treated")),
            st.sampled_from("12345"),
            st.sampled_from(("pass", "fail", "none")),
            st.sampled_from(("targeted", "guard")),
            st.sampled_from((None, True, False)),
            st.sampled_from((1, 2)),
        ),
        max_size=60,
    )
)
def test_whatever_was_run_there_is_an_answer_in_finite_numbers(runs: list[Run]) -> None:
    said = answer(runs, order=["b", "a"])

    json.dumps(msgspec.to_builtins(said), allow_nan=False)
    for found in (said.targeted, said.guard, said.recurrence):
        if found:
            assert -1 <= found.interval[0] <= found.delta <= found.interval[1] <= 1
            assert 0 <= found.p <= 1
    if not any(run.arm == "treated" for run in runs):
        assert said.result == "inconclusive"
