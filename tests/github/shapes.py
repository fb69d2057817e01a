"""The nouns of the stand-in in, GitHub's JSON out: every member that its description requires, with true values."""

from __future__ import annotations

import base64
from typing import Any

from tests.github.git import Commit, Entry
from tests.github.world import CheckRun, Comment, Installation, Issue, Label, Repository, User, World

Json = dict[str, Any]
HTML = "https://github.com"
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")

_USER = (
    *("events_url:/events{/privacy}", "followers_url:/followers", "following_url:/following{/other_user}"),
    *("gists_url:/gists{/gist_id}", "organizations_url:/orgs", "received_events_url:/received_events"),
    *("repos_url:/repos", "starred_url:/starred{/owner}{/repo}", "subscriptions_url:/subscriptions", "url:"),
)
_REPOSITORY = (
    *("archive_url:/{archive_format}{/ref}", "assignees_url:/assignees{/user}", "blobs_url:/git/blobs{/sha}"),
    *("branches_url:/branches{/branch}", "collaborators_url:/collaborators{/collaborator}", "url:"),
    *("comments_url:/comments{/number}", "commits_url:/commits{/sha}", "compare_url:/compare/{base}...{head}"),
    *("contents_url:/contents/{+path}", "contributors_url:/contributors", "deployments_url:/deployments"),
    *("downloads_url:/downloads", "events_url:/events", "forks_url:/forks", "git_commits_url:/git/commits{/sha}"),
    *("git_refs_url:/git/refs{/sha}", "git_tags_url:/git/tags{/sha}", "hooks_url:/hooks"),
    *("issue_comment_url:/issues/comments{/number}", "issue_events_url:/issues/events{/number}"),
    *("issues_url:/issues{/number}", "keys_url:/keys{/key_id}", "labels_url:/labels{/name}", "tags_url:/tags"),
    *("languages_url:/languages", "merges_url:/merges", "milestones_url:/milestones{/number}"),
    *("notifications_url:/notifications{?since,all,participating}", "pulls_url:/pulls{/number}"),
    *("releases_url:/releases{/id}", "stargazers_url:/stargazers", "statuses_url:/statuses/{sha}"),
    *("subscribers_url:/subscribers", "subscription_url:/subscription", "teams_url:/teams"),
    "trees_url:/git/trees{/sha}",
)
_COUNTS = ("forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size")
_COUNTS_FULL = ("network_count", "subscribers_count")


class Shapes:
    """`api` is the address that the caller used, without a slash at the end."""

    def __init__(self, api: str, world: World) -> None:
        self.api = api
        self.world = world

    def urls(self, rows: tuple[str, ...], stem: str) -> Json:
        return {name: stem + rest for name, _, rest in (row.partition(":") for row in rows)}

    def user(self, user: User) -> Json:
        return {
            "login": user.login,
            "id": user.id,
            "node_id": f"U_{user.id}",
            "avatar_url": f"https://avatars.githubusercontent.com/u/{user.id}",
            "gravatar_id": "",
            "html_url": f"{HTML}/{user.login}",
            "type": user.type,
            "site_admin": False,
            **self.urls(_USER, f"{self.api}/users/{user.login}"),
        }

    def repo_url(self, repository: Repository) -> str:
        return f"{self.api}/repos/{repository.full_name}"

    def repository(self, repository: Repository) -> Json:
        html = f"{HTML}/{repository.full_name}"
        opened = sum(issue.state == "open" for issue in repository.issues.values())
        return {
            "id": repository.id,
            "node_id": repository.node_id,
            "name": repository.name,
            "full_name": repository.full_name,
            "owner": self.user(repository.owner),
            "private": repository.private,
            "visibility": "private" if repository.private else "public",
            "html_url": html,
            "description": None,
            "fork": repository.is_fork,
            **self.urls(_REPOSITORY, self.repo_url(repository)),
            "clone_url": f"{html}.git",
            "git_url": f"git://github.com/{repository.full_name}.git",
            "ssh_url": f"git@github.com:{repository.full_name}.git",
            "svn_url": html,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            "default_branch": repository.default_branch,
            "archived": repository.archived,
            "disabled": False,
            "open_issues": opened,
            "open_issues_count": opened,
            "topics": [],
            "has_issues": repository.has_issues,
            "has_pull_requests": True,
            "pull_request_creation_policy": repository.pulls_by,
            **dict.fromkeys((*_COUNTS, *_COUNTS_FULL), 0),
            **dict.fromkeys(("has_projects", "has_wiki", "has_downloads"), True),
            **dict.fromkeys(("has_pages", "has_discussions"), False),
            "created_at": repository.created_at,
            "updated_at": repository.created_at,
            "pushed_at": repository.created_at,
        }

    def app(self) -> Json:
        return {
            "id": self.world.app_id,
            "slug": self.world.app_slug,
            "node_id": f"A_{self.world.app_id}",
            "owner": self.user(self.world.owner),
            "name": self.world.app_slug,
            "description": None,
            "external_url": "https://example.com/",
            "html_url": f"{HTML}/apps/{self.world.app_slug}",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "permissions": self.world.app_permissions,
            "events": self.world.app_events,
            "installations_count": len(self.world.installations),
        }

    def installation(self, installation: Installation) -> Json:
        return {
            "id": installation.id,
            "account": self.user(installation.account),
            "repository_selection": "selected",
            "access_tokens_url": f"{self.api}/app/installations/{installation.id}/access_tokens",
            "repositories_url": f"{self.api}/installation/repositories",
            "html_url": f"{HTML}/settings/installations/{installation.id}",
            "app_id": self.world.app_id,
            "app_slug": self.world.app_slug,
            "target_id": installation.account.id,
            "target_type": installation.account.type,
            "permissions": installation.permissions,
            "events": self.world.app_events,
            "created_at": installation.created_at,
            "updated_at": installation.created_at,
            "single_file_name": None,
            "suspended_by": None,
            "suspended_at": installation.created_at if installation.suspended else None,
        }

    def label(self, repository: Repository, label: Label) -> Json:
        return {
            "id": label.id,
            "node_id": f"LA_{label.id}",
            "url": f"{self.repo_url(repository)}/labels/{label.name}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description,
            "archived_at": None,
            "archived_by": None,
        }

    def comment(self, repository: Repository, issue: Issue, comment: Comment) -> Json:
        kind = "pull" if issue.pull else "issues"
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{self.repo_url(repository)}/issues/comments/{comment.id}",
            "html_url": f"{HTML}/{repository.full_name}/{kind}/{issue.number}#issuecomment-{comment.id}",
            "issue_url": f"{self.repo_url(repository)}/issues/{issue.number}",
            "body": comment.body,
            "user": self.user(comment.user),
            "created_at": comment.created_at,
            "updated_at": comment.updated_at,
            "author_association": "NONE" if comment.user.type == "Bot" else "MEMBER",
            "performed_via_github_app": self.app() if comment.user == self.world.bot else None,
            "reactions": self._reactions(repository, comment),
        }

    def _reactions(self, repository: Repository, comment: Comment) -> Json:
        kinds = [kind for _, _, kind in repository.reactions.get(comment.id, ())]
        url = f"{self.repo_url(repository)}/issues/comments/{comment.id}/reactions"
        return {"url": url, "total_count": len(kinds), **{kind: kinds.count(kind) for kind in REACTIONS}}

    def issue(self, repository: Repository, issue: Issue, one: bool = False) -> Json:
        """`one` adds what only the answer about a single issue has."""
        url = f"{self.repo_url(repository)}/issues/{issue.number}"
        kind = "pull" if issue.pull else "issues"
        html = f"{HTML}/{repository.full_name}/{kind}/{issue.number}"
        pull = {"pull_request": self._pull_urls(repository, issue)} if issue.pull else {}
        return {
            "id": issue.id,
            "node_id": f"I_{issue.id}",
            "url": url,
            "repository_url": self.repo_url(repository),
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": html,
            "number": issue.number,
            "state": issue.state,
            "state_reason": issue.state_reason,
            "title": issue.title,
            "body": issue.body,
            "user": self.user(issue.user),
            "labels": [self.label(repository, label) for label in issue.labels],
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "locked": False,
            "active_lock_reason": None,
            "comments": len(issue.comments),
            "created_at": issue.created_at,
            "updated_at": issue.updated_at,
            "closed_at": issue.closed_at,
            "author_association": "NONE" if issue.user.type == "Bot" else "MEMBER",
            "performed_via_github_app": self.app() if issue.user == self.world.bot else None,
            **pull,
            **({"closed_by": self.user(issue.closed_by) if issue.closed_by else None} if one else {}),
        }

    def _pull_urls(self, repository: Repository, issue: Issue) -> Json:
        html = f"{HTML}/{repository.full_name}/pull/{issue.number}"
        return {
            "url": f"{self.repo_url(repository)}/pulls/{issue.number}",
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "merged_at": issue.pull.merged_at if issue.pull else None,
        }

    def pull(self, repository: Repository, issue: Issue, one: bool = False) -> Json:
        assert issue.pull
        pull = issue.pull
        repo = self.repo_url(repository)
        url, issue_url = f"{repo}/pulls/{issue.number}", f"{repo}/issues/{issue.number}"
        links = {
            "commits_url": f"{url}/commits",
            "review_comments_url": f"{url}/comments",
            "review_comment_url": f"{repo}/pulls/comments{{/number}}",
            "comments_url": f"{issue_url}/comments",
            "statuses_url": f"{repo}/statuses/{pull.head_sha}",
            "issue_url": issue_url,
        }
        urls = self._pull_urls(repository, issue)
        shape = {
            **urls,
            **links,
            "id": pull.id,
            "node_id": f"PR_{pull.id}",
            "number": issue.number,
            "state": issue.state,
            "locked": False,
            "title": issue.title,
            "body": issue.body,
            "user": self.user(issue.user),
            "labels": [self.label(repository, label) for label in issue.labels],
            "milestone": None,
            "assignee": None,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "draft": pull.draft,
            "created_at": issue.created_at,
            "updated_at": issue.updated_at,
            "closed_at": issue.closed_at,
            "merged_at": pull.merged_at,
            "merge_commit_sha": pull.merge_sha,
            "head": self._end(pull.fork or repository, pull.head, pull.head_sha),
            "base": self._end(repository, pull.base, pull.base_shown or pull.base_sha),
            "author_association": issue.association or ("NONE" if issue.user.type == "Bot" else "MEMBER"),
            "auto_merge": {
                "enabled_by": self.user(pull.armed_by),
                "merge_method": pull.armed_method,
                "commit_title": issue.title,
                "commit_message": "",
            }
            if pull.armed_by
            else None,
            "_links": {
                "self": {"href": url},
                "html": {"href": urls["html_url"]},
                **{name.removesuffix("_url"): {"href": link} for name, link in links.items()},
            },
        }
        return shape | (self._pull_alone(repository, issue) if one else {})

    def _pull_alone(self, repository: Repository, issue: Issue) -> Json:
        assert issue.pull
        pull = issue.pull
        base = repository.git.merge_base(pull.base_sha, pull.head_sha)
        files = repository.git.diff(base, pull.head_sha)
        from tests.github.routes_issues import state_of

        state = state_of(repository, issue)
        if issue.state == "open" and (repository.unsure or pull.queued_by):
            repository.unsure -= bool(repository.unsure)
            state = "unknown"  # in the queue as well: github.com/objectstack-ai/objectstack/issues/14605
        fits = None if issue.state != "open" or state == "unknown" else state != "dirty"
        return {
            "merged": pull.merged_at is not None,
            "mergeable": fits,
            "rebaseable": fits,
            "mergeable_state": state,
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "comments": len(issue.comments),
            "review_comments": 0,
            "maintainer_can_modify": False,
            "commits": len(repository.git.between(base, pull.head_sha)),
            "additions": sum(int(str(file["additions"])) for file in files),
            "deletions": sum(int(str(file["deletions"])) for file in files),
            "changed_files": len(files),
        }

    def _end(self, repository: Repository, ref: str, sha: str) -> Json:
        return {
            "label": f"{repository.owner.login}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": self.user(repository.owner),
            "repo": self.repository(repository),
        }

    def verification(self, repository: Repository, sha: str) -> Json:
        signed = sha in repository.verified
        return {
            "verified": signed,
            "reason": "valid" if signed else "unsigned",
            "signature": "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n" if signed else None,
            "payload": f"tree {sha}\n" if signed else None,
            "verified_at": "2026-11-01T12:00:00Z" if signed else None,
        }

    def git_commit(self, repository: Repository, commit: Commit) -> Json:
        repo, html = self.repo_url(repository), f"{HTML}/{repository.full_name}"
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha[:12]}",
            "url": f"{repo}/git/commits/{commit.sha}",
            "html_url": f"{html}/commit/{commit.sha}",
            "author": vars(commit.author).copy(),
            "committer": vars(commit.committer).copy(),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{repo}/git/trees/{commit.tree}"},
            "parents": [
                {"sha": one, "url": f"{repo}/git/commits/{one}", "html_url": f"{html}/commit/{one}"}
                for one in commit.parents
            ],
            "verification": self.verification(repository, commit.sha),
        }

    def commit(self, repository: Repository, commit: Commit, one: bool = False) -> Json:
        repo, html = self.repo_url(repository), f"{HTML}/{repository.full_name}"
        author, committer = (self.world.user_of(who.email) for who in (commit.author, commit.committer))
        inner = self.git_commit(repository, commit)
        shape = {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha[:12]}",
            "url": f"{repo}/commits/{commit.sha}",
            "html_url": f"{html}/commit/{commit.sha}",
            "comments_url": f"{repo}/commits/{commit.sha}/comments",
            "commit": {
                **{key: inner[key] for key in ("url", "author", "committer", "message", "tree", "verification")},
                "comment_count": 0,
            },
            "author": self.user(author) if author else None,
            "committer": self.user(committer) if committer else None,
            "parents": [{**parent, "url": f"{repo}/commits/{parent['sha']}"} for parent in inner["parents"]],
        }
        if one:
            empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
            repository.git.write_tree("", ())
            files = repository.git.diff(commit.parents[0] if commit.parents else empty, commit.sha)
            added, gone = (sum(int(str(file[key])) for file in files) for key in ("additions", "deletions"))
            shape["stats"] = {"additions": added, "deletions": gone, "total": added + gone}
            shape["files"] = [self.file(repository, commit.sha, file) for file in files]
        return shape

    def file(self, repository: Repository, sha: str, file: dict[str, object]) -> Json:
        html, path = f"{HTML}/{repository.full_name}", file["filename"]
        return {
            **file,
            "blob_url": f"{html}/blob/{sha}/{path}",
            "raw_url": f"{html}/raw/{sha}/{path}",
            "contents_url": f"{self.repo_url(repository)}/contents/{path}?ref={sha}",
        }

    def ref(self, repository: Repository, name: str, sha: str) -> Json:
        kind = repository.git.kind(sha)
        repo = self.repo_url(repository)
        return {
            "ref": name,
            "node_id": f"REF_{name}",
            "url": f"{repo}/git/{name}",
            "object": {"type": kind, "sha": sha, "url": f"{repo}/git/{kind}s/{sha}"},
        }

    def tree_entry(self, repository: Repository, entry: Entry) -> Json:
        kind = {"blob": "blobs", "tree": "trees", "commit": "commits"}[entry.type]
        return {
            "path": entry.path,
            "mode": entry.mode,
            "type": entry.type,
            "sha": entry.sha,
            **({} if entry.size is None else {"size": entry.size}),
            **({} if entry.type == "commit" else {"url": f"{self.repo_url(repository)}/git/{kind}/{entry.sha}"}),
        }

    def blob(self, repository: Repository, sha: str, data: bytes) -> Json:
        return {
            "sha": sha,
            "node_id": f"B_{sha[:12]}",
            "size": len(data),
            "url": f"{self.repo_url(repository)}/git/blobs/{sha}",
            "content": base64.encodebytes(data).decode(),
            "encoding": "base64",
        }

    def content(self, repository: Repository, ref: str, entry: Entry, data: bytes | None) -> Json:
        """A file with its bytes, or (None) as a member of a folder's list."""
        kind = {"blob": "file", "tree": "dir", "commit": "submodule"}[entry.type]
        repo, html = self.repo_url(repository), f"{HTML}/{repository.full_name}"
        url = f"{repo}/contents/{entry.path}?ref={ref}"
        git_url = f"{repo}/git/{entry.type}s/{entry.sha}"
        seen = f"{html}/{'tree' if kind == 'dir' else 'blob'}/{ref}/{entry.path}"
        return {
            "type": "symlink" if entry.mode == "120000" and data is None else kind,
            "name": entry.path.rpartition("/")[2],
            "path": entry.path,
            "sha": entry.sha,
            "size": entry.size or 0,
            "url": url,
            "html_url": seen,
            "git_url": git_url,
            "download_url": f"https://raw.githubusercontent.com/{repository.full_name}/{ref}/{entry.path}",
            "_links": {"self": url, "git": git_url, "html": seen},
            **({} if data is None else {"content": base64.encodebytes(data).decode(), "encoding": "base64"}),
        }

    def branch(self, repository: Repository, name: str, sha: str) -> Json:
        url = f"{self.repo_url(repository)}/branches/{name}"
        is_default = name == repository.default_branch
        named = list(repository.protection) if is_default else []
        classic = is_default and bool(repository.protection or repository.required_reviews)
        return {
            "name": name,
            "commit": self.commit(repository, repository.git.commit(sha)),
            "_links": {"self": url, "html": f"{HTML}/{repository.full_name}/tree/{name}"},
            "protected": classic or (is_default and bool(repository.required_checks)),
            "protection": {
                "enabled": classic,
                "required_status_checks": {
                    "enforcement_level": "non_admins" if named else "off",
                    "contexts": named,
                    "checks": [{"context": context, "app_id": None} for context in named],
                },
            },
            "protection_url": f"{url}/protection",
        }

    def check(self, repository: Repository, check: CheckRun) -> Json:
        url = f"{self.repo_url(repository)}/check-runs/{check.id}"
        return {
            "id": check.id,
            "node_id": f"CR_{check.id}",
            "name": check.name,
            "head_sha": check.head_sha,
            "external_id": check.external_id,
            "url": url,
            "html_url": f"{HTML}/{repository.full_name}/runs/{check.id}",
            "details_url": check.details_url,
            "status": check.status,
            "conclusion": check.conclusion,
            "started_at": check.started_at,
            "completed_at": check.completed_at,
            "output": {
                "title": check.output.get("title"),
                "summary": check.output.get("summary"),
                "text": check.output.get("text"),
                "annotations_count": 0,
                "annotations_url": f"{url}/annotations",
            },
            "check_suite": {"id": 1},
            "app": {**self.app(), **({"id": 15368, "slug": check.app, "name": check.app} if check.app else {})},
            "pull_requests": [],
        }
