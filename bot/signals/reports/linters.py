"""The bytes of a linter's or type checker's JSON go in, a Report comes out: which rules were broken in which files.

A row of `LINTERS` says where a tool writes what, and which severities make it fail: its outcome is the one its exit
status would have been with its default options, so that a warning that fails nothing is no failure here either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.model import Pin, Report, Signal, Source
from bot.signals.reports import json_text
from bot.signals.reports.json_text import Citer, inside, objects, shown
from bot.signals.transcripts.outline import Head

SIGNALS_CAP = 1_000
"""Pairs of rule and path that become signals of their own; all findings are counted."""

_WORKSPACE = re.compile(
    r"^(?:file://)?/?(?:home/runner/work/[^/]{1,100}/[^/]{1,100}/|github/workspace/|__w/[^/]{1,100}/[^/]{1,100}/"
    r"|D:[/\\]a[/\\][^/\\]{1,100}[/\\][^/\\]{1,100}[/\\])|^file://"
)


@dataclass(frozen=True, slots=True)
class Linter:
    """How one tool writes its findings.

    `needs` are the keys of the first record (of the document itself where `under` names its list) by which the tool is
    known. `of_file` is the key of a list of findings in a file's record, empty where each record is one finding.
    `fails` are the severities that fail the tool, empty when every finding does; `spares` names a flag of a finding
    that fails nothing. `prefix` stands before a rule that is only a number; `parse` is the rule of what names none.
    """

    name: str
    needs: tuple[str, ...]
    file: str
    rule: str
    message: str
    under: str = ""
    of_file: str = ""
    severity: str = ""
    fails: tuple[str, ...] = ()
    spares: str = ""
    prefix: str = ""
    parse: str = "parse-error"
    lacks: tuple[str, ...] = ()

    def matches(self, head: Head) -> bool:
        """Whether the file begins as this tool's do."""
        if head.shape not in (("object", "lines") if self.under else ("array", "lines")):
            return False
        return all(key in head.first for key in self.needs) and not any(key in head.first for key in self.lacks)

    def read(self, data: bytes, path: str) -> Report:
        """Read a whole file. Raises nothing: what is damaged is read as far as it goes, with the loss said."""
        source = json_text.source_of(data, path)
        if len(data) > json_text.SIZE_CAP:
            return json_text.unreadable(self.name, source, f"larger than {json_text.SIZE_CAP >> 20} MiB")
        records, loaded, judged = _records(self, data)
        if not records and not judged:
            return json_text.unreadable(
                self.name, source, loaded.why or "no finding stands where this tool writes them"
            )
        tally = Tally(Citer(data, source))
        unread = 0
        for record in records:
            if self.file not in record or (self.of_file and not isinstance(record.get(self.of_file), list)):
                unread += 1
                continue
            for finding in objects(record[self.of_file]) if self.of_file else (record,):
                self._count(tally, finding, shown(record[self.file]))
        warnings = json_text.loss(source, loaded)
        if unread:
            warnings += (
                f"{path}: {unread} of {len(records)} records are no {self.name} records and were passed over.",
            )
        return tally.report(self.name, source, judged, warnings)

    def _count(self, tally: Tally, finding: dict[str, object], file: str) -> None:
        value = finding.get(self.rule)
        said = value[0] if isinstance(value, list) and value else value
        rule = shown(said) or self.parse
        rule = self.prefix + rule if rule.isdigit() else rule
        spared = bool(self.spares) and finding.get(self.spares) is True
        fails = not self.fails or shown(finding.get(self.severity)).lower() in self.fails
        tally.add(rule, file, finding.get(self.message), fails and not spared)


@dataclass(slots=True)
class Tally:
    """It counts findings by rule and path, and cites the first of each."""

    citer: Citer
    broken: dict[tuple[str, str], int] = field(default_factory=dict)
    pins: dict[tuple[str, str], Pin | None] = field(default_factory=dict)
    failed: int = 0
    warned: int = 0

    def add(self, rule: str, file: str, message: object, fails: bool) -> None:
        """Book one finding; each is looked for, so that the citations keep to their places."""
        pin = self.citer.pin(message)
        if not fails:
            self.warned += 1
            return
        self.failed += 1
        pair = (rule, _WORKSPACE.sub("", file))
        if pair in self.broken:
            self.broken[pair] += 1
        elif len(self.broken) < SIGNALS_CAP:
            self.broken[pair] = 1
            self.pins[pair] = pin

    def report(self, name: str, source: Source, judged: bool, warnings: tuple[str, ...]) -> Report:
        """The Report of a tool that fails when any finding counted as failing; `judged` when it came to an end."""
        return Report(
            format=name,
            source=source,
            outcome=json_text.outcome(self.failed > 0, judged, bool(warnings)),
            signals=self.signals(),
            partial=bool(warnings),
            warnings=warnings,
        )

    def signals(self) -> tuple[Signal, ...]:
        """What each rule broke where, and the two counts."""
        broken = [
            Signal("lint-failed", detail=f"{rule} {file}".strip()[: json_text.DETAIL_CAP], value=float(count), pin=pin)
            for ((rule, file), count), pin in zip(self.broken.items(), self.pins.values(), strict=True)
        ]
        counts = (Signal("lints-failed", value=float(self.failed)), Signal("lints-warned", value=float(self.warned)))
        return (*broken, *counts)


def _records(linter: Linter, data: bytes) -> tuple[list[dict[str, object]], json_text.Loaded, bool]:
    """A tool's records, what was lost, and whether the document says that the tool came to an end."""
    body = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0")
    if not linter.under and body[:1] == b"{":
        records, loaded = json_text.load_lines(data)
        return records, loaded, bool(records)
    loaded = json_text.load(data)
    value = inside(loaded.value, linter.under) if linter.under else loaded.value
    return list(objects(value)), loaded, isinstance(value, list)


LINTERS: tuple[Linter, ...] = (
    Linter("ruff", ("code", "end_location", "filename"), "filename", "code", "message", parse="invalid-syntax"),
    Linter(
        "eslint",
        ("filePath", "messages"),
        "filePath",
        "ruleId",
        "message",
        of_file="messages",
        severity="severity",
        fails=("2",),
    ),
    Linter(
        "mypy",
        ("file", "line", "message", "hint", "code", "severity"),
        "file",
        "code",
        "message",
        severity="severity",
        fails=("error",),
    ),
    Linter(
        "pyright",
        ("generalDiagnostics",),
        "file",
        "rule",
        "message",
        under="generalDiagnostics",
        severity="severity",
        fails=("error",),
    ),
    Linter("shellcheck", ("file", "endLine", "level", "code", "message"), "file", "code", "message", prefix="SC"),
    Linter(
        "hadolint",
        ("file", "level", "code", "message"),
        "file",
        "code",
        "message",
        lacks=("endLine",),
        severity="level",
        fails=("error", "warning", "info"),
    ),
    Linter("bandit", ("errors", "generated_at", "metrics"), "filename", "test_id", "issue_text", under="results"),
    Linter(
        "rubocop",
        ("metadata.rubocop_version",),
        "path",
        "cop_name",
        "message",
        under="files",
        of_file="offenses",
        severity="severity",
        fails=("refactor", "convention", "warning", "error", "fatal"),
        spares="corrected",
    ),
    Linter(
        "stylelint",
        ("source", "warnings", "errored"),
        "source",
        "rule",
        "text",
        of_file="warnings",
        severity="severity",
        fails=("error",),
    ),
    Linter(
        "swiftlint",
        ("file", "rule_id", "reason", "severity"),
        "file",
        "rule_id",
        "reason",
        severity="severity",
        fails=("error",),
    ),
    Linter(
        "sqlfluff",
        ("filepath", "violations"),
        "filepath",
        "code",
        "description",
        of_file="violations",
        spares="warning",
    ),
    Linter("ktlint", ("file", "errors"), "file", "rule", "message", of_file="errors"),
    Linter("markdownlint", ("fileName", "ruleNames", "lineNumber"), "fileName", "ruleNames", "ruleDescription"),
)
"""The severities are each tool's defaults: https://eslint.org/docs/latest/use/command-line-interface#exit-codes,
https://github.com/hadolint/hadolint#cli (`--failure-threshold`), https://docs.rubocop.org/rubocop/usage/exit_codes.html,
https://stylelint.io/user-guide/cli#exit-codes; ruff, mypy, pyright, shellcheck, bandit and sqlfluff were run."""
