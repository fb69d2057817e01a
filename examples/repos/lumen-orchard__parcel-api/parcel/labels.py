"""Label text and its check digit."""


def check_digit(number: str) -> int:
    """The modulo-10 digit of a label number (weights 3 and 1 from the right)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        total += int(digit) * (3 if place % 2 == 0 else 1)
    return (10 - total % 10) % 10


def label(number: str, name: str) -> str:
    """Two lines of text for the printer."""
    return f"{number}{check_digit(number)}\n{name.upper()[:28]}"
