"""A run of a workflow that we dispatched ourselves, as a forge says of it: what it is called, whether it is over."""

from __future__ import annotations

import msgspec


class Started(msgspec.Struct, frozen=True):
    """One run by `workflow_dispatch`, started by our own account at the default branch; `title` is its run-name."""

    id: int
    title: str
    over: bool


class Told(msgspec.Struct, frozen=True):
    """One artifact of a run: its name, and the bytes of its zip."""

    name: str
    data: bytes
