"""AgentRx's runs in; the step of each root cause out. The tau-bench runs are read by the product's own reader.

`ground_truth` lists every failure of a run with its step, counted from 1 in messages, and names the root cause among
them; without it `trajectories_info` gives one step for each of ten Magentic-One runs. https://github.com/microsoft/AgentRx
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.labelled.case import DATA, Case, find
from bench.labelled.who_and_when import looks_wrong, speaker, turns
from bot.model import Trace, replace
from bot.signals import transcripts
from bot.traces.localise import moments

FOLDER = DATA / "agentrx"
RUNS = FOLDER / "data__tau_retail__tau_dataset_full.json"
TAU_TRUTH = ("data/ground_truth/tau_ground_truth.json", "data/ground_truth/tau_retail.json")
"""The first has five runs more."""
MAGENTIC_TRUTH = "data/ground_truth/magentic_one_ground_truth.json"
INFO = "trajectories/magentic-one/trajectories_info.json"
BLAMED = {"Assistant": "assistant", "User": "user"}


def read_tau(folder: Path = FOLDER) -> list[Case]:
    """The failed tau-retail runs with a root cause; none when the files are not here.

    `folder` is our selection, or a checkout of the whole set.
    """
    path = find(folder, "data/tau_retail/tau_dataset_full.json")
    truth = next((truth for name in TAU_TRUTH if (truth := find(folder, name)).exists()), None)
    if truth is None or not path.exists():
        return []
    with path.open("rb") as stream:
        read = {trace.task: trace for trace in transcripts.read(stream, str(path))}
    runs = {str(run["task_id"]): run for run in json.loads(path.read_text(encoding="utf-8"))}
    labels = json.loads(truth.read_text(encoding="utf-8"))
    return [_tau(read[task], runs[task], label) for label in labels if (task := str(label["trajectory_id"])) in read]


def read_magentic(folder: Path = FOLDER) -> list[Case]:
    """The Magentic-One runs that are labelled and here. They are runs of Who&When, judged by other people."""
    found = []
    for task, step in sorted(_magentic_labels(folder).items()):
        path = find(folder, f"data/magentic_dataset/{task}.json")
        if path.exists():
            found.append(_magentic(path, task, step))
    return found


def _magentic_labels(folder: Path) -> dict[str, int]:
    """Task to blamed message, from 1."""
    truth, info = find(folder, MAGENTIC_TRUTH), find(folder, INFO)
    if truth.exists():
        labels = json.loads(truth.read_text(encoding="utf-8"))
        return {str(label["trajectory_id"]): int(_cause(label)["step_number"]) for label in labels}
    if not info.exists():
        return {}
    by_category = json.loads(info.read_text(encoding="utf-8")).values()
    return {task: int(label["step"]) for category in by_category for task, label in category.items()}


def _cause(label: dict[str, Any]) -> dict[str, Any]:
    """The failure that is named as the root cause."""
    failures = {int(failure["failure_id"]): failure for failure in label["failures"]}
    cause: dict[str, Any] = failures[int(label["root_cause"]["failure_id"])]
    return cause


def _magentic(path: Path, task: str, step: int) -> Case:
    history = json.loads(path.read_text(encoding="utf-8"))
    speakers = [speaker(message) for message in history]
    agent = speakers[min(step, len(speakers)) - 1]
    return Case(f"magentic-one/{task}", task, turns(history), step, agent, len(history), speakers, looks_wrong(history))


def _tau(trace: Trace, run: dict[str, list[dict[str, object]]], label: dict[str, Any]) -> Case:
    """Steps keep their order; each gets the number of its message, for people counted messages."""
    messages = run["traj"]
    numbers = [n for n, message in enumerate(messages, 1) if message["role"] == "assistant"]
    seen = [replace(one, number=n, speaker="assistant") for one, n in zip(moments(trace), numbers, strict=True)]
    cause = _cause(label)
    return Case(
        name=f"tau-retail/{trace.task}",
        task=trace.task,
        seen=seen,
        step=int(cause["step_number"]),
        agent=BLAMED.get(cause["failed_agent"], "assistant"),
        messages=len(messages),
        speakers=[str(message["role"]) for message in messages],
        errors=[n for n, m in enumerate(messages, 1) if m["role"] == "tool" and str(m["content"]).startswith("Error")],
    )
