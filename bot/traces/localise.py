"""The turns of a failed run go in; the window of steps where it most likely went wrong comes out, without a model.

Each turn gets a score: the sum of fixed weights of what speaks for it (an error came back, something was made up, it
was the first to change anything, ...). Scores become shares; the turn with the most is the point, and the window is the
seven steps around it that hold most of the shares. A window and no point, because that is how sure anybody can be: a
point names the annotated step in a fifth to two fifths of the labelled runs (`python -m bench.localising`), and two
teams of people who judged the same 44 runs name the same step in 36 % of them, and within three steps in 57 %.

What speaks for a turn depends on the kind of run: whoever works alone is blamed for what it changes, a small team for
its first deed, a large one for the first words of the member it sent. So each kind has weights of its own. They are
those of a conditional logit over the labelled runs of Who&When (all 184,
https://github.com/ag2ai/Agents_Failure_Attribution) and of AgentRx's tau-bench (https://github.com/microsoft/AgentRx),
drawn towards what the kinds have in common and rounded; the bench fits them again without the task that it then asks
about. What a detector cites has a weight of its own that is set and not fitted.

On those 211 runs, each asked about with weights fitted without its task: agent 61 %, step 31 %, within three steps
71 %; the best other rule for each column has 49, 25 and 71 % (the last one is a constant learnt per set).

NOTE: which evidence is looked at was chosen on the same runs, and none of them is of an agent that edits code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from bot.model import Call, Finding, Step, Trace, Window

REACH = 3
"""Steps on either side of a window's middle."""
MAX_SIZE, MAX_TEXT, MAX_LINE = 2_000, 4_000, 2_000
IDLE = 60
"""A turn that says less than this and does nothing only hands on."""
SURE, UNSURE = 0.6, 0.45
"""Share of a window from which it is called `high`, and below which `none`."""

Kind = Literal["alone", "small-team", "team"]
Weights = Mapping[Kind, Mapping[str, float]]
SMALL = 10
"""Turns of a team that is small at the most."""
CODES = (
    "error-came-back", "made-up", "first-change", "changed", "cited", "first-deed", "first-word", "long-turn", "early",
    "order", "sooner", "idle", "opening", "nothing-looked-at",
)  # fmt: skip
"""What may speak for a turn or against it, in the order in which equal reasons are named."""
PLACE = ("early", "order", "sooner")
"""These say together how early a turn is."""
WEIGHTS: Weights = {
    "alone": {
        "error-came-back": 0.4,
        "made-up": 0.0,
        "first-change": 0.6,
        "changed": 1.4,
        "cited": 0.8,
        "first-deed": 0.7,
        "first-word": 0.2,
        "long-turn": 1.4,
        "early": 0.7,
        "order": -0.8,
        "sooner": 0.6,
        "idle": -0.6,
        "opening": -0.5,
        "nothing-looked-at": -0.3,
    },
    "small-team": {
        "error-came-back": 0.6,
        "made-up": 0.9,
        "first-change": 0.3,
        "changed": 0.7,
        "cited": 0.8,
        "first-deed": 1.1,
        "first-word": 0.0,
        "long-turn": 2.1,
        "early": 0.5,
        "order": -0.8,
        "sooner": 0.8,
        "idle": -0.7,
        "opening": 0.1,
        "nothing-looked-at": 0.4,
    },
    "team": {
        "error-came-back": 0.3,
        "made-up": -0.1,
        "first-change": 0.3,
        "changed": 0.7,
        "cited": 0.8,
        "first-deed": -0.6,
        "first-word": 0.7,
        "long-turn": 1.7,
        "early": 0.9,
        "order": -1.4,
        "sooner": 0.6,
        "idle": -1.2,
        "opening": -1.3,
        "nothing-looked-at": -0.6,
    },
}

MADE_UP = re.compile(
    r"\b(?:assum\w{1,12}|mock|placeholders?|simulat\w{1,12}|hypothetical(?:ly)?|synthetic|dummy|(?:sample|example) data"
    r"|manual(?:ly)?|for now|let's say|as an alternative|from (?:my )?(?:memory|knowledge)|estimated?)\b"
)
"""Words, in small letters, of a turn that goes on without the facts."""
HINTS = (
    "assum", "mock", "placeholder", "simulat", "hypothetical", "synthetic", "dummy", "data", "manual", "for now", "say",
    "alternative", "memory", "knowledge", "estimate",
)  # fmt: skip
"""One of these stands in every text that `MADE_UP` matches."""
LOOKS = re.compile(r"(?i)(?:get|list|search|find|read|show|view|fetch|query|look|calculate|think|count|check)(?:_|\b)")
OWN = re.compile(r"(?i)todo|plan|ask|skill|memory|note|tool_?search")
"""Tools with which an agent keeps its own books or speaks with a person."""


class Moment(msgspec.Struct, frozen=True):
    """One turn as it is looked at here. `number` is how people count it; numbers rise and may have gaps.

    `size` counts the characters said and done. `failed`: what came back was an error; `answered`: anything came back.
    """

    number: int
    text: str
    size: int
    speaker: str = ""
    does: bool = False
    changes: bool = False
    failed: bool = False
    answered: bool = False
    idle: bool = False


def moments(trace: Trace) -> tuple[Moment, ...]:
    """The turns of a trace, numbered like its steps."""
    return tuple(_moment(number, step) for number, step in enumerate(trace.steps, 1))


def localise(seen: Sequence[Moment], findings: Iterable[Finding] = (), weights: Weights = WEIGHTS) -> Window | None:
    """Where the run most likely went wrong; None for a run without turns."""
    if not seen:
        return None
    own = weights[kind_of(seen)]
    rows = evidence(seen, findings)
    share = shares([sum(own[code] * row[code] for code in own) for row in rows])
    at = max(range(len(seen)), key=lambda place: share[place])
    point = seen[at].number
    middle, sure = span(seen, share, REACH)
    return Window(
        first=max(seen[0].number, middle - REACH),
        last=min(seen[-1].number, middle + REACH),
        step=point,
        reason=_reason(rows, at, own),
        confidence="high" if sure >= SURE else "low" if sure >= UNSURE else "none",
    )


def kind_of(seen: Sequence[Moment]) -> Kind:
    """Who worked: one speaker, or a team by the number of its turns."""
    if len({one.speaker for one in seen}) < 2:
        return "alone"
    return "small-team" if len(seen) <= SMALL else "team"


def span(seen: Sequence[Moment], share: Sequence[float], reach: int) -> tuple[int, float]:
    """The middle of the steps, so many to either side, that hold the point and most of the shares; how much they hold.

    The middle keeps clear of both ends of the run as long as the run has room.
    """
    point = max(zip(share, (-one.number for one in seen), strict=True))[1] * -1
    close = [(one.number, part) for one, part in zip(seen, share, strict=True) if abs(one.number - point) <= 2 * reach]

    def held(middle: int) -> float:
        return sum(part for number, part in close if abs(number - middle) <= reach)

    low, high = seen[0].number + reach, seen[-1].number - reach
    near = [n for n in range(point - reach, point + reach + 1) if low <= n <= high] or [(low + high) // 2]
    middle = max(near, key=lambda number: (held(number), -abs(number - point)))
    return middle, held(middle)


def evidence(seen: Sequence[Moment], findings: Iterable[Finding] = ()) -> list[dict[str, float]]:
    """For each turn what speaks for and against it: a value for each of CODES, 0 when it does not hold.

    `order` falls with the logarithm of the turn's place and `sooner` with the place as a share of the run; `early`
    falls like `order`, the faster the longer the run is: of ten turns none is early.
    """
    cited = {finding.steps[0] for finding in findings if finding.steps}
    haste = math.log(max(len(seen), 10) / 10)
    rows, heard = list[dict[str, float]](), set[str]()
    changed = answered = did = False
    for place, one in enumerate(seen):
        rows.append(
            {
                "error-came-back": one.failed,
                "made-up": place > 0 and _made_up(one.text),
                "first-change": one.changes and not changed,
                "changed": one.changes,
                "cited": one.number in cited,
                "first-deed": one.does and not did,
                "first-word": one.speaker not in heard,
                "long-turn": math.log1p(min(one.size, MAX_SIZE)) / 5,
                "early": -haste * math.log(place + 1),
                "order": -math.log(place + 1),
                "sooner": -place / max(len(seen) - 1, 1),
                "idle": one.idle,
                "opening": place == 0,
                "nothing-looked-at": place > 0 and not (answered or one.does or one.idle),
            }
        )
        changed |= one.changes
        did |= one.does
        heard.add(one.speaker)
        answered |= one.answered
    return rows


def _reason(rows: Sequence[dict[str, float]], at: int, own: Mapping[str, float]) -> str:
    """What sets this turn most apart from the mean turn of its run, of all that speaks for a turn; its place is one."""
    apart = {
        code: weight * (rows[at][code] - sum(row[code] for row in rows) / len(rows)) for code, weight in own.items()
    }
    named = {code: worth for code, worth in apart.items() if own[code] > 0 and code not in PLACE}
    named["early"] = sum(apart[code] for code in PLACE)
    return max(named, key=named.__getitem__)


def shares(scores: Sequence[float]) -> list[float]:
    """Scores as shares of one, the larger the more."""
    top = max(scores)
    parts = [math.exp(score - top) for score in scores]
    whole = sum(parts)
    return [part / whole for part in parts]


def _moment(number: int, step: Step) -> Moment:
    said = " ".join([step.quote, *(call.command for call in step.calls)])[:MAX_TEXT]
    return Moment(
        number=number,
        text=said,
        size=max(len(said), step.end - step.start),
        speaker=step.origin,
        does=bool(step.calls),
        changes=any(map(_changes, step.calls)),
        failed=any(call.timed_out or (call.status == "error" and call.check is None) for call in step.calls),
        answered=any(call.status != "missing" for call in step.calls),
        idle=not step.calls and len(step.quote) < IDLE,
    )


def _made_up(text: str) -> bool:
    said = text[:MAX_TEXT].lower()
    if not any(hint in said for hint in HINTS):
        return False
    return any(MADE_UP.search(line[:MAX_LINE]) for line in said.split("\n"))


def _changes(call: Call) -> bool:
    """Whether a call changes something for good: a tool of somebody's own whose name does not say that it only looks.

    An edit does not: it can be taken back, and nobody has yet labelled where runs that edit went wrong for us to learn
    whether their first edit is where.
    """
    if call.kind != "other" or not call.name:
        return False
    return not LOOKS.match(call.name) and not OWN.search(call.name[:MAX_LINE])
