"""A commit in, what checked it out: check runs and statuses, those that a rule of its base requires marked so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from bot.forge.github.desk_answers import Branch, Check, Checks, Rule, Statuses
from bot.forge.github.place import Place
from bot.hosting.pulls import Checked, Conclusion

OURS = "flywheel/"
"""A check under such a name counts as ours, whoever made it: it never vouches for a merge."""
RUNNER = "github-actions[bot]"
"""Under the token of a job, our account is that of all workflows: what it made tells nothing."""
ENDED: dict[str, Conclusion] = {
    "success": "success",
    "neutral": "neutral",
    "skipped": "skipped",
    "pending": "pending",
    "expected": "pending",
}
"""Everything else is a failure."""


class Checking:
    """What checks commits in one repository."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._required: dict[str, frozenset[str]] = {}

    def required(self, branch: str) -> frozenset[str]:
        """The names of checks that must be green before a merge: by rulesets, and by the older protection."""
        if branch not in self._required:
            self._required[branch] = frozenset(self._demanded(branch))
        return self._required[branch]

    def at(self, head: str, base: str) -> tuple[Checked, ...]:
        """All checks of a head; a required one that has not reported yet is pending."""
        required = self.required(base)
        found = {one.name: one for one in self._runs(head, required)}
        found |= {one.name: one for one in self._statuses(head, required)}
        missing = (Checked(name, name.startswith(OURS), True, "pending") for name in sorted(required - found.keys()))
        return (*found.values(), *missing)

    def _demanded(self, branch: str) -> Iterator[str]:
        named = quote(branch, safe="")
        for rule in self._place.reader.pages(f"{self._place.path}/rules/branches/{named}", Rule):
            yield from (one.context for one in rule.parameters.required_status_checks)
        found = self._place.reader.find(f"{self._place.path}/branches/{named}", Branch)
        yield from found.protection.required_status_checks.contexts if found and found.protected else ()

    def _runs(self, head: str, required: frozenset[str]) -> Iterator[Checked]:
        path, us = f"{self._place.path}/commits/{head}/check-runs", self._place.home().login
        found = self._place.reader.find(path, Checks, filter="latest", per_page="100")
        for run in found.check_runs if found else ():
            ended = ENDED.get(run.conclusion or "pending", "failure") if run.status == "completed" else "pending"
            ours = run.app is not None and us != RUNNER and run.app.is_account(us)
            yield Checked(run.name, ours or run.name.startswith(OURS), run.name in required, ended, _seconds(run))

    def _statuses(self, head: str, required: frozenset[str]) -> Iterator[Checked]:
        """NOTE: a status does not tell how long it took, so it is taken for one that took no time."""
        found = self._place.reader.find(f"{self._place.path}/commits/{head}/status", Statuses, per_page="100")
        for one in found.statuses if found else ():
            ours = one.context.startswith(OURS)
            yield Checked(one.context, ours, one.context in required, ENDED.get(one.state, "failure"))


def _seconds(run: Check) -> float:
    try:
        begun, ended = datetime.fromisoformat(run.started_at or ""), datetime.fromisoformat(run.completed_at or "")
    except ValueError:
        return 0.0
    return max(0.0, (ended - begun).total_seconds())
