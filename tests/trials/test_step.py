"""A trial visit by visit: first what must be left alone, then registration, batches, budget, early end, result."""

import json
import random
from collections.abc import Callable, Iterable

import msgspec
import pytest

from bot.model import Entry
from bot.trials import notes
from bot.trials.batches import ARMS
from bot.trials.design import seal, veiled
from bot.trials.forecast import Known
from bot.trials.notes import Batch
from bot.trials.pool import Pool, Task
from bot.trials.results import Outcome, Run, Set
from bot.trials.step import Case, Seen, Step, looks, spent, trial_step, under_trial
from bot.trials.wanted import Trials

TASKS = tuple(f"issue-{n}" for n in range(20))
SALT = "0123456789abcdef"
GUARDS = tuple(f"guard-{n}" for n in range(40))
POOL = Pool(1, tuple(Task(name) for name in TASKS), len(GUARDS), seal(GUARDS, SALT))
OPEN = Pool(1, POOL.tasks)
WANTED = Trials("flywheel-trial.yml", runs_a_month=1000)
CASE = Case("o/r", "c" * 12, "d" * 8, "loops", "a" * 40, "b" * 40, "main", "guard/hooks/loops", "m1", "interactive")
NOW = "2026-11-25T10:00:00+00:00"

Behaviour = Callable[[str, str], Outcome]


def cures(task: str, arm: str) -> Outcome:
    return "pass" if arm == "treated" or task.startswith("sealed-") else "fail"


def nothing(task: str, arm: str) -> Outcome:
    return "fail"


def harms(task: str, arm: str) -> Outcome:
    return "fail" if arm == "treated" else "pass"


def come_back(batch: Batch, behaves: Behaviour, usd: float | None = None) -> Seen:
    """What the user's workflow would have written."""
    work: list[tuple[str, int, int, Set]] = [(one.task, one.control, one.treated, "targeted") for one in batch.work]
    work += [(veiled(name, SALT), batch.repeats, batch.repeats, "guard") for name in GUARDS[: batch.guards]]
    runs = [
        Run(task, arm, str(number), behaves(task, arm), of_set, usd=usd)
        for task, control, treated, of_set in work
        for arm, count in zip(ARMS, (control, treated), strict=True)
        for number in range(count)
    ]
    return Seen("over", tuple(random.Random(batch.number).sample(runs, len(runs))))


def carried_out(
    behaves: Behaviour,
    *,
    case: Case = CASE,
    wanted: Trials = WANTED,
    pool: Pool = POOL,
    before: Iterable[Entry] = (),
    usd: float | None = None,
) -> list[Entry]:
    """Visits until nothing is to be done any more."""
    ledger, seen = list(before), dict[str, Seen]()
    for _ in range(80):
        step = trial_step(case, wanted, pool, ledger, seen, NOW)
        if not step.entries:
            return ledger
        ledger += step.entries
        if batch := notes.batch(ledger[-1]):
            assert step.dispatch
            seen[batch.id] = come_back(batch, behaves, usd)
    raise AssertionError("a trial without end")


def batches(ledger: Iterable[Entry]) -> list[Batch]:
    return [batch for one in ledger if (batch := notes.batch(one))]


def figures(ledger: list[Entry]) -> notes.Figures:
    found = notes.figures(ledger[-1])
    assert found
    return found


def test_nothing_begins_without_tasks_or_without_a_budget() -> None:
    few = Pool(1, POOL.tasks[:4])
    mined = msgspec.structs.replace(CASE, mined=TASKS[:16])
    poor = msgspec.structs.replace(WANTED, runs_a_month=29)

    assert trial_step(CASE, WANTED, few, [], {}, NOW).waits.startswith("4 of the 5 tasks")
    assert trial_step(mined, WANTED, POOL, [], {}, NOW).waits.startswith("4 of the 5 tasks")
    assert trial_step(CASE, poor, OPEN, [], {}, NOW).waits == "the budget: a trial takes 30 runs at least, 29 are left"


def test_the_design_is_remembered_before_anything_is_dispatched() -> None:
    first = trial_step(CASE, WANTED, POOL, [], {}, NOW)
    made = notes.registration(first.entries[0])

    assert made is not None
    assert first.dispatch is None
    assert (made.repeats, made.margin, made.control_sha, made.treated_sha) == (3, 0.10, "a" * 40, "b" * 40)
    assert (set(made.targeted), made.guards, made.sealed) == (set(TASKS), 40, POOL.sealed)
    assert not any(name in first.entries[0].detail for name in GUARDS)

    second = trial_step(CASE, WANTED, POOL, first.entries, {}, NOW)

    assert [one.event for one in second.entries] == ["dispatched"]
    assert second.dispatch is not None
    assert (second.dispatch.workflow, second.dispatch.ref) == ("flywheel-trial.yml", "main")
    told = dict(second.dispatch.inputs)
    assert (told["trial"], told["control"], told["treated"]) == (f"{made.digest[:12]}.1.1", "a" * 40, "b" * 40)
    assert [one["task"] for one in json.loads(told["work"])] == list(made.targeted[:10])
    assert all(one["control"] == one["treated"] == 3 for one in json.loads(told["work"]))


def test_an_altered_registration_is_none() -> None:
    first = trial_step(CASE, WANTED, POOL, [], {}, NOW).entries[0]
    altered = msgspec.structs.replace(first, detail=first.detail.replace('"repeats":3', '"repeats":2'))

    assert notes.registration(altered) is None
    assert trial_step(CASE, WANTED, POOL, [altered], {}, NOW).entries[0].event == "registered"


def test_a_batch_on_its_way_is_waited_for_and_sent_again_when_it_never_began() -> None:
    ledger = [*trial_step(CASE, WANTED, POOL, [], {}, NOW).entries]
    ledger += trial_step(CASE, WANTED, POOL, ledger, {}, NOW).entries
    (one,) = batches(ledger)

    def at(now: str, seen: dict[str, Seen]) -> Step:
        return trial_step(CASE, WANTED, POOL, ledger, seen, now)

    assert at("2026-11-25T10:29:00+00:00", {}) == Step(waits="batch 1 was dispatched and is not to be seen yet")
    assert at("2026-11-26T10:00:00+00:00", {one.id: Seen("running")}) == Step(waits="batch 1 is running")
    again = at("2026-11-25T10:31:00+00:00", {})
    empty = at("2026-11-25T10:31:00+00:00", {one.id: Seen("over")})
    assert again == empty
    assert again.dispatch is not None
    assert dict(again.dispatch.inputs)["trial"] == one.id.removesuffix(".1") + ".2"

    ledger += again.entries
    assert [batch.attempt for batch in batches(ledger)] == [1, 2]
    late = at(NOW, {one.id: come_back(one, nothing)})
    assert [batch.number for batch in batches(late.entries)] == [2]


def test_a_workflow_that_never_comes_back_ends_the_trial_without_a_result() -> None:
    ledger = [*trial_step(CASE, WANTED, POOL, [], {}, NOW).entries]
    for hour in range(11, 30):
        now = f"2026-11-{25 + hour // 24}T{hour % 24:02}:00:00+00:00"
        ledger += trial_step(CASE, WANTED, POOL, ledger, {}, now).entries

    assert ledger[-1].event == "trialled"
    assert ledger[-1].trial == "inconclusive"
    assert [batch.attempt for batch in batches(ledger)] == [1, 2, 3]
    assert any(one.endswith("told of no run in 3 attempts") for one in figures(ledger).missing)
    assert figures(ledger).tasks == 0


def test_a_cure_is_confirmed_after_ten_tasks_and_the_guard_set() -> None:
    ledger = carried_out(cures)
    sent = batches(ledger)

    assert ledger[-1].trial == "confirmed"
    assert [(len(one.work), one.guards, one.stage) for one in sent] == [(10, 0, 1), (0, 40, 1)]
    said = figures(ledger)
    assert (said.tasks, said.guards, said.delta, said.missing) == (10, 40, 1.0, ())
    assert said.runs == 60 + 240
    assert trial_step(CASE, WANTED, POOL, ledger, {}, NOW) == Step(waits="it has a result")


def test_what_does_nothing_is_inconclusive_and_spares_the_guard_set() -> None:
    ledger = carried_out(nothing)

    assert ledger[-1].trial == "inconclusive"
    assert [(len(one.work), one.guards) for one in batches(ledger)] == [(10, 0), (5, 0), (5, 0)]
    assert any("E = 1 of 20" in one for one in figures(ledger).missing)


def test_harm_ends_the_trial_and_is_a_regression() -> None:
    ledger = carried_out(harms)

    assert ledger[-1].trial == "regression"
    assert [(len(one.work), one.stage) for one in batches(ledger)] == [(10, 1), (10, 2)]
    assert set(figures(ledger).broken) == {one.task for one in batches(ledger)[0].work}


def test_a_broken_sealed_task_is_counted_and_never_named() -> None:
    bad = veiled(GUARDS[7], SALT)

    def behaves(task: str, arm: str) -> Outcome:
        return "fail" if task == bad and arm == "treated" else cures(task, arm)

    ledger = carried_out(behaves)

    assert ledger[-1].trial == "regression"
    assert (figures(ledger).broken, figures(ledger).sealed_broken) == ((), 1)
    assert bad not in ledger[-1].detail
    assert batches(ledger)[-1].work == (notes.Work(bad, 5, 5),)


def test_a_run_without_a_verdict_is_run_twice_more_and_then_dropped() -> None:
    lost = TASKS[3]

    def behaves(task: str, arm: str) -> Outcome:
        return "none" if task == lost and arm == "control" else cures(task, arm)

    small = Pool(1, POOL.tasks[:10])
    ledger = carried_out(behaves, pool=small)
    asked = [one for batch in batches(ledger) for one in batch.work if one.task == lost]

    assert [(one.control, one.treated) for one in asked] == [(3, 3), (2, 0), (2, 0), (1, 0), (1, 0)]
    assert ledger[-1].trial != "regression"
    assert figures(ledger).dropped == 9
    assert figures(ledger).tasks == 9


def test_the_budget_of_the_month_is_shared_and_kept() -> None:
    first = carried_out(nothing, wanted=msgspec.structs.replace(WANTED, runs_a_month=200), pool=OPEN)
    other = msgspec.structs.replace(CASE, change="e" * 12)
    step = trial_step(other, msgspec.structs.replace(WANTED, runs_a_month=200), OPEN, first, {}, NOW)
    made = notes.registration(step.entries[0])

    assert spent(first, NOW) == (120, 0.0)
    assert spent(first, "2026-12-01T00:00:00+00:00") == (0, 0.0)
    assert made is not None
    assert len(made.targeted) == (200 - 120) // 6


def test_a_trial_ends_when_its_money_does_or_nobody_tells_the_price() -> None:
    paid = msgspec.structs.replace(WANTED, usd_a_month=100.0)
    dear, silent = carried_out(nothing, wanted=paid, pool=OPEN, usd=1.0), carried_out(nothing, wanted=paid, pool=OPEN)
    cheap = carried_out(nothing, wanted=paid, pool=OPEN, usd=0.1)

    assert (len(batches(dear)), len(batches(silent)), len(batches(cheap))) == (2, 1, 3)
    assert figures(dear).usd == pytest.approx(90.0)
    assert any(one.startswith("the budget: 90.00 of 100.00 dollars") for one in figures(dear).missing)
    assert any("do not tell what each run cost" in one for one in figures(silent).missing)


def test_a_sealed_list_that_was_looked_at_twenty_times_is_left_alone() -> None:
    ledger: list[Entry] = []
    rich = msgspec.structs.replace(WANTED, runs_a_month=100_000)
    for number in range(20):
        case = msgspec.structs.replace(CASE, change=f"{number:012}")
        assert looks(ledger, POOL, NOW) == number
        ledger = carried_out(cures, case=case, wanted=rich, before=ledger)

    assert trial_step(CASE, rich, POOL, ledger, {}, NOW).waits.startswith("the sealed list was looked at 20 times")
    assert trial_step(CASE, rich, POOL, ledger, {}, "2027-01-02T00:00:00+00:00").entries

    rotated = msgspec.structs.replace(POOL, sealed=seal(GUARDS[1:], SALT), sealed_at=NOW, looked=19)
    assert looks(ledger, rotated, NOW) == 19
    assert looks(ledger, rotated, "2027-01-02T00:00:00+00:00") == 0


def test_a_confirmation_that_is_no_discovery_of_its_week_is_none() -> None:
    """Of nineteen trials of nothing and one at E = 20, the one is what chance gives (research/mining.md §4.6)."""
    ledger = carried_out(cures)
    weak = msgspec.structs.replace(figures(ledger), p=0.9)
    crowd = [
        msgspec.structs.replace(ledger[-1], change=f"{n:012}", trial="inconclusive", detail=notes.written(weak))
        for n in range(19)
    ]

    alone = carried_out(barely())
    among = carried_out(barely(), before=crowd)

    assert (alone[-1].trial, among[-1].trial) == ("confirmed", "inconclusive")
    assert any("no discovery among the 20 trials of a week" in one for one in figures(among).missing)


def barely() -> Behaviour:
    """One task cured in three runs of three, one in two: p = 0.01, E = 30."""
    left = {TASKS[0]: 3, TASKS[1]: 2}

    def behaves(task: str, arm: str) -> Outcome:
        if task.startswith("sealed-"):
            return "pass"
        if arm == "control" or not left.get(task):
            return "fail"
        left[task] -= 1
        return "pass"

    return behaves


def test_an_a_a_trial_measures_noise_and_says_nothing_of_a_change() -> None:
    chance = random.Random(4)
    case = msgspec.structs.replace(CASE, change=notes.NOISE, revision="2026-11", treated_sha="a" * 40)
    ledger = carried_out(lambda task, arm: "pass" if chance.random() < 0.5 else "fail", case=case)
    said = figures(ledger)

    assert ledger[-1].trial == "none"
    assert said.noise is not None
    assert 0.1 < sum(said.noise) / 2 < 0.9
    assert said.fixes is None
    assert all(not one.guards for one in batches(ledger))


def test_predictions_are_registered_and_scored() -> None:
    known = tuple(Known(name, 0, 3, 1.0 if n < 10 else 0.0) for n, name in enumerate(TASKS))
    case = msgspec.structs.replace(CASE, known=known)
    cured = set(TASKS[:12])
    ledger = carried_out(
        lambda task, arm: "pass" if arm == "treated" and task in cured else "fail", case=case, pool=OPEN
    )
    made = notes.registration(ledger[0])
    said = figures(ledger)

    assert made is not None
    assert set(made.fixes) == set(TASKS[:10])
    assert said.fixes is not None
    ran = {one.task for batch in batches(ledger) for one in batch.work}
    assert said.fixes.predicted == len(ran & set(TASKS[:10]))
    assert said.fixes.observed == len(ran & set(TASKS[:12]))
    assert said.fixes.hit == said.fixes.predicted
    assert said.scores is not None
    assert (said.scores[0].auroc or 0.0) > 0.9


def test_sentinels_are_registered_and_counted_apart_from_what_is_at_risk() -> None:
    case = msgspec.structs.replace(CASE, sentinels=(*TASKS[:4], "elsewhere"))
    ledger = carried_out(lambda task, arm: "fail" if arm == "treated" and task == TASKS[0] else "pass", case=case)
    made, said = notes.registration(ledger[0]), figures(ledger)

    assert made is not None
    assert (set(made.sentinels), made.risks) == (set(TASKS[:4]), ())
    assert said.sentinels is not None
    assert (said.sentinels.predicted, said.sentinels.hit) == (4, 1)
    assert said.breaks is not None
    assert said.breaks.predicted == 0


def test_one_trial_at_a_time_is_known() -> None:
    begun = [*trial_step(CASE, WANTED, POOL, [], {}, NOW).entries]
    key = (CASE.change, CASE.revision)

    assert under_trial(begun, {key}) == key
    assert under_trial(begun, set()) is None
    assert under_trial(carried_out(nothing), {key}) is None
