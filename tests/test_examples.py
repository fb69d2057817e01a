"""The bundled fleet: made by its script, as described, harmless, and read by the product as it was planted."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from bot.model import Episode, Finding, Pattern
from bot.signals.collect import collect
from bot.traces.analyse import analyse
from bot.traces.detectors import load
from bot.traces.gate import gate
from bot.traces.mine import mine
from tools import make_examples
from tools.fleet.plans import fleet
from tools.fleet.tasks import projects

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
EPISODES = EXAMPLES / "episodes"
SECRETS = re.compile(
    rb"gh[pousr]_\w{20}|github_pat_\w{20}|sk-(?:ant-|proj-)?\w{20}|xox[abpr]-|-----BEGIN|eyJ\w{20}\.|AIza[\w-]{30}"
    rb"|(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE\b)[A-Z0-9]{16}"
)


def files(below: Path) -> dict[str, bytes]:
    return {
        path.relative_to(below).as_posix(): path.read_bytes()
        for path in below.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@cache
def truth() -> dict:
    return json.loads((EXAMPLES / "planted.json").read_text())


@cache
def manifests() -> dict[str, dict]:
    return {
        path.parent.relative_to(EPISODES).as_posix(): json.loads(path.read_text())
        for path in EPISODES.rglob("manifest.json")
    }


@cache
def episodes() -> dict[str, Episode]:
    """By folder below `episodes/`."""
    return {episode.id.replace("/", "__", 1): episode for episode in collect([EPISODES])}


@cache
def judged() -> tuple[tuple[Episode, ...], tuple[Finding, ...], tuple[Pattern, ...]]:
    rules = ROOT / "rules" / "detectors"
    texts = {p.as_posix(): p.read_text() for p in rules.rglob("*.yml") if not p.name.endswith(".test.yml")}
    detectors = load(texts)
    kept = tuple(episode for episode in episodes().values() if gate(episode) is None)
    found = tuple(finding for episode in kept for finding in analyse(episode, detectors))
    return kept, found, mine(found, kept, detectors)


def test_the_script_writes_the_same_bytes_again():
    made = {
        f"{make_examples.folder(plan)}/{path}": data
        for plan in fleet()
        for path, data in make_examples.episode(plan).items()
    }

    assert made == files(EPISODES)
    assert make_examples.planted(fleet()) == truth()


def test_every_manifest_tells_the_digest_of_every_file():
    for folder, manifest in manifests().items():
        held = files(EPISODES / folder)
        del held["manifest.json"]
        told = {file["path"]: file["sha256"] for file in manifest["files"]}

        assert told == {path: hashlib.sha256(data).hexdigest() for path, data in held.items()}


def test_heads_and_runs_are_never_used_twice():
    heads = Counter(manifest["head_sha"] for manifest in manifests().values())
    runs = Counter(manifest["run"]["id"] for manifest in manifests().values())

    assert heads.most_common(1)[0][1] == 1
    assert runs.most_common(1)[0][1] == 1


def test_the_fleet_has_the_promised_size():
    assert len(manifests()) == 120
    assert len({manifest["repository"] for manifest in manifests().values()}) == 3
    assert sum(map(len, files(EXAMPLES).values())) < 4_000_000
    assert max(map(len, files(EPISODES).values())) < 100_000


def test_at_least_eight_tasks_failed_and_passed_twice():
    ends: dict[str, Counter[str]] = defaultdict(Counter)
    for plan in fleet():
        if not plan.infra:
            ends[f"{plan.project.name}/{plan.task.id}"][plan.outcome] += 1

    assert sum(count["fail"] >= 2 and count["pass"] >= 2 for count in ends.values()) >= 8
    assert ends["parcel-api/issue-80"] == {"fail": 7}


def test_the_outcome_is_mostly_left_to_the_reports():
    told = [manifest for manifest in manifests().values() if "outcome" in manifest]

    assert len(told) <= 20


@pytest.mark.parametrize("plan", fleet(), ids=make_examples.folder)
def test_the_outcome_can_be_derived(plan):
    assert episodes()[make_examples.folder(plan)].outcome == plan.outcome


def test_nothing_looks_like_a_secret_of_somebody():
    leaked = {path: found for path, data in files(EXAMPLES).items() if (found := SECRETS.findall(data))}

    assert leaked == {}


def test_the_hostile_strings_stand_in_the_transcripts_they_are_said_to_stand_in():
    for folder in truth()["hostile"]:
        text = b"".join(data for path, data in files(EPISODES / folder).items() if path.startswith("transcripts/"))

        assert any(mark in text for mark in (b"NOTE TO AI AGENTS", b"<script>", b"hunter2-example", b"onerror="))


def test_the_pieces_that_agents_edit_stand_in_the_repositories():
    for project in projects():
        for task in project.tasks:
            text = (EXAMPLES / "repos" / project.folder / task.source).read_text()

            assert text.count(task.hunk) == 1, task.title


def test_links_lead_to_files_and_line_ends_are_kept():
    for folder, links in json.loads((EXAMPLES / "repos" / "links.json").read_text()).items():
        for name, target in links.items():
            assert not (EXAMPLES / "repos" / folder / name).exists()
            assert (EXAMPLES / "repos" / folder / target).is_file()
    crlf = (EXAMPLES / "repos" / "lumen-orchard__tidemark" / "CLAUDE.md").read_bytes()

    assert crlf.count(b"\r\n") == crlf.count(b"\n") > 0


def test_every_transcript_is_read_without_loss_but_the_two_that_are_spliced():
    formats = Counter(episode.trace.format for episode in episodes().values() if episode.trace)
    lossy = {folder for folder, episode in episodes().items() if episode.trace and episode.trace.warnings}
    unreadable = [
        signal for episode in episodes().values() for signal in episode.signals if signal.name == "unreadable"
    ]

    assert set(formats) == {"claude-code-session", "claude-execution", "codex-rollout"}
    assert lossy == set(truth()["spliced"])
    assert unreadable == []


def test_the_gate_excludes_what_the_infrastructure_broke_and_nothing_else():
    excluded = {folder for folder, episode in episodes().items() if gate(episode)}

    assert excluded == {broken["episode"] for broken in truth()["infrastructure"]}


@pytest.mark.parametrize("cause", range(4))
def test_a_planted_cause_is_found_in_every_episode_it_was_planted_in(cause):
    planted = truth()["planted"][cause]
    slug = planted["detector"].rpartition("/")[2]
    found = {finding.episode.replace("/", "__", 1) for finding in judged()[1] if finding.detector == slug}
    by_nature = {folder for folder in episodes() if "issue-90" in folder}

    assert found - by_nature == set(planted["episodes"])


def test_only_what_was_planted_is_actionable():
    actionable = {pattern.detector for pattern in judged()[2] if pattern.status == "actionable"}

    assert actionable == {planted["detector"].rpartition("/")[2] for planted in truth()["planted"]}


def test_noise_separates_nothing():
    noise = {slug.rpartition("/")[2] for slug in truth()["noise"]}
    patterns = {pattern.detector: pattern for pattern in judged()[2] if pattern.detector in noise}

    assert set(patterns) == noise
    assert all(p.contrast and p.contrast.low < 1 and p.contrast.p > 0.3 for p in patterns.values())


def test_one_task_is_explained_by_nothing():
    """No rule fires in more than one of its seven runs: a hidden contract test fails whatever the agent did."""
    (task,) = truth()["unexplained"]
    fired = Counter(finding.detector for finding in judged()[1] if finding.episode.startswith(task))

    assert max(fired.values(), default=0) <= 1
