"""A command or an option without documentation fails here."""

from pathlib import Path

import pytest
import typer

from bot.__main__ import app

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_heading(name: str) -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")

    assert f"## `flywheel {name}" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_of_a_command_is_mentioned(name: str) -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]

    each = [command, *getattr(command, "commands", {}).values()]
    options = [opt for one in each for param in one.params for opt in param.opts if opt.startswith("--")]
    missing = [opt for opt in options if opt not in text]

    assert [one for one in missing if one != "--help"] == []


def test_every_link_to_a_file_leads_somewhere() -> None:
    import re

    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / ".github" / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
