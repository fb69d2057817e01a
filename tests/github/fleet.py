"""The bundled examples as a world: three repositories whose agents opened pulls, with CI runs and their bundles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.github.git import Person
from tests.github.world import Issue, Pull, Repository, User, World, stamp

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
OWNER = "lumen-orchard"
AGENT = "claude[bot]"

Wanted = Callable[[Mapping[str, Any]], bool]


def fleet(
    world: World,
    wanted: Wanted = lambda _manifest: True,
    per_hour: int = 2,
    runs: int = 99,
    called: Mapping[str, str] | None = None,
) -> dict[str, Repository]:
    """`owner/name` → repository, each with a pull, a head and a completed run for every example that is `wanted`.

    Runs ended within the last days, `per_hour` in an hour, the newest half an hour ago. `runs` are taken of each task;
    `called` gives repositories other names. With three runs of each task there is one actionable pattern.
    """
    made = {name: _repository(world, name, (called or {}).get(name, name)) for name in _names()}
    rows = [row for row in _episodes() if wanted(row[1]) and int(row[0].name.removeprefix("run-")) <= runs]
    rows.sort(key=lambda row: row[1]["run"]["created_at"])
    now = datetime.now(UTC).replace(microsecond=0)
    for place, (folder, manifest) in enumerate(reversed(rows)):
        ended = now - timedelta(minutes=30) - timedelta(hours=place / per_hour)
        attempt(world, made[manifest["repository"]], folder, manifest, ended)
    return {repository.full_name: repository for repository in made.values()}


def attempt(world: World, repository: Repository, folder: Path, manifest: Mapping[str, Any], ended: datetime) -> Issue:
    """One agent's attempt: a branch with a commit, a pull for it, and a CI run with the bundle as its artifact."""
    label = "-".join(folder.parts[-2:])
    head = commit(world, repository, f"claude/{label}", {f"work/{label}.txt": f"{label}\n"})
    pull = open_pull(world, repository, f"claude/{label}", f"Mend {manifest['task']}", _body(manifest))
    told = {**manifest, "repository": repository.full_name, "pull": pull.number, "head_sha": head}
    files: dict[str, str | bytes] = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
    files["manifest.json"] = json.dumps(told)
    log = next((data for path, data in files.items() if path.endswith("job.log")), None)
    passed = manifest["run"]["conclusion"] == "success"
    world.run(
        repository,
        head,
        conclusion=manifest["run"]["conclusion"],
        branch=f"claude/{label}",
        actor=AGENT,
        created=(ended - timedelta(seconds=60)).isoformat(),
        artifacts={"flywheel-bundle-test": files},
        logs={"test": log},
    )
    if passed:
        pull.state, pull.closed_at = "closed", stamp(ended)
        assert pull.pull
        pull.pull.merged_at, pull.pull.merged_by, pull.pull.merge_sha = stamp(ended), world.user("ann"), head
    return pull


def commit(world: World, repository: Repository, branch: str, files: Mapping[str, str | None], by: str = AGENT) -> str:
    """A commit by an account on top of a branch, made from the default branch where there is none; None takes a file
    away."""
    git = repository.git
    tip = git.ref(f"refs/heads/{branch}") or git.ref(f"refs/heads/{repository.default_branch}")
    rows = [("100644", "" if text is None else git.write_blob(text.encode()), path) for path, text in files.items()]
    who: Person = _account(world, by).person
    sha = git.write_commit(git.write_tree(tip, rows), (tip,), f"Work on {branch}\n", who, who)
    git.move(f"refs/heads/{branch}", sha)
    return sha


def open_pull(world: World, repository: Repository, branch: str, title: str, body: str, by: str = AGENT) -> Issue:
    """A pull from a branch into the default branch."""
    git, now = repository.git, stamp()
    number = len(repository.issues) + 1
    made = Issue(next(world.numbers), number, _account(world, by), title, body, now, now)
    tips = [git.ref(f"refs/heads/{name}") for name in (branch, repository.default_branch)]
    made.pull = Pull(next(world.numbers), branch, repository.default_branch, tips[0], tips[1])
    repository.issues[number] = made
    return made


def _account(world: World, login: str) -> User:
    return world.user(login, "Bot" if login.endswith("[bot]") else "User")


def examples(repository: str = "") -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The folders of the examples and their manifests, of one repository or of all."""
    return ((folder, told) for folder, told in _episodes() if repository in ("", told["repository"]))


def _episodes() -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for path in sorted((EXAMPLES / "episodes").rglob("manifest.json")):
        told: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        yield path.parent, told


def _names() -> list[str]:
    return sorted(path.name.replace("__", "/", 1) for path in (EXAMPLES / "repos").iterdir() if path.is_dir())


def _repository(world: World, name: str, called: str) -> Repository:
    tree = EXAMPLES / "repos" / name.replace("/", "__", 1)
    files: dict[str, str | bytes] = {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in sorted(tree.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    links = json.loads((EXAMPLES / "repos" / "links.json").read_text(encoding="utf-8")).get(tree.name, {})
    for path in links:
        files.pop(path, None)
    return world.repository(called, files, links)


def _body(manifest: Mapping[str, Any]) -> str:
    return f"Fixes #{str(manifest['task']).rpartition('-')[2]}"
