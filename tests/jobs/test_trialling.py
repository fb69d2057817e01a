"""A pull, its trial and what came of it, on the stand-in GitHub: registered, dispatched, read back, concluded."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bot import ledger
from bot.approval.judge import judge
from bot.approval.labels import LABELS
from bot.approval.policy import load
from bot.approval.record import Record
from bot.commands.working_tasks import table
from bot.forge.github.actions import Actions
from bot.forge.github.bench import Bench
from bot.forge.github.client import WRITE, App
from bot.forge.github.forge import GitHubForge
from bot.hosting.people import Actor
from bot.hosting.pulls import Ground, Pull, Thread
from bot.jobs.proposing import Evidence, effect_of
from bot.jobs.trialling import Sight, Tried, texts, try_changes
from bot.model import (
    Contrast,
    Detector,
    Edit,
    Entry,
    Episode,
    Modification,
    Pattern,
    Prediction,
    Proposal,
    Remedy,
    Replay,
)
from bot.model import replace as but
from bot.trials.design import seal, veiled
from bot.trials.results import Outcome, Run
from bot.trials.wanted import Trials
from tests.github.fixtures import github, shop, world
from tests.github.keys import pair
from tests.github.routes_trials import finish
from tests.github.runs import WorkflowRun
from tests.github.server import GitHub
from tests.github.world import Repository, World

__all__ = ["github", "shop", "world"]

ROOT = Path(__file__).resolve().parents[2]
POLICY = load((ROOT / "rules/approval/default.yml").read_text(), "default.yml")
WORKFLOW = (ROOT / "examples/workflows/flywheel-trial.yml").read_text()
HOOK = ".claude/hooks/flywheel-loop-guard.py"
CHANGE, REVISION = "0123456789ab", "deadbeef"
SALT, GUARDS = "0123456789abcdef", tuple(f"issue-{n}" for n in range(100, 130))
TASKS = json.dumps(
    {
        "flywheel_tasks": 1,
        "tasks": [{"id": f"issue-{n}"} for n in range(12)],
        "guards": len(GUARDS),
        "sealed": seal(GUARDS, SALT),
    }
)
WANTED = Trials("flywheel-trial.yml")
REPLAY = Replay("loop-guard", 20, 100, ("f1", "f2"), ("p1",), 3.0, 9.0)
PATTERN = Pattern(
    "p",
    "edits-without-progress",
    "actionable",
    Contrast("task", 10, 20, 20, 15, 1, 30.0, 4.0, 200.0, 0.0001),
    ("octo/shop",),
    ("issue-0", "mined-1"),
    15,
    1,
    20,
    100,
    (),
)
MODIFICATION = Modification(
    id=CHANGE,
    revision=REVISION,
    repository="octo/shop",
    detector="edits-without-progress",
    component="hooks",
    kind="guard-threshold",
    title="The agent edits one file again and again",
    edits=(Edit(HOOK, "NUDGE = 7\n", "NUDGE = 8\n", "100644"),),
    inverse=(Edit(HOOK, "NUDGE = 8\n", "NUDGE = 7\n", "100644"),),
    prediction=Prediction(("f1", "f2"), ("p1",), REPLAY),
    pattern=PATTERN,
    remedy=Remedy("hooks", "Stop.", "loop-guard"),
)
PROVEN = Record("guard-threshold/hooks/edits-without-progress", kept=30, repositories=4, earned=True)
DETECTOR = Detector("edits-without-progress", "loops", "t", "stable", "medium", {}, MODIFICATION.remedy)

Behaviour = Callable[[str, str], Outcome]


def cures(task: str, arm: str) -> Outcome:
    return "pass" if arm == "treated" or task.startswith("sealed-") else "fail"


def harms(task: str, arm: str) -> Outcome:
    return "fail" if arm == "treated" else "pass"


class Scene:
    """One repository with an open pull of ours, visited again and again."""

    def __init__(self, github: GitHub, world: World, shop: Repository) -> None:
        self.world, self.shop = world, shop
        self.episodes: tuple[Episode, ...] = ()
        number = next(iter(world.installations))
        world.installations[number].permissions["actions"] = "write"
        world.app_permissions["actions"] = "write"
        app = App(world.app_id, pair()[0], github.url, spacing=0.0)
        reader = app.reader(
            number,
            "octo/shop",
            {"metadata": "read", "contents": "read", "actions": "read", "issues": "read", "pull_requests": "read"},
        )
        writer = app.writer(number, "octo/shop", {**WRITE, "actions": "write"})
        self.forge = GitHubForge("octo/shop", reader, writer, LABELS)
        self.bench = Bench(self.forge.place, reader, Actions("octo/shop", reader, world.bot.id, ("localhost",)))
        self.desk = self.forge.desk
        self.proposal = Proposal(MODIFICATION, judge(MODIFICATION, POLICY, (PROVEN,), stable=True), "m1")
        self.forge.perform(effect_of(self.proposal, Evidence({DETECTOR.id: DETECTOR}, {})))
        self.remember(
            [Entry("2026-11-25T09:00:00+00:00", "proposed", "octo/shop", CHANGE, DETECTOR.id, REVISION, "interactive")]
        )

    def remember(self, entries: Sequence[Entry]) -> None:
        self.forge.append_ledger([ledger.encode(one) for one in entries])

    @property
    def ledger(self) -> ledger.Ledger:
        return ledger.fold(GitHubForge("octo/shop", self.forge.reader, self.forge.writer).read_ledger().lines)

    @property
    def pull(self) -> Pull:
        """As the forge tells it."""
        (issue,) = self.shop.pulls()
        assert issue.pull
        thread = Thread(issue.number, "", issue.state, Actor(1, "write", "ours"), issue.title, issue.body or "", "")  # type: ignore[arg-type]
        return Pull(thread, MODIFICATION.branch, issue.pull.head_sha, "main", issue.pull.base_sha, commits_ours=True)

    def visit(self, now: str = "2026-11-25T10:00:00+00:00") -> Tried:
        sight = Sight(
            "octo/shop",
            Ground("main", self.shop.git.ref("refs/heads/main"), 1),
            [self.pull],
            {CHANGE: self.proposal},
            self.episodes,
            TASKS,
        )
        tried = try_changes(sight, WANTED, self.ledger, self.desk, self.bench, self.remember, now)
        for effect in tried.effects:
            GitHubForge("octo/shop", self.forge.reader, self.forge.writer, LABELS).perform(effect)
        return tried

    @property
    def runs(self) -> list[WorkflowRun]:
        return self.world.workflow_runs.get(self.shop.id, [])

    @property
    def comment(self) -> str:
        (issue,) = self.shop.pulls()
        return next(one.body for one in issue.comments if f"said {CHANGE}-trial" in one.body)

    def answer(self, run: WorkflowRun, behaves: Behaviour) -> None:
        """What the workflow does when it is run: both arms upload their results."""
        for arm in ("control", "treated"):
            wanted = [(one["task"], one[arm]) for one in json.loads(run.inputs["work"])]
            repeats = int(run.inputs["repeats"])
            wanted += [(veiled(name, SALT), repeats) for name in GUARDS[: int(run.inputs["guards"])]]
            rows = [
                Run(task, arm, str(n), behaves(task, arm), "guard" if task.startswith("sealed-") else "targeted")
                for task, count in wanted
                for n in range(count)
            ]
            self.world.artifact(run, f"flywheel-trial-{run.inputs['trial']}-1-{arm}", {"results.csv": table(rows)})
        finish(run)

    def carried_out(self, behaves: Behaviour) -> Entry:
        for _ in range(10):
            self.visit()
            last = self.ledger.entries[-1]
            if last.event != "dispatched":
                return last
            self.answer(self.runs[-1], behaves)
        raise AssertionError("a trial without end")


@pytest.fixture
def scene(github: GitHub, world: World) -> Scene:
    made = world.repository(
        "octo/shop", {"AGENTS.md": "# Shop\n", HOOK: "NUDGE = 7\n", ".github/workflows/flywheel-trial.yml": WORKFLOW}
    )
    world.install("octo", made)
    return Scene(github, world, made)


def test_the_design_stands_in_the_ledger_and_on_the_pull_before_anything_is_dispatched(
    scene: Scene, github: GitHub
) -> None:
    before = len(github.exchanges)
    scene.visit()
    writes = [one for one in github.exchanges[before:] if one.write]
    kinds = [
        "dispatch" if one.path.endswith("/dispatches") else "comment" if "/comments" in one.path else "ledger"
        for one in writes
    ]
    (run,) = scene.runs

    assert kinds.index("dispatch") == len(kinds) - 1
    assert kinds.index("comment") > kinds.index("ledger")
    assert [one.event for one in scene.ledger.entries] == ["proposed", "registered", "dispatched"]
    assert "Registered 2026-11-25T10:00:00+00:00 before anything ran" in scene.comment
    assert scene.pull.head in scene.comment
    assert seal(GUARDS, SALT) in scene.comment
    assert "`issue-0`" not in scene.comment  # it was mined from
    assert run.title == f"flywheel-trial {run.inputs['trial']}"
    assert (run.inputs["control"], run.inputs["treated"]) == (scene.pull.base_head, scene.pull.head)


def test_tasks_that_always_passed_are_registered_as_sentinels(scene: Scene) -> None:
    seen: dict[str, tuple[Outcome, ...]] = {
        "issue-0": ("pass", "pass", "pass"),  # it was mined from
        "issue-3": ("pass", "pass", "pass"),
        "issue-6": ("pass", "pass", "pass"),
        "issue-4": ("pass", "pass", "fail"),
        "issue-5": ("pass", "pass"),
    }
    scene.episodes = tuple(
        Episode(f"{task}/{n}", "octo/shop", outcome, None, task=task)
        for task, outcomes in seen.items()
        for n, outcome in enumerate(outcomes)
    )
    scene.visit()

    assert re.search(
        "- Sentinels, which always passed and never met the change: `issue-[36]`, `issue-[36]`\n", scene.comment
    )
    scene.carried_out(harms)
    assert re.search(r"Sentinels: ([12]) of \1 that had always passed, the change silent, broke", scene.comment)


def test_a_second_visit_dispatches_nothing_while_the_run_goes_on(scene: Scene) -> None:
    scene.visit()
    again = scene.visit()

    assert len(scene.runs) == 1
    assert any("batch 1 is running" in note for note in again.notes)


def test_a_confirmed_change_may_be_promoted(scene: Scene) -> None:
    said = scene.carried_out(cures)
    trial = scene.ledger.trial(CHANGE, REVISION)

    assert (said.event, said.trial, trial) == ("trialled", "confirmed", "confirmed")
    assert "### Confirmed by a held-out trial\n" in scene.comment
    assert "On 10 held-out tasks, 240 runs in all" in scene.comment
    assert not any(name in scene.comment for name in (*GUARDS, "sealed-"))
    assert judge(MODIFICATION, POLICY, (PROVEN,), stable=True, trust="T2").tier == "interactive"
    assert judge(MODIFICATION, POLICY, (PROVEN,), stable=True, trial=trial).tier == "autonomous"


def test_noise_is_measured_once_a_month_after_a_trial(scene: Scene) -> None:
    """Both arms are the default branch; it says nothing of any change and nothing is written below a pull."""
    scene.carried_out(cures)
    scene.carried_out(cures)
    noise = [one for one in scene.ledger.entries if one.change == "noise"]
    figures = json.loads(noise[-1].detail)
    (issue,) = scene.shop.pulls()

    assert {one.inputs["control"] == one.inputs["treated"] for one in scene.runs[-1:]} == {True}
    assert (noise[-1].event, noise[-1].trial, figures["noise"]) == ("trialled", "none", [1.0, 0.0])
    assert len(issue.comments) == 1
    assert scene.visit().entries == []
    assert [one.event for one in scene.visit("2026-12-01T10:00:00+00:00").entries] == ["registered", "dispatched"]


def test_a_regression_is_not_merged(scene: Scene) -> None:
    scene.carried_out(harms)
    trial = scene.ledger.trial(CHANGE, REVISION)
    decision = judge(MODIFICATION, POLICY, (PROVEN,), stable=True, trial=trial)
    effect = effect_of(but(scene.proposal, decision=decision), Evidence({DETECTOR.id: DETECTOR}, {}))
    GitHubForge("octo/shop", scene.forge.reader, scene.forge.writer, LABELS).perform(effect)
    (issue,) = scene.shop.pulls()

    assert (trial, decision.tier) == ("regression", "backlog")
    assert issue.state == "closed"
    assert "### Regression: a held-out trial saw this change break something" in scene.comment


def test_a_change_that_cures_nothing_stays_for_a_person_with_what_is_missing(scene: Scene) -> None:
    scene.carried_out(lambda task, arm: "fail")
    trial = scene.ledger.trial(CHANGE, REVISION)
    (issue,) = scene.shop.pulls()

    assert (trial, issue.state) == ("inconclusive", "open")
    assert judge(MODIFICATION, POLICY, (PROVEN,), stable=True, trial=trial).tier == "interactive"
    assert "### Unverified: a held-out trial did not decide" in scene.comment
    assert "- Missing: E \\= 1 of 20" in scene.comment or "- Missing: E = 1 of 20" in scene.comment


def test_a_cosmetic_change_is_closed_as_such(scene: Scene) -> None:
    scene.remember(
        [Entry("2026-11-25T09:30:00+00:00", "trialled", "octo/shop", CHANGE, DETECTOR.id, REVISION, trial="cosmetic")]
    )
    scene.visit()
    scene.visit()
    (issue,) = scene.shop.pulls()
    ended = [one for one in scene.ledger.entries if one.event == "dismissed"]

    assert (issue.state, [one.reason for one in ended]) == ("closed", ["cosmetic"])
    assert "silences a signal" in issue.comments[-1].body


def test_a_change_that_speaks_of_sealed_tasks_is_closed_and_nothing_more_is_run(scene: Scene) -> None:
    """The workflow, which has their texts, says no more than that; the pull says no more either."""
    scene.visit()
    (run,) = scene.runs
    for arm in ("control", "treated"):
        rows = [Run(f"issue-{n}", arm, "1", "none", refused=True) for n in range(1, 11)]
        scene.world.artifact(run, f"flywheel-trial-{run.inputs['trial']}-1-{arm}", {"results.csv": table(rows)})
    finish(run)
    scene.visit()
    scene.visit()
    scene.visit()
    (issue,) = scene.shop.pulls()
    told = [(one.event, one.trial, one.reason) for one in scene.ledger.entries if one.change == CHANGE]

    assert told[-2:] == [("trialled", "inconclusive", ""), ("dismissed", "", "overfit")]
    assert (len([one for one in scene.runs if one.inputs["control"] != one.inputs["treated"]]), issue.state) == (
        1,
        "closed",
    )
    assert "### Refused: this change speaks of the tasks that were to judge it" in scene.comment
    assert "knows its examination" in issue.comments[-1].body


def test_a_run_that_somebody_else_started_tells_nothing(scene: Scene) -> None:
    """Whoever may dispatch the workflow may give its run any name and any results."""
    scene.visit()
    (ours,) = scene.runs
    forged = scene.world.run(
        scene.shop,
        scene.pull.base_head,
        conclusion="success",
        event="workflow_dispatch",
        name="flywheel-trial",
        branch="main",
    )
    forged.title, forged.inputs = ours.title, ours.inputs
    scene.answer(forged, cures)
    scene.visit()

    assert [one.event for one in scene.ledger.entries] == ["proposed", "registered", "dispatched"]


def test_the_texts_of_open_tasks_are_known_to_the_turn() -> None:
    told = json.dumps({"flywheel_tasks": 1, "tasks": [{"id": "pull-7", "prompt": "Do it."}, {"id": "pull-8"}]})

    assert texts(told) == {"pull-7": "Do it.", "pull-8": ""}
    assert texts(None) == texts("nonsense") == {}


def test_the_trials_of_another_repository_cost_this_one_nothing(scene: Scene) -> None:
    elsewhere = [
        but(one, repository="octo/else", change="e" * 12)
        for one in _after_two_visits(scene)
        if one.event in ("registered", "dispatched")
    ]
    many = ledger.fold([ledger.encode(one) for one in [*scene.ledger.entries, *elsewhere * 40]])
    sight = Sight(
        "octo/shop", Ground("main", scene.pull.base_head, 1), [scene.pull], {CHANGE: scene.proposal}, (), TASKS
    )
    scene.answer(scene.runs[-1], cures)
    tried = try_changes(sight, WANTED, many, scene.desk, scene.bench, scene.remember, "2026-11-25T10:05:00+00:00")

    assert [one.event for one in tried.entries] == ["dispatched"]


def _after_two_visits(scene: Scene) -> tuple[Entry, ...]:
    scene.visit()
    scene.visit()
    return scene.ledger.entries


def test_what_may_not_be_dispatched_is_said(scene: Scene) -> None:
    scene.shop.git.move("refs/heads/main", scene.shop.git.ref("refs/heads/main"))
    wanted = Trials("no-such.yml")
    sight = Sight(
        "octo/shop", Ground("main", scene.pull.base_head, 1), [scene.pull], {CHANGE: scene.proposal}, (), TASKS
    )
    tried = try_changes(
        sight, wanted, scene.ledger, scene.desk, scene.bench, scene.remember, "2026-11-25T10:00:00+00:00"
    )

    assert any("no-such.yml cannot be dispatched" in note for note in tried.notes)


def test_an_artifact_that_cannot_be_read_is_a_run_without_verdicts(scene: Scene) -> None:
    scene.visit()
    (run,) = scene.runs
    scene.world.artifact(run, f"flywheel-trial-{run.inputs['trial']}-1-control", b"no zip at all")
    scene.world.artifact(run, f"flywheel-trial-{run.inputs['trial']}-1-treated", {"results.csv": "task,arm\nx,y\n"})
    finish(run)
    tried = scene.visit()

    assert any("results.csv" in note for note in tried.notes)
    assert [one.event for one in scene.ledger.entries][-1] == "dispatched"
    assert json.loads(scene.ledger.entries[-1].detail)["attempt"] == 2


def test_a_guard_that_disturbs_too_many_passes_is_never_autonomous() -> None:
    """Whatever its record and its trial say (design.md §6)."""
    loud = but(REPLAY, passed_fired=tuple(f"p{n}" for n in range(3)))
    change = but(MODIFICATION, prediction=but(MODIFICATION.prediction, replay=loud))
    quiet, noisy = (judge(one, POLICY, (PROVEN,), stable=True, trial="confirmed") for one in (MODIFICATION, change))
    text = effect_of(Proposal(change, noisy), Evidence({DETECTOR.id: DETECTOR}, {})).body

    assert (quiet.tier, noisy.tier) == ("autonomous", "interactive")
    assert [one.code for one in noisy.reasons if one.allows != "autonomous"] == ["disturbance"]
    assert "in 3% (95 % interval 1% to 8%) of the passing ones" in text
