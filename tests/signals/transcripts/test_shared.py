"""The collected real transcripts: the right format, no crash, the counts made by hand, every quote in its place."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.model import Trace
from bot.signals import transcripts

OURS = {form.name for form in transcripts.FORMATS}


def runs(path: Path) -> list[Trace]:
    with path.open("rb") as stream:
        return transcripts.read(stream, path.name)


def test_every_file_has_the_format_of_the_manifest(shared: Path, manifest: list[dict[str, str]]) -> None:
    wrong = []
    for row in manifest:
        head = (shared / row["path"]).read_bytes()
        expected = row["expect"] if row["expect"] in OURS else "unknown"
        found = {transcripts.sniff(head[: 1 << 16], row["path"]), transcripts.sniff(head[:4_096], row["path"])}
        if row["expect"] and found != {expected}:
            wrong.append((row["path"], expected, found))

    assert wrong == []


def test_every_file_is_read_or_refused_and_every_quote_stands(
    shared: Path, manifest: list[dict[str, str]], misquoted: Callable[[bytes, Trace], list[str]]
) -> None:
    wrong = []
    steps = 0
    for row in manifest:
        data = (shared / row["path"]).read_bytes()
        try:
            found = transcripts.read(io.BytesIO(data), row["path"])
        except UserError:
            continue
        steps += sum(len(trace.steps) for trace in found)
        wrong += [(row["path"], quote) for trace in found for quote in misquoted(data, trace)]

    assert wrong == []
    assert steps > 6_000


# Counted with a script of its own (distinct ids by json.loads, no code of ours), and by looking at the files' ends:
# steps, calls, errors, end reason. A file of several runs: sums, and the end of the first run.
BY_HAND = {
    "claude-code-session/entireio+cli__23_73a92c6c40_0.jsonl": (54, 66, 2, "finished"),
    "claude-code-session/entireio+cli__5a_c45bc32212_0.jsonl": (
        58,
        55,
        2,
        "finished",
    ),  # a spliced line, one <synthetic>
    "claude-code-session/entireio+cli__4c_02af2759b6_0.jsonl": (1, 1, 0, "killed"),  # ends with a call
    "claude-code-session/shunkakinoki+dotfiles__0f_0902766951_0.jsonl": (54, 67, 5, "aborted"),  # and one refusal
    "claude-action-execution/test__fixtures__sample-turns.json": (4, 3, 0, "finished"),
    "claude-action-execution/lib__test__fixtures__exec-shape-full-jsonl.json": (2, 1, 0, "finished"),
    "codex-rollout/savekirk+session-bridge__06_e6d229b394_0.jsonl": (37, 61, 4, "finished"),
    "codex-rollout/EntityProcess+agentv__0b_9f2ac6f3aa_3.jsonl": (216, 362, 9, "finished"),  # two compactions
    "codex-rollout/entireio+skills__01_da544acf74_0.jsonl": (2, 2, 0, "aborted"),
    "copilot-cli/EntityProcess+agentv__d8_8be769afd1_0.jsonl": (56, 61, 2, "finished"),
    "copilot-cli/EntityProcess+agentv__4f_8edb57e3d1_0.jsonl": (1, 0, 0, "finished"),  # an empty answer
    "gemini-cli/savekirk+session-bridge__e9_4f17cdc65d_0.json": (38, 40, 0, "finished"),  # one refusal, one abort
    "claude-code-session/entireio+cli__ab_2b9748b105_0.json": (11, 9, 0, "finished"),  # a Gemini session
    "opencode/savekirk+session-bridge__13_dddd416599_0.json": (68, 72, 4, "finished"),  # and a compaction's summary
    "opencode/savekirk+session-bridge__29_dbfeaf9083_0.json": (3, 14, 0, "finished"),
    "tau-bench/historical_trajectories__gpt-4o-airline.json": (2454, 1164, 73, "finished"),
    "tau-bench/few_shot_data__MockRetailDomainEnv-few_shot.jsonl": (943, 479, 33, "finished"),
}


@pytest.mark.parametrize(("name", "counted"), BY_HAND.items(), ids=[name.rsplit("/", 1)[1][:40] for name in BY_HAND])
def test_the_counts_made_by_hand(shared: Path, name: str, counted: tuple[int, int, int, str]) -> None:
    found = runs(shared / name)
    steps = [step for trace in found for step in trace.steps]
    calls = [call for step in steps for call in step.calls]

    assert (len(steps), len(calls), sum(call.status == "error" for call in calls), found[0].end_reason) == counted


def test_the_airline_runs_are_labelled(shared: Path) -> None:
    found = runs(shared / "tau-bench/historical_trajectories__gpt-4o-airline.json")

    assert (len(found), sum(trace.outcome == "pass" for trace in found), len({trace.task for trace in found})) == (
        200,
        84,
        50,
    )
    assert sum(trace.end_reason == "limit" for trace in found) == 5
