"""A file's bytes in, the same file without secrets out: JSON stays the same JSON in shape, lines stay lines.

`redact` knows text. In JSON the text is inside string literals, escaped, and sometimes JSON again; what is taken from
the raw line could take a quote or a backslash with it. So each literal is decoded, redacted and written anew where that
changed it; every other byte stays as it is.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence

import msgspec

from bot.signals.redact import ASSIGNED, MARK, PRIVATE_KEY, TOKENS, redact

STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"(\s{0,8}:)?', re.DOTALL)
WIDE = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
BASE64 = re.compile(r"[A-Za-z0-9+/]{32,4000}={0,2}")
HINTS = (
    *("@", "/home/", "/users/", "\\users\\", "passw", "passphrase", "secret", "token", "key", "credential", "bearer"),
    *("basic", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "akia", "asia", "xox", "aiza"),
    *("npm_", "pypi-", "eyj", "xapp-", "hooks.slack", "/api/webhooks/", "hf_", "k_live_", "k_test_", "_v1_", "sg."),
    *("ya29.", "accountkey=", "age-secret"),
)
"""Whatever `redact` changes holds one of these, in some case: most of a transcript's strings hold none."""
MAX_NESTED = 4
MIN_SECRET = 8


def scrub(data: bytes, secrets: Sequence[str] = ()) -> bytes:
    """The file without what `redact` knows and without these very secrets, plain or in base64. Any bytes will do."""
    for mark, encoding in WIDE:
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            return _scrubbed(text, secrets).encode(encoding, "replace")
    # What is no UTF-8 must come out as it went in: https://docs.python.org/3/library/codecs.html#error-handlers
    return _scrubbed(data.decode("utf-8", "surrogateescape"), secrets).encode("utf-8", "surrogateescape")


def known(values: Iterable[str]) -> tuple[str, ...]:
    """Secrets that are looked for as they are, and as git and HTTP carry them; the longest first. Short ones are not:
    they would be found in ordinary words."""
    found: set[str] = set()
    for value in values:
        for part in (value.strip(), *value.split()):
            if len(part) >= MIN_SECRET and "-----" not in part:  # else no other key would be known by its mark
                found |= {part, _base64(part), _base64(f"x-access-token:{part}"), _base64(f":{part}")}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()


def _scrubbed(text: str, secrets: Sequence[str]) -> str:
    if text.lstrip()[:1] in ("{", "[") and _is_json(text):
        return _in_json(text, secrets, 0)
    done: list[str] = []
    plain: list[str] = []  # neighbours are redacted together: a private key spans lines
    for line in text.split("\n"):
        if line.lstrip()[:1] in ("{", "[") and _is_json(line):
            done += _plain(plain, secrets)
            plain = []
            done.append(_in_json(line, secrets, 0))
        else:
            plain.append(line)
    return "\n".join((*done, *_plain(plain, secrets)))


def _plain(lines: Sequence[str], secrets: Sequence[str]) -> list[str]:
    """Lines of text; as many come out as went in, so that the numbers of lines stay."""
    if not lines:
        return []
    found = _clean("\n".join(lines), secrets).split("\n")
    return found + [""] * (len(lines) - len(found))


def _clean(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, MARK)
    text = BASE64.sub(_unwrapped, text)
    lower = text.lower()
    return redact(text) if any(hint in lower for hint in HINTS) else text


def _unwrapped(match: re.Match[str]) -> str:
    """A run of base64 without what is in it, if that is a token or a private key. It may begin up to three characters
    later: a line that a patch adds begins with `+`."""
    run = match.group().rstrip("=")
    for at in range(4):
        inner = base64.b64decode(run[at : at + (len(run) - at) // 4 * 4]).decode("latin-1")
        if TOKENS.search(inner) or PRIVATE_KEY.search(inner):
            return MARK
    return match.group()


def _in_json(text: str, secrets: Sequence[str], depth: int) -> str:
    """JSON text with each of its string literals redacted; one whose key names a secret goes as a whole."""
    key = ""

    def replaced(match: re.Match[str]) -> str:
        nonlocal key
        raw, colon = match.group(1), match.group(2)
        value = _decoded(raw)
        if colon is not None:
            key = value
            clean = _clean(value, secrets)
        else:
            clean = MARK if _is_secret(key, value) else _value(value, secrets, depth)
            key = ""
        return match.group(0) if clean == value else json.dumps(clean) + (colon or "")

    return STRING.sub(replaced, text)


def _value(value: str, secrets: Sequence[str], depth: int) -> str:
    if depth < MAX_NESTED and value.lstrip()[:1] in ("{", "[") and _is_json(value):
        return _in_json(value, secrets, depth + 1)
    return _clean(value, secrets)


def _is_secret(key: str, value: str) -> bool:
    return 0 < len(key) <= 200 and len(value) <= 400 and ASSIGNED.fullmatch(f"{key}={value}") is not None


def _decoded(raw: str) -> str:
    if "\\" not in raw:
        return raw
    try:
        return str(json.loads(f'"{raw}"', strict=False))
    except ValueError:
        return raw


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text.encode("utf-8", "surrogateescape"), type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        try:
            json.loads(text, strict=False)  # Python's own tools write NaN and lone surrogates
        except (ValueError, RecursionError):
            return False
    return True
