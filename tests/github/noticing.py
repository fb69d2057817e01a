"""Two looks at the world in, the webhook events of what happened between them out, in the order in which GitHub tells.

Comparing is what makes it whole: whoever changed something, by a call, a push or a helper of the world, it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.github import payloads
from tests.github.hooks import UNASKED
from tests.github.routes_issues import refresh
from tests.github.shapes import Shapes
from tests.github.world import Event, Installation, Issue, Repository, User, World

Picture = Mapping[Any, Any]
Told = tuple[str, str | None, tuple[int | None, ...], dict[str, Any]]
LABELS = ("labeled", "unlabeled")


def notice(world: World, api: str, sender: User | None) -> None:
    """Let what has happened since the last look wait to be delivered. `sender` did it, where nothing says who."""
    if not world.hook.on:
        return
    for repository in world.repositories.values():
        refresh(repository)
    before, after = world.hook.picture, picture(world)
    world.hook.picture = after
    look = _Look(world, Shapes(api, world), before, after, sender or world.owner)
    for event, action, ids, payload in look.all():
        if event in UNASKED or event in world.app_events:
            whole = payload if action is None else {"action": action, **payload}
            world.hook.add(next(world.numbers), event, action, ids, whole)


def picture(world: World) -> Picture:
    """Everything that events tell of, as it is now."""
    seen: dict[Any, Any] = {}
    for one in world.installations.values():
        seen["installation", one.id] = (one, one.suspended, tuple(one.repositories), dict(one.permissions))
    for repository in world.repositories.values():
        at = repository.id
        seen["repository", at] = (repository.full_name, repository.archived)
        seen["refs", at] = dict(repository.git.refs("heads/"))
        for issue in repository.issues.values():
            head = issue.pull.head_sha if issue.pull else ""
            seen["issue", at, issue.number] = (issue.title, issue.body, head)
            seen["events", at, issue.number] = len(issue.events)
            seen["comments", at, issue.number] = {said.id: (said, said.body) for said in issue.comments}
            seen["reviews", at, issue.number] = len(issue.reviews)
        for check in repository.checks.values():
            seen.setdefault(("suite", at, check.app, check.head_sha), []).append((check.id, check.status))
        for run in world.workflow_runs.get(at, ()):
            seen["run", at, run.id] = (run.status, run.attempt)
    return seen


class _Look:
    def __init__(self, world: World, shapes: Shapes, before: Picture, after: Picture, sender: User) -> None:
        self.world, self.shapes, self.before, self.after, self.sender = world, shapes, before, after, sender

    def all(self) -> Iterator[Told]:
        yield from self.installations()
        for installation in self.world.installations.values():
            for number in installation.repositories:
                repository = self.world.repositories.get(number)
                if repository is not None and not installation.suspended:
                    yield from self.repository(installation, repository)

    def installations(self) -> Iterator[Told]:
        kinds = {key: one for key, one in {**self.before, **self.after}.items() if key[0] == "installation"}
        for key, (one, *_rest) in kinds.items():
            old, new = self.before.get(key), self.after.get(key)
            if old is None or new is None:
                yield self.installation(one, "created" if new else "deleted", repositories=self.named(one.repositories))
                continue
            if old[1] != new[1]:
                yield self.installation(one, "suspend" if new[1] else "unsuspend")
            if old[3] != new[3]:
                yield self.installation(one, "new_permissions_accepted")
            added, removed = set(new[2]) - set(old[2]), set(old[2]) - set(new[2])
            if added or removed:
                more = {
                    "repository_selection": "selected",
                    "repositories_added": self.named(sorted(added)),
                    "repositories_removed": self.named(sorted(removed)),
                    "requester": None,
                }
                _event, action, ids, payload = self.installation(one, "added" if added else "removed")
                yield "installation_repositories", action, ids, payload | more

    def installation(self, one: Installation, action: str, **more: Any) -> Told:
        shape = {"installation": self.shapes.installation(one), "sender": self.shapes.user(self.sender)}
        return "installation", action, (one.id, None), shape | more

    def named(self, numbers: Any) -> list[dict[str, Any]]:
        return [payloads.minimal(self.world.repositories[one]) for one in numbers if one in self.world.repositories]

    def repository(self, installation: Installation, repository: Repository) -> Iterator[Told]:
        def told(event: str, action: str | None, sender: User | None = None, **more: Any) -> Told:
            shape = payloads.about(self.shapes, repository, installation, sender or self.sender)
            return event, action, (installation.id, repository.id), {**more, **shape}

        name, archived = self.before.get(("repository", repository.id), (repository.full_name, repository.archived))
        if name != repository.full_name:
            changes = {"repository": {"name": {"from": name.partition("/")[2]}}}
            yield told("repository", "renamed", changes=changes)
        if archived != repository.archived:
            yield told("repository", "archived" if repository.archived else "unarchived")
        yield from self.pushes(repository, told)
        for issue in repository.issues.values():
            yield from self.thread(repository, issue, told)
        yield from self.checks(repository, told)

    def pushes(self, repository: Repository, told: Any) -> Iterator[Told]:
        then, now = (look.get(("refs", repository.id), {}) for look in (self.before, self.after))
        for ref in sorted({*then, *now}):
            before, after = then.get(ref, ""), now.get(ref, "")
            if before != after:
                who = self.world.user_of(repository.git.commit(after).author.email) if after else None
                pusher = who or self.sender
                yield told("push", None, pusher, **payloads.push(repository, ref, before, after, pusher))

    def thread(self, repository: Repository, issue: Issue, told: Any) -> Iterator[Told]:
        key = (repository.id, issue.number)
        event = "pull_request" if issue.pull else "issues"

        def of(action: str, sender: User | None = None, **more: Any) -> Told:
            if issue.pull:
                shape = payloads.pull(self.shapes, repository, issue)
                return told(event, action, sender, number=issue.number, pull_request=shape, **more)  # type: ignore[no-any-return]
            shape = payloads.issue(self.shapes, repository, issue)
            return told(event, action, sender, issue=shape, **more)  # type: ignore[no-any-return]

        title, body, head = self.before.get(("issue", *key), (None, None, None))
        if title is None:
            yield of("opened", issue.user)
        else:
            changes = {"title": {"from": title}} if title != issue.title else {}
            if body != issue.body:
                changes["body"] = {"from": body or ""}
            if changes:
                yield of("edited", changes=changes)
            if issue.pull and head != issue.pull.head_sha:
                who = self.world.user_of(repository.git.commit(issue.pull.head_sha).author.email)
                yield of("synchronize", who, before=head, after=issue.pull.head_sha)
        for one in issue.events[self.before.get(("events", *key), 0) :]:
            yield from self.event(repository, issue, one, of)
        yield from self.comments(repository, issue, told)
        for said in issue.reviews[self.before.get(("reviews", *key), 0) :]:
            shape = payloads.review(self.shapes, repository, issue, said)
            whole = payloads.pull(self.shapes, repository, issue)
            yield told("pull_request_review", "submitted", said.user, review=shape, pull_request=whole)

    def event(self, repository: Repository, issue: Issue, one: Event, of: Any) -> Iterator[Told]:
        """What has an event of its own: labels, ends, and what makes it merge by itself."""
        if one.kind in LABELS and one.label:
            yield of(one.kind, one.actor, label={**self.shapes.label(repository, one.label), "name": one.name})
        elif one.kind in ("closed", "reopened"):
            yield of(one.kind, one.actor)
        elif one.kind in ("auto_merge_enabled", "auto_merge_disabled"):
            yield of(one.kind, one.actor, **({"reason": ""} if one.kind.endswith("disabled") else {}))
        elif one.kind == "added_to_merge_queue":
            yield of("enqueued", one.actor)
        elif one.kind == "removed_from_merge_queue":
            yield of("dequeued", one.actor, reason="MANUAL")

    def comments(self, repository: Repository, issue: Issue, told: Any) -> Iterator[Told]:
        then, now = (look.get(("comments", repository.id, issue.number), {}) for look in (self.before, self.after))
        for number in sorted({*then, *now}):
            old, new = then.get(number), now.get(number)
            if old and new and old[1] == new[1]:
                continue
            said = (new or old)[0]
            action = "created" if old is None else "deleted" if new is None else "edited"
            changes = {"changes": {"body": {"from": old[1]}}} if action == "edited" else {}
            shape = self.shapes.comment(repository, issue, said)
            whole = payloads.issue(self.shapes, repository, issue)
            sender = said.user if action == "created" else None
            yield told("issue_comment", action, sender, issue=whole, comment=shape, **changes)

    def checks(self, repository: Repository, told: Any) -> Iterator[Told]:
        for key, now in self.after.items():
            if key[:2] == ("suite", repository.id) and now != self.before.get(key):
                runs = [repository.checks[number] for number, _status in now]
                if all(status == "completed" for _number, status in now):
                    shape = payloads.suite(self.shapes, repository, runs)
                    bot = None if runs[0].app else self.world.bot
                    yield told("check_suite", "completed", bot, check_suite=shape)
        for run in self.world.workflow_runs.get(repository.id, ()):
            key = ("run", repository.id, run.id)
            if self.before.get(key) == self.after[key]:
                continue
            if key not in self.before or self.before[key][1] != run.attempt:
                yield told("workflow_run", "requested", run.actor, **payloads.run(self.shapes, repository, run))
            if run.status == "completed":
                yield told("workflow_run", "completed", run.actor, **payloads.run(self.shapes, repository, run))
