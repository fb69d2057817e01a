"""The examples as one repository's: its runs on the stand-in, their bundles in folders as a workflow downloads them."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.action.runner import Runner
from tests.github.fleet import EXAMPLES, examples
from tests.github.server import GitHub
from tests.github.world import Caller, Repository, World

NAME = "lumen-orchard/parcel-api"
READS = {"contents": "read", "actions": "read", "metadata": "read"}
WRITES = {"contents": "write", "pull_requests": "write", "issues": "write", "metadata": "read"}
"""What docs/action.md gives to the two jobs."""


def repository(world: World) -> Repository:
    """The first of the examples' repositories, as it stands."""
    tree = EXAMPLES / "repos" / NAME.replace("/", "__", 1)
    files: dict[str, str | bytes] = {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in sorted(tree.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    links = json.loads((EXAMPLES / "repos" / "links.json").read_text(encoding="utf-8")).get(tree.name, {})
    for path in links:
        files.pop(path, None)
    return world.repository(NAME, files, links)


def bundles(world: World, made: Repository, into: Path, fork: Repository | None = None) -> None:
    """All examples as bundles of this one repository, each below the number of a run of its own."""
    head = made.git.ref("refs/heads/main")
    for folder, manifest in examples():
        run = world.run(made, head, conclusion=manifest["run"]["conclusion"], branch="x", head_repository=fork)
        target = into / str(run.id) / f"flywheel-bundle-{run.id}"
        shutil.copytree(folder, target)
        told = {**manifest, "repository": NAME, "task": f"{manifest['repository'][-4:]}-{manifest['task']}"}
        (target / "manifest.json").write_text(json.dumps(told), encoding="utf-8")


def token(world: World, made: Repository, permissions: Mapping[str, str], login: str = "github-actions[bot]") -> str:
    """A job's own token, with what the workflow gives it."""
    value = f"ghs_{len(world.tokens):036d}"
    who = world.user(login, "Bot")
    world.tokens[value] = Caller("installation", who, frozenset({made.id}), dict(permissions), token=value)
    return value


def runner(root: Path, github: GitHub) -> Runner:
    """A job on GitHub's runner, for this repository."""
    made = Runner(root)
    made.environment |= {"GITHUB_REPOSITORY": NAME, "GITHUB_API_URL": github.url}
    return made


def give(job: Runner, document: Mapping[str, Any] | bytes) -> None:
    """Let the artifact lie where the writing job downloads it to."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    (job.work / "flywheel-proposal.json").write_bytes(data)


def remembered(made: Repository) -> list[dict[str, Any]]:
    """The lines of the ledger branch."""
    tip = made.git.ref("refs/heads/flywheel/ledger")
    if not tip:
        return []
    names = made.git.run("ls-tree", "-r", "--name-only", tip).decode().split()
    texts = [made.git.run("show", f"{tip}:{name}").decode() for name in sorted(names)]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def workflow(path: Path) -> dict[str, Any]:
    """A workflow's file."""
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read
