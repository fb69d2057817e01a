"""The bytes of `.git/index` in, the paths that git tracks out, without asking git.

The format, versions 2 to 4: https://git-scm.com/docs/index-format
"""

from __future__ import annotations

from bot.errors import UserError

HEADER = 12
FIXED = 40
"""Bytes of an entry before its object name."""
MEND = "Let git write it anew with `git reset`"


def tracked(index: bytes, hash_bytes: int = 20) -> frozenset[str]:
    """Tracked paths, relative with forward slashes. UserError when the bytes are no index that can be read.

    `hash_bytes` is 20 for SHA-1 repositories and 32 for SHA-256 ones; the index itself does not say.
    """
    version = int.from_bytes(index[4:8], "big")
    if len(index) < HEADER or index[:4] != b"DIRC" or version not in (2, 3, 4):
        raise UserError(f".git/index: it is no index of version 2 to 4. {MEND}.")
    found: set[str] = set()
    at, path = HEADER, b""
    for _ in range(int.from_bytes(index[8:12], "big")):
        flags = at + FIXED + hash_bytes
        name = flags + 2 + 2 * bool(index[flags : flags + 1] and version > 2 and index[flags] & 0x40)
        if version == 4:
            removed, name = _offset(index, name)
            kept = path[: len(path) - removed] if removed <= len(path) else b""
        else:
            kept = b""
        end = index.find(b"\0", name)
        if end < 0:
            raise UserError(f".git/index: it ends within an entry. {MEND}.")
        path = kept + index[name:end]
        found.add(path.decode("utf-8", "surrogateescape"))
        at = end + 1 if version == 4 else at + (end - at + 8) // 8 * 8
    return frozenset(found)


def _offset(index: bytes, at: int) -> tuple[int, int]:
    """A number of variable length as packs write it, and where it ends."""
    value = 0
    for step in range(10):
        byte = index[at + step : at + step + 1]
        if not byte:
            break
        value = ((value + 1) << 7 if step else 0) | (byte[0] & 0x7F)
        if byte[0] < 0x80:
            return value, at + step + 1
    raise UserError(f".git/index: it ends within an entry. {MEND}.")
