"""A registration cannot be bent afterwards: not the margin, not the order, not the tasks, not the sealed list."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.trials.design import Wish, opens, ordered, read, register, seal, veiled

GUARDS = tuple(f"g{n}" for n in range(5))
SALT = "0123456789abcdef"
WISH = Wish("c1", tuple(f"t{n}" for n in range(12)), "a" * 40, "b" * 40, "2026-11-25", guard=GUARDS, salt=SALT)


def written(**changed: object) -> bytes:
    return json.dumps({**register(WISH), **changed}).encode()


def test_a_registration_is_read_as_it_was_made() -> None:
    made = read(written(), "r.json")

    assert (made.repeats, made.margin, made.guards, made.most_runs) == (3, 0.10, 5, 2 * 3 * 17)
    assert set(made.targeted) == set(WISH.targeted)
    assert made.targeted == ordered(WISH.targeted[::-1], WISH.seed)
    assert made.targeted != ordered(WISH.targeted, "another seed")


def test_no_name_of_the_guard_set_stands_in_it() -> None:
    text = written().decode()

    assert not any(f'"{name}"' in text for name in GUARDS)
    assert SALT not in text
    assert seal(GUARDS, SALT) != seal(GUARDS, SALT + "x")


@pytest.mark.parametrize(
    "changed",
    [
        {"margin": 0.2},
        {"repeats": 2},
        {"seed": "x"},
        {"targeted": ["t1"]},
        {"control_sha": "c" * 40},
        {"sealed": "0" * 64},
    ],
)
def test_whatever_was_altered_is_told(changed: dict[str, object]) -> None:
    with pytest.raises(UserError, match="it was altered since"):
        read(written(**changed), "r.json")


def test_the_sealed_list_is_the_one_that_was_registered() -> None:
    made = read(written(), "r.json")

    outside = [veiled(task, SALT) for task in GUARDS]

    assert opens(made, {"salt": SALT, "tasks": list(GUARDS[::-1])}, "s.json") == {*GUARDS, *outside}
    assert len({*outside, *(veiled(task, "another salt of some") for task in GUARDS)}) == 2 * len(GUARDS)
    for other in ({"salt": SALT, "tasks": [*GUARDS[1:], "g9"]}, {"salt": "x", "tasks": list(GUARDS)}, {"tasks": "g0"}):
        with pytest.raises(UserError, match=r"^s\.json: "):
            opens(made, other, "s.json")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"guard": ("t1",)}, "targeted and in the guard set"),
        ({"targeted": ("a", "a")}, "named twice"),
        ({"targeted": ()}, "needs 1 to"),
        ({"repeats": 0}, "repeats is 0"),
        ({"margin": 1.5}, "margin is 1.5"),
        ({"salt": ""}, "salt of the guard set is short"),
        ({"control_sha": "main"}, "control_sha"),
        ({"seed": ""}, "seed or change is empty"),
        ({"most_usd": -1.0}, "budget"),
    ],
)
def test_a_design_that_cannot_be_kept_is_refused(changed: dict[str, object], said: str) -> None:
    values = {name: getattr(WISH, name) for name in WISH.__struct_fields__}
    with pytest.raises(UserError, match=said):
        register(Wish(**{**values, **changed}))  # type: ignore[arg-type]


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with pytest.raises(UserError, match=r"^r\.json: "):
        read(data, "r.json")


def test_the_order_of_the_seed_favours_nobody() -> None:
    """How often the first of ten tasks by name stands in the first half: 1/2, three standard errors of 400."""
    chance = random.Random(1)
    early = sum("t0" in ordered([f"t{n}" for n in range(10)], str(chance.random()))[:5] for _ in range(400))

    assert abs(early - 200) <= 30
