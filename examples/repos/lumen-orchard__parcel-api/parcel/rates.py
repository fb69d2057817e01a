"""What a parcel costs: tariff by zone and weight, plus surcharges."""

from decimal import ROUND_DOWN, Decimal

ZONES = {1: Decimal("3.90"), 2: Decimal("5.40"), 3: Decimal("8.75")}
STEP_GRAMS = 500
STEP_PRICE = Decimal("0.65")
FUEL = Decimal("0.0725")


def base_price(grams: int, zone: int) -> Decimal:
    """Price before surcharges; every started step of 500 g costs extra."""
    if grams <= 0:
        raise ValueError("weight must be positive")
    steps = max(0, grams - 1) // STEP_GRAMS
    return ZONES[zone] + steps * STEP_PRICE


def quote(grams: int, zone: int, bulky: bool = False) -> Decimal:
    """The price to show, in whole cents."""
    price = base_price(grams, zone)
    if bulky:
        price += Decimal("4.00")
    total = price * (1 + FUEL)
    return total.quantize(Decimal("0.01"), rounding=ROUND_DOWN)
