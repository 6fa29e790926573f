"""Text, subject, contact and samples of a claim go some time after its decision; what was decided, and why, stays."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.claims.receiving import note
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.store.models.cases import Case, CaseHold
from hedgerow.store.models.claims import Claim

ERASED: Final = "(erased on schedule)"


def erase_due(session: Session, now: datetime) -> list[str]:
    """Erases what is due; says of which claims. What belongs to an open or held case stays until that is over."""
    actor = Actor.system()
    erased = []
    due = session.scalars(
        select(Claim).where(Claim.erase_after <= now, Claim.erased_at.is_(None)).order_by(Claim.number)
    ).all()
    for claim in due:
        if _is_needed(session, claim, now):
            continue
        claim.sealed_text = claim.sealed_contact = None
        # Whoever wrote it may have named somebody in the subject, or in the name of a file.
        claim.subject, claim.attachments = ERASED, []
        for sample in claim.samples:
            sample.sealed = sample.person = None
        claim.erased_at = now
        session.flush()
        note(session, claim, actor, now, "Raw text, contact and samples were erased on schedule.")
        record(session, actor, "claim.erase", f"claim:{claim.id}", "its time is over", {}, at=now)
        erased.append(claim.number)
    return erased


def _is_needed(session: Session, claim: Claim, now: datetime) -> bool:
    if claim.case_id is None:
        return False
    state = session.scalar(select(Case.state).where(Case.id == claim.case_id))
    held = session.scalar(
        select(CaseHold.id)
        .where(CaseHold.case_id == claim.case_id, CaseHold.lifted_at.is_(None), CaseHold.until > now)
        .limit(1)
    )
    return state != "closed" or held is not None
