"""A GraphQL document in, its answer out, for the few fields that the bot asks; names and types are GitHub's own.

A document is parsed and validated against this part of the schema, so a field that is not here is a loud error;
test_schema.py holds this part against GitHub's whole schema.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationType, build_schema, execute, parse, validate

from tests.github.git import ZERO
from tests.github.routes_git import signed_commit
from tests.github.routes_issues import arm, enter_queue, leave_queue, refresh, state_of
from tests.github.routing import LEVELS
from tests.github.world import Caller, Issue, Repository, World

SDL = """
scalar GitObjectID
scalar Base64String
scalar GitRefname
scalar DateTime
type Query { viewer: User! repository(owner: String!, name: String!): Repository }
type MergeQueue { id: ID! }
type Mutation {
  enablePullRequestAutoMerge(input: EnablePullRequestAutoMergeInput!): EnablePullRequestAutoMergePayload
  disablePullRequestAutoMerge(input: DisablePullRequestAutoMergeInput!): DisablePullRequestAutoMergePayload
  enqueuePullRequest(input: EnqueuePullRequestInput!): EnqueuePullRequestPayload
  dequeuePullRequest(input: DequeuePullRequestInput!): DequeuePullRequestPayload
  createCommitOnBranch(input: CreateCommitOnBranchInput!): CreateCommitOnBranchPayload
  updateRefs(input: UpdateRefsInput!): UpdateRefsPayload
}
interface Actor { login: String! }
type User implements Actor { login: String! databaseId: Int }
type Bot implements Actor { login: String! databaseId: Int }
type Repository {
  id: ID!
  databaseId: Int
  nameWithOwner: String!
  isArchived: Boolean!
  autoMergeAllowed: Boolean!
  isPrivate: Boolean!
  squashMergeAllowed: Boolean!
  mergeCommitAllowed: Boolean!
  rebaseMergeAllowed: Boolean!
  mergeQueue(branch: String): MergeQueue
  defaultBranchRef: Ref
  object(expression: String, oid: GitObjectID): GitObject
  pullRequests(first: Int, orderBy: IssueOrder): PullRequestConnection!
  pullRequest(number: Int!): PullRequest
}
input IssueOrder { direction: OrderDirection! field: IssueOrderField! }
enum OrderDirection { ASC DESC }
enum IssueOrderField { COMMENTS CREATED_AT UPDATED_AT }
type PullRequestConnection { nodes: [PullRequest] }
type PullRequest {
  author: Actor createdAt: DateTime! headRefName: String! commits(last: Int): PullRequestCommitConnection!
  isInMergeQueue: Boolean!
}
type PullRequestCommitConnection { nodes: [PullRequestCommit] }
type PullRequestCommit { commit: Commit! }
type StatusCheckRollup { state: StatusState! }
enum StatusState { ERROR EXPECTED FAILURE PENDING SUCCESS }
type Ref { name: String! target: GitObject }
interface GitObject { oid: GitObjectID! }
type Commit implements GitObject {
  oid: GitObjectID! signature: GitSignature tree: Tree! statusCheckRollup: StatusCheckRollup
}
type Tree implements GitObject { oid: GitObjectID! }
type Blob implements GitObject {
  oid: GitObjectID! byteSize: Int! isBinary: Boolean isTruncated: Boolean! text: String
}
interface GitSignature { isValid: Boolean! wasSignedByGitHub: Boolean! }
type GpgSignature implements GitSignature { isValid: Boolean! wasSignedByGitHub: Boolean! }
input CreateCommitOnBranchInput {
  branch: CommittableBranch! clientMutationId: String expectedHeadOid: GitObjectID!
  fileChanges: FileChanges message: CommitMessage!
}
input CommittableBranch { branchName: String id: ID repositoryNameWithOwner: String }
input CommitMessage { body: String headline: String! }
input FileChanges { additions: [FileAddition!] = [] deletions: [FileDeletion!] = [] }
input FileAddition { contents: Base64String! path: String! }
input FileDeletion { path: String! }
type CreateCommitOnBranchPayload { commit: Commit ref: Ref }
enum PullRequestMergeMethod { MERGE REBASE SQUASH }
input EnablePullRequestAutoMergeInput {
  clientMutationId: String expectedHeadOid: GitObjectID mergeMethod: PullRequestMergeMethod = MERGE pullRequestId: ID!
}
type EnablePullRequestAutoMergePayload { clientMutationId: String }
input DisablePullRequestAutoMergeInput { clientMutationId: String pullRequestId: ID! }
type DisablePullRequestAutoMergePayload { clientMutationId: String }
input EnqueuePullRequestInput { clientMutationId: String expectedHeadOid: GitObjectID pullRequestId: ID! }
type EnqueuePullRequestPayload { clientMutationId: String }
input DequeuePullRequestInput { clientMutationId: String id: ID! }
type DequeuePullRequestPayload { clientMutationId: String }
input UpdateRefsInput { clientMutationId: String refUpdates: [RefUpdate!]! repositoryId: ID! }
input RefUpdate { afterOid: GitObjectID! beforeOid: GitObjectID force: Boolean = false name: GitRefname! }
type UpdateRefsPayload { clientMutationId: String }
"""


class Graph:
    """The schema, built once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.schema: GraphQLSchema = build_schema(SDL)

    @staticmethod
    def writes(document: str) -> bool:
        operations = [one for one in parse(document).definitions if hasattr(one, "operation")]
        return any(one.operation is OperationType.MUTATION for one in operations)

    def answer(self, caller: Caller, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        parsed = parse(document)
        errors = validate(self.schema, parsed)
        if errors:
            return {"errors": [{"message": error.message} for error in errors]}
        root = _Root(self.world, caller)
        done = execute(self.schema, parsed, root_value=root, variable_values=variables, type_resolver=_type_of)
        answer: dict[str, Any] = {"data": done.data}
        if done.errors:
            answer["errors"] = [_error(error) for error in done.errors]
        return answer


def _error(error: GraphQLError) -> dict[str, Any]:
    kind = (error.extensions or {}).get("type")
    return {"message": error.message, "path": error.path, **({"type": kind} if kind else {})}


def _commit(found: Repository, sha: str) -> dict[str, Any]:
    tree = {"__typename": "Tree", "oid": found.git.line("rev-parse", f"{sha}^{{tree}}")}
    return {"__typename": "Commit", "oid": sha, "tree": tree, "signature": None}


def _newest(found: Repository) -> list[Issue]:
    return sorted(found.pulls(), key=lambda one: one.number, reverse=True)


def _pull(found: Repository, issue: Issue) -> dict[str, Any]:
    """A pull as far as it is asked for; a Bot has no `[bot]` in its GraphQL name."""
    assert issue.pull
    author = {
        "__typename": issue.user.type,
        "login": issue.user.login.removesuffix("[bot]"),
        "databaseId": issue.user.id,
    }
    states = {one.conclusion or "pending" for one in found.checks.values() if one.head_sha == issue.pull.head_sha}
    bad, open_ = states & {"failure", "timed_out", "cancelled", "action_required"}, states & {"pending"}
    state = "FAILURE" if bad else "PENDING" if open_ else "SUCCESS"
    commit = _commit(found, issue.pull.head_sha) | {"statusCheckRollup": {"state": state} if states else None}
    return {
        "author": author,
        "createdAt": issue.created_at,
        "headRefName": issue.pull.head,
        "isInMergeQueue": issue.pull.queued_by is not None,
        "commits": lambda _info, last=1: {"nodes": [{"commit": commit}][:last]},
    }


def _said(kind: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": kind})


def _type_of(value: dict[str, Any], *_: Any) -> str:
    return str(value["__typename"])


class _Root:
    def __init__(self, world: World, caller: Caller) -> None:
        self.world = world
        self.caller = caller

    def viewer(self, _info: Any) -> dict[str, Any]:
        return {"login": self.caller.user.login, "databaseId": self.caller.user.id}

    def repository(self, _info: Any, owner: str, name: str) -> dict[str, Any]:
        found = self._visible(f"{owner}/{name}")
        tip = found.git.ref(f"refs/heads/{found.default_branch}")
        head = {"name": found.default_branch, "target": _commit(found, tip)} if tip else None
        return {
            "id": found.node_id,
            "databaseId": found.id,
            "nameWithOwner": found.full_name,
            "isArchived": found.archived,
            "autoMergeAllowed": found.allow_auto_merge,
            "isPrivate": found.private,
            "squashMergeAllowed": "squash" in found.methods,
            "mergeCommitAllowed": "merge" in found.methods,
            "rebaseMergeAllowed": "rebase" in found.methods,
            "mergeQueue": lambda _info, branch=None: (
                {"id": f"MQ_{found.id}"} if found.queue and branch in (None, found.default_branch) else None
            ),
            "pullRequest": lambda _info, number: self._numbered(found, number),
            "defaultBranchRef": head,
            "object": lambda _info, expression=None, oid=None: self._object(found, oid or expression),
            "pullRequests": lambda _info, first=100, **_: {
                "nodes": [_pull(found, one) for one in _newest(found)[:first]]
            },
        }

    def createCommitOnBranch(self, _info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        """https://docs.github.com/graphql/reference/mutations#createcommitonbranch: no modes, one parent, signed."""
        found = self._visible(input["branch"]["repositoryNameWithOwner"])
        self._may_write(found)
        ref = f"refs/heads/{input['branch']['branchName']}"
        tip = found.git.ref(ref)
        if not tip:
            raise _said("NOT_FOUND", f"Branch {ref} not found")
        if tip != input["expectedHeadOid"]:
            raise _said(
                "STALE_DATA",
                f'Expected branch to point to "{input["expectedHeadOid"]}" but it did not. Pull and try again.',
            )
        tree = self._tree(found, tip, input.get("fileChanges") or {})
        message = "\n\n".join(part for part in (input["message"]["headline"], input["message"].get("body")) if part)
        sha = signed_commit(found, self.caller, tree, (tip,), message)
        found.git.move(ref, sha, tip)
        signature = {"__typename": "GpgSignature", "isValid": True, "wasSignedByGitHub": True}
        return {"commit": _commit(found, sha) | {"signature": signature}, "ref": None}

    def enablePullRequestAutoMerge(self, _info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        """https://docs.github.com/graphql/reference/mutations#enablepullrequestautomerge"""
        found, issue = self._pull(input["pullRequestId"])
        assert issue.pull
        if not found.allow_auto_merge:
            raise _said("UNPROCESSABLE", "Auto merge is not allowed for this repository")
        if input.get("expectedHeadOid") not in (None, issue.pull.head_sha):
            raise _said("UNPROCESSABLE", "Head sha didn't match expected value")
        state = state_of(found, issue)
        if issue.state != "open" or state != "blocked":
            raise _said("UNPROCESSABLE", f"Pull request Pull request is in {state} status")
        arm(found, issue, self.caller.user, str(input["mergeMethod"]).lower(), who=self.caller.user)
        return {"clientMutationId": None}

    def enqueuePullRequest(self, _info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        """https://docs.github.com/graphql/reference/mutations#enqueuepullrequest"""
        found, issue = self._pull(input["pullRequestId"])
        assert issue.pull
        if not found.queue:
            raise _said("UNPROCESSABLE", "Merge queue is not enabled for this branch")
        if input.get("expectedHeadOid") not in (None, issue.pull.head_sha):
            raise _said("UNPROCESSABLE", "Head sha didn't match expected value")
        if issue.pull.queued_by:
            raise _said("UNPROCESSABLE", "Pull request is already in the queue")
        if issue.state != "open" or state_of(found, issue) not in ("clean", "unstable"):
            raise _said("UNPROCESSABLE", "Pull request is not ready to be queued")
        enter_queue(found, issue, self.caller.user)
        return {"clientMutationId": None}

    def dequeuePullRequest(self, _info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        """https://docs.github.com/graphql/reference/mutations#dequeuepullrequest"""
        found, issue = self._pull(input["id"])
        assert issue.pull
        if not issue.pull.queued_by:
            raise _said("UNPROCESSABLE", "Pull request is not in the queue")
        leave_queue(found, issue, self.caller.user)
        return {"clientMutationId": None}

    @staticmethod
    def _numbered(found: Repository, number: int) -> dict[str, Any]:
        refresh(found)
        issue = found.issues.get(number)
        if issue is None or issue.pull is None:
            raise _said("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return _pull(found, issue)

    def disablePullRequestAutoMerge(self, _info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        found, issue = self._pull(input["pullRequestId"])
        assert issue.pull
        if issue.pull.armed_by is None:
            raise _said("UNPROCESSABLE", "Can't disable auto-merge for this pull request.")
        arm(found, issue, None, who=self.caller.user)
        return {"clientMutationId": None}

    def _pull(self, node: str) -> tuple[Repository, Issue]:
        number = int(node.removeprefix("PR_"))
        for found in self.world.repositories.values():
            for issue in found.pulls():
                if issue.pull and issue.pull.id == number:
                    refresh(found)
                    self._visible(found.full_name)
                    self._may_write(found)
                    return found, issue
        raise _said("NOT_FOUND", f"Could not resolve to a node with the global id of '{node}'")

    def updateRefs(self, _info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        """https://docs.github.com/graphql/reference/mutations#updaterefs: all or nothing, zeros delete."""
        number = int(str(input["repositoryId"]).removeprefix("R_"))
        found = self._visible(self.world.repositories[number].full_name)
        self._may_write(found)
        for one in input["refUpdates"]:
            tip = found.git.ref(one["name"])
            if one.get("beforeOid") not in (None, tip or ZERO):
                raise _said("STALE_DATA", f"Reference {one['name']} is not at {one['beforeOid']}")
            if tip and one["afterOid"] != ZERO and not one["force"] and not found.git.is_below(tip, one["afterOid"]):
                raise _said("UNPROCESSABLE", f"Update of {one['name']} is not a fast forward")
        for one in input["refUpdates"]:
            found.git.move(one["name"], "" if one["afterOid"] == ZERO else one["afterOid"])
        return {"clientMutationId": input.get("clientMutationId")}

    def _tree(self, found: Repository, tip: str, changes: dict[str, Any]) -> str:
        paths = [one["path"] for name in ("additions", "deletions") for one in changes.get(name) or ()]
        if any(re.match(r"\.github/workflows/", path) for path in paths) and "workflows" not in self.caller.permissions:
            raise _said("FORBIDDEN", "Resource not accessible by integration")
        modes = {entry.path: entry.mode for entry in found.git.tree(tip, recursive=True)}
        rows = []
        for one in changes.get("additions") or ():
            sha = found.git.write_blob(base64.b64decode(one["contents"], validate=True))
            rows.append((modes.get(one["path"], "100644"), sha, one["path"]))
        for one in changes.get("deletions") or ():
            if one["path"] not in modes:
                raise _said("UNPROCESSABLE", f"A path was requested for deletion which does not exist: {one['path']}")
            rows.append(("100644", "", one["path"]))
        return found.git.write_tree(tip, rows)

    def _object(self, found: Repository, name: str) -> dict[str, Any] | None:
        sha = found.git.ref(name)
        if not sha:
            return None
        kind = found.git.kind(sha).capitalize()
        if kind == "Commit":
            return _commit(found, sha)
        if kind != "Blob":
            return {"__typename": kind, "oid": sha}
        data = found.git.blob(sha)
        binary = b"\0" in data[:8000]
        return {
            "__typename": kind,
            "oid": sha,
            "byteSize": len(data),
            "isBinary": binary,
            "isTruncated": len(data) > 512_000,
            "text": None if binary else data[:512_000].decode("utf-8", "replace"),
        }

    def _visible(self, name: str) -> Repository:
        found = self.world.find(*name.split("/"))
        if found is None or not (self.caller.kind == "person" or found.id in self.caller.repositories):
            raise _said("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
        return found

    def _may_write(self, found: Repository) -> None:
        level = LEVELS.get(self.caller.permissions.get("contents", ""), 0)
        if self.caller.kind != "person" and level < LEVELS["write"]:
            raise _said("FORBIDDEN", "Resource not accessible by integration")
        if found.archived:
            raise _said("FORBIDDEN", "Repository was archived so is read-only.")
