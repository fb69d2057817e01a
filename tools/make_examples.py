"""Writes `examples/episodes/` and `examples/planted.json` anew, always the same bytes: `python -m tools.make_examples`.

The repositories below `examples/repos/` are written by hand; what the agents read in the episodes is read from there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.fleet import claude, claude_action, claude_session, codex, infra, reports, story
from tools.fleet.dice import Dice, digits, uuid
from tools.fleet.plans import CAUSES, GATE, fleet
from tools.fleet.shapes import Plan, Story
from tools.fleet.tasks import projects

ROOT = Path(__file__).resolve().parents[1] / "examples"
KINDS = {"transcripts": "transcript", "reports": "report", "harness": "harness"}
DETECTORS = {
    "red": "verification/finishes-on-red",
    "no-source": "verification/touches-no-existing-source",
    "loop": "loops/edits-without-progress",
    "time-out": "environment/command-times-out",
}


def main() -> None:
    """Replace what is there."""
    shutil.rmtree(ROOT / "episodes", ignore_errors=True)
    plans = fleet()
    total = 0
    for plan in plans:
        for path, data in episode(plan).items():
            target = ROOT / "episodes" / folder(plan) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            total += len(data)
    (ROOT / "planted.json").write_text(json.dumps(planted(plans), indent=2) + "\n")
    print(f"{len(plans)} episodes, {total / 1e6:.1f} MB", file=sys.stderr)


def folder(plan: Plan) -> str:
    """Where an episode lies below `examples/episodes`."""
    return f"{plan.project.folder}/{plan.task.id}/run-{plan.run}"


def episode(plan: Plan) -> Mapping[str, bytes]:
    """The files of one bundle by path, its manifest first."""
    told = story.tell(plan)
    files = dict(_transcripts(plan, told)) | dict(_reports(plan, told)) | dict(_harness(plan))
    return {"manifest.json": manifest(plan, files), **files}


def _transcripts(plan: Plan, told: Story) -> Iterator[tuple[str, bytes]]:
    if plan.infra == "startup":
        yield "transcripts/claude-execution-output.json", claude_action.never_started(plan)
    elif plan.infra and plan.infra not in infra.WITH_TRANSCRIPT:
        return
    elif plan.agent == "claude-action":
        yield "transcripts/claude-execution-output.json", claude_action.execution(plan, told)
    elif plan.agent == "codex":
        yield (
            f"transcripts/rollout-{plan.created[:19].replace(':', '-')}-{uuid(plan.key)}.jsonl",
            codex.rollout(plan, told),
        )
    else:
        yield f"transcripts/{uuid(plan.key)}.jsonl", claude_session.session(plan, told)
    if told.subagent:
        name, data = claude_session.subagent(plan, told)
        yield f"transcripts/{name}", data


def _reports(plan: Plan, told: Story) -> Iterator[tuple[str, bytes]]:
    if plan.infra:
        yield "reports/job.log", infra.broken_log(plan)
        if plan.infra == "overloaded":
            yield "reports/junit.xml", reports.junit(plan, told.red)
        return
    throw = Dice(plan.key + "/reports").below(100)
    if plan.outcome == "pass" or throw < 85:
        yield "reports/junit.xml", reports.junit(plan, told.red)
    if throw >= (60 if plan.outcome == "pass" else 25):
        yield "reports/job.log", reports.job_log(plan, told.red)


def _harness(plan: Plan) -> Iterator[tuple[str, bytes]]:
    """The harness files as the agent saw them: in the first run of each project."""
    if plan.run != 1 or plan.task is not plan.project.tasks[0]:
        return
    repository = ROOT / "repos" / plan.project.folder
    for name in ("AGENTS.md", "CLAUDE.md", ".claude/settings.json"):
        if (repository / name).is_file():
            yield f"harness/{name}", (repository / name).read_bytes()


def manifest(plan: Plan, files: Mapping[str, bytes]) -> bytes:
    """What the bundle says about itself; the outcome is mostly left to the reports."""
    base = digits(f"{plan.project.repository}/base/{plan.created[:7]}", 40)
    agent = {"name": "codex", "version": codex.VERSION, "model": codex.MODEL}
    if plan.agent != "codex":
        agent = {"name": "claude-code", "version": claude.version_of(plan), "model": claude.model_of(plan)}
    conclusion = infra.CONCLUSION.get(plan.infra, "success" if plan.outcome == "pass" else "failure")
    run = {"id": 9_000_000_000 + int(digits(plan.key, 7), 16), "attempt": 1, "workflow": "ci", "event": "pull_request"}
    body: dict[str, object] = {"flywheel_bundle": 1, "repository": plan.project.repository, "pull": plan.pull}
    body |= {"head_sha": digits(plan.key + "/head", 40), "base_sha": base, "task": plan.task.id, "agent": agent}
    body |= {"run": run | {"conclusion": conclusion, "created_at": plan.created.replace("+00:00", "Z")}}
    if plan.infra in ("cancelled", "permission", "runner-lost") or (
        not plan.infra and Dice(plan.key + "/manifest").chance(8)
    ):
        body["outcome"] = plan.outcome
    body["files"] = [
        {"path": path, "kind": KINDS[path.partition("/")[0]], "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in files.items()
    ]
    return json.dumps(body, indent=1).encode() + b"\n"


def planted(plans: tuple[Plan, ...]) -> dict[str, object]:
    """The truth that the product never reads: what was planted where, and how often."""
    return {
        "note": "Written by tools/make_examples.py. The product never reads this file; the tests do.",
        "episodes": len(plans),
        "outcomes": {outcome: sum(plan.outcome == outcome for plan in plans) for outcome in ("fail", "pass")},
        "planted": [_cause(cause, plans) for cause in DETECTORS],
        "noise": {
            "loops/fails-in-a-row": _rates(
                [plan for plan in plans if _repeated(plan)], lambda plan: "streak" in plan.noise
            ),
            "verification/finishes-unverified": _rates(
                [plan for plan in plans if _repeated(plan)], lambda plan: plan.ending == "unverified"
            ),
        },
        "unexplained": ["lumen-orchard/parcel-api/issue-80"],
        "infrastructure": [
            {"episode": folder(plan), "kind": plan.infra, "gate": GATE[plan.infra]} for plan in plans if plan.infra
        ],
        "hostile": [folder(plan) for plan in plans if "hostile" in plan.noise],
        "spliced": [folder(plan) for plan in plans if "spliced" in plan.noise],
    }


def _repeated(plan: Plan) -> bool:
    """In one of the tasks that causes are planted in, and not broken by the infrastructure."""
    return not plan.infra and plan.task in plan.project.tasks[:4]


def _shows(cause: str, plan: Plan) -> bool:
    return plan.ending == "red" if cause == "red" else cause in plan.causes


def _cause(cause: str, plans: tuple[Plan, ...]) -> dict[str, object]:
    repositories = [p.repository for p in projects() if cause == "red" or cause in CAUSES[p.name]]
    where = [plan for plan in plans if _repeated(plan) and plan.project.repository in repositories]
    counts = _rates(where, lambda plan: _shows(cause, plan))
    shown = [folder(plan) for plan in where if _shows(cause, plan)]
    return {"detector": DETECTORS[cause], "repositories": repositories, **counts, "episodes": shown}


def _rates(plans: list[Plan], shows: object) -> dict[str, list[int]]:
    """[shown, of] for failures and for passes."""
    assert callable(shows)
    sides = {
        side: [plan for plan in plans if plan.outcome == outcome]
        for side, outcome in (("failed", "fail"), ("passed", "pass"))
    }
    return {side: [sum(map(shows, members)), len(members)] for side, members in sides.items()}


if __name__ == "__main__":
    main()
