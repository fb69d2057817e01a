"""Bundles that carry other runs, a closing or a patch, from their bytes to the gate and to the integrity signals."""

import json
from pathlib import Path

from bot.model import Episode
from bot.signals.collect import collect
from bot.traces.gate import gate, recall
from bot.traces.integrity import integrity

RED = """<testsuite tests="2" failures="1">
<testcase classname="tests.test_mail" name="test_sends"><failure message="x"/></testcase>
<testcase classname="tests.test_mail" name="test_parses"/>
</testsuite>"""
GREEN = '<testsuite tests="1"><testcase classname="tests.test_mail" name="test_sends"/></testsuite>'
PATCH = """diff --git a/tests/test_mail.py b/tests/test_mail.py
--- a/tests/test_mail.py
+++ b/tests/test_mail.py
@@ -1,2 +1,3 @@
+@pytest.mark.skip
 def test_sends():
     assert send()
"""


def bundle(folder: Path, manifest: dict[str, object], **files: str) -> Episode:
    whole = {
        "flywheel_bundle": 1, "repository": "o/r", "pull": 3, "head_sha": "a" * 40, "base_sha": "b" * 40,
        "run": {"id": 1, "workflow": "ci"}, **manifest,
    }  # fmt: skip
    for name, text in {"manifest.json": json.dumps(whole), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    [episode] = collect([folder])
    return episode


def code(episode: Episode) -> str:
    found = gate(episode, recall([episode]))
    return found.code if found else ""


def test_the_report_of_another_run_is_not_the_episodes_own(tmp_path):
    witness = {"kind": "base", "reports": ["witnesses/base/junit.xml"]}
    episode = bundle(
        tmp_path, {"witnesses": [witness]}, **{"reports/junit.xml": GREEN, "witnesses/base/junit.xml": RED}
    )

    assert (episode.outcome, len(episode.reports), code(episode)) == ("pass", 1, "")


def test_a_red_base_in_the_bundle_excuses(tmp_path):
    witness = {"kind": "base", "sha": "b" * 40, "reports": ["witnesses/base/junit.xml"]}
    files = {"reports/junit.xml": RED, "witnesses/base/junit.xml": RED}

    assert code(bundle(tmp_path / "with", {"witnesses": [witness]}, **files)) == "X6 base-broken"
    assert code(bundle(tmp_path / "without", {}, **files)) == ""


def test_a_green_attempt_in_the_bundle_excuses(tmp_path):
    witness = {"kind": "attempt", "run": {"id": 1, "attempt": 2}, "reports": ["witnesses/2/junit.xml"]}
    files = {"reports/junit.xml": RED, "witnesses/2/junit.xml": GREEN}

    assert code(bundle(tmp_path, {"witnesses": [witness]}, **files)) == "X5 flaky-rerun"


def test_a_closing_excuses_only_what_nothing_else_shows(tmp_path):
    closing = {"outcome": "fail", "closure": {"reason": "superseded by #4", "by_bot": True}}

    assert code(bundle(tmp_path / "bare", closing, **{"reports/junit.xml": GREEN})) == "X8 workflow-closure"
    assert code(bundle(tmp_path / "red", closing, **{"reports/junit.xml": RED})) == ""


def test_a_patch_in_the_bundle_shows_a_weakened_test(tmp_path):
    episode = bundle(tmp_path, {}, **{"reports/junit.xml": GREEN, "change.patch": PATCH})

    signals = integrity(episode, lambda path: Path(path).read_bytes())

    assert [signal.code for signal in signals] == ["I1 weakened-test"]
