"""`flywheel action`: the out folder of a run in; its summary on the workflow run's page, its figures as outputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.commands.wiring import load_run
from bot.errors import UserError
from bot.pages.summary import summary


def act(out: Path, environment: Mapping[str, str]) -> str:
    """The Markdown of the last run in `out`, appended to GITHUB_STEP_SUMMARY, with figures in GITHUB_OUTPUT, where set.

    Outputs are numbers only, so that nothing read from a transcript can end a line and begin another output.
    """
    record = load_run(out)
    text = summary(record)
    figures = {
        "episodes": int(record.get("episodes") or 0),
        "actionable": sum(one.get("status") == "actionable" for one in record.get("patterns") or ()),
        "modifications": len(record.get("modifications") or ()),
    }
    _append(environment.get("GITHUB_STEP_SUMMARY", ""), text)
    _append(environment.get("GITHUB_OUTPUT", ""), "".join(f"{name}={value}\n" for name, value in figures.items()))
    return text


def _append(path: str, text: str) -> None:
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UserError(
            f"{path}: it cannot be written ({error.strerror or error}). Look at the runner's disk."
        ) from error
