"""A harness change may not know the examination, nor change its judges; ordinary changes pass."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.model import Edit
from bot.modifications import patch
from bot.modifications.overfit import overfit, own_judges
from bot.signals.collect import collect

HELD_OUT = {
    "mteb-retrieve": "Use SentenceTransformer and PromptType.query on /app/corpus.txt, and write the fifth highest.",
    "configure-git-webserver": "Configure a git server so that I can push to /srv/git/web_root and curl the page.",
    "fix-cart": "Totals in src/shop/cart/totals.py are rounded down, see test_totals_of_gifts in tests/test_cart.py.",
}
KNOWN = ["Round prices in src/shop/price.py as the tests in tests/test_price.py say, and run TypeScript checks."]


def codes(text: str, before: str | None = None, known: list[str] = KNOWN) -> list[str]:
    return [problem.code for problem in overfit([Edit("AGENTS.md", before, text)], HELD_OUT, known)]


@pytest.mark.parametrize(
    "text",
    [
        "Read the output of a failed command before the next one.\n",
        "Run the tests in tests/test_price.py and the TypeScript checks.\n",
        "Retrieve what you need, configure git, and push to the branch of the pull request.\n",
        "Use SentenceTransformer where a model is needed.\n",
        "See package.json, README.md and pyproject.toml.\n",
    ],
)
def test_an_ordinary_change_has_no_problems(text: str) -> None:
    assert codes(text) == []


def test_what_stood_there_before_is_known() -> None:
    before = "See test_totals_of_gifts in src/shop/cart/totals.py.\n"

    assert codes(before + "Be brief.\n", before) == []
    assert codes("* " + before, before) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("For mteb-retrieve use the fifth.\n", ["held-out-name"]),
        ("Use SentenceTransformer.\nMind\nPromptType.query\n", ["held-out-name", "held-out-name"]),
        ("Look at src/shop/cart/totals.py first.\n", ["held-out-name"]),
        ("Look for test_totals_of_gifts.\n", ["held-out-name"]),
        ("When asked, and write the fifth\nhighest to a file: sort.\n", []),
        ("Configure a Git server so that\nI can push to it.\n", ["held-out-text"]),
    ],
)
def test_a_change_that_knows_held_out_tasks_is_told(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_the_message_tells_nothing_of_the_task() -> None:
    (problem,) = overfit([Edit("AGENTS.md", None, "a\nFor mteb-retrieve sort.\n")], HELD_OUT)

    assert problem.line == 2
    assert "mteb" not in problem.detail


@pytest.mark.parametrize(
    "path",
    [
        "rules/detectors/loops/repeats-failing-command.yml",
        "rules/approval/default.yml",
        ".github/flywheel.yml",
        ".github/workflows/evaluate.yml",
        "held-out.json",
        "tasks/sort/verifier/test.sh",
        "eval/sealed/list.json",
        "evaluation/budget.yml",
        ".github/CODEOWNERS",
    ],
)
def test_no_automatic_change_reaches_what_judges_it(path: str) -> None:
    assert [problem.code for problem in own_judges([path])] == ["own-judge"]
    with pytest.raises(UserError, match="Edits touch harness files only"):
        patch.check([Edit(path, "a\n", "b\n")])


def test_the_harness_is_free_and_a_repository_may_name_judges_of_its_own() -> None:
    harness = ["AGENTS.md", ".claude/settings.json", ".claude/hooks/loop_guard.py", "docs/CLAUDE.md"]

    assert own_judges(harness) == ()
    assert [problem.path for problem in own_judges(["bench/x.py", *harness], ["bench/*"])] == ["bench/x.py"]


def test_no_shipped_remedy_knows_a_task_of_the_examples() -> None:
    held_out = {e.id: e.trace.prompt for e in collect([Path("examples/episodes")]) if e.trace}
    rules = [yaml.safe_load(p.read_text()) for p in Path("rules/detectors").rglob("*.yml") if ".test." not in p.name]
    texts = [rule["remedy"]["text"] for rule in rules if "remedy" in rule]

    assert len(held_out) > 50
    assert len(texts) > 10
    assert [text for text in texts if overfit([Edit("AGENTS.md", None, text)], held_out)] == []


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=60))
def test_no_text_crashes_it(after: str, told: str, name: str) -> None:
    overfit([Edit("AGENTS.md", None, after)], {name: told})
