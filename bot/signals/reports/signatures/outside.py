"""Signatures of what lies outside the repository's code: the machine, the network, rights, set-up, git, other jobs."""

from __future__ import annotations

from bot.signals.reports.signatures.table import Signature

_AGENTS = "claude|codex|copilot|gemini|opencode|openhands|aider|goose|cursor-agent|amp|qwen|kiro|droid|crush"

_STOPS = (
    Signature(
        "infra/runner-lost",
        "stop",
        (
            *("shutdown signal", "lost communication", "runner encountered an error", "runner has been deleted"),
            "pod failed to come online",
        ),
        r"The runner has received a shutdown signal|lost communication with the server"
        r"|hosted runner encountered an error|The runner has been deleted|pod failed to come online",
        tail=True,
    ),
    Signature(
        "infra/job-timeout",
        "stop",
        ("has timed out after", "maximum execution time"),
        r"^The (?:job running on runner|action|job) .{0,300}(?:has timed out after|exceeded the maximum exec)",
        marked=True,
    ),
    Signature(
        "excluded/cancelled",
        "stop",
        ("operation was cancel", "received SIGINT"),
        r"^The operation was cancell?ed\.|^received SIGINT$|Step cancelled by GitHub Actions",
        marked=True,
    ),
    Signature("excluded/dependabot", "stop", ("Dependabot enc",), r"^Dependabot encountered an error", marked=True),
    Signature(
        "derivative/other-checks",
        "stop",
        (
            *("has conclusion: failure", "check runs have failed", "required jobs", "jobs have failed", "jobs failed"),
            *("other checks", "needed jobs"),
        ),
        r"^Check run .{1,200} has conclusion: failure$|^Some check runs have failed"
        r"|^(?:Error: )?(?:Some|One or more|At least one)(?: of the)? (?:required|needed|other) (?:jobs?|checks?)"
        r"(?: \w{1,10}){0,2} (?:failed|not (?:succeed|pass))",
        tail=True,
    ),
)

_MACHINE = (
    Signature(
        "infra/agent-never-started",
        "cause",
        ("not found", "ENOENT", "No module named"),
        rf"\b(?:{_AGENTS}): (?:command )?not found\b|\bspawn (?:\S{{0,200}}/)?(?:{_AGENTS}) ENOENT\b"
        rf"|exec: \"(?:{_AGENTS})\": executable file not found"
        r"|Claude Code (?:native binary|executable) not found|No module named '?(?:openhands|aider|sweagent)\b",
        tail=True,
    ),
    Signature(
        "infra/install-failed",
        "cause",
        ("ailed to install", "npm ERR!", "npm error", "ould not install packages"),
        rf"(?i)failed to install (?:{_AGENTS}|the agent)\b"
        r"|^npm (?:ERR!|error) .{0,300}@(?:anthropic-ai/claude-code|openai/codex|github/copilot|google/gemini-cli)"
        r"|could not install packages due to an (?:OS|Environment)Error",
        tail=True,
    ),
    Signature(
        "infra/out-of-memory",
        "cause",
        ("137", "OOMKilled", "out of memory", "Out of memory", "OutOfMemoryError", "Cannot allocate", "bad_alloc"),
        r"\bexit code 137\b|\bexited with (?:code )?137\b|OOMKilled|JavaScript heap out of memory"
        r"|^(?:Caused by: )?java\.lang\.OutOfMemoryError|CUDA (?:error: )?out of memory|Out of memory: Killed process"
        r"|Cannot allocate memory|^(?:what\(\): +)?std::bad_alloc",
        tail=True,
    ),
    Signature(
        "infra/disk-full",
        "cause",
        ("No space left", "ENOSPC", "not enough space"),
        r"No space left on device|\bENOSPC\b|not enough space on the disk",
    ),
    Signature(
        "infra/action-download",
        "cause",
        ("Failed to download a", "Unable to resolve action", "unable to resolve action"),
        r"^(?:Error: )?(?:Failed to download (?:archive|action)|[Uu]nable to resolve action)",
        marked=True,
    ),
    Signature(
        "infra/artifact-broken",
        "cause",
        ("unsupported zip format",),
        r"^Invalid or unsupported zip format",
        tail=True,
        marked=True,
    ),
    Signature(
        "derivative/artifact-missing",
        "cause",
        ("download artifact", "Artifact not found", "Failed to DownloadArtifact"),
        r"^(?:Error: )?(?:Unable to (?:find any|download) artifact|Artifact not found for name)",
        tail=True,
        marked=True,
    ),
    Signature(
        "infra/docker-daemon",
        "cause",
        ("Docker daemon", "response from daemon"),
        r"Cannot connect to the Docker daemon|^(?:docker: |Error: )?Error response from daemon: .{0,300}"
        r"(?:timeout|timed out|TLS|EOF|received unexpected HTTP status: 5\d\d|connection refused)",
        tail=True,
    ),
)

_NETWORK = (
    Signature(
        "infra/rate-limit",
        "cause",
        ("rate limit", "toomanyrequests", "429"),
        r"API rate limit exceeded|secondary rate limit|toomanyrequests|\b429 Too Many",
        tail=True,
    ),
    Signature(
        "infra/network-node",
        "cause",
        ("ETIMEDOUT", "ENETUNREACH", "ECONNRESET", "ECONNREFUSED", "EAI_AGAIN", "socket hang up"),
        r"\bEAI_AGAIN\b|\bENETUNREACH\b|\bECONNRESET\b|\bETIMEDOUT\b|socket hang up"
        r"|\bECONNREFUSED\b(?! (?:127\.0\.0\.1|::1|localhost|0\.0\.0\.0))",
        tail=True,
    ),
    Signature(
        "infra/network-python",
        "cause",
        ("ReadTimeoutError", "NewConnectionError", "RemoteDisconnected", "failure in name resolution"),
        r"ReadTimeoutError|NewConnectionError|RemoteDisconnected|Temporary failure in name resolution",
        tail=True,
    ),
    Signature(
        "infra/network-curl",
        "cause",
        ("curl: (", "Could not resolve host", "requested URL returned error"),
        r"\bcurl: \((?:5|6|7|18|28|35|52|56|92)\)|Could not resolve host"
        r"|requested URL returned error: (?:429|5\d\d)",
        tail=True,
    ),
    Signature(
        "infra/network-ssh",
        "cause",
        ("ssh: connect to host",),
        r"ssh: connect to host .{1,200}(?:timed out|refused|unreachable)",
        tail=True,
    ),
    Signature(
        "infra/network-git",
        "cause",
        ("unable to access", "RPC failed", "remote end hung up", "early EOF", "Error cloning remote repo"),
        r"fatal: unable to access '?https?://.{0,300}(?:resolve|connect|timed out|error: (?:429|5\d\d)|reset)"
        r"|RPC failed|remote end hung up|\bearly EOF\b|^(?:ERROR: )?Error cloning remote repo",
        tail=True,
    ),
    Signature(
        "infra/network-jvm",
        "cause",
        ("Received status code", "Could not GET", "UnknownHostException", "transfer artifact", "Could not HEAD"),
        r"Received status code (?:429|5\d\d) from server|Could not (?:GET|HEAD) 'https?:[^']{1,400}'\.?$"
        r"|^(?:Caused by: )?java\.net\.UnknownHostException|Could not transfer artifact .{0,900}"
        r"(?:timed out|reset|: (?:429|5\d\d)|[Uu]nknown host|in certificate didn't match)",
        tail=True,
    ),
    Signature(
        "infra/network-apt",
        "cause",
        ("E: Failed to fetch", "E: Unable to fetch", "Hash Sum mismatch"),
        r"^E: (?:Failed|Unable) to fetch|Hash Sum mismatch",
        tail=True,
    ),
    Signature(
        "infra/http-5xx",
        "cause",
        ("Internal Server Error", "Bad Gateway", "Service Unavailable", "Gateway Time"),
        r"\b50[0234] (?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time)",
        tail=True,
    ),
)

_CONFIG = (
    Signature(
        "config/permission",
        "cause",
        (
            *("not accessible by", "HttpError: Not Found", "Bad credentials", "Permission to", "code E40", "ENEEDAUTH"),
            *("GH_TOKEN", "could not read Username", "nvalid API key", "authentication_error"),
        ),
        r"Resource not accessible by (?:integration|personal)|HttpError: Not Found|\bBad credentials\b"
        r"|remote: Permission to \S{1,200} denied|\bcode E40[13]\b|\bENEEDAUTH\b|set the GH_TOKEN"
        r"|could not read Username|\b[Ii]nvalid API key|\bauthentication_error\b",
        tail=True,
    ),
    Signature(
        "config/secret-missing",
        "cause",
        ("not supplied", "ACTIONS_ID_TOKEN", "Credentials could not", "_API_KEY"),
        r"Input required and not supplied|ACTIONS_ID_TOKEN_REQUEST_URL|Credentials could not be loaded"
        r"|(?:ANTHROPIC|OPENAI|GEMINI|GOOGLE)_API_KEY .{0,80}(?:required|not set|missing)",
        tail=True,
    ),
    Signature(
        "config/command-missing",
        "cause",
        (
            "command not found",
            "not found in $PATH",
            "not recognized as an internal",
            ": not found",
            "Cannot run program",
        ),
        r": command not found$|executable file not found in \$PATH|is not recognized as an internal or external"
        r"|^(?:/bin/)?sh: (?:\d{1,4}|line \d{1,4}): [\w./-]{1,80}: not found$"
        r"|^(?:> )?java\.io\.IOException: Cannot run program \"",
        tail=True,
    ),
    Signature(
        "config/workflow-syntax",
        "cause",
        ("Invalid workflow file", "Can't find 'action", "uses a deprecated version"),
        r"Invalid workflow file|Can't find 'action\.ya?ml'|uses a deprecated version of",
        marked=True,
    ),
    Signature(
        "config/tool-version",
        "cause",
        ("Unable to find", "was not found"),
        r"^(?:Error: )?(?:The version '.{1,40}' with architecture|Unable to find \S{1,40} version|Version \S{1,40} "
        r"(?:with platform|was not found))",
        marked=True,
    ),
    Signature(
        "config/docker-image",
        "cause",
        ("manifest for", "manifest unknown", "pull access denied", "docker: Error: image"),
        r"manifest for \S{1,300} not found|manifest unknown|pull access denied for"
        r"|^docker: Error: image \S{1,300} not found",
        tail=True,
    ),
)

_GIT = (
    Signature("vcs/push-rejected", "cause", ("failed to push some",), r"^error: failed to push some refs", tail=True),
    Signature(
        "vcs/conflict",
        "cause",
        ("CONFLICT (", "could not apply", "cherry-pick"),
        r"^CONFLICT \(|could not apply [0-9a-f]{7}|CalledProcessError: Command .{0,200}'cherry-pick'",
        tail=True,
    ),
    Signature(
        "vcs/ref-missing",
        "cause",
        ("find remote ref", "unknown revision", "not a tree", "did not match any"),
        r"couldn't find remote ref|ambiguous argument '.{1,200}': unknown revision|fatal: reference is not a tree"
        r"|pathspec '.{1,200}' did not match any",
        tail=True,
    ),
)

SIGNATURES: tuple[Signature, ...] = (*_STOPS, *_MACHINE, *_NETWORK, *_CONFIG, *_GIT)
