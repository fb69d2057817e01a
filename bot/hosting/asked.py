"""What the App asks of GitHub, and why, in one place: the manifest, `flywheel doctor` and the docs say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

Level = Literal["read", "write"]

PERMISSIONS: Mapping[str, tuple[Level, str]] = {
    "metadata": ("read", "Every App has it: names, branches, rules of branches."),
    "actions": ("read", "Workflow runs, their jobs, logs and artifacts: the evidence."),
    "checks": ("write", "The check `flywheel/decision`, which says why a change is or is not merged."),
    "contents": ("write", "Branches named `flywheel/…`: its proposals, its ledger; and the merge of a pull request."),
    "issues": ("write", "Backlog issues, labels, and one comment for each change."),
    "pull_requests": ("write", "The pull requests that carry its proposals."),
    "statuses": ("read", "What other services say of a commit."),
}
"""research/bots.md §3.11: the least that does the work. `workflows`, `administration`, `secrets` are not among them."""

EVENTS = (
    "check_suite",
    "issue_comment",
    "issues",
    "merge_group",
    "pull_request",
    "pull_request_review",
    "push",
    "repository",
    "repository_dispatch",
    "workflow_run",
)
"""Hints to look sooner. `installation` and `installation_repositories` come to every App unasked."""

LEVELS = {"": 0, "read": 1, "write": 2, "admin": 3}
API = "https://api.github.com"


def lacking(granted: Mapping[str, str]) -> tuple[str, ...]:
    """What of our permissions is not granted, as `checks: write`."""
    return tuple(
        f"{name}: {level}"
        for name, (level, _) in PERMISSIONS.items()
        if LEVELS.get(granted.get(name, ""), 0) < LEVELS[level]
    )


def beyond(granted: Mapping[str, str]) -> tuple[str, ...]:
    """What is granted and not asked for."""
    return tuple(
        f"{name}: {level}"
        for name, level in sorted(granted.items())
        if LEVELS.get(level, 3) > LEVELS[PERMISSIONS[name][0] if name in PERMISSIONS else ""]
    )


def web_of(api: str) -> str:
    """The address that people use, from that of the API: GitHub's, a server's (`…/api/v3`), or `api.<name>.ghe.com`.

    https://docs.github.com/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
    """
    parts = urlsplit(api)
    host = parts.netloc
    if parts.path.rstrip("/").endswith("/api/v3"):
        return f"{parts.scheme}://{host}{parts.path.rstrip('/').removesuffix('/api/v3')}"
    return f"{parts.scheme}://{host.removeprefix('api.')}"


def api_of(web: str) -> str:
    """The other way round."""
    parts = urlsplit(web.rstrip("/"))
    if parts.netloc == "github.com":
        return API
    if parts.netloc.endswith(".ghe.com"):
        return f"{parts.scheme}://api.{parts.netloc}"
    return f"{parts.scheme}://{parts.netloc}/api/v3"
