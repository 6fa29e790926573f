"""What people decided: signed, reasoned, never overwritten. Software asks; a person answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hedgerow.cases.notices.codes import Duty
from hedgerow.cases.notices.rules import Regime


class Outcome(StrEnum):
    """Answer to the question of a test."""

    NOTIFY = "notify"
    DO_NOT_NOTIFY = "do_not_notify"


@dataclass(frozen=True)
class Decision:
    """One answer for one duty of one regime."""

    regime: str
    duty: Duty
    outcome: Outcome
    decided_by: str
    decided_at: datetime
    reasons: str
    factors: dict[str, str] = field(default_factory=dict)
    """What was considered under each factor of the test."""
    rules: str = ""
    """Digest of the rule set it was taken under."""


@dataclass(frozen=True)
class LateReason:
    """Why something was not done in time."""

    regime: str
    duty: Duty
    text: str
    by: str
    at: datetime


def faults(decision: Decision, regime: Regime) -> list[str]:
    """What a decision lacks to count, in sentences. An empty list: it counts."""
    notice = regime.notice(decision.duty)
    name = f"the decision on {regime.id}, {decision.duty.value.replace('_', ' ')}"
    if notice is None:
        return [f"{name}: the regime knows no such notice"]
    wrong = []
    if not decision.decided_by.strip():
        wrong.append(f"{name} is not signed: write decided_by")
    if len(decision.reasons.split()) < 3:
        wrong.append(f"{name} has no reasons: write in a sentence why")
    if decision.decided_at.tzinfo is None:
        wrong.append(f"{name} has a time without a time zone")
    missing = [f for f in notice.test.factors if not decision.factors.get(f, "").strip()]
    if missing:
        wrong.append(f"{name} does not go into: {', '.join(missing)}")
    unknown = [f for f in decision.factors if f not in notice.test.factors]
    if unknown:
        wrong.append(f"{name} goes into factors the test does not have: {', '.join(unknown)}")
    return wrong


def holding(decisions: tuple[Decision, ...], regime: str, duty: Duty, now: datetime) -> Decision | None:
    """The decision that holds at a moment: the latest one; the earlier ones stay on record."""
    taken = [d for d in decisions if d.regime == regime and d.duty is duty and d.decided_at <= now]
    return max(taken, key=lambda d: d.decided_at, default=None)
