"""The JSON twins of the notices' pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.cases.filing import casework, deciding, dues, mailings, registering, statements
from hedgerow.cases.filing.sending import Left
from hedgerow.cases.notices import european_form, explaining, printing, worksheet
from hedgerow.cases.notices.codes import Code, Duty
from hedgerow.cases.notices.decisions import Outcome
from hedgerow.cases.notices.filings import Kind
from hedgerow.cases.notices.loading import shipped
from hedgerow.console import mailing_acts
from hedgerow.console import notice_acts as acts
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.pages.notice_filings import european
from hedgerow.console.pages.notices import suggested
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.cases import Case
from hedgerow.store.models.filings import Mailing

MOST: Final = 200
"""Due items in one answer."""
ENTRIES: Final = 200
"""Of the register in one answer."""


class Strict(BaseModel):
    """A body that knows its words."""

    model_config = ConfigDict(extra="forbid")


class DueDocument(BaseModel):
    """One thing that waits for a person."""

    case: str
    case_id: str
    regime: str
    duty: str
    what: str
    mandatory: bool
    due_at: datetime | None
    local: datetime | None
    time_zone: str
    by_law: bool
    running: bool
    overdue: bool
    words: str


class StatedDocument(BaseModel):
    """One statement."""

    key: str
    value: Any
    why: str
    by: str
    at: datetime


class QuestionDocument(BaseModel):
    """One question of the worksheet."""

    code: str
    asks: str
    answer: str | None
    suggested: str | None
    because: str | None


class DecisionDocument(BaseModel):
    """One signed decision."""

    id: str
    regime: str
    duty: str
    outcome: str
    reasons: str
    factors: dict[str, str]
    by: str
    at: datetime
    rules: str
    rule_version: date
    facts: str
    signature: str
    intact: bool
    changed_since: list[str]
    """Parts of the facts that changed since."""


class FilingDocument(BaseModel):
    """One notice that left."""

    id: str
    regime: str
    duty: str
    number: int
    kind: str
    at: datetime
    by: str
    way: str
    given: list[str]
    open: list[str]
    promised: date | None
    people: dict[str, Any] | None
    reason: str
    facts: str


class MailingDocument(BaseModel):
    """One mailing, without anybody's address."""

    id: str
    regime: str
    state: str
    people: int
    waiting: int
    sending: int
    sent: int
    bounced: int
    failed: int
    delete_at: datetime | None
    deleted_at: datetime | None


class CaseNoticesDocument(BaseModel):
    """The notices of one case."""

    case: str
    facts: str
    """Digest of the facts; a signature names it."""
    plan: dict[str, Any]
    worksheet: list[QuestionDocument]
    statements: list[StatedDocument]
    decisions: list[DecisionDocument]
    filings: list[FilingDocument]
    due: list[DueDocument]
    mailings: list[MailingDocument]


class StateBody(Strict):
    """What is stated."""

    key: str = Field(max_length=120)
    value: Any = None
    why: str = Field("", max_length=2_000)


class SignBody(Strict):
    """An answer to sign."""

    regime: str = Field(max_length=20)
    duty: Literal["authority", "people", "third_parties"]
    outcome: Literal["notify", "do_not_notify"]
    reasons: str = Field(max_length=20_000)
    factors: dict[str, str] = Field(max_length=40)
    facts: str = Field(max_length=64)
    """Digest of the facts that were looked at."""


class FileBody(Strict):
    """A notice that left."""

    regime: str = Field(max_length=20)
    duty: Literal["authority", "people", "third_parties"]
    kind: Literal["first", "supplement", "withdrawal"]
    at: datetime
    way: str = Field(max_length=500)
    given: list[Code] | None = Field(None, max_length=40)
    open: list[Code] | None = Field(None, max_length=40)
    promised: date | None = None
    reason: str = Field("", max_length=20_000)


class Done(BaseModel):
    """What was made."""

    id: str


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The routes."""
    routes = APIRouter(tags=["notices"])
    base = "/api/v1/notices"
    api(routes, base, needs=Permission.SEE)(due_items)
    api(routes, f"{base}/regimes", needs=Permission.SEE)(regimes)
    api(routes, f"{base}/register", needs=Permission.SEE)(register)
    api(routes, f"{base}/cases/{{case_id}}", needs=Permission.SEE)(one_case)
    api(routes, f"{base}/cases/{{case_id}}/european-form/{{regime}}", needs=Permission.SEE)(form)
    api(routes, f"{base}/cases/{{case_id}}/statements", needs=Permission.WORK_CASE, method="POST")(state)
    api(routes, f"{base}/cases/{{case_id}}/decisions", needs=Permission.DECIDE_NOTICE, method="POST", fresh=True)(sign)
    api(routes, f"{base}/cases/{{case_id}}/filings", needs=Permission.SEND, method="POST", fresh=True)(file)
    return routes


def due_items(
    services: CurrentServices, answer: Response, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> list[DueDocument]:
    """What waits over all cases, by date: one page; `X-Total-Count` says how much waits in all."""
    with services.database.reading() as session:
        answer.headers["X-Total-Count"] = str(dues.waiting(session, services.clock()).total)
        found = dues.listed(session, most=MOST, skip=(page - 1) * MOST)
        ids = {d.case_id for d in found}
        numbers = dict(session.execute(select(Case.id, Case.number).where(Case.id.in_(ids))).all())
    return [_due(d, numbers.get(d.case_id, ""), services.clock()) for d in found]


def _due(d: dues.Due, number: str, now: datetime) -> DueDocument:
    return DueDocument(
        case=number,
        case_id=d.case_id,
        regime=d.regime,
        duty=d.duty,
        what=d.what,
        mandatory=d.mandatory,
        due_at=d.due_at,
        local=d.local,
        time_zone=d.zone,
        by_law=d.by_law,
        running=d.running,
        overdue=d.overdue(now),
        words=d.words,
    )


def regimes() -> list[dict[str, str | None]]:
    """Every regime, with version and whether it was verified."""
    return explaining.listed(shipped())


def register(
    services: CurrentServices, answer: Response, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> list[dict[str, str]]:
    """The register of breaches: one page; `X-Total-Count` says how many entries there are."""
    with services.database.reading() as session:
        answer.headers["X-Total-Count"] = str(registering.entries_in_all(session))
        return registering.as_data(registering.entries(session, most=ENTRIES, skip=(page - 1) * ENTRIES))


def one_case(services: CurrentServices, case_id: str) -> CaseNoticesDocument:
    """The notices of one case."""
    now = services.clock()
    with acts.looking(services, case_id) as (session, work):
        hints = suggested(work)
        return CaseNoticesDocument(
            case=work.case.number,
            facts=work.digest,
            plan=printing.as_data(work.plan, work.facts, work.records),
            worksheet=[
                QuestionDocument(
                    code=q.code,
                    asks=q.asks,
                    answer=work.facts.answers.get(q.code),
                    suggested=hints[q.code].answer.value if q.code in hints else None,
                    because=hints[q.code].because if q.code in hints else None,
                )
                for q in worksheet.QUESTIONS.values()
            ],
            statements=[
                StatedDocument(key=s.key, value=s.value, why=s.why, by=s.by, at=s.at)
                for s in statements.history(session, work.case.id)
            ],
            decisions=[
                DecisionDocument(
                    id=r.id,
                    regime=r.regime,
                    duty=r.duty,
                    outcome=r.outcome,
                    reasons=r.reasons,
                    factors=r.factors,
                    by=r.by,
                    at=r.at,
                    rules=r.rules,
                    rule_version=r.rule_version,
                    facts=r.facts,
                    signature=r.signature,
                    intact=deciding.intact(r),
                    changed_since=deciding.older_facts(r, work),
                )
                for r in casework.decisions(session, work.case.id)
            ],
            filings=[
                FilingDocument(
                    **{name: getattr(r, name) for name in FilingDocument.model_fields},
                )
                for r in casework.filings(session, work.case.id)
            ],
            due=[_due(d, work.case.number, now) for d in dues.of_case(work)],
            mailings=[mailing_document(session, row) for row in mailing_acts.of_case(session, work.case.id)],
        )


def mailing_document(session: Session, row: Mailing) -> MailingDocument:
    """One mailing for programs."""
    found = mailings.progress(session, row.id)
    return MailingDocument(
        id=row.id,
        regime=row.regime,
        state=row.state,
        people=row.people,
        waiting=found.waiting,
        sending=found.sending,
        sent=found.sent,
        bounced=found.bounced,
        failed=found.failed,
        delete_at=row.delete_at,
        deleted_at=row.deleted_at,
    )


def form(services: CurrentServices, case_id: str, regime: str) -> list[dict[str, str]]:
    """The European form of 100 fields."""
    with acts.looking(services, case_id) as (_, work):
        return european_form.as_data(european(work, regime))


def state(services: CurrentServices, actor: CurrentActor, case_id: str, body: StateBody) -> dict[str, bool]:
    """States one thing about the case."""
    return {"changed": acts.state(services, actor, case_id, body.key, body.value, body.why)}


def sign(services: CurrentServices, actor: CurrentActor, case_id: str, body: SignBody) -> Done:
    """Signs a decision."""
    row = acts.sign(
        services,
        actor,
        case_id,
        regime=body.regime,
        duty=Duty(body.duty),
        outcome=Outcome(body.outcome),
        reasons=body.reasons,
        factors=body.factors,
        seen=body.facts,
    )
    return Done(id=row.id)


def file(services: CurrentServices, actor: CurrentActor, case_id: str, body: FileBody) -> Done:
    """Records a notice that left."""
    left = Left(
        body.regime,
        Duty(body.duty),
        Kind(body.kind),
        body.at,
        body.way,
        tuple(body.given) if body.given is not None else None,
        tuple(body.open) if body.open is not None else None,
        body.promised,
        body.reason,
    )
    return Done(id=acts.file(services, actor, case_id, left).id)
