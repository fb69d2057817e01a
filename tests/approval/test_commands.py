"""Which lines are commands: first everything that is not, with Markdown's own parser as the judge."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.approval.authority import MAX_AN_HOUR, Asked, rule
from bot.approval.commands import GRAMMAR, MAX_BODY, VERBS, Command, heard, help_page, usage
from bot.hosting.people import ROLES, Actor

SHA = "0123456789abcdef0123456789abcdef01234567"
NOW = "2026-01-01T12:00:00Z"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "thanks",
        "Please write `/flywheel hold`.",
        "    /flywheel hold",
        "\t/flywheel hold",
        " /flywheel hold",
        "> /flywheel hold",
        ">> > /flywheel hold",
        "> look\n/flywheel hold",
        "- look\n/flywheel hold",
        "```\n/flywheel hold\n```",
        "```\n/flywheel hold",
        "~~~~\n```\n/flywheel hold\n~~~\n\n/flywheel hold",
        "<!-- \n/flywheel hold\n-->",
        "<!--\n\n/flywheel hold",
        "<details>\n\n/flywheel hold\n\n</details>",
        "<pre>\n/flywheel hold</pre>",
        "<?php\n\n/flywheel hold",
        "<![CDATA[\n\n/flywheel hold",
        "On Monday somebody wrote:\n\n/flywheel hold",
        "-----Original Message-----\n\n/flywheel hold",
        "text\n/flywheel hold",
        "/flywheelhold",
        "/flywheel\u200b hold",
        "\u200b/flywheel hold",
        "\ufeff/flywheel hold",
        "/flywh\u0435el hold",
        "\uff0fflywheel hold",
        "/FLYWHEEL hold",
        "`\n/flywheel hold\n`",
    ],
)
def test_what_is_somebody_elses_text_is_no_command(body):
    assert heard(body).commands == ()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("/flywheel", "unknown-verb"),
        ("/flywheel merge", "unknown-verb"),
        ("/flywheel \u0430pprove " + SHA, "unknown-verb"),
        ("/flywheel approve", "argument"),
        ("/flywheel approve HEAD", "argument"),
        (f"/flywheel approve {SHA} please", "argument"),
        ("/flywheel dismiss", "argument"),
        ("/flywheel dismiss ...", "argument"),
        ("/flywheel hold on", "argument"),
        ("/flywheel ho\u200bld", "characters"),
        ("/flywheel dismiss \u202eno", "characters"),
        ("/flywheel dismiss a\U000e0041", "characters"),
        ("/flywheel dismiss " + "a" * 300, "too-long"),
        ("text\n/flywheel hold", "not-its-own"),
        ("<b>\n\n/flywheel hold", "in-html"),
    ],
)
def test_a_line_that_begins_like_one_says_how_to_mend_it(line, code):
    (odd,) = heard(line).not_understood

    assert (odd.code, bool(odd.mend)) == (code, True)


@pytest.mark.parametrize(
    ("body", "commands"),
    [
        ("/flywheel hold", [Command("hold", "", 1)]),
        ("/flywheel  \thold \t\r\n", [Command("hold", "", 1)]),
        ("I see.\r\n\r\n/flywheel hold\r\nthanks", [Command("hold", "", 3)]),
        (f"/flywheel approve {SHA.upper()}", [Command("approve", SHA, 1)]),
        ("/flywheel dismiss  das brauchen   wir nicht", [Command("dismiss", "das brauchen wir nicht", 1)]),
        ("> quoted\n\n/flywheel retry", [Command("retry", "", 3)]),
        ("```\n/flywheel hold\n```\n/flywheel retry", [Command("retry", "", 4)]),
        ("<b>bold</b><br>\n\n/flywheel retry", [Command("retry", "", 3)]),
        ("/flywheel resume\n/flywheel retry", [Command("resume", "", 1), Command("retry", "", 2)]),
    ],
)
def test_a_line_of_its_own_is_a_command(body, commands):
    assert list(heard(body).commands) == commands


def test_a_comment_full_of_commands_gives_three():
    said = heard("/flywheel hold\n" * 4000)

    assert (len(said.commands), {odd.code for odd in said.not_understood}) == (3, {"too-many"})


@pytest.mark.parametrize(
    "body",
    [
        "/flywheel hold\n" + "x" * (1 << 20),
        ("> " * 400 + "/flywheel hold\n") * 1300,
        "/flywheel hold\n" * 70_000,
        "<" * (1 << 20),
        ("`" * 60_000 + "\n/flywheel hold\n")[:MAX_BODY],
        ("<!--" * 16_000 + "\n/flywheel hold")[:MAX_BODY],
        ("text <a" * 9_000 + "\n\n/flywheel hold")[:MAX_BODY],
        ("[" * 60_000 + "\n\n> /flywheel hold")[:MAX_BODY],
    ],
)
def test_a_hostile_body_is_refused_in_no_time(body):
    begin = time.perf_counter()
    said = heard(body)

    assert said.commands == ()
    assert time.perf_counter() - begin < 0.5


FRAGMENTS = [
    *("/flywheel hold", "/flywheel retry", "", "", "text", "> q", "> /flywheel hold", "```", "~~~", "````", "    code"),
    *("- item", "1. one", "<details>", "</details>", "<div></div>", "<!--", "-->", "<!-- x -->", "<pre>", "</pre>"),
    *("`", "# head", "---", "  - ```", "<b>x</b>", "| a |", "|---|", "<?", "?>", "<!DOCTYPE", "[a]: b", "*", "\t"),
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14))
def test_markdowns_own_parser_sees_every_command_in_a_paragraph_at_the_top(lines):
    """CommonMark is the oracle: a command's line lies in a top-level paragraph, and only commands stand before it."""
    body = "\n".join(lines)
    tokens = MarkdownIt("commonmark").parse(body)
    top = [
        (token.map[0], tokens[place + 1].content.split("\n"))
        for place, token in enumerate(tokens)
        if token.type in ("paragraph_open", "heading_open") and token.level == 0
    ]
    for command in heard(body).commands:
        (found,) = [
            content[: command.line - first] for first, content in top if first < command.line <= first + len(content)
        ]

        assert all(line.startswith("/flywheel") for line in found)


@given(st.text(alphabet="/flywhe hold\n\r`~<!->\t \u200b\u0435a1", max_size=300))
def test_any_text_is_heard_without_a_crash(body):
    assert len(heard(body).commands) <= 3


@given(
    st.sampled_from(GRAMMAR), st.sampled_from([*ROLES, "unknown"]), st.sampled_from(["human", "bot", "ours", "unknown"])
)
def test_only_a_person_of_a_known_and_sufficient_role_is_obeyed(verb, role, kind):
    argument = {"": "", "sha": SHA, "reason": "no"}[verb.argument]
    ruling = rule(Command(verb.name, argument, 1), Actor(1, role, kind), Asked(head=SHA), NOW)
    enough = role in ROLES and ROLES.index(role) >= ROLES.index(VERBS[verb.name].role)

    assert ruling.obeyed == (kind == "human" and enough)
    assert kind == "human" or not ruling.says


def test_the_same_role_table_stands_on_the_help_page_and_in_the_documentation():
    docs = Path(__file__).resolve().parents[2] / "docs"
    pages = [(docs / name).read_text(encoding="utf-8") for name in ("approval.md", "reviewing.md")]

    assert all(help_page() in page for page in pages)
    assert all(f"`{usage(verb)}` | {verb.role} |" in help_page() for verb in GRAMMAR)


def test_after_a_dozen_actions_in_an_hour_a_person_must_look():
    acted = tuple(f"2026-01-01T11:{n:02}:00Z" for n in range(10, 10 + MAX_AN_HOUR))
    hold = Command("hold", "", 1)

    assert rule(hold, Actor(1, "admin"), Asked(acted=acted), NOW).code == "too-often"
    assert rule(hold, Actor(1, "admin"), Asked(acted=acted), "2026-01-01T13:00:00Z").obeyed
