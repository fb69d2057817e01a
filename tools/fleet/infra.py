"""A plan whose run broke for reasons outside the agent goes in; the job log of that breakage comes out."""

from __future__ import annotations

from tools.fleet.reports import SETUP, Log, head
from tools.fleet.shapes import Plan

PACKAGE = "@anthropic-ai/claude-code"
AGENT = 'claude -p "$PROMPT" --output-format stream-json --verbose'
CONCLUSION = {"cancelled": "cancelled"}
WITH_TRANSCRIPT = ("runner-lost", "out-of-memory", "overloaded", "cancelled", "permission")


def broken_log(plan: Plan) -> bytes:
    """The log of a job that broke this way."""
    log = Log(plan)
    head(log, plan)
    _, _, ready, install, test = SETUP[plan.project.language]
    log.say(ready)
    match plan.infra:
        case "command-not-found":
            log.run(AGENT)
            log.say(
                "/home/runner/work/_temp/7e1c.sh: line 1: claude: command not found",
                "##[error]Process completed with exit code 127.",
            )
        case "install-failed":
            log.run(f"npm install -g {PACKAGE}")
            log.say(
                "npm error code ECONNRESET",
                f"npm error network request to https://registry.invalid/{PACKAGE} failed, reason: read ECONNRESET",
                "npm error network This is a problem related to network connectivity.",
            )
            log.say("##[error]Process completed with exit code 1.")
        case "runner-lost":
            log.run(test)
            log.say(
                "##[error]The runner has received a shutdown signal. This can happen when the runner service "
                "is stopped, or a manually started runner is canceled."
            )
        case "out-of-memory":
            log.run(install)
            log.run(test)
            log.say(
                "/home/runner/work/_temp/91bd.sh: line 1:  1873 Killed                  " + test,
                "##[error]Process completed with exit code 137.",
            )
        case "disk-full":
            log.run(install)
            log.say("OSError: [Errno 28] No space left on device", "##[error]Process completed with exit code 1.")
        case "cancelled":
            log.run(test)
            log.say("##[error]The operation was canceled.")
        case "permission":
            log.run("gh pr comment --body-file summary.md")
            log.say(
                "GraphQL: Resource not accessible by integration (addComment)",
                "##[error]Process completed with exit code 1.",
            )
        case "startup":
            log.group("Run anthropics/claude-code-action@v1", "with:", "  prompt: (see the issue)")
            log.say("##[error]Action failed with error: the agent process ended before its first turn")
        case _:
            log.run(AGENT)
            log.say("API Error: 529 Overloaded", "##[error]Process completed with exit code 1.")
    log.say("Cleaning up orphan processes")
    return log.bytes()
