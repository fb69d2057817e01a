"""Every shipped rule on files that real agents and CI runs wrote: one in which it fires, one in which it is silent.

A rule that no shared file shows says so on its page, so that nobody takes its cases for experience.
"""

from functools import cache
from pathlib import Path

import pytest

from bot.model import Episode
from bot.signals import reports, transcripts
from bot.signals.changed import changed
from bot.traces import detectors
from bot.traces.analyse import analyse

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
RULES = {
    rule.id: rule
    for rule in detectors.load(
        {str(path): path.read_text() for path in sorted((ROOT / "rules").glob("detectors/*/*.yml"))}
    )
}
NOT_SEEN = "No shared file shows it."
CALM = "transcripts/claude-code-session/entireio+cli__5a_c45bc32212_0.jsonl"
OPENHANDS = "transcripts/openhands-v0/evaluation__benchmarks__multi_swe_bench__examples__output.jsonl"
TAU = "transcripts/tau-bench/historical_trajectories__gpt-4o-airline.json"
FIRES = {
    "claims-without-evidence": "transcripts/claude-code-session/entireio+cli__5c_1039ad85f4_0.jsonl",
    "command-times-out": "transcripts/openhands-v0/demo1.json",
    "compacts-repeatedly": "transcripts/codex-rollout/EntityProcess+agentv__0b_9f2ac6f3aa_3.jsonl",
    "drowns-in-output": "transcripts/claude-code-session/entireio+cli__b8_7290028c1b_0.jsonl",
    "ends-hedged": TAU,
    "errs-in-a-row": OPENHANDS,
    "explores-too-long": OPENHANDS,
    "fails-edit-after-edit": OPENHANDS,
    "fails-in-a-row": OPENHANDS,
    "finishes-on-red": "transcripts/codex-rollout/savekirk+session-bridge__f6_4d6f38e0ad_1.jsonl",
    "finishes-unverified": "transcripts/claude-code-session/entireio+cli__5c_1039ad85f4_0.jsonl",
    "first-red-is-build": "ci/gha-logs/BugSwarm+bugswarm/tests/analyzer/github_data/gradle/7801445827-orig.log",
    "guesses-paths": "transcripts/codex-rollout/savekirk+session-bridge__27_787ded68f8_0.jsonl",
    "lacks-a-tool": OPENHANDS,
    "meets-refusals": "transcripts/claude-code-session/entireio+cli__26_2cf8fa0634_0.jsonl",
    "meets-same-error-again": TAU,
    "never-runs-a-test": "transcripts/claude-code-session/entireio+cli__5c_1039ad85f4_0.jsonl",
    "reaches-limit": TAU,
    "repeats-one-call": "transcripts/codex-rollout/EntityProcess+agentv__0b_9f2ac6f3aa_3.jsonl",
    "sprawls": "transcripts/codex-rollout/savekirk+session-bridge__27_787ded68f8_0.jsonl",
    "stops-after-failed-command": "transcripts/swe-agent/trajectories__demonstrations__ctf__crypto__katy.traj",
    "tests-only-narrowly": "transcripts/claude-code-session/entireio+cli__ac_3f02a3c337_0.jsonl",
    "touches-no-existing-source": "transcripts/claude-code-fixtures/test__test_data__edge_cases.jsonl",
}
"""A rule and a file in which it fires."""


@cache
def fired(file: str) -> frozenset[str]:
    """The rules that fire in a shared file: in any of its runs, or in the run that a report is of."""
    path = DATA / file
    if not path.exists():
        pytest.skip(f"{path} is not here")
    if file.startswith("ci/"):
        read = reports.read(path.read_bytes(), file)
        seen = [Episode(file, "o/r", read.outcome, signals=read.signals)]
    else:
        with path.open("rb") as stream:
            traces = transcripts.read(stream, file)
        seen = [
            Episode(f"{file}#{at}", "o/r", trace.outcome, trace, diff=changed(trace)) for at, trace in enumerate(traces)
        ]
    return frozenset(finding.detector for episode in seen for finding in analyse(episode, tuple(RULES.values())))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_silent_in_a_real_session_in_which_all_went_well(rule):
    assert rule not in fired(CALM)


@pytest.mark.parametrize("rule", FIRES)
def test_a_rule_fires_in_a_real_file(rule):
    assert rule in fired(FIRES[rule])


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_fires_in_a_real_file_or_says_that_none_shows_it(rule):
    assert (rule in FIRES) != (NOT_SEEN in RULES[rule].measured.data)
