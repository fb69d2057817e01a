"""Two workers at once, another token, another server: still one pull."""

from __future__ import annotations

import threading

import httpx
import pytest
import respx

from bot.approval.labels import LABELS
from bot.forge.github.client import App, with_token
from bot.forge.github.forge import GitHubForge
from bot.model import OpenPull, Performed
from tests.github.server import GitHub
from tests.github.world import Repository, World


def test_two_workers_at_once_make_one_pull(
    github: GitHub, app: App, world: World, shop: Repository, pull: OpenPull
) -> None:
    number = next(iter(world.installations))
    barrier = threading.Barrier(2)
    done: list[Performed] = []

    def work() -> None:
        forge = GitHubForge("octo/shop", app.reader(number, "octo/shop"), app.writer(number, "octo/shop"), LABELS)
        forge.harness()
        barrier.wait()
        done.append(forge.perform(pull))
        forge.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    last = GitHubForge("octo/shop", app.reader(number, "octo/shop"), app.writer(number, "octo/shop"), LABELS)

    assert len(done) == 2
    assert all(one.status != "refused" or "Run again" in one.detail for one in done)
    assert last.perform(pull).status in ("unchanged", "updated", "created")
    assert last.perform(pull).status == "unchanged"
    assert [pull.branch] == [one.pull.head for one in shop.issues.values() if one.pull]
    assert 1 == len(shop.git.between("main", pull.branch))


def test_a_token_of_the_action_is_enough(github: GitHub, world: World, shop: Repository, pull: OpenPull) -> None:
    token = world.installation_token(
        next(iter(world.installations.values())), frozenset({shop.id}), world.app_permissions
    )
    reader, writer = with_token(token.token, github.url, 0.0)

    assert "created" == GitHubForge("octo/shop", reader, writer, LABELS).perform(pull).status
    assert not any(one.path.startswith("/app") for one in github.exchanges)


@pytest.mark.parametrize(
    ("api", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://ghe.example.com/api/v3", "https://ghe.example.com/api/graphql"),
        ("https://ghe.example.com/api/v3/", "https://ghe.example.com/api/graphql"),
    ],
)
@respx.mock
def test_github_enterprise_server_has_its_own_addresses(api: str, graphql: str) -> None:
    answer = {"data": {"viewer": {"login": "x[bot]", "databaseId": 1}, "repository": None}}
    asked = respx.post(graphql).mock(return_value=httpx.Response(200, json=answer))
    tree = respx.get(f"{api.rstrip('/')}/repos/octo/shop/git/ref/heads/x").mock(
        return_value=httpx.Response(404, json={})
    )
    reader, writer = with_token("t", api)
    forge = GitHubForge("octo/shop", reader, writer)

    assert forge.harness().head == ""
    assert forge.place.tip("x") == ""
    assert (asked.call_count, tree.call_count) == (1, 1)
