"""Takes what a repository allows and demands; returns why nothing may merge itself there, nothing when it may.

Asked when the autonomous tier is switched on, and at every visit since: a safety net that cannot be thrown out
(Calibre-Web-NextGen #1297) must be known before it is needed. Unknown means no.
"""

from __future__ import annotations

from bot.hosting.pulls import Ground

WORDS = {
    "archived": "the repository is archived",
    "unprotected": "its default branch is not protected by a rule that requires a check",
    "auto-merge-off": "it does not allow auto-merge, and has no merge queue",
    "no-method": "it allows no way of merging that we know",
}
"""Every code, for people."""


def preflight(ground: Ground) -> tuple[str, ...]:
    """The codes of what is missing, in a fixed order."""
    wrong = {
        "archived": ground.archived,
        "unprotected": ground.protected is not True,
        "auto-merge-off": ground.auto_merge_allowed is not True and ground.queue is not True,
        "no-method": not ground.methods,
    }
    return tuple(code for code, holds in wrong.items() if holds)
