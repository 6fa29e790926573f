"""Cases as JSON: the list, one case, opening, notes, tasks, asking the ledger, severity, closing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.orm import Session

from hedgerow.cases.core import closing, counting, opening, working
from hedgerow.cases.core.containing import delays_of
from hedgerow.cases.core.listing import Wanted, list_cases
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.severity import by_judgement
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.case_parts import case_blockers
from hedgerow.console.pages.cases import ledgers, told
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.cases import Case

CaseState = Literal["open", "contained", "closing", "closed"]
Grade = Literal["none", "low", "medium", "high", "critical"]
Reason = Annotated[str, Field(min_length=1, max_length=4_000)]


class CaseLine(BaseModel):
    """One case of a list."""

    id: str
    number: str
    title: str
    site: str
    state: CaseState
    severity: Grade
    origin: Literal["rule", "person", "claim"]
    opened_at: datetime
    next_due_at: datetime | None
    open_tasks: int
    principals: int
    people_low: int | None
    people_high: int | None


class CaseList(BaseModel):
    """One page of cases."""

    cases: list[CaseLine]
    total: int
    page: int
    pages: int


class PrincipalDocument(BaseModel):
    """One principal of a case, by its keyed name."""

    id: str
    level: str
    name: str
    why: str
    people: int | None
    added_at: datetime
    removed_at: datetime | None


class FieldDocument(BaseModel):
    """One field, and whether it reached the other side."""

    name: str
    sensitivity: str
    mark: Literal["confirmed", "possible", "excluded"]
    reason: str
    people: int | None
    by: str
    ledger_says: str


class StepDocument(BaseModel):
    """One step of containment."""

    id: str
    step: str
    target: str
    reason: str
    started_at: datetime
    effective_at: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None
    ordinary_expected: int | None
    """Ordinary visitors that were expected to be hit; None where nobody knew."""
    by: str
    measure_id: str | None


class TaskDocument(BaseModel):
    """One task."""

    id: str
    title: str
    due_at: datetime | None
    assignee: str
    done_at: datetime | None
    outcome: str


class EventDocument(BaseModel):
    """One line of the timeline."""

    at: datetime
    noted_at: datetime
    kind: str
    what: str
    by: str


class EvidenceDocument(BaseModel):
    """One evidence pack."""

    name: str
    sha256: str
    made_at: datetime
    people: int
    records: int
    checked: str


class CaseDocument(BaseModel):
    """One case, without people's identifiers and without opened addresses."""

    id: str
    number: str
    title: str
    summary: str
    site: str
    state: CaseState
    severity: Grade
    severity_method: str
    origin: Literal["rule", "person", "claim"]
    opened_at: datetime
    opened_by: str
    period_since: datetime
    period_until: datetime | None
    detected_at: datetime
    first_disclosure_at: datetime | None
    last_disclosure_at: datetime | None
    contained_at: datetime | None
    to_detect_s: int | None
    to_contain_s: int | None
    from_detection_s: int | None
    people_low: int | None
    people_high: int | None
    people_method: str
    membership: int | None
    caveats: list[str]
    ties: list[str]
    principals: list[PrincipalDocument]
    fields: list[FieldDocument]
    containment: list[StepDocument]
    tasks: list[TaskDocument]
    evidence: list[EvidenceDocument]
    timeline: list[EventDocument]
    lessons: list[str]
    no_lesson_reason: str
    blockers: list[str]
    closed_at: datetime | None


class NewCase(BaseModel):
    """A case to open."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    site: Annotated[str, Field(min_length=1, max_length=100)]
    reason: Reason
    summary: Annotated[str, Field(max_length=20_000)] = ""
    since: AwareDatetime | None = None
    principals: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=500)] = []


class NewNote(BaseModel):
    """A note to add."""

    text: Annotated[str, Field(min_length=1, max_length=20_000)]


class NewTask(BaseModel):
    """A task to add."""

    title: Annotated[str, Field(min_length=1, max_length=300)]
    due_at: AwareDatetime | None = None


class NewCount(BaseModel):
    """A reason why the figure may change."""

    reason: Annotated[str, Field(max_length=4_000)] = ""


class NewSeverity(BaseModel):
    """A severity by judgement; by the score on the page."""

    severity: Grade
    reason: Reason


class Why(BaseModel):
    """A reason."""

    reason: Reason


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """Reading and writing."""
    routes = APIRouter(tags=["cases"])
    _read(routes)
    _write(routes)
    return routes


def _read(routes: APIRouter) -> None:
    @api(routes, "/api/v1/cases", needs=Permission.SEE)
    def cases(
        actor: CurrentActor,
        here: CurrentServices,
        state: Annotated[str, Query(max_length=20)] = "",
        severity: Annotated[str, Query(max_length=20)] = "",
        origin: Annotated[str, Query(max_length=20)] = "",
        site: Annotated[str, Query(max_length=100)] = "",
        q: Annotated[str, Query(max_length=200)] = "",
        mine: bool = False,
        order: Literal["deadline", "opened", "severity"] = "deadline",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> CaseList:
        wanted = Wanted(state, severity, origin, site, q, actor.id if mine else "", order, page)
        with here.database.reading() as session:
            found = list_cases(session, wanted)
        lines = [CaseLine.model_validate(line, from_attributes=True) for line in found.lines]
        return CaseList(cases=lines, total=found.total, page=found.page, pages=found.pages)

    @api(routes, "/api/v1/cases/{case_id}", needs=Permission.SEE)
    def one_case(here: CurrentServices, case_id: str) -> CaseDocument:
        with here.database.reading() as session, told():
            return case_document(session, working.find_case(session, case_id))


def _write(routes: APIRouter) -> None:
    def acting(here: Services, case_id: str, act: Callable[[Session, Case, datetime], object]) -> CaseDocument:
        with told(), here.database.session() as session:
            case = working.find_case(session, case_id)
            act(session, case, here.clock())
            session.flush()
            return case_document(session, case)

    @api(routes, "/api/v1/cases", needs=Permission.WORK_CASE, method="POST", status_code=201)
    def open_case(actor: CurrentActor, here: CurrentServices, new: NewCase) -> CaseDocument:
        with told():
            doors = ledgers(here)
            if new.site not in doors.sites():
                raise CaseError("there is no ledger of this site")
            refs = [doors.read_ref(new.site, text) for text in new.principals]
            if any(r.level is None for r in refs):
                raise CaseError("say the level of a keyed name, as in `account:1f0c9a7be2d4a1b2c3d4e5f6`")
            who = [opening.Who(r.level or "", r.name, new.reason) for r in refs]
            with here.database.session() as session:
                case = opening.open_by_person(
                    session,
                    actor,
                    here.clock(),
                    title=new.title,
                    site=new.site,
                    reason=new.reason,
                    summary=new.summary,
                    since=new.since,
                    principals=who,
                )
                return case_document(session, case)

    @api(routes, "/api/v1/cases/{case_id}/notes", needs=Permission.WORK_CASE, method="POST", status_code=201)
    def note(actor: CurrentActor, here: CurrentServices, case_id: str, new: NewNote) -> CaseDocument:
        return acting(here, case_id, lambda s, c, now: working.add_note(s, actor, now, c, new.text))

    @api(routes, "/api/v1/cases/{case_id}/tasks", needs=Permission.WORK_CASE, method="POST", status_code=201)
    def task(actor: CurrentActor, here: CurrentServices, case_id: str, new: NewTask) -> CaseDocument:
        return acting(here, case_id, lambda s, c, now: working.add_task(s, actor, now, c, new.title, new.due_at))

    @api(routes, "/api/v1/cases/{case_id}/count", needs=Permission.WORK_CASE, method="POST")
    def count(actor: CurrentActor, here: CurrentServices, case_id: str, new: NewCount) -> CaseDocument:
        with told():
            with here.database.reading() as session:
                question = counting.Question.of(working.find_case(session, case_id), here.clock())
            # A program waits for the answer; it has its turn like everybody.
            with here.long_work.turn("case"):
                answer = counting.ask(ledgers(here), question)
        return acting(here, case_id, lambda s, c, now: counting.keep(s, actor, now, c, answer, new.reason))

    @api(routes, "/api/v1/cases/{case_id}/severity", needs=Permission.DECIDE_CASE, method="POST")
    def severity(actor: CurrentActor, here: CurrentServices, case_id: str, new: NewSeverity) -> CaseDocument:
        return acting(
            here,
            case_id,
            lambda s, c, now: working.set_severity(s, actor, now, c, by_judgement(new.severity), new.reason),
        )

    @api(routes, "/api/v1/cases/{case_id}/close", needs=Permission.DECIDE_CASE, method="POST")
    def close(actor: CurrentActor, here: CurrentServices, case_id: str, why: Why) -> CaseDocument:
        return acting(
            here, case_id, lambda s, c, now: closing.close_case(s, actor, now, c, why.reason, case_blockers())
        )


def case_document(session: Session, case: Case) -> CaseDocument:
    """A case for programs."""
    took = delays_of(case)
    last = case.figures[-1] if case.figures else None
    return CaseDocument(
        **{
            name: getattr(case, name)
            for name in (
                *("id", "number", "title", "summary", "site", "state", "severity", "severity_method", "origin"),
                *("opened_at", "opened_by", "period_since", "period_until", "detected_at", "first_disclosure_at"),
                *(
                    "last_disclosure_at",
                    "contained_at",
                    "membership",
                    "caveats",
                    "ties",
                    "no_lesson_reason",
                    "closed_at",
                ),
            )
        },
        to_detect_s=took.to_detect_s,
        to_contain_s=took.to_contain_s,
        from_detection_s=took.from_detection_s,
        people_low=last.low if last else None,
        people_high=last.high if last else None,
        people_method=last.method if last else "",
        principals=[PrincipalDocument.model_validate(p, from_attributes=True) for p in case.principals],
        fields=[
            FieldDocument.model_validate(
                {
                    "name": f.name,
                    "sensitivity": f.sensitivity,
                    "mark": f.mark,
                    "reason": f.reason,
                    "people": f.people,
                    "by": f.by,
                    "ledger_says": f.proposed_mark,
                }
            )
            for f in case.fields
        ],
        containment=[StepDocument.model_validate(c, from_attributes=True) for c in case.containment],
        tasks=[TaskDocument.model_validate(t, from_attributes=True) for t in case.tasks],
        evidence=[EvidenceDocument.model_validate(e, from_attributes=True) for e in case.evidence],
        timeline=[EventDocument.model_validate(e, from_attributes=True) for e in case.events],
        lessons=[one.change for one in case.lessons],
        blockers=closing.blockers(session, case, case_blockers()) if case.state != "closed" else [],
    )
