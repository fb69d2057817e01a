"""Acts in, what became of each out: labels, the one comment, the one check run, reactions, merges; each find-or-create.

No write is sent twice blindly: what was not answered is looked at before anything is decided.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from bot.forge.github import marks
from bot.forge.github.answers import Comment
from bot.forge.github.bench import dispatch
from bot.forge.github.client import Writer
from bot.forge.github.desk_answers import Check, Checks, Pull, Reaction
from bot.forge.github.errors import StatusError, UnavailableError
from bot.forge.github.labels import Labels
from bot.forge.github.place import Place
from bot.forge.github.threads import farewell, is_by, lines
from bot.hosting.acts import (
    Act,
    Acted,
    Close,
    Disarm,
    Dispatch,
    Merge,
    PutLabels,
    React,
    Rerun,
    Restore,
    Say,
    ShowCheck,
)

CHECK = "flywheel/decision"
MAX_SUMMARY = 60_000
"""GitHub takes 65,535 characters."""
UNCHANGED = Acted("unchanged")
ENABLE = """
mutation Enable($input: EnablePullRequestAutoMergeInput!) {
  enablePullRequestAutoMerge(input: $input) { clientMutationId }
}
"""
DISABLE = """
mutation Disable($input: DisablePullRequestAutoMergeInput!) {
  disablePullRequestAutoMerge(input: $input) { clientMutationId }
}
"""
ENQUEUE = """
mutation Enqueue($input: EnqueuePullRequestInput!) {
  enqueuePullRequest(input: $input) { clientMutationId }
}
"""
QUEUED = """
query Queued($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { isInMergeQueue } }
}
"""
DEQUEUE = """
mutation Dequeue($input: DequeuePullRequestInput!) {
  dequeuePullRequest(input: $input) { clientMutationId }
}
"""


class _Issue(msgspec.Struct, frozen=True):
    state: str
    title: str
    body: str | None = None


class _Attempt(msgspec.Struct, frozen=True):
    run_attempt: int = 1
    status: str | None = None


class Acts:
    """Writes to the pulls and issues of one repository; `runner` starts workflows, with a token for that alone."""

    def __init__(self, place: Place, writer: Writer, labels: Labels, runner: Writer) -> None:
        self._place, self._writer, self._labels, self._runner = place, writer, labels, runner

    def perform(self, act: Act) -> Acted:
        """Do it. What GitHub does not allow is `refused`, with its words and the mend."""
        try:
            return self._perform(act)
        except StatusError as error:
            return Acted("refused", "", str(error))

    def _perform(self, act: Act) -> Acted:
        match act:
            case PutLabels():
                return self._put_labels(act)
            case Say():
                return self._say(act)
            case ShowCheck():
                return self._show(act)
            case React():
                return self._react(act)
            case Merge():
                return self._merge(act)
            case Disarm():
                return self._disarm(act)
            case Restore():
                return self._restore(act)
            case Close():
                return self._close(act)
            case Dispatch():
                return dispatch(self._place, self._runner, act)
            case Rerun():
                return self._rerun(act)

    # --- texts --------------------------------------------------------------------------------------------------------

    def _put_labels(self, act: PutLabels) -> Acted:
        path = f"{self._place.path}/issues/{act.number}/labels"
        there = {one["name"] for one in self._place.reader.call("GET", path, query={"per_page": "100"})}
        missing = [name for name in act.add if name not in there]
        self._labels.make(missing, there)
        if missing:
            self._writer.call("POST", path, body={"labels": missing})
        gone = [name for name in act.remove if name in there]
        for name in gone:
            self._writer.call("DELETE", f"{path}/{quote(name, safe='')}", missing=True)
        return Acted("done") if missing or gone else UNCHANGED

    def _say(self, act: Say) -> Acted:
        """The oldest comment of ours for this change is kept, in place; a double, from a race, goes."""
        path, account = f"{self._place.path}/issues/{act.number}/comments", self._place.home().account
        text = marks.said(act.text, act.change)
        said = self._place.reader.pages(path, Comment)
        ours = [one for one in said if is_by(one, account) and marks.is_said(one.body, act.change)]
        for double in ours[1:]:
            self._writer.call("DELETE", f"{self._place.path}/issues/comments/{double.id}", missing=True)
        if not ours:
            self._writer.call("POST", path, body={"body": text})
            return Acted("done")
        if lines(ours[0].body) == text:
            return Acted("done") if ours[1:] else UNCHANGED
        self._writer.call("PATCH", f"{self._place.path}/issues/comments/{ours[0].id}", body={"body": text})
        return Acted("done")

    def _show(self, act: ShowCheck) -> Acted:
        output = {"title": marks.line(act.title), "summary": marks.plain(act.summary)[:MAX_SUMMARY]}
        path = f"{self._place.path}/commits/{act.head}/check-runs"
        found = self._place.reader.get(path, Checks, check_name=CHECK, filter="all")
        us = self._place.home().login
        named = (one for one in found.check_runs if one.name == CHECK and one.external_id == act.change)
        ours = next((one for one in named if one.app is not None and one.app.is_account(us)), None)
        asked: dict[str, Any] = {"status": "completed", "conclusion": act.conclusion, "output": output}
        if ours is None:
            made = {"name": CHECK, "head_sha": act.head, "external_id": act.change, **asked}
            self._writer.call("POST", f"{self._place.path}/check-runs", body=made)
            return Acted("done")
        if _says(ours) == (act.conclusion, output["title"], output["summary"]):
            return UNCHANGED
        self._writer.call("PATCH", f"{self._place.path}/check-runs/{ours.id}", body=asked)
        return Acted("done")

    def _react(self, act: React) -> Acted:
        path, account = f"{self._place.path}/issues/comments/{act.comment}/reactions", self._place.home().account
        there = self._place.reader.pages(path, Reaction)
        if any(one.content == act.content and one.user and one.user.id == account for one in there):
            return UNCHANGED
        self._writer.call("POST", path, body={"content": act.content})
        return Acted("done")

    def _restore(self, act: Restore) -> Acted:
        path = f"{self._place.path}/issues/{act.number}"
        title, body = marks.line(act.title), marks.plain(act.body)
        text = marks.marked(title, body, act.change, act.revision)
        there = self._place.reader.get(path, _Issue)
        if (there.title, lines(there.body)) == (title, text):
            return UNCHANGED
        self._writer.call("PATCH", path, body={"title": title, "body": text})
        return Acted("done")

    def _close(self, act: Close) -> Acted:
        path = f"{self._place.path}/issues/{act.number}"
        if self._place.reader.get(path, _Issue).state == "closed":
            return UNCHANGED
        farewell(self._place, self._writer, act.number, act.change, act.reason)
        why = "completed" if act.completed else "not_planned"
        self._writer.call("PATCH", path, body={"state": "closed", "state_reason": why})
        return Acted("done")

    # --- merges -------------------------------------------------------------------------------------------------------

    def _merge(self, act: Merge) -> Acted:
        """At exactly this head. After silence or 5xx nothing is sent again: what became of it is read."""
        pull = self._pull(act.number)
        if pull.merged_at:
            return UNCHANGED
        if pull.head.sha != act.head:
            return Acted("refused", pull.html_url, f"the head is {pull.head.sha} and was {act.head}")
        if self._is_begun(act, pull):
            return UNCHANGED
        try:
            self._begin(act, pull)
        except UnavailableError:
            after = self._pull(act.number)
            if not after.merged_at and not self._is_begun(act, after):
                raise
        return Acted("done", pull.html_url)

    def _is_begun(self, act: Merge, pull: Pull) -> bool:
        """Whether it will merge already, in the way that is asked for."""
        if act.how == "arm":
            return pull.auto_merge is not None
        return act.how == "enqueue" and is_queued(self._place, act.number)

    def _begin(self, act: Merge, pull: Pull) -> None:
        node = {"pullRequestId": pull.node_id, "expectedHeadOid": act.head}
        if act.how == "enqueue":
            self._writer.graphql(ENQUEUE, {"input": node})
        elif act.how == "arm":
            self._writer.graphql(ENABLE, {"input": {**node, "mergeMethod": act.method.upper()}})
        else:
            path = f"{self._place.path}/pulls/{act.number}/merge"
            self._writer.call("PUT", path, body={"sha": act.head, "merge_method": act.method})

    def _disarm(self, act: Disarm) -> Acted:
        """Out of auto-merge, and out of the queue: what waits for its checks may have entered it meanwhile."""
        pull = self._pull(act.number)
        if pull.state != "open":
            return UNCHANGED
        if pull.auto_merge is not None:
            self._writer.graphql(DISABLE, {"input": {"pullRequestId": pull.node_id}})
        queued = is_queued(self._place, act.number)
        if queued:
            self._writer.graphql(DEQUEUE, {"input": {"id": pull.node_id}})
        return Acted("done", pull.html_url) if queued or pull.auto_merge is not None else UNCHANGED

    # --- runs ---------------------------------------------------------------------------------------------------------

    def _rerun(self, act: Rerun) -> Acted:
        """Once: a later attempt is as good as ours, whoever began it."""
        path = f"{self._place.path}/actions/runs/{act.run}"
        run = self._place.reader.get(path, _Attempt)
        if run.run_attempt > act.attempt or run.status != "completed":
            return UNCHANGED
        self._runner.call("POST", f"{path}/rerun-failed-jobs")
        return Acted("done")

    def _pull(self, number: int) -> Pull:
        return self._place.reader.get(f"{self._place.path}/pulls/{number}", Pull)


def is_queued(place: Place, number: int) -> bool:
    """Whether a pull waits in its base's merge queue; REST does not tell."""
    owner, _, name = place.repository.partition("/")
    asked = {"owner": owner, "name": name, "number": number}
    found: dict[str, Any] = place.reader.graphql(QUEUED, asked)["repository"]["pullRequest"]
    return bool(found["isInMergeQueue"])


def _says(run: Check) -> tuple[str, str, str]:
    output = run.output
    return run.conclusion or "", str(output.get("title") or ""), str(output.get("summary") or "")
