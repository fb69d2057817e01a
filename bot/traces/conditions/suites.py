"""An episode goes in; the steps that say which checks it ran, and how widely, come out (None: not so)."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from bot.model import Call, Episode
from bot.traces.conditions.calls import calls
from bot.traces.conditions.looking import LOOKS
from bot.traces.conditions.parameters import listed

MOST = 2_000
PARTS = re.compile(r"&&|\|\||[;|\n]")
TEST = re.compile(
    r"(?:^|[/:_.-])(?:tests?|spec|e2e|unit|integration|verify|nextest|pytest|py\.test|unittest|tox|nox|jest|vitest|mocha|ava|"
    r"karma|cypress|jasmine|gotestsum|ginkgo|rspec|phpunit|ctest|doctest|runtests)(?:$|[:_.-])"
)
OTHER = re.compile(
    r"(?:^|[/:_.-])(?:lint|ruff|flake8|pylint|eslint|biome|oxlint|stylelint|golangci-lint|staticcheck|clippy|vet|rubocop|"
    r"phpstan|shellcheck|actionlint|ktlint|detekt|swiftlint|hadolint|zizmor|pre-commit|credo|gofmt|shfmt|mypy|pyright|"
    r"basedpyright|tsc|vue-tsc|type-?check\w{0,4}|types|build|compile\w{0,12}|compileall|py_compile)(?:$|[:_.-])"
)
"""Words of a command that tell a test run, and those of linters, type checkers and builds: the first one decides."""
BUILDERS = re.compile(r"(?:^|/)(?:gradlew?|mvnw?)(?:\s.{0,200})?\s(?:build|check|package|install)\b")
"""Builds that run the tests on their way."""
FILTERS = frozenset((
    "-k", "-t", "-g", "-m", "-run", "--run", "--grep", "--filter", "--tests", "--testnamepattern", "--testpathpattern",
    "--only", "-only", "--test-name-pattern", "--example", "--package", "-dtest",
))  # fmt: skip
"""Flags whose value says which tests to run. `-m` means another thing before the test's own word."""
WHOLE = frozenset(
    (".", "./...", "...", "tests", "test", "spec", "specs", "src", "all", "//...", "__tests__", "e2e", "run")
)
TEST_FILE = re.compile(r"(?i)(?:^|/)test_\w{1,80}\.\w{1,4}\b|[_.](?:test|spec)\.\w{1,4}\b|::")
TEST_NAME = re.compile(r"(?i)test\w")
NOISE = re.compile(r"\d{1,6}$|[(){}&]{1,2}$")
REDIRECT = re.compile(r"[\d&]?>{1,2}\s?&?\S{1,200}|<\s?\S{1,200}")
TOKENS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{1,80}")
GENERIC = frozenset(("test", "tests", "spec", "specs", "src", "py", "js", "ts"))
CI_FAILED = ("test-failed", "test-regressed")


def tested(episode: Episode, widths: str | list[str]) -> tuple[int, ...] | None:
    """The widest test run was `whole` or `narrow` (it named tests, files or a filter), or there was `none`."""
    if episode.trace is None:
        return None
    runs = [(number, is_narrow(call.command)) for number, call in tests(episode)]
    if not runs:
        return () if "none" in listed(widths) else None
    wide = [number for number, narrow in runs if not narrow]
    if ("whole" if wide else "narrow") not in listed(widths):
        return None
    return tuple(sorted(set(wide or [number for number, _ in runs])))


def ci_tests(episode: Episode, ways: str | list[str]) -> tuple[int, ...] | None:
    """Of the tests that CI saw failing the agent had `run` at least one, or all stayed `unrun`; its runs are cited."""
    failed = [
        TOKENS.findall(signal.detail[:MOST]) for signal in episode.signals if signal.held and signal.name in CI_FAILED
    ]
    if episode.trace is None or not any(failed):
        return None
    known = {token.lower() for tokens in failed for token in tokens}
    runs = list(tests(episode))
    covering = [number for number, call in runs if _covers(call.command, known)]
    way = "run" if covering else "unrun"
    return tuple(sorted(set(covering or [number for number, _ in runs]))) if way in listed(ways) else None


def tests(episode: Episode) -> list[tuple[int, Call]]:
    """The test runs among the calls, each with its step's number."""
    return [(number, call) for number, call in calls(episode) if call.check and _runs(call.command)]


def is_narrow(command: str) -> bool:
    """Whether every test run of a command line names what it runs: files, tests, or a filter."""
    given = _runs(command)
    return bool(given) and all(given)


def _covers(command: str, known: set[str]) -> bool:
    """Whether a test run of a command line names nothing, or something of what is known of the failed tests."""
    return any(not chosen or any(_is_known(word, known) for word in chosen) for chosen in _runs(command))


def _is_known(word: str, known: set[str]) -> bool:
    """A file or folder by its own name, a filter by any part of a test's name."""
    last = word.rstrip("/").rsplit("/", 1)[-1]
    names = {token.lower() for token in TOKENS.findall(last.rsplit(".", 1)[0] if "::" not in last else last)} - GENERIC
    if "/" in word or "." in word:
        return not names.isdisjoint(known)
    return any(name in token for name in names for token in known)


@lru_cache(maxsize=1_024)
def _runs(command: str) -> tuple[tuple[str, ...], ...]:
    """What each test run of a command line names beyond the whole suite."""
    parts = [[word.strip("'\"") for word in part.split()] for part in PARTS.split(REDIRECT.sub(" ", command[:MOST]))]
    return tuple(tuple(chosen) for words in parts if (chosen := _chosen(words)) is not None)


def _chosen(words: list[str]) -> list[str] | None:
    """The tests, files and filters that one simple command names; None when it is no test run."""
    if not words or words[0] in LOOKS:
        return None
    if BUILDERS.search(" ".join(words)):
        return []
    at = next((place for place, word in enumerate(words) if TEST.search(word.lower()) or OTHER.search(word)), None)
    if at is None or not TEST.search(words[at].lower()):
        return None
    chosen = [word for word in words[:at] if word.startswith("--filter=")]
    chosen += [words[at]] if TEST_FILE.search(words[at]) else []
    for before, word in pairwise(words[at:]):
        joined = "=" in word and word.lower().split("=", 1)[0] in FILTERS
        if joined or before.lower() in FILTERS or word in ("--lf", "--last-failed") or _names(word):
            chosen.append(word)
    return chosen


def _names(word: str) -> bool:
    """Whether a word names a file or a test; the values of unknown flags (`auto`, `short`) look like neither."""
    if word.startswith("-") or NOISE.match(word) or word.rstrip("/").lower() in WHOLE:
        return False
    return any(mark in word for mark in ("/", "::", ".")) or TEST_NAME.match(word) is not None
