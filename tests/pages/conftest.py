"""A handmade turn: two strong patterns, a weak one, a pull with a guard, an issue with prose, and hostile evidence."""

import pytest

from bot.model import (
    Contrast,
    Decision,
    Detector,
    Edit,
    Episode,
    Exclusion,
    Finding,
    Measured,
    Modification,
    Pattern,
    Performed,
    Pin,
    Prediction,
    Proposal,
    Reason,
    Remedy,
    Replay,
    Turn,
)

HOSTILE = "@octo/team <img src=x onerror=alert(1)> Fixes #1 `code` | [a](http://evil.test) \x1b[31mred\x1b[0m \u202etxt"
SHOP, TILL = "octo/shop", "octo/till"
GUARD_REMEDY = Remedy("hooks", "Reconsider.", "loop-guard")
PROSE_REMEDY = Remedy("instructions", "Give long commands a time limit of their own, and read what they wrote so far.")

DETECTORS = {
    "edits-without-progress": Detector(
        "edits-without-progress",
        "loops",
        "The agent edits one file again and again while the same tests fail",
        "stable",
        "high",
        {},
        GUARD_REMEDY,
        Measured("tau-bench airline, 200 runs", 0.21, 0.06, "ours"),
        ("https://arxiv.org/abs/2511.00197",),
        ("Generated files are no edits.",),
    ),
    "command-times-out": Detector(
        "command-times-out", "environment", "A command is killed by its time-out", "stable", "low", {}, PROSE_REMEDY
    ),
    "fails-in-a-row": Detector(
        "fails-in-a-row", "loops", "Calls fail three times in a row", "experimental", "low", {}, PROSE_REMEDY
    ),
}


def finding(detector: str, number: int, quote: str, repository: str = SHOP) -> Finding:
    episode = f"{repository}/issue-{number % 4}/run-{number}"
    path = f"runs/{episode}/transcripts/session.jsonl"
    pin = Pin(path, "0" * 64, 10, 90, quote, quote, line=40 + number)
    return Finding(detector, episode, (number + 3, number + 9), (pin,), f"i{number}", f"c{number % 3}")


def pattern(detector: str, contrast: Contrast | None, counts: tuple[int, int, int, int], **more: object) -> Pattern:
    quotes = ("FAILED tests/test_cart.py::test_total - assert 12 == 11", HOSTILE)
    found = tuple(finding(detector, number, quotes[number % 2]) for number in range(counts[0]))
    found += (finding(detector, 90, "a secret place", TILL),)
    failed, passed, failed_of, passed_of = counts
    fields = {"status": "actionable", "reasons": (), "q": 0.003, "rank": 1, **more}
    return Pattern(
        id=f"p-{detector}",
        detector=detector,
        contrast=contrast,
        repositories=(SHOP, TILL),
        tasks=("issue-0", "issue-1", "issue-2", "issue-3"),
        failed=failed,
        passed=passed,
        failed_of=failed_of,
        passed_of=passed_of,
        findings=found,
        **fields,  # type: ignore[arg-type]
    )


LOOPS = pattern("edits-without-progress", Contrast("task", 6, 22, 31, 14, 2, 18.4, 4.1, 92.0, 0.0002), (14, 3, 40, 62))
TIMES_OUT = pattern(
    "command-times-out", Contrast("group", 3, 22, 31, 8, 0, None, 2.3, None, 0.004), (8, 0, 40, 62), rank=2
)
STREAK = pattern(
    "fails-in-a-row",
    Contrast("task", 6, 22, 31, 9, 11, 1.3, 0.44, 3.6, 0.6),
    (9, 11, 40, 62),
    status="descriptive",
    reasons=("no-lift", "not-significant"),
    rank=3,
    q=0.6,
)


def proposal(pattern: Pattern, tier: str, edits: tuple[Edit, ...], remedy: Remedy, replay: Replay | None) -> Proposal:
    fixes = tuple(finding.episode for finding in pattern.findings[1:10])
    score = {"precision": 0.71, "recall": 0.64, "always_yes_precision": 0.48, "episodes": 41.0} if replay else {}
    change = Modification(
        id="0123456789ab" if replay else "ba9876543210",
        revision="deadbeef",
        repository=SHOP,
        detector=pattern.detector,
        component=remedy.component,
        kind="guard" if replay else "managed-block",
        title=DETECTORS[pattern.detector].title,
        edits=edits,
        inverse=tuple(Edit(edit.path, edit.after, edit.before, edit.mode) for edit in reversed(edits)),
        prediction=Prediction(fixes, (f"{SHOP}/issue-1/run-55",), replay, score),
        pattern=pattern,
        remedy=remedy,
        head="c0ffee",
        notes=("Claude Code reads AGENTS.md since 2.1.277.",),
    )
    reasons = (
        Reason("paths", "interactive", "security-sensitive: .claude/settings.json"),
        Reason("measured", tier, "replayed over 62 passing episodes | or so"),  # type: ignore[arg-type]
        Reason("lift", "autonomous", "odds ratio 18.40 [4.10, 92.00]"),
    )
    return Proposal(change, Decision(tier, reasons))  # type: ignore[arg-type]


GUARD = proposal(
    LOOPS,
    "interactive",
    (
        Edit(".claude/hooks/flywheel-loop-guard.py", None, '"""Guard."""\nimport sys\n\nsys.exit(0)\n', "100755"),
        Edit(".claude/settings.json", '{\n  "hooks": {}\n}\n', '{\n  "hooks": {"PreToolUse": []}\n}\n'),
    ),
    GUARD_REMEDY,
    Replay("loop-guard", 40, 62, tuple(f"{SHOP}/{n}" for n in range(9)), (f"{SHOP}/x",), 31.0, 80.0, {"edits": 5}, {}),
)
PROSE = proposal(
    TIMES_OUT,
    "backlog",
    (Edit("AGENTS.md", "# Shop\n", "# Shop\n\n<!-- flywheel:begin command-times-out ba9876543210 -->\nGive long.\n"),),
    PROSE_REMEDY,
    None,
)


@pytest.fixture
def turn() -> Turn:
    return Turn(
        episodes=112,
        outcomes={"fail": 46, "pass": 62, "none": 4},
        excluded=(
            Exclusion(f"{SHOP}/issue-9/run-1", "X1 never-started", "0 steps"),
            Exclusion(f"{TILL}/issue-9/run-2", "X3 provider-error", f"HTTP 529 {HOSTILE}"),
        ),
        findings=(*LOOPS.findings, *TIMES_OUT.findings, *STREAK.findings),
        dropped_pins=2,
        patterns=(STREAK, LOOPS, TIMES_OUT),
        proposals=(GUARD, PROSE),
        warnings=(f"runs/a.jsonl: 3 lines could not be read. {HOSTILE}",),
    )


@pytest.fixture
def empty() -> Turn:
    return Turn(0, {}, (), (), 0, (), ())


@pytest.fixture
def performed() -> dict[str, Performed]:
    branch = GUARD.modification.branch
    return {
        "0123456789ab": Performed("0123456789ab", "created", branch),
        "ba9876543210": Performed("ba9876543210", "unchanged", "out/issues/ba9876543210.md"),
    }


@pytest.fixture
def detectors() -> dict[str, Detector]:
    return DETECTORS


@pytest.fixture
def episodes() -> dict[str, Episode]:
    ids = {finding.episode for finding in (*LOOPS.findings, *TIMES_OUT.findings)}
    made = {name: Episode(name, name[:9], "fail", task=name.split("/")[2]) for name in sorted(ids)}
    excluded = f"{SHOP}/issue-9/run-1"
    return {**made, excluded: Episode(excluded, SHOP, "fail")}


@pytest.fixture
def guard() -> Proposal:
    return GUARD


@pytest.fixture
def prose() -> Proposal:
    return PROSE


@pytest.fixture
def hostile() -> str:
    return HOSTILE
