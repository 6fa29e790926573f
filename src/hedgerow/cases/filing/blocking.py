"""What of the notices keeps a case open: undecided questions, notices not sent, supplements owed, no register entry."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.store.models.filings import NoticeDue

_SAID = {
    "aware": "write down when you knew: the clocks of its notices start there",
    "decide": "{regime}: the question of the notice ({duty}) is not decided",
    "do": "{regime}: decided but not done ({duty})",
    "supplement": "{regime}: a supplement is owed ({duty})",
    "late_reason": "{regime}: say why it was late ({duty})",
    "record": "{regime}: the case is not in the register of breaches",
}


def blockers(session: Session, case_id: str) -> list[str]:
    """What is left to do for the notices of a case, a sentence each; empty when nothing is."""
    rows = session.scalars(
        select(NoticeDue)
        .where(NoticeDue.case_id == case_id, NoticeDue.mandatory)
        .order_by(NoticeDue.regime, NoticeDue.duty, NoticeDue.what)
    )
    return [_SAID[r.what].format(regime=r.regime, duty=r.duty.replace("_", " ")) for r in rows]
