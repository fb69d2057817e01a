"""Issues, pulls, comments, labels and check runs: what is said about code, and merges of it."""

from __future__ import annotations

import re
from typing import Any

from tests.github.git import WEB_FLOW, Person
from tests.github.routing import Answer, Problem, Request, route
from tests.github.world import CheckRun, Comment, Event, Issue, Label, Pull, Repository, User, World, stamp

REPO = "/repos/{owner}/{repo}"
ISSUES_READ, ISSUES_WRITE = "issues:read|pull_requests:read", "issues:write|pull_requests:write"
PULLS_READ, PULLS_WRITE = "pull_requests:read", "pull_requests:write"


# --- labels -----------------------------------------------------------------------------------------------------------


@route("GET", f"{REPO}/labels", ISSUES_READ)
def labels(ask: Request) -> Answer:
    return ask.page([ask.shapes.label(ask.repo, label) for label in ask.repo.labels])


@route("GET", f"{REPO}/labels/{{name}}", ISSUES_READ)
def label(ask: Request) -> Answer:
    return Answer(200, ask.shapes.label(ask.repo, _label(ask)))


@route("POST", f"{REPO}/labels", ISSUES_WRITE)
def create_label(ask: Request) -> Answer:
    if ask.repo.label(str(ask.body["name"])):
        raise _invalid("Label", "name", "already_exists")
    made = _new_label(ask.world, ask.repo, str(ask.body["name"]))
    _paint(made, ask)
    ask.repo.labels.append(made)
    return Answer(201, ask.shapes.label(ask.repo, made))


@route("PATCH", f"{REPO}/labels/{{name}}", ISSUES_WRITE)
def update_label(ask: Request) -> Answer:
    found = _label(ask)
    found.name = str(ask.body.get("new_name", found.name))
    _paint(found, ask)
    return Answer(200, ask.shapes.label(ask.repo, found))


@route("GET", f"{REPO}/issues/{{issue_number}}/labels", ISSUES_READ)
def labels_of(ask: Request) -> Answer:
    return ask.page(_labels(ask, _issue(ask)))


@route("POST", f"{REPO}/issues/{{issue_number}}/labels", ISSUES_WRITE)
def add_labels(ask: Request) -> Answer:
    issue = _issue(ask)
    for name in _names(ask):
        _put_label(ask, issue, name)
    return Answer(200, _labels(ask, issue))


@route("PUT", f"{REPO}/issues/{{issue_number}}/labels", ISSUES_WRITE)
def set_labels(ask: Request) -> Answer:
    issue = _issue(ask)
    _take_labels(ask, issue, issue.labels)
    for name in _names(ask):
        _put_label(ask, issue, name)
    return Answer(200, _labels(ask, issue))


@route("DELETE", f"{REPO}/issues/{{issue_number}}/labels", ISSUES_WRITE)
def remove_labels(ask: Request) -> Answer:
    issue = _issue(ask)
    _take_labels(ask, issue, issue.labels)
    return Answer(204)


@route("DELETE", f"{REPO}/labels/{{name}}", ISSUES_WRITE)
def delete_label(ask: Request) -> Answer:
    """It is gone from everything that bore it; one made anew has another node id."""
    found = _label(ask)
    ask.repo.labels.remove(found)
    for issue in ask.repo.issues.values():
        issue.labels = [one for one in issue.labels if one is not found]
    return Answer(204)


@route("DELETE", f"{REPO}/issues/{{issue_number}}/labels/{{name}}", ISSUES_WRITE)
def remove_label(ask: Request) -> Answer:
    issue = _issue(ask)
    gone = [one for one in issue.labels if one.name == ask.args["name"]]
    if not gone:
        raise Problem(404, "Label does not exist")
    _take_labels(ask, issue, gone)
    return Answer(200, _labels(ask, issue))


def _label(ask: Request) -> Label:
    found = ask.repo.label(ask.args["name"])
    if found is None:
        raise Problem(404, "Not Found")
    return found


def _new_label(world: World, repository: Repository, name: str) -> Label:
    return Label(next(world.numbers), name, "ededed", None)


def _paint(label: Label, ask: Request) -> None:
    label.color = str(ask.body.get("color", label.color))
    label.description = ask.body.get("description", label.description)
    if not re.fullmatch(r"[0-9a-fA-F]{6}", label.color):
        raise _invalid("Label", "color", "invalid")
    if len(label.description or "") > 100:
        raise _invalid("Label", "description", "invalid")


def _put_label(ask: Request, issue: Issue, name: str) -> None:
    """A name that no label of the repository has yet becomes a grey label."""
    found = ask.repo.label(name)
    if found is None:
        found = _new_label(ask.world, ask.repo, name)
        ask.repo.labels.append(found)
    if found not in issue.labels:
        issue.labels.append(found)
        note(ask, issue, "labeled", label=found)


def _take_labels(ask: Request, issue: Issue, gone: list[Label]) -> None:
    for label in list(gone):
        issue.labels.remove(label)
        note(ask, issue, "unlabeled", label=label)


def note(
    ask: Request,
    issue: Issue,
    kind: str,
    *,
    label: Label | None = None,
    sha: str | None = None,
    before: str = "",
    after: str = "",
) -> None:
    """One more line of the issue's timeline, by who asks."""
    made = record(ask.repo, issue, kind, ask.caller.user, label=label, sha=sha)
    made.before, made.after, made.by_app = before, after, ask.caller.kind == "installation"


def record(
    repository: Repository, issue: Issue, kind: str, by: User, *, label: Label | None = None, sha: str | None = None
) -> Event:
    """One more line of the issue's timeline."""
    assert repository.world
    number, name = next(repository.world.numbers), label.name if label else ""
    made = Event(number, kind, by, stamp(), label, name, sha, by_app=by == repository.world.bot)
    issue.events.append(made)
    return made


def _names(ask: Request) -> list[str]:
    """The labels of a request: a bare list is as good as an object that holds one."""
    return list(ask.body if isinstance(ask.body, list) else ask.body["labels"])


def _labels(ask: Request, issue: Issue) -> list[Any]:
    return [ask.shapes.label(ask.repo, one) for one in issue.labels]


# --- issues -----------------------------------------------------------------------------------------------------------


@route("GET", f"{REPO}/issues", "issues:read")
def issues(ask: Request) -> Answer:
    """Pulls are issues too, and are listed here."""
    _check_has_issues(ask)
    refresh(ask.repo)
    state = ask.query.get("state", "open")
    wanted = {name for name in ask.query.get("labels", "").split(",") if name}
    rows = [
        issue
        for issue in reversed(ask.repo.issues.values())
        if state in ("all", issue.state)
        and wanted <= {label.name for label in issue.labels}
        and ask.query.get("creator", issue.user.login) == issue.user.login
    ]
    return ask.page([ask.shapes.issue(ask.repo, issue) for issue in rows])


@route("POST", f"{REPO}/issues", "issues:write")
def create_issue(ask: Request) -> Answer:
    _check_has_issues(ask)
    made = _new_issue(ask)
    for name in ask.body.get("labels", ()):
        _put_label(ask, made, name)
    return Answer(201, ask.shapes.issue(ask.repo, made, one=True))


@route("GET", f"{REPO}/issues/{{issue_number}}", ISSUES_READ)
def issue(ask: Request) -> Answer:
    refresh(ask.repo)
    return Answer(200, ask.shapes.issue(ask.repo, _issue(ask), one=True))


@route("PATCH", f"{REPO}/issues/{{issue_number}}", ISSUES_WRITE)
def update_issue(ask: Request) -> Answer:
    found = _issue(ask)
    _edit(ask, found)
    if "labels" in ask.body:
        _take_labels(ask, found, found.labels)
        for name in ask.body["labels"]:
            _put_label(ask, found, name)
    return Answer(200, ask.shapes.issue(ask.repo, found, one=True))


@route("GET", "/search/issues", "any")
def search(ask: Request) -> Answer:
    """`repo:`, `user:`, `is:issue`, `is:pr` and words of the body or title. Only what the token sees."""
    words = ask.query["q"].split()
    owner = next((word.removeprefix("user:") for word in words if word.startswith("user:")), "")
    named = next((word.removeprefix("repo:") for word in words if word.startswith("repo:")), "")
    kinds = {"is:issue": False, "is:pr": True}
    kind = next((kinds[word] for word in words if word in kinds), None)
    terms = [word.strip('"').casefold() for word in words if ":" not in word]
    rows = []
    for repository in ask.world.repositories.values():
        if (repository.full_name != named and repository.owner.login != owner) or (
            ask.caller.kind != "person" and repository.id not in ask.caller.repositories
        ):
            continue
        for found in repository.issues.values():
            text = f"{found.title}\n{found.body or ''}".casefold()
            if all(term in text for term in terms) and kind in (None, found.pull is not None):
                rows.append(ask.shapes.issue(repository, found) | {"score": 1.0})
    answer = ask.page(rows)
    answer.body = {
        "total_count": len(rows),
        "incomplete_results": False,
        "items": answer.body,
        "search_type": "lexical",
    }
    return answer


def _check_has_issues(ask: Request) -> None:
    if not ask.repo.has_issues:
        raise Problem(410, "Issues has been disabled in this repository.")


def _issue(ask: Request, name: str = "issue_number") -> Issue:
    found = ask.repo.issues.get(int(ask.args[name]))
    if found is None:
        raise Problem(404, "Not Found")
    return found


def _new_issue(ask: Request) -> Issue:
    if not str(ask.body.get("title") or "").strip():
        raise _invalid("Issue", "title", "missing_field")
    if len(str(ask.body["title"])) > 256:
        raise _invalid("Issue", "title", "invalid")
    if len(str(ask.body.get("body") or "")) > 65536:
        raise _invalid("Issue", "body", "invalid")
    number = len(ask.repo.issues) + 1
    now = stamp()
    made = Issue(
        next(ask.world.numbers), number, ask.caller.user, str(ask.body["title"]), ask.body.get("body"), now, now
    )
    ask.repo.issues[number] = made
    return made


def _edit(ask: Request, issue: Issue) -> None:
    title = ask.body.get("title", issue.title)
    if title != issue.title:
        note(ask, issue, "renamed", before=issue.title, after=title)
    issue.title = title
    issue.body = ask.body.get("body", issue.body)
    issue.updated_at = stamp()
    state = ask.body.get("state", issue.state)
    if state == issue.state:
        return
    if state == "closed":
        close(issue, ask.caller.user, ask.body.get("state_reason") or ("completed" if issue.pull is None else None))
        note(ask, issue, "closed")
        return
    if issue.pull and (issue.pull.merged_at or not ask.repo.git.ref(f"refs/heads/{issue.pull.head}")):
        raise _invalid("PullRequest", "state", "invalid")
    issue.state, issue.closed_at, issue.closed_by, issue.state_reason = "open", None, None, "reopened"
    note(ask, issue, "reopened")


def close(issue: Issue, user: User | None, reason: str | None = None) -> None:
    issue.state, issue.closed_at, issue.closed_by, issue.state_reason = "closed", stamp(), user, reason


# --- comments ---------------------------------------------------------------------------------------------------------


@route("GET", f"{REPO}/issues/{{issue_number}}/comments", ISSUES_READ)
def comments(ask: Request) -> Answer:
    found = _issue(ask)
    return ask.page([ask.shapes.comment(ask.repo, found, one) for one in found.comments])


@route("POST", f"{REPO}/issues/{{issue_number}}/comments", ISSUES_WRITE)
def create_comment(ask: Request) -> Answer:
    found = _issue(ask)
    now = stamp()
    made = Comment(next(ask.world.numbers), ask.caller.user, str(ask.body["body"]), now, now)
    found.comments.append(made)
    return Answer(201, ask.shapes.comment(ask.repo, found, made))


@route("PATCH", f"{REPO}/issues/comments/{{comment_id}}", ISSUES_WRITE)
def update_comment(ask: Request) -> Answer:
    for found in ask.repo.issues.values():
        for comment in found.comments:
            if comment.id == int(ask.args["comment_id"]):
                comment.body, comment.updated_at = str(ask.body["body"]), stamp()
                return Answer(200, ask.shapes.comment(ask.repo, found, comment))
    raise Problem(404, "Not Found")


@route("DELETE", f"{REPO}/issues/comments/{{comment_id}}", ISSUES_WRITE)
def delete_comment(ask: Request) -> Answer:
    for found in ask.repo.issues.values():
        for comment in found.comments:
            if comment.id == int(ask.args["comment_id"]):
                found.comments.remove(comment)
                return Answer(204)
    raise Problem(404, "Not Found")


# --- pulls ------------------------------------------------------------------------------------------------------------


@route("GET", f"{REPO}/pulls", PULLS_READ)
def pulls(ask: Request) -> Answer:
    refresh(ask.repo)
    state = ask.query.get("state", "open")
    rows = [
        issue
        for issue in reversed(ask.repo.pulls())
        if issue.pull
        and state in ("all", issue.state)
        and ask.query.get("head", f"{ask.repo.owner.login}:{issue.pull.head}")
        == f"{ask.repo.owner.login}:{issue.pull.head}"
        and ask.query.get("base", issue.pull.base) == issue.pull.base
    ]
    return ask.page([ask.shapes.pull(ask.repo, issue) for issue in rows])


@route("POST", f"{REPO}/pulls", PULLS_WRITE)
def create_pull(ask: Request) -> Answer:
    """A job's own token may be forbidden to: https://github.com/danielroe/uppt/issues/11 shows GitHub's answer."""
    if ask.caller.user.login == "github-actions[bot]" and not ask.repo.workflows_open_pulls:
        raise Problem(403, "GitHub Actions is not permitted to create or approve pull requests.")
    git, head, base = ask.repo.git, str(ask.body["head"]), str(ask.body["base"])
    head = head.removeprefix(f"{ask.repo.owner.login}:")
    tips = {name: git.ref(f"refs/heads/{name}") for name in (head, base)}
    for field, name in (("head", head), ("base", base)):
        if not tips[name]:
            raise _invalid("PullRequest", field, "invalid")
    refresh(ask.repo)
    if any(
        one.state == "open" and one.pull and (one.pull.head, one.pull.base) == (head, base) for one in ask.repo.pulls()
    ):
        raise _said(f"A pull request already exists for {ask.repo.owner.login}:{head}.")
    if not git.between(tips[base], tips[head]):
        raise _said(f"No commits between {base} and {head}")
    made = _new_issue(ask)
    made.pull = Pull(next(ask.world.numbers), head, base, tips[head], tips[base], bool(ask.body.get("draft")))
    return Answer(201, ask.shapes.pull(ask.repo, made, one=True))


@route("GET", f"{REPO}/pulls/{{pull_number}}", PULLS_READ)
def pull(ask: Request) -> Answer:
    return Answer(200, ask.shapes.pull(ask.repo, _pull(ask), one=True))


@route("PATCH", f"{REPO}/pulls/{{pull_number}}", PULLS_WRITE)
def update_pull(ask: Request) -> Answer:
    found = _pull(ask)
    _edit(ask, found)
    return Answer(200, ask.shapes.pull(ask.repo, found, one=True))


@route("GET", f"{REPO}/pulls/{{pull_number}}/commits", PULLS_READ)
def pull_commits(ask: Request) -> Answer:
    found = _pull(ask).pull
    assert found
    shas = ask.repo.git.between(found.base_sha, found.head_sha)
    return ask.page([ask.shapes.commit(ask.repo, ask.repo.git.commit(sha)) for sha in shas])


@route("GET", f"{REPO}/pulls/{{pull_number}}/files", PULLS_READ)
def pull_files(ask: Request) -> Answer:
    found = _pull(ask).pull
    assert found
    base = ask.repo.git.merge_base(found.base_sha, found.head_sha)
    return ask.page(
        [ask.shapes.file(ask.repo, found.head_sha, file) for file in ask.repo.git.diff(base, found.head_sha)]
    )


@route("GET", f"{REPO}/pulls/{{pull_number}}/merge", PULLS_READ)
def is_merged(ask: Request) -> Answer:
    found = _pull(ask).pull
    assert found
    if not found.merged_at:
        raise Problem(404, "Not Found")
    return Answer(204)


@route("PUT", f"{REPO}/pulls/{{pull_number}}/merge", "contents:write")
def merge(ask: Request) -> Answer:
    """A merge commit or a squash, made by git; 405 on conflict and for missing checks, 409 when the head has moved."""
    found = _pull(ask)
    pull = found.pull
    assert pull
    if ask.body.get("sha", pull.head_sha) != pull.head_sha:
        raise Problem(409, "Head branch was modified. Review and try the merge again.")
    how = str(ask.body.get("merge_method", "merge"))
    if found.state != "open" or pull.draft or state_of(ask.repo, found) == "dirty":
        raise Problem(405, "Pull Request is not mergeable")
    if how not in ask.repo.methods:
        raise Problem(405, f"{how.capitalize()} merges are not allowed on this repository.")
    if pull.queued_by:
        raise Problem(405, "Pull Request is in the merge queue")
    if ask.repo.queue and pull.base == ask.repo.default_branch:
        raise Problem(405, "Repository rule violations found\n\nChanges must be made through the merge queue")
    if state_of(ask.repo, found) == "blocked":
        raise Problem(405, "Repository rule violations found\n\nRequired status check is expected.")
    said = (str(ask.body.get("commit_title") or ""), str(ask.body.get("commit_message") or ""))
    sha = merge_now(ask.repo, found, how, ask.caller.user, said)
    return Answer(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def merge_now(repository: Repository, issue: Issue, how: str, user: User, said: tuple[str, str] = ("", "")) -> str:
    """Merge it, whoever may, and note it in its timeline; the commit."""
    pull, git = issue.pull, repository.git
    assert pull
    title, message = said
    if how == "rebase":
        return _rebased(repository, issue, user)
    tree = git.merge(pull.base_sha, pull.head_sha)
    if how == "squash":
        title = title or f"{issue.title} (#{issue.number})"
        who, parents, text = issue.user, (pull.base_sha,), f"{title}\n\n{message}".strip() + "\n"
    else:
        title = title or f"Merge pull request #{issue.number} from {repository.owner.login}/{pull.head}"
        who, parents, text = user, (pull.base_sha, pull.head_sha), f"{title}\n\n{issue.title}\n"
    sha = git.write_commit(tree, parents, text, who.person, Person(*WEB_FLOW, stamp()))
    repository.verified.add(sha)
    git.move(f"refs/heads/{pull.base}", sha, pull.base_sha)
    _end(repository, issue, user, sha)
    return sha


def _rebased(repository: Repository, issue: Issue, user: User) -> str:
    """Its commits one by one on top of the base, made anew by who merges; they are not signed."""
    pull, git = issue.pull, repository.git
    assert pull
    sha = pull.base_sha
    for one in git.between(git.merge_base(pull.base_sha, pull.head_sha), pull.head_sha):
        commit = git.commit(one)
        tree = git.pick(sha, one)
        sha = git.write_commit(tree, (sha,), commit.message, commit.author, user.person)
    git.move(f"refs/heads/{pull.base}", sha, pull.base_sha)
    _end(repository, issue, user, sha)
    return sha


def state_of(repository: Repository, issue: Issue) -> str:
    """`mergeable_state`: dirty on conflict, blocked while a required check is not green, unstable for others."""
    pull = issue.pull
    assert pull
    if issue.state != "open":
        return "unknown"
    if not repository.git.merge(pull.base_sha, pull.head_sha):
        return "dirty"
    newest = {one.name: one.conclusion for one in repository.checks.values() if one.head_sha == pull.head_sha}
    newest |= {one.context: one.state for one in repository.statuses if one.sha == pull.head_sha}
    protected = pull.base == repository.default_branch
    required = repository.demanded if protected else frozenset()
    if any(newest.get(name) not in ("success", "neutral", "skipped") for name in required):
        return "blocked"
    if protected and _approvals(issue) < repository.required_reviews:
        return "blocked"
    return "unstable" if {"failure", "error"} & {*newest.values()} else "clean"


def _approvals(issue: Issue) -> int:
    """Who approves, by his last word."""
    last = {one.user.id: one.state for one in issue.reviews if one.state != "COMMENTED"}
    return sum(state == "APPROVED" for state in last.values())


def arm(repository: Repository, issue: Issue, by: User | None, method: str = "squash", *, who: User) -> None:
    """Switch auto-merge on, or off (None)."""
    assert issue.pull
    issue.pull.armed_by, issue.pull.armed_method = by, method
    record(repository, issue, "auto_merge_enabled" if by else "auto_merge_disabled", who)


def enter_queue(repository: Repository, issue: Issue, who: User) -> None:
    assert issue.pull
    issue.pull.queued_by = who
    record(repository, issue, "added_to_merge_queue", who)


def leave_queue(repository: Repository, issue: Issue, who: User) -> None:
    assert issue.pull
    issue.pull.queued_by = None
    record(repository, issue, "removed_from_merge_queue", who)


def refresh(repository: Repository) -> None:
    """Let open pulls follow their branches: a deleted branch closes its pull, a head that the base has merges it; one
    that was to merge itself does so once it is green. It no longer does when somebody without write role has pushed:
    a writer's push changes nothing (docs.github.com, automatically-merging-a-pull-request)."""
    git = repository.git
    tips = dict(git.refs("heads/"))
    for issue in repository.pulls():
        pull = issue.pull
        if pull is None or pull.fork or issue.state != "open":
            continue
        tip, base = tips.get(f"refs/heads/{pull.head}", ""), tips.get(f"refs/heads/{pull.base}", "")
        if not tip:
            close(issue, None)
            continue
        moved = tip != pull.head_sha
        if moved:
            _pushed(repository, issue, tip)
        if moved or base != pull.base_sha:
            pull.base_shown = base if moved else pull.base_shown or pull.base_sha
            pull.head_sha, pull.base_sha = tip, base
            if git.is_below(tip, base):
                close(issue, None) if moved else _end(repository, issue, None, tip)
                continue
        if pull.armed_by and state_of(repository, issue) in ("clean", "unstable"):
            if repository.queue and pull.base == repository.default_branch:
                enter_queue(repository, issue, pull.armed_by)
                pull.armed_by = None
                continue
            merge_now(repository, issue, pull.armed_method, pull.armed_by)
            tips = dict(git.refs("heads/"))


def _pushed(repository: Repository, issue: Issue, tip: str) -> None:
    """The head has moved: out of the queue, and out of auto-merge where a stranger did it; a force is noted."""
    pull, world = issue.pull, repository.world
    assert pull
    assert world
    by = world.user_of(repository.git.commit(tip).author.email) or world.owner
    if not repository.git.is_below(pull.head_sha, tip):
        record(repository, issue, "head_ref_force_pushed", by, sha=tip)
    if pull.queued_by:
        leave_queue(repository, issue, by)
    if pull.armed_by and by != world.bot and world.role(repository, by) not in ("write", "maintain", "admin"):
        arm(repository, issue, None, who=by)


def _end(repository: Repository, issue: Issue, user: User | None, sha: str) -> None:
    assert issue.pull
    issue.pull.merged_at, issue.pull.merged_by, issue.pull.merge_sha = stamp(), user, sha
    issue.pull.armed_by = None
    close(issue, user)
    if user is not None:
        record(repository, issue, "merged", user, sha=sha)
        record(repository, issue, "closed", user, sha=sha)


def _pull(ask: Request) -> Issue:
    refresh(ask.repo)
    found = _issue(ask, "pull_number")
    if found.pull is None:
        raise Problem(404, "Not Found")
    return found


# --- check runs -------------------------------------------------------------------------------------------------------


@route("POST", f"{REPO}/check-runs", "checks:write")
def create_check(ask: Request) -> Answer:
    if ask.caller.kind != "installation":
        raise Problem(403, "You must authenticate via a GitHub App.")
    if ask.repo.git.kind(str(ask.body["head_sha"])) != "commit":
        raise Problem(422, f"No commit found for SHA: {ask.body['head_sha']}")
    made = CheckRun(
        next(ask.world.numbers),
        str(ask.body["name"]),
        str(ask.body["head_sha"]),
        "queued",
        None,
        "",
        None,
        {},
        stamp(),
        None,
    )
    ask.repo.checks[made.id] = made
    _fill(made, ask)
    return Answer(201, ask.shapes.check(ask.repo, made))


@route("PATCH", f"{REPO}/check-runs/{{check_run_id}}", "checks:write")
def update_check(ask: Request) -> Answer:
    found = ask.repo.checks.get(int(ask.args["check_run_id"]))
    if found is None:
        raise Problem(404, "Not Found")
    _fill(found, ask)
    return Answer(200, ask.shapes.check(ask.repo, found))


@route("GET", f"{REPO}/commits/{{ref+}}/check-runs", "checks:read")
def checks_of(ask: Request) -> Answer:
    sha = ask.repo.git.resolve(ask.args["ref"])
    if not sha:
        raise Problem(422, f"No commit found for SHA: {ask.args['ref']}")
    name = ask.query.get("check_name")
    rows = [one for one in ask.repo.checks.values() if one.head_sha == sha and name in (None, one.name)]
    answer = ask.page([ask.shapes.check(ask.repo, one) for one in rows])
    answer.body = {"total_count": len(rows), "check_runs": answer.body}
    return answer


def _fill(check: CheckRun, ask: Request) -> None:
    check.external_id = str(ask.body.get("external_id", check.external_id))
    check.details_url = ask.body.get("details_url", check.details_url)
    check.output = dict(ask.body.get("output", check.output))
    check.conclusion = ask.body.get("conclusion", check.conclusion)
    check.status = "completed" if check.conclusion else str(ask.body.get("status", check.status))
    check.completed_at = stamp() if check.conclusion else None


def _invalid(resource: str, field: str, code: str) -> Problem:
    return Problem(422, "Validation Failed", [{"resource": resource, "field": field, "code": code}])


def _said(message: str) -> Problem:
    return Problem(422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}])
