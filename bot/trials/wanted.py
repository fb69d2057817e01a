"""The `trials:` section of a repository's configuration: which workflow runs a trial, how large, at what price."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bot.trials.design import Endpoint

TASKS = ".github/flywheel/tasks.json"
"""Where the list of open tasks stands on the default branch; no automatic change may touch it (overfit.JUDGES)."""

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Trials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a repository asks of held-out trials. `most_tasks` bounds the targeted set.

    `runs_a_month` and `usd_a_month` bound what all trials of a calendar month together may cost (0 dollars: no bound).
    With a bound in dollars the results must tell what each run cost: what is not told cannot be bounded.
    """

    workflow: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.ya?ml$")]
    tasks: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._/-]{1,200}$")] = TASKS
    repeats: Annotated[int, msgspec.Meta(ge=2, le=20)] = 3
    margin: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.10
    endpoint: Endpoint = "passes"
    most_tasks: Annotated[int, msgspec.Meta(ge=5, le=500)] = 20
    runs_a_month: Count = 400
    usd_a_month: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 0.0
