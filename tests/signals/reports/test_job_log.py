"""Job logs of GitHub Actions. The lines are written here after research/ci.md §1.1 and §5.3."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Report
from bot.signals.reports import excerpt, job_log, lines

SHARED = Path(__file__).resolve().parents[3] / "../shared/data/ci/gha-logs"
END = ("Post job cleanup.", "Cleaning up orphan processes")
SCRIPT = ("##[group]Run npm test", "\x1b[36;1mexit 1 # error: TS9999\x1b[0m", "##[endgroup]")
EXIT = "##[error]Process completed with exit code 1."


def log(*texts: str, seconds: int = 1) -> bytes:
    return "".join(
        f"2024-01-01T10:{index * seconds // 60:02}:{index * seconds % 60:02}.0000000Z {text}\n"
        for index, text in enumerate(texts)
    ).encode()


def read(data: bytes) -> Report:
    return job_log.read(data, "job.log")


def named(report: Report, name: str) -> list[tuple[str, float | None]]:
    return [(signal.detail, signal.value) for signal in report.signals if signal.name == name]


def test_a_job_that_ended_cleanly_passes_and_says_only_its_duration() -> None:
    report = read(log(*SCRIPT, "ok", "warning: ECONNRESET, retrying", *END))

    assert report.outcome == "pass"
    assert [(signal.name, signal.value) for signal in report.signals] == [("job-duration", 6_000)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        log(*SCRIPT, "ok"),
        log(*SCRIPT, "##[error]src/a.py: a note", "more output", *END),
        log(*SCRIPT, "##[error]The operation was canceled.", *END),
    ],
)
def test_a_log_that_does_not_tell_has_no_outcome(data: bytes) -> None:
    assert read(data).outcome == "none"


def test_the_first_failed_step_counts_and_the_echoed_script_does_not() -> None:
    report = read(
        log(
            "##[group]Run tsc",
            "##[endgroup]",
            "src/a.ts(12,3): error TS2322: Type 'x' is no good",
            "##[error]Process completed with exit code 2.",
            *SCRIPT,
            "FAILED tests/test_late.py::test_b",
            EXIT,
            *END,
        )
    )

    assert report.outcome == "fail"
    assert named(report, "job-failed") == [("<PATH>(<N>): error TS2322: Type <STR> is no good", 2)]
    assert named(report, "log-key")[0][0].startswith("v1-")


def test_the_key_ignores_the_echoed_script() -> None:
    report = read(log(*SCRIPT, "oh no, it failed", EXIT, *END))

    assert named(report, "job-failed") == [("oh no, it failed", 1)]


def test_an_action_that_fails_without_an_exit_code_failed() -> None:
    report = read(log("##[group]Run actions/x@v1", "##[endgroup]", "##[error]Something broke", *END))

    assert (report.outcome, named(report, "job-failed")) == ("fail", [("##[error]Something broke", None)])


def test_a_timed_out_job_failed_and_says_so() -> None:
    line = "##[error]The job running on runner X has exceeded the maximum execution time of 360 minutes."
    report = read(log(*SCRIPT, "working", line))

    assert (report.outcome, named(report, "run-conclusion")) == ("fail", [("timed_out", None)])


@pytest.mark.parametrize(
    ("text", "name", "detail"),
    [
        ("/home/x.sh: line 1: claude: command not found", "infrastructure", "agent-never-started"),
        ("Error: spawn codex ENOENT", "infrastructure", "agent-never-started"),
        ("npm error 404 Not Found - GET @anthropic-ai/claude-code", "infrastructure", "install-failed"),
        ("The runner has received a shutdown signal.", "infrastructure", "runner-lost"),
        ("FATAL ERROR: JavaScript heap out of memory", "infrastructure", "out-of-memory"),
        ("write failed: No space left on device", "infrastructure", "disk-full"),
        ("curl: (6) Could not resolve host: x", "infrastructure", "network-curl"),
        ("E: Failed to fetch http://x  503  Service Unavailable", "infrastructure", "network-apt"),
        ("Error: Resource not accessible by integration", "permission", "permission"),
    ],
)
def test_troubles_outside_the_repository(text: str, name: str, detail: str) -> None:
    data = log(*SCRIPT, text, EXIT)
    report = read(data)

    assert (report.outcome, named(report, name)[0]) == ("fail", (detail, None))
    pin = next(signal.pin for signal in report.signals if signal.name == name)
    assert pin is not None
    assert pin.quote in data[pin.start : pin.end].decode()


def test_exit_code_137_is_out_of_memory() -> None:
    report = read(log(*SCRIPT, "working", "##[error]Process completed with exit code 137."))

    assert named(report, "infrastructure") == [("out-of-memory", None)]


@pytest.mark.parametrize(
    "text",
    [
        "##[warning]You are running out of disk space. No space left on device soon",
        "connect ECONNREFUSED 127.0.0.1:5432",
        "tests/test_http.py::test_retry PASSED",
    ],
)
def test_what_only_looks_like_infrastructure(text: str) -> None:
    assert named(read(log(*SCRIPT, text, EXIT)), "infrastructure") == []


def test_a_failed_test_that_speaks_of_the_network_is_no_infrastructure() -> None:
    report = read(log(*SCRIPT, "E  ConnectionError: ECONNRESET", "FAILED tests/test_a.py::test_b", EXIT))

    assert (named(report, "infrastructure"), len(named(report, "job-failed"))) == ([], 1)


def test_a_compiler_error_beside_a_retry_is_no_infrastructure() -> None:
    report = read(log(*SCRIPT, "npm warn ECONNRESET, retrying", "src/a.c:3:4: error: no such thing", EXIT))

    assert (named(report, "infrastructure"), len(named(report, "job-failed"))) == ([], 1)


def test_a_passing_log_has_no_signature() -> None:
    report = read(log(*SCRIPT, "FAILED tests/test_a.py::test_b", "curl: (6) Could not resolve host: x", *END))

    assert ["job-duration"] == [signal.name for signal in report.signals]


def test_a_failed_step_has_one_signature_with_its_citation() -> None:
    data = log(*SCRIPT, "src/a.ts(1,2): error TS2322: no", "src/b.ts(1,2): error TS2322: no", EXIT)
    found = [signal for signal in read(data).signals if signal.name == "log-signature"]

    assert ["type/typescript"] == [signal.detail for signal in found]
    assert found[0].pin is not None
    assert (4, "src/a.ts(1,2): error TS2322: no") == (found[0].pin.line, found[0].pin.quote)


def test_a_job_that_only_reads_other_checks_is_derivative() -> None:
    report = read(log(*SCRIPT, "Check run lint (ID: 3) has conclusion: failure", EXIT))

    assert [("other-checks", None)] == named(report, "derivative")
    assert [("derivative/other-checks", None)] == named(report, "log-signature")


def test_a_refusal_on_the_way_of_a_failing_test_is_no_permission() -> None:
    report = read(log(*SCRIPT, "Error: Resource not accessible by integration", "FAILED tests/test_a.py::test_b", EXIT))

    assert [] == named(report, "permission")


def test_a_flood_of_errors_is_read_from_its_end_and_says_so() -> None:
    start = process_time()
    report = read(
        log(*SCRIPT, *["##[error]src/a.py: it failed"] * (excerpt.MOST + 500), "E999: the end", EXIT, seconds=0)
    )

    assert process_time() - start < 5
    assert "fail" == report.outcome
    assert ("job.log: the failed step has 20,505 lines, only the last 20,000 were searched for its cause.",) == (
        report.warnings
    )


def test_lines_end_in_three_ways_and_lose_their_dressing() -> None:
    data = "\ufeff2024-01-01T10:00:00.0000000Z one\r\n\x1b[31mtwo\x1b[0m\rth\0ree\n\ufefffour".encode()

    assert lines.texts(data) == ["one", "two", "three", "four"]
    assert b"".join(lines.raw(data)) == data


def test_a_pin_survives_escapes_and_a_mark_in_the_middle() -> None:
    data = log(*SCRIPT) + b"\xef\xbb\xbf" + log("\x1b[31mFAILED\x1b[0m tests/test_a.py::test_b", EXIT)
    pin = next(signal.pin for signal in read(data).signals if signal.name == "job-failed")

    assert pin is not None
    assert (pin.line, pin.quote) == (4, "tests/test_a.py::test_b")
    assert pin.quote in data[pin.start : pin.end].decode()


@given(st.binary(max_size=300))
def test_arbitrary_bytes_do_not_crash(data: bytes) -> None:
    assert len(lines.texts(data)) == len(lines.raw(data))
    for signal in read(log(*SCRIPT) + data + log(EXIT)).signals:
        if signal.pin is not None:
            whole = log(*SCRIPT) + data + log(EXIT)
            assert signal.pin.quote in whole[signal.pin.start : signal.pin.end].decode("utf-8", "replace")


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared data absent")
def test_every_shared_log_is_read_and_its_pins_hold() -> None:
    outcomes = set()
    for path in sorted(SHARED.rglob("*.*")):
        data = path.read_bytes() if path.is_file() else b""
        report = read(data)
        outcomes.add(report.outcome)
        for signal in report.signals:
            if signal.pin is not None:
                assert signal.pin.quote in data[signal.pin.start : signal.pin.end].decode("utf-8", "replace")

    assert outcomes == {"pass", "fail", "none"}
