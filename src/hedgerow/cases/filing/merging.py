"""The mail-merge file: whom to tell, what of theirs was taken, as CSV for those who send with a tool of their own."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.filing.telling import PersonFields
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.recipients import Recipient, as_csv
from hedgerow.store.models.filings import Mailing, MailingRecipient


def merge_file(session: Session, mailing: Mailing, known: Iterable[PersonFields]) -> str:
    """One line a person, with their fields; people of whom nothing was taken are left out.

    Args:
        session: that reads.
        mailing: whose addresses are joined.
        known: the people of the case, from the ledger.

    Raises:
        NoticeError: the addresses are gone.
    """
    if mailing.deleted_at is not None:
        raise NoticeError("the addresses of this mailing were deleted; upload the file again")
    asked = select(MailingRecipient).where(MailingRecipient.mailing_id == mailing.id)
    rows = {r.person: r for r in session.scalars(asked.order_by(MailingRecipient.person))}
    return as_csv(
        Recipient(
            person=p.person,
            name=rows[p.person].name,
            address=rows[p.person].address,
            language=rows[p.person].language,
            place="",
            fields=p.fields,
            first_seen=p.first_seen,
            last_seen=p.last_seen,
        )
        for p in sorted(known, key=lambda p: p.person)
        if p.person in rows
    )
