"""A harness change and the held-out tasks go in; the lines that speak of those tasks come out, or nothing.

A harness that knows the examination is no better harness (research/flywheels.md §3 item 8). Looked for, in added lines:

    held-out-name   the name of a held-out task, or identifiers that only its text has: two of one task, or a long one
    held-out-text   seven words in a row of such a text
    own-judge       an automatic change of a detector, a policy, a held-out list, an evaluator or a budget

What stood in the harness before, or in tasks that may be mined, is known and tells nothing. What is wrong says the line
of the change only, never the task: whatever proposes learns no more than yes or no (research/mining.md §4.6).
Blind spots: a plain word (`retrieve`), one short identifier, a number, and anything said in other words. False alarms
on 257 public rule files of other projects beside 60 of 3,566 public tasks: 4 for names (12 % with any one identifier),
none for words (1.8 % with five in a row). All of 40 changes that name a task, or quote nine words of one, are found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from bot.model import Edit, Modification
from bot.modifications.lint import Problem

WORDS = 7
"""Words in a row that are no chance: see docs/trials.md for the rate of false alarms."""
FEWEST = 6
"""Characters of an identifier; shorter ones (`a_b`, `/etc`) are everybody's."""
MOST_CHARACTERS = 1 << 20
"""Of a text of a task; what is beyond is not looked at."""

JUDGES = (
    "rules/*", ".github/flywheel.yml", ".github/flywheel/*", "*/verifier/*", "*/held-out*", "held-out*", "*/sealed*",
    "sealed*", "*/evaluat*", "evaluat*", ".github/workflows/*", ".github/actions/*", "*CODEOWNERS",
)  # fmt: skip
"""Where detectors, policies, budgets, held-out lists and evaluators stand; a repository names more of its own."""

_WORD = re.compile(r"[^\W_]+")
_IDENTIFIER = re.compile(r"\w[\w./:@-]{4,200}\w")
_COMPOUND = re.compile(r"[a-z0-9][A-Z]|\w[_/]\w|[A-Za-z]\d|\d[A-Za-z]|\w\.\w|\w::?\w")


def overfit(edits: Sequence[Edit], held_out: Mapping[str, str], known: Iterable[str] = ()) -> tuple[Problem, ...]:
    """`held_out` maps the name of each held-out task to its texts; `known` are texts of tasks that may be mined."""
    usual, grams = set[str](), set[str]()
    for text in (*known, *(edit.before or "" for edit in edits)):
        usual.update(_identifiers(text))
        grams.update(_grams(text))
    found = {name: set(_identifiers(text)) for name, text in held_out.items()}
    tasks = Counter(name for told in found.values() for name in told)
    own = {name: task for task, told in found.items() for name in told if tasks[name] == 1 and name not in usual}
    own |= {name: name for name in held_out if len(name) >= FEWEST and _COMPOUND.search(name.replace("-", "_"))}
    secret = {gram for text in held_out.values() for gram in _grams(text)} - grams
    return tuple(problem for edit in edits for problem in (*_names(edit, own), *_texts(edit, secret)))


def hygiene(modification: Modification, held_out: Mapping[str, str]) -> tuple[str, ...]:
    """What forbids that a modification is shown at all; `held_out` maps tasks to their texts, mined ones among them."""
    mined = set(modification.pattern.tasks)
    known = [text for name, text in held_out.items() if name in mined]
    others = {name: text for name, text in held_out.items() if name not in mined}
    found = (
        *own_judges(edit.path for edit in modification.edits),
        *overfit(modification.edits, others, known),
    )
    return tuple(dict.fromkeys(f"{problem.code}: {problem.path}:{problem.line}" for problem in found))


def own_judges(paths: Iterable[str], also: Sequence[str] = ()) -> tuple[Problem, ...]:
    """The paths that no automatic change may have, whoever asks for it; `also` are patterns of the repository."""
    patterns = (*JUDGES, *also)
    return tuple(
        Problem("own-judge", path, 0, f"{path}: judges the changes themselves. Leave it to a change made by people.")
        for path in paths
        if any(fnmatchcase(path, pattern) for pattern in patterns)
    )


def _names(edit: Edit, own: Mapping[str, str]) -> Iterator[Problem]:
    """Lines with a name of a held-out task, a long identifier of one, or one of two that are of the same task."""
    lines = {number: {name for name in _tokens(line) if name in own} for number, line in _added(edit)}
    counts = Counter(own[name] for name in set().union(*lines.values()))
    for number, names in lines.items():
        if any(own[name] == name or counts[own[name]] > 1 or _is_long(name) for name in names):
            message = f"{edit.path}:{number}: names what only held-out tasks name. Say it for every task, or leave it."
            yield Problem("held-out-name", edit.path, number, message)


def _texts(edit: Edit, secret: Container[str]) -> Iterator[Problem]:
    words = [(word, number) for number, line in _added(edit) for word in _words(line)]
    last = 0
    for place in range(len(words) - WORDS + 1):
        number = words[place][1]
        if number != last and " ".join(word for word, _ in words[place : place + WORDS]) in secret:
            last = number
            message = f"{edit.path}:{number}: holds words of a held-out task. Say it in words for every task."
            yield Problem("held-out-text", edit.path, number, message)


def _added(edit: Edit) -> Iterator[tuple[int, str]]:
    before = set((edit.before or "").split("\n"))
    return ((n, line) for n, line in enumerate((edit.after or "").split("\n"), 1) if line not in before)


def _is_long(name: str) -> bool:
    """A path of three parts, or a name of three words."""
    return max(name.count("/"), name.strip("_").count("_")) >= 2


def _identifiers(text: str) -> Iterator[str]:
    """Compound names of some length, as they are written: paths, snake and camel case, with a digit or a dot."""
    return (name for name in _tokens(text) if _COMPOUND.search(name))


def _tokens(text: str) -> Iterator[str]:
    names = (found[0].rstrip(".:") for found in _IDENTIFIER.finditer(text[:MOST_CHARACTERS]))
    return (name for name in names if len(name) >= FEWEST)


def _words(text: str) -> list[str]:
    return [found[0].casefold() for found in _WORD.finditer(text[:MOST_CHARACTERS])]


def _grams(text: str) -> Iterator[str]:
    words = _words(text)
    return (" ".join(words[place : place + WORDS]) for place in range(len(words) - WORDS + 1))
