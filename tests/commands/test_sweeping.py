"""A sweep looks at everything once, whatever the answers are, and comes to its end."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from bot.commands.sweeping import LEFT_SECONDS, sweep
from bot.engine.inbox import Inbox
from bot.engine.work import Answer, Done, Later, Work
from bot.hosting.hints import Hint, Place
from bot.jobs.office import Swept


class Office:
    """One repository to be looked at."""

    def __init__(self, inbox: Inbox, answer: Answer) -> None:
        self.inbox, self.said, self.asked = inbox, answer, 0

    def sweep(self) -> Swept:
        hint = Hint("sweep", "", "repository", installation=1, places=(Place(7, "octo/shop"),))
        self.inbox.put(hint, time.time()).result(10)
        return Swept((1,), 1, 0, ())

    def answer(self, _work: Work) -> Answer:
        self.asked += 1
        return self.said


@pytest.mark.parametrize("until", [0.0, 1_000_000.0])
def test_what_could_go_on_at_once_is_left_to_the_next_sweep(until: float, tmp_path: Path) -> None:
    with closing(Inbox(f"sqlite:///{tmp_path / 'inbox.db'}")) as inbox:
        office = Office(inbox, Later(until, "a limit", "installation"))

        record = sweep(office, inbox)

        assert (1, 1, 0) == (office.asked, record["deferred"], record["visited"])
        office.said = Done("")
        assert 0 == sweep(office, inbox)["visited"]
        assert 1 == sweep(office, inbox, now=lambda: time.time() + LEFT_SECONDS + 1)["visited"]
