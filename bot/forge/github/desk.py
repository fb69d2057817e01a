"""One repository in; our pulls and issues as they stand, what the repository demands, and what is done to them, out.

What is ours is told by the account that opened it, never by a branch, a label or a text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from bot.forge.github import marks
from bot.forge.github.acts import Acts, is_queued
from bot.forge.github.answers import Commit
from bot.forge.github.branches import is_by_us
from bot.forge.github.checks import Checking
from bot.forge.github.client import Writer
from bot.forge.github.desk_answers import End, Issue, Label, Pull, Thread
from bot.forge.github.labels import LABEL, Labels
from bot.forge.github.people import People
from bot.forge.github.place import Place
from bot.forge.github.timeline import Timeline
from bot.hosting import pulls as seen
from bot.hosting.acts import Act, Acted

DAYS = 90
"""How long a pull or an issue that ended is looked at."""
MAX_CLOSED = 300
MAX_COMMITS = 250
WAITS_S = (0.5, 1.0, 2.0)
HOLD = "flywheel:hold"
STATES: dict[str, seen.Mergeable] = {
    "clean": "clean",
    "has_hooks": "clean",
    "blocked": "blocked",
    "draft": "blocked",
    "unstable": "unstable",
    "behind": "behind",
    "dirty": "dirty",
}
"""https://docs.github.com/graphql/reference/enums#mergestatestatus"""

GROUND = """
query Ground($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) {
    isPrivate
    isArchived
    autoMergeAllowed
    squashMergeAllowed
    mergeCommitAllowed
    rebaseMergeAllowed
    mergeQueue(branch: $branch) { id }
  }
}
"""


class Desk:
    """Pulls and issues of one repository. What was read is kept for as long as the desk: one visit."""

    def __init__(
        self, place: Place, writer: Writer, labels: Labels, runner: Writer, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._place = place
        self._sleep = sleep
        self._people = People(place)
        self._checking = Checking(place)
        self._tools = (writer, labels, runner)
        self._acts = Acts(place, *self._tools)

    def perform(self, act: Act) -> Acted:
        """Do it, find-or-create. RateLimitedError and UnavailableError: look again later, by a new desk."""
        return self._acts.perform(act)

    def again(self) -> Desk:
        """A desk on which nothing lies yet."""
        return Desk(self._place, *self._tools, self._sleep)

    def ground(self) -> seen.Ground:
        """What the repository allows and demands at its default branch."""
        return self._ground

    @cached_property
    def _ground(self) -> seen.Ground:
        home = self._place.home()
        owner, _, name = self._place.repository.partition("/")
        asked = {"owner": owner, "name": name, "branch": home.branch}
        found: dict[str, Any] = self._place.reader.graphql(GROUND, asked)["repository"]
        ways = (("squash", "squashMergeAllowed"), ("merge", "mergeCommitAllowed"), ("rebase", "rebaseMergeAllowed"))
        return seen.Ground(
            default_branch=home.branch,
            head=home.head,
            account=home.account,
            private=bool(found["isPrivate"]),
            archived=bool(found["isArchived"]),
            protected=bool(self._checking.required(home.branch)),
            auto_merge_allowed=bool(found["autoMergeAllowed"]),
            queue=found["mergeQueue"] is not None,
            methods=tuple(way for way, allowed in ways if found[allowed]),  # type: ignore[misc]
            nodes={name: node for name, node in self._nodes.items() if name.startswith(LABEL)},
            branches=frozenset(self._place.branches()),
        )

    def pulls(self) -> list[seen.Pull]:
        """Ours: open ones, and those that ended in the last 90 days, oldest first."""
        account = self._place.home().account
        found = {row.number: row for row in (*self._open, *self._closed()) if row.user and row.user.id == account}
        return [self._pull(found[number]) for number in sorted(found)]

    def issues(self) -> list[seen.Thread]:
        """Ours: open ones, and those that ended in the last 90 days; and open ones of anybody that bear our hold."""
        account = self._place.home().account
        path = f"{self._place.path}/issues"
        rows = list(self._place.reader.pages(path, Issue, labels=LABEL, state="all", since=self._since))
        rows = [row for row in rows if row.user and row.user.id == account]
        rows += self._place.reader.pages(path, Issue, labels=HOLD, state="open")
        found = {row.number: row for row in rows if row.pull_request is None}
        return [self._issue(found[number]) for number in sorted(found)]

    # --- how they are read --------------------------------------------------------------------------------------------

    @cached_property
    def _since(self) -> str:
        return (datetime.now(UTC) - timedelta(days=DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")

    @cached_property
    def _nodes(self) -> dict[str, str]:
        listed = self._place.reader.pages(f"{self._place.path}/labels", Label)
        return {label.name: label.node_id for label in listed}

    @cached_property
    def _open(self) -> list[Pull]:
        return list(self._place.reader.pages(f"{self._place.path}/pulls", Pull, state="open"))

    def _closed(self) -> Iterator[Pull]:
        """Lately: by time, and by our label, for a busy repository closes hundreds a week."""
        path = f"{self._place.path}/pulls"
        listed = self._place.reader.pages(path, Pull, state="closed", sort="updated", direction="desc")
        numbers: set[int] = set()
        for count, row in enumerate(listed):
            if count >= MAX_CLOSED or row.updated_at < self._since:
                break
            numbers.add(row.number)
            yield row
        labelled = self._place.reader.pages(
            f"{self._place.path}/issues", Issue, labels=LABEL, state="closed", since=self._since
        )
        for issue in labelled:
            if issue.pull_request is not None and issue.number not in numbers:
                yield self._place.reader.get(f"{path}/{issue.number}", Pull)

    def _pull(self, row: Pull) -> seen.Pull:
        """One that ended is in the list as it is, and its timeline tells who ended it."""
        path = f"{self._place.path}/pulls/{row.number}"
        queued = row.state == "open" and bool(self._ground.queue) and is_queued(self._place, row.number)
        one = row if row.state != "open" else self._settled(path, queued=queued)
        thread, timeline = self._thread(one, one.state == "closed", merged=one.merged_at is not None)
        is_open = one.state == "open"
        commits = list(self._place.reader.pages(f"{path}/commits", Commit)) if is_open else []
        twins = sum(other.head.sha == one.head.sha and other.number != one.number for other in self._open)
        return seen.Pull(
            thread=thread,
            branch=one.head.ref,
            head=one.head.sha,
            base=one.base.ref,
            base_head=self._tip(one.base) if is_open else one.base.sha,
            head_at=timeline.head_at(),
            merged_at=one.merged_at or "",
            merged_by=timeline.last("merged") if one.merged_at else None,
            merge_sha=one.merge_commit_sha or "" if one.merged_at else "",
            armed=one.auto_merge is not None or queued,
            draft=one.draft,
            mergeable=STATES.get(one.mergeable_state, "unknown"),
            commits_ours=_all_ours(commits, self._place) if is_open else None,
            twins=twins if is_open else None,
            reviews=timeline.reviews(),
            checks=self._checking.at(one.head.sha, one.base.ref) if is_open else (),
            armed_by_us=_is_armed_by(one, self._place.home().account),
        )

    def _settled(self, path: str, *, queued: bool) -> Pull:
        """GitHub finds out whether a pull can be merged when somebody asks for it; it is asked a few times more.

        Of one in the queue it does not say so at all, nor that it is to be merged.
        https://docs.github.com/rest/guides/using-the-rest-api-to-interact-with-your-git-database
        """
        one = self._place.reader.get(path, Pull)
        for wait in WAITS_S:
            if queued or one.state != "open" or one.mergeable_state != "unknown":
                break
            self._sleep(wait)
            one = self._place.reader.get(path, Pull)
        return one

    def _tip(self, base: End) -> str:
        """Where the base stands: the pull itself tells where it stood at the last push."""
        home = self._place.home()
        return home.head if base.ref == home.branch else self._place.tip(base.ref) or base.sha

    def _issue(self, row: Issue) -> seen.Thread:
        return self._thread(row, row.state == "closed", merged=False)[0]

    def _thread(self, row: Thread, is_closed: bool, *, merged: bool) -> tuple[seen.Thread, Timeline]:
        timeline = Timeline(self._place, self._people, row, self._nodes)
        mark = marks.mark(row.body)
        state = "merged" if merged else "closed" if is_closed else "open"
        thread = seen.Thread(
            number=row.number,
            url=row.html_url,
            state=state,  # type: ignore[arg-type]
            author=self._people.actor(row.user),
            title=row.title,
            body=(row.body or "").replace("\r\n", "\n"),
            created_at=row.created_at,
            by_mark=mark.change if mark else "",
            intact=marks.is_as_we_left_it(row.title, row.body),
            closed_by=timeline.last("closed") if is_closed else None,
            closed_at=row.closed_at or "",
            state_reason=row.state_reason or "",
            labels={label.name: label.node_id for label in row.labels},
            touched=timeline.touched(),
            comments=timeline.comments(),
            reopened_by=timeline.last("reopened"),
            reopened_at=timeline.last_at("reopened"),
        )
        return thread, timeline


def _is_armed_by(one: Pull, account: int) -> bool:
    by = one.auto_merge.enabled_by if one.auto_merge is not None else None
    return by is not None and by.id == account


def _all_ours(commits: Sequence[Commit], place: Place) -> bool | None:
    """Whether every commit is verifiably ours; None when there are more than GitHub lists."""
    if not commits or len(commits) >= MAX_COMMITS:
        return None
    return all(is_by_us(commit, place.home()) for commit in commits)
