"""Secrets go, words stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.signals.redact import MARK, redact

FAKE = "A1b2C3d4" * 5


@pytest.mark.parametrize(
    "text",
    [
        "assert token_count == 12",
        "the password is asked for again",
        "E   AssertionError: expected 3, got 4",
        "see https://example.org/a/b?c=d",
        "/usr/lib/python3/site.py:12",
        "secret: no",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("export GH=" + "ghp_" + FAKE, "ghp_" + FAKE),
        ("key " + "AKIA" + "EXAMPLEEXAMPLE12", "EXAMPLEEXAMPLE12"),
        ('{"password": "hunter2-example"}', "hunter2-example"),
        ("DB_PASSWORD=hunter2-example pytest", "hunter2-example"),
        ("Authorization: Bearer " + FAKE, FAKE),
        ("git clone https://me:hunter2@example.org/x", "me:hunter2"),
        ("mail to jane.doe@example.org", "jane.doe@example.org"),
        ("open /home/janedoe/src/app.py", "janedoe"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
    ],
)
def test_a_secret_goes(text: str, secret: str) -> None:
    shown = redact(text)

    assert secret not in shown
    assert MARK in shown or "~" in shown


@given(st.text(max_size=300))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)

    assert redact(once) == once


@pytest.mark.parametrize(
    "secret",
    [
        "hf_" + "a1" * 17,
        "sk_live_" + "a1" * 12,
        "dop_v1_" + "0f" * 32,
        "https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/" + "x1" * 12,
        "https://discord.com/api/webhooks/123456789012345678/" + "x1" * 30,
    ],
)
def test_what_further_issuers_hand_out_is_gone(secret: str) -> None:
    shown = redact(f"posted with {secret} today")

    assert secret[-12:] not in shown
    assert shown.startswith("posted with ")
    assert shown.endswith(" today")
