"""A manifest and the files of a bundle in; a folder or a zip on disk out, whole or not at all."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from bot.errors import UserError

MAX_MANIFEST_BYTES = 1 << 20
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
RATIO = 100
"""Readers refuse a member that inflates 200 times (bot/signals/bundle.py)."""


def pack(out: Path, manifest: Mapping[str, object], files: Mapping[str, bytes]) -> None:
    """Put the bundle at `out` as a whole; an earlier bundle of ours there is replaced, anything else is not."""
    contents = {**files, "manifest.json": (json.dumps(manifest, indent=1) + "\n").encode()}
    try:
        _make_room(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".flywheel-bundle-", dir=out.parent))
        try:
            new = work / "new"
            if out.suffix == ".zip":
                new.write_bytes(_zipped(contents))
            else:
                for path, data in contents.items():
                    (new / path).parent.mkdir(parents=True, exist_ok=True)
                    (new / path).write_bytes(data)
                if out.is_dir():
                    out.rename(work / "old")
            new.replace(out)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise UserError(f"{out}: it cannot be written ({error.strerror or error}). Name another --out.") from error


def _make_room(out: Path) -> None:
    if out.is_symlink() or (out.suffix == ".zip" and out.is_dir()) or (out.suffix != ".zip" and out.is_file()):
        raise UserError(f"{out}: something else stands there. Name another --out.")
    if out.is_dir() and any(out.iterdir()):
        try:
            ours = b'"flywheel_bundle"' in (out / "manifest.json").read_bytes()[:MAX_MANIFEST_BYTES]
        except OSError:
            ours = False
        if not ours:
            raise UserError(f"{out}: the folder is not empty and no bundle of ours. Name another --out.")


def _zipped(contents: Mapping[str, bytes]) -> bytes:
    """The same zip for the same contents; what would inflate like a bomb is only stored, or nobody would read it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted(contents.items()):
            info = zipfile.ZipInfo(path, ZIP_DATE)
            info.external_attr = 0o644 << 16
            archive.writestr(info, data, zipfile.ZIP_STORED if _is_dense(data) else zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _is_dense(data: bytes) -> bool:
    return len(data) > 1 << 20 and len(zlib.compress(data, 1)) * RATIO < len(data)
