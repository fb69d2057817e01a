"""One file of a bundle, wherever it lies, and what reading the bytes of outsiders may raise."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

MAX_MEMBERS = 10_000
MAX_MEMBER_BYTES = 256 << 20
DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What opening or reading a file, or a member of a zip, raises when its bytes are not what they should be."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a bundle: `path` as shown to people, `name` inside the bundle, `open` gives its bytes anew."""

    path: str
    name: str
    size: int
    open: Callable[[], BinaryIO]
