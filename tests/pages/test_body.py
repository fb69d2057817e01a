"""What a maintainer reads: short, in order, with nothing of a transcript alive in it."""

import dataclasses
import re

from bot.model import Decision, Detector, Episode, Pin, Proposal, Reason, Turn, replace
from bot.pages import body

PULL = """\
**The agent edits one file again and again while the same tests fail**: seen in 14 of 40 failed runs and 3 of 62 \
passing runs, on 4 tasks in 2 repositories.

Compared among failed and passed runs of the same task (6 groups with both outcomes), a failed run has 18.4 times the \
odds of a passing one to show it (95 % interval from 4.10 to 92.0).

### What this changes

- `.claude/hooks/flywheel-loop-guard.py`: 4 lines added, none removed
- `.claude/settings.json`: 1 line added, 1 removed
- Claude Code reads AGENTS.md since 2.1.277.

### What to expect: unverified

It would have met 9 failed runs of this repository in time, and disturbed 1 passing run: a replay of the very code \
that is installed, over all 40 failed and 62 passing runs.
Back-test: the guard speaks in 22% (95 % interval 12% to 38%) of the failed runs and in 2% (95 % interval 0% to 9%) \
of the passing ones.
Made on one half of the tasks and scored on the other (41 runs): precision 0.71 and recall 0.64; always saying yes has \
precision 0.48.
This is a prediction: no held-out trial of the change has been run.

### Runs of yours that it would have changed

- `octo/shop/issue-0/run-4`, step 7
  `…/run-4/transcripts/session.jsonl:44`: `FAILED tests/test_cart.py::test_total - assert 12 == 11`
- `octo/shop/issue-1/run-1`, step 4
  `…/run-1/transcripts/session.jsonl:41`: `` @octo/team <img src=x onerror=alert(1)> Fixes #1 \
`code` | [a](http://evil.test) red txt ``
- `octo/shop/issue-2/run-2`, step 5
  `…/run-2/transcripts/session.jsonl:42`: `FAILED tests/test_cart.py::test_total - assert 12 == 11`

### Check it, switch it off, undo it

- Back-test: `flywheel backtest loop-guard runs/`
- Cost: under 1 ms a call to decide, and one start of Python (about 10–30 ms) a call. No tokens while it is silent.
- Switch off: set `FLYWHEEL_LOOP_GUARD=off` in the agent's environment.
- Undo: `flywheel undo 0123456789ab`; after a merge, revert the commit: it is exact, byte for byte.
- Not wanted: `flywheel dismiss 0123456789ab --reason WHY`; it stays away until the failures double.

<details><summary>Why interactive</summary>

The tier is the most careful one that any of these demands.

| asked | allows at most | seen |
|---|---|---|
| paths | interactive | security-sensitive: .claude/settings.json |
| measured | interactive | replayed over 62 passing episodes \\| or so |
| lift | autonomous | odds ratio 18.40 \\[4.10, 92.00\\] |

</details>

<details><summary>What was left out</summary>

- `X1 never-started` The agent never started: 1 run; yours: `octo/shop/issue-9/run-1`
- `X3 provider-error` The model's provider failed: 1 run

</details>

<details><summary>What this rule cannot see, and where it comes from</summary>

- Generated files are no edits.
- Elsewhere it fired in 21% of failures and 6% of passes: tau-bench airline, 200 runs.
- Source: <https://arxiv.org/abs/2511.00197>

</details>
"""

COMMIT = """\
Add loop guard against edits-without-progress

The agent edits one file again and again while the same tests fail.
Seen in 14 of 40 failed runs and 3 of 62 passing runs.

Flywheel-Change: 0123456789ab.deadbeef
Flywheel-Detector: edits-without-progress
Flywheel-Tier: interactive
Flywheel-Fixes: 9
Flywheel-Risks: 1
"""


def context(turn: Turn, detector: Detector, episodes: dict[str, Episode]) -> body.Context:
    return body.Context(detector, episodes, turn.excluded, "runs/")


def test_the_body_of_a_pull(
    turn: Turn, guard: Proposal, detectors: dict[str, Detector], episodes: dict[str, Episode]
) -> None:
    assert body.pull_body(guard, context(turn, detectors["edits-without-progress"], episodes)) == PULL


def test_the_commit_message(guard: Proposal) -> None:
    assert body.commit_message(guard) == COMMIT


def test_an_issue_holds_the_draft_and_says_what_keeps_it_back(
    turn: Turn, prose: Proposal, detectors: dict[str, Detector], episodes: dict[str, Episode]
) -> None:
    text = body.issue_body(prose, context(turn, detectors["command-times-out"], episodes))

    assert "What keeps it back: measured (replayed over 62 passing episodes \\| or so)." in text
    assert (
        "```diff\ndiff --git a/AGENTS.md b/AGENTS.md\n--- a/AGENTS.md\n+++ b/AGENTS.md\n@@ -1 +1,4 @@\n # Shop\n+\n"
        "+<!-- flywheel:begin command-times-out ba9876543210 -->\n+Give long.\n```\n"
    ) in text
    assert "the odds ratio is infinite in this sample; its 95 % interval begins at 2.30." in text
    assert "`flywheel:begin command-times-out ba9876543210` to `flywheel:end command-times-out`" in text


def test_prose_is_never_said_to_have_been_replayed(
    turn: Turn, guard: Proposal, prose: Proposal, detectors: dict[str, Detector], episodes: dict[str, Episode]
) -> None:
    counted = replace(prose.modification, prediction=guard.modification.prediction)
    text = body.pull_body(replace(prose, modification=counted), context(turn, detectors["command-times-out"], episodes))

    assert "code that is installed" not in text
    assert "where the rule fires, over all 40 failed and 62 passing runs. Prose cannot be replayed." in text


def test_nothing_of_another_repository_is_quoted(
    turn: Turn, guard: Proposal, prose: Proposal, detectors: dict[str, Detector], episodes: dict[str, Episode]
) -> None:
    for proposal in (guard, prose):
        own = context(turn, detectors[proposal.modification.detector], episodes)
        for text in (body.pull_body(proposal, own), body.issue_body(proposal, own)):
            assert "octo/till" not in text
            assert "a secret place" not in text


def test_no_text_says_that_a_change_improves_anything(
    turn: Turn, guard: Proposal, prose: Proposal, detectors: dict[str, Detector], episodes: dict[str, Episode]
) -> None:
    own = context(turn, detectors["edits-without-progress"], episodes)

    assert not re.search("improve|better", body.pull_body(guard, own) + body.issue_body(prose, own))


def test_hostile_text_in_every_field_stays_dead(
    turn: Turn, guard: Proposal, detectors: dict[str, Detector], episodes: dict[str, Episode], hostile: str
) -> None:
    change = replace(guard.modification, title=hostile, notes=(hostile,))
    reasons = tuple(replace(reason, seen=hostile) for reason in guard.decision.reasons)
    proposal = replace(guard, modification=change, decision=replace(guard.decision, reasons=reasons))
    detector = replace(
        detectors["edits-without-progress"], blind_spots=(hostile,), sources=(f"https://x.test/{hostile}",)
    )

    text = body.pull_body(proposal, context(turn, detector, episodes))
    outside = re.sub(r"(`+) ?.+? ?\1(?!`)", "", text)

    assert "@octo" not in outside
    assert "<img" not in outside
    assert "#1" not in outside
    assert not re.search(r"(?<!\\)\]\(|http://", outside)
    assert "\x1b" not in text
    assert "@octo" not in body.commit_message(proposal)
    assert "#1" not in body.commit_message(proposal)


def test_a_huge_change_still_fits_into_a_body(
    turn: Turn, prose: Proposal, detectors: dict[str, Detector], episodes: dict[str, Episode]
) -> None:
    edit = replace(prose.modification.edits[0], after="".join(f"line {n}\n" for n in range(50_000)))
    change = replace(prose.modification, edits=(edit,), notes=("long " * 1000,) * 400)

    text = body.issue_body(replace(prose, modification=change), context(turn, detectors["command-times-out"], episodes))

    assert len(text) <= body.MAX_BODY
    assert "flywheel undo ba9876543210" in text


def test_a_long_detector_still_makes_a_short_subject(guard: Proposal) -> None:
    change = replace(guard.modification, detector="a-very-long-slug-" * 8)

    assert max(len(line) for line in body.commit_message(replace(guard, modification=change)).split("\n")[:1]) <= 72


def test_a_ruler_is_not_what_is_quoted() -> None:
    pins = [Pin("f", "", 0, 1, text, text) for text in ("===== FAILURES =====", "assert total == 12", "more")]

    assert body.telling(pins) == pins[1]
    assert body.telling(pins[:1]) == pins[0]
    assert body.telling([]) is None


def test_the_title_of_the_evidence_says_what_a_trial_said(
    turn: Turn, guard: Proposal, detectors: dict[str, Detector], episodes: dict[str, Episode]
) -> None:
    """Never more than it said; a word that nobody knows is no trial."""
    heads = {}
    for result in ("none", "inconclusive", "confirmed", "cosmetic", "regression", "of a later version"):
        tried = Decision("interactive", (Reason("trial", "interactive", result),))
        text = body.pull_body(
            replace(guard, decision=tried), context(turn, detectors[guard.modification.detector], episodes)
        )
        (line,) = [one for one in text.split("\n") if "expect:" in one]
        assert "improve" not in text
        heads[result] = line.removeprefix("### What to expect: ")

    assert heads == {
        "none": "unverified",
        "inconclusive": "unverified",
        "confirmed": "confirmed by a held-out trial",
        "cosmetic": "cosmetic, says a held-out trial",
        "regression": "a held-out trial saw it break something",
        "of a later version": "unverified",
    }


def test_the_ways_out_are_those_of_the_place(
    turn: Turn, guard: Proposal, detectors: dict[str, Detector], episodes: dict[str, Episode]
) -> None:
    """No command is named where nobody obeys it."""
    own = context(turn, detectors["edits-without-progress"], episodes)
    app, action = (body.pull_body(guard, dataclasses.replace(own, where=where)) for where in ("app", "action"))

    assert "/flywheel dismiss WHY" in app
    assert "flywheel undo" not in app + action
    assert "`/flywheel " not in action
    assert "- Not wanted: close it; it stays away until the failures double." in action
