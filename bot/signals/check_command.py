"""Takes a shell command line; says whether a check (test, build, lint, types) stands in it, and who tells its end."""

from __future__ import annotations

import re

from bot.signals.shell import split

COMMAND_CAP = 2_000

_TOOLS = frozenset({
    "pytest", "py.test", "tox", "nox", "mypy", "pyright", "basedpyright", "pylint", "flake8", "ruff",
    "pre-commit", "unittest", "ty", "tsc", "jest", "vitest", "mocha", "ava", "eslint", "biome", "karma",
    "cypress", "vue-tsc", "oxlint", "stylelint", "jasmine", "tap", "golangci-lint", "gotestsum",
    "staticcheck", "ginkgo", "rspec", "rubocop", "phpunit", "phpstan", "ctest", "shellcheck", "actionlint",
    "ktlint", "detekt", "swiftlint", "hadolint", "zizmor", "shfmt", "gofmt",
})  # fmt: skip
_SUBCOMMANDS: dict[str, frozenset[str]] = {
    "go": frozenset({"test", "build", "vet"}),
    "cargo": frozenset({"test", "build", "check", "clippy", "nextest"}),
    "npm": frozenset({"test"}),
    "yarn": frozenset({"test", "build", "lint", "typecheck", "check"}),
    "pnpm": frozenset({"test", "build", "lint", "typecheck", "check"}),
    "bun": frozenset({"test", "build"}),
    "deno": frozenset({"test", "check", "lint"}),
    "mvn": frozenset({"test", "verify", "compile", "package", "install"}),
    "gradle": frozenset({"test", "build", "check", "compileJava", "compileKotlin", "lint"}),
    "dotnet": frozenset({"test", "build"}),
    "swift": frozenset({"test", "build"}),
    "mix": frozenset({"test", "compile", "credo"}),
    "bazel": frozenset({"test", "build"}),
    "ninja": frozenset({"test", "check"}),
    "node": frozenset({"--test"}),
    "rake": frozenset({"test", "spec"}),
    "rails": frozenset({"test"}),
    "hatch": frozenset({"test"}),
    "sbt": frozenset({"test", "compile"}),
    "zig": frozenset({"test", "build"}),
    "turbo": frozenset({"test", "build", "lint", "typecheck"}),
    "nx": frozenset({"test", "build", "lint"}),
}
_SCRIPT_WORDS = re.compile(
    r"(?:^|[:_.-])(?:tests?|unit|e2e|integration|lint|build|check|type-?check|types|tsc|verify|ci|spec|"
    r"validate|vet|compile)(?:$|[:_.-])"
)
_WORD = re.compile(r"[A-Za-z0-9]+")
_HINTS = (_TOOLS.union(*_SUBCOMMANDS.values()) - {"pre-commit", "golangci-lint", "vue-tsc", "py.test"}) | frozenset({
    "pre", "make", "gmake", "doctest", "compileall", "tests", "unit", "e2e", "integration", "type", "typecheck",
    "types", "verify", "ci", "spec", "validate", "vet", "compile", "runtest", "runtests", "runlint", "runcheck",
    "runbuild", "runtypecheck", "runverify", "runci",
})  # fmt: skip
"""One of these stands between other characters in every check; in many commands none does."""
_SCRIPT_FILE = re.compile(r"(?:^|/)(?:run[_-]?)?(?:tests?|lint|check|build|typecheck|verify|ci)(?:\.sh|\.bash)?$")
_WRAPPERS = frozenset({
    "sudo", "time", "env", "nice", "command", "exec", "npx", "bunx", "dotenv", "xvfb-run", "nohup", "stdbuf",
    "uvx", "pnpx", "caffeinate",
})  # fmt: skip
_RUNNERS = {"uv": "run", "poetry": "run", "pipenv": "run", "hatch": "run", "pdm": "run", "rye": "run", "bundle": "exec",
            "pnpm": "exec", "mise": "exec", "npm": "exec", "yarn": "run", "pixi": "run", "devbox": "run"}  # fmt: skip
_SCRIPT_RUNNERS = frozenset(
    {"npm", "yarn", "pnpm", "bun", "make", "gmake", "just", "task", "mise", "invoke", "deno", "composer"}
)
_PYTHON = re.compile(r"python[\d.]{0,5}|py")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w{0,80}=")
_NO_CHECK_FLAGS = frozenset({"--version", "--help", "-h", "--collect-only", "--co", "--init", "-V"})


def masked(command: str) -> bool | None:
    """None when no check stands in the command, else whether its exit code is masked by what follows it."""
    command = command[:COMMAND_CAP]
    if _HINTS.isdisjoint(_WORD.findall(command)):
        return None
    parts = split(command)
    pipefail = "pipefail" in command
    for place, (wrapped, _after) in enumerate(parts):
        words = _unwrapped(wrapped)
        inner = _inner(words)
        found = masked(inner) if inner else (False if _is_check_words(words) else None)
        if found is None:
            continue
        following = [after for _words, after in parts[place:-1]]
        if parts[-1][1] in ("|", "&", "||"):
            following.append(parts[-1][1])
        return found or any(mark in (";", "||", "&") or (mark == "|" and not pipefail) for mark in following)
    return None


def _inner(words: list[str]) -> str:
    """The command inside `bash -lc '…'`, empty when there is none."""
    if (
        len(words) >= 3
        and words[0].rsplit("/", 1)[-1] in ("bash", "sh", "zsh")
        and words[1] in ("-lc", "-c", "-ec", "-xc")
    ):
        return words[2] if words[2] != " ".join(words) else ""
    return ""


def _is_check_words(words: list[str]) -> bool:
    if not words or _NO_CHECK_FLAGS & set(words[1:4]):
        return False
    name = words[0].rsplit("/", 1)[-1]
    rest = words[1:]
    if name in ("gradlew", "mvnw"):
        name = name[:-1]
    if name in _TOOLS:
        return not (name == "ruff" and rest[:1] in (["format"], ["clean"], ["rule"]) and "--check" not in rest)
    if name == "node":  # `node node_modules/mocha/bin/mocha.js`
        script = next((word for word in rest if not word.startswith("-")), "").rsplit("/", 1)[-1]
        return re.sub(r"\.[cm]?js$", "", script).lstrip("_") in _TOOLS or "--test" in rest
    if _PYTHON.fullmatch(name):
        return _python_check(rest)
    if name in ("make", "gmake"):
        goals = [word for word in rest if not word.startswith("-") and "=" not in word]
        return not goals or any(_SCRIPT_WORDS.search(goal) or goal == "all" for goal in goals)
    if _SCRIPT_FILE.search(words[0]) and words[0] != name:  # `./test.sh`; a bare `test -f x` is a shell builtin
        return True
    if name in ("bash", "sh", "zsh"):
        return bool(rest) and _SCRIPT_FILE.search(rest[0]) is not None
    return _subcommand(name, rest)


def _subcommand(name: str, rest: list[str]) -> bool:
    plain = [word for word in rest if not word.startswith("-") or word == "--test"]
    if name in _SCRIPT_RUNNERS and plain:
        at = 1 if plain[0] in ("run", "run-script", "task") and len(plain) > 1 else 0
        if at or name in ("just", "task", "mise", "invoke", "composer"):
            return _SCRIPT_WORDS.search(plain[at]) is not None
    if name in ("pnpm", "yarn") and plain and _SCRIPT_WORDS.search(plain[0]):  # these run a script by its bare name
        return True
    wanted = _SUBCOMMANDS.get(name)
    if not wanted or not plain:
        return False
    if name in ("mvn", "gradle", "bazel"):
        return any(word.rsplit(":", 1)[-1] in wanted for word in plain)
    # `yarn --cwd web test`, `npm --prefix web test`, `go -C dir test`: a flag's value may stand first.
    return any(word.split(":", 1)[0] in wanted for word in plain[: 2 if rest[0].startswith("-") else 1])


def _python_check(rest: list[str]) -> bool:
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        rest = rest[1:]
    if len(rest) >= 2 and rest[0] == "-m":
        return rest[1] in _TOOLS or rest[1] in ("compileall", "doctest", "build", "py_compile")
    return bool(rest) and (
        re.search(r"(?:^|/)(?:test_[\w-]{1,80}|[\w-]{1,80}_test|runtests?|run_tests?|tests?)\.py$", rest[0]) is not None
        or (rest[0].rsplit("/", 1)[-1] == "manage.py" and rest[1:2] in (["test"], ["check"]))
    )


def _unwrapped(words: list[str]) -> list[str]:
    """The words without assignments, wrappers with their flags, and runners such as `uv run`."""
    for _ in range(8):
        if not words:
            return words
        name = words[0].rsplit("/", 1)[-1]
        if _ASSIGNMENT.match(words[0]) or words[0] in ("(", "{", "!", "if", "then", "do", "while", "&&"):
            words = words[1:]
        elif name == "command" and words[1:2] in (["-v"], ["-V"]):
            return []
        elif name in _WRAPPERS:
            words = _without_flags(words[1:])
        elif name == "timeout" or name == "gtimeout":
            words = _without_flags(words[1:])[1:]
        elif (
            name in _RUNNERS
            and _RUNNERS[name] in words[1:3]
            and not (name in _SCRIPT_RUNNERS and name != "mise" and _RUNNERS[name] == "run")
        ):
            words = _without_flags(words[words.index(_RUNNERS[name], 1) + 1 :])
        else:
            return words
    return words


def _without_flags(words: list[str]) -> list[str]:
    valued = (
        "--with",
        "--extra",
        "--group",
        "-k",
        "-s",
        "-n",
        "-u",
        "-p",
        "--python",
        "--package",
        "--directory",
        "--project",
        "-e",
    )
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in valued else words[1:]
    return words
