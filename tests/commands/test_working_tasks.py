"""One arm of one batch, with a real agent (a shell command) in real folders; what it may not see comes first."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bot.commands.making_tasks import Request as Making
from bot.commands.making_tasks import init
from bot.commands.rotating_tasks import rotate
from bot.commands.wiring import shipped_detectors
from bot.commands.working_tasks import Request, shard_of, work
from bot.errors import UserError
from bot.forge.workshop import Workshop, run
from bot.jobs.trialling import TITLE
from bot.model import Entry
from bot.trials import notes, pool, results
from bot.trials.answer import answer
from bot.trials.batches import inputs, trial_id
from bot.trials.design import Wish, designed, veiled
from bot.trials.notes import Batch
from bot.trials.results import Arm
from tests.commands.shop import Shop

SALT, NOW = "0123456789abcdef", "2026-11-25T10:00:00+00:00"
VERIFY = "python3 {tests}"
CAREFUL = """
number=$(sed 's/[^0-9]//g' "$FLYWHEEL_PROMPT")
if grep -q Careful AGENTS.md; then echo "value = $number" > "part$number.py"; fi
echo 0.25 > "$FLYWHEEL_USD"
"""
"""An agent that does its task where the harness tells it to be careful."""


class Scene:
    """A repository with merged pulls, its tasks, and a branch that changes the harness."""

    def __init__(self, folder: Path) -> None:
        self.shop = Shop(folder / "shop")
        self.shop.write({"AGENTS.md": "Work.\n"})
        self.shop.git("commit", "-q", "-m", "Harness")
        for number in range(1, 7):
            self.shop.good(number, f"Set the value to {number}")
        self.control = self.shop.git("rev-parse", "HEAD")
        self.shop.git("checkout", "-q", "-b", "flywheel/x")
        self.shop.write({"AGENTS.md": "Work. Careful.\n"})
        self.shop.git("commit", "-q", "-m", "Careful")
        self.treated = self.shop.git("rev-parse", "HEAD")
        self.shop.git("checkout", "-q", "main")
        self.tasks, self.sealed = folder / "tasks.json", folder / "sealed.json"
        making = Making(VERIFY, self.tasks, self.sealed, guards=2, checks=1, seconds=20.0)
        _, files = init(making, Workshop(self.shop.folder), run, [self.shop.folder], SALT, NOW)
        for path, data in files.items():
            path.write_bytes(data)

    @property
    def pool(self) -> pool.Pool:
        return pool.read(self.tasks.read_bytes(), "tasks.json")

    def request(self, **changed: object) -> Request:
        asked = json.dumps([{"task": task.id, "control": 1, "treated": 2} for task in self.pool.tasks])
        made = Request("treated", self.treated, asked, 0, 0, self.pool.sealed, 1, self.tasks, "", CAREFUL, VERIFY)
        return replace(made, **changed)  # type: ignore[arg-type]

    def work(self, **changed: object) -> tuple[results.Run, ...]:
        told = work(self.request(**changed), Workshop(self.shop.folder), run, lambda _: None)
        return results.read(told.encode(), "results.csv")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_the_agent_sees_the_harness_of_its_arm_and_nothing_of_what_judges_it(scene: Scene, tmp_path: Path) -> None:
    spy = "{ ls -R . ; cat AGENTS.md; git log --oneline | wc -l; git status --short; env; } > "
    spy += f'"{tmp_path}/$FLYWHEEL_TASK" 2>&1'
    runs = scene.work(agent=spy, sealed=scene.sealed.read_text(), arm="control", commit=scene.control)

    assert {one.outcome for one in runs} == {"fail"}
    for one in runs:
        told = (tmp_path / one.task).read_text()
        assert f"test_part{one.task.removeprefix('pull-')}.py" not in told
        assert SALT not in told
        assert "Work.\n1\n" in told
        assert "Careful" not in told


def test_each_arm_is_judged_by_the_hidden_tests(scene: Scene) -> None:
    treated = scene.work()
    control = scene.work(arm="control", commit=scene.control)

    assert [(one.outcome, one.usd, one.arm, one.set) for one in treated] == [("pass", 0.25, "treated", "targeted")] * 8
    assert [(one.outcome, one.arm) for one in control] == [("fail", "control")] * 4
    assert {one.repeat for one in treated} == {"1", "2"}


def test_a_sealed_task_is_called_by_another_name_outside(scene: Scene) -> None:
    hidden = json.loads(scene.sealed.read_text())["tasks"]
    runs = scene.work(work="[]", guards=2, repeats=2, sealed=scene.sealed.read_text())

    assert {one.task for one in runs} == {veiled(name, SALT) for name in hidden}
    assert {(one.set, one.outcome) for one in runs} == {("guard", "pass")}
    assert len(runs) == 4

    asked = json.dumps([{"task": veiled(hidden[0], SALT), "control": 1, "treated": 1}])
    again = scene.work(work=asked, stage=2, sealed=scene.sealed.read_text())
    assert [(one.set, one.stage) for one in again] == [("guard", 2)]


def test_another_list_than_the_registered_one_is_refused(scene: Scene) -> None:
    other = json.dumps({**json.loads(scene.sealed.read_text()), "salt": "another salt that is long"})
    with pytest.raises(UserError, match="not the one that was registered"):
        scene.work(guards=2, repeats=1, sealed=other)
    with pytest.raises(UserError, match="0 are in the sealed list"):
        scene.work(guards=2, repeats=1)
    with pytest.raises(UserError, match="no task of that name"):
        scene.work(work='[{"task": "issue-99999", "control": 1, "treated": 1}]')
    with pytest.raises(UserError, match="no list of tasks"):
        scene.work(work="nonsense")


@pytest.mark.long
def test_what_is_not_the_agents_fault_has_no_verdict(scene: Scene) -> None:
    outcomes = {
        "no agent": scene.work(agent="no-such-agent"),
        "not prepared": scene.work(prepare="exit 3"),
        "tests hang": scene.work(verify="sleep 30; true {tests}", verify_seconds=0.3),
        "time is up": scene.work(agent=f"{CAREFUL}; sleep 30", seconds=1.0, shard=(1, 8)),
        "agent fails": scene.work(agent=f"{CAREFUL}; exit 1", shard=(1, 8)),
    }

    assert {name: {one.outcome for one in runs} for name, runs in outcomes.items()} == {
        "no agent": {"none"},
        "not prepared": {"none"},
        "tests hang": {"none"},
        "time is up": {"pass"},
        "agent fails": {"pass"},
    }


@pytest.mark.long
def test_the_shares_of_an_arm_are_all_of_it_and_none_twice(scene: Scene) -> None:
    shares = [scene.work(shard=(number, 3)) for number in (1, 2, 3)]

    assert sorted((one.task, one.repeat) for share in shares for one in share) == sorted(
        (one.task, one.repeat) for one in scene.work()
    )
    assert (shard_of("2/8"), shard_of("1/1")) == ((2, 8), (1, 1))
    for wrong in ("0/8", "9/8", "x", "1", "-1/2"):
        with pytest.raises(UserError, match="--shard"):
            shard_of(wrong)


def test_a_quarter_rotates_once_a_month_and_what_was_looked_at_twenty_times_at_once(scene: Scene) -> None:
    def looked(count: int) -> list[Entry]:
        entries = []
        for number in range(count):
            made = designed(Wish(f"c{number}", ("other",), "a" * 40, "b" * 40, "s"), scene.pool.sealed, 2)
            batch = Batch(trial_id(made), 1, guards=2, repeats=1)
            for event, what in (("registered", made), ("dispatched", batch)):
                entries.append(Entry(NOW, event, "o/r", f"c{number}", "d", "r", detail=notes.written(what)))
        return entries

    before = json.loads(scene.sealed.read_text())["tasks"]
    record, files = rotate(scene.tasks, scene.sealed, [], "2026-12-02T00:00:00+00:00")
    after = json.loads(files[scene.sealed])

    assert (len(record["retired"]), record["guards"]) == (1, 2)
    assert set(record["retired"]) < set(before)
    assert set(record["retired"]) <= {task.id for task in pool.read(files[scene.tasks], "t").tasks}
    assert pool.read(files[scene.tasks], "t").sealed != scene.pool.sealed
    assert not set(record["retired"]) & set(after["tasks"])

    spent, _ = rotate(scene.tasks, scene.sealed, looked(20), "2026-11-26T00:00:00+00:00")
    fresh, _ = rotate(scene.tasks, scene.sealed, looked(19), "2026-12-02T00:00:00+00:00")
    assert sorted(spent["retired"]) == sorted(before)
    assert len(fresh["retired"]) == 1

    for path, data in files.items():
        path.write_bytes(data)
    assert rotate(scene.tasks, scene.sealed, [], "2026-12-20T00:00:00+00:00")[1] == {}


FAILS = """
cat "$FLYWHEEL_PROMPT" > /dev/null
mkdir -p "$FLYWHEEL_TRANSCRIPTS/projects/x"
if grep -q Careful AGENTS.md; then cp QUIET "$FLYWHEEL_TRANSCRIPTS/projects/x/s.jsonl"
else cp LOUD "$FLYWHEEL_TRANSCRIPTS/projects/x/s.jsonl"; fi
"""
"""An agent that solves nothing, and fails three times in a row unless it is told to be careful."""


def session(fails: int) -> str:
    """A Claude Code session with so many failing commands in a row."""
    base = {"sessionId": "s", "cwd": "/work/app", "version": "2.0.1", "isSidechain": False}
    lines = [{**base, "type": "user", "uuid": "u", "message": {"role": "user", "content": "Fix it"}}]
    for n in range(fails):
        call = {"type": "tool_use", "id": f"t{n}", "name": "Bash", "input": {"command": f"make part{n}"}}
        said = {"type": "tool_result", "tool_use_id": f"t{n}", "is_error": True, "content": "make: no rule"}
        message = {"id": f"m{n}", "role": "assistant", "model": "claude-x", "content": [call]}
        lines.append({**base, "type": "assistant", "uuid": f"a{n}", "message": message})
        lines.append({**base, "type": "user", "uuid": f"r{n}", "message": {"role": "user", "content": [said]}})
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_a_pattern_that_vanishes_and_cures_nobody_is_cosmetic_by_what_the_transcripts_tell(
    scene: Scene, tmp_path: Path
) -> None:
    for name, fails in (("quiet", 1), ("loud", 3)):
        (tmp_path / name).write_text(session(fails))
    agent = FAILS.replace("QUIET", str(tmp_path / "quiet")).replace("LOUD", str(tmp_path / "loud"))
    (detector,) = [one for one in shipped_detectors() if one.id == "fails-in-a-row"]
    asked = json.dumps([{"task": task.id, "control": 3, "treated": 3} for task in scene.pool.tasks])
    unseen = scene.work(work=asked, agent=agent, shard=(1, 12))
    nothing_left = scene.work(work=asked, detector=detector, shard=(1, 12))
    treated = scene.work(work=asked, agent=agent, detector=detector)
    control = scene.work(work=asked, agent=agent, detector=detector, arm="control", commit=scene.control)
    said = answer([*control, *treated])

    assert {one.recurred for one in (*unseen, *nothing_left)} == {None}
    assert {one.recurred for one in control} == {True}
    assert {one.recurred for one in treated} == {False}
    assert (said.result, said.targeted.delta) == ("cosmetic", 0.0)


@pytest.mark.parametrize("arm", ["control", "treated"])
def test_a_change_that_speaks_of_a_sealed_task_is_refused_before_any_agent_runs(
    scene: Scene, tmp_path: Path, arm: Arm
) -> None:
    """In a name, or in seven words of the text; the open tasks and other words are free, and the log names nothing."""
    sealed = json.loads(scene.sealed.read_text())
    sealed["details"][0]["prompt"] = "Whenever a parcel is sent twice its price must not be counted again."
    name = sealed["tasks"][1]
    texts = {
        "A parcel sent twice has one price.": False,
        f"Do it as in {scene.pool.tasks[0].id}.": False,
        f"Do it as in {name}.": True,
        "Careful: a parcel is sent twice; its price must differ.": True,
    }
    scene.shop.git("checkout", "-q", "flywheel/x")
    ran = tmp_path / "ran"
    for text, refused in texts.items():
        scene.shop.write({"AGENTS.md": f"Work.\n{text}\n"})
        scene.shop.git("commit", "-q", "-m", "Change")
        both = (scene.control, scene.shop.git("rev-parse", "HEAD"))
        own, other = both if arm == "control" else both[::-1]
        said: list[str] = []
        asked = scene.request(
            arm=arm, commit=own, against=other, sealed=json.dumps(sealed), agent=f"touch {ran}", shard=(1, 4)
        )
        told = results.read(work(asked, Workshop(scene.shop.folder), run, said.append).encode(), "results.csv")

        assert {one.refused for one in told} == {refused}, text
        assert ran.exists() != refused
        assert name not in "".join(said)
        ran.unlink(missing_ok=True)

    unseen = results.read(
        work(replace(asked, sealed=""), Workshop(scene.shop.folder), run, said.append).encode(), "results.csv"
    )
    assert {one.refused for one in unseen} == {False}  # nobody can look without the list


ROOT = Path(__file__).resolve().parents[2]
REUSABLE = yaml.safe_load((ROOT / ".github/workflows/trial.yml").read_text())
EXAMPLE = yaml.safe_load((ROOT / "examples/workflows/flywheel-trial.yml").read_text())


def test_the_shipped_workflow_is_told_what_is_dispatched_and_passes_it_on() -> None:
    made = designed(Wish("c", ("t",), "a" * 40, "b" * 40, "s"))
    told = [name for name, _ in inputs(made, Batch(trial_id(made), 1), "d")]
    dispatched, called = EXAMPLE[True]["workflow_dispatch"]["inputs"], REUSABLE[True]["workflow_call"]["inputs"]
    passed = EXAMPLE["jobs"]["trial"]["with"]

    assert sorted(dispatched) == sorted(told)
    assert set(told) <= set(passed) <= set(called)
    assert {name for name, one in called.items() if one.get("required")} <= set(passed)
    assert set(EXAMPLE["jobs"]["trial"]["secrets"]) == set(REUSABLE[True]["workflow_call"]["secrets"])
    assert EXAMPLE["run-name"] == f"{TITLE}${{{{ inputs.trial }}}}"


def test_the_step_of_the_shipped_workflow_runs_an_arm(scene: Scene, tmp_path: Path) -> None:
    (step,) = [one for one in REUSABLE["jobs"]["arm"]["steps"] if one["name"].startswith("Run this share")]
    asked = scene.request()
    python = tmp_path / "runner/flywheel/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nshift\nexec "{sys.executable}" "$@"\n')  # -I would not find the checkout
    python.chmod(0o755)
    values = {
        "ARM": "treated",
        "SHARE": "2",
        "JOBS": "4",
        "COMMIT": asked.commit,
        "WORK": asked.work,
        "GUARDS": "2",
        "REPEATS": "1",
        "SEAL": asked.seal,
        "STAGE": "1",
        "AGAINST": "",
        "DETECTOR": "",
        "TASKS": str(asked.tasks),
        "AGENT": asked.agent,
        "VERIFY": asked.verify,
        "PREPARE": "",
        "SECONDS_EACH": "30",
        "FLYWHEEL_SEALED": scene.sealed.read_text(),
    }
    assert {*values, "ANTHROPIC_API_KEY"} == set(step["env"])
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", step["run"]],
        cwd=scene.shop.folder,
        env={**os.environ, **values, "RUNNER_TEMP": str(tmp_path / "runner"), "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )
    runs = results.read((tmp_path / "runner/results/results.csv").read_bytes(), "results.csv")

    assert len(runs) == 5  # the second half of eight targeted runs and two sealed ones
    assert {one.outcome for one in runs} == {"pass"}
    assert sum(one.set == "guard" for one in runs) == 1
