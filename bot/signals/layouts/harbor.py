"""A trial's folder of a Harbor job is one attempt: repository = its dataset, else the job; outcome = its verifier's.

    <job>/{config.json, result.json, job.log}
    <job>/<task>__<id>/{config.json, result.json, agent/…, verifier/{reward.txt, ctrf.json, …}, artifacts/…}

What the agent itself left (`artifacts/`, reports in `agent/`) judges nothing; without a verdict of the verifier there
is no outcome, whatever single tests say. The same run stands in `agent/` up to three times, in the agent's own format,
as a stream and as ATIF: it is counted once (bot/signals/join.py).
https://github.com/laude-institute/harbor (src/harbor/models/trial)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.signals.layouts.claim import Claim, Folder, Role, document, name_of, text

LAYOUT = "harbor"
MARKERS = ("result.json", "config.json")
BESIDE = frozenset({"agent", "verifier", "exception.txt", "trial.log"})
"""One of these stands beside the marker, or it is a job's, or somebody else's."""
RESULT = ("trial_uri", "task_checksum", "task_id", "agent_info", "agent_result", "verifier_result", "exception_info")
STEP = re.compile(r"steps/[^/]{1,200}/")
HELPER = re.compile(r"\.summarization-\d{1,6}-\w{1,20}\.json$")
"""A model call of the agent's own that shortens its context; Harbor keeps each as a trajectory of its own."""


def claims(folder: Folder) -> tuple[Claim, ...]:
    """The attempt of a trial's folder; a killed trial has no `result.json`, its `config.json` tells as much."""
    if not BESIDE.intersection((*folder.names, *folder.subfolders)):
        return ()
    result = document(folder, "result.json") if "result.json" in folder.names else {}
    config = document(folder, "config.json") if "config.json" in folder.names else {}
    ended = bool(text(result, "task_name") and text(result, "trial_name")) and sum(key in result for key in RESULT) > 1
    begun = bool(text(config, "trial_name")) and isinstance(config.get("task"), dict) and "trials_dir" in config
    if not ended and not begun:
        return ()
    job = folder.place[-2] if len(folder.place) > 1 else ""
    trial = text(result, "trial_name") or text(config, "trial_name")
    source = text(result, "source") or text(config, "task", "source")
    task = text(result, "task_name") or text(config, "task", "name") or trial.rpartition("__")[0]
    found = Claim(
        layout=LAYOUT,
        repository=name_of(source, LAYOUT),  # else each job of one task would be a repository of its own
        task=name_of(task, trial),
        name="/".join(part for part in (job and name_of(job, ""), name_of(trial, folder.place[-1])) if part),
        role=role,
        facts=_facts(result, config),
        above=1,
        shared=frozenset({"result.json", "config.json", "job.log", "lock.json"}),
    )
    return (found,)


def role(name: str) -> Role:
    """What a file of a trial may be."""
    if name == "result.json" or name in ("verifier/reward.txt", "verifier/reward.json"):
        return "verdict"
    name = STEP.sub("", name, count=1) if name.startswith("steps/") else name
    if name.startswith("agent/"):
        return "subagent" if HELPER.search(name) else "transcript"
    return "report" if name.startswith("verifier/") else "none"


def _facts(result: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, object]:
    model = text(result, "agent_info", "model_info", "name") or text(config, "agent", "model_name")
    name = text(result, "agent_info", "name") or text(config, "agent", "name")
    agent = {"name": name, "version": text(result, "agent_info", "version"), "model": model.rpartition("/")[2]}
    return {"agent": agent, "run": {"created_at": text(result, "started_at")}}
