"""The readers of labelled sets: whose turns count, what belongs to them, and where people's counting begins."""

import json

import numpy as np
import pytest

from bench.fleet import disjoint_auc
from bench.labelled import agentrx, who_and_when
from bench.labelled.case import DATA
from bench.localising import FITTED, fit, hits, modal_step, random_step, sets
from bot.traces.localise import WEIGHTS

RUN = {
    "question_ID": "q1",
    "mistake_agent": "Expert",
    "mistake_step": "2",
    "history": [
        {"role": "human", "content": "How many?"},
        {
            "role": "Orchestrator (thought)",
            "content": "Updated Ledger: nothing yet, so somebody should look for it now.",
        },
        {"role": "assistant", "name": "Expert", "content": "```python\nprint(1/0)\n```"},
        {"role": "user", "name": "Computer_terminal", "content": "exitcode: 1 (execution failed)\nCode output: ..."},
        {"role": "assistant", "name": "Expert", "content": "Let us assume that there are ten. " * 3},
    ],
}


@pytest.fixture
def case(tmp_path):
    (tmp_path / "Hand-Crafted__1.json").write_text(json.dumps(RUN))
    (one,) = who_and_when.read("Hand-Crafted", tmp_path)
    return one


def test_a_set_that_is_not_here_is_empty(tmp_path):
    assert who_and_when.read("Hand-Crafted", tmp_path / "nowhere") == []


def test_people_and_terminals_take_no_turn_and_an_answer_belongs_to_the_turn_before(case):
    assert [(2, "Orchestrator"), (3, "Expert"), (5, "Expert")] == [(one.number, one.speaker) for one in case.seen]
    assert [False, True, False] == [one.failed for one in case.seen]
    assert [True, False, False] == [one.idle for one in case.seen]


def test_steps_are_counted_from_one(case):
    assert (case.step, case.agent, case.messages, list(case.errors)) == (3, "Expert", 5, [4])


def test_what_a_named_step_is_worth(case):
    assert [1, 1, 1, 1, 1] == hits(case, "Expert", 3).tolist()
    assert [0, 0, 1, 1, 1] == hits(case, "Orchestrator", 2).tolist()
    assert [1, 0, 0, 1, 0] == hits(case, "Expert", 5, (4, 5)).tolist()
    assert 0.2 == random_step(case, [])[1]
    assert modal_step(case, [case])[1] == 1


def test_each_kind_of_run_has_a_weight_for_every_code_that_can_be_learnt(case):
    weights = fit([case])

    assert list(weights) == list(WEIGHTS) == ["alone", "small-team", "team"]
    for own, shipped in zip(weights.values(), WEIGHTS.values(), strict=True):
        assert list(own) == list(FITTED) == [code for code in shipped if code != "cited"]
    assert weights["small-team"]["error-came-back"] > weights["team"]["error-came-back"] > 0


def test_a_checkout_of_the_whole_set_is_read_as_well(tmp_path, case):
    (tmp_path / "Who&When" / "Hand-Crafted").mkdir(parents=True)
    (tmp_path / "Who&When" / "Hand-Crafted" / "1.json").write_text(json.dumps(RUN))

    assert [case] == who_and_when.read("Hand-Crafted", tmp_path)[-1:]


def test_signals_that_say_nothing_tell_nothing_apart():
    rng = np.random.default_rng(1)
    tasks = np.repeat([f"t{n}" for n in range(30)], 4)
    failed = rng.random(120) < 0.5
    area, low, high = disjoint_auc(np.zeros((120, 1)), failed, tasks)

    assert (area, low, high) == (0.5, 0.5, 0.5)
    assert disjoint_auc(failed[:, None] * 1.0, failed, tasks)[0] == 1


@pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not here")
def test_every_labelled_run_is_read_and_its_blamed_message_is_in_it():
    found = sets()

    assert [63, 24, 24, 8] == [len(cases) for cases in found.values()]
    for case in (case for cases in found.values() for case in cases):
        assert 1 <= case.step <= case.messages == len(case.speakers)
        assert [one.number for one in case.seen] == sorted({one.number for one in case.seen})


@pytest.mark.skipif(not agentrx.RUNS.exists(), reason="../shared/data is not here")
def test_steps_of_the_products_own_reader_keep_the_numbers_that_people_counted():
    case = next(case for case in agentrx.read_tau() if case.name == "tau-retail/12")
    (blamed,) = (one for one in case.seen if one.number == case.step)

    assert "W5490111" in blamed.text  # "did not ask ... before initiating return"
    assert blamed.changes
