"""AgentRx's runs in; the step of each root cause out. The tau-bench runs are read by the product's own reader.

`ground_truth` lists every failure of a run with its step, counted from 1 in messages, and names the root cause among
them; `trajectories_info` gives one step for each of ten Magentic-One runs. https://github.com/microsoft/AgentRx
"""

from __future__ import annotations

import json
from pathlib import Path

from bench.labelled.case import DATA, Case
from bench.labelled.who_and_when import looks_wrong, speaker, turns
from bot.model import Trace, replace
from bot.signals import transcripts
from bot.traces.localise import moments

FOLDER = DATA / "agentrx"
RUNS = FOLDER / "data__tau_retail__tau_dataset_full.json"
TRUTH = FOLDER / "data__ground_truth__tau_retail.json"
INFO = FOLDER / "trajectories__magentic-one__trajectories_info.json"
BLAMED = {"Assistant": "assistant", "User": "user"}


def traces() -> list[Trace]:
    """The tau-retail runs as the product reads them, passes included."""
    with RUNS.open("rb") as stream:
        return transcripts.read(stream, str(RUNS))


def read_tau() -> list[Case]:
    """The failed tau-retail runs with a root cause; none when the files are not here."""
    if not (RUNS.exists() and TRUTH.exists()):
        return []
    runs = {str(run["task_id"]): run for run in json.loads(RUNS.read_text(encoding="utf-8"))}
    read = {trace.task: trace for trace in traces()}
    labels = json.loads(TRUTH.read_text(encoding="utf-8"))
    return [_tau(read[task], runs[task], label) for label in labels if (task := str(label["trajectory_id"])) in read]


def read_magentic() -> list[Case]:
    """The Magentic-One runs that are labelled and here. Several are runs of Who&When, judged by other people."""
    if not INFO.exists():
        return []
    found = []
    for category in json.loads(INFO.read_text(encoding="utf-8")).values():
        for task, label in category.items():
            path = FOLDER / f"data__magentic_dataset__{task}.json"
            if path.exists():
                found.append(_magentic(path, task, int(label["step"])))
    return found


def _magentic(path: Path, task: str, step: int) -> Case:
    history = json.loads(path.read_text(encoding="utf-8"))
    speakers = [speaker(message) for message in history]
    agent = speakers[min(step, len(speakers)) - 1]
    return Case(path.stem, task, turns(history), step, agent, len(history), speakers, looks_wrong(history))


def _tau(trace: Trace, run: dict[str, list[dict[str, object]]], label: dict[str, object]) -> Case:
    """Steps keep their order; each gets the number of its message, for people counted messages."""
    messages = run["traj"]
    numbers = [n for n, message in enumerate(messages, 1) if message["role"] == "assistant"]
    seen = [replace(one, number=n, speaker="assistant") for one, n in zip(moments(trace), numbers, strict=True)]
    failures = {failure["failure_id"]: failure for failure in label["failures"]}
    cause = failures[label["root_cause"]["failure_id"]]
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
