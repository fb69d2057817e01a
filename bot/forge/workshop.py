"""A local git repository in; its merges, throwaway folders with one of its trees, and commands run there, out.

A throwaway folder holds the files of one commit and no history: whoever works there cannot look up what came after.
A command runs in a process group of its own, which ends with it or at its time limit, children and all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.errors import UserError
from bot.forge.git import dated, git, line, maybe
from bot.forge.repository import check, head, listing, steers
from bot.hosting.workshop import Ended, Merge

MAX_MERGES = 2_000
MAX_MESSAGE = 64_000
TAIL = 4_000
GRACE_S = 2.0
DATE = "2000-01-01T00:00:00Z"
"""Of the one commit of a throwaway folder: nothing tells how old it is."""


class Workshop:
    """One repository; nothing in it is ever changed."""

    def __init__(self, directory: Path) -> None:
        check(directory)
        self.directory = directory
        self.top = Path(line(directory, "rev-parse", "--absolute-git-dir"))
        self.tip = head(directory)

    def folders(self) -> tuple[Path, ...]:
        """Where the repository lies: its work tree, if it has one, and what git keeps."""
        tree = maybe(self.directory, "rev-parse", "--show-toplevel")
        return (*([Path(tree)] if tree else []), self.top)

    def merges(self) -> Iterator[Merge]:
        """What went into the default branch, newest first: merge commits, and commits that came of a squashed pull."""
        told = git(
            self.directory,
            *("log", "--first-parent", f"--max-count={MAX_MERGES}", "-z", "--format=%H%x00%P%x00%B", self.tip, "--"),
        )
        fields = told.decode("utf-8", "replace").split("\0")
        for commit, parents, message in zip(fields[0::3], fields[1::3], fields[2::3], strict=False):
            if parents.strip():
                yield Merge(commit.strip(), parents.split()[0], message[:MAX_MESSAGE], len(parents.split()) > 1)

    def changed(self, merge: Merge) -> dict[str, bool]:
        """The paths that a merge changed; whether each is still there after it."""
        told = git(
            self.directory,
            *("diff-tree", "-r", "-z", "--no-renames", "--name-status", "--end-of-options", merge.base, merge.commit),
        )
        fields = [one for one in told.decode("utf-8", "surrogateescape").split("\0") if one]
        return {path: status != "D" for status, path in zip(fields[0::2], fields[1::2], strict=False)}

    @contextmanager
    def sandbox(self, commit: str, over: str = "", paths: Sequence[str] = ()) -> Iterator[Path]:
        """A folder with the files of a commit, as the only commit of a repository of its own; gone afterwards.

        At `paths` it has what the commit `over` has there, or nothing.
        """
        with _folder() as folder:
            tree = line(self.directory, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")
            objects = git(self.directory, "pack-objects", "--revs", "--stdout", "-q", data=f"{tree}\n".encode())
            git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
            git(folder, "unpack-objects", "-q", data=objects)
            _commit(folder, tree)
            if paths:
                self.put(folder, over, paths)
                git(folder, "add", "--all", "--force")
                _commit(folder, line(folder, "write-tree"))
            yield folder

    def put(self, folder: Path, commit: str, paths: Sequence[str]) -> None:
        """The files of a commit at these paths, over what is there; a path that it does not have is removed."""
        entries = listing(self.directory, commit)
        for path in paths:
            target = _inside(folder, path)
            entry = entries.get(path)
            _away(target)
            if entry is None or entry.mode == "160000":
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            data = git(self.directory, "cat-file", "blob", entry.id)
            if entry.mode == "120000":
                target.symlink_to(os.fsdecode(data))
                continue
            target.write_bytes(data)
            target.chmod(0o755 if entry.mode == "100755" else 0o644)

    def text(self, commit: str, path: str) -> str | None:
        """What a file says at a commit; None where there is none, or a link or submodule."""
        entry = listing(self.directory, commit).get(path)
        if entry is None or not entry.mode.startswith("100"):
            return None
        return git(self.directory, "cat-file", "blob", entry.id).decode("utf-8", "replace")

    def steering(self, *commits: str) -> tuple[str, ...]:
        """The paths in any of these commits that steer an agent."""
        return tuple(sorted({path for commit in commits for path in listing(self.directory, commit) if steers(path)}))


def run(command: str, folder: Path, seconds: float, also: Mapping[str, str] | None = None) -> Ended:
    """What became of a shell command: its exit code, None at the time limit, and the end of what it printed."""
    begun = time.monotonic()
    with subprocess.Popen(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**_environment(), **(also or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        kept = bytearray()
        reader = threading.Thread(target=_read, args=(process, kept), daemon=True)
        reader.start()
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
            reader.join(GRACE_S)
    return Ended(code, time.monotonic() - begun, bytes(kept).decode("utf-8", "replace"))


def _commit(folder: Path, tree: str) -> None:
    """Make a tree the only commit, and check it out."""
    made = line(folder, "commit-tree", tree, data=b"Begin\n", also=dated(DATE))
    git(folder, "update-ref", "refs/heads/main", made)
    git(folder, "reset", "--hard", "--quiet")


def _read(process: subprocess.Popen[bytes], kept: bytearray) -> None:
    """Keep the end of what it prints; all else is read and dropped, so that it never waits for us."""
    if process.stdout is None:
        return
    with contextlib.suppress(ValueError, OSError):
        while chunk := os.read(process.stdout.fileno(), 1 << 16):
            kept += chunk
            del kept[:-TAIL]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group, also what the command left running behind it."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
            if not _lives(process.pid):
                return


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _environment() -> dict[str, str]:
    """Ours, without what would point git at another repository, and without what is ours alone (the sealed list)."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "FLYWHEEL_"))}


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that is gone afterwards, also when something in it was made unwritable."""
    made = Path(tempfile.mkdtemp(prefix="flywheel-task-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, onerror=_force)


def _force(remove: object, path: str, _: object) -> None:
    with contextlib.suppress(OSError):
        Path(path).parent.chmod(0o700)
        Path(path).chmod(0o700)
        remove(path)  # type: ignore[operator]


def _inside(folder: Path, path: str) -> Path:
    """Where a tracked path stands, and no link leads out of the folder on the way there."""
    target = folder
    for part in Path(path).parts:
        if part in ("..", "/") or target.is_symlink():
            raise UserError(f"{path}: it leads out of the repository. Leave this task away.")
        target = target / part
    return target


def _away(target: Path) -> None:
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
