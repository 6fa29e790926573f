"""The visitors' side, as pages and JSON do it alike: appeals with what they are about, answers, rates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hedgerow.appeals import answering, explaining, keeping, rates
from hedgerow.appeals.keeping import AppealError, NoSuchAppealError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.console import intake_round, measure_desk
from hedgerow.console.access.actor import Actor
from hedgerow.console.measure_desk import Asked
from hedgerow.console.problems import Conflict, NotFound, Wrong
from hedgerow.console.services import Services
from hedgerow.ledger.overview import CURIOUS_DAYS
from hedgerow.measures import LEVELS, Act, Measure, MeasureTable
from hedgerow.outward import settings as outward_settings
from hedgerow.outward.settings import OutwardError
from hedgerow.outward.smtp import Mailer, SmtpMailer
from hedgerow.secret import SecretError, read_secret
from hedgerow.store.models.appeals import Appeal

PAGE: Final = 50
MAIL_WORDS: Final = {
    "none": "not sent by mail",
    "to_send": "waits for the mail server",
    "sent": "sent by mail",
    "failed": "could not be sent",
}


@contextmanager
def told() -> Iterator[None]:
    """Says to the person at the screen what cannot be done, and why."""
    try:
        yield
    except NoSuchAppealError as e:
        raise NotFound(_sentence(e)) from e
    except AppealError as e:
        raise Wrong(_sentence(e)) from e


def _sentence(e: Exception) -> str:
    said = str(e)
    return f"{said[:1].upper()}{said[1:]}" + ("" if said.endswith((".", "!", "?")) else ".")


@dataclass(frozen=True)
class Found:
    """One page of the list."""

    appeals: list[Appeal]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // PAGE))


@dataclass(frozen=True)
class Decision:
    """What a person decides about an appeal."""

    outcome: str
    words: str
    reason: str
    level: str = ""
    """Which of the visitor's principals is released, for `wrong` and `partly`; empty: none."""
    lasting: str = "4w"


def listed(session: Session, state: str, page: int) -> Found:
    """Appeals: those that wait first by their deadline, the others the newest first."""
    asked = select(Appeal)
    if state in ("open", "answered"):
        asked = asked.where(Appeal.state == state)
    order = (Appeal.answer_by, Appeal.id) if state == "open" else (Appeal.received_at.desc(), Appeal.id)
    total = session.scalar(select(func.count()).select_from(asked.subquery())) or 0
    rows = session.scalars(asked.order_by(*order).offset((page - 1) * PAGE).limit(PAGE)).all()
    # They are shown after the transaction.
    session.expunge_all()
    return Found(list(rows), total, page)


def shown(services: Services, appeal_id: str) -> Appeal:
    """One appeal, to be looked at after the transaction.

    Raises:
        NotFound: there is none.
    """
    with told(), services.database.reading() as session:
        appeal = keeping.find_appeal(session, appeal_id)
        session.expunge(appeal)
        return appeal


def sealer_of(services: Services) -> Sealer | None:
    """Opens what visitors wrote; None when the secret cannot be read."""
    try:
        return Sealer(read_secret(services.folder.path))
    except SecretError as e:
        structlog.get_logger().warning("appeals_stay_sealed", error=str(e))
        return None


def mailer_of(services: Services) -> Mailer | None:
    """The mail server; None where there is none.

    Raises:
        Wrong: it is set wrongly.
    """
    try:
        smtp = outward_settings.read(services.folder.path).smtp
        return SmtpMailer(smtp) if smtp else None
    except OutwardError as e:
        raise Wrong(f"The mail server is set wrongly: {e}.") from e


def verdict_of(services: Services, appeal: Appeal) -> dict[str, Any] | None:
    """The verdict explained: as it was kept, else asked of the gateway now."""
    return appeal.verdict or explaining.explain(services.control, appeal.site, appeal.reference)


def answer(services: Services, actor: Actor, appeal_id: str, decision: Decision, mailer: Mailer | None) -> str:
    """Answers an appeal, releases the principal where it was wrong, sends the answer; says what came of it.

    Raises:
        NotFound: there is no such appeal.
        Wrong: something is missing.
        Conflict: it is answered already.
    """
    asked = shown(services, appeal_id)
    if asked.state != "open":
        raise Conflict("This appeal is answered already; what was said stays.")
    verdict = verdict_of(services, asked)
    release, said = _release(services, actor, asked, decision)
    now = services.clock()
    try:
        with told(), services.database.session() as session:
            appeal = keeping.find_appeal(session, appeal_id)
            appeal.verdict = verdict
            answering.answer(
                session,
                actor,
                now,
                appeal,
                outcome=decision.outcome,
                words=decision.words,
                reason=decision.reason,
                sealer=sealer_of(services),
                mail_domain=mailer.domain if mailer else None,
                measure_id=release.id if release else None,
            )
    except Exception:
        if release is not None:
            MeasureTable(services.folder.path).end(release.id, int(now.timestamp()))
        raise
    intake_round.send_answers(services, mailer)
    answered = shown(services, appeal_id)
    mailed = answered.mail_words or MAIL_WORDS[answered.mail]
    return f"Answered; {mailed}. {said}".strip()


def _release(services: Services, actor: Actor, appeal: Appeal, decision: Decision) -> tuple[Measure | None, str]:
    if decision.outcome not in answering.OUTCOMES or not decision.words.strip() or not decision.reason.strip():
        # `answer` says what is missing; nothing is released before.
        return None, ""
    if decision.outcome == "upheld":
        return None, ""
    names = appeal.names
    level = decision.level or (next(iter(narrowest(names)), "") if decision.outcome == "wrong" else "")
    if not level:
        return None, "Nobody is released: the names of the visitor are gone." if decision.outcome == "wrong" else ""
    if level not in names:
        raise Wrong(f"This visitor has no {level[:20]}; choose one of {', '.join(narrowest(names)) or 'none'}.")
    why = f"appeal {appeal.number}: {decision.reason}"
    asked = Asked(appeal.site, level, str(names[level]), Act.RELEASE, decision.lasting, None, why)
    return measure_desk.set_measure(services, actor, asked, confirmed=True)


def narrowest(names: dict[str, Any]) -> list[str]:
    """Levels at which the visitor is known, the narrowest first."""
    return [level for level in LEVELS if level in names]


def rates_of(services: Services, site: str) -> tuple[rates.Rates, datetime | None]:
    """The rates of one site, and when the ledger was counted."""
    found = services.overviews.of(site).overview
    until = found.at if found else services.clock()
    with services.database.reading() as session:
        told_rates = rates.rates(session, site, until - timedelta(days=CURIOUS_DAYS), found.stopped if found else ())
    return told_rates, found.at if found else None
