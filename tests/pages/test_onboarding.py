"""The onboarding pull: its readers learn what will happen, what is missing, and how to say no."""

import itertools
from urllib.parse import parse_qs, urlsplit

import yaml

from bot.pages import offer
from bot.pages.onboarding import InUse, Needed, Place, Rehearsal, Sight, pull_body

NEEDED = Needed(failures=5, tasks=3, passes=20, most_passes=50)
PLACE = Place("https://github.com", "octo/shop", "main", "octo/agentic-flywheel@" + "a" * 40)
FILE = "version: 1\nmode: propose\n"
SOME = Rehearsal(
    30,
    NEEDED,
    failed=3,
    passed=12,
    tasks=2,
    excluded=1,
    unjudged=4,
    sights=(
        Sight("The agent repeats a command", 3, 1, 2, ("few-failures", "few-tasks")),
        Sight("It finishes on red", 6, 0, 4),
    ),
    proposals=(("It finishes on red", "interactive"),),
)


def body(seen: Rehearsal = SOME, agents: tuple[InUse, ...] = (), place: Place = PLACE) -> str:
    return pull_body(seen, agents, place, FILE, 3)


# --- the onboarding pull ----------------------------------------------------------------------------------------------


def test_without_a_run_nothing_is_claimed() -> None:
    text = body(Rehearsal(30, NEEDED))

    assert "No run of an agent could be read yet." in text
    assert "0 of 5 failures, 0 of 3 tasks, 0 of 50 passes" in text
    assert "would have proposed" not in text


def test_it_says_what_is_missing_and_what_would_have_been_proposed() -> None:
    text = body()

    assert "3 of 5 failures, 2 of 3 tasks, 12 of 50 passes" in text
    assert "| The agent repeats a command | 3 | 1 | 3 of 5 failures; 2 of 3 tasks |" in text
    assert "| It finishes on red | 6 | 0 | enough to act on |" in text
    assert "- It finishes on red: a pull request that a person merges" in text
    assert "20 runs of agents could be read: 3 failed, 12 passed, 1 failed through no fault of the harness" in text


def test_it_says_how_to_say_no_how_to_stop_and_that_nothing_happens_before() -> None:
    text = body()

    assert "**It does nothing in this repository until this pull request is merged.**" in text
    assert "Close this pull request. That is remembered as a no" in text
    assert "Delete `.github/flywheel.yml`" in text
    assert FILE in text


def test_a_sentence_stands_on_one_line_because_github_breaks_at_every_newline() -> None:
    lines = body().splitlines()

    pairs = itertools.pairwise(lines)
    assert [] == [one for one in pairs if one[0][-1:].isalpha() and one[1][:1].islower() and one[1] not in FILE]


def test_a_count_beyond_what_is_needed_is_not_shown_as_more_than_enough() -> None:
    text = body(Rehearsal(30, NEEDED, failed=40, passed=900, tasks=12))

    assert "5 of 5 failures, 3 of 3 tasks, 50 of 50 passes" in text


def test_an_agent_that_makes_bundles_already_is_asked_for_nothing() -> None:
    text = body(agents=(InUse("Claude Code", ".github/workflows/claude.yml", embeds=True), InUse("Devin")))

    assert "makes bundles already" in text
    assert "works elsewhere" in text
    assert "actions/upload-artifact" not in text


def test_the_upload_step_is_a_link_that_carries_it_whole_and_the_same_as_text() -> None:
    text = body(agents=(InUse("Claude Code", ".github/workflows/claude.yml"),))

    link = text.partition("[Add the action](")[2].partition(")")[0]
    assert "/octo/shop/new/main" == urlsplit(link).path
    asked = parse_qs(urlsplit(link).query)
    assert [offer.LOCAL_PATH] == asked["filename"]
    assert offer.local(PLACE.ours) == asked["value"][0]
    assert "https://github.com/octo/shop/edit/main/.github/workflows/claude.yml" in text
    assert offer.steps(PLACE.ours, 0) in text
    assert offer.call(0) in text
    assert "Replace" not in text


def test_where_nobody_said_where_our_action_is_that_is_said() -> None:
    assert f"Replace `{offer.UNKNOWN}`" in body(place=Place("https://github.com", "octo/shop", "main"))


def test_a_path_of_a_workflow_cannot_write_markdown_or_mention_anybody() -> None:
    evil = ".github/workflows/`@octo/team` [x](http:__evil) #1.yml"

    text = body(agents=(InUse("Claude Code", evil),))

    line = next(line for line in text.splitlines() if "evil" in line)
    assert line.startswith("- Claude Code in `` .github/workflows/`@octo/team` [x]")
    assert "(https://github.com/octo/shop/edit/main/.github/workflows/%60%40octo/team%60%20%5Bx%5D" in line


def test_the_action_of_the_repositorys_own_is_one_and_its_call_fits_it() -> None:
    made, called = yaml.safe_load(offer.local(PLACE.ours)), yaml.safe_load(offer.call())

    assert "composite" == made["runs"]["using"]
    assert set(made["inputs"]) == set(called[0]["with"])
    assert "always()" == called[0]["if"]
    assert f"./{offer.LOCAL_PATH.removesuffix('/action.yml')}" == called[0]["uses"]
    assert [PLACE.ours, offer.UPLOAD.partition(" ")[0]] == [step["uses"] for step in made["runs"]["steps"]]
