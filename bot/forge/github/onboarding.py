"""One repository or owner in; what must be known before it takes part out: its file, workflows, pulls at a glance.

All of it is read, nothing written. A file is that of the default branch, never of a pull's head.
"""

from __future__ import annotations

import base64
from typing import Literal
from urllib.parse import quote

import msgspec

from bot.errors import UserError
from bot.forge.github import marks
from bot.forge.github.answers import Found, Pull
from bot.forge.github.client import Reader
from bot.forge.github.errors import StatusError
from bot.forge.github.place import Place
from bot.forge.github.threads import is_by
from bot.hosting.worked import Glimpse

WORKFLOWS = ".github/workflows/"
MAX_FILE = 1 << 20
MAX_WORKFLOWS = 80
Past = Literal["none", "open", "closed", "merged"]

GLIMPSES = """
query Glimpses($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    pullRequests(first: 100, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes {
        createdAt
        headRefName
        author { login }
        commits(last: 1) { nodes { commit { statusCheckRollup { state } } } }
      }
    }
  }
}
"""


class _File(msgspec.Struct, frozen=True):
    """A file as the contents API shows it; `encoding` is `none` above 1 MiB."""

    type: str = ""
    content: str = ""
    encoding: str = ""


def default_file(reader: Reader, repository: str, path: str) -> str | None:
    """The text of a file at the head of the default branch; None when it, or the repository, is not to be seen.

    A link is followed by GitHub within the repository. UserError for what is no file, or larger than 1 MiB.
    https://docs.github.com/rest/repos/contents#get-repository-content: without `ref` it is the default branch.
    """
    asked = f"/repos/{quote(repository, safe='/')}/contents/{quote(path)}"
    found = reader.call("GET", asked, missing=True)
    if found is None:
        return None
    file = msgspec.convert(found, _File) if isinstance(found, dict) else _File()
    if file.type != "file" or file.encoding != "base64" or len(file.content) > MAX_FILE * 2:
        raise UserError(f"{repository}: {path}: it is no file, or larger than 1 MiB. Make it a plain file.")
    return base64.b64decode(file.content).decode("utf-8", "replace")


def workflows(place: Place) -> dict[str, str]:
    """Path → text of every workflow at the head of the default branch, the first 80 of them."""
    tree = place.tree(place.home().head)
    names = sorted(path for path in tree if _is_workflow(path) and tree[path].type == "blob")
    small = [path for path in names if tree[path].size <= MAX_FILE][:MAX_WORKFLOWS]
    texts = place.texts(sorted({tree[path].sha for path in small}))
    return {path: texts[tree[path].sha].decode("utf-8", "replace") for path in small}


def past(place: Place, branch: str) -> Past:
    """What became of our newest pull from a branch: told by the account that opened it."""
    owner = place.repository.partition("/")[0]
    account = place.home().account
    listed = place.reader.pages(f"{place.path}/pulls", Pull, head=f"{owner}:{branch}", state="all")
    ours = next((one for one in listed if is_by(one, account)), None)
    if ours is None:
        return "none"
    if ours.merged_at:
        return "merged"
    return "open" if ours.state == "open" else "closed"


def holder(reader: Reader, owner: str, change: str, account: int) -> str:
    """The repository of an owner in which an issue of ours for this change stands, open or closed; "" for none.

    `reader` sees all repositories of the installation. GitHub's index may be some seconds behind.
    """
    try:
        found = reader.get("/search/issues", Found, q=f"user:{owner} is:issue in:body {change}")
    except StatusError as error:
        if error.status != 422:  # it sees no repository of this owner
            raise
        return ""
    for one in found.items:
        mark = marks.mark(one.body)
        if mark and mark.change == change and is_by(one, account):
            return "/".join(one.html_url.split("/")[-4:-2])
    return ""


def glimpses(reader: Reader, repository: str, since: str) -> list[Glimpse]:
    """The pulls opened since a time (ISO 8601 in UTC, `Z`), at most the newest hundred; one call."""
    owner, _, name = repository.partition("/")
    found = reader.graphql(GLIMPSES, {"owner": owner, "name": name})["repository"]
    rows = found["pullRequests"]["nodes"] if found else []
    return [_glimpse(row) for row in rows if row and row["createdAt"] >= since]


def _glimpse(row: dict[str, object]) -> Glimpse:
    seen = msgspec.convert(row, _Row)
    rollups = [one.commit.statusCheckRollup for one in seen.commits.nodes]
    states = [one.state for one in rollups if one]
    author = seen.author.login if seen.author else ""
    return Glimpse(author, seen.headRefName, seen.createdAt, any(state in ("FAILURE", "ERROR") for state in states))


def _is_workflow(path: str) -> bool:
    return path.startswith(WORKFLOWS) and path.endswith((".yml", ".yaml")) and path.count("/") == 2


class _Rollup(msgspec.Struct, frozen=True):
    state: str


class _Commit(msgspec.Struct, frozen=True):
    statusCheckRollup: _Rollup | None = None  # noqa: N815 (GraphQL's names)


class _Node(msgspec.Struct, frozen=True):
    commit: _Commit


class _Nodes(msgspec.Struct, frozen=True):
    nodes: tuple[_Node, ...] = ()


class _Author(msgspec.Struct, frozen=True):
    login: str = ""


class _Row(msgspec.Struct, frozen=True):
    createdAt: str  # noqa: N815
    headRefName: str  # noqa: N815
    commits: _Nodes
    author: _Author | None = None
