"""Repositories, branches, contents, commits and git data: all of it answered by git."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from tests.github.git import WEB_FLOW, Entry, Person
from tests.github.routing import Answer, Problem, Request, route
from tests.github.shapes import HTML
from tests.github.world import Caller, Repository, stamp

READ, WRITE = "contents:read", "contents:write"
MAX_COMMITS = 250


@route("GET", "/repos/{owner}/{repo}", "metadata:read")
def repository(ask: Request) -> Answer:
    return Answer(200, ask.shapes.repository(ask.repo))


@route("GET", "/repos/{owner}/{repo}/branches", READ)
def branches(ask: Request) -> Answer:
    url = ask.shapes.repo_url(ask.repo)
    rows = [
        {
            "name": name.removeprefix("refs/heads/"),
            "commit": {"sha": sha, "url": f"{url}/commits/{sha}"},
            "protected": False,
        }
        for name, sha in ask.repo.git.refs("heads/")
    ]
    return ask.page(rows)


@route("GET", "/repos/{owner}/{repo}/branches/{branch+}", READ)
def branch(ask: Request) -> Answer:
    sha = ask.repo.git.ref(f"refs/heads/{ask.args['branch']}")
    if not sha:
        raise Problem(404, "Branch not found")
    return Answer(200, ask.shapes.branch(ask.repo, ask.args["branch"], sha))


@route("GET", "/repos/{owner}/{repo}/git/ref/{ref+}", READ)
def ref(ask: Request) -> Answer:
    name = f"refs/{ask.args['ref']}"
    sha = ask.repo.git.ref(name)
    if not sha:
        raise Problem(404, "Not Found")
    return Answer(200, ask.shapes.ref(ask.repo, name, sha))


@route("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref+}", READ)
def matching_refs(ask: Request) -> Answer:
    return ask.page([ask.shapes.ref(ask.repo, name, sha) for name, sha in ask.repo.git.refs(ask.args["ref"])])


@route("POST", "/repos/{owner}/{repo}/git/refs", WRITE)
def create_ref(ask: Request) -> Answer:
    name, sha = str(ask.body["ref"]), str(ask.body["sha"])
    if not name.startswith("refs/") or name.count("/") < 2:
        raise Problem(422, "Reference name must start with 'refs/'")
    if ask.repo.git.ref(name):
        raise Problem(422, "Reference already exists")
    if not ask.repo.git.kind(sha):
        raise Problem(422, "Object does not exist")
    ask.repo.git.move(name, sha)
    return Answer(201, ask.shapes.ref(ask.repo, name, sha))


@route("PATCH", "/repos/{owner}/{repo}/git/refs/{ref+}", WRITE)
def update_ref(ask: Request) -> Answer:
    name, sha = f"refs/{ask.args['ref']}", str(ask.body["sha"])
    old = ask.repo.git.ref(name)
    if not old:
        raise Problem(422, "Reference does not exist")
    if ask.repo.git.kind(sha) != "commit":
        raise Problem(422, "Object does not exist")
    if not ask.body.get("force") and not ask.repo.git.is_below(old, sha):
        raise Problem(422, "Update is not a fast forward")
    ask.repo.git.move(name, sha, old)
    return Answer(200, ask.shapes.ref(ask.repo, name, sha))


@route("DELETE", "/repos/{owner}/{repo}/git/refs/{ref+}", WRITE)
def delete_ref(ask: Request) -> Answer:
    name = f"refs/{ask.args['ref']}"
    old = ask.repo.git.ref(name)
    if not old:
        raise Problem(422, "Reference does not exist")
    ask.repo.git.move(name, "", old)
    return Answer(204)


@route("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha+}", READ)
def tree(ask: Request) -> Answer:
    sha = ask.args["tree_sha"]
    sha = ask.repo.git.resolve(sha) or (sha if ask.repo.git.kind(sha) == "tree" else "")
    if not sha:
        raise Problem(404, "Not Found")
    rows = ask.repo.git.tree(sha, "recursive" in ask.query)
    most = ask.world.tree_entries
    body = {
        "sha": ask.repo.git.line("rev-parse", f"{sha}^{{tree}}"),
        "url": f"{ask.shapes.repo_url(ask.repo)}/git/trees/{sha}",
        "tree": [ask.shapes.tree_entry(ask.repo, row) for row in rows[:most]],
        "truncated": len(rows) > most,
    }
    return Answer(200, body)


@route("POST", "/repos/{owner}/{repo}/git/trees", WRITE)
def create_tree(ask: Request) -> Answer:
    git = ask.repo.git
    rows = []
    for entry in ask.body["tree"]:
        _no_workflow(ask.caller, entry["path"])
        sha = git.write_blob(entry["content"].encode()) if "content" in entry else entry["sha"]
        if sha and git.kind(sha) != entry["type"]:
            raise Problem(422, "tree.sha is not a valid blob")
        rows.append((entry["mode"], sha or "", entry["path"]))
    made = git.write_tree(str(ask.body.get("base_tree", "")), rows)
    body = {
        "sha": made,
        "url": f"{ask.shapes.repo_url(ask.repo)}/git/trees/{made}",
        "tree": [ask.shapes.tree_entry(ask.repo, row) for row in git.tree(made, recursive=False)],
        "truncated": False,
    }
    return Answer(201, body)


@route("POST", "/repos/{owner}/{repo}/git/blobs", WRITE)
def create_blob(ask: Request) -> Answer:
    content = str(ask.body["content"])
    data = base64.b64decode(content) if ask.body.get("encoding") == "base64" else content.encode()
    sha = ask.repo.git.write_blob(data)
    return Answer(201, {"sha": sha, "url": f"{ask.shapes.repo_url(ask.repo)}/git/blobs/{sha}"})


@route("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", READ)
def blob(ask: Request) -> Answer:
    sha = ask.args["file_sha"]
    if ask.repo.git.kind(sha) != "blob":
        raise Problem(404, "Not Found")
    return Answer(200, ask.shapes.blob(ask.repo, sha, ask.repo.git.blob(sha)))


@route("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", READ)
def git_commit(ask: Request) -> Answer:
    if ask.repo.git.kind(ask.args["commit_sha"]) != "commit":
        raise Problem(404, "Not Found")
    return Answer(200, ask.shapes.git_commit(ask.repo, ask.repo.git.commit(ask.args["commit_sha"])))


@route("POST", "/repos/{owner}/{repo}/git/commits", WRITE)
def create_commit(ask: Request) -> Answer:
    """GitHub signs a commit of an App when the App names no author, committer or signature.

    https://docs.github.com/authentication/managing-commit-signature-verification/about-commit-signature-verification
    """
    named = [_named(ask.body.get(role)) for role in ("author", "committer")]
    bare = not any(named) and "signature" not in ask.body
    author = named[0] or ask.caller.user.person
    signs = bare and ask.caller.kind == "installation"
    committer = Person(*WEB_FLOW, stamp()) if signs else named[1] or author
    for sha in (ask.body["tree"], *ask.body.get("parents", ())):
        if not ask.repo.git.kind(sha):
            raise Problem(422, "Tree SHA does not exist")
    sha = ask.repo.git.write_commit(
        ask.body["tree"], ask.body.get("parents", ()), ask.body["message"], author, committer
    )
    if signs:
        ask.repo.verified.add(sha)
    return Answer(201, ask.shapes.git_commit(ask.repo, ask.repo.git.commit(sha)))


@route("GET", "/repos/{owner}/{repo}/commits", READ)
def commits(ask: Request) -> Answer:
    sha = ask.repo.git.resolve(ask.query.get("sha", ask.repo.default_branch))
    if not sha:
        raise Problem(404, "Not Found")
    path = ["--", ask.query["path"]] if "path" in ask.query else []
    found = ask.repo.git.line("rev-list", sha, *path).split()
    return ask.page([ask.shapes.commit(ask.repo, ask.repo.git.commit(one)) for one in found])


@route("GET", "/repos/{owner}/{repo}/commits/{ref+}", READ)
def commit(ask: Request) -> Answer:
    sha = ask.repo.git.resolve(ask.args["ref"])
    if not sha:
        raise Problem(422, f"No commit found for SHA: {ask.args['ref']}")
    return Answer(200, ask.shapes.commit(ask.repo, ask.repo.git.commit(sha), one=True))


@route("GET", "/repos/{owner}/{repo}/compare/{basehead+}", READ)
def compare(ask: Request) -> Answer:
    """Commits oldest first, a page of at most 250; files on the first page only."""
    git, shapes = ask.repo.git, ask.shapes
    base, _, head = ask.args["basehead"].partition("...")
    one, two = git.resolve(base), git.resolve(head)
    merge_base = git.merge_base(one, two) if one and two else ""
    if not merge_base:
        raise Problem(404, "Not Found")
    ahead, behind = git.between(one, two), git.between(two, one)
    size = min(int(ask.query.get("per_page", MAX_COMMITS)), MAX_COMMITS)
    at = (int(ask.query.get("page", "1")) - 1) * size
    status = {(0, 0): "identical", (1, 0): "ahead", (0, 1): "behind"}.get((bool(ahead), bool(behind)), "diverged")
    html = f"{HTML}/{ask.repo.full_name}/compare/{base}...{head}"
    body = {
        "url": f"{shapes.repo_url(ask.repo)}/compare/{base}...{head}",
        "html_url": html,
        "permalink_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": shapes.commit(ask.repo, git.commit(one)),
        "merge_base_commit": shapes.commit(ask.repo, git.commit(merge_base)),
        "status": status,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [shapes.commit(ask.repo, git.commit(sha)) for sha in ahead[at : at + size]],
        "files": [shapes.file(ask.repo, two, file) for file in git.diff(merge_base, two)] if at == 0 else [],
    }
    return Answer(200, body)


@route("GET", "/repos/{owner}/{repo}/contents/{path+}", READ)
def contents(ask: Request) -> Answer:
    path, ref = ask.args["path"], ask.query.get("ref", ask.repo.default_branch)
    sha = ask.repo.git.resolve(ref)
    if not sha:
        raise Problem(404, f"No commit found for the ref {ref}")
    entry = _entry(ask.repo, sha, path)
    if entry is None:
        raise Problem(404, "Not Found")
    if entry.type == "tree":
        return Answer(200, _folder(ask, ref, entry.sha, f"{path}/"))
    return Answer(200, ask.shapes.content(ask.repo, ref, entry, ask.repo.git.blob(entry.sha)))


@route("PUT", "/repos/{owner}/{repo}/contents/{path+}", WRITE)
def put_contents(ask: Request) -> Answer:
    git, path = ask.repo.git, ask.args["path"]
    name = str(ask.body.get("branch", ask.repo.default_branch))
    tip = git.ref(f"refs/heads/{name}")
    if not tip:
        raise Problem(404, f"Branch {name} not found")
    _no_workflow(ask.caller, path)
    there = _entry(ask.repo, tip, path)
    if there and not ask.body.get("sha"):
        raise Problem(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if there and there.sha != ask.body["sha"]:
        raise Problem(409, f"{path} does not match {ask.body['sha']}")
    try:
        data = base64.b64decode(str(ask.body["content"]), validate=True)
    except binascii.Error as error:
        raise Problem(422, "content is not valid Base64") from error
    tree = git.write_tree(tip, [(there.mode if there else "100644", git.write_blob(data), path)])
    sha = signed_commit(ask.repo, ask.caller, tree, (tip,), str(ask.body["message"]))
    git.move(f"refs/heads/{name}", sha, tip)
    entry = _entry(ask.repo, sha, path)
    assert entry
    body = {
        "content": ask.shapes.content(ask.repo, name, entry, data),
        "commit": ask.shapes.git_commit(ask.repo, git.commit(sha)),
    }
    return Answer(200 if there else 201, body)


def signed_commit(repository: Repository, caller: Caller, tree: str, parents: tuple[str, ...], message: str) -> str:
    """A commit that GitHub makes for somebody and signs, as its web editor does."""
    sha = repository.git.write_commit(tree, parents, message, caller.user.person, Person(*WEB_FLOW, stamp()))
    repository.verified.add(sha)
    return sha


def _named(who: Mapping[str, Any] | None) -> Person | None:
    return Person(who["name"], who["email"], who.get("date") or stamp()) if who else None


def _no_workflow(caller: Caller, path: str) -> None:
    """Only a token with the permission `workflows` may write there."""
    if (
        re.match(r"\.github/workflows/", path)
        and caller.kind == "installation"
        and "workflows" not in caller.permissions
    ):
        raise Problem(403, "Resource not accessible by integration")


def _entry(repository: Repository, sha: str, path: str) -> Entry | None:
    out = repository.git.maybe("ls-tree", "--long", "-z", sha, "--", path).removesuffix("\0")
    if not out or "\0" in out:
        return None
    meta, _, name = out.partition("\t")
    mode, kind, found, size = meta.split()
    return Entry(mode, kind, found, None if size == "-" else int(size), name) if name == path else None


def _folder(ask: Request, ref: str, tree: str, prefix: str) -> list[Any]:
    rows = ask.repo.git.tree(tree, recursive=False)
    named = [Entry(row.mode, row.type, row.sha, row.size, prefix + row.path) for row in rows]
    return [ask.shapes.content(ask.repo, ref, row, None) for row in named]
