"""A results file is read as it stands, or refused with the line and the mend."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.trials.results import Run, Tally, passed, read, stayed_away, tallies

HEAD = "task,arm,repeat,outcome\n"


def test_other_columns_are_left_alone() -> None:
    runs = read(b"seconds,task,arm,repeat,outcome\n9,a,control,1,pass\n", "r.csv")

    assert runs == (Run("a", "control", "1", "pass"),)


def test_csv_and_json_say_the_same() -> None:
    rows = [
        {"task": "a", "arm": "control", "repeat": 1, "outcome": "pass", "set": "guard", "recurred": 1, "stage": 2},
        {"task": "a", "arm": "treated", "repeat": 1, "outcome": "none", "set": "guard", "recurred": 0, "stage": 2},
    ]
    text = ",".join(rows[0]) + "\n" + "".join(",".join(map(str, row.values())) + "\n" for row in rows)

    assert read(text.encode(), "r.csv") == read(json.dumps(rows).encode(), "r.json")
    assert read(json.dumps({"results": rows}).encode(), "r.json")[0] == Run(
        "a", "control", "1", "pass", "guard", True, 2
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the column task is missing"),
        (b"task,arm\n", "the column repeat is missing"),
        (HEAD.encode(), "holds no run"),
        (f"{HEAD}a,control,1\n".encode(), "line 2"),
        (f"{HEAD}a,both,1,pass\n".encode(), "arm is 'both'. Write control|treated"),
        (f"{HEAD}a,control,1,maybe\n".encode(), "line 2: outcome is 'maybe'"),
        (f"{HEAD},control,1,pass\n".encode(), "task is empty"),
        (f"{HEAD}a,control,1,pass\na,control,1,fail\n".encode(), "line 3: the same task, arm and repeat as line 2"),
        (b"{", "no JSON"),
        (b"[1]", "entry 1"),
        (b'{"results": 1}', "no list of runs"),
        (b"\xff\xfe", "no UTF-8"),
    ],
)
def test_what_is_no_results_file_is_told(data: bytes, said: str) -> None:
    with pytest.raises(UserError, match=r"^r\.csv: ") as error:
        read(data, "r.csv")

    assert said in str(error.value)


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: (HEAD + text).encode("utf-8", "replace")))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with contextlib.suppress(UserError):
        assert read(data, "r.csv")


def test_a_run_without_a_verdict_is_no_failure_and_a_task_in_one_arm_says_nothing() -> None:
    runs = [
        Run("a", "control", "1", "fail", recurred=True),
        Run("a", "treated", "1", "pass", recurred=False),
        Run("a", "treated", "2", "none", recurred=True),
        Run("b", "control", "1", "pass"),
    ]

    assert tallies(runs, passed) == (Tally("a", 1, 1, 0, 1),)
    assert tallies(runs, stayed_away) == (Tally("a", 1, 1, 0, 1),)
