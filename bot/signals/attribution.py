"""The signature of a failed job's log goes in; what that log tells by itself of whose doing the failure was comes out.

These are the first three questions of research/ci.md §5.1. The others need other runs: the gate (bot/traces/gate) asks
all of them in that order. What is not known excuses nobody: the last answer is `uncertain`.
"""

from __future__ import annotations

from typing import Literal

Cause = Literal["excluded", "derivative", "infrastructure", "uncertain"]
"""`excluded` judged nothing, `derivative` passes on what another job did, `infrastructure` is the machine's."""

STOPS = ("infra/runner-lost", "infra/job-timeout")
"""Signatures that end a job whatever its tests had said; any other trouble is outweighed by a failing test or rule."""


def of_log(signature: str, own_doing: bool) -> Cause:
    """Whose doing a log says it was. `signature` is `class/id`; `own_doing` says that the log's evidence is a rule, a
    test or an error at a line of source.
    """
    match signature.partition("/")[0]:
        case "excluded":
            return "excluded"
        case "derivative":
            return "derivative"
        case "infra" if not own_doing or signature in STOPS:
            return "infrastructure"
    return "uncertain"
