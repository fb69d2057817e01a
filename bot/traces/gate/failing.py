"""The signals of a run go in; the keys of what was red in it come out, to be compared with other runs.

A test is known by its id, any other failure by the versioned key of its log. A report that names fewer tests than it
counts is incomplete: the count becomes a key of its own, so that two such runs are alike only when they count alike.

A job that only passes on what another job did ("some required checks failed", an artifact that nobody made) is not what
was red: the job that it speaks of is (research/ci.md §5.1, step 2).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from bot.model import Signal


class Failing(msgspec.Struct, frozen=True):
    """What was red: ids of tests, keys of logs, and whether anything else says that the run failed."""

    tests: frozenset[str] = frozenset()
    logs: frozenset[str] = frozenset()
    other: bool = False

    def __bool__(self) -> bool:
        """Whether anything was red."""
        return bool(self.tests or self.logs or self.other)

    @property
    def named(self) -> bool:
        """Whether what was red can be recognised in another run."""
        return bool(self.tests or self.logs)

    def within(self, run: Failing) -> bool:
        """Whether all that is red here was red in that run too; what cannot be recognised was not.

        Beside failing tests a single log is taken as theirs when the other run brought no log.
        """
        if not self.named or not self.tests <= run.tests:
            return False
        return self.logs <= run.logs or (bool(self.tests) and len(self.logs) == 1 and not run.logs)

    def __str__(self) -> str:
        """The first key and the number of the others, for people."""
        keys = sorted(self.tests) or sorted(self.logs)
        return f"{keys[0][:80]} and {len(keys) - 1} more" if len(keys) > 1 else keys[0][:80] if keys else "nothing"


def unechoed(signals: Iterable[Signal]) -> list[Signal]:
    """The signals that hold, without those of logs whose job only passes on what another job did."""
    held = [signal for signal in signals if signal.held]
    passed_on = {signal.pin.sha256 for signal in held if signal.name == "derivative" and signal.pin}
    return [signal for signal in held if signal.pin is None or signal.pin.sha256 not in passed_on]


def failing(signals: Iterable[Signal]) -> Failing:
    """What was red in a run."""
    held = unechoed(signals)
    tests = {signal.detail for signal in held if signal.name == "test-failed" and signal.detail}
    counted = sum(int(signal.value or 0) for signal in held if signal.name == "tests-failed")
    if counted > sum(signal.name == "test-failed" for signal in held):
        tests.add(f"{counted} failing tests")
    logs = {signal.detail for signal in held if signal.name == "log-key" and signal.detail}
    return Failing(frozenset(tests), frozenset(logs), any(signal.name == "job-failed" for signal in held))
