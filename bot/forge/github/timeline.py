"""The timeline of a pull or an issue in; label events, comments and reviews out, with who did it and on which head.

https://docs.github.com/rest/issues/timeline
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bot.forge.github.desk_answers import Event, Thread
from bot.forge.github.people import People
from bot.forge.github.place import Place
from bot.hosting.people import Actor
from bot.hosting.pulls import Comment, Review, Touched
from bot.model import replace

MAX_COMMENTS = 300
NO_KINDS = ("total_count", "url")
FORCED = "head_ref_force_pushed"
"""The timeline then forgets the commits that were the head before."""
REVIEWS: dict[str, Literal["approved", "changes-requested", "commented", "dismissed"]] = {
    "approved": "approved",
    "changes_requested": "changes-requested",
    "commented": "commented",
    "dismissed": "dismissed",
}


class Timeline:
    """What was done in one thread, in order. `nodes` are the node ids of the repository's labels by name."""

    def __init__(self, place: Place, people: People, thread: Thread, nodes: Mapping[str, str]) -> None:
        path = f"{place.path}/issues/{thread.number}/timeline"
        self._events = list(place.reader.pages(path, Event))
        self._people = people
        self._thread = thread
        self._nodes = nodes
        self._ours = place.home().account

    def touched(self) -> tuple[Touched, ...]:
        """The events of labels. A label that was there from the first second, by whoever opened it, is a template's."""
        found: list[Touched] = []
        head = ""
        for event in self._events:
            head = event.sha if event.event == "committed" else head
            if event.event == FORCED:
                found = [replace(one, head="") for one in found]
            if event.event not in ("labeled", "unlabeled") or event.label is None:
                continue
            by_app = event.performed_via_github_app is not None
            found.append(
                Touched(
                    id=event.id,
                    label=event.label.name,
                    added=event.event == "labeled",
                    actor=self._people.actor(event.actor, by_app=by_app),
                    at=event.created_at,
                    head=head,
                    node=self._nodes.get(event.label.name, ""),
                    template=event.event == "labeled" and self._at_birth(event),
                )
            )
        return tuple(found)

    def comments(self) -> tuple[Comment, ...]:
        """What was said, oldest first, the newest 300."""
        said = [event for event in self._events if event.event == "commented"]
        return tuple(self._comment(event) for event in said[-MAX_COMMENTS:])

    def reviews(self) -> tuple[Review, ...]:
        """The last word of each reviewer; a comment takes back no verdict."""
        last: dict[int, Review] = {}
        for event in self._events:
            state = REVIEWS.get(event.state.lower()) if event.event == "reviewed" else None
            if state is None or event.user is None:
                continue
            known = last.get(event.user.id)
            if state != "commented" or known is None or known.state == "commented":
                actor = self._people.actor(event.user)
                last[event.user.id] = Review(actor, state, event.commit_id or "", event.submitted_at or "")
        return tuple(last.values())

    def last(self, kind: str) -> Actor | None:
        """Who did the last event of a kind; None when nobody is named."""
        event = self._last(kind)
        if event is None or event.actor is None:
            return None
        return self._people.actor(event.actor, by_app=event.performed_via_github_app is not None)

    def last_at(self, kind: str) -> str:
        """When that was; "" = never."""
        event = self._last(kind)
        return event.created_at if event is not None else ""

    def head_at(self) -> str:
        """When the newest commit was made; "" without one. NOTE: a commit says that itself; of ours it is true."""
        made = (event.committer.date for event in self._events if event.event == "committed" and event.committer)
        return max(made, default="")

    def _last(self, kind: str) -> Event | None:
        """The last event of a kind that names somebody."""
        return next((one for one in reversed(self._events) if one.event == kind and one.actor is not None), None)

    def _comment(self, event: Event) -> Comment:
        author = event.user or event.actor
        actor = self._people.actor(author, by_app=event.performed_via_github_app is not None)
        stand = None
        if event.reactions is not None:
            stand = frozenset(kind for kind, count in event.reactions.items() if count and kind not in NO_KINDS)
        edited = event.updated_at != event.created_at
        return Comment(event.id, actor, event.body or "", event.created_at, edited, stand)

    def _at_birth(self, event: Event) -> bool:
        theirs = event.actor is not None and self._thread.user is not None and event.actor.id == self._thread.user.id
        ours = event.actor is not None and event.actor.id == self._ours
        return theirs and not ours and event.created_at == self._thread.created_at
