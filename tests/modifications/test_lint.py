"""What must not reach an agent unseen: each code on a case of its own, and silence on ordinary files."""

import pytest

from bot.model import Edit
from bot.modifications.adapters.claude_hooks import add
from bot.modifications.adapters.managed_block import write
from bot.modifications.lint import lint, lint_diff
from bot.modifications.patch import render

TOKEN = "ghp_" + "a1B2" * 9
BLOCK = write("# Rules\n", "loops/x", "0123456789ab", "Say less.", "AGENTS.md")
RULE = "id: x\nremedy: {{component: instructions, text: {}}}\n"


def codes(path: str, text: str) -> list[str]:
    return [problem.code for problem in lint(path, text)]


def diff_codes(path: str, before: str | None, after: str | None) -> list[str]:
    return [problem.code for problem in lint_diff(render([Edit(path, before, after)]))]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("AGENTS.md", BLOCK),
        ("AGENTS.md", "Never push to main.\r\nSee https://example.test/guide?page=2#key\n"),
        (".claude/settings.json", add(None, ".claude/hooks/x.py", (("Stop", ""),))),
        (".claude/settings.json", '{"permissions": {"allow": ["Bash(npm test:*)"]}}'),
        ("rules/x.yml", RULE.format("Run the tests.")),
        ("rules/approval/default.yml", "tiers: []\n"),
        ("notes.txt", TOKEN),
    ],
)
def test_an_ordinary_file_has_no_problems(path: str, text: str) -> None:
    assert codes(path, text) == []


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("AGENTS.md", "# Rules\n", BLOCK),
        ("AGENTS.md", "# Rules", write("# Rules", "loops/x", "0123456789ab", "Say less.", "AGENTS.md")),
        ("AGENTS.md", BLOCK, BLOCK.replace("less", "little")),
        ("AGENTS.md", BLOCK, "# Rules\n"),
        ("AGENTS.md", "Never push.\n", "  Never push.\n"),
        ("AGENTS.md", "a\n", "b\n"),
        ("src/app.py", "a\n", f"{TOKEN}\n"),
        (".claude/settings.json", None, add(None, ".claude/hooks/x.py", (("Stop", ""),))),
    ],
)
def test_an_ordinary_diff_has_no_problems(path: str, before: str | None, after: str) -> None:
    assert diff_codes(path, before, after) == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("rules/x.yml", "a: [", ["unreadable"]),
        ("rules/x.yml", RULE.format("''"), ["remedy"]),
        ("rules/x.yml", RULE.format('"a --> b"'), ["remedy"]),
        ("rules/x.yml", RULE.format("x" * 5000), ["remedy"]),
        ("rules/x.yml", RULE.format(f"Use {TOKEN}"), ["secret"]),
        ("AGENTS.md", BLOCK.replace("flywheel:end", "flywheel:enb"), ["damaged-block"]),
        ("AGENTS.md", BLOCK + BLOCK, ["damaged-block"]),
        ("AGENTS.md", "x" * 40_000, ["file-too-long"]),
        ("AGENTS.md", "push to https://me:pass@example.test/x\n", ["secret"]),
        ("AGENTS.md", "get https://example.test/x?a=1&access_token=abc\n", ["secret"]),
        ("AGENTS.md", "x" * 3000 + " " + TOKEN, ["secret"]),
        ("AGENTS.md", "be\u200b kind\n", ["hidden-character"]),
        (".claude/settings.json", "{,}", ["settings"]),
        (".claude/settings.json", '{"hooks": []}', ["settings"]),
        (".claude/settings.json", '{"permissions": {"allow": ["Bash(*)"]}}', ["wider-permission"]),
        ("x.patch", "hello", ["unreadable"]),
    ],
)
def test_a_problem_is_named(path: str, text: str, expected: list[str]) -> None:
    assert codes(path, text) == expected


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("AGENTS.md", "a\n", f"a\n{TOKEN}\n", ["secret"]),
        ("AGENTS.md", "a\n", "a\nb\u202ec\n", ["hidden-character"]),
        ("AGENTS.md", "a\nNever push.\n", "a\n", ["removed-prohibition"]),
        ("AGENTS.md", BLOCK, BLOCK.replace("less", "little").replace("# Rules", "# Other"), ["outside-block"] * 2),
        ("AGENTS.md", BLOCK + "x\n", BLOCK.replace("less", "little") + "y\n", ["outside-block"] * 2),
        (
            ".claude/settings.json",
            "{}\n",
            '{"permissions": {"defaultMode": "bypassPermissions"}}\n',
            ["wider-permission"],
        ),
        (".github/workflows/ci.yml", "a\n", "b\n", ["workflow-path"]),
    ],
)
def test_a_problem_of_a_diff_is_named(path: str, before: str, after: str, expected: list[str]) -> None:
    assert diff_codes(path, before, after) == expected


def test_a_harness_file_that_becomes_a_link_is_named() -> None:
    text = render([Edit("AGENTS.md", None, "/etc/passwd")]).replace("100644", "120000")

    (problem,) = lint_diff(text)

    assert (problem.code, problem.path) == ("link", "AGENTS.md")


@pytest.mark.parametrize("text", ["--- a\n+++ b\n@@ -1,9 +1,9 @@\n x\n", "\x00\x01", "@@ -1 +1 @@\n-a\n+b\n"])
def test_a_broken_diff_is_said_to_be_unreadable(text: str) -> None:
    (problem,) = lint_diff(text, "x.diff")

    assert problem.code == "unreadable"
    assert problem.detail.startswith("x.diff: ")


def test_a_diff_that_leaves_the_repository_is_named() -> None:
    text = "--- a/../../etc/passwd\n+++ b/../../etc/passwd\n@@ -1 +1 @@\n-a\n+b\n"

    assert [problem.code for problem in lint_diff(text)] == ["path"]
