"""Takes a shell command and what it printed; says whether it was a check (test, build, lint, types) and its outcome."""

from __future__ import annotations

from bot.model import Check
from bot.signals.check_command import masked
from bot.signals.check_output import failing_ids, is_green, is_red, lines_of, never_ran, within

NO_VERDICT = (124, 126, 127, 137, 143)
"""Exit codes of a check that never ran or was killed."""


def read_check(command: str, output: str, exit_code: int | None) -> Check | None:
    """What a check said; None when the command is none.

    The exit code decides when it is the check's own: not behind a pipe (`| tail`), `;` or `||`. Where it is masked
    or not recorded, the output decides: lines that name failures, or a summary that counts them, then a summary of
    success. Neither gives `none`, as does a check that never ran (command not found, no tests, killed).
    """
    is_masked = masked(command)
    if is_masked is None:
        return None
    if not is_masked and exit_code == 0:
        return Check("pass")
    text = within(output)
    lines = lines_of(text)
    failing = failing_ids(text, lines)
    if not failing and (exit_code in NO_VERDICT or never_ran(text)):
        return Check("none")
    if failing or is_red(lines):
        return Check("fail", failing)
    if is_green(lines):
        return Check("pass")
    return Check("none" if is_masked or exit_code is None else "fail")
