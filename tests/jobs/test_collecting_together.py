"""From heads on GitHub to a turn: what was collected is read by whoever reads bundles."""

import json
from pathlib import Path

import pytest

from bot.jobs.heads import finished_heads
from bot.signals.collect import collect
from tests.cli import flywheel
from tests.jobs.collecting_world import RED, Case, ann, bundle, case, github, head, shop, transcript, world

__all__ = ["ann", "case", "github", "shop", "world"]


def test_a_look_collects_what_a_turn_reads(case: Case, tmp_path: Path) -> None:
    failed, passed, neither = (case.pull(by="claude[bot]") for _ in range(3))
    for at, (pull, conclusion) in enumerate(((failed, "failure"), (passed, "success"), (neither, "success"))):
        files = bundle(head(pull), files={"transcripts/a.jsonl": transcript(f"s{at}")})
        files |= {"reports/junit.xml": RED} if conclusion == "failure" else {}
        made = case.world.run(
            case.shop, head(pull), created=case.at(at), conclusion=conclusion, artifacts={"flywheel-bundle": files}
        )
        assert made.conclusion == conclusion
    case.ann.get_repo("octo/shop").get_pull(neither.number).edit(state="closed")
    source = case.source()

    looked = finished_heads(source, case.at(-1))
    done = {one.sha: case.collect(one.sha, source) for one in looked.heads}

    assert {head(failed): "fail", head(passed): "pass", head(neither): "none"} == {
        sha: one.outcome for sha, one in done.items()
    }
    assert {head(failed): ("fail", "T1", "bundle"), head(passed): ("pass", "T1", "bundle"), head(neither): (
        "none", "T1", "bundle")} == {
        one.head_sha: (one.outcome, one.trust, one.joined) for one in collect([case.store])
    }  # fmt: skip
    again = finished_heads(case.source(), looked.until)
    assert {"unchanged"} == {case.collect(one.sha).status for one in again.heads}


@pytest.mark.parametrize("below", ["", "octo", "octo/shop"])
def test_flywheel_run_reads_the_store(below: str, case: Case, tmp_path: Path) -> None:
    pulls = [case.pull(by="claude[bot]") for _ in range(2)]
    for number, pull in enumerate(pulls):
        files = bundle(head(pull), files={"transcripts/a.jsonl": transcript(f"s{number}")})
        case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": {**files, "reports/junit.xml": RED}})
        case.collect(head(pull))

    done = flywheel("run", case.store / below, "--out", tmp_path / "out", "--json", cwd=tmp_path)

    told = json.loads(done.stdout)
    assert 2 == told["episodes"]
    assert [] == [one for one in told.get("warnings", []) if "left alone" in one]
