"""The rules of rulesets that hold at a branch."""

from __future__ import annotations

from tests.github.routing import Answer, Request, route


@route("GET", "/repos/{owner}/{repo}/rules/branches/{branch+}", "metadata:read")
def rules(ask: Request) -> Answer:
    """https://docs.github.com/rest/repos/rules#get-rules-for-a-branch: none for a branch that is not there."""
    named = [{"context": name} for name in ask.repo.required_checks]
    holds = named and ask.args["branch"] == ask.repo.default_branch
    row = {
        "type": "required_status_checks",
        "ruleset_source_type": "Repository",
        "ruleset_source": ask.repo.full_name,
        "ruleset_id": 1,
        "parameters": {"required_status_checks": named, "strict_required_status_checks_policy": False},
    }
    queue = {
        "type": "merge_queue",
        "ruleset_source_type": "Repository",
        "ruleset_source": ask.repo.full_name,
        "ruleset_id": 2,
        "parameters": {
            "check_response_timeout_minutes": 60,
            "grouping_strategy": "ALLGREEN",
            "max_entries_to_build": 5,
            "max_entries_to_merge": 5,
            "merge_method": "SQUASH",
            "min_entries_to_merge": 1,
            "min_entries_to_merge_wait_minutes": 5,
        },
    }
    queued = ask.repo.queue and ask.args["branch"] == ask.repo.default_branch
    return ask.page([*([row] if holds else []), *([queue] if queued else [])])
