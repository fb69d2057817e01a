"""A trial's folder of a Terminal-Bench run is one attempt: repository = its dataset, else the run; task as it says.

    <run>/{run_metadata.json, results.json, tb.lock, run.log}
    <run>/<task>/<task>.<i>-of-<n>.<run>/{results.json, commands.txt, agent-logs/…, sessions/…, panes/…}

`is_resolved` is the verdict; null is none. Most agents leave only what a terminal showed, which is no transcript; what
stands in `agent-logs/` is read by its content.
https://github.com/laude-institute/terminal-bench-leaderboard
"""

from __future__ import annotations

from bot.signals.layouts.claim import Claim, Folder, Role, document, name_of, text

LAYOUT = "terminal-bench"
MARKERS = ("results.json",)
SHARED = frozenset({"results.json", "run_metadata.json", "tb.lock", "run.log"})


def claims(folder: Folder) -> tuple[Claim, ...]:
    """The attempt of a trial's folder. A run's own `results.json` lists trials and is none."""
    if "results.json" not in folder.names:
        return ()
    result = document(folder, "results.json")
    task, trial = text(result, "task_id"), text(result, "trial_name")
    if not task or not trial or "is_resolved" not in result:
        return ()
    run = document(folder, "../../run_metadata.json")
    job = folder.place[-3] if len(folder.place) > 2 else ""
    agent = {"name": text(run, "agent_name"), "model": text(run, "model_name").rpartition("/")[2]}
    found = Claim(
        layout=LAYOUT,
        repository=name_of(text(run, "dataset_name"), job),
        task=name_of(task, ""),
        name="/".join(part for part in (job and name_of(job, ""), name_of(trial, folder.place[-1])) if part),
        role=role,
        facts={"agent": agent, "run": {"created_at": text(result, "trial_started_at")}},
        above=2,
        shared=SHARED,
    )
    return (found,)


def role(name: str) -> Role:
    """What a file of a trial may be."""
    return "verdict" if name == "results.json" else "transcript"
