"""Takes every judged file of ../shared/data/transcripts and ../shared/data/ci; prints how each format fares.

    python -m bench.formats [--wrong]

*Right* compares with the manifest's `expect`; the CI manifest has none, so there the answer is told by a second way
that shares no code with the sniffers: a document's root or keys after a whole parse by the standard library. A format
that no registry names must be `unknown`. *Sound* bytes stand in records that `json` or `expat` can read, *salvaged*
and *lost* bytes in others: a file with such bytes whose reader says nothing of damage is a silent loss (that a record's
type is unknown is no word about damage), and *accounted* is the share of all bytes that are in no such file. What a
reader makes of sound bytes is held against independent counts by the tests, not here. Each file is read twice more,
cut at 60 % and with its middle overwritten by NULs, and must neither crash nor be silent.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from bot.errors import UserError
from bot.signals import reports, transcripts

SHARED = Path(__file__).resolve().parents[1] / "../shared/data"
HEAD = 1 << 16
ROOTS = {
    "testsuites": "junit",
    "testsuite": "junit",
    "test-run": "nunit",
    "test-results": "nunit",
    "assemblies": "xunit",
    "assembly": "xunit",
    "TestRun": "trx",
}
KEYS: tuple[tuple[str, set[str], set[str]], ...] = (
    ("ctrf", {"results"}, {"tool", "tests", "summary"}),
    ("jest", {"numTotalTests", "testResults"}, set()),
    ("pytest-json", {"exitcode", "tests", "summary"}, set()),
    ("go-test", {"Action", "Package"}, set()),
    ("go-test", {"Action", "ImportPath"}, set()),
    ("eslint", {"filePath", "messages", "errorCount"}, set()),
    ("bandit", {"metrics", "generated_at", "results"}, set()),
    ("rubocop", {"metadata", "files", "summary"}, set()),
    ("stylelint", {"invalidOptionWarnings", "warnings"}, set()),
    ("swiftlint", {"rule_id", "reason"}, set()),
    ("sqlfluff", {"filepath", "violations"}, set()),
    ("markdownlint", {"ruleNames", "ruleDescription"}, set()),
    ("inspect", {"eval", "status", "version"}, set()),
)
"""Keys of a document (of its first record), and of what stands under the only key of the first set."""
ADJUDICATED = {
    "shellcheck_output.json": "shellcheck",
    "hadolint_sample.json": "hadolint",
    "ktlint_sample.json": "ktlint",
    "github-actions.log": "github-job-log",
    "simple_github_actions.txt": "github-job-log",
    "black_output.txt": "patch",
    "autopep8_sample.txt": "patch",
    "pytest.json": "pytest-json",
}
"""Files of tool-output whose format was told by reading them."""
TEXT = ("patch", "github-job-log", "tap", "aider", "reward")
"""Formats of which every line is a record."""
_DAMAGE = re.compile(r"bytes lost|\bline \d+: |piece by piece|NUL|unterminated|cut off|recovered|no JSON|not well")
"""What a warning says that speaks of damage."""
_LOST = re.compile(r"(\d+) (?:more )?bytes lost")
_PRINTED = bytes.maketrans(bytes(range(1, 9)) + bytes(range(14, 32)), b" " * 26)
"""Escape sequences of a terminal are no XML, and no loss."""
_TAG = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")


@dataclass(slots=True)
class Row:
    """One line of the table."""

    files: int = 0
    right: int = 0
    read: int = 0
    salvaged: int = 0
    refused: int = 0
    size: int = 0
    unsound: int = 0
    lost: int = 0
    crashes: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table; exit 1 when anything crashed, was wrong or was lost in silence."""
    options = argparse.ArgumentParser(prog="python -m bench.formats")
    options.add_argument("--wrong", action="store_true", help="name the files that are wrong, silent or crash")
    given = options.parse_args(arguments)
    if not SHARED.is_dir():
        sys.exit(f"{SHARED}: not there. The benchmark reads the shared data.")
    table = rows()
    print(f"{'format':<22}{'files':>6}{'right':>6}{'read':>6}{'salv.':>6}{'refus.':>7}", end="")
    print(f"{'bytes':>13}{'unsound':>10}{'lost':>9}{'accounted':>10}{'crash':>6}{'silent':>7}")
    whole = Row()
    for name in sorted(table):
        show(name, table[name])
        for key in ("files", "right", "read", "salvaged", "refused", "size", "unsound", "lost"):
            setattr(whole, key, getattr(whole, key) + getattr(table[name], key))
        for kind in ("crashes", "silent", "wrong"):
            getattr(whole, kind).extend(getattr(table[name], kind))
    show("all", whole)
    if given.wrong:
        for kind in ("wrong", "crashes", "silent"):
            for said in getattr(whole, kind):
                print(f"{kind}: {said}")
    if whole.crashes or whole.silent or whole.wrong:
        sys.exit(1)


def show(name: str, row: Row) -> None:
    """One line: counts of files, then of bytes, then what must be nought."""
    hidden = sum(int(said.rpartition(" ")[2]) for said in row.silent if said.startswith("whole "))
    share = f"{1 - hidden / max(row.size, 1):.2%}"
    print(f"{name:<22}{row.files:>6}{row.right:>6}{row.read:>6}{row.salvaged:>6}{row.refused:>7}", end="")
    print(f"{row.size:>13,}{row.unsound:>10,}{row.lost:>9,}{share:>10}{len(row.crashes):>6}{len(row.silent):>7}")


def rows() -> dict[str, Row]:
    """The table, by the format that a file should have."""
    known = {form.name for form in transcripts.FORMATS} | {form.name for form in reports.FORMATS}
    table: dict[str, Row] = {}
    for path, expect in judged():
        expected = expect if expect in known else "unknown"
        row = table.setdefault(expected if expected != "unknown" else "(none of ours)", Row())
        data = path.read_bytes()
        found = sniffed(data, path.name)
        row.files += 1
        row.size += len(data)
        row.right += found == expected
        if found != expected:
            row.wrong.append(f"{path.relative_to(SHARED)}: {found}, not {expected}")
        tried(row, path, data, "whole")
        middle = len(data) // 2
        tried(row, path, data[: len(data) * 3 // 5], "cut")
        tried(row, path, data[:middle] + bytes(min(400, len(data) - middle)) + data[middle + 400 :], "holed")
    return table


def tried(row: Row, path: Path, data: bytes, how: str) -> None:
    """Read a file, or a damaged copy, and book what became of it."""
    where = f"{how} {path.relative_to(SHARED)}"
    found = sniffed(data, path.name)
    if found == "unknown":
        return
    try:
        said = " ".join(warnings(data, path.name, found))
    except UserError:
        row.refused += how == "whole"
        return
    except Exception as error:  # NOTE: that a reader raised is what is counted here, whatever it raised
        row.crashes.append(f"{where}: {type(error).__name__}: {error}"[:300])
        return
    unsound = 0 if found in TEXT else unreadable(data)
    if unsound and not _DAMAGE.search(said):
        row.silent.append(f"{where}: {unsound}")
    if how == "whole":
        row.read += 1
        row.salvaged += bool(unsound)
        row.unsound += unsound
        row.lost += sum(int(count) for count in _LOST.findall(said))


def warnings(data: bytes, name: str, found: str) -> list[str]:
    """What the reader says was lost or mended."""
    if any(form.name == found for form in reports.FORMATS):
        return list(reports.read(data, name).warnings)
    return [said for trace in transcripts.read(io.BytesIO(data), name) for said in trace.warnings]


def sniffed(data: bytes, name: str) -> str:
    """As a bundle's file is recognised: a transcript first, then a report."""
    found = transcripts.sniff(data[:HEAD], name)
    return found if found != transcripts.UNKNOWN else reports.sniff(data[:HEAD], name)


def unreadable(data: bytes) -> int:
    """Bytes of records that the standard library cannot read: of a document all, of lines those of the bad ones."""
    body = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if body[:1] == b"<":
        try:
            ElementTree.fromstring(data.translate(_PRINTED))
        except (ElementTree.ParseError, ValueError, LookupError):
            return len(data)
        return 0
    if sound(body):
        return 0
    first = next((line for line in body.split(b"\n") if line.strip()), b"")
    if body[:1] != b"{" or not sound(first):
        return len(data)
    return sum(len(line) for line in body.split(b"\n") if line.strip() and not sound(line))


def sound(data: bytes) -> bool:
    """Whether it is one JSON value."""
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def judged() -> Iterator[tuple[Path, str]]:
    """Each file with the format it should have."""
    with (SHARED / "transcripts/MANIFEST.tsv").open(encoding="utf-8") as stream:
        for line in csv.DictReader(stream, delimiter="\t"):
            if line["expect"]:
                yield SHARED / "transcripts" / line["path"], line["expect"]
    with (SHARED / "ci/MANIFEST.tsv").open(encoding="utf-8") as stream:
        for line in csv.DictReader(stream, delimiter="\t"):
            path = SHARED / "ci" / line["file"]
            yield path, told(path, line["kind"])


def told(path: Path, kind: str) -> str:
    """The format of a CI file by a second way: the manifest's kind, an XML root, or the keys of a whole parse."""
    if path.name in ADJUDICATED and kind == "tool-output":
        return ADJUDICATED[path.name]
    if kind == "gha-logs":
        return "github-job-log" if path.suffix in (".log", ".txt") else "unknown"
    data = path.read_bytes()
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        found = _TAG.search(re.sub(rb"(?s)<!--.*?-->", b"", data))
        return ROOTS.get(found[1].decode() if found else "", "unknown")
    return _by_keys(data)


def _by_keys(data: bytes) -> str:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        try:
            value = json.loads(data.lstrip().split(b"\n", 1)[0])
        except (ValueError, RecursionError):
            return "unknown"
    value = value[0] if isinstance(value, list) and value else value
    if not isinstance(value, dict):
        return "unknown"
    for name, keys, below in KEYS:
        inner = value.get(next(iter(keys))) if below else None
        if keys <= value.keys() and (not below or (isinstance(inner, dict) and below <= inner.keys())):
            return name
    return "unknown"


if __name__ == "__main__":
    main()
