"""End to end: installed, asked, onboarded; failing runs become pulls and an issue; a maintainer answers, we follow."""

from __future__ import annotations

import github as pygithub

from tests.app.office import Running
from tests.github.fleet import OWNER, commit, fleet
from tests.github.git import Commit
from tests.github.server import GitHub
from tests.github.world import Issue, Repository, World

NAMES = (f"{OWNER}/parcel-api", f"{OWNER}/reading-room", f"{OWNER}/.github")
"""The last one is shared by all: what changes there is an issue first."""
CONFIGURE = "Configure Flywheel"
QUESTION = "Where should Flywheel start?"


class Story:
    """What stands on GitHub, in a few words."""

    def __init__(self, world: World, app: Running, ann: pygithub.Github) -> None:
        self.world, self.app, self.ann = world, app, ann
        self.repositories = fleet(world, runs=3, called={f"{OWNER}/tidemark": NAMES[2]})
        world.install(OWNER, *self.repositories.values())

    def ours(self, name: str) -> list[Issue]:
        """What we opened there, oldest first."""
        return [one for one in self.repositories[name].issues.values() if one.user.id == self.world.bot.id]

    def titles(self) -> list[str]:
        return [one.title for name in NAMES for one in self.ours(name)]

    def change(self, name: str) -> Issue:
        """The newest of what we propose there."""
        return [one for one in self.ours(name) if one.title not in (CONFIGURE, QUESTION)][-1]

    def head(self, name: str) -> Commit:
        pull = self.change(name).pull
        assert pull
        return self.repositories[name].git.commit(pull.head_sha)

    def said(self, name: str, number: int) -> list[str]:
        """Our comments."""
        issue = self.repositories[name].issues[number]
        return [one.body for one in issue.comments if one.user.id == self.world.bot.id]

    def writes(self, github: GitHub) -> list[str]:
        """What a sweep writes."""
        before = len(github.writes)
        self.app.sweep()
        return [f"{one.method} {one.path}" for one in github.writes[before:]]


def checks(repository: Repository) -> list[tuple[str, str | None, str]]:
    return [(one.name, one.conclusion, str(one.output.get("title"))) for one in repository.checks.values()]


def test_from_install_to_a_merge_a_no_and_a_hold(
    app: Running, world: World, github: GitHub, ann: pygithub.Github
) -> None:
    story = Story(world, app, ann)

    # Installed: one question, and nothing else. A second look says nothing.
    app.sweep()
    assert [QUESTION] == story.titles()
    assert [] == story.writes(github)

    # An answer of somebody who may write there: one pull that asks, and nothing else.
    where = next(name for name in NAMES if story.ours(name))
    question = story.ours(where)[0]
    issue = ann.get_repo(where).get_issue(question.number)
    issue.create_comment("Good.\n\n" + "".join(f"/flywheel start {name}\n" for name in NAMES))
    app.sweep()
    assert 3 == story.titles().count(CONFIGURE)
    asked = next(one for one in story.ours(NAMES[0]) if one.title == CONFIGURE)
    assert "of 50 passes" in (asked.body or "")
    assert "The agent stops by itself while its last check is red" in (asked.body or "")
    assert [] == story.writes(github)

    # Merged: harness pulls, with labels, body, check and trailers, and an issue where a file is shared by several.
    for name in NAMES:
        number = next(one.number for one in story.ours(name) if one.title == CONFIGURE)
        ann.get_repo(name).get_pull(number).merge()
    app.sweep()
    for name in NAMES[:2]:
        pull = story.change(name)
        assert ["flywheel", "flywheel:interactive"] == sorted(label.name for label in pull.labels)
        assert "10 of 25 failed runs and 0 of 26 passing runs" in (pull.body or "")
        assert "/flywheel dismiss" in (pull.body or "")
        assert "flywheel undo" not in (pull.body or "")
        assert [("flywheel/decision", "neutral")] == [one[:2] for one in checks(story.repositories[name])]
        lines = story.head(name).message.splitlines()
        trailers = [line.partition(":")[0].removeprefix("Flywheel-") for line in lines if line.startswith("Flywheel-")]
        assert ["Change", "Detector", "Tier", "Fixes", "Risks"] == trailers
        assert pull.pull
        assert pull.pull.head_sha in story.repositories[name].verified
    backlog = story.change(NAMES[2])
    assert backlog.pull is None
    assert ["flywheel", "flywheel:backlog"] == sorted(label.name for label in backlog.labels)
    assert "shared by several projects" in (backlog.body or "")
    assert "diff --git" in (backlog.body or "")
    assert "closed" == question.state
    assert [] == story.writes(github)

    # People answer: one merges, one says no, one has the draft made a pull; another wants that to wait.
    merged, refused = (story.change(name).number for name in NAMES[:2])
    ann.get_repo(NAMES[0]).get_pull(merged).merge(merge_method="squash")
    ann.get_repo(NAMES[1]).get_issue(refused).create_comment("/flywheel dismiss We do this by review.")
    ann.get_repo(NAMES[2]).get_issue(backlog.number).create_comment("/flywheel promote")
    app.sweep(2)
    assert "merged by a person" in story.said(NAMES[0], merged)[0]
    assert "Watched over 0 runs" in story.said(NAMES[0], merged)[0]
    assert "closed" == story.repositories[NAMES[1]].issues[refused].state
    assert any("We do this by review." in text for text in story.said(NAMES[1], refused))
    promoted = story.change(NAMES[2])
    assert promoted.pull
    assert "closed" == backlog.state
    assert any(f"#{promoted.number}" in text for text in story.said(NAMES[2], backlog.number))
    ann.get_repo(NAMES[2]).get_issue(promoted.number).add_to_labels("flywheel:hold")
    ann.get_repo(NAMES[2]).get_issue(promoted.number).create_comment("/flywheel explain")
    app.sweep()
    held = promoted.number
    assert "open" == promoted.state
    assert "held by a person" in story.said(NAMES[2], held)[0]
    app.sweep()
    assert [] == story.writes(github)

    # Everything of ours deleted: the same stands, none twice.
    before = [(name, one.number, one.state, one.title, one.body) for name in NAMES for one in story.ours(name)]
    app.folder = app.folder.with_name("anew")
    app.sweep()
    assert before == [(name, one.number, one.state, one.title, one.body) for name in NAMES for one in story.ours(name)]
    assert [] == story.writes(github)

    # Switched off: what is open is closed, and says so.
    commit(world, story.repositories[NAMES[2]], "main", {".github/flywheel.yml": None}, "ann")
    app.sweep()
    assert "closed" == story.repositories[NAMES[2]].issues[held].state
    assert any("takes part no more" in text for text in story.said(NAMES[2], held))
    assert [] == story.writes(github)
