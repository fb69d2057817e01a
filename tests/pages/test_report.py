"""The page stands alone, shows what was seen, and keeps hostile text as text."""

import re
from html.parser import HTMLParser

import pytest

from bot.model import Contrast, Detector, Exclusion, IntegritySignal, Performed, Pin, Turn, replace
from bot.pages import svg
from bot.pages.report import MAX_FINDINGS, report

VOID = {"meta", "img", "br", "hr", "input", "link", "circle", "path", "rect", "line"}


class Reader(HTMLParser):
    """Tags, attributes and visible text; complains about what is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def page(turn: Turn, performed: dict[str, Performed], detectors: dict[str, Detector]) -> str:
    return report(turn, performed, detectors, "runs/")


def test_the_page_asks_for_nothing_and_runs_nothing(page: str) -> None:
    reader = read(page)

    assert {"script", "link", "img", "iframe", "object", "form", "base"} & {tag for tag, _ in reader.tags} == set()
    assert not re.search(r"url\(|@import|javascript:", page)
    for _, attributes in reader.tags:
        assert not any(name.startswith("on") or name in ("src", "srcset") for name in attributes)
        assert (attributes.get("href") or "file://").startswith("file://")
    assert "default-src 'none'" in page


def test_hostile_quotes_are_text(page: str) -> None:
    reader = read(page)

    assert "<img src=x onerror=alert(1)>" in reader.text
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_it_shows_what_was_seen(page: str) -> None:
    text = " ".join(read(page).text.split())

    assert "2 failures keep coming back; 1 change is ready and 1 draft waits." in text
    assert "18.4 [4.10, 92.0]" in text
    assert "Only described, no change is made of it: not shown to be rarer among passes" in text
    assert "flywheel backtest loop-guard runs/" in text
    assert "FLYWHEEL_LOOP_GUARD=off" in text
    assert "FAILED tests/test_cart.py::test_total - assert 12 == 11" in text
    assert "1 The model's provider failed X3 provider-error" in text
    assert "3 lines could not be read." in text
    assert "2 citations that did not hold were dropped" in text


def test_a_quote_leads_to_its_file_and_line(page: str) -> None:
    links = [attributes["href"] or "" for tag, attributes in read(page).tags if tag == "a"]

    assert any(
        re.fullmatch(r"file:///.*/runs/octo/shop/issue-0/run-0/transcripts/session\.jsonl#L40", one) for one in links
    )


def test_strong_patterns_come_first(page: str) -> None:
    text = read(page).text

    assert (
        text.index("edits one file again")
        < text.index("killed by its time-out")
        < text.index("fail three times in a row")
    )


def test_a_second_run_gives_the_same_page(turn: Turn, performed: dict[str, Performed]) -> None:
    again = {change: replace(done, status="unchanged") for change, done in performed.items()}

    assert report(turn, performed) == report(turn, again)


def test_every_picture_and_heading_has_a_name(page: str) -> None:
    reader = read(page)
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]

    assert len(ids) == len(set(ids))
    for tag, attributes in reader.tags:
        if tag == "svg":
            assert "aria-label" in attributes or attributes.get("aria-hidden") == "true"
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


def test_an_empty_turn_says_what_to_do(empty: Turn, turn: Turn) -> None:
    assert "Name a folder of runs" in read(report(empty)).text
    assert "No known failure was found" in read(report(replace(turn, patterns=(), proposals=()))).text
    assert "No change is proposed" in read(report(replace(turn, proposals=()))).text
    assert "every byte was read" in read(report(replace(turn, warnings=()))).text


def test_thousands_of_findings_make_no_heavy_page(turn: Turn, performed: dict[str, Performed]) -> None:
    loops = next(one for one in turn.patterns if one.detector == "edits-without-progress")
    findings = tuple(
        replace(
            loops.findings[0], episode=f"octo/shop/{n}", pins=(replace(loops.findings[0].pins[0], shown="x" * 9000),)
        )
        for n in range(2000)
    )
    exclusions = tuple(Exclusion(f"octo/shop/{n}", "X2 no-verdict", "y" * 9000) for n in range(2000))
    heavy = replace(
        turn, patterns=(replace(loops, findings=findings),), excluded=exclusions, warnings=("z" * 9000,) * 2000
    )

    page = report(heavy, performed)

    assert len(page) < 400_000
    assert f"and {2000 - MAX_FINDINGS:,} more, in run.json" in page
    assert "and 1,940 more, in run.json" in page


def contrast(odds: float | None, low: float, high: float | None) -> Contrast:
    return Contrast("task", 3, 10, 10, 5, 1, odds, low, high, 0.01)


@pytest.mark.parametrize(
    "one",
    [contrast(None, 2.0, None), contrast(0.0, 0.0, 3.0), contrast(1e9, 1e-9, 1e12), contrast(3.0, 1.5, 6.0)],
)
def test_an_interval_stays_in_its_picture(one: Contrast) -> None:
    drawn = svg.interval(one, svg.axis([one]))
    places = [float(place) for place in re.findall(r'(?:x1|x2|cx|x)="([-\d.]+)"', drawn)]

    assert all(0 <= place <= svg.WIDTH for place in places)


def test_an_infinite_end_is_an_arrow_and_a_finite_one_a_bar() -> None:
    axis = svg.axis([])

    assert "<path" in svg.interval(contrast(None, 2.0, None), axis)
    assert "<path" not in svg.interval(contrast(3.0, 1.5, 6.0), axis)
    assert 'aria-label="odds ratio ∞ [2.00, ∞]"' in svg.interval(contrast(None, 2.0, None), axis)


def test_what_looks_like_cheating_is_shown_with_its_citation_and_nothing_is_when_there_is_none() -> None:
    pin = Pin("runs/a.jsonl", "0" * 64, 3, 40, "assert False", line=7, shown="assert <b>False</b>")
    doubtful = IntegritySignal("o/r/1", "I1 weakened-test", (4,), "2 assertions fewer in tests/test_a.py", (pin,))
    turn = Turn(1, {"fail": 1}, (), (), 0, (), ())

    page = report(replace(turn, integrity=(doubtful,)))

    assert "cheating" not in report(turn)
    assert "Weakened a test" in page
    assert "assert &lt;b&gt;False&lt;/b&gt;" in page
    assert "a.jsonl:7" in page


def test_what_is_only_described_is_folded_away_below_what_is_actionable(turn: Turn) -> None:
    weak = next(pattern for pattern in turn.patterns if pattern.status == "descriptive")

    assert "more were seen" not in report(turn)
    assert "6 more were seen" in report(replace(turn, patterns=(*turn.patterns, *[weak] * 5)))
    assert "more were seen" not in report(replace(turn, patterns=(weak,) * 9))
