"""What of the notices keeps a case open: undecided questions, notices not sent, supplements owed, no register entry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hedgerow.cases.core.telling import kept_facts
from hedgerow.cases.filing import casework, dues
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.store.models.cases import Case
from hedgerow.store.models.filings import NoticeDecision, NoticeFiling

_SAID = {
    "aware": "write down when you knew: the clocks of its notices start there",
    "decide": "{regime}: the question of the notice ({duty}) is not decided",
    "do": "{regime}: decided but not done ({duty})",
    "supplement": "{regime}: a supplement is owed ({duty})",
    "late_reason": "{regime}: say why it was late ({duty})",
    "record": "{regime}: the case is not in the register of breaches",
}


def blockers(session: Session, case_id: str) -> list[str]:
    """What is left to do for the notices of a case, a sentence each; empty when nothing is.

    Reckoned from the rows and not from what was last written down as due: a case must not close in between.
    """
    try:
        work = casework.read(session, kept_facts(session, case_id), _moment(session, case_id))
    except NoticeError as e:
        return [f"its notices cannot be read: {e}"]
    return [
        _SAID[d.what].format(regime=d.regime, duty=d.duty.replace("_", " ")) for d in dues.of_case(work) if d.mandatory
    ]


def _moment(session: Session, case_id: str) -> datetime:
    """The last moment of which anything is recorded: everything that was decided or sent counts."""
    found = [session.scalars(select(Case.changed_at).where(Case.id == case_id)).one()]
    for column, owner in ((NoticeDecision.at, NoticeDecision.case_id), (NoticeFiling.at, NoticeFiling.case_id)):
        last = session.scalar(select(func.max(column)).where(owner == case_id))
        if last is not None:
            found.append(last)
    return max(found)
