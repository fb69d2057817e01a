"""Lines of a failed step go in; what of it is the machine's, the network's or a permission's doing comes out.

The signatures are those of research/ci.md §5.3, anchored where a test's own output could say the same. They are looked
for only at the end of the failed step: a warning on the way there stopped nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 80
"""Lines at the end of the failed step that are looked at."""

_AGENTS = "claude|codex|copilot|gemini|opencode|openhands|aider|goose|cursor-agent|amp|qwen|kiro|droid|crush"

INFRASTRUCTURE: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "agent-never-started",
        re.compile(
            rf"\b(?:{_AGENTS}): (?:command )?not found\b|\bspawn (?:\S{{0,200}}/)?(?:{_AGENTS}) ENOENT\b"
            rf"|exec: \"(?:{_AGENTS})\": executable file not found"
            r"|Claude Code (?:native binary|executable) not found|No module named '?(?:openhands|aider|sweagent)\b"
        ),
    ),
    (
        "install-failed",
        re.compile(
            r"(?i)failed to install (?:claude|codex|copilot|gemini|opencode|openhands|aider|goose|the agent)"
            r"|^npm (?:ERR!|error) .{0,300}@(?:anthropic-ai/claude-code|openai/codex|github/copilot|google/gemini-cli)"
            r"|could not install packages due to an (?:OS|Environment)Error"
        ),
    ),
    (
        "runner-lost",
        re.compile(
            r"The runner has received a shutdown signal|lost communication with the server"
            r"|hosted runner encountered an error|The runner has been deleted"
        ),
    ),
    (
        "out-of-memory",
        re.compile(
            r"\bexit code 137\b|\bexited with (?:code )?137\b|OOMKilled|JavaScript heap out of memory"
            r"|^java\.lang\.OutOfMemoryError|CUDA (?:error: )?out of memory|Out of memory: Killed process"
            r"|Cannot allocate memory|^std::bad_alloc"
        ),
    ),
    ("disk-full", re.compile(r"No space left on device|\bENOSPC\b|not enough space on the disk")),
    (
        "network",
        re.compile(
            r"Could not resolve host|Temporary failure in name resolution|\bEAI_AGAIN\b|\bENETUNREACH\b|\bECONNRESET\b"
            r"|\bETIMEDOUT\b|\bECONNREFUSED\b(?! (?:127\.0\.0\.1|::1|localhost))|socket hang up|ReadTimeoutError"
            r"|NewConnectionError|RemoteDisconnected|curl: \((?:5|6|7|18|28|35|52|56|92)\)"
            r"|ssh: connect to host .{1,200} timed out"
            r"|requested URL returned error: (?:429|5\d\d)|RPC failed|remote end hung up|\bearly EOF\b"
            r"|Hash Sum mismatch"
            r"|^E: (?:Failed|Unable) to fetch|Received status code (?:429|5\d\d) from server"
            r"|\b50[0234] (?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time)"
            r"|##\[error\](?:Failed to download (?:archive|action)|Unable to resolve action)"
            r"|API rate limit exceeded|secondary rate limit|toomanyrequests|429 Too Many"
        ),
    ),
)
"""Details of the signal `infrastructure`, most telling first."""

PERMISSION = re.compile(
    r"Resource not accessible by integration|HttpError: Not Found|\bBad credentials\b|remote: Permission to"
    r"|\bcode E40[13]\b|\bENEEDAUTH\b|set the GH_TOKEN|Input required and not supplied|ACTIONS_ID_TOKEN_REQUEST_URL"
    r"|Credentials could not be loaded|could not read Username|Invalid API key|\bauthentication_error\b"
    r"|ANTHROPIC_API_KEY .{0,80}(?:required|not set|missing)|OPENAI_API_KEY .{0,80}(?:required|not set|missing)"
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble outside the repository: the signal's name, its detail, the index of the line that says so."""

    name: str
    detail: str
    index: int


def find(texts: Sequence[str], first: int, last: int) -> tuple[Trouble, ...]:
    """Every kind of trouble named in the window that ends at `last`, each once, at its last line there."""
    found: dict[tuple[str, str], int] = {}
    for index in range(max(first, last - WINDOW + 1), last + 1):
        text = texts[index]
        if text.startswith(("##[warning]", "##[command]", "##[debug]", "[command]")):
            continue
        for detail, pattern in INFRASTRUCTURE:
            if pattern.search(text):
                found["infrastructure", detail] = index
        if PERMISSION.search(text):
            found["permission", "missing-permission-or-secret"] = index
    return tuple(Trouble(name, detail, index) for (name, detail), index in found.items())
