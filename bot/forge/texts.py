"""A change and what became of it in, the Markdown file that stands for its pull or issue out; and its patch."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.errors import UserError
from bot.forge.git import git
from bot.model import Edit

MAX_TEXT = 4 << 20
_PLAIN = re.compile(r"[0-9a-z-]{1,64}")


def path_of(out: Path, folder: str, change: str, suffix: str = ".md") -> Path:
    """Where the file of a change stands. UserError for an id that would lead elsewhere."""
    if not _PLAIN.fullmatch(change):
        raise UserError(f"{change[:80]!r}: no change has such an id. `flywheel run` prints the ids.")
    return out / folder / f"{change}{suffix}"


def page(fields: Mapping[str, object], title: str, body: str) -> bytes:
    """Front matter (each value as JSON, which is YAML), the title, the body."""
    front = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items())
    return f"---\n{front}---\n\n# {title}\n\n{body.rstrip()}\n".encode("utf-8", "replace")


def state_of(path: Path) -> str:
    """The state that the file tells (`open`, `frozen`, `closed`, `merged`); empty when there is no file of ours."""
    return field_of(path, "state")


def field_of(path: Path, name: str) -> str:
    """A field of the front matter that holds a plain word, such as `branch`; empty when it is null or not there."""
    match = re.search(rf'(?m)^{name}: "([^"\\\n]+)"$', _front(_text(path)))
    return match.group(1) if match else ""


def ended(path: Path, state: str, reason: str) -> bytes:
    """The same file in its last state (`closed`, `merged`), with the reason. Only the front matter changes."""
    text = _text(path)
    front = _front(text)
    kept = [one for one in front.split("\n") if not one.startswith(("state: ", "reason: "))]
    marks = [f'state: "{state}"\nreason: {json.dumps(reason[:500], ensure_ascii=False)}']
    return ("\n".join([kept[0], *marks, *kept[1:]]) + text[len(front) :]).encode("utf-8", "surrogateescape")


def patch(edits: Sequence[Edit]) -> bytes:
    """The edits as one patch that `git apply` takes; no repository is needed."""
    with tempfile.TemporaryDirectory(prefix="flywheel-") as aside:
        root = Path(aside)
        for side in ("a", "b"):
            (root / side).mkdir()
        for edit in edits:
            _put(root / "a" / edit.path, edit.before, edit.mode)
            _put(root / "b" / edit.path, edit.after, edit.mode)
        quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": aside}
        shape = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--full-index", "--no-prefix")
        return git(root, "diff", "--no-index", *shape, "--", "a", "b", also=quiet, fine=(0, 1))


def _put(path: Path, text: str | None, mode: str) -> None:
    if text is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    path.chmod(0o755 if mode == "100755" else 0o644)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_TEXT).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UserError(f"{path}: it cannot be read ({error.strerror or error}). Move it away.") from error


def _front(text: str) -> str:
    return text[: text.find("\n---\n", 4) + 1] if text.startswith("---\n") else ""
