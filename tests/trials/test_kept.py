"""What a registered trial may count, and that every deviation from it is told: first a trial that kept to it."""

import random

import msgspec
import pytest

from bot.errors import UserError
from bot.trials.answer import registered
from bot.trials.design import Design, Wish, read, register
from bot.trials.kept import Due, due, kept
from bot.trials.results import Arm, Outcome, Run, Set

TASKS = tuple(f"t{n}" for n in range(20))
GUARDS = tuple(f"g{n}" for n in range(40))
WISH = Wish("c1", TASKS, "a" * 40, "b" * 40, "seed", guard=GUARDS, salt="0123456789abcdef")


def made(**changed: object) -> Design:
    wish = msgspec.structs.replace(WISH, **changed)
    return read(msgspec.json.encode(register(wish)), "r.json")


DESIGN = made()


def runs(tasks: tuple[str, ...], control: str, treated: str, of_set: Set = "targeted", stage: int = 1) -> list[Run]:
    letters: dict[str, Outcome] = {"p": "pass", "f": "fail", "n": "none"}
    arms: tuple[tuple[Arm, str], ...] = (("control", control), ("treated", treated))
    return [
        Run(task, arm, f"{stage}.{number}", letters[letter], of_set, stage=stage)
        for task in tasks
        for arm, told in arms
        for number, letter in enumerate(told)
    ]


WHOLE = [*runs(TASKS, "fff", "ppf"), *runs(GUARDS, "ppp", "ppp", "guard")]


def test_a_trial_that_kept_to_its_registration_has_no_deviation() -> None:
    for guards in (None, frozenset(GUARDS)):
        said = registered(DESIGN, WHOLE, guards)

        assert (said.result, said.deviations, said.due) == ("confirmed", (), ())
    assert set(kept(DESIGN, WHOLE).runs) == set(WHOLE)


def test_a_trial_may_end_where_the_bar_was_reached() -> None:
    first = DESIGN.targeted[:10]
    ended = [*runs(first, "fff", "ppf"), *runs(GUARDS, "ppp", "ppp", "guard")]
    said = registered(DESIGN, ended)

    assert (said.result, said.deviations, said.due, said.targeted.reached) == ("confirmed", (), (), 10)


def test_the_next_runs_are_those_of_the_order() -> None:
    first, second, third = DESIGN.targeted[:3]
    begun = [*runs((first,), "fff", "ppf"), *runs((second,), "f", "ppp")]

    assert due(DESIGN, begun)[:2] == (Due(second, "control", 2), Due(third, "control", 3))
    assert len(due(DESIGN, [])) == 2 * len(TASKS)


def test_a_trial_of_two_endpoints_goes_on_until_both_decide() -> None:
    design = made(endpoint="passes-and-recurrence")
    first = runs(design.targeted[:10], "fff", "ppf")
    shows = [msgspec.structs.replace(run, recurred=True) for run in first]
    gone = [msgspec.structs.replace(run, recurred=run.arm == "control") for run in first]

    assert due(design, shows)[0] == Due(design.targeted[10], "control", 3)
    assert due(design, gone) == ()
    assert due(design, runs(design.targeted[:10], "ppp", "fpf")) == ()
    assert due(DESIGN, first[:-1])[0] == Due(DESIGN.targeted[9], "treated", 1)


def test_a_run_without_a_verdict_is_tried_twice_more_and_then_dropped() -> None:
    (first, *_) = DESIGN.targeted
    once, thrice = runs((first,), "ffn", "ppp"), runs((first,), "ffnnn", "ppp")

    assert due(DESIGN, once)[0] == Due(first, "control", 1)
    assert due(DESIGN, thrice)[0].task != first
    assert registered(DESIGN, thrice).without_verdict == 3


def test_strangers_and_further_repeats_are_left_out_and_told() -> None:
    more = [*WHOLE, *runs(("zz",), "fff", "ppp"), Run("t0", "treated", "x", "pass"), Run("t0", "treated", "y", "pass")]
    said = registered(DESIGN, more)

    assert said.targeted.runs == 120
    assert "6 runs of tasks that were not registered" in said.deviations[0]
    assert "2 runs beyond the registered repeats" in said.deviations[1]
    assert said.result == "confirmed"


def test_repeats_are_left_out_without_a_look_at_their_outcome() -> None:
    passing = [*WHOLE, *(Run("t0", "treated", f"x{n}", "pass") for n in range(9))]
    failing = [*WHOLE, *(Run("t0", "treated", f"x{n}", "fail") for n in range(9))]
    left = [
        {run.repeat for run in kept(DESIGN, told).runs if (run.task, run.arm) == ("t0", "treated")}
        for told in (passing, failing)
    ]

    assert left[0] == left[1]
    assert len(left[0]) == 3


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([run for run in WHOLE if run.task != DESIGN.targeted[3]], "1 registered task passed over"),
        ([run for run in WHOLE if run.task not in GUARDS[:9]], "9 of 40 registered guard tasks not run"),
        ([run for run in WHOLE if (run.task, run.repeat) != ("t1", "1.2")], "1 task run less often"),
        ([*WHOLE, *runs(("extra",), "ppp", "ppp", "guard")], "41 guard tasks run, 40 registered"),
    ],
)
def test_what_may_have_been_picked_confirms_nothing(told: list[Run], said: str) -> None:
    answered = registered(DESIGN, told)

    assert answered.result == "inconclusive"
    assert any(said in one for one in answered.missing)
    assert answered.deviations == kept(DESIGN, told).deviations


def test_the_opened_list_tells_strangers_in_the_guard_set() -> None:
    swapped = [run for run in WHOLE if run.task != "g0"] + runs(("easy",), "ppp", "ppp", "guard")

    assert registered(DESIGN, swapped).result == "confirmed"
    said = registered(DESIGN, swapped, frozenset(GUARDS))
    assert said.result == "inconclusive"
    assert any("1 of 40 registered guard tasks" in one for one in said.missing)


def test_a_task_in_the_other_set_is_refused() -> None:
    with pytest.raises(UserError, match="t0: guard is not the set"):
        kept(DESIGN, runs(("t0",), "p", "p", "guard"))
    with pytest.raises(UserError, match="g0: targeted is not the set"):
        kept(DESIGN, runs(("g0",), "p", "p"), frozenset(GUARDS))


def test_an_endpoint_that_was_not_registered_is_not_looked_at() -> None:
    looked = [msgspec.structs.replace(run, recurred=run.arm == "control") for run in WHOLE]
    passes, both = registered(DESIGN, looked), registered(made(endpoint="passes-and-recurrence"), looked)

    assert (passes.recurrence, both.recurrence is not None) == (None, True)
    assert "not registered as an endpoint" in passes.deviations[0]
    assert "nobody looked" in registered(made(endpoint="passes-and-recurrence"), WHOLE).deviations[0]


def test_a_broken_task_of_the_guard_set_is_found_on_five_fresh_runs_and_no_more() -> None:
    first = [run for run in WHOLE if run.task != "g0"] + runs(("g0",), "ppp", "ffp", "guard")
    again = runs(("g0",), "ppppp", "fffff", stage=2)

    assert registered(DESIGN, first).suspects == ("g0",)
    assert registered(DESIGN, [*first, *again], frozenset(GUARDS)).result == "regression"


def test_early_stopping_keeps_its_error_when_nothing_was_changed() -> None:
    """300 trials that go on until nothing is due: 5 % of them are 15, three standard errors more are 26."""
    chance = random.Random(8)
    confirmed = 0
    design = made(guard=())
    for _ in range(300):
        share = {task: chance.choice((0.1, 0.5, 0.9)) for task in TASKS}
        told: list[Run] = []
        while waiting := due(design, told):
            one = waiting[0]
            told += [
                Run(one.task, one.arm, str(len(told) + n), "pass" if chance.random() < share[one.task] else "fail")
                for n in range(one.runs)
            ]
        confirmed += registered(design, told).result == "confirmed"

    assert confirmed <= 26
