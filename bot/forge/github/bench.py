"""A repository's trial workflow in: dispatched by us, and the runs that we dispatched with what they left, out.

Ours is told by the account that started a run, by its event and by the default branch it ran on, never by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

import msgspec

from bot.errors import UserError
from bot.forge.github.actions import Actions
from bot.forge.github.client import PAGE, Reader, Writer
from bot.forge.github.errors import StatusError
from bot.forge.github.place import Place
from bot.forge.github.run_answers import Account
from bot.hosting.acts import Acted, Dispatch
from bot.hosting.tried import Started, Told

MAX_BYTES = 64 << 20
MAX_INPUTS, MAX_PAYLOAD = 25, 65_535
"""https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_dispatchinputs"""


class StartedAnswer(msgspec.Struct, frozen=True):
    """https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow"""

    id: int
    event: str
    path: str = ""
    status: str | None = None
    head_branch: str | None = None
    display_title: str = ""
    actor: Account | None = None
    triggering_actor: Account | None = None


class Listed(msgspec.Struct, frozen=True):
    """One page of runs."""

    workflow_runs: list[StartedAnswer]


class Bench:
    """The trials of one repository, for one visit."""

    def __init__(self, place: Place, reader: Reader, actions: Actions) -> None:
        self._place = place
        self._reader = reader
        self._actions = actions

    def started(self, workflow: str) -> Sequence[Started]:
        """The newest runs of a workflow file that our account dispatched at the default branch, newest first."""
        home = self._place.home()
        path = f"{self._place.path}/actions/workflows/{quote(workflow, safe='')}/runs"
        asked = {"event": "workflow_dispatch", "branch": home.branch, "per_page": str(PAGE)}
        found = self._reader.find(path, Listed, **asked)
        return [
            Started(one.id, one.display_title, one.status == "completed")
            for one in (found.workflow_runs if found else [])
            if one.event == "workflow_dispatch" and one.head_branch == home.branch and _is_by(one, home.account)
        ]

    def artifacts(self, run: int, prefix: str) -> Sequence[Told]:
        """What a run left under names that begin so, each name once, the newest; what cannot be had is left out."""
        return list(self._told(run, prefix))

    def _told(self, run: int, prefix: str) -> Iterator[Told]:
        newest = {one.name: one for one in sorted(self._actions.artifacts(run), key=lambda one: one.id)}
        for one in newest.values():
            if one.expired or not one.name.startswith(prefix):
                continue
            try:
                yield Told(one.name, self._actions.archive(one, MAX_BYTES))
            except UserError:
                continue


def dispatch(place: Place, writer: Writer, act: Dispatch) -> Acted:
    """Start a workflow. `refused` when there is none of the name, its inputs are others, or the App may not.

    https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event; the App needs `actions: write`.
    """
    inputs = dict(act.inputs)
    if len(inputs) > MAX_INPUTS or sum(len(key) + len(value) for key, value in inputs.items()) > MAX_PAYLOAD:
        return Acted("refused", "", f"{act.workflow}: more inputs than GitHub takes. Shorten the names of the tasks.")
    path = f"{place.path}/actions/workflows/{quote(act.workflow, safe='')}/dispatches"
    try:
        writer.call("POST", path, body={"ref": act.ref, "inputs": inputs})
    except StatusError as error:
        return Acted("refused", "", str(error))
    return Acted("done", path)


def _is_by(run: StartedAnswer, account: int) -> bool:
    """Whether we caused the run and this attempt of it: whoever runs it again does so under his own name."""
    return bool(account) and all(who is not None and who.id == account for who in (run.actor, run.triggering_actor))
