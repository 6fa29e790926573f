"""Sends a mailing, a few at a time, so that a crash neither skips nor doubles anybody.

A recipient is claimed in one transaction, the mail is sent outside of any, and the answer is written in another. A
crash in between leaves the claim, which runs out: then the same mail is sent again under the same Message-ID, made
before the first attempt. Between the server's `250` and our commit nobody can know; whoever receives both sees one
message, because mail stores know a message by its identifier. Skipping would leave somebody untold, so that is never
the choice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hedgerow.cases.notices.codes import Duty
from hedgerow.cases.notices.filings import Kind
from hedgerow.outward.smtp import Connection, Mail, Mailer, NeverError, NotNowError
from hedgerow.store.database import Database
from hedgerow.store.models.filings import Mailing, MailingRecipient, NoticeFiling

LEASE: Final = timedelta(minutes=10)
"""How long a claim holds: longer than any mail takes, timeouts included."""
MOST_ATTEMPTS: Final = 8
"""Attempts for one person before it counts as failed; with the waits below about a day and a half."""
_FIRST_WAIT: Final = timedelta(minutes=5)
_LONGEST_WAIT: Final = timedelta(hours=12)
_BATCH: Final = 200


@dataclass(frozen=True)
class _Claim:
    id: str
    mail: Mail
    attempts: int


@dataclass(frozen=True)
class Posted:
    """What one round did."""

    sent: int = 0
    later: int = 0
    failed: int = 0
    done: bool = False


def post(database: Database, mailer: Mailer, mailing_id: str, clock: Callable[[], datetime]) -> Posted:
    """One round: as many as the throttle allows at this moment, and no longer than half a claim holds.

    Raises:
        OutwardError: the server cannot be used; those who were claimed wait for their next turn.
    """
    start = clock()
    with database.session() as session:
        claims = _claim(session, mailing_id, start)
    states: list[str] = []
    if claims:
        try:
            with mailer.open() as connection:
                for claim in claims:
                    if clock() - start > LEASE / 2:
                        break
                    states.append(_send(database, connection, mailing_id, claim, clock()))
        finally:
            _let_go(database, claims[len(states) :], clock())
    with database.session() as session:
        done = _finish(session, mailing_id, clock())
    return Posted(states.count("sent"), states.count("waiting"), states.count("failed"), done)


def _let_go(database: Database, claims: list[_Claim], now: datetime) -> None:
    """Those whose turn did not come: it was no attempt, and they wait a little."""
    if not claims:
        return
    with database.session() as session:
        for claim in claims:
            row = session.get(MailingRecipient, claim.id)
            if row is not None and row.state == "sending":
                row.state, row.attempts, row.next_at = "waiting", claim.attempts - 1, now + timedelta(minutes=1)


def allowance(session: Session, mailing: Mailing, now: datetime) -> int:
    """How many may leave now: what was tried within the last minute counts."""
    since = now - timedelta(minutes=1)
    recent = session.scalar(
        select(func.count()).where(
            MailingRecipient.mailing_id == mailing.id,
            MailingRecipient.sent_at > since,
        )
    )
    claimed = session.scalar(
        select(func.count()).where(MailingRecipient.mailing_id == mailing.id, MailingRecipient.state == "sending")
    )
    return max(0, min(_BATCH, mailing.per_minute - (recent or 0) - (claimed or 0)))


def _claim(session: Session, mailing_id: str, now: datetime) -> list[_Claim]:
    mailing = session.get(Mailing, mailing_id, with_for_update=True)
    if mailing is None or mailing.state != "sending":
        return []
    for stale in session.scalars(
        select(MailingRecipient).where(
            MailingRecipient.mailing_id == mailing_id,
            MailingRecipient.state == "sending",
            MailingRecipient.next_at <= now,
        )
    ):
        stale.state = "waiting"
    session.flush()
    asked = (
        select(MailingRecipient)
        .where(
            MailingRecipient.mailing_id == mailing_id,
            MailingRecipient.state == "waiting",
            MailingRecipient.next_at <= now,
        )
        .order_by(MailingRecipient.next_at, MailingRecipient.id)
        .limit(allowance(session, mailing, now))
    )
    claims = []
    for row in session.scalars(asked):
        row.state, row.attempts, row.next_at = "sending", row.attempts + 1, now + LEASE
        words = mailing.texts[row.language]
        mail = Mail(row.address, words["subject"], words["text"], row.message_id, row.name, automatic=False)
        claims.append(_Claim(row.id, mail, row.attempts))
    session.flush()
    return claims


def _send(database: Database, connection: Connection, mailing_id: str, claim: _Claim, now: datetime) -> str:
    state, said = "sent", ""
    try:
        said = connection.send(claim.mail, now)
    except NeverError as e:
        state, said = "failed", str(e)
    except NotNowError as e:
        state, said = ("waiting" if claim.attempts < MOST_ATTEMPTS else "failed"), str(e)
    with database.session() as session:
        row = session.get(MailingRecipient, claim.id)
        if row is None or row.state != "sending":
            return ""
        row.state, row.said = state, said[:300]
        row.sent_at = now if state == "sent" else None
        if state == "waiting":
            row.next_at = now + wait(claim.attempts)
        if state == "sent":
            _told(session, mailing_id, now)
    return state


def wait(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 5 min, 15, 45, ... up to 12 h."""
    return min(_LONGEST_WAIT, _FIRST_WAIT * int(3 ** (attempts - 1)))


def _told(session: Session, mailing_id: str, now: datetime) -> None:
    """The first notice that leaves is the moment people were told: a filing of its own, by whoever approved it."""
    mailing = session.get(Mailing, mailing_id, with_for_update=True)
    if mailing is None or mailing.filing_id is not None:
        return
    before = session.scalar(
        select(func.count()).where(
            NoticeFiling.case_id == mailing.case_id,
            NoticeFiling.regime == mailing.regime,
            NoticeFiling.duty == Duty.PEOPLE.value,
        )
    )
    filing = NoticeFiling(
        case_id=mailing.case_id,
        regime=mailing.regime,
        duty=Duty.PEOPLE.value,
        number=(before or 0) + 1,
        kind=(Kind.SUPPLEMENT if before else Kind.FIRST).value,
        at=now,
        recorded_at=now,
        by=mailing.approved_by,
        by_id=mailing.approved_by_id,
        way=f"by mail to {mailing.people:,} people",
        given=list(mailing.given),
        open=[],
        promised=None,
        people=None,
        content=[{"language": name, **words} for name, words in sorted(mailing.texts.items())],
        facts=mailing.facts,
    )
    session.add(filing)
    session.flush()
    mailing.filing_id = filing.id


def _left(session: Session, mailing_id: str) -> int:
    asked = select(func.count()).where(
        MailingRecipient.mailing_id == mailing_id, MailingRecipient.state.in_(("waiting", "sending"))
    )
    return session.scalar(asked) or 0


def _finish(session: Session, mailing_id: str, now: datetime) -> bool:
    mailing = session.get(Mailing, mailing_id, with_for_update=True)
    if mailing is None or mailing.state != "sending" or _left(session, mailing_id):
        return False
    mailing.state, mailing.done_at = "done", now
    mailing.delete_at = now + timedelta(days=mailing.delete_after_days)
    session.flush()
    return True


def under_way(session: Session) -> list[str]:
    """Mailings that wait to be sent."""
    return list(session.scalars(select(Mailing.id).where(Mailing.state == "sending").order_by(Mailing.approved_at)))
