"""Checkouts of two public sets of SWE-agent's runs in; judged episodes out, each with the patch that it handed in.

`auto-code-rover` (nus-apr): GPT-4 on SWE-bench Lite, three times. `experiments` (multi-swe-bench): four models on Java.
A resolved instance is a pass; one whose evaluation broke has no verdict; all others failed, those that handed in
nothing among them. The gate leaves out the runs that never started. These files are not ours to keep: `--whole DIR`
names a folder that holds a checkout of each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from bot.model import Diff, Episode, Outcome, replace
from bot.signals import transcripts
from bot.signals.reports.patch import paths
from bot.traces.gate import gate, recall

LITE = "auto-code-rover/results/swe-agent-results"
JAVA = "experiments/evaluation/java/verified"
UNJUDGED = "gpt-4o-mini"
"""One of its 91 runs was ever evaluated."""


def lite(whole: Path) -> list[Episode]:
    """Three runs a task of one agent and model."""
    runs = sorted((whole / LITE).glob("cost_*"))
    return _judged(
        episode
        for run in runs
        for episode in _runs(run, run.name, "swe-bench-lite", "gpt-4", _of_report(run / "final_report.json"))
    )


def java(whole: Path) -> list[Episode]:
    """One run a task of each of four models."""
    runs = sorted((whole / JAVA).glob("*SWE-agent_*"))
    models = {run: run.name.partition("SWE-agent_")[2] for run in runs}
    return _judged(
        episode
        for run, model in models.items()
        if not model.startswith(UNJUDGED)
        for episode in _runs(
            run / "trajs", model, "swe-bench-java", model, _of_report(run / "results" / "results.json")
        )
    )


def _judged(runs: Iterable[Episode]) -> list[Episode]:
    fleet = list(runs)
    history = recall(fleet)
    return [one for one in fleet if one.outcome != "none" and gate(one, history) is None]


def _of_report(path: Path) -> dict[str, Outcome]:
    """The instances that passed or were not judged."""
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {**dict.fromkeys(told.get("error_ids", []), "none"), **dict.fromkeys(told["resolved"], "pass")}


def _runs(folder: Path, run: str, repository: str, model: str, verdicts: dict[str, Outcome]) -> Iterator[Episode]:
    for path in sorted(folder.glob("*.traj")):
        data = path.read_bytes()
        (trace,) = transcripts.read(BytesIO(data), str(path))
        patch = (json.loads(data).get("info") or {}).get("submission") or ""
        agent = replace(trace.agent, model=model)
        yield Episode(
            f"{repository}/{path.stem}/{run}",
            repository,
            verdicts.get(path.stem, "fail"),
            replace(trace, agent=agent),
            task=path.stem,
            agent=agent,
            diff=paths(patch.encode("utf-8", "surrogatepass")) if patch.strip() else Diff(),
        )
