"""What is delivered is what GitHub would deliver: signed, in its shape, once for each change, again when asked."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import github as pygithub
import pytest

from bot.forge.github.client import App
from bot.forge.github.installations import Installations
from bot.forge.webhook import hint
from tests.github.fleet import commit, open_pull
from tests.github.keys import pair
from tests.github.routes_issues import arm, enter_queue
from tests.github.routes_reruns import end_attempt
from tests.github.server import GitHub
from tests.github.world import Repository, World

REAL = Path(__file__).resolve().parents[3] / "shared/github/webhooks"


class Ear:
    """Somebody who listens as the App would; `status` is what it answers."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 202
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ear.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(ear.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def events(self) -> list[str]:
        """What was heard, as `event.action`."""
        rows = [(headers["x-github-event"], json.loads(body)) for headers, body in self.heard]
        return [f"{event}.{payload['action']}" if "action" in payload else event for event, payload in rows]


@pytest.fixture
def ear() -> Iterator[Ear]:
    made = Ear()
    yield made
    made.server.shutdown()
    made.server.server_close()


def work(world: World, shop: Repository, ann: pygithub.Github) -> None:
    """A bit of everything that happens."""
    commit(world, shop, "work", {"a.txt": "a\n"}, "ann")
    repo = ann.get_repo("octo/shop")
    pull = repo.create_pull(base="main", head="work", title="Mend it", body="Because.")
    pull.add_to_labels("bug")
    pull.create_issue_comment("Hm.").edit("Hm!")
    pull.create_review(body="Fine.", event="APPROVE")
    commit(world, shop, "work", {"b.txt": "b\n"}, "ann")
    pull.edit(title="Mend it well")
    pull.edit(state="closed")
    pull.edit(state="open")
    pull.remove_from_labels("bug")
    issue = repo.create_issue("Stop", labels=["wait"])
    issue.edit(state="closed", state_reason="not_planned")
    pull.update()
    world.check(shop, pull.head.sha, "ci")
    made = world.run(shop, pull.head.sha, conclusion=None)
    repo.get_issue(2)
    end_attempt(made, "failure")
    pull.merge(merge_method="squash")


def test_nothing_is_told_before_a_test_begins_it(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World
) -> None:
    work(world, shop, ann)

    assert [] == [*world.hook.deliveries, *world.hook.waiting]


def test_every_change_is_told_once_in_order_and_signed(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World, ear: Ear
) -> None:
    github.begin(ear.url)

    work(world, shop, ann)
    github.tell()

    assert [
        "push",
        "pull_request.opened",
        "pull_request.labeled",
        "issue_comment.created",
        "issue_comment.edited",
        "pull_request_review.submitted",
        "push",
        "pull_request.synchronize",
        "pull_request.edited",
        "pull_request.closed",
        "pull_request.reopened",
        "pull_request.unlabeled",
        "issues.opened",
        "issues.labeled",
        "issues.closed",
        "check_suite.completed",
        "workflow_run.requested",
        "workflow_run.completed",
        "push",
        "pull_request.closed",
    ] == ear.events()
    for headers, body in ear.heard:
        signature = hmac.new(world.hook.secret.encode(), body, hashlib.sha256).hexdigest()
        assert f"sha256={signature}" == headers["x-hub-signature-256"]
        assert str(world.app_id) == headers["x-github-hook-installation-target-id"]


def test_what_the_app_did_not_ask_for_is_not_told(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World, ear: Ear
) -> None:
    world.app_events = ["issues"]
    github.begin(ear.url)

    work(world, shop, ann)

    assert {"issues.opened", "issues.labeled", "issues.closed"} == set(ear.events())


def test_installing_suspending_and_leaving_are_told_unasked(github: GitHub, world: World, ear: Ear) -> None:
    shop, other = (world.repository(name, {"a": "a\n"}) for name in ("octo/shop", "octo/other"))
    github.begin(ear.url)
    made = world.install("octo", shop)
    github.tell()
    made.repositories.append(other.id)
    github.tell()
    made.repositories.remove(shop.id)
    made.permissions["actions"] = "write"
    github.tell()
    made.suspended = True
    github.tell()
    commit(world, other, "work", {"b": "b\n"})
    github.tell()
    del world.installations[made.id]
    github.tell()

    assert [
        "installation.created",
        "installation_repositories.added",
        "installation.new_permissions_accepted",
        "installation_repositories.removed",
        "installation.suspend",
        "installation.deleted",
    ] == ear.events()


def test_renaming_archiving_arming_and_queueing_are_told(github: GitHub, world: World, ear: Ear) -> None:
    shop = world.repository("octo/shop", {"a": "a\n"})
    world.install("octo", shop)
    commit(world, shop, "work", {"b": "b\n"}, "ann")
    issue = open_pull(world, shop, "work", "Mend it", "", "ann")
    github.begin(ear.url)
    arm(shop, issue, world.bot, who=world.bot)
    arm(shop, issue, None, who=world.bot)
    enter_queue(shop, issue, world.bot)
    world.merge_group(shop, "failure")
    shop.name = "store"
    shop.archived = True
    github.tell()

    assert [
        "repository.renamed",
        "repository.archived",
        "pull_request.auto_merge_enabled",
        "pull_request.auto_merge_disabled",
        "pull_request.enqueued",
        "pull_request.dequeued",
    ] == ear.events()


def test_what_did_not_arrive_is_sent_again_when_it_is_asked_for(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World, ear: Ear
) -> None:
    github.begin(ear.url)
    ear.status = 500
    repo = ann.get_repo("octo/shop")
    repo.create_issue("One")
    world.hook.mangle = lambda _waiting: ()
    repo.create_issue("Two")
    world.hook.mangle = tuple
    ear.status = 202
    repo.create_issue("Three")
    ear.heard.clear()

    with Installations(App(world.app_id, pair()[0], github.url)) as ours:
        assert 2 == ours.resend("2020-01-01T00:00:00Z")
        told = [json.loads(body)["issue"]["title"] for _headers, body in ear.heard]
        assert 0 == ours.resend("2020-01-01T00:00:00Z")

    assert ["One", "Two"] == told
    assert 5 == len(world.hook.deliveries)
    assert 3 == len({one.guid for one in world.hook.deliveries})


def test_more_deliveries_than_a_page_are_listed_by_cursor(github: GitHub, shop: Repository, world: World) -> None:
    github.begin("http://127.0.0.1:9/nobody")
    world.hook.mangle = lambda _waiting: ()
    for number in range(130):
        world.hook.add(next(world.numbers), "push", None, (1, shop.id), {"ref": str(number)})
    github.world.hook.send(world.app_id)

    with Installations(App(world.app_id, pair()[0], github.url)) as ours:
        found = list(ours.deliveries("2020-01-01T00:00:00Z"))
    world.hook.deliveries.clear()  # they are no true payloads

    assert 130 == len({one.id for one in found})
    assert sorted((one.id for one in found), reverse=True) == [one.id for one in found]


def test_orders_and_doubles_are_as_a_test_wants_them(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World, ear: Ear
) -> None:
    github.begin()
    repo = ann.get_repo("octo/shop")
    repo.create_issue("One")
    repo.create_issue("Two")
    assert [] == ear.heard
    world.hook.url, world.hook.mangle = ear.url, lambda waiting: [*reversed(waiting), *waiting]

    github.tell()

    told = [json.loads(body)["issue"]["title"] for _headers, body in ear.heard]
    assert ["Two", "One", "One", "Two"] == told


def test_what_is_told_leads_the_bot_to_the_right_place(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World
) -> None:
    github.begin()

    work(world, shop, ann)
    github.tell()
    hints = [hint(one.event, one.guid, one.payload) for one in world.hook.waiting]

    assert {shop.id} == {one.repository for one in hints}
    assert set(world.installations) == {one.installation for one in hints}
    assert {"pull", "issue", "run", "head", "ref"} == {one.kind for one in hints}
    assert [] == [said for one in hints for said in one.strange]
    assert {(1,)} == {one.pulls for one in hints if one.kind == "pull"}


@pytest.mark.skipif(not REAL.exists(), reason="the real payloads are not at hand")
def test_a_payload_has_whatever_all_real_ones_of_its_kind_have(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World, ear: Ear
) -> None:
    github.begin(ear.url)

    work(world, shop, ann)
    github.tell()

    for one in world.hook.deliveries:
        real: list[dict[str, Any]] = json.loads((REAL / f"{one.event}.json").read_text(encoding="utf-8"))
        alike = [row for row in real if row.get("action") == one.action] or real
        wanted = set.intersection(*(set(row) for row in alike))
        assert wanted - {"requester"} <= set(one.payload), (one.event, one.action)
