"""The terminal shows the same in any width, and no more than fits."""

import io

import pytest
from rich.console import Console

from bot.model import Performed, Turn, replace
from bot.pages.table import table


def printed(turn: Turn, performed: dict[str, Performed] | None = None, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, no_color=True)
    console.print(table(turn, performed))
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]


WIDE = """\
112 episodes: 46 failed, 62 passed, 4 without a verdict
  left out: 1 the agent never started (X1 never-started)
  left out: 1 the model's provider failed (X3 provider-error)

What keeps going wrong                     failures  passes  odds ratio [95 %]
edits-without-progress                        14/40    3/62  18.4 [4.10, 92.0]
command-times-out                              8/40    0/62        ∞ [2.30, ∞]
fails-in-a-row (no-lift, not-significant)      9/40   11/62  1.30 [0.44, 3.60]

Change        tier         against, in                                            fixes  risks
0123456789ab  interactive  edits-without-progress, octo/shop                          9      1
                           created: flywheel/edits-without-progress-0123456789ab
ba9876543210  backlog      command-times-out, octo/shop                               8      1
                           unchanged: out/issues/ba9876543210.md"""


def test_a_wide_window(turn: Turn, performed: dict[str, Performed]) -> None:
    assert printed(turn, performed) == WIDE


def test_a_narrow_window_breaks_no_word_and_loses_none(turn: Turn, performed: dict[str, Performed]) -> None:
    text = printed(turn, performed, width=50)

    assert max(map(len, text.splitlines())) <= 50
    for word in ("edits-without-progress\n", "14/40 failed, 3/62 passed", "∞ [2.30, ∞]", "fixes 8, risks 1", "backlog"):
        assert word in text


def test_a_dry_run_says_that_nothing_was_written(turn: Turn) -> None:
    assert printed(turn).count("nothing written") == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"episodes": 0, "outcomes": {}, "patterns": ()}, "Name a folder that holds transcripts"),
        ({"outcomes": {"pass": 3}, "patterns": ()}, "No failed run was seen"),
        ({"outcomes": {"fail": 3}, "patterns": ()}, "No known failure was found"),
        ({"proposals": ()}, "No change is proposed"),
    ],
)
def test_an_empty_turn_says_what_to_do(change: dict[str, object], said: str, turn: Turn) -> None:
    assert said in printed(replace(turn, **change))  # type: ignore[arg-type]


def test_a_repositorys_name_is_no_markup_and_no_escape(turn: Turn) -> None:
    first = turn.proposals[0]
    hostile = replace(first.modification, repository="[red]x\x1b[2J[/red]")

    text = printed(replace(turn, proposals=(replace(first, modification=hostile),)))

    assert "[red]x[/red]" in text
    assert "\x1b" not in text


def test_what_is_only_described_is_cut_and_counted(turn: Turn) -> None:
    strong = sum(pattern.status == "actionable" for pattern in turn.patterns)
    weak = [pattern for pattern in turn.patterns if pattern.status == "descriptive"]
    text = printed(replace(turn, patterns=(*turn.patterns, *weak * 40)))

    assert strong == 2
    assert "… and 33 more in the report, only described" in text
