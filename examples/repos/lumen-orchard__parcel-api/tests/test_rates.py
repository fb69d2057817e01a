from decimal import Decimal

import pytest

from parcel.rates import base_price, quote


def test_first_step_is_free():
    assert base_price(500, 1) == Decimal("3.90")


def test_started_step_counts():
    assert base_price(501, 1) == Decimal("4.55")


def test_weight_must_be_positive():
    with pytest.raises(ValueError):
        base_price(0, 1)


def test_bulky_costs_more():
    assert quote(500, 1, bulky=True) > quote(500, 1)
