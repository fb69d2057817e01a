"""Takes a decision and what people and obstacles made of the change before; returns the decision that stands.

A demotion and a hold bind every later judgement; a promotion lifts it, as far as the policy allows to people, and to
autonomy only for the revision that was looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.approval.provenance import promotable
from bot.model import TIERS, Decision, Entry, Reason, Tier, replace

HELD = "hold"


def as_left(
    decision: Decision, revision: str, moved: Entry | None, *, held: bool = False, off: Sequence[str] = ()
) -> Decision:
    """The decision after `moved`, the last promotion or demotion (bot.ledger.moved_by).

    `off` says why nothing may merge itself in this repository (bot/approval/preflight.py).
    """
    decided = decision
    tier = next((one for one in TIERS if moved is not None and one == moved.tier), None)
    if tier is not None and moved is not None:
        decided = _moved(decision, tier, moved, revision)
    if off:
        decided = _capped(decided, "interactive", "preflight", "; ".join(off))
    return replace(decided, held=HELD) if held and not decided.held else decided


def _moved(decision: Decision, tier: Tier, moved: Entry, revision: str) -> Decision:
    who = f"by {moved.by}" if moved.by else "by the flywheel"
    seen = f"{moved.event} to {tier} {who} on {moved.at[:10]}{': ' if moved.reason else ''}{moved.reason}"
    if moved.event == "demoted":
        return _capped(decision, tier, "people", seen)
    if TIERS.index(tier) <= TIERS.index(decision.tier):
        return decision
    if tier == "autonomous" and moved.revision != revision:
        return _capped(decision, decision.tier, "people", f"{seen}, at another revision")
    most = min(tier, promotable(decision), key=TIERS.index)
    given = max(most, decision.tier, key=TIERS.index)
    return Decision(given, (*decision.reasons, Reason("people", given, seen)), decision.held)


def _capped(decision: Decision, tier: Tier, code: str, seen: str) -> Decision:
    lower = min(tier, decision.tier, key=TIERS.index)
    reason = Reason(code, tier, seen)
    reasons = decision.reasons if reason in decision.reasons else (*decision.reasons, reason)
    return Decision(lower, reasons, decision.held)
