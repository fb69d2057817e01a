"""Where to look, and why: what a webhook or the sweep says of a repository, in numbers and names; never believed."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["installation", "pull", "issue", "run", "head", "ref", "repository", "nothing", "unknown"]

PEOPLES = ("requested_action", "rerequested")
"""What people do to a check: https://docs.github.com/webhooks/webhook-events-and-payloads#check_run"""


class Place(msgspec.Struct, frozen=True):
    """A repository as GitHub numbers and names it; the number stays when the name changes."""

    id: int
    name: str


class Hint(msgspec.Struct, frozen=True):
    """Where to look, and why: numbers and names only, no text that a person wrote but the name of a ref.

    0 and "" mean that the payload does not say. `places` holds the repository the event is about, or those that an
    installation gained and lost (at most 100: `listed` is how many there were). `pulls` are pulls of that repository.
    `strange` names what had another shape than GitHub documents. `delivery` is "" where no delivery caused it: the
    sweep, or a job, wants something looked at.
    """

    event: str
    delivery: str
    kind: Kind
    action: str = ""
    installation: int = 0
    places: tuple[Place, ...] = ()
    listed: int = 0
    pulls: tuple[int, ...] = ()
    issue: int = 0
    run: int = 0
    attempt: int = 0
    sha: str = ""
    ref: str = ""
    sender: int = 0
    sender_type: str = ""
    strange: tuple[str, ...] = ()

    @property
    def repository(self) -> int:
        """The one repository that this is about; 0 when it is about none or about several."""
        return self.places[0].id if len(self.places) == 1 and self.kind != "installation" else 0

    @property
    def can_wait(self) -> bool:
        """Whether nobody waits for an answer, and more will probably follow at once: CI or a bot says it, no person."""
        by_ci = self.kind in ("run", "head") and self.action not in PEOPLES
        return self.delivery != "" and self.kind != "installation" and (by_ci or self.sender_type == "Bot")

    @property
    def subject(self) -> str:
        """What in the repository: the number, run, commit or ref. Hints of one kind and subject are one job."""
        match self.kind:
            case "pull":
                return ",".join(map(str, self.pulls))
            case "issue":
                return str(self.issue or "")
            case "run":
                return str(self.run or "")
            case "head":
                return self.sha
            case "ref":
                return self.ref
            case "unknown":
                return self.event
        return ""
