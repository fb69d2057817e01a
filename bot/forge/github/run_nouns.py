"""GitHub's answers about CI, commits and pulls in, the nouns of bot/hosting/runs.py out."""

from __future__ import annotations

from collections.abc import Iterable

from bot.forge.github.run_answers import (
    Account,
    ArtifactAnswer,
    CommitAnswer,
    CompareAnswer,
    FileAnswer,
    JobAnswer,
    PullAnswer,
    RunAnswer,
)
from bot.hosting.runs import Artifact, Commit, Compared, Job, PullRef, WorkflowRun

NOBODY = Account()
MAX_PATCH = 2 << 20
MAX_FILES = 300
"""How many files of a comparison GitHub lists: https://docs.github.com/rest/commits/commits#compare-two-commits"""
MAX_BODY = 20_000
MACHINES = ("Bot", "Mannequin")


def run_of(answer: RunAnswer) -> WorkflowRun:
    """A run; its conclusion counts only once it has ended."""
    who = answer.actor or NOBODY, answer.triggering_actor or NOBODY
    return WorkflowRun(
        id=answer.id,
        attempt=answer.run_attempt,
        workflow=answer.name or "",
        event=answer.event,
        conclusion=(answer.conclusion or "") if answer.status == "completed" else "",
        head_sha=answer.head_sha,
        head_branch=answer.head_branch or "",
        head_repository=answer.head_repository.id if answer.head_repository else 0,
        actors=tuple(dict.fromkeys(one.id for one in who if one.id)),
        by_bot=who[0].type in MACHINES,
        created_at=answer.created_at,
        updated_at=answer.updated_at,
    )


def job_of(answer: JobAnswer) -> Job:
    """A job, and the check run at the end of its address."""
    check = (answer.check_run_url or "").rpartition("/")[2]
    return Job(answer.id, answer.name, answer.conclusion or "", int(check) if check.isdecimal() else 0)


def artifact_of(answer: ArtifactAnswer, run: int = 0) -> Artifact:
    """An artifact; `run` is whose it is when the answer does not say."""
    left = answer.workflow_run
    return Artifact(
        id=answer.id,
        name=answer.name,
        size=answer.size_in_bytes,
        digest=answer.digest or "",
        expired=answer.expired,
        created_at=answer.created_at or "",
        run=left.id if left else run,
        head_sha=left.head_sha if left else "",
        head_repository=left.head_repository_id if left else 0,
    )


def commit_of(answer: CommitAnswer) -> Commit:
    """A commit and whether an App made it."""
    return Commit(answer.sha, answer.commit.message, answer.author is not None and answer.author.type in MACHINES)


def pull_of(answer: PullAnswer) -> PullRef:
    """A pull as a list shows it."""
    return PullRef(
        number=answer.number,
        state="merged" if answer.merged_at else "open" if answer.state == "open" else "closed",
        author=answer.user.id if answer.user else 0,
        by_bot=answer.user is not None and answer.user.type in MACHINES,
        association=answer.author_association,
        head_ref=answer.head.ref,
        head_sha=answer.head.sha,
        head_repository=answer.head.repo.id if answer.head.repo else 0,
        base_ref=answer.base.ref,
        base_sha=answer.base.sha,
        body=(answer.body or "")[:MAX_BODY],
        labels=tuple(label.name for label in answer.labels),
        created_at=answer.created_at,
        closed_at=answer.closed_at or "",
        merge_sha=(answer.merge_commit_sha or "") if answer.merged_at else "",
    )


def compared_of(answer: CompareAnswer) -> Compared:
    """A comparison, its files written as one patch."""
    parts: list[str] = []
    size = 0
    cut = len(answer.files) >= MAX_FILES
    for file in answer.files:
        text = _patch(file)
        size += len(text)
        if size > MAX_PATCH:
            cut = True
            text = _head(file)
        cut |= not file.patch and file.status not in ("renamed", "unchanged")
        parts.append(text)
    return Compared(
        answer.merge_base_commit.sha,
        tuple(map(commit_of, answer.commits)),
        "".join(parts).encode("utf-8", "surrogateescape"),
        cut,
    )


def people(accounts: Iterable[Account | None]) -> int:
    """How many of these are neither machines nor gone."""
    return sum(one is not None and one.id != 0 and one.type not in MACHINES for one in accounts)


def _head(file: FileAnswer) -> str:
    """The header that git writes. A name that git would quote names no file that is of use here: it is left out."""
    old, new = file.previous_filename or file.filename, file.filename
    if not (_plain(old) and _plain(new)):
        return ""
    more = {
        "added": "new file mode 100644\n",
        "removed": "deleted file mode 100644\n",
        "renamed": f"similarity index 90%\nrename from {old}\nrename to {new}\n",
    }
    return f"diff --git a/{old} b/{new}\n{more.get(file.status, '')}"


def _patch(file: FileAnswer) -> str:
    head = _head(file)
    if not head or not file.patch:
        return head
    old = "/dev/null" if file.status == "added" else f"a/{file.previous_filename or file.filename}"
    new = "/dev/null" if file.status == "removed" else f"b/{file.filename}"
    return f"{head}--- {old}\n+++ {new}\n{file.patch}\n"


def _plain(path: str) -> bool:
    return path.isprintable() and not any(char in path for char in '"\\\t\n')
