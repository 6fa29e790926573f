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
from hedgerow.console.problems import Conflict, NotFound, Wrong, sentence_of
from hedgerow.console.services import Services
from hedgerow.ledger.overview import CURIOUS_DAYS
from hedgerow.measures import LEVELS, Act
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
        raise NotFound(sentence_of(e)) from e
    except AppealError as e:
        raise Wrong(sentence_of(e)) from e


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
        smtp = services.outward.current().smtp
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
    appeal = shown(services, appeal_id)
    if appeal.state != "open":
        raise Conflict("This appeal is answered already; what was said stays.")
    verdict = verdict_of(services, appeal)
    release = _release(appeal, decision)
    if release is not None:
        # Said now, while nothing is decided yet.
        measure_desk.check(services, actor, release)
    with told(), services.database.session() as session:
        row = keeping.find_appeal(session, appeal_id, locked=True)
        row.verdict = verdict
        answering.answer(
            session,
            actor,
            services.clock(),
            row,
            outcome=decision.outcome,
            words=decision.words,
            reason=decision.reason,
            sealer=sealer_of(services),
            mail_domain=mailer.domain if mailer else None,
        )
    # After the answer, which is given once: of two people at the same moment only one comes here.
    said = _carry_out(services, actor, appeal_id, release) if release is not None else ""
    if decision.outcome == "wrong" and release is None:
        said = "Nobody is released: the names of the visitor are gone."
    intake_round.send_answers(services, mailer)
    answered = shown(services, appeal_id)
    return f"Answered; {answered.mail_words or MAIL_WORDS[answered.mail]}. {said}".strip()


def _carry_out(services: Services, actor: Actor, appeal_id: str, release: Asked) -> str:
    measure, said = measure_desk.set_measure(services, actor, release, confirmed=True)
    with services.database.session() as session:
        keeping.find_appeal(session, appeal_id, locked=True).measure_id = measure.id
    return f"The visitor is released. {said}"


def _release(appeal: Appeal, decision: Decision) -> Asked | None:
    """The release that belongs to a decision; None where there is none."""
    if decision.outcome not in ("wrong", "partly"):
        return None
    names = appeal.names
    level = decision.level or (next(iter(narrowest(names)), "") if decision.outcome == "wrong" else "")
    if not level:
        return None
    if level not in names:
        raise Wrong(f"This visitor has no {level[:20]}; choose one of {', '.join(narrowest(names)) or 'none'}.")
    why = f"appeal {appeal.number}: {decision.reason}"[:4_000]
    return Asked(appeal.site, level, str(names[level]), Act.RELEASE, decision.lasting, None, why)


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
