"""A person answers an appeal: in words that are kept and sent, with an outcome. `wrong` leaves an example behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.appeals.keeping import ERASE_AFTER_ANSWER, AppealError, reply_of
from hedgerow.cases.core.sealing import Sealer
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.outward.addresses import AddressError, mail_address
from hedgerow.outward.settings import OutwardError
from hedgerow.outward.smtp import Mail, Mailer, NotNowError
from hedgerow.store.base import new_id
from hedgerow.store.database import Database
from hedgerow.store.models.appeals import Appeal, AppealExample

OUTCOMES: Final = {
    "upheld": "The verdict stays: it was right",
    "wrong": "The verdict was wrong: the visitor is released",
    "partly": "Partly wrong",
}
LABEL: Final = "ordinary"
LONGEST_ANSWER: Final = 8_000
_AT_ONCE: Final = 50
_LEASE: Final = timedelta(minutes=10)
"""How long a claim holds: longer than any mail takes, timeouts included."""


def answer(
    session: Session,
    actor: Actor,
    now: datetime,
    appeal: Appeal,
    *,
    outcome: str,
    words: str,
    reason: str,
    sealer: Sealer | None,
    mail_domain: str | None,
) -> None:
    """Answers an appeal once.

    Args:
        session: The transaction.
        actor: Who answers.
        now: The time.
        appeal: The appeal.
        outcome: One of `OUTCOMES`.
        words: What the visitor is told.
        reason: Why, for the record.
        sealer: Opens where to answer.
        mail_domain: Of the sender; None where no mail server is set.

    Raises:
        AppealError: it is answered already, or something is missing.
    """
    if appeal.state != "open":
        raise AppealError("this appeal is answered already; what was said stays")
    if outcome not in OUTCOMES:
        raise AppealError(f"an outcome is one of {', '.join(OUTCOMES)}")
    if not words.strip():
        raise AppealError("write what the visitor is told")
    if len(words) > LONGEST_ANSWER:
        raise AppealError(f"an answer may have {LONGEST_ANSWER:,} characters")
    if not reason.strip():
        raise AppealError("say why you decide so")
    appeal.state, appeal.outcome = "answered", outcome
    appeal.answer, appeal.reason = words.strip(), reason.strip()
    appeal.answered_at, appeal.answered_by = now, actor.name
    # What was promised at the arrival is the limit: an answer never makes it longer.
    appeal.erase_after = min(appeal.erase_after, now + ERASE_AFTER_ANSWER)
    _prepare_mail(appeal, sealer, mail_domain)
    if outcome == "wrong":
        session.add(example_of(appeal, now))
    details = {"outcome": outcome, "number": appeal.number, "mail": appeal.mail}
    record(session, actor, "appeal.answer", f"appeal:{appeal.id}", reason.strip(), details, at=now)


def _prepare_mail(appeal: Appeal, sealer: Sealer | None, mail_domain: str | None) -> None:
    if appeal.sealed_reply is None or sealer is None:
        appeal.mail_words = "the visitor left no address" if appeal.sealed_reply is None else "the address is sealed"
        return
    to = reply_of(appeal, sealer) or ""
    try:
        mail_address(to)
    except AddressError:
        appeal.mail_words = "what the visitor left is no e-mail address; answer by hand"
        return
    if mail_domain is None:
        appeal.mail_words = "no mail server is set; answer by hand"
        return
    appeal.mail = "to_send"
    appeal.message_id = f"<appeal-{new_id()}@{mail_domain}>"


def example_of(appeal: Appeal, now: datetime) -> AppealExample:
    """What is learnt from a wrong verdict: the signals and the circumstances, nobody's words, names or addresses."""
    verdict: Mapping[str, Any] = appeal.verdict or {}
    reasons = verdict.get("reasons", [])
    signals = [{"code": str(r.get("code", "")), "weight": int(r.get("weight") or 0)} for r in reasons]
    features = {k: verdict.get(k) for k in ("action", "mode", "lane", "standing", "route", "status")}
    features |= {"lane": verdict.get("lane") or appeal.lane, "no_script": appeal.no_script, "aid": appeal.aid}
    return AppealExample(
        appeal_id=appeal.id,
        site=appeal.site,
        reference=appeal.reference,
        label=LABEL,
        signals=signals,
        features=features,
        made_at=now,
    )


def examples(session: Session, site: str = "", most: int | None = None, skip: int = 0) -> list[dict[str, Any]]:
    """Examples as data, oldest first."""
    asked = select(AppealExample).order_by(AppealExample.made_at, AppealExample.id)
    if site:
        asked = asked.where(AppealExample.site == site)
    return [
        {
            "reference": e.reference,
            "site": e.site,
            "label": e.label,
            "signals": e.signals,
            "features": e.features,
            "at": e.made_at.isoformat(timespec="seconds"),
        }
        for e in session.scalars(asked.limit(most).offset(skip) if most is not None else asked)
    ]


def send_answers(database: Database, now: datetime, sealer: Sealer, mailer: Mailer) -> int:
    """Sends the answers that wait; how many went out.

    Each is claimed in one transaction, sent outside of any, since a mail server may take its time and the database has
    one writer, and settled in another. A crash in between leaves the claim, which runs out: the same message then goes
    again under the same identifier, by which whoever receives both knows it. A server that says `later` leaves the
    answer waiting.
    """
    with database.reading() as session:
        waiting = list(session.scalars(select(Appeal.id).where(Appeal.mail == "to_send").limit(_AT_ONCE)))
    return sum(_send(database, now, sealer, mailer, appeal_id) for appeal_id in waiting)


def _send(database: Database, now: datetime, sealer: Sealer, mailer: Mailer, appeal_id: str) -> int:
    with database.session() as session:
        mail = _claimed(session, now, sealer, appeal_id)
    if mail is None:
        return 0
    state, words = "sent", ""
    try:
        with mailer.open() as connection:
            connection.send(mail, now)
    except NotNowError as e:
        state, words = "to_send", f"{e}"[:300]
    except OutwardError as e:
        state, words = "failed", f"{e}"[:300]
    with database.session() as session:
        appeal = session.get_one(Appeal, appeal_id)
        appeal.mail, appeal.mail_words = state, words
        appeal.mailed_at = now if state == "sent" else None
    return 1 if state == "sent" else 0


def _claimed(session: Session, now: datetime, sealer: Sealer, appeal_id: str) -> Mail | None:
    """The mail of an answer that nobody else is sending; from now on this one is."""
    appeal = session.get(Appeal, appeal_id)
    if appeal is None or appeal.mail != "to_send":
        return None
    if appeal.mailed_at is not None and now - appeal.mailed_at < _LEASE:
        return None
    to = reply_of(appeal, sealer)
    if to is None:
        appeal.mail, appeal.mail_words = "failed", "the address was erased"
        return None
    appeal.mailed_at = now
    return Mail(to, f"Your message {appeal.number}", appeal.answer, appeal.message_id, automatic=False)
