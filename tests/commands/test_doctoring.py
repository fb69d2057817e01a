"""What is right is not talked about, what is wrong has a code and a mend, and nothing is written on GitHub."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import github as pygithub
import pytest

from bot.commands import doctoring
from bot.commands.checkup import Row, of_github
from bot.commands.doctoring import Ask, examine, is_well, lines
from bot.commands.wiring import shipped_policy
from bot.errors import UserError
from bot.forge import webhook
from bot.forge.github import health
from bot.forge.github.client import App
from bot.hosting.asked import EVENTS
from bot.hosting.health import Health
from bot.jobs.configuration import PATH, START
from tests.cli import ROOT
from tests.github.fixtures import ann, github, shop, world
from tests.github.keys import pair
from tests.github.server import Fault, GitHub
from tests.github.world import Repository, World

__all__ = ["ann", "github", "shop", "world"]
FILES = health.Files(PATH, ".github", "flywheel.yml")
SECRET = "0123456789abcdef0123"


def database(url: str) -> None:
    """A database that can be written."""


ASK = Ask(
    app=lambda who, name: health.look(App(who.id, who.private_key, who.api), name, FILES),
    token=lambda token, api, name: health.look_with_token(token, api, name, FILES),
    database=database,
    secrets=webhook.secrets_of,
)


@pytest.fixture
def environment(github: GitHub, tmp_path: Path) -> dict[str, str]:
    key = tmp_path / "key.pem"
    key.write_text(pair()[0])
    key.chmod(0o600)
    github.world.app_events = list(EVENTS)
    return {
        "FLYWHEEL_APP_ID": str(github.world.app_id),
        "FLYWHEEL_PRIVATE_KEY_FILE": str(key),
        "FLYWHEEL_WEBHOOK_SECRET": SECRET,
        "FLYWHEEL_DATA": str(tmp_path / "data"),
        "GITHUB_API_URL": github.url,
    }


@pytest.fixture
def till(world: World) -> Repository:
    """A repository in which all is well."""
    made = world.repository("octo/till", {PATH: START, "a.py": "x\n"})
    made.allow_auto_merge = True
    made.required_checks = ("ci",)
    world.install("octo", made)
    return made


def rows(environment: Mapping[str, str], repository: str = "", ask: Ask = ASK) -> dict[str, Row]:
    found = examine(repository, environment, shipped_policy(), "sqlite:///x.db", ask)
    assert len(found) == len({row.code for row in found})
    return {row.code: row for row in found}


def missing(found: Mapping[str, Row]) -> dict[str, str]:
    assert all(row.mend for row in found.values() if row.status in ("missing", "note"))
    return {code: row.said for code, row in found.items() if row.status in ("missing", "unknown")}


# --- all is well ------------------------------------------------------------------------------------------------------


def test_where_all_is_well_nothing_is_to_be_mended(
    environment: dict[str, str], till: Repository, github: GitHub
) -> None:
    found = rows(environment, "octo/till")

    assert {} == missing(found)
    assert ("valid: propose", "ci") == (found["configuration"].said, found["required-check"].said)
    assert [] == [one for one in github.writes if one.template != "/app/installations/{installation_id}/access_tokens"]


def test_a_person_without_an_app_looks_with_a_token(
    environment: dict[str, str], till: Repository, world: World
) -> None:
    found = rows(
        {"GITHUB_TOKEN": world.person_token("ann"), "GITHUB_API_URL": environment["GITHUB_API_URL"]}, "octo/till"
    )

    assert {} == missing(found)
    assert {"webhook-secret", "jwt", "installed", "database"}.isdisjoint(found)
    assert "ok" == found["configuration"].status


def test_in_a_workflow_its_own_repository_is_looked_at(
    environment: dict[str, str], till: Repository, world: World
) -> None:
    given = {
        "GITHUB_TOKEN": world.person_token("ann"),
        "GITHUB_API_URL": environment["GITHUB_API_URL"],
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "octo/till",
    }

    found = rows(given)

    assert {} == missing(found)
    assert "octo/till, default branch main" == found["repository"].said
    assert "create and approve pull requests" in found["actions-pulls"].mend


# --- one thing is wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "repository"), [({}, "octo/shop"), ({"GITHUB_TOKEN": "x"}, ""), ({}, "octo/shop/x")])
def test_with_nothing_to_look_with_it_says_so(given: dict[str, str], repository: str) -> None:
    with pytest.raises(UserError):
        examine(repository, given, shipped_policy(), "", ASK)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"FLYWHEEL_APP_ID": "flywheel"}, "app"),
        ({"FLYWHEEL_PRIVATE_KEY_FILE": "/nowhere"}, "app"),
        ({"FLYWHEEL_PRIVATE_KEY_FILE": ""}, "app"),
        ({"FLYWHEEL_PRIVATE_KEY": "no key"}, "app"),
        ({"FLYWHEEL_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}, "private-key"),
        ({"FLYWHEEL_APP_ID": "7"}, "jwt"),
        ({"FLYWHEEL_WEBHOOK_SECRET": ""}, "webhook-secret"),
        ({"FLYWHEEL_WEBHOOK_SECRET": "development"}, "webhook-secret"),
        ({"FLYWHEEL_WEBHOOK_SECRET": f"{SECRET},short"}, "webhook-secret"),
        ({"GITHUB_API_URL": "http://127.0.0.1:9"}, "reach"),
        ({"GITHUB_API_URL": "http://evil.example"}, "app"),
        ({"FLYWHEEL_DATA": "/proc/nowhere"}, "data"),
    ],
)
def test_what_is_wrong_with_the_settings(
    changed: dict[str, str], code: str, environment: dict[str, str], till: Repository
) -> None:
    assert [code] == list(missing(rows(environment | changed, "octo/till")))


def test_a_key_that_others_can_read(environment: dict[str, str], till: Repository) -> None:
    Path(environment["FLYWHEEL_PRIVATE_KEY_FILE"]).chmod(0o644)

    found = rows(environment, "octo/till")

    assert ["private-key-file"] == list(missing(found))
    assert found["private-key-file"].mend.startswith("chmod 600 ")


def test_a_database_that_cannot_be_written(environment: dict[str, str], till: Repository) -> None:
    def broken(url: str) -> None:
        raise UserError("x.db: it cannot be our database. Name another FLYWHEEL_DATABASE_URL.")

    ask = Ask(ASK.app, ASK.token, broken, ASK.secrets)

    assert {"database": "x.db: it cannot be our database"} == missing(rows(environment, "octo/till", ask))


@pytest.mark.parametrize(("ahead", "way"), [(600.0, "ahead of"), (-600.0, "behind")])
def test_a_clock_that_is_wrong(ahead: float, way: str, environment: dict[str, str], till: Repository) -> None:
    ask = Ask(
        lambda who, name: health.look(App(who.id, who.private_key, who.api), name, FILES, lambda: time.time() + ahead),
        ASK.token,
        ASK.database,
        ASK.secrets,
    )

    found = rows(environment, "octo/till", ask)

    assert ["clock"] == list(missing(found))
    assert way in found["clock"].said


def test_what_the_app_does_not_ask_for_and_what_it_asks_too_much(
    environment: dict[str, str], till: Repository, world: World
) -> None:
    world.app_permissions = {"metadata": "read", "contents": "read", "workflows": "write"}
    world.app_events = ["push"]

    found = rows(environment, "octo/till")

    assert "contents: write" in missing(found)["app-permissions"]
    assert "metadata" not in missing(found)["app-permissions"]
    assert "workflows: write" in found["app-permissions-beyond"].said
    assert "workflow_run" in found["app-events"].said


def test_what_the_owner_has_not_granted_yet(environment: dict[str, str], world: World) -> None:
    made = world.repository("octo/late", {PATH: START})
    world.install("octo", made, metadata="read", contents="write", issues="write", pull_requests="write")

    found = rows(environment, "octo/late")

    assert "actions: read, checks: write, statuses: read" in missing(found)["installation-permissions"]
    assert "bundles" in missing(found)


def test_where_the_app_is_not_installed_or_suspended(
    environment: dict[str, str], till: Repository, world: World
) -> None:
    world.repository("octo/other", {"a": "b\n"})

    assert ["installed"] == list(missing(rows(environment, "octo/other")))
    next(iter(world.installations.values())).suspended = True
    assert {"installed": "it is suspended"} == missing(rows(environment, "octo/till"))


def test_what_is_wrong_with_a_repository(environment: dict[str, str], world: World) -> None:
    made = world.repository("octo/odd", {PATH: "version: 1\nmod: x\n"})
    made.has_issues = False
    made.pulls_by = "collaborators_only"
    world.install("octo", made)

    found = rows(environment, "octo/odd")

    assert {"configuration", "issues"} == set(missing(found))
    assert "`mod`" in found["configuration"].said
    assert ["note"] * 5 == [
        found[code].status for code in ("pulls", "bundles", "labels", "auto-merge", "required-check")
    ]


def test_a_ledger_to_which_somebody_else_writes(
    environment: dict[str, str], till: Repository, ann: pygithub.Github
) -> None:
    repo = ann.get_repo("octo/till")
    repo.create_git_ref("refs/heads/flywheel/ledger", repo.get_branch("main").commit.sha)

    found = rows(environment, "octo/till")

    assert ["ledger"] == list(missing(found))
    assert "only flywheel-under-test[bot] may write there" in found["ledger"].said
    assert "delete it" in found["ledger"].mend


def test_a_shared_file_that_cannot_be_read_is_said_and_stops_a_valid_one(
    environment: dict[str, str], till: Repository, world: World, ann: pygithub.Github
) -> None:
    installed = next(iter(world.installations.values()))
    shared = world.repository("octo/.github", {"flywheel.yml": "version: 1\nmode: observe\n"})
    assert "shared-configuration" not in rows(environment, "octo/till")
    installed.repositories.append(shared.id)

    assert "valid: observe" == rows(environment, "octo/till")["configuration"].said
    ann.get_repo("octo/.github").update_file(
        "flywheel.yml", "m", "nonsense: 1\n", ann.get_repo("octo/.github").get_contents("flywheel.yml").sha
    )
    found = rows(environment, "octo/till")

    assert ["shared-configuration"] == list(missing(found))
    assert "valid: observe" == found["configuration"].said


def test_without_a_repository_it_says_where_the_app_is(environment: dict[str, str], world: World) -> None:
    assert {"installed": "nowhere"} == missing(rows(environment))
    world.install("octo", world.repository("octo/till", {"a": "b\n"}))

    assert "on an account; name a repository to look at it" == rows(environment)["installed"].said


def test_a_repository_that_does_not_take_part_is_told_how_to_begin(
    environment: dict[str, str], shop: Repository
) -> None:
    found = rows(environment, "octo/shop")

    assert "note" == found["configuration"].status
    assert "Configure Flywheel" in found["configuration"].mend


def test_an_archived_repository_is_left_be(environment: dict[str, str], till: Repository) -> None:
    till.archived = True

    assert ["repository"] == list(missing(rows(environment, "octo/till")))


def test_bundles_are_counted(environment: dict[str, str], till: Repository, world: World) -> None:
    assert "none among the newest artifacts" == rows(environment, "octo/till")["bundles"].said
    made = world.run(till, till.git.ref("refs/heads/main"))
    for name in ("flywheel-bundle-1", "flywheel-bundle-2", "coverage"):
        world.artifact(made, name, {"a": "b"})

    assert ("ok", "2 among the newest artifacts") == (
        rows(environment, "octo/till")["bundles"].status,
        rows(environment, "octo/till")["bundles"].said,
    )


def test_what_github_would_not_tell_is_not_well(environment: dict[str, str], till: Repository, github: GitHub) -> None:
    github.faults = [Fault("secondary", path="/contents/")]

    found = examine("octo/till", environment, shipped_policy(), "", ASK)

    assert not is_well(found)
    assert ["unknown"] == [row.status for row in found if row.code == "configuration"]


# --- how it is told ---------------------------------------------------------------------------------------------------


def test_a_row_that_is_well_has_no_mend_in_what_people_read() -> None:
    told = list(lines([Row("app", "ok", "App 7", "never shown"), Row("clock", "missing", "600 s ahead", "Set it.")]))

    assert 3 == len(told)
    assert told[0].startswith("ok    app ")
    assert (told[1].startswith("MEND  clock"), "Set it.") == (True, told[2].strip())


def test_no_secret_is_in_any_row(environment: dict[str, str], till: Repository) -> None:
    for changed in ({}, {"FLYWHEEL_APP_ID": "7"}, {"FLYWHEEL_WEBHOOK_SECRET": f"{SECRET},"}):
        told = json.dumps(doctoring.records(examine("octo/till", environment | changed, shipped_policy(), "", ASK)))

        assert SECRET not in told
        assert "PRIVATE KEY---" not in told


def run(environment: Mapping[str, str], *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "bot", "doctor", *arguments],
        cwd=cwd,
        env={**bare, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    made = tmp_path / "elsewhere"
    made.mkdir()
    return made


def test_the_command_exits_0_1_or_2(environment: dict[str, str], till: Repository, elsewhere: Path) -> None:
    well = run(environment, "octo/till", "--json", cwd=elsewhere)
    ill = run(environment | {"FLYWHEEL_WEBHOOK_SECRET": "test"}, "octo/till", cwd=elsewhere)
    nothing = run({}, cwd=elsewhere)

    assert (0, 1, 2) == (well.returncode, ill.returncode, nothing.returncode), well.stdout + well.stderr + ill.stderr
    assert {"code", "status", "said", "mend"} == set(json.loads(well.stdout)[0])
    assert "MEND  webhook-secret" in ill.stdout
    assert "flywheel setup" in nothing.stderr


def test_health_without_anything_says_that_nobody_answers() -> None:
    found = list(of_github(Health(failed={"reach": "no answer"}), "octo/shop", shipped_policy()))

    assert [("reach", "missing")] == [(row.code, row.status) for row in found]
