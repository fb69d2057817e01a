"""A path goes in; whether it holds tests, or decides what counts as a pass, comes out."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

TEST_FOLDERS = frozenset(("test", "tests", "__tests__", "spec", "specs", "testing", "e2e"))
TEST_NAME = re.compile(
    r"(?:test_.{1,200}|.{1,200}_(?:test|spec)s?)\.\w{1,5}|.{1,200}[.-](?:test|spec|cy)\.\w{1,5}"
    r"|\w{0,200}(?:Tests?|TestCase|IT|Spec)\.(?:java|kt|kts|cs|scala|swift|php|groovy|fs)",
)
# fmt: off
CODE = frozenset((
    ".py", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".go", ".rs", ".rb", ".java", ".kt", ".cs",
    ".c", ".cc", ".cpp", ".h", ".hpp", ".php", ".swift", ".scala", ".ex", ".exs", ".sh", ".bats", ".vue", ".lua",
))
RUNNER_FILES = frozenset((
    "conftest.py", "pytest.ini", "tox.ini", "noxfile.py", "phpunit.xml", "karma.conf.js", ".rspec", ".coveragerc",
))
CI_FILES = frozenset((
    "jenkinsfile", ".gitlab-ci.yml", ".travis.yml", "azure-pipelines.yml", "codecov.yml", ".pre-commit-config.yaml",
))
# fmt: on
RUNNER_NAME = re.compile(
    r"(?:jest|vitest|playwright|cypress|ava|mocha|\.mocharc)(?:\.config)?\.(?:[cm]?[jt]s|json|ya?ml)"
)
CI_FOLDERS = ("/.github/workflows/", "/.circleci/", "/.buildkite/", "/.husky/")


def is_test(path: str) -> bool:
    """Whether the file holds tests, by its name or one of its folders; data beside tests is none."""
    pure = PurePosixPath(path.replace("\\", "/"))
    if pure.suffix.lower() not in CODE or pure.name.lower() in RUNNER_FILES:
        return False
    return TEST_NAME.fullmatch(pure.name[:300]) is not None or bool(TEST_FOLDERS.intersection(pure.parts[:-1]))


def is_ci(path: str) -> bool:
    """Whether the file says what CI runs, or what a commit must pass."""
    plain = path.replace("\\", "/").lower()
    return plain.rsplit("/", 1)[-1] in CI_FILES or any(folder in f"/{plain}" for folder in CI_FOLDERS)


def is_verifier(path: str) -> bool:
    """Whether the file says how tests are run or what CI checks."""
    name = path.replace("\\", "/").lower().rsplit("/", 1)[-1]
    return is_ci(path) or name in RUNNER_FILES or RUNNER_NAME.fullmatch(name[:100]) is not None


def is_code(path: str) -> bool:
    """Whether the file is source code and no test."""
    return PurePosixPath(path).suffix.lower() in CODE and not is_test(path) and not is_verifier(path)
