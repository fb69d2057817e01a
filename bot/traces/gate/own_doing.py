"""An episode and what was red in it go in; whether the failure is the agent's own to answer for comes out.

Other runs that were red in the same way excuse nobody who changed the failing test, or who was asked to make it pass:
a base that is red may be the very task (every SWE-bench task is such a base).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from bot.model import Episode
from bot.traces.gate.failing import Failing

ASKED = re.compile(
    r"\b(?:fix|repair|mend|green|unbreak|debug|investigate|deflake)\w{0,4}\b[^.]{0,80}"
    r"\b(?:ci|builds?|tests?|pipelines?|checks?|lint|workflow|flak\w{1,5})\b"
    r"|\b(?:failing|flaky|broken|red) (?:\w{1,20} ){0,2}(?:tests?|builds?|ci|checks?|pipelines?|workflows?)\b"
    r"|\btests? (?:(?:is|are|keeps?) )?(?:fail|failing|flaky|broken|red)\b",
    re.IGNORECASE,
)
MAX_LINE = 2_000
SHORTEST = 5
"""Letters of a test's name that a request must hold to be about it; shorter ones occur by chance."""


def own_doing(episode: Episode, red: Failing) -> bool:
    """Whether the agent changed a file that a failing test is named after, or was asked to mend what is red."""
    words = [frozenset(re.split(r"\W+", test[:MAX_LINE])) for test in red.tests]
    diff = episode.diff
    changed = (*diff.changed, *diff.added) if diff else ()
    if any(_stem(path) in named for path in changed for named in words):
        return True
    folders = {PurePosixPath(path).parent.as_posix() for path in changed if path.endswith("_test.go")}
    if any(folder in test for folder in folders for test in red.tests):  # Go names a test after its package
        return True
    prompt = episode.trace.prompt if episode.trace else ""
    if any(_asked_for(test, prompt) for test in red.tests):
        return True
    return any(ASKED.search(line[:MAX_LINE]) for line in prompt.splitlines())


def _stem(path: str) -> str:
    """`tests/test_store.py` → `test_store`; `src/store.spec.ts` → `store`."""
    return PurePosixPath(path).name.split(".", 1)[0]


def _asked_for(test: str, prompt: str) -> bool:
    name = re.split(r"[\[(]", test.rsplit("::", 1)[-1], maxsplit=1)[0].strip()
    return len(name) >= SHORTEST and name in prompt
