"""What a job's environment and event say in, the manifest of a bundle (design.md §4) out; and where agents write.

Pure: `bot/commands/embedding.py` does the looking and writing. A manifest only says what this job was told; who reads
it asks the API whether it is true (research/bots.md §4, 10).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.model import Agent, Outcome

Kind = Literal["transcript", "report", "harness"]

SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
REPOSITORY = re.compile(r"(?!\.)[\w.-]{1,100}/(?!\.{1,2}$)[\w.-]{1,100}", re.ASCII)
MERGE_REF = re.compile(r"refs/pull/([0-9]{1,18})/(?:merge|head)")
SECRET_NAME = re.compile(r"(?i)(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|KEY|PAT|CREDENTIALS?)(?:_|$)")
UNSAFE = re.compile(r"[^A-Za-z0-9._-]{1,200}")
CONCLUSIONS: Mapping[str, Outcome] = {"success": "pass", "failure": "fail", "cancelled": "none"}
"""What `job.status` says: https://docs.github.com/actions/reference/workflows-and-actions/contexts#job-context"""
MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where one agent keeps transcripts: `root` below `base`, and the file patterns in it (`**` for any depth).

    `base` is a variable of the environment that moves it, else `HOME` or `RUNNER_TEMP`; with the agent's own variable
    `root` is left out.
    """

    agent: str
    base: str
    root: str
    patterns: tuple[str, ...]
    moved_by: str = ""


CLAUDE, CLAUDE_ACTION = "claude-code", "claude-action"
PLACES: tuple[Place, ...] = (
    Place(
        "claude-code", "HOME", ".claude", ("projects/*/*.jsonl", "projects/*/*/subagents/*.jsonl"), "CLAUDE_CONFIG_DIR"
    ),
    Place("claude-action", "RUNNER_TEMP", "", ("claude-execution-output.json", "claude-execution-*/*.json")),
    Place(
        "codex", "HOME", ".codex", ("sessions/*/*/*/rollout-*.jsonl", "archived_sessions/rollout-*.jsonl"), "CODEX_HOME"
    ),
    Place("gemini", "HOME", ".gemini", ("tmp/*/chats/*.json", "tmp/*/chats/*.jsonl")),
    Place("copilot", "HOME", ".copilot", ("session-state/*/events.jsonl", "session-state/*.jsonl"), "COPILOT_HOME"),
    Place("openhands", "HOME", ".openhands", ("**/trajectory.json", "**/output.jsonl", "**/events/*.json")),
    Place("mini-swe-agent", "HOME", ".config/mini-swe-agent", ("*.traj.json",)),
    Place("gh-aw", "", "/tmp/gh-aw", ("**/*.jsonl", "**/*.json", "**/agent-stdio.log")),  # noqa: S108 (where gh-aw writes)
)
"""In the order in which they are looked at. Sources: research/transcripts.md §3."""

REPORT_NAMES = (
    "*junit*.xml",
    "TEST-*.xml",
    "*test*result*.xml",
    "*test*report*.xml",
    "*nunit*.xml",
    "*xunit*.xml",
    "report.xml",
    "results.xml",
    "*.trx",
    "*ctrf*.json",
    "*test*result*.json",
    "*test*report*.json",
    "report.json",
    "jest*.json",
    "*.sarif",
    "*.sarif.json",
    "*.tap",
    "flywheel-guard*.jsonl",
)
"""Names under which tools write reports by default. A file is one only when its content says so as well."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the caller says of the run; it goes before what the environment says."""

    task: str = ""
    agent: str = ""
    head_sha: str = ""
    conclusion: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file as it lies in the bundle: its path there, and the digest of its bytes there."""

    path: str
    kind: Kind
    sha256: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found: the files, the agent that the transcripts name, and the commit of the work tree."""

    files: Sequence[File]
    agent: Agent = field(default_factory=Agent)
    commit: str = ""
    at: str = ""


def manifest(environment: Mapping[str, str], event: Mapping[str, object], told: Told, seen: Seen) -> dict[str, object]:
    """The manifest of a bundle. What nobody says is left out; what does not look like what it should be as well."""
    pull = _pull(event, environment.get("GITHUB_REF", ""))
    entries: dict[str, object] = {
        "flywheel_bundle": 1,
        "repository": _matching(REPOSITORY, environment.get("GITHUB_REPOSITORY")),
        "pull": pull,
        "head_sha": _head(environment, event, told, seen),
        "base_sha": _base(event),
        "task": _text(told.task) or _task(event),
        "agent": _filled(
            {
                "name": _text(told.agent) or _text(seen.agent.name),
                "version": _text(seen.agent.version),
                "model": _text(seen.agent.model),
            }
        ),
        "run": _filled(
            {
                "id": _number(environment.get("GITHUB_RUN_ID")),
                "attempt": _number(environment.get("GITHUB_RUN_ATTEMPT")),
                "workflow": _text(environment.get("GITHUB_WORKFLOW")),
                "event": _text(environment.get("GITHUB_EVENT_NAME")),
                "conclusion": told.conclusion if told.conclusion in CONCLUSIONS else "",
                "created_at": seen.at,
            }
        ),
        "outcome": told.outcome,
    }
    files = [{"path": file.path, "kind": file.kind, "sha256": file.sha256} for file in seen.files]
    return {**_filled(entries), "files": files}


def secret_values(environment: Mapping[str, str]) -> list[str]:
    """The values of variables whose names say that they are secret, as GitHub's own log masking would hide them."""
    return [value for name, value in environment.items() if value and SECRET_NAME.search(name[:MAX_TEXT])]


def safe(path: str) -> str:
    """A path that is one on every system and in every zip: plain letters, no part that leads upwards or is hidden."""
    parts = [UNSAFE.sub("-", part)[-100:].strip(".-") for part in path.replace("\\", "/").split("/")]
    return "/".join([part for part in parts if part][-6:]) or "file"


def distinct(path: str, taken: Mapping[str, object] | set[str]) -> str:
    """`path`, or with a number before its ending when that is taken, whatever its case."""
    folded = {one.casefold() for one in taken}
    stem, dot, ending = path.rpartition(".") if "." in path.rpartition("/")[2] else (path, "", "")
    found, number = path, 1
    while found.casefold() in folded:
        number += 1
        found = f"{stem}-{number}{dot}{ending}"
    return found


def _pull(event: Mapping[str, object], ref: str) -> int | None:
    """The number of the pull that this job is about: its own event's, that of the comment's issue, or the ref's."""
    number = _table(event, "pull_request").get("number")
    issue = _table(event, "issue")
    if number is None and isinstance(issue.get("pull_request"), dict):
        number = issue.get("number")
    if number is None and (merged := MERGE_REF.fullmatch(ref)):
        number = int(merged[1])
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**63 else None


def _head(environment: Mapping[str, str], event: Mapping[str, object], told: Told, seen: Seen) -> str:
    """The head of the pull; without one what the agent left in the work tree, then what the job began with.

    A job for a pull request checks out a merge commit, so that neither the tree nor GITHUB_SHA is the head there:
    https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request
    """
    pulled = _table(_table(event, "pull_request"), "head").get("sha")
    return next(
        (
            sha
            for one in (told.head_sha, pulled, seen.commit, environment.get("GITHUB_SHA"))
            if (sha := _matching(SHA, one))
        ),
        "",
    )


def _base(event: Mapping[str, object]) -> str:
    return _matching(SHA, _table(_table(event, "pull_request"), "base").get("sha"))


def _task(event: Mapping[str, object]) -> str:
    """The issue that the agent was called on; a pull is no task of its own."""
    issue = _table(event, "issue")
    number = issue.get("number")
    if isinstance(issue.get("pull_request"), dict) or not isinstance(number, int) or isinstance(number, bool):
        return ""
    return f"issue-{number}" if 0 < number < 2**63 else ""


def _table(parent: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = parent.get(name)
    return found if isinstance(found, dict) else {}


def _matching(shape: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and shape.fullmatch(value) else ""


def _number(value: str | None) -> int | None:
    sound = value is not None and value.isascii() and value.isdecimal() and len(value) < 19
    return int(value) if sound and value is not None else None


def _text(value: object) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) and value.isprintable() else ""


def _filled(entries: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in entries.items() if value not in (None, "", {})}
