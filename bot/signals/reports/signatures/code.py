"""Signatures of what checks say of the code: dependencies, style, types, compilers, gates and the rules of pulls."""

from __future__ import annotations

from bot.signals.reports.signatures.table import Signature

_GO_LINTERS = (
    "errcheck|govet|staticcheck|gosimple|unused|ineffassign|revive|gofmt|gofumpt|goimports|gocritic|gosec|misspell|lll"
    "|typecheck|stylecheck|unparam|unconvert|nolintlint|gocyclo|dupl|prealloc|bodyclose|noctx|wsl|whitespace"
)
_PIP = "No matching distribution|ResolutionImpossible|metadata-generation-failed|No solution found when resolving"

_DEPENDENCIES = (
    Signature(
        "dependency/npm",
        "cause",
        ("ERESOLVE", "EUSAGE", "ETARGET", "E404", "ERR_PNPM_", "can only install", "lockfile", "find module"),
        r"\bcode (?:ERESOLVE|EUSAGE|ETARGET|E404)$|ERR_PNPM_(?:OUTDATED_LOCKFILE|NO_MATCHING|PEER_DEP|FETCH_404)"
        r"|`?npm ci`? can only install|[Yy]our lockfile needs to be updated|The lockfile would have been modified"
        r"|^(?:Error: )?Cannot find module '(?![./])",
    ),
    Signature(
        "dependency/python",
        "cause",
        tuple(_PIP.split("|")),
        rf"^(?:ERROR: |error: |×? *)?(?:{_PIP})",
    ),
    Signature(
        "dependency/python-module",
        "summary",
        ("ModuleNotFoundError:", "ImportError:"),
        r"^(?:ModuleNotFoundError: No module named|ImportError: (?:cannot import name|No module named))",
        tail=True,
    ),
    Signature(
        "dependency/jvm",
        "cause",
        ("Could not resolve", "Could not find artifact", "No matching variant", "Non-resolvable", "version' for"),
        r"Could not resolve (?:all (?:files|dependencies|artifacts)|dependencies for)|Could not find artifact"
        r"|^(?:> )?No matching variant of|Non-resolvable (?:parent|import) POM"
        r"|^'dependencies\.dependency\.version' for \S{1,300} is missing",
    ),
    Signature(
        "dependency/go",
        "cause",
        ("go.sum", "cannot compile Go", "checksum mismatch", "no required module"),
        r"missing go\.sum entry|cannot compile Go 1\.\d+ code|verifying \S{1,300}: checksum mismatch"
        r"|no required module provides package|updates to go\.(?:mod|sum) needed",
    ),
    Signature(
        "dependency/rust",
        "cause",
        ("failed to select a version", "the lock file"),
        r"^error: failed to select a version|the lock file .{0,300}needs to be updated",
    ),
    Signature(
        "dependency/ruby-php-dotnet",
        "cause",
        ("compatible versions", "Could not find gem", "could not be resolved to an installable", "error NU1"),
        r"Bundler could not find compatible versions|^Could not find gem|requirements could not be resolved to an "
        r"installable|\berror NU1\d{3}:",
    ),
)

_LINT = (
    Signature("lint/pre-commit", "rule", ("- hook id: ",), r"^- hook id: \S", above="Failed"),
    Signature(
        "lint/format",
        "rule",
        (
            "style issues",
            "would reformat ",
            "Diff in /",
            "treefmt",
            "format violations",
            "not formatted",
            "reformatted,",
        ),
        r"^(?:\[warn\] )?Code style issues (?:found|were found) in|^would reformat \S|^Diff in /|treefmt-check"
        r"|^(?:> )?The following files had format violations|^File not formatted|^\S{1,300} is not formatted"
        r"|^[1-9]\d* files? would be reformatted",
    ),
    Signature(
        "lint/eslint",
        "rule",
        ("problem", " error "),
        r"^✖ \d+ problems? \([1-9]|^\d+:\d+\s+error\s+.{1,1500}\s@?[a-z][\w/-]+$",
    ),
    Signature(
        "lint/flake8",
        "rule",
        (".py:", ".pyi:", ".ipynb:"),
        r"^\S{1,300}\.(?:pyi?|ipynb):\d+:\d+: (?:error: )?\[?[A-Z]{1,4}\d{2,4}\b",
    ),
    Signature("lint/golangci", "rule", (".go:",), rf"^\S{{1,300}}\.go:\d+:\d+: .{{1,1500}}\((?:{_GO_LINTERS})\)$"),
    Signature(
        "lint/checkstyle",
        "rule",
        ("heckstyle", ".java:"),
        r"^> Task :\S*[cC]heckstyle\w* FAILED|You have [1-9]\d* Checkstyle viol|^\S{1,300}\.java:\d+:\d+: error: "
        r"|Checkstyle rule violations were found"
        r"|maven-checkstyle-plugin:\S{1,80} .{0,200}(?:[1-9]\d* |with )violations?",
    ),
    Signature(
        "lint/rubocop", "rule", (": C: ", ": W: ", ": E: ", ": F: "), r"^\S{1,300}:\d+:\d+: [CWEF]: (?:\[\w+\] )?[A-Z]"
    ),
    Signature("lint/clippy", "rule", ("clippy::",), r"^= (?:note|help): .{0,300}clippy::\w"),
    Signature("lint/shellcheck", "rule", ("SC1", "SC2", "SC3"), r"\bSC[1-3]\d{3} \((?:error|warning|info|style)\)"),
    Signature(
        "lint/spelling",
        "rule",
        (" ==> ", "misspelled", "Unknown word"),
        r"^\S{1,300}:\d+: \S{1,80} ==> \S|Found [1-9]\d* misspelled|:\d+:\d+ - Unknown word \(",
    ),
    Signature("lint/markdown", "rule", ("MD0",), r"^\S{1,300}:\d+(?::\d+)? (?:error )?MD\d{3}/"),
    Signature(
        "lint/license", "rule", ("unapproved license", "license header"), r"Too many files with unapproved license"
    ),
)

_TYPES = (
    Signature("type/typescript", "rule", ("TS",), r"\berror (?:TS\d{4,5}):"),
    Signature(
        "type/mypy",
        "rule",
        (": error: ",),
        r"^\S{1,300}\.pyi?:\d+(?::\d+)?: error: .{1,1500}\[[a-z][\w-]+\]$",
    ),
    Signature(
        "type/tsd", "error", ("✖ ",), r"^✖ +\d+:\d+ +(?:Parameter type|Generic type|Argument of type|Type|Expected)\b"
    ),
    Signature("type/pyright", "rule", ("(report",), r"\.pyi?:\d+:\d+ - error: .{1,1500}\(report\w+\)$"),
)

_COMPILERS = (
    Signature("compile/rust", "rule", ("error[E",), r"^error\[E\d{4}\]"),
    Signature(
        "compile/dotnet", "rule", ("error CS", "error MSB", "error FS", "error BC"), r": error (?:CS|MSB|FS|BC)\d{4}:"
    ),
    Signature(
        "compile/c",
        "error",
        ("error:", "error C", "error LNK"),
        r"^\S{1,300}\.(?:c|cc|cpp|cxx|cu|h|hh|hpp|hxx|m|mm|swift|ino)[:(]\d+(?::\d+)?\)?: (?:fatal )?error"
        r"|: error (?:C|LNK)\d{4}:",
    ),
    Signature(
        "compile/linker",
        "cause",
        ("undefined reference to", "undefined symbols", "cannot find -l"),
        r"undefined reference to|^Undefined symbols for|\bld: cannot find -l",
    ),
    Signature(
        "compile/jvm",
        "error",
        (".java:", ".kt:", ".scala:", ".groovy:"),
        r"^(?:e: )?(?:file://)?(?:\[(?:javac|error)\] )?[^:\s\[]\S{0,300}\.(?:java|kt|scala|groovy)"
        r":(?:\d+: error:|\[\d+,\d+\] (?!\(\w+\))|\d+:\d+ )",
    ),
    Signature(
        "compile/go",
        "error",
        (".go:", "[build failed]"),
        r"\.go:\d+:\d+: (?:undefined|cannot use|.{1,300}declared and not used|syntax error|missing return|too many"
        r"|not enough)|^FAIL\s\S{1,300} \[build failed\]",
    ),
    Signature(
        "compile/python",
        "cause",
        ("SyntaxError:", "IndentationError:"),
        r"^(?:SyntaxError|IndentationError): ",
        tail=True,
    ),
    Signature(
        "compile/js",
        "cause",
        ("Can't resolve", "resolve import", "[ERROR]", "build error:", "Cannot find module"),
        r"Module not found: (?:Error: )?Can't resolve|Rollup failed to resolve import|^✘ \[ERROR\]|^build error:"
        r"|^(?:Error: )?Cannot find module '[./]",
        tail=True,
    ),
    Signature(
        "compile/jvm-task",
        "summary",
        ("COMPILATION ERROR", "ompile"),
        r"^COMPILATION ERROR|^> Task :\S{0,200}[cC]ompile\S{0,200} FAILED|^Compilation failure"
        r"|^Execution failed for task ':\S{0,200}[cC]ompile",
    ),
    Signature(
        "compile/docker",
        "summary",
        ("buildx failed with", "failed to solve:"),
        r"^(?:ERROR: )?(?:buildx failed with|failed to solve:)",
    ),
)

_GATES = (
    Signature(
        "gate/coverage",
        "cause",
        ("Coverage failure", "Required test coverage", "overage threshold", "minimum expected coverage"),
        r"Coverage failure: total of|Required test coverage of .{1,20} not reached"
        r"|overage threshold for \w{1,20} \(.{1,20}\) not met|is below the minimum expected coverage",
    ),
    Signature(
        "policy/pull-request",
        "cause",
        (
            "at least one label",
            "PR title",
            "pull request title",
            "changelog entry",
            "llow edits",
            "sign-off",
            "ghstack",
        ),
        r"must have at least one label|(?:PR|[Pp]ull [Rr]equest) title (?:doesn't|does not|must)|add a changelog entry"
        r"|[“\"']?[Aa]llow edits (?:from|by) maintainers|missing (?:a )?(?:DCO )?sign-off",
    ),
)

SIGNATURES: tuple[Signature, ...] = (*_DEPENDENCIES, *_LINT, *_TYPES, *_COMPILERS, *_GATES)
