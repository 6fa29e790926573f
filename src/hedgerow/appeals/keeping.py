"""Keeps an appeal once, and lets go of what the visitor wrote when its time is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hedgerow.cases.claims.mail import printable
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.intake.letter import Appeal as Letter
from hedgerow.store.models.appeals import Appeal

ANSWER_WITHIN: Final = timedelta(hours=72)
"""A house value: somebody waits outside."""
ERASE_AFTER_ANSWER: Final = timedelta(days=90)
ERASE_AFTER_ARRIVAL: Final = timedelta(days=180)
"""Whatever happens."""
_ERASED_AT_ONCE: Final = 500


class AppealError(ValueError):
    """What cannot be done with an appeal; the message says why."""


class NoSuchAppealError(AppealError):
    """There is none."""


def keep(session: Session, now: datetime, letter: Letter, sealer: Sealer, verdict: dict[str, Any] | None) -> Appeal:
    """Keeps a letter as an appeal; one that was kept already is left as it is.

    Args:
        session: The transaction.
        now: The time.
        letter: What the visitor sent.
        sealer: Seals it.
        verdict: The verdict explained, where it is known already.
    """
    known = session.scalar(select(Appeal).where(Appeal.letter_id == letter.id))
    if known is not None:
        return known
    received = min(letter.at, now)
    appeal = Appeal(
        letter_id=letter.id,
        number=letter.number,
        site=letter.site,
        reference=letter.reference,
        received_at=received,
        taken_up_at=now,
        answer_by=received + ANSWER_WITHIN,
        lane=letter.lane,
        asn=letter.asn,
        network_kind=letter.network_kind,
        aid=letter.aid,
        no_script=letter.no_script,
        names=dict(letter.names),
        verdict=verdict,
        erase_after=received + ERASE_AFTER_ARRIVAL,
    )
    try:
        with session.begin_nested():
            session.add(appeal)
    except IntegrityError:
        # Another one took up the same letter this moment.
        return session.scalars(select(Appeal).where(Appeal.letter_id == letter.id)).one()
    appeal.sealed_text = sealer.seal(printable(letter.message, lines=True), f"appeal:{appeal.id}")
    if letter.reply.strip():
        appeal.sealed_reply = sealer.seal(printable(letter.reply).strip(), f"appeal-reply:{appeal.id}")
    details = {"number": appeal.number, "site": appeal.site, "received_at": received}
    record(session, Actor.system(), "appeal.receive", f"appeal:{appeal.id}", "", details, at=now)
    return appeal


def find_appeal(session: Session, appeal_id: str, *, locked: bool = False) -> Appeal:
    """An appeal by its identifier; `locked`, so that nobody else changes it until the transaction ends.

    Raises:
        NoSuchAppealError: there is none.
    """
    found = session.get(Appeal, appeal_id[:40], with_for_update=locked or None)
    if found is None:
        raise NoSuchAppealError("there is no such appeal; /visitors lists them")
    return found


def text_of(appeal: Appeal, sealer: Sealer) -> str | None:
    """What was written; None once it was erased.

    Raises:
        AppealError: it does not open.
    """
    return _opened(appeal.sealed_text, f"appeal:{appeal.id}", sealer)


def reply_of(appeal: Appeal, sealer: Sealer) -> str | None:
    """Where to answer; None where nobody said, or once it was erased.

    Raises:
        AppealError: it does not open.
    """
    return _opened(appeal.sealed_reply, f"appeal-reply:{appeal.id}", sealer)


def _opened(sealed: bytes | None, purpose: str, sealer: Sealer) -> str | None:
    if sealed is None:
        return None
    try:
        return sealer.open(sealed, purpose)
    except CaseError as e:
        raise AppealError(str(e)) from e


def erase_due(session: Session, now: datetime) -> int:
    """Lets go of words, address and names whose time is over; how many appeals that were."""
    asked = (
        select(Appeal)
        .where(Appeal.erased_at.is_(None), Appeal.erase_after <= now)
        .where(or_(Appeal.mail != "to_send", Appeal.erase_after <= now - timedelta(days=7)))
        .limit(_ERASED_AT_ONCE)
    )
    rows = session.scalars(asked).all()
    for appeal in rows:
        appeal.sealed_text = appeal.sealed_reply = None
        appeal.names = {}
        appeal.erased_at = now
        if appeal.mail == "to_send":
            appeal.mail, appeal.mail_words = "failed", "it could not be sent before the address was erased"
    return len(rows)
