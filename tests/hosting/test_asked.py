"""What is granted is compared with what is needed; addresses of the API and of people lead to each other."""

import pytest

from bot.hosting.asked import PERMISSIONS, api_of, beyond, lacking, web_of

NEEDED = {name: level for name, (level, _) in PERMISSIONS.items()}


def test_what_is_needed_is_enough_and_not_too_much() -> None:
    assert ((), ()) == (lacking(NEEDED), beyond(NEEDED))


def test_reading_is_not_writing_and_more_than_asked_is_said() -> None:
    assert ("contents: write",) == lacking(NEEDED | {"contents": "read"})
    assert ("actions: write", "workflows: write") == beyond(NEEDED | {"actions": "write", "workflows": "write"})
    assert ("issues: odd",) == beyond(NEEDED | {"issues": "odd"})


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://ghe.example.org/api/v3", "https://ghe.example.org"),
        ("https://ghe.example.org:8443/api/v3", "https://ghe.example.org:8443"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com"),
    ],
)
def test_an_api_and_its_pages(api: str, web: str) -> None:
    assert (web, api) == (web_of(api), api_of(web))
    assert (web, api) == (web_of(f"{api}/"), api_of(f"{web}/"))
