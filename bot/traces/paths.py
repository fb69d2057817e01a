"""A path goes in; whether it is source (what a change is meant to touch) comes out."""

from __future__ import annotations

from pathlib import PurePosixPath

DOCS = (".md", ".mdx", ".markdown", ".rst", ".adoc", ".txt", ".org", ".pdf", ".log")
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".ico")
LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "bun.lockb", "go.sum", "gradle.lockfile")
PROSE = ("license", "licence", "changelog", "authors", "contributing", "notice", "readme", "codeowners")
BUILD_TEXTS = ("requirements", "constraints", "cmakelists")
"""`.txt` files that steer a build."""

SCRATCH = ("/tmp/", "/private/tmp/", "/var/tmp/", "/var/folders/", "/private/var/", "/dev/")  # noqa: S108 (names only)
NOTES = frozenset((".claude", ".codex", ".gemini", ".cursor", ".git"))
"""Folders that agents and tools keep for themselves."""


def is_source(path: str, cwd: str = "") -> bool:
    """Whether a file is neither documentation, picture, lock file, an agent's notes, nor scratch outside of `cwd`."""
    plain, home = path.replace("\\", "/"), cwd.replace("\\", "/").rstrip("/") + "/"
    if len(home) > 1 and plain.startswith(home):
        plain = plain[len(home) :]
    pure = PurePosixPath(plain)
    name, suffix = pure.name.lower(), pure.suffix.lower()
    if not name or plain.startswith(SCRATCH) or NOTES.intersection(pure.parts):
        return False
    if suffix == ".lock" or name in LOCKS or name in PROSE:
        return False
    if suffix == ".txt":
        return name.startswith(BUILD_TEXTS)
    return suffix not in (*DOCS, *PICTURES)
