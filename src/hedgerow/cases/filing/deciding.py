"""Signing: a person answers a regime's question, and the answer is bound to the facts and the rules it was given on.

The signature is a record, not cryptography of the person's own: who was signed in and had just proved it, when, what
they answered and why, and hashes of the facts and of the rule set. The trail carries the same hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from hedgerow.cases.filing import sheet
from hedgerow.cases.filing.casework import Casework
from hedgerow.cases.filing.statements import Signer
from hedgerow.cases.filing.texts import typed_text
from hedgerow.cases.notices.codes import Duty
from hedgerow.cases.notices.decisions import Decision, Outcome, faults
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.store.models.filings import NoticeDecision, NoticeLateness


def sign(
    session: Session,
    work: Casework,
    *,
    regime: str,
    duty: Duty,
    outcome: Outcome,
    reasons: str,
    factors: Mapping[str, str],
    by: Signer,
    now: datetime,
    seen: str,
) -> NoticeDecision:
    """Adds a signed decision.

    Args:
        session: one transaction.
        work: the case as it is now.
        regime: under which regime.
        duty: which notice.
        outcome: the answer.
        reasons: why, in sentences.
        factors: what was considered under each factor of the test.
        by: who signs; they have just proved who they are.
        now: the moment.
        seen: digest of the facts that the person was shown: a signature never covers facts nobody looked at.

    Raises:
        NoticeError: with everything that is missing.
    """
    rule = work.applies(regime).regime
    if seen != work.digest:
        raise NoticeError("the facts changed while you were reading them; look at what changed and sign again")
    given = {typed_text(k, "a factor", 60): typed_text(v, "a reason") for k, v in factors.items() if v.strip()}
    reasons = typed_text(reasons, "the reason")
    decision = Decision(regime, duty, outcome, by.name, now, reasons, given, work.rules.digest)
    wrong = faults(decision, rule)
    if wrong:
        raise NoticeError("; ".join(wrong))
    row = NoticeDecision(
        case_id=work.case.id,
        regime=regime,
        duty=duty.value,
        outcome=outcome.value,
        reasons=decision.reasons,
        factors=given,
        by=by.name,
        by_id=by.id,
        at=now,
        rules=work.rules.digest,
        rule_version=rule.version,
        facts=work.digest,
        parts=sheet.parts(work.facts),
        signature="",
    )
    row.signature = signature(row)
    session.add(row)
    session.flush()
    return row


def signature(row: NoticeDecision) -> str:
    """SHA-256 over everything a decision says: recomputed, it shows whether a row was changed."""
    said: dict[str, Any] = {
        "case": row.case_id,
        "regime": row.regime,
        "duty": row.duty,
        "outcome": row.outcome,
        "reasons": row.reasons,
        "factors": dict(row.factors),
        "by": row.by,
        "by_id": row.by_id,
        "at": row.at.astimezone(UTC).isoformat(),
        "rules": row.rules,
        "rule_version": _day(row.rule_version),
        "facts": row.facts,
        "parts": dict(row.parts),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def intact(row: NoticeDecision) -> bool:
    """Whether a decision is as it was signed."""
    return signature(row) == row.signature


def older_facts(row: NoticeDecision, work: Casework) -> list[str]:
    """Parts of the facts that changed since a decision was signed; empty: it was taken on the facts as they are."""
    return [] if row.facts == work.digest else sheet.changed(row.parts, sheet.parts(work.facts))


def older_rules(row: NoticeDecision, work: Casework) -> bool:
    """Whether the rule of its regime has another version now."""
    rule = work.rules.regimes.get(row.regime)
    return rule is None or rule.version != row.rule_version


def excuse(
    session: Session, work: Casework, *, regime: str, duty: Duty, text: str, by: Signer, now: datetime
) -> NoticeLateness:
    """Records why something was not done in time.

    Raises:
        NoticeError: without a sentence, or for a duty that is not there.
    """
    if len(text.split()) < 3:
        raise NoticeError("say in a sentence why it was not done in time")
    text = typed_text(text, "the reason")
    if work.plan.duty(regime, duty) is None:
        raise NoticeError(f"{regime[:20]} has no duty `{duty.value}` in this case")
    row = NoticeLateness(
        case_id=work.case.id, regime=regime, duty=duty.value, text=text, by=by.name, by_id=by.id, at=now
    )
    session.add(row)
    session.flush()
    return row


def _day(day: date) -> str:
    return day.isoformat()
