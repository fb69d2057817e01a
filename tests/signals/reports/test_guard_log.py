"""What our guards write down is read line by line; anything else in the log is dropped and said."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from bot.signals import reports, transcripts
from bot.signals.reports import guard_log
from bot.traces.pins import holds

PAUSE = b'{"at": 1795555200, "guard": "loop-guard", "act": "pause", "files": ["a.py"], "session": "s1"}\n'
ERROR = b'{"at": 1795555201, "guard": "finish-guard", "error": "KeyError"}\n'


def test_a_line_of_another_program_is_no_guard_log():
    assert reports.sniff(b'{"at": 1, "guard": "of the door", "act": "sleep"}\n') != guard_log.NAME
    assert reports.sniff(b'{"guard": "loop-guard"}\n') != guard_log.NAME


def test_a_guard_log_is_no_transcript():
    assert transcripts.sniff(PAUSE, "flywheel-log.jsonl") == transcripts.UNKNOWN


def test_each_act_is_a_signal_whose_pin_holds_and_judges_nothing():
    report = reports.read(PAUSE + ERROR, "log.jsonl")

    assert report.format == guard_log.NAME
    assert report.outcome == "none"
    assert [(signal.name, signal.detail) for signal in report.signals] == [
        ("guard-acted", "loop-guard pause s1"),
        ("guard-failed", "finish-guard KeyError"),
    ]
    assert all(signal.pin and holds(PAUSE + ERROR, signal.pin) for signal in report.signals)


def test_what_is_no_guards_line_is_dropped_and_said():
    report = reports.read(PAUSE + b'{"at": 3, "gu\n[]\n\n' + ERROR, "log.jsonl")

    assert len(report.signals) == 2
    assert report.partial
    assert report.warnings == ("log.jsonl: 2 lines are no guard's and were dropped.",)


def test_of_a_long_log_the_end_is_kept():
    report = reports.read(ERROR * 300 + PAUSE, "log.jsonl")

    assert len(report.signals) == guard_log.MOST
    assert report.signals[-1].name == "guard-acted"
    assert report.warnings == ("log.jsonl: 301 entries, only the last 200 were kept.",)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_a_crash(data):
    report = guard_log.read(PAUSE + data, "log.jsonl")

    assert report.source.sha256 == sha256(PAUSE + data).hexdigest()
