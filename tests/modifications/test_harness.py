"""Which files steer an agent, and which of them a change is written in."""

import pytest

from bot.errors import UserError
from bot.model import Harness, HarnessFile
from bot.modifications.harness import hooks, instructions, is_harness, new_instructions, room_for


def harness(files: dict[str, str], links: dict[str, str] | None = None, paths: tuple[str, ...] = ()) -> Harness:
    found = {path: HarnessFile(path, text) for path, text in files.items()}
    found |= {path: HarnessFile(path, "", "120000", link) for path, link in (links or {}).items()}
    return Harness("octo/shop", found, "c0ffee", frozenset(found) | set(paths))


def edited(files: dict[str, str], links: dict[str, str] | None = None, agent: str = "claude-code") -> str | None:
    file = instructions(harness(files, links), agent)
    return file.path if file else None


@pytest.mark.parametrize(
    "path",
    ["README.md", "docs/agents.md", "claude.md", ".claude/settings.local.json", ".github/workflows/ci.yml", "src/x.py",
     "pkg/.claude/settings.json", ".claude/hooks/deep/x.py", "CLAUDE.md/x", ".mcp.json", "CLAUDE.local.md"],
)  # fmt: skip
def test_a_file_that_steers_no_agent_is_left_alone(path: str) -> None:
    assert not is_harness(path)


@pytest.mark.parametrize(
    "path",
    ["AGENTS.md", "CLAUDE.md", "pkg/api/AGENTS.md", "pkg/CLAUDE.md", ".claude/CLAUDE.md", ".claude/settings.json",
     ".claude/hooks/flywheel-loop-guard.py", ".claude/skills/x/SKILL.md", ".codex/hooks.json"],
)  # fmt: skip
def test_a_file_that_steers_an_agent_is_harness(path: str) -> None:
    assert is_harness(path)


@pytest.mark.parametrize(
    ("files", "links", "agent", "expected"),
    [
        ({}, {}, "claude-code", None),
        ({"pkg/AGENTS.md": ""}, {}, "claude-code", None),
        ({"AGENTS.md": "", "CLAUDE.md": ""}, {}, "claude-code", "CLAUDE.md"),
        ({"AGENTS.md": "", "CLAUDE.md": ""}, {}, "codex", "AGENTS.md"),
        ({"AGENTS.md": "", "CLAUDE.md": ""}, {}, "some-agent", "AGENTS.md"),
        ({"CLAUDE.md": ""}, {}, "codex", None),
        ({"AGENTS.md": "", "AGENTS.override.md": ""}, {}, "codex", "AGENTS.override.md"),
        ({"AGENTS.md": ""}, {}, "claude-code", "AGENTS.md"),
        ({"AGENTS.md": ""}, {"CLAUDE.md": "AGENTS.md"}, "claude-code", "AGENTS.md"),
        ({"AGENTS.md": ""}, {".claude/CLAUDE.md": "../AGENTS.md"}, "claude-code", "AGENTS.md"),
        ({"CLAUDE.md": ""}, {"AGENTS.md": "./CLAUDE.md"}, "codex", "CLAUDE.md"),
        ({"docs/a.md": ""}, {"CLAUDE.md": "AGENTS.md", "AGENTS.md": "docs/a.md"}, "claude-code", "docs/a.md"),
    ],
)
def test_the_edit_goes_where_the_agent_reads(
    files: dict[str, str], links: dict[str, str], agent: str, expected: str | None
) -> None:
    assert edited(files, links, agent) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@AGENTS.md\n", "AGENTS.md"),
        ("Rules: @./AGENTS.md.\r\n", "AGENTS.md"),
        ("Read `@AGENTS.md`.\n", "CLAUDE.md"),
        ("```\n@AGENTS.md\n```\n", "CLAUDE.md"),
        ("mail me@AGENTS.md\n", "CLAUDE.md"),
        ("@docs/AGENTS.md\n", "CLAUDE.md"),
    ],
)
def test_a_claude_md_that_imports_agents_md_leaves_the_edit_to_it(text: str, expected: str) -> None:
    assert edited({"CLAUDE.md": text, "AGENTS.md": ""}) == expected


@pytest.mark.parametrize(
    ("links", "reason"),
    [
        ({"CLAUDE.md": "/etc/passwd"}, "out of the repository"),
        ({"CLAUDE.md": "../AGENTS.md"}, "out of the repository"),
        ({"CLAUDE.md": "docs/../../x.md"}, "out of the repository"),
        ({"CLAUDE.md": "."}, "out of the repository"),
        ({"CLAUDE.md": "gone.md"}, "cannot be read"),
        ({"CLAUDE.md": "AGENTS.md", "AGENTS.md": "CLAUDE.md"}, "circle"),
        ({"CLAUDE.md": "Makefile"}, "no Markdown"),
    ],
)
def test_a_link_that_leads_nowhere_good_is_refused(links: dict[str, str], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        edited({"Makefile": "all:\n"}, links)


def test_settings_are_found_behind_a_link_and_only_as_json() -> None:
    found = hooks(harness({"tools/claude.json": "{}"}, {".claude/settings.json": "../tools/claude.json"}))

    assert found is not None
    assert found.path == "tools/claude.json"
    assert hooks(harness({})) is None
    with pytest.raises(UserError, match="no JSON"):
        hooks(harness({"run.sh": ""}, {".claude/settings.json": "../run.sh"}))


@pytest.mark.parametrize("taken", [".claude", ".claude/hooks", ".Claude/Hooks/x.py"])
def test_a_new_file_never_goes_through_a_link_or_over_another_name(taken: str) -> None:
    with pytest.raises(UserError, match=taken):
        room_for(harness({}, paths=(taken,)), ".claude/hooks/x.py")


def test_a_new_file_fits_among_others() -> None:
    room_for(harness({"AGENTS.md": ""}, paths=(".claude/settings.json",)), ".claude/hooks/x.py")

    assert (new_instructions(), new_instructions("codex")) == ("CLAUDE.md", "AGENTS.md")


def test_a_tracked_file_that_was_not_read_is_refused_and_not_replaced() -> None:
    unread = harness({"AGENTS.md": ""}, paths=("CLAUDE.md", ".claude/settings.json", ".claude/hooks/x.py"))

    with pytest.raises(UserError, match=r"^CLAUDE\.md: is there but cannot be read"):
        instructions(unread)
    with pytest.raises(UserError, match=r"^\.claude/settings\.json: is there but cannot be read"):
        hooks(unread)
    with pytest.raises(UserError, match=r"^\.claude/hooks/x\.py: is there but cannot be read"):
        room_for(unread, ".claude/hooks/x.py")
