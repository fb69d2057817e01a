"""The artifacts of one run of a GitHub agentic workflow are one attempt; `aw_info.json` says of whom.

    <run>/activation/aw_info.json  agent/{agent-stdio.log, sandbox/agent/logs/…, aw.patch, …}  detection/…
    <run>/{aw_info.json, agent-stdio.log, agent_output/…, workflow-logs/…}          as `gh aw logs` lays them out

Older workflows upload an artifact a file (`aw_info.json/aw_info.json`) or all in `agent-artifacts`. The names of a
called workflow's bear a `<hash>-`, and each hash is an attempt of its own. The transcript stands between other lines
of `agent-stdio.log` or in the engine's own session files. What the firewall, the MCP servers and the detection of
threats (another agent) wrote is not read. Nothing there judges the work: the outcome is none.
https://github.github.com/gh-aw/reference/artifacts/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.signals.layouts.claim import Claim, Folder, Role, document, inside, name_of, text

LAYOUT = "agentic-workflow"
INFO = "aw_info.json"
MARKERS = (INFO,)
HOLDERS = re.compile(r"((?:[0-9a-f]{6,64}-)?)(?:activation|agent|agent-artifacts|aw[-_]info(?:\.json)?)")
"""The artifacts that hold an `aw_info.json`, newest first."""
HASH = re.compile(r"[0-9a-f]{6,64}-(?=[a-z])")
UNREAD = frozenset({
    "detection", "firewall-audit-logs", "firewall", "mcp-logs", "api-proxy-logs", "squid", "access.log",
    "safe-output", "safe_output.jsonl", "safe-outputs", "safeoutputs.jsonl", "outputs.jsonl", "agent_output.json",
    "agent_usage.json", "prompt.txt", "prompt", INFO, "aw-info", "run_summary.json", "otel.jsonl", "experiment",
})  # fmt: skip
"""Names, of a file or of a folder above it, that hold no transcript of the agent and no report on its work."""
DETECTION = re.compile(r"(?:threat-)?detection(?:[-.].{0,40})?")
AGENTS = {"claude": "claude-code", "gemini": "gemini-cli"}
"""Engines by the names that their transcripts bear here; the others bear the same."""


def claims(folder: Folder) -> tuple[Claim, ...]:
    """The attempts of a run's folder, one for each workflow in it."""
    found: dict[str, Claim] = {}
    if INFO in folder.names and (info := _info(folder, INFO)):
        return (_claim(info, "", folder),)
    for name in folder.subfolders:
        holder = HOLDERS.fullmatch(name)
        if holder and holder[1] not in found and (info := _info(folder, f"{name}/{INFO}")):
            found[holder[1]] = _claim(info, holder[1], folder)
    return tuple(found.values())


def role(name: str, prefix: str = "") -> Role:
    """What a file of a run may be; with a prefix only what stands in this workflow's own artifacts."""
    first = name.partition("/")[0]
    mark = HASH.match(first)
    if (mark[0] if mark else "") != prefix:
        return "none"
    parts = name[len(prefix) :].split("/")
    if UNREAD.intersection(parts) or any(DETECTION.fullmatch(part) for part in parts):
        return "none"
    return "report" if "workflow-logs" in parts else "any"


def _info(folder: Folder, name: str) -> Mapping[str, Any]:
    """What `aw_info.json` says, empty when this is somebody else's file of that name."""
    info = document(folder, name)
    return info if text(info, "engine_id") and (text(info, "workflow_name") or "run_id" in info) else {}


def _claim(info: Mapping[str, Any], prefix: str, folder: Folder) -> Claim:
    run, attempt = _number(info, "run_id"), max(_number(info, "run_attempt"), 1)
    engine = text(info, "engine_id")
    workflow = text(info, "workflow_name")
    version = text(info, "agent_version") or text(info, "version")
    facts = {
        "agent": {"name": AGENTS.get(engine, engine), "version": version, "model": text(info, "model")},
        "run": {
            "id": run,
            "attempt": attempt,
            "workflow": workflow,
            "event": text(info, "event_name"),
            "created_at": text(info, "created_at"),
        },
        "base_sha": text(info, "sha"),
    }
    which = f"run-{run}" if run else folder.place[-1] if folder.place else ""
    again = f"attempt-{attempt}" if attempt > 1 else ""
    return Claim(
        layout=LAYOUT,
        repository=name_of(text(info, "repository"), folder.place[-1] if folder.place else ""),
        task="",
        name="/".join(name_of(part, "") for part in (workflow, which, again, prefix.rstrip("-")) if part),
        role=partial(role, prefix=prefix),
        facts=facts,
        expects=True,
    )


def _number(info: Mapping[str, Any], key: str) -> int:
    """A number that may be written as a text, as GitHub's environment gives it; 0 when it is none."""
    value = inside(info, key)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        return int(value)
    return value if type(value) is int and 0 <= value < 1 << 63 else 0
