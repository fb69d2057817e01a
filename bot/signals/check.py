"""Takes a shell command and what it printed; says whether it was a check (test, build, lint, types) and its outcome."""

from __future__ import annotations

import re
from itertools import pairwise

from bot.model import Check

COMMAND_CAP = 2_000
LINE_CAP = 2_000
HEAD = 24_000
TAIL = 48_000
"""Characters of an output that are looked at, from its beginning and from its end."""
MOST_FAILING = 50

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
_HINT = re.compile(
    "test|lint|check|build|make|type|unit|e2e|integration|verify|ci|spec|validate|vet|compile|package|install|tox|nox|"
    "mypy|pyright|flake8|ruff|jest|clippy|pre-commit|ty|tsc|mocha|ava|biome|karma|cypress|jasmine|tap|ginkgo|rubocop|"
    "phpstan|detekt|zizmor|shfmt|gofmt|credo"
)
"""Every check has one of these words in it; many commands have none."""
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
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w{0,80}=")
_NO_CHECK_FLAGS = frozenset({"--version", "--help", "-h", "--collect-only", "--co", "--init", "-V"})


def is_check(command: str) -> bool:
    """Whether some part of this command line is a test, build, lint or type-check run."""
    return _found(command) is not None


def read_check(command: str, output: str, exit_code: int | None) -> Check | None:
    """What a check said; None when the command is none.

    The exit code decides when it is the check's own: not behind a pipe (`| tail`), `;` or `||`. Where it is masked
    or not recorded, the output decides: lines that name failures, or a summary that counts them, then a summary of
    success. Neither gives `none`, as does a check that never ran (command not found, no tests, killed).
    """
    masked = _found(command)
    if masked is None:
        return None
    if not masked and exit_code == 0:
        return Check("pass")
    text = output if len(output) <= HEAD + TAIL else f"{output[:HEAD]}\n{output[-TAIL:]}"
    never_ran = exit_code in (124, 126, 127, 137, 143) or _NEVER_RAN.search(text[:2_000]) is not None
    failing = _failing(text)
    if never_ran and not failing:
        return Check("none")
    if failing or _has(text, _RED_HINTS, _RED):
        return Check("fail", failing)
    if _has(text, _GREEN_HINTS, _GREEN):
        return Check("pass")
    if masked or exit_code is None:
        return Check("none")
    return Check("fail")


# --- the command line -------------------------------------------------------------------------------------------------


def _found(command: str) -> bool | None:
    """None when no check stands in the command, else whether its exit code is masked by what follows."""
    if not _HINT.search(command, 0, COMMAND_CAP):
        return None
    parts = _split(command[:COMMAND_CAP])
    pipefail = "pipefail" in command[:COMMAND_CAP]
    for place, (words, _after) in enumerate(parts):
        inner = _inner(words)
        found = _found(inner) if inner else (False if _is_check_words(words) else None)
        if found is None:
            continue
        following = [after for _words, after in parts[place:-1]]
        if parts[-1][1] in ("|", "&", "||"):
            following.append(parts[-1][1])
        return found or any(mark in (";", "||", "&") or (mark == "|" and not pipefail) for mark in following)
    return None


def _inner(words: list[str]) -> str:
    """The command inside `bash -lc '…'`, empty when there is none."""
    words = _unwrapped(words)
    if (
        len(words) >= 3
        and words[0].rsplit("/", 1)[-1] in ("bash", "sh", "zsh")
        and words[1] in ("-lc", "-c", "-ec", "-xc")
    ):
        return words[2] if words[2] != " ".join(words) else ""
    return ""


def _is_check_words(words: list[str]) -> bool:
    words = _unwrapped(words)
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
    if re.fullmatch(r"python[\d.]{0,5}|py", name):
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


_TOKEN = re.compile(
    r"(?P<comment>(?<!\S)#[^\n]*)|(?P<redirect>\d?>&[\d-]?|&>)|(?P<operator>&&|\|\||[;|&\n()])|(?P<space>[ \t\r]+)|"
    r"(?P<quoted>'[^']*+'?|\"(?:[^\"\\]|\\.)*+\"?)|(?P<escaped>\\.)|(?P<plain>[^\s;|&()'\"\\]+?(?=\d?>&)|[^\s;|&()'\"\\]+)|.",
    re.S,
)
_HEREDOC = re.compile(r"<<-?[ \t]?(['\"]?)(\w{1,40})\1")


def _split(command: str) -> list[tuple[list[str], str]]:
    """The simple commands of a line with the operator after each; quotes are honoured, here-documents are dropped."""
    parts: list[tuple[list[str], str]] = []
    words: list[str] = []
    word: list[str] = []
    for token in _TOKEN.finditer(_without_heredocs(command)):
        kind, text = token.lastgroup, token[0]
        if kind in ("plain", "quoted", "escaped", "redirect"):
            word.append(_unquoted(kind, text))
            continue
        if word:
            words.append("".join(word))
            word = []
        if kind == "operator":
            mark = ";" if text in "\n()" else text
            if words:
                parts.append((words, mark))
            elif parts and mark != ";":  # `(a && b) | tail`: what follows the bracket follows its last command
                parts[-1] = (parts[-1][0], mark)
            words = []
    if word:
        words.append("".join(word))
    if words:
        parts.append((words, ""))
    return parts


def _unquoted(kind: str, text: str) -> str:
    if kind == "quoted":
        inner = text[1:].removesuffix(text[0])
        return inner.replace('\\"', '"') if text[0] == '"' else inner
    return text[1:].replace("\n", "") if kind == "escaped" else text


def _without_heredocs(command: str) -> str:
    """The command without the bodies of its here-documents: they are data; a script fed to a shell is not seen."""
    while found := _HEREDOC.search(command):
        line = command.find("\n", found.end())
        end = command.find(f"\n{found[2]}", found.end())
        after = command[end + 1 + len(found[2]) :] if end >= 0 else ""
        rest = command[found.end() : line] if line >= 0 else command[found.end() :]
        command = command[: found.start()] + rest + after
    return command


# --- the output -------------------------------------------------------------------------------------------------------

_ANSI = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_TASK = re.compile(r"\[[\w:./-]{1,60}\] ")
_NUMBERED = re.compile(r"\s{1,8}\d{1,4}\) (.{1,200}?)\s*$")
_NEVER_RAN = re.compile(
    r"command not found|No module named '?(?:pytest|mypy|ruff|tox|nox)\b|no tests ran|collected 0 items|No tests found|"
    r"running in (?:the )?background|Missing script|Process running with session ID"
)
_DURATION = re.compile(r"\s*\(?\b\d{1,8}(?:\.\d{1,6})?\s?m?s\)?\s*$")

_FAILING: tuple[tuple[str, re.Pattern[str], str], ...] = (
    # a word that must stand in the line, the line, how the id is written
    ("FAILED", re.compile(r"^(?:FAILED|ERROR) (\S{1,400})(?: - .*)?$"), r"\1"),
    ("ERROR", re.compile(r"^ERROR (?:collecting )?(\S{1,300}\.py\S{0,200})(?: - .*)?$"), r"\1"),
    ("--- FAIL", re.compile(r"^\s{0,40}--- FAIL: (\S{1,300})"), r"\1"),
    ("FAIL\t", re.compile(r"^FAIL\t(\S{1,300})"), r"\1"),
    ("FAIL", re.compile(r"^\s{0,4}FAIL {1,3}(?:\S{1,60} )?(\S{1,300}\.[cm]?[jt]sx?\b)"), r"\1"),
    ("FAIL", re.compile(r"^(?:FAIL|ERROR): (test\w{0,200}) \(([\w.]{1,300})\)"), r"\2.\1"),
    ("FAILED", re.compile(r"^test (\S{1,300}) \.\.\. FAILED"), r"\1"),
    ("FAILED", re.compile(r"^(\S{1,200} > .{1,300}) FAILED$"), r"\1"),
    ("✕", re.compile(r"^\s{0,40}✕ (.{1,300})$"), r"\1"),
    ("✗", re.compile(r"^\s{0,40}✗ (.{1,300})$"), r"\1"),
    ("✖", re.compile(r"^\s{0,40}✖ (?!\d{1,6} problems?)(.{1,300})$"), r"\1"),
    ("×", re.compile(r"^\s{0,40}× (.{1,300})$"), r"\1"),
    ("●", re.compile(r"^\s{0,8}● (.{1,300} › .{1,300})$"), r"\1"),
    ("(fail)", re.compile(r"^\(fail\) (.{1,300})$"), r"\1"),
    ("not ok", re.compile(r"^\s{0,12}not ok \d{1,6}(?: -)? (.{1,300})$"), r"\1"),
    ("error TS", re.compile(r"^(\S{1,300}?)(?:\(\d{1,7},\d{1,7}\):|:\d{1,7}:\d{1,7} -) error (TS\d{1,6})"), r"\1 \2"),
    ("error:", re.compile(r"^(\S{1,300}?):\d{1,7}(?::\d{1,7})?: error: .{0,1000}\[([\w-]{1,60})\]$"), r"\1 \2"),
    (": ", re.compile(r"^(\S{1,300}\.pyi?):\d{1,7}:\d{1,7}: ([A-Z]{1,5}\d{1,5})\b"), r"\1 \2"),
    ("error[E", re.compile(r"^error\[(E\d{1,6})\]"), r"\1"),
    ("error  ", re.compile(r"^\s{1,8}\d{1,7}:\d{1,7}\s{1,8}error\s{1,8}.{1,1000}?\s{2}([\w@/-]{1,100})$"), r"\1"),
    (".go:", re.compile(r"^(\S{1,300}\.go):\d{1,7}(?:[:-]\d{1,7})?: .{1,800} \((\w{1,40})\)$"), r"\1 \2"),
    (".go:", re.compile(r"^(\S{1,300}\.go):\d{1,7}:\d{1,7}: (\S.{1,200})$"), r"\1 \2"),
    ("rspec ", re.compile(r"^rspec (\S{1,300})"), r"\1"),
    ("Failed ", re.compile(r"^\s{0,8}Failed ([\w.]{1,300}) \["), r"\1"),
    ("ERROR]", re.compile(r"^\[ERROR\]\s{1,8}([\w.$]{1,200}[.:]\w{1,200})"), r"\1"),
)
_MARKS = tuple(dict.fromkeys(mark for mark, _line, _id in _FAILING))

_RED_HINTS = ("ail", "issue", "FAIL", "rror", "ERR", "anic", "roblem", "***")
_RED = re.compile(
    r"\b[1-9]\d{0,6} (?:tests? )?(?:failed|failures?|failing|errors?|errored)\b|\bFAILED\b|\berror TS\d|"
    r"^FAIL\b|[Ff]ailures?: ?[1-9]|[Ee]rrors?: ?[1-9]|could not compile|BUILD FAIL|npm ERR!|npm error|\*\*\* \[|"
    r"Found [1-9]\d{0,6} errors?|^panic: |"
    r"ERROR task failed|^[1-9]\d{0,6} issues?:|^# \S+ \[build failed\]|\[build failed\]|^fail [1-9]|"
    r"[1-9]\d{0,6} problems? \(|^SyntaxError|^Traceback \(most|^error: |^ELIFECYCLE|^# fail [1-9]|"
    r"^ERROR:? |^would reformat |ℹ fail [1-9]",
    re.M,
)  # fmt: skip
_GREEN_HINTS = (
    "pass",
    "ok",
    "OK",
    "PASS",
    "o issues",
    "uccess",
    "UCCESS",
    "0 errors",
    "built in",
    "Finished",
    "0 issues",
)
_GREEN = re.compile(
    r"\b[1-9]\d{0,6} (?:tests? )?(?:passed|passing)\b|^ok\s{1,4}\S|^PASS\b|test result: ok|All checks passed|"
    r"no issues found|BUILD SUCCESS|^OK\b|[Bb]uild succe|\b0 errors\b|\bTests:.{1,60} passed|\bbuilt in\b|"
    r"Finished `?(?:dev|test|release)|^0 issues|Compiled successfully|^# pass [1-9]|ℹ pass [1-9]|"
    r"^ [1-9]\d{0,5} pass$|Tests\s{1,4}\d{1,6} passed",
    re.M,
)


def _has(text: str, hints: tuple[str, ...], pattern: re.Pattern[str]) -> bool:
    if not any(hint in text for hint in hints):
        return False
    return any(pattern.search(line) for line in _lines(text) if any(hint in line for hint in hints))


def _failing(text: str) -> tuple[str, ...]:
    """The sorted ids of what failed; tests and files, never line numbers or durations."""
    found: set[str] = set()
    if any(mark in text for mark in _MARKS):
        for line in _lines(text):
            if one := _failing_id(line):
                found.add(one)
            if len(found) >= 4 * MOST_FAILING:
                break
    if "failing" in text or "failed" in text:
        found |= _failing_in_mocha(_lines(text))
    return tuple(sorted(found)[:MOST_FAILING])


def _failing_id(line: str) -> str:
    line = line.rstrip()
    for mark, pattern, written in _FAILING:
        if mark in line and (match := pattern.match(line)):
            return _DURATION.sub("", match.expand(written)).strip()[:300]
    return ""


def _failing_in_mocha(lines: list[str]) -> set[str]:
    """Mocha numbers its failures: `1) suite`, and on the next line `title:`."""
    return {
        f"{match[1]} › {title.strip()[:-1]}"[:300]
        for line, title in pairwise(lines)
        if title.endswith(":") and title.startswith("    ") and (match := _NUMBERED.match(line))
    }


def _lines(text: str) -> list[str]:
    """Lines cut at the cap, without colours and without the `[task] ` that a task runner puts before each."""
    lines = (_ANSI.sub("", text) if "\x1b" in text else text).split("\n")
    return [_TASK.sub("", line[:LINE_CAP], count=1) if line[:1] == "[" else line[:LINE_CAP] for line in lines]
