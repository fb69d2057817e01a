"""`flywheel embed`: in CI, after the agent ran, the transcripts, reports and harness files in; a bundle to upload out.

It runs also when the job has failed. Nothing that goes wrong here fails the job unless that is asked for; it is said.
"""

from __future__ import annotations

import glob
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

from bot.commands.finding import (
    MAX_ENTRIES,
    MAX_FILES,
    Candidate,
    below,
    candidates,
    commit_of,
    head,
    in_places,
    newest,
    tracked_in,
    walk,
)
from bot.commands.packing import pack
from bot.errors import UserError
from bot.model import Agent
from bot.modifications.harness import is_harness
from bot.signals import reports, transcripts
from bot.signals.embed import REPORT_NAMES, File, Kind, Seen, Told, distinct, manifest, safe, secret_values
from bot.signals.redact import PRIVATE_KEY, TOKENS
from bot.signals.scrub import known, scrub

MAX_FILE_BYTES = 128 << 20
MAX_TOTAL_BYTES = 400 << 20
MAX_HARNESS_BYTES = 1 << 20
MAX_SHOWN = 10
MAX_EVENT_BYTES = 25 << 20
MAX_WARNINGS = 50
NAMED_ONLY = frozenset({"patch", "reward"})
"""Report formats that a work tree holds for other reasons: only a file that was named is taken as one."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for. `paths` are transcripts or folders of them; they and `report_globs` are relative to
    `workspace` (default: GITHUB_WORKSPACE, else where we are).

    An `out` that ends in `.zip` becomes one. `places` is whether the agents' own folders are looked at as well.
    """

    paths: tuple[Path, ...] = ()
    report_globs: tuple[str, ...] = ()
    out: Path = Path("flywheel-bundle")
    workspace: Path | None = None
    told: Told = field(default_factory=Told)
    places: bool = True
    strict: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class _Bundle:
    """What goes in so far; what could not is said in `warnings`."""

    secrets: tuple[str, ...]
    contents: dict[str, bytes] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    size: int = 0
    redacted: int = 0
    warnings: list[str] = field(default_factory=list)


def embed(request: Request, environment: Mapping[str, str], now: str) -> dict[str, Any]:
    """Make the bundle; what was done as one record. UserError only when the request is strict.

    `now` is an ISO 8601 time. The record: bundle (its path, null when none could be written), transcripts, reports,
    harness, redacted (files that lost something), manifest, warnings.
    """
    bundle = _Bundle(known(secret_values(environment)))
    record: dict[str, Any] = {
        "bundle": None,
        "transcripts": 0,
        "reports": 0,
        "harness": 0,
        "redacted": 0,
        "manifest": {},
    }
    try:
        made = _manifest(request, environment, now, bundle)
        if not request.dry_run:
            pack(request.out, made, bundle.contents)
        record |= {"bundle": str(request.out), "manifest": made, "redacted": bundle.redacted}
        for kind in bundle.kinds.values():
            record[kind if kind == "harness" else f"{kind}s"] += 1
    except UserError as error:
        bundle.warnings.append(str(error))
    except Exception as error:  # NOTE: a bug of ours must not turn somebody's job red.
        bundle.warnings.append(f"flywheel embed: it failed ({type(error).__name__}: {error}). Please report it.")
    if len(bundle.warnings) > MAX_WARNINGS:
        more = len(bundle.warnings) - MAX_WARNINGS
        bundle.warnings[MAX_WARNINGS:] = [f"flywheel embed: {more} more warnings were left out."]
    if request.strict and bundle.warnings:
        raise UserError(bundle.warnings[0])
    return {**record, "warnings": bundle.warnings}


def workflow_commands(warnings: Iterable[str]) -> Iterator[str]:
    """Workflow commands that show warnings on the run's page; no warning can begin a command of its own.

    The page shows ten of a step: where there are more, the tenth says so.
    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#setting-a-warning-message
    """
    shown = list(warnings)
    if len(shown) > MAX_SHOWN:
        shown[MAX_SHOWN - 1 :] = [f"{len(shown) - MAX_SHOWN + 1} further warnings; `flywheel embed --json` lists all."]
    for warning in shown:
        text = warning.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        yield f"::warning title=flywheel embed::{text}"


def _manifest(request: Request, environment: Mapping[str, str], now: str, bundle: _Bundle) -> dict[str, object]:
    """Collect everything into `bundle`, and describe it."""
    workspace = (request.workspace or Path(environment.get("GITHUB_WORKSPACE") or ".")).resolve()
    event, since = _event(environment, bundle.warnings)
    agent = _transcripts(request, environment, workspace, since, bundle)
    _reports(request, workspace, since, bundle)
    _harness(request, workspace, bundle)
    files = [
        File(path, bundle.kinds[path], hashlib.sha256(data).hexdigest())
        for path, data in sorted(bundle.contents.items())
    ]
    return manifest(environment, event, request.told, Seen(files, agent, commit_of(workspace), now))


def _event(environment: Mapping[str, str], warnings: list[str]) -> tuple[Mapping[str, object], float]:
    """The event that began the job, and when: the runner writes its file before the first step. 0 when unknown."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    if not path:
        return {}, 0.0
    try:
        with Path(path).open("rb") as stream:
            event = json.loads(stream.read(MAX_EVENT_BYTES))
            since = os.fstat(stream.fileno()).st_mtime
    except (OSError, ValueError, RecursionError) as error:
        warnings.append(
            f"{path}: the event cannot be read ({type(error).__name__}). The bundle will not name its pull."
        )
        return {}, 0.0
    return event if isinstance(event, dict) else {}, since


def _transcripts(
    request: Request, environment: Mapping[str, str], workspace: Path, since: float, bundle: _Bundle
) -> Agent:
    """Put the transcripts in; the agent that the newest of them names."""
    found = in_places(environment, since) if request.places else []
    found += [one for path in request.paths for one in below(workspace / path, bundle.warnings)]
    agent = Agent()
    for candidate in newest(found, bundle.warnings, "transcripts"):
        if transcripts.sniff(head(candidate, bundle.warnings), candidate.file.name) == transcripts.UNKNOWN:
            if candidate.named:
                bundle.warnings.append(f"{candidate.file}: it is no transcript of a known format. See `flywheel read`.")
            continue
        data = _add("transcript", f"transcripts/{safe(candidate.name)}", candidate, bundle)
        if data is not None and not agent.name:
            agent = _agent(data, candidate.file.name)
    if "transcript" not in bundle.kinds.values():
        bundle.warnings.append("flywheel embed: no transcript was found. Name it, or run this in the agent's own job.")
    return agent


def _reports(request: Request, workspace: Path, since: float, bundle: _Bundle) -> None:
    """Put the reports in: those that were asked for, else what tools wrote into the work tree in this job."""
    if request.report_globs:
        found = [one for pattern in request.report_globs for one in _matching(pattern, workspace, bundle.warnings)]
        _add_reports(found, workspace, bundle, frozenset())
        return
    try:
        ours = tracked_in(workspace)
    except (UserError, OSError) as error:
        bundle.warnings.append(f"{error} No report was looked for; name them by --report.")
        return
    out = request.out.resolve()
    names = (name for name in walk(workspace, bundle.warnings) if name not in ours and _sounds_like_a_report(name))
    files = (workspace / name for name in names if not (workspace / name).is_relative_to(out))
    written = [one for one in candidates(files, workspace) if one.modified >= since]
    _add_reports(written, workspace, bundle, NAMED_ONLY)


def _matching(pattern: str, workspace: Path, warnings: list[str]) -> list[Candidate]:
    """The files that fit a glob; it may begin outside of the work tree, but no link may lead there."""
    found = islice(glob.iglob(pattern, root_dir=workspace, recursive=True), MAX_ENTRIES)  # noqa: PTH207 (absolute ones)
    files = [workspace / name for name in found]
    outside = Path(pattern).is_absolute() or pattern.startswith("..")
    fitting = list(candidates(files, Path(workspace.anchor) if outside else workspace))
    if not fitting:
        warnings.append(f"{pattern}: no file fits. Look at what the tests write, and where.")
    return fitting


def _sounds_like_a_report(name: str) -> bool:
    return any(fnmatchcase(name.rpartition("/")[2], like) for like in REPORT_NAMES)


def _add_reports(found: Iterable[Candidate], workspace: Path, bundle: _Bundle, left_out: frozenset[str]) -> None:
    for candidate in newest(found, bundle.warnings, "reports"):
        what = reports.sniff(head(candidate, bundle.warnings), candidate.file.name)
        if what == reports.UNKNOWN and not left_out:
            bundle.warnings.append(f"{candidate.file}: it is no report of a known format. See `flywheel read`.")
        if what == reports.UNKNOWN or what in left_out:
            continue
        within = candidate.file.is_relative_to(workspace)
        name = candidate.file.relative_to(workspace).as_posix() if within else candidate.file.name
        _add("report", f"reports/{safe(name)}", candidate, bundle)


def _harness(request: Request, workspace: Path, bundle: _Bundle) -> None:
    """Put the files in that steer the agent, byte for byte; one that holds a secret stays where it is."""
    out = request.out.resolve()
    names = [name for name in walk(workspace, []) if is_harness(name) and not (workspace / name).is_relative_to(out)]
    if len(names) > MAX_FILES:
        bundle.warnings.append(f"flywheel embed: of {len(names)} harness files only {MAX_FILES} were taken.")
    for name in names[:MAX_FILES]:
        try:
            data = _harness_bytes(workspace / name, workspace, bundle.secrets)
        except UserError as error:
            bundle.warnings.append(f"{name}: {error}")
            continue
        _put("harness", f"harness/{name}", data, bundle)


def _harness_bytes(path: Path, workspace: Path, secrets: Iterable[str]) -> bytes:
    """The file behind a name, links within the work tree followed. UserError says why it is left out."""
    try:
        file = path.resolve()
        if not file.is_relative_to(workspace) or not file.is_file() or file.stat().st_size > MAX_HARNESS_BYTES:
            raise UserError("it is too large, no file, or leads out of the work tree, and was left out.")
        data = file.read_bytes()
    except (OSError, RuntimeError) as error:
        raise UserError(f"it cannot be read ({type(error).__name__}) and was left out.") from error
    text = data.decode("utf-8", "replace")
    if any(secret in text for secret in secrets) or TOKENS.search(text) or PRIVATE_KEY.search(text):
        raise UserError("it holds a secret and was left out. Take the secret out, and revoke it.")
    return data


def _add(kind: Kind, path: str, candidate: Candidate, bundle: _Bundle) -> bytes | None:
    """Read a file, take the secrets out, and put it in; None, and a warning, when it cannot be."""
    try:
        with candidate.file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        bundle.warnings.append(f"{candidate.file}: it cannot be read ({error.strerror or error}) and was left out.")
        return None
    if len(data) > MAX_FILE_BYTES:
        bundle.warnings.append(f"{candidate.file}: it is larger than {MAX_FILE_BYTES >> 20} MiB and was left out.")
        return None
    clean = scrub(data, bundle.secrets)
    if not _put(kind, distinct(path, set(bundle.contents)), clean, bundle):
        return None
    bundle.redacted += clean != data
    return clean


def _put(kind: Kind, path: str, data: bytes, bundle: _Bundle) -> bool:
    if bundle.size + len(data) > MAX_TOTAL_BYTES:
        bundle.warnings.append(f"{path}: the bundle would be larger than {MAX_TOTAL_BYTES >> 20} MiB; it was left out.")
        return False
    bundle.size += len(data)
    bundle.contents[path], bundle.kinds[path] = data, kind
    return True


def _agent(data: bytes, name: str) -> Agent:
    try:
        return next((trace.agent for trace in transcripts.read(io.BytesIO(data), name) if trace.agent.name), Agent())
    except Exception:  # NOTE: who reads the bundle will say what is wrong with the file; here it is only unnamed.
        return Agent()
