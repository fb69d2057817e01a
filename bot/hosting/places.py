"""Where the App is installed: owners and their repositories, by the numbers that outlive every name."""

from __future__ import annotations

import msgspec


class Installation(msgspec.Struct, frozen=True):
    """The App on one account. A suspended one answers nothing."""

    id: int
    account: int
    owner: str
    suspended: bool = False


class Repository(msgspec.Struct, frozen=True):
    """One repository of an installation; `name` is `owner/name` as of now."""

    id: int
    name: str
    installation: int
    private: bool = True
    archived: bool = False
    branch: str = ""
    """Its default branch."""


class Delivery(msgspec.Struct, frozen=True):
    """One attempt to deliver a webhook: `guid` is the same for all attempts at one event."""

    id: int
    guid: str
    delivered_at: str
    arrived: bool
