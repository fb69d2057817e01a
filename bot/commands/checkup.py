"""What GitHub says in, a row for everything that must be right there out, each with its mend; no network here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from bot.approval.labels import LABELS
from bot.approval.policy import Policy
from bot.hosting.asked import EVENTS, beyond, lacking
from bot.hosting.health import SKEW_S, Health, Party, Seen
from bot.jobs import configuration

Status = Literal["ok", "missing", "note", "unknown"]


class Row(msgspec.Struct, frozen=True):
    """One thing that was looked at. `missing` must be mended, `note` is worth knowing, `unknown` could not be told."""

    code: str
    status: Status
    said: str
    mend: str = ""


def row_of(code: str, text: str) -> Row:
    """A UserError as a row: its last sentences are the mend."""
    said, _, mend = text.partition(". ")
    return Row(code, "missing", said, mend)


def of_github(found: Health, repository: str, policy: Policy) -> Iterator[Row]:
    """The rows in the order in which to mend them; what rests on something that is wrong is not asked."""
    if found.skew is None:
        said = found.failed.get("reach", "no answer")
        yield Row("reach", "missing", said, "Check GITHUB_API_URL, and that this machine may go there.")
        return
    yield Row("reach", "ok", "GitHub answers")
    yield _clock(found.skew)
    if "private-key" in found.failed:
        yield Row("private-key", "missing", found.failed["private-key"], "Make a new key on the App's page.")
        return
    if "jwt" in found.failed:
        yield Row("jwt", "missing", found.failed["jwt"], "The key must be of this very App; its page lists its keys.")
        return
    if found.app is not None:
        yield Row("jwt", "ok", "GitHub knows the App by its key")
        yield from _asks(found.app)
        if repository:
            yield from _installed(found, repository, found.app)
        else:
            yield _installations(found, found.app)
    if repository and (found.app is None or (found.installation and not found.installation.suspended)):
        yield from _repository(found, repository, policy)


def _clock(skew: float) -> Row:
    if abs(skew) <= SKEW_S:
        return Row("clock", "ok", f"within {SKEW_S:.0f} s of GitHub's")
    way = "ahead of" if skew > 0 else "behind"
    return Row("clock", "missing", f"{abs(skew):.0f} s {way} GitHub's", "Let the machine keep its time (NTP).")


def _asks(app: Party) -> Iterator[Row]:
    """What the App itself asks for."""
    wanting, spare = lacking(app.permissions), beyond(app.permissions)
    if wanting:
        yield Row("app-permissions", "missing", f"not asked for: {', '.join(wanting)}", f"Add them on {app.page}.")
    else:
        yield Row("app-permissions", "ok", "all that is needed")
    if spare:
        mend = f"Take them away on {app.page}: nothing here needs them."
        yield Row("app-permissions-beyond", "note", f"more than is needed: {', '.join(spare)}", mend)
    deaf = [name for name in EVENTS if name not in app.events]
    if deaf:
        mend = f"Subscribe to them on {app.page}. Until then it looks by its sweeps, and later."
        yield Row("app-events", "note", f"not told of: {', '.join(deaf)}", mend)
    else:
        yield Row("app-events", "ok", "all of them")


def _installations(found: Health, app: Party) -> Row:
    install = f"Install it: {app.page}/installations/new"
    if found.installations is None:
        return Row("installed", "unknown", found.failed.get("installations", "not told"), "Look again later.")
    if not found.installations:
        return Row("installed", "missing", "nowhere", install)
    many = "an account" if found.installations == 1 else f"{found.installations} accounts"
    return Row("installed", "ok", f"on {many}; name a repository to look at it")


def _installed(found: Health, repository: str, app: Party) -> Iterator[Row]:
    granted = found.installation
    if granted is None:
        yield Row("installed", "missing", f"not on {repository}", f"Install it: {app.page}/installations/new")
        return
    if granted.suspended:
        yield Row("installed", "missing", "it is suspended", f"Take the suspension back: {granted.page}")
        return
    yield Row("installed", "ok", f"on {repository}")
    wanting = [one for one in lacking(granted.permissions) if one not in lacking(app.permissions)]
    if wanting:
        mend = f"Somebody who owns the account accepts them: {granted.page}"
        yield Row("installation-permissions", "missing", f"not granted yet: {', '.join(wanting)}", mend)


def _repository(found: Health, repository: str, policy: Policy) -> Iterator[Row]:
    seen = found.repository
    if seen is None:
        said = found.failed.get("repository", "not to be seen")
        yield Row("repository", "missing", said, "Check its name, and that the App or the token may see it.")
        return
    if seen.archived:
        yield Row("repository", "missing", "it is archived: nothing is done there", "Bring it back, or leave it be.")
        return
    yield Row("repository", "ok", f"{seen.name}, default branch {seen.branch}")
    yield _configuration(found, seen, policy)
    yield from _shared(found, seen, policy)
    yield from _ledger(found, seen)
    yield from _may_be_asked(seen)
    yield from _evidence(found, seen)
    yield from _merging(found, seen)


def _configuration(found: Health, seen: Seen, policy: Policy) -> Row:
    if "configuration" in found.failed:
        return Row("configuration", "unknown", found.failed["configuration"], "Look again later.")
    read = configuration.read(seen.file, seen.shared, policy)
    if not read.present:
        mend = f"Merge the pull request “Configure Flywheel”, or commit {configuration.PATH}."
        return Row("configuration", "note", "it does not take part yet", mend)
    own = next((one for one in read.problems if not one.shared), None)
    if own is not None:
        return row_of("configuration", own.text)
    state = "observe" if read.problems else "paused" if read.pause else read.mode
    return Row("configuration", "ok", f"valid: {state}")


def _shared(found: Health, seen: Seen, policy: Policy) -> Iterator[Row]:
    """The owner's shared file, where there is one: it must be mended before anything is done anywhere."""
    if "shared-configuration" in found.failed:
        yield Row("shared-configuration", "unknown", found.failed["shared-configuration"], "Look again later.")
        return
    if seen.shared is None:
        return
    for problem in configuration.read(None, seen.shared, policy).problems:
        yield row_of("shared-configuration", problem.text)
        return
    yield Row("shared-configuration", "ok", "valid")


def _ledger(found: Health, seen: Seen) -> Iterator[Row]:
    if found.app is None:
        return
    if seen.ledger is None:
        yield Row("ledger", "unknown", found.failed.get("ledger", "not told"), "Look again later.")
    elif seen.ledger:
        yield row_of("ledger", seen.ledger)
    else:
        yield Row("ledger", "ok", "nobody else writes to it")


def _may_be_asked(seen: Seen) -> Iterator[Row]:
    if not seen.issues:
        yield Row("issues", "missing", "they are switched off", "Switch them on: backlog changes are issues.")
    if not seen.pulls:
        yield Row("pulls", "missing", "they are switched off", "Switch them on: changes are pull requests.")
    elif seen.pulls_by != "all":
        mend = "The App counts as a collaborator when it may write; should it be refused, allow it there."
        yield Row("pulls", "note", f"only {seen.pulls_by.replace('_', ' ')} may open them", mend)
    else:
        yield Row("pulls", "ok", "may be opened")


def _evidence(found: Health, seen: Seen) -> Iterator[Row]:
    if seen.bundles is None:
        yield Row("bundles", "unknown", found.failed.get("bundles", "not told"), "Grant `actions: read`.")
    elif not seen.bundles:
        mend = "Add the upload step to the jobs in which agents work: docs/action.md."
        yield Row("bundles", "note", "none among the newest artifacts", mend)
    else:
        yield Row("bundles", "ok", f"{seen.bundles} among the newest artifacts")
    absent = [label.name for label in LABELS if seen.labels is not None and label.name not in seen.labels]
    if absent:
        yield Row("labels", "note", f"not there yet: {', '.join(absent)}", "They are made when they are first needed.")


def _merging(found: Health, seen: Seen) -> Iterator[Row]:
    """What the autonomous tier needs beside a record; the others need none of it."""
    if seen.auto_merge is None:
        yield Row("auto-merge", "note", found.failed.get("auto-merge", "not told"), "Without it a person merges.")
    elif not seen.auto_merge:
        mend = "Allow auto-merge in the repository's settings if proven changes may merge themselves."
        yield Row("auto-merge", "note", "not allowed: a person merges everything", mend)
    else:
        yield Row("auto-merge", "ok", "allowed")
    if seen.required is None:
        yield Row(
            "required-check", "note", found.failed.get("required-check", "not told"), "Without it a person merges."
        )
    elif not seen.required:
        mend = "Let a ruleset require a check of yours at the default branch if proven changes may merge themselves."
        yield Row("required-check", "note", "no check is required: a person merges everything", mend)
    else:
        yield Row("required-check", "ok", ", ".join(seen.required))
