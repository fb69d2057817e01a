"""Figures in, small inline pictures out: an interval on a log axis, a bar of counts. The page's CSS has the colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import Contrast
from bot.pages import words

WIDTH, HEIGHT, PAD = 320, 36, 10
MIDDLE = 11


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis from `low` to `high` (powers of ten), shared by all intervals of a page."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Where a value stands, in pixels; values beyond the ends stand at the ends."""
        kept = min(max(value, self.low), self.high)
        share = math.log(kept / self.low) / math.log(self.high / self.low)
        return round(PAD + share * (WIDTH - 2 * PAD), 1)

    @property
    def ticks(self) -> list[float]:
        """The powers of ten on it."""
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        return [10.0**power for power in range(first, last + 1)]


def axis(contrasts: Sequence[Contrast]) -> Axis:
    """The smallest axis that shows them all, at least 0.1 to 100, at most 0.01 to 10,000."""
    values = [value for one in contrasts for value in (one.low, one.odds_ratio, one.high) if value]
    low, high = min([*values, 0.1]), max([*values, 100.0])
    return Axis(10.0 ** max(math.floor(math.log10(low)), -2), 10.0 ** min(math.ceil(math.log10(high)), 4))


def scale(one: Axis) -> str:
    """The axis itself, with its figures."""
    ends = {one.ticks[0]: "start", one.ticks[-1]: "end"}
    marks = "".join(
        f'<text x="{one.at(tick)}" y="12" text-anchor="{ends.get(tick, "middle")}">{tick:,g}</text>'
        f'<line x1="{one.at(tick)}" x2="{one.at(tick)}" y1="18" y2="24"/>'
        for tick in one.ticks
    )
    return f'<svg class="axis" viewBox="0 0 {WIDTH} 24" aria-hidden="true">{marks}</svg>'


def interval(contrast: Contrast | None, one: Axis) -> str:
    """The 95 % interval as a line, the odds ratio as a dot; an end at infinity is an arrow, 1 is a dashed line."""
    neutral = f'<line class="one" x1="{one.at(1)}" x2="{one.at(1)}" y1="0" y2="{2 * MIDDLE}"/>'
    if contrast is None:
        return (
            f'<svg class="interval" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="no contrast">{neutral}</svg>'
        )
    middle = MIDDLE
    open_end = contrast.high is None or contrast.high > one.high
    left = one.at(contrast.low or one.low)
    right = WIDTH - PAD if contrast.high is None or open_end else one.at(contrast.high)
    tone = "sure" if contrast.low > 1 else "unsure"
    line = f'<line class="{tone}" x1="{left}" x2="{right}" y1="{middle}" y2="{middle}"/>'
    begin = f'<line class="{tone}" x1="{left}" x2="{left}" y1="{middle - 5}" y2="{middle + 5}"/>'
    end = f'<line class="{tone}" x1="{right}" x2="{right}" y1="{middle - 5}" y2="{middle + 5}"/>'
    if open_end:
        tip = right + 8
        end = f'<path class="{tone}-tip" d="M{tip} {middle} l-10 -5.5 v11 z"/>'
    dot = ""
    if contrast.odds_ratio is not None:
        dot = f'<circle class="{tone}-dot" cx="{one.at(contrast.odds_ratio)}" cy="{middle}" r="5"/>'
    figures = words.interval(contrast)
    label = f"odds ratio {figures}"
    under = min(max((left + right) / 2, 70), WIDTH - 70)
    text = f'<text x="{under:.1f}" y="{HEIGHT - 3}" text-anchor="middle">{figures}</text>'
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}"'
    return f'<svg class="interval" {box}><title>{label}</title>{neutral}{line}{begin}{end}{dot}{text}</svg>'


def bar(part: int, whole: int, tone: str) -> str:
    """A share as a bar; `tone` is a class of the page (`fail`, `pass`)."""
    width = 100 * part / whole if whole else 0.0
    label = f"{part} of {whole}"
    filled = f'<rect class="{tone}" width="{max(width, 1.5 if part else 0):.1f}" height="6" rx="3"/>'
    box = f'viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{label}"'
    return f'<svg class="bar" {box}><rect class="track" width="100" height="6" rx="3"/>{filled}</svg>'
