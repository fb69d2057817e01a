"""NUnit 2 and 3, xUnit.net and TRX. The fixtures are written here, after the files of those tools."""

from __future__ import annotations

import pytest

from bot.model import Report
from bot.signals import reports
from bot.signals.reports import nunit, trx, xunit

TEAM_TEST = b'<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">'


def details(report: Report, name: str = "test-failed") -> list[str]:
    return [signal.detail for signal in report.signals if signal.name == name]


def value(report: Report, name: str) -> float | None:
    return next((signal.value for signal in report.signals if signal.name == name), None)


@pytest.mark.parametrize(
    "case",
    [
        b'result="Skipped"',
        b'result="Ignored" executed="False"',
        b'result="Inconclusive" executed="True" success="False"',
        b'executed="False"',
    ],
)
def test_what_nunit_did_not_judge_is_neither_pass_nor_failure(case: bytes) -> None:
    report = nunit.read(b'<test-results><test-case name="a" ' + case + b"/></test-results>", "x")

    assert ("none", []) == (report.outcome, details(report))


@pytest.mark.parametrize(
    "case",
    [
        b'result="Failed" label="Error"',
        b'result="NotRunnable" executed="False"',
        b'result="Cancelled"',
        b'executed="True" success="False"',
    ],
)
def test_what_nunit_counts_as_failed_failed(case: bytes) -> None:
    report = nunit.read(b'<test-results><test-case name="a" ' + case + b"/></test-results>", "x")

    assert ("fail", ["a"]) == (report.outcome, details(report))


def test_a_warning_of_nunit_passed() -> None:
    assert "pass" == nunit.read(b'<test-run><test-case name="a" result="Warning"/></test-run>', "x").outcome


def test_a_tear_down_that_failed_is_the_suites_failure() -> None:
    data = (
        b'<test-run failed="0" result="Failed" duration="1.5"><test-suite name="all" result="Failed" site="Child">'
        b'<test-suite fullname="N.Fixture" result="Failed" site="TearDown"><failure><message>TearDown : gone</message>'
        b'</failure><test-case fullname="N.Fixture.a" result="Passed"/></test-suite></test-suite></test-run>'
    )
    report = nunit.read(data, "x")

    assert (["N.Fixture"], 1_500.0) == (details(report), value(report, "job-duration"))


def test_a_set_up_that_failed_counts_at_its_tests_only() -> None:
    data = (
        b'<test-run failed="1"><test-suite fullname="N.F" result="Failed" site="SetUp"><failure><message>no</message>'
        b'</failure><test-case fullname="N.F.a" result="Failed" label="Error" site="Parent"/></test-suite></test-run>'
    )

    assert ["N.F.a"] == details(nunit.read(data, "x"))


def test_the_time_of_the_day_is_no_duration() -> None:
    data = b'<test-results date="2012-01-14" time="10:43:31"><test-suite time="0.7"/></test-results>'

    assert 700.0 == value(nunit.read(data, "x"), "job-duration")


def test_a_time_out_is_said() -> None:
    data = (
        b'<test-run><test-case fullname="N.a" result="Failed"><failure><message>Test exceeded Timeout value of 50ms'
        b"</message></failure></test-case></test-run>"
    )

    assert ["N.a"] == details(nunit.read(data, "x"), "test-timed-out")


def test_xunit_counts_what_failed_outside_its_tests() -> None:
    data = (
        b'<assemblies timestamp="x"><assembly name="a.dll" time="0.5" failed="0" errors="1"><errors>'
        b'<error type="assembly-cleanup" name="Fixture"><failure><message>gone</message></failure></error></errors>'
        b'<collection><test name="N.C.a(x: 1)" type="N.C" method="a" result="Pass"/>'
        b'<test name="display name" type="N.C" result="Skip"><reason>no</reason></test></collection></assembly>'
        b"</assemblies>"
    )
    report = xunit.read(data, "x")

    assert (["a.dll::Fixture"], ()) == (details(report), report.warnings)
    assert (2.0, 500.0) == (value(report, "tests-run"), value(report, "job-duration"))


def test_a_fixture_of_xunit_v1_that_failed_is_a_failure() -> None:
    data = (
        b'<assembly name="a.dll" run-date="x"><class name="N.C"><failure exception-type="E"><message>no</message>'
        b'</failure><test name="N.C.a" result="Pass"/></class></assembly>'
    )

    assert ["N.C"] == details(xunit.read(data, "x"))


@pytest.mark.parametrize("outcome", [b"NotExecuted", b"NotRunnable", b"Inconclusive", b"Pending"])
def test_what_a_trx_never_ran_is_neither_pass_nor_failure(outcome: bytes) -> None:
    data = TEAM_TEST + b'<Results><UnitTestResult testName="a" outcome="' + outcome + b'"/></Results></TestRun>'

    assert "none" == trx.read(data, "x").outcome


def test_a_trx_names_the_class_and_the_time_out() -> None:
    data = TEAM_TEST + (
        b'<Times start="2021-04-02T08:50:51+10:00" finish="2021-04-02T08:50:53.5+10:00"/><Results>'
        b'<UnitTestResult testId="1" testName="slow" outcome="Timeout"/></Results><TestDefinitions><UnitTest id="1">'
        b'<TestMethod className="N.C, asm, Version=1.0" name="slow"/></UnitTest></TestDefinitions>'
        b'<ResultSummary outcome="Failed"><Counters failed="0" timeout="1"/></ResultSummary></TestRun>'
    )
    report = trx.read(data, "x")

    assert (["N.C::slow"], ["N.C::slow"]) == (details(report), details(report, "test-timed-out"))
    assert (2_500.0, ()) == (value(report, "job-duration"), report.warnings)


def test_a_data_driven_test_of_a_trx_counts_as_its_rows() -> None:
    rows = b'<UnitTestResult testName="a (1)" outcome="Passed"/><UnitTestResult testName="a (2)" outcome="Failed"/>'
    data = TEAM_TEST + (
        b'<Results><UnitTestResult testName="a" outcome="Failed"><InnerResults>' + rows + b"</InnerResults>"
        b"</UnitTestResult></Results></TestRun>"
    )
    report = trx.read(data, "x")

    assert (["a (2)"], 2.0) == (details(report), value(report, "tests-run"))


@pytest.mark.parametrize("outcome", [b"Failed", b"Aborted", b"Timeout", b"Error"])
def test_a_run_of_a_trx_that_failed_without_a_failed_test_is_a_failure(outcome: bytes) -> None:
    data = TEAM_TEST + (
        b'<Results><UnitTestResult testName="a" outcome="Passed"/></Results><ResultSummary outcome="' + outcome + b'"/>'
        b"</TestRun>"
    )

    assert ["(run)"] == details(trx.read(data, "x"))


def test_a_result_without_an_outcome_is_an_error() -> None:
    data = TEAM_TEST + b'<Results><UnitTestResult testName="a"/></Results></TestRun>'

    assert ["a"] == details(trx.read(data, "x"))


@pytest.mark.parametrize("root", [b"<test-run>", b'<assemblies timestamp="x">', TEAM_TEST])
def test_entities_are_refused_and_depth_is_bounded(root: bytes) -> None:
    entity = reports.read(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + root + b"&e;", "x")
    deep = reports.read(root + b"<a>" * 5_000, "x")

    assert ("refused" in entity.warnings[0], "nest deeper" in deep.warnings[0]) == (True, True)
    assert {"none"} == {entity.outcome, deep.outcome}
