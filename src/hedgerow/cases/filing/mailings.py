"""Mailings: a file of addresses becomes notices that a person approved; the addresses go again on a stated day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from hedgerow.cases.filing.address_file import AddressFile, Line
from hedgerow.cases.filing.casework import Casework
from hedgerow.cases.filing.statements import Signer
from hedgerow.cases.notices.codes import Duty
from hedgerow.cases.notices.decisions import Outcome
from hedgerow.cases.notices.languages import language, languages
from hedgerow.cases.notices.people_notice import Draft, draft
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.store.base import new_id
from hedgerow.store.models.filings import Mailing, MailingRecipient

UNUSED_DAYS: Final = 30
"""Days after which addresses go that were uploaded and not used. A house rule."""
MOST_DAYS: Final = 90
"""Longest time that addresses may stay, after the last notice left or in a mailing that does not get done."""
FASTEST: Final = 6_000
"""Most notices a minute."""
_AT_ONCE: Final = 1_000


@dataclass(frozen=True)
class Progress:
    """How far a mailing is, in people."""

    waiting: int
    sending: int
    sent: int
    bounced: int
    failed: int

    @property
    def all(self) -> int:
        """Everybody in it."""
        return self.waiting + self.sending + self.sent + self.bounced + self.failed


def upload(
    session: Session,
    work: Casework,
    found: AddressFile,
    lines: Iterable[Line],
    *,
    regime: str,
    default_language: str,
    per_minute: int,
    delete_after_days: int,
    domain: str,
    by: Signer,
    now: datetime,
) -> Mailing:
    """Keeps a file of addresses for one mailing. Nothing is sent before somebody approves.

    Args:
        session: one transaction.
        work: the case.
        found: the file.
        lines: those of its lines that concern the case.
        regime: whose notice it is.
        default_language: for people without a language, or with one that has no pack.
        per_minute: notices a minute, at most.
        delete_after_days: days after the last notice when the addresses go.
        domain: of the sender, for message identifiers.
        by: who uploads.
        now: the moment.

    Raises:
        NoticeError: with what is missing.
    """
    if work.applies(regime).regime.to_people is None:
        raise NoticeError(f"{regime} knows no notice to people")
    if default_language not in languages():
        raise NoticeError(f"there is no language pack `{default_language[:10]}`; there are {', '.join(languages())}")
    if not 1 <= per_minute <= FASTEST:
        raise NoticeError(f"between 1 and {FASTEST:,} notices a minute")
    if not 0 <= delete_after_days <= MOST_DAYS:
        raise NoticeError(f"addresses are deleted 0 to {MOST_DAYS} days after the last notice")
    row = Mailing(
        case_id=work.case.id,
        regime=regime,
        state="draft",
        made_at=now,
        made_by=by.name,
        file_sha256=found.sha256,
        people=0,
        default_language=default_language,
        per_minute=per_minute,
        delete_after_days=delete_after_days,
        texts={},
        given=[],
        delete_at=now + timedelta(days=UNUSED_DAYS),
    )
    session.add(row)
    session.flush()
    batch: list[dict[str, object]] = []
    for line in lines:
        name = new_id()
        batch.append(
            {
                "id": name,
                "mailing_id": row.id,
                "person": line.person,
                "address": line.address,
                "name": line.name,
                "language": line.language if line.language in languages() else default_language,
                "message_id": f"<{name}.{row.id}@{domain}>",
                "state": "waiting",
                "attempts": 0,
                "next_at": now,
                "sent_at": None,
                "said": "",
            }
        )
        row.people += 1
        if len(batch) >= _AT_ONCE:
            session.execute(insert(MailingRecipient), batch)
            batch = []
    if batch:
        session.execute(insert(MailingRecipient), batch)
    if not row.people:
        raise NoticeError("nobody in this file is concerned by the case")
    session.flush()
    return row


def drafts(work: Casework, regime: str, names: Iterable[str]) -> dict[str, Draft]:
    """The people's notice in each language."""
    case = work.under(regime)
    return {name: draft(case, language(name)) for name in names}


def used_languages(session: Session, mailing: Mailing) -> list[str]:
    """The languages its people read."""
    asked = select(MailingRecipient.language).where(MailingRecipient.mailing_id == mailing.id).distinct()
    return sorted(session.scalars(asked))


def approve(session: Session, work: Casework, mailing: Mailing, *, by: Signer, now: datetime) -> Mailing:
    """Freezes the words and lets the mailing go.

    Raises:
        NoticeError: nobody decided to tell people, or a draft is not ready, with what it lacks.
    """
    if mailing.state != "draft" or mailing.deleted_at is not None:
        raise NoticeError("this mailing was approved already, or its addresses are gone")
    duty = work.plan.duty(mailing.regime, Duty.PEOPLE)
    if duty is None or duty.decision is None or duty.decision.outcome is not Outcome.NOTIFY:
        raise NoticeError(f"{mailing.regime}: first decide, signed, that people are told")
    found = drafts(work, mailing.regime, used_languages(session, mailing))
    wrong = [f"{name}: {said}" for name, d in found.items() for said in lacking(d)]
    if wrong:
        raise NoticeError("; ".join(wrong))
    notice = work.applies(mailing.regime).regime.to_people
    mailing.texts = {name: {"subject": d.subject, "text": d.text} for name, d in found.items()}
    mailing.given = [str(c) for c in notice.fields] if notice else []
    mailing.facts = work.digest
    mailing.state = "sending"
    mailing.approved_at = now
    mailing.approved_by = by.name
    mailing.approved_by_id = by.id
    mailing.delete_at = now + timedelta(days=MOST_DAYS)
    session.flush()
    return mailing


def lacking(d: Draft) -> list[str]:
    """Why a draft may not be sent, in sentences."""
    wrong = [f"missing: {', '.join(d.missing)}"] if d.missing else []
    wrong += d.forbidden
    if not d.reading.easy_enough:
        wrong.append(f"too hard to read: {d.reading.formula} {d.reading.score}, limit {d.reading.limit}")
    return wrong


def pause(session: Session, mailing: Mailing, now: datetime) -> None:
    """Stops for now; the addresses go like unused ones unless it goes on.

    Raises:
        NoticeError: when it is not under way.
    """
    if mailing.state != "sending":
        raise NoticeError("only a mailing under way can be paused")
    mailing.state, mailing.delete_at = "paused", now + timedelta(days=UNUSED_DAYS)
    session.flush()


def go_on(session: Session, mailing: Mailing, now: datetime) -> None:
    """Goes on after a pause.

    Raises:
        NoticeError: when it is not paused, or its addresses are gone.
    """
    if mailing.state != "paused" or mailing.deleted_at is not None:
        raise NoticeError("only a paused mailing that still has its addresses can go on")
    mailing.state, mailing.delete_at = "sending", now + timedelta(days=MOST_DAYS)
    session.flush()


def progress(session: Session, mailing_id: str) -> Progress:
    """How far it is."""
    asked = select(MailingRecipient.state, func.count()).where(MailingRecipient.mailing_id == mailing_id)
    found = {row[0]: row[1] for row in session.execute(asked.group_by(MailingRecipient.state))}
    return Progress(*(found.get(s, 0) for s in ("waiting", "sending", "sent", "bounced", "failed")))


def not_reached(session: Session, mailing_id: str, most: int = 1_000) -> list[MailingRecipient]:
    """The bounce list: people whose notice came back or was refused."""
    asked = select(MailingRecipient).where(
        MailingRecipient.mailing_id == mailing_id, MailingRecipient.state.in_(("bounced", "failed"))
    )
    return list(session.scalars(asked.order_by(MailingRecipient.person).limit(most)))


def forget_due(session: Session, now: datetime) -> list[Mailing]:
    """Empties addresses and names of mailings whose day has come; that each person was told stays.

    Returns:
        The mailings whose addresses went.
    """
    asked = select(Mailing).where(Mailing.delete_at <= now, Mailing.deleted_at.is_(None))
    gone = list(session.scalars(asked))
    for mailing in gone:
        session.execute(
            update(MailingRecipient).where(MailingRecipient.mailing_id == mailing.id).values(address="", name="")
        )
        mailing.deleted_at = now
        if mailing.state != "done":
            mailing.state = "stopped"
    session.flush()
    return gone
