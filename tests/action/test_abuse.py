"""The abuse cases of research/bots.md §4 that the Action is exposed to, by their numbers: 42, 43, 44, 53 and 55."""

import copy
import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.approval.judge import QUESTIONS
from bot.commands.embedding import workflow_commands
from bot.commands.wiring import shipped_detectors, shipped_policy
from bot.forge.github import marks
from bot.forge.github.hand import Hand
from bot.jobs import document
from bot.jobs.applying import Here, weigh
from bot.jobs.proposing import effect_of
from bot.jobs.tending_commands import closing_of
from bot.ledger import Ledger
from bot.model import Decision, Entry, Harness, OpenPull, Performed, Proposal, Reason
from bot.pages import crossing, decision
from bot.pages.escape import printable
from bot.pages.summary import MAX_BYTES, summary
from tests.action import stage
from tests.action.runner import STEPS, Runner
from tests.cli import ROOT
from tests.github.server import GitHub
from tests.github.world import Repository, World

FIXED = frozenset(
    {
        *(
            "id",
            "revision",
            "repository",
            "detector",
            "component",
            "kind",
            "edits",
            "head",
            "tier",
            "allows",
            "made_at",
        ),
        *("status", "stratum", "outcome", "guard", "code", "held", "replication"),
    }
)
NAMES = frozenset({"episode", "fixes", "risks", "failed_fired", "passed_fired"})
"""Keys that name an episode: each keeps a name of its own behind the stranger's text, so that it is found."""
"""Keys whose values are checked before anything is shown; every other text may be a stranger's."""
HOSTILE = (
    *("@org/team", "Fixes #1", "closes org/repo#1", "GH-7", "https://evil.test/x", "www.evil.test", "<img src=x>"),
    *("<script>", "<!-- flywheel:change 0.0 0 -->", "</details>", "```", "~~~\n", "`", "|", "| a | b |\n|---|---|\n"),
    *(
        "[a](javascript:x)",
        "![a](//evil.test)",
        "\n\n# Heading\n",
        "\n- item",
        "::error::x",
        "##[error]x",
        "a@b.example",
    ),
    *("\r", "\n", "\x1b[2J", "\u202e", "\u200b", "\u2028", "&lt;b&gt;", "\\", "$(id)", "${{ github.token }}", "\ud800"),
)
TEXTS = st.lists(st.one_of(st.text(max_size=12), st.sampled_from(HOSTILE)), min_size=1, max_size=12).map("".join)
HUGE = "| x " * 200
MENTION = re.compile(r"@[A-Za-z0-9]")
REFERENCE = re.compile(r"#\d|\bGH-\d", re.IGNORECASE)
LINK = re.compile(r"[a-z]://|www\.[^\u200b]", re.IGNORECASE)
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def infected(value: Any, text: str, key: str = "") -> Any:
    """The same with `text` in every place that may hold a stranger's."""
    match value:
        case {"id": name, "outcome": _}:
            return {"id": text + name, "outcome": value["outcome"], "task": text}
        case str() if key in NAMES:
            return text + value
        case dict():
            return {name: inner if name in FIXED else infected(inner, text, name) for name, inner in value.items()}
        case list():
            return [infected(inner, text, key) for inner in value]
        case str():
            return text
    return value


def live(text: str) -> str:
    """What of a title or a commit message would do something on GitHub; "" when nothing would."""
    found = [one.search(text) for one in (MENTION, REFERENCE, LINK, UNSEEN)]
    return next((match.group() for match in found if match), "")


class Page:
    """Markdown as GitHub reads it: its blocks, its HTML, its links, and the text outside of code."""

    def __init__(self, text: str) -> None:
        tokens = MARKDOWN.parse(text)
        inner = [child for token in tokens for child in token.children or ()]
        self.blocks = [(token.type, token.level) for token in tokens if token.type != "inline"]
        self.headings = [after.content for one, after in pairwise(tokens) if one.type == "heading_open"]
        self.html = {one.content.strip() for one in (*tokens, *inner) if one.type in ("html_block", "html_inline")}
        self.links = {str(one.attrs["href"]) for one in inner if one.type == "link_open"}
        self.images = [one for one in inner if one.type == "image"]
        self.text = "\n".join(one.content for one in inner if one.type == "text")

    def live(self) -> str:
        """What of the running text would do something; the text of a link is its address."""
        text = self.text
        for address in self.links:
            text = text.replace(address, "")
        return live(text)


def check_dead(clean: str, dirty: str) -> None:
    """The dirty page is built as the clean one, links where that links, and calls nobody."""
    before, after = Page(clean), Page(dirty)
    assert [] == after.images
    assert before.links >= after.links
    assert before.html == after.html
    assert before.blocks == after.blocks
    assert "" == after.live()
    assert not UNSEEN.search(dirty)


def sinks(read: document.Document, here: Here) -> Iterator[tuple[str, str, str]]:
    """(sink, kind of text, the text) of everything that `apply` would show of a document."""
    wanted, skipped = weigh(read, here)
    evidence = read.evidence(here.detectors)
    for one in wanted:
        for effect in (effect_of(one, evidence), effect_of(as_issue(one), evidence)):
            name = f"{type(effect).__name__} {effect.change}"
            yield f"{name} title", "line", marks.line(effect.title)
            yield f"{name} body", "page", effect.body
            if isinstance(effect, OpenPull):
                yield f"{name} message", "line", effect.message
    left = [crossing.Left(one.title, one.code, one.seen) for one in skipped]
    yield "summary of propose", "page", crossing.handed(wanted, wanted, ())
    for dry_run in (True, False):
        done = {one.modification.id: Performed(one.modification.id, "created", "x") for one in wanted}
        page = crossing.applied(wanted, done, left, dry_run=dry_run, is_runner=True)
        yield f"summary of apply {dry_run}", "page", page
    for one in wanted[:1]:
        shown = decision.Shown(one.decision.tier, one.decision)
        yield "check", "page", decision.check(shown, QUESTIONS).summary
        yield "check title", "line", decision.check(shown, QUESTIONS).title


def as_issue(one: Proposal) -> Proposal:
    return Proposal(
        one.modification, Decision("backlog", (*one.decision.reasons, Reason("x", "backlog", "y"))), one.model
    )


@pytest.fixture
def harness(github: GitHub, write_token: str) -> Iterator[Harness]:
    hand = Hand(write_token, github.url, stage.NAME, ())
    yield hand.harness()
    hand.close()


@pytest.fixture
def here(harness: Harness) -> Here:
    return Here(harness, Ledger(), shipped_policy(), shipped_detectors(), "2026-11-25T00:00:00+00:00")


# --- 42: nothing is interpolated --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hostile",
    ["$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "--dry-run", "x\nopened=9\n", "${{ github.token }}"],
)
def test_42_what_an_input_holds_is_never_run_and_makes_no_output(
    hostile: str, writing: Runner, reading: Runner, write_token: str
) -> None:
    proposed = reading.step("propose", path=hostile, token=write_token)
    applied = writing.step("apply", proposal=hostile, dry_run=hostile, token=write_token)

    assert (0, 2) == (proposed.returncode, applied.returncode), applied.stderr
    assert not [path for job in (writing, reading) for path in job.root.rglob("pwned")]
    assert {"episodes": "0", "proposals": "0"} == reading.outputs()
    assert {} == writing.outputs()


def test_42_nothing_that_evidence_holds_is_a_command_or_an_output(
    reading: Runner, world: World, shop: Repository
) -> None:
    for number, path in enumerate(sorted((reading.work / "flywheel-bundle").rglob("manifest.json"))):
        told = json.loads(path.read_text(encoding="utf-8"))
        told["task"] = f"\n::error::{number}\n##[error]x\nepisodes=9999\n::set-output name=proposals::7\n$(touch pwned)"
        told["agent"] = {"name": "`touch pwned`\n::add-mask::a", "version": "${{ github.token }}", "model": "x\ny=z"}
        path.write_text(json.dumps(told), encoding="utf-8")
        (path.parent / "a\n::error::pwned\nx=$(touch pwned)").write_bytes(b"\x00\xff")

    for step in ("observe", "propose"):
        done = reading.step(step, **({"token": stage.token(world, shop, stage.READS)} if step == "propose" else {}))

        assert 0 == done.returncode, done.stderr
        begin, *_said, end = done.stdout.splitlines()
        stop = begin.removeprefix("::stop-commands::")
        assert (f"::{stop}::", True) == (end, bool(re.fullmatch(r"[0-9a-f]{32}", stop)))
        assert 2 == done.stdout.count(stop)
        assert "::" not in done.stderr
    assert not list(reading.root.rglob("pwned"))
    text = reading.output.read_text(encoding="utf-8")
    assert [] == [line for line in text.splitlines() if not re.fullmatch(r"[a-z-]+=(\d+|/\S+)", line)]
    assert "120" == reading.outputs()["episodes"]


def test_42_no_script_that_we_ship_holds_an_expression() -> None:
    found = [step["run"] for step in STEPS.values()]
    for path in shipped():
        jobs = stage.workflow(path)["jobs"].values()
        found += [step["run"] for job in jobs for step in job.get("steps", ()) if "run" in step]

    assert len(found) > 5
    assert [] == [script for script in found if "${{" in script]


# --- 43: nothing is alive in what is shown ----------------------------------------------------------------------------


def test_43_nothing_of_a_document_is_alive_in_any_sink(handed: dict[str, Any], here: Here) -> None:
    told = copy.deepcopy(handed)
    told["head"] = here.harness.head
    clean = {name: text for name, _, text in sinks(document.decode(json.dumps(told).encode(), stage.NAME), here)}
    kinds = {name.split(" ")[-1] for name in clean}
    assert {"title", "body", "message", "propose", "True", "False", "check"} <= kinds

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @example("".join(HOSTILE))
    @example("@org/team Fixes #1 org/repo#1 https://evil.test <img src=x>")
    @example("```\n~~~\n`` `")
    @example(HUGE)
    @given(TEXTS)
    def holds(text: str) -> None:
        dirty = {**infected(told, text), "repository": told["repository"], "head": told["head"]}
        read = document.decode(json.dumps(dirty).encode(), stage.NAME)
        seen = {name: (kind, shown) for name, kind, shown in sinks(read, here)}
        assert set(clean) == set(seen)
        for name, (kind, shown) in seen.items():
            if kind == "line":
                assert "" == live(shown.replace("\n", " ")), name
            else:
                check_shown(clean[name], shown)

    holds()


def check_shown(clean: str, dirty: str) -> None:
    """As `check_dead`, but for what is a list of strangers' names: it may be longer or shorter."""
    before, after = Page(clean), Page(dirty)
    assert [] == after.images
    assert before.links >= after.links
    assert before.html >= after.html
    assert {one for one, _ in before.blocks} >= {one for one, _ in after.blocks}
    assert {*before.headings, "A run of yours that it would have changed"} >= set(after.headings)
    assert "" == after.live()
    assert not UNSEEN.search(dirty)


@given(TEXTS)
@example("".join(HOSTILE))
def test_43_nothing_of_the_ledger_is_alive_in_the_comment_or_the_farewell(text: str) -> None:
    entry = Entry("2026-11-25T00:00:00+00:00", "dismissed", "o/r", "0123456789ab", "loops", reason=text)
    page = decision.comment([entry], decision.Shown("interactive", is_open=False))
    farewell = marks.farewell(closing_of(entry).reason, entry.change)

    for shown in (page, farewell):
        assert ([], "", set()) == (Page(shown).images, Page(shown).live(), Page(shown).links)
        assert not UNSEEN.search(shown)
    assert {f"<!-- flywheel:ended {entry.change} -->"} == Page(farewell).html


@given(TEXTS)
@example("".join(HOSTILE))
def test_43_nothing_of_a_run_is_alive_in_the_summary(text: str) -> None:
    assume(printable(text))

    def of(word: str) -> dict[str, Any]:
        shown = {"repository": word, "title": word, "tier": word, "fixes": [], "risks": []}
        pattern = {"detector": word, "status": "descriptive", "reasons": [word], "interval": None}
        return {
            "episodes": 1,
            "outcomes": {"fail": 1},
            "patterns": [pattern],
            "modifications": [shown],
            "held": [{**shown, "held": word}],
            "excluded": [{"reason": word}],
            "warnings": [word],
        }

    check_dead(summary(of("word")), summary(of(text)))


# --- 44: nothing is longer than GitHub takes --------------------------------------------------------------------------


def test_44_no_body_no_title_and_no_summary_is_longer_than_github_takes(handed: dict[str, Any], here: Here) -> None:
    told = {**infected(handed, "x" * 2_000), "repository": handed["repository"], "head": here.harness.head}
    told["proposals"] = told["proposals"][:1]
    one = told["proposals"][0]["decision"]
    one["reasons"] += [{"code": f"more-{n}", "allows": "autonomous", "seen": "y" * 300} for n in range(1000)]
    told["excluded"] = [{"episode": "e" * 300, "code": "X1 never-started", "detail": ""} for _ in range(3000)]
    read = document.decode(json.dumps(told).encode(), stage.NAME)
    (wanted,), _ = weigh(read, here)

    for proposal in (wanted, as_issue(wanted)):
        effect = effect_of(proposal, read.evidence(here.detectors))
        assert len(marks.marked(effect.title, effect.body, effect.change, effect.revision)) <= 65_536
        assert len(marks.line(effect.title)) <= 256
        assert not isinstance(effect, OpenPull) or len(effect.message.split("\n")[0]) <= 72
    assert len(crossing.handed([wanted] * 500, [wanted] * 40, ["n" * 5000] * 500).encode()) < 1 << 20


def test_44_a_summary_that_is_cut_says_so() -> None:
    text = summary({"excluded": [{"reason": f"R{number}"} for number in range(200_000)]})

    assert len(text.encode()) <= MAX_BYTES < 1 << 20
    assert text.endswith("the report has it all.\n")


def test_44_of_many_annotations_the_tenth_says_how_many_more_there_are() -> None:
    lines = list(workflow_commands([f"w{number}" for number in range(60)]))

    assert 10 == len(lines)
    assert lines[-1].startswith("::warning title=flywheel embed::51 further warnings")
    assert 10 == len(list(workflow_commands(["w"] * 10)))
    assert "further" not in "".join(workflow_commands(["w"] * 10))


# --- 53: a dry run writes nothing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [None, "true", "", "False", "FALSE", "0", "no", "false ", "true\nfalse"])
def test_53_unless_it_is_exactly_false_nothing_is_written(
    word: str | None, writing: Runner, shop: Repository, handed: dict[str, Any], write_token: str, github: GitHub
) -> None:
    stage.give(writing, handed)
    refs = shop.git.run("for-each-ref")

    done = writing.step("apply", token=write_token, **({} if word is None else {"dry_run": word}))

    assert 0 == done.returncode, done.stderr
    assert github.exchanges
    assert [] == github.writes
    beside = [one for one in github.exchanges if one.method != "GET"]
    assert {"/graphql"} >= {one.template for one in beside}
    assert [] == [one for one in beside if re.match(r"\s*mutation", one.request["query"])]
    assert (refs, {}, []) == (shop.git.run("for-each-ref"), shop.issues, shop.labels)
    assert "## What Flywheel would open\n\n- pull request: The agent stops" in writing.page()
    assert "This was a dry run: nothing was written." in writing.page()


def test_53_a_dry_run_after_a_real_one_writes_nothing_either(
    writing: Runner, shop: Repository, handed: dict[str, Any], write_token: str, github: GitHub
) -> None:
    stage.give(writing, handed)
    writing.step("apply", token=write_token, dry_run="false")
    shop.issues[1].state = "closed"
    before = len(github.writes)

    done = writing.step("apply", token=write_token)

    assert (0, before) == (done.returncode, len(github.writes)), done.stderr


# --- 55: nothing lies where a pull could have put it ------------------------------------------------------------------


def shipped() -> list[Path]:
    """Our own workflows and those that we show."""
    return [
        *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
        *sorted((ROOT / "examples/workflows").glob("*.yml")),
    ]


def steps_of(path: Path) -> Iterable[dict[str, Any]]:
    return (step for job in stage.workflow(path)["jobs"].values() for step in job.get("steps", ()))


def test_55_no_cache_is_restored_and_no_checkout_leaves_its_token() -> None:
    everywhere = [step for path in shipped() for step in steps_of(path)] + list(STEPS.values())
    used = [(str(step.get("uses", "")), step.get("with", {})) for step in everywhere]
    checkouts = [given for name, given in used if name.startswith("actions/checkout@")]

    assert [] == [name for name, given in used if "cache" in name or "cache" in given or "enable-cache" in given]
    assert checkouts
    assert {False} == {given.get("persist-credentials") for given in checkouts}


def test_55_the_job_that_writes_checks_nothing_out_and_takes_one_artifact() -> None:
    (path,) = [one for one in shipped() if one.name == "flywheel-propose-apply.yml"]
    jobs = stage.workflow(path)["jobs"]
    used = [str(step.get("uses", "")).partition("@")[0] for step in jobs["apply"]["steps"]]

    assert ["actions/download-artifact", "OWNER/agentic-flywheel"] == used
    assert {"contents": "read", "actions": "read"} == jobs["propose"]["permissions"]
    assert "environment" in jobs["apply"]
    assert "propose" == jobs["apply"]["needs"]


def test_55_nothing_is_left_in_the_workspace(reading: Runner, world: World, shop: Repository) -> None:
    before = sorted(reading.work.rglob("*"))

    done = reading.step("propose", token=stage.token(world, shop, stage.READS))

    assert 0 == done.returncode, done.stderr
    assert before == sorted(reading.work.rglob("*"))
    assert Path(reading.outputs()["proposal"]).is_relative_to(reading.root)


def test_55_what_a_workspace_brings_steers_no_python(reading: Runner, world: World, shop: Repository) -> None:
    """A pull may bring files that Python would import, or read settings from."""
    (reading.work / "bot").mkdir()
    for name in ("bot/__init__.py", "bot/__main__.py", "sitecustomize.py", "usercustomize.py", "json.py", "secrets.py"):
        (reading.work / name).write_text("open('pwned', 'w')\n", encoding="utf-8")
    reading.environment |= {"PYTHONPATH": str(reading.work), "PYTHONSTARTUP": str(reading.work / "json.py")}

    done = reading.step("propose", token=stage.token(world, shop, stage.READS))

    assert 0 == done.returncode, done.stderr
    assert not list(reading.root.rglob("pwned"))
