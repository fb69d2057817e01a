"""What a forge says of an App, its installation and one repository, as far as `flywheel doctor` asks; no judgement."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

SKEW_S = 60.0
"""GitHub takes no token that was signed in its future; our tokens are dated back a minute, and hold nine."""


class Party(msgspec.Struct, frozen=True):
    """An App as it asks, or an installation as it was granted: what it may, and which events it is told."""

    id: int
    page: str
    permissions: Mapping[str, str]
    events: tuple[str, ...] = ()
    suspended: bool = False


class Seen(msgspec.Struct, frozen=True):
    """A repository. None = it could not be told. `pulls_by` is who may open pulls: `all` or `collaborators_only`.

    `required` are the checks that rulesets or protection demand at the default branch; `bundles` counts artifacts of
    ours among the newest hundred; `file` is the text of its configuration, None when there is none.
    """

    name: str
    branch: str = ""
    archived: bool = False
    issues: bool = True
    pulls: bool = True
    pulls_by: str = "all"
    auto_merge: bool | None = None
    required: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    bundles: int | None = None
    file: str | None = None
    shared: str | None = None
    """The text of the owner's shared configuration, None when there is none that we see."""
    ledger: str | None = None
    """Who else wrote to its ledger, and the mend; empty when nobody did."""


class Health(msgspec.Struct, frozen=True):
    """All of it. `failed` maps what was asked (`reach`, `jwt`, `installed`, `repository`, …) to why there is no answer;
    `skew` is by how many seconds our clock is ahead of GitHub's."""

    app: Party | None = None
    installation: Party | None = None
    repository: Seen | None = None
    skew: float | None = None
    failed: Mapping[str, str] = msgspec.field(default_factory=dict)
    installations: int | None = None
    """On how many accounts the App is installed; None when that was not asked."""
