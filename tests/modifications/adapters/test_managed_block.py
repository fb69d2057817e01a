"""A block goes in and comes out, and nothing else moves."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import UserError
from bot.modifications.adapters.managed_block import FILE_BUDGET, MAX_BYTES, blocks, remove, write

DETECTOR = "verification/finishes-on-red"
CHANGE = "0123456789ab"
BODY = "Run the tests before you finish.\n\n- Read the whole output."
BLOCK = (
    f"<!-- flywheel:begin {DETECTOR} {CHANGE} -->\n"
    "Run the tests before you finish.\n\n- Read the whole output.\n"
    f"<!-- flywheel:end {DETECTOR} -->"
)

PIECES = st.sampled_from(
    [
        "# Title",
        "text",
        "- item",
        "  indented",
        "> quote",
        "<div>",
        "</div>",
        "\t",
        " ",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "é",
        "\u2028",
        "\x0c",
    ]
)
TEXTS = st.builds(lambda bom, pieces: "\ufeff" * bom + "".join(pieces), st.booleans(), st.lists(PIECES, max_size=12))


def put(text: str, detector: str = DETECTOR, body: str = BODY) -> str:
    return write(text, detector, CHANGE, body, "AGENTS.md")


def out(text: str, detector: str = DETECTOR) -> str:
    return remove(text, detector, "AGENTS.md")


def test_a_text_without_our_block_is_left_alone() -> None:
    text = "# Rules\r\n\r\n```\n<!-- flywheel:begin x 0123456789ab -->\n```\n"

    assert out(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", f"{BLOCK}\n"),
        ("\ufeff", f"\ufeff{BLOCK}\n"),
        ("# A\n", f"# A\n\n{BLOCK}\n"),
        ("# A", f"# A\n\n{BLOCK}"),
        ("# A\r\n", f"# A\n\n{BLOCK}\n".replace("\n", "\r\n")),
    ],
)
def test_a_new_block_stands_at_the_end(text: str, expected: str) -> None:
    assert put(text) == expected


@given(TEXTS)
@example("a\r")
@example("a\nb\nc\r")
@example("\n")
@example("\ufeff\r\n")
@settings(max_examples=300, deadline=None)
def test_removal_gives_back_every_byte(text: str) -> None:
    assert out(put(text)) == text


@example(text="\n\n\n\n\n\n\r", order=["a", "b", "c"])
@given(TEXTS, st.permutations(["a", "b", "c"]))
@settings(max_examples=150, deadline=None)
def test_several_blocks_come_out_in_any_order(text: str, order: list[str]) -> None:
    full = put(put(put(text, "a"), "b"), "c")
    for detector in order:
        full = out(full, detector)

    assert full == text


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_writing_twice_changes_nothing_more(text: str) -> None:
    once = put(text)

    assert put(once) == once


def test_a_renewed_block_stays_where_it_is() -> None:
    text = put("# A\r\n") + "\r\nBelow.\r\n"

    renewed = put(text, body="Say less.")

    short = BLOCK.replace(BODY, "Say less.").replace("\n", "\r\n")
    assert renewed == f"# A\r\n\r\n{short}\r\n\r\nBelow.\r\n"
    assert out(renewed) == "# A\r\n\r\nBelow.\r\n"


def test_a_block_shown_in_a_code_fence_is_no_block() -> None:
    text = f"```md\n{BLOCK}\n```\n"

    assert blocks(text, "AGENTS.md") == ()
    assert put(text) == f"{text}\n{BLOCK}\n"


@pytest.mark.parametrize("text", ["# A\n```sh\nmake\n", "# A\n<!-- note\n", "<pre>\n", "~~~~\n~~~\n"])
def test_nothing_is_written_into_an_open_fence_or_comment(text: str) -> None:
    with pytest.raises(UserError, match=r"AGENTS\.md: .*(not closed|no marker|no end marker)"):
        put(text)


@pytest.mark.parametrize(
    "text",
    [
        BLOCK.split("\n")[0],
        BLOCK.split("\n")[-1],
        f"{BLOCK}\n\n{BLOCK}\n",
        BLOCK.replace(f" {CHANGE}", ""),
        BLOCK.replace("begin ver", "begin  ver"),
        f"- item\n\n  {BLOCK}\n",
        f"<!-- flywheel:begin a {CHANGE} -->\n{BLOCK}\n<!-- flywheel:end a -->\n",
        BLOCK.replace("flywheel:end verification", "flywheel:end other"),
    ],
)
def test_a_damaged_marker_is_refused_and_not_guessed(text: str) -> None:
    with pytest.raises(UserError, match=r"^AGENTS\.md: .*\. (Restore|Delete)"):
        put(text)
    with pytest.raises(UserError, match=r"^AGENTS\.md: "):
        out(text)


@pytest.mark.parametrize(
    "body",
    [
        "",
        " \n",
        "x" * (MAX_BYTES + 1),
        "a\n" * 41,
        "<!-- x",
        "a --> b",
        "zero\u200bwidth",
        "see @secrets.md",
        "tag\U000e0041",
        "bell\a",
    ],
)
def test_a_remedy_that_may_not_stand_in_a_block_is_refused(body: str) -> None:
    with pytest.raises(UserError, match="the remedy of"):
        put("# A\n", body=body)


def test_a_remedy_cannot_swallow_its_own_end_marker() -> None:
    with pytest.raises(UserError):
        put("# A\n", body="```\nnever closed")


def test_a_file_longer_than_agents_read_is_refused() -> None:
    with pytest.raises(UserError, match=str(FILE_BUDGET)):
        put("x" * (FILE_BUDGET - 100) + "\n")


def test_a_file_in_another_encoding_is_not_mixed_with_ours() -> None:
    text = "\ufeff# Rules\n".encode("utf-16-le").decode("utf-8", "surrogateescape")

    with pytest.raises(UserError, match="Save it as UTF-8"):
        blocks(text, "AGENTS.md")
