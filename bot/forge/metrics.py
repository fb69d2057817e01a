"""What the server counted in, the text that Prometheus reads out.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/. Labels take only words from our own lists, so
that no sender can make us keep a new counter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping

from bot.hosting.hints import Hint

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""


class Metrics:
    """Counters since the start of this process."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, int]] = Counter()
        self._buckets = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0
        self._hints: Counter[str] = Counter({"new": 0, "known": 0, "ignored": 0, "strange": 0})

    def answered(self, event: str, status: int, seconds: float) -> None:
        """A request was answered; `event` is one that we know, or `other`."""
        self._answers[event, status] += 1
        self._buckets[bisect_left(BOUNDS, seconds)] += 1
        self._seconds += seconds

    def seen(self, found: Hint, new: bool) -> None:
        """A delivery was read; `new` when there is something to do."""
        ignored = found.kind in ("nothing", "unknown")
        self._hints["ignored" if ignored else "new" if new else "known"] += 1
        self._hints["strange"] += bool(found.strange)

    def text(self, states: Mapping[str, int], ages: Mapping[str, float]) -> str:
        """All of it, with how many deliveries the inbox holds by state and how many seconds ago something was."""
        return "".join(f"{line}\n" for line in self._lines(states, ages))

    def _lines(self, states: Mapping[str, int], ages: Mapping[str, float]) -> Iterator[str]:
        yield "# TYPE flywheel_webhook_answers_total counter"
        for (event, status), count in sorted(self._answers.items()):
            yield f'flywheel_webhook_answers_total{{event="{event}",status="{status}"}} {count}'
        yield "# TYPE flywheel_webhook_deliveries_total counter"
        for what, count in sorted(self._hints.items()):
            yield f'flywheel_webhook_deliveries_total{{was="{what}"}} {count}'
        yield "# TYPE flywheel_webhook_seconds histogram"
        total = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._buckets, strict=True):
            total += count
            yield f'flywheel_webhook_seconds_bucket{{le="{bound}"}} {total}'
        yield f"flywheel_webhook_seconds_sum {self._seconds:.6f}"
        yield f"flywheel_webhook_seconds_count {total}"
        yield "# TYPE flywheel_inbox_deliveries gauge"
        for state, count in sorted(states.items()):
            yield f'flywheel_inbox_deliveries{{state="{state}"}} {count}'
        for name, age in sorted(ages.items()):
            yield f"# TYPE flywheel_{name}_age_seconds gauge"
            yield f"flywheel_{name}_age_seconds {age:.1f}"
