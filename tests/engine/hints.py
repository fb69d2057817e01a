"""Hints as a webhook and the sweep give them."""

from bot.engine.inbox import Inbox
from bot.hosting.hints import Hint, Place


def hint(delivery: str, repository: int = 10, pull: int = 3, installation: int = 1) -> Hint:
    places = (Place(repository, f"o/r{repository}"),)
    return Hint("pull_request", delivery, "pull", installation=installation, places=places, pulls=(pull,))


def put(inbox: Inbox, *hints: Hint) -> list[bool]:
    return [inbox.put(one, float(at)).result(10) for at, one in enumerate(hints)]
