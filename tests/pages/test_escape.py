"""Whatever a transcript holds, what is shown of it is legible, bounded and dead."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pages.escape import code, fenced, markdown, plain, printable

PIECES = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            [
                *("@octo/team", "#12", "GH-7", "o/r#3", "http://", "www.x.y", "<img>", "`", "``", "|", "](", "&lt;"),
                *("<!--", "\\", "\\`", "@@", "Fixes", "\x1b[2J", "\u202e", "\u200b", "\U000e0041", "\r\n", "@\u200d"),
            ]
        ),
    ),
    max_size=30,
).map("".join)
MENTION = re.compile(r"@[A-Za-z0-9]")
REFERENCE = re.compile(r"#\d|\bGH-\d", re.IGNORECASE)
LINK = re.compile(r"[a-z]://|www\.[^\u200b]", re.IGNORECASE)
UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f\ud800-\udfff]"
)


@pytest.mark.parametrize("text", ["plain words, 3 of 4 (75 %)", "tests/test_cart.py::test_total", "naïve café – 日本"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text
    assert plain(text) == text
    assert code(text) == f"`{text}`"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\tc  d", "a b c d"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07end\x1b", "red end"),
        ("a\u202eb\u200bc\ufeff", "abc"),
        ("nul\x00", "nul\N{REPLACEMENT CHARACTER}"),
        ("lone \ud800", "lone \N{REPLACEMENT CHARACTER}"),
    ],
)
def test_what_steers_a_screen_is_gone(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@octo/team", "@\u200bocto/team"),
        ("Fixes #1", "Fixes #\u200b1"),
        ("see gh-12", "see gh-\u200b12"),
        ("www.evil.test", "www.\u200bevil.test"),
        ("https://evil.test", "https:\u200b/\u200b/\u200bevil.test"),
    ],
)
def test_nothing_mentions_refers_or_links(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>|x|</b> &amp;", r"&lt;b&gt;\|x\|&lt;/b&gt; &amp;amp;"),
        ("[a](b) ![c](d)", r"\[a\](b) !\[c\](d)"),
        ("- item", r"\- item"),
        ("time-out", "time-out"),
        ("*_`~$", r"\*\_\`\~\$"),
    ],
)
def test_markup_is_shown_as_itself(text: str, shown: str) -> None:
    assert markdown(text) == shown


@given(PIECES)
def test_markdown_never_holds_anything_live(text: str) -> None:
    shown = markdown(text)

    assert not MENTION.search(shown)
    assert not REFERENCE.search(shown)
    assert not LINK.search(shown)
    assert not set("<>") & set(shown)
    assert not UNSEEN.search(shown.replace("\u200b", ""))
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[`|\[\]*_]", shown)


@given(PIECES)
def test_plain_text_never_mentions_refers_or_links(text: str) -> None:
    shown = plain(text)

    assert not MENTION.search(shown)
    assert not REFERENCE.search(shown)
    assert not LINK.search(shown)


@given(PIECES)
def test_nothing_leaves_a_code_span(text: str) -> None:
    shown = code(text)
    fence = re.match(r"`+", shown).group()  # type: ignore[union-attr]

    assert shown.endswith(fence)
    assert fence not in re.findall(r"`+", shown[len(fence) : -len(fence)])
    assert not UNSEEN.search(shown)


@given(PIECES)
def test_nothing_leaves_a_code_block(text: str) -> None:
    lines = fenced(text, "diff").split("\n")
    fence = lines[0].removesuffix("diff")

    assert [line for line in lines[1:] if line.lstrip().startswith(fence)] == [fence]
    assert lines[-1] == fence


@given(PIECES, st.integers(2, 50))
def test_text_is_bounded(text: str, limit: int) -> None:
    assert len(printable(text, limit)) <= limit


def test_a_cut_is_seen() -> None:
    assert printable("x" * 500, 10) == "xxxxxxxxx…"
    assert fenced("a" * 11, "", 10).endswith("\n\n… cut after 10 of 11 characters.")


def test_a_huge_text_costs_nothing() -> None:
    begin = time.perf_counter()
    for text in ("\x1b[" * 50_000_00, "@" * 10_000_000, "`" * 10_000_000):
        markdown(text)
        code(text)

    assert time.perf_counter() - begin < 1
