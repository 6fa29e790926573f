"""Containment of a case as JSON: all levels, whom a step would hit, taking one, ending one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hedgerow.cases.core import containing, working
from hedgerow.cases.core.containing import times_of
from hedgerow.console import containment_desk
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.api.cases import Reason, StepDocument
from hedgerow.console.case_parts import measures_of
from hedgerow.console.pages.cases import told
from hedgerow.console.problems import Conflict
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.cases import Case


class StandingDocument(StepDocument):
    """One step, and how it stands at the gateway."""

    edge: str


class LevelDocument(BaseModel):
    """One level of containment."""

    step: str
    title: str
    sentence: str
    on: Literal["principal", "everybody", "outside"]
    contains: bool
    taken: list[StandingDocument]


class ContainmentDocument(BaseModel):
    """Containment on one screen."""

    first_effective_at: datetime | None
    full_at: datetime | None
    to_first_s: int | None
    """From the opening of the case."""
    to_full_s: int | None
    levels: list[LevelDocument]
    for_everybody: list[str]
    """What can be taken for everybody: `mask|field:email`, a step and its target."""


class ReachedDocument(BaseModel):
    """Whom one target of a step would hit."""

    target: str
    ordinary: int | None
    live: dict[str, Any] | None
    ledger: dict[str, Any] | None
    caveat: str


class NewStep(BaseModel):
    """A step to take."""

    step: Annotated[str, Field(max_length=20)]
    targets: Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1, max_length=500)]
    hours: Annotated[int, Field(ge=1, le=90 * 24)]
    reason: Reason
    confirmed: bool = False
    """Whether somebody has looked who would be hit."""


class EndStep(BaseModel):
    """Why a step ends before its time."""

    reason: Reason


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """Reading, asking, taking, ending."""
    routes = APIRouter(tags=["cases"])

    @api(routes, "/api/v1/cases/{case_id}/containment", needs=Permission.SEE)
    def containment(here: CurrentServices, case_id: str) -> ContainmentDocument:
        with told(), here.database.reading() as session:
            return _containment(here, working.find_case(session, case_id))

    @api(routes, "/api/v1/cases/{case_id}/containment/reach", needs=Permission.SEE)
    def reach(
        here: CurrentServices,
        case_id: str,
        step: Annotated[str, Query(max_length=20)],
        target: Annotated[list[Annotated[str, Field(max_length=300)]], Query(min_length=1, max_length=20)],
    ) -> list[ReachedDocument]:
        with told():
            site, _ = containment_desk.site_of(here, case_id)
            found = containment_desk.expected(here, site, step, target)
        return [
            ReachedDocument(
                target=e.target,
                ordinary=e.found.ordinary,
                live=e.found.live,
                ledger=e.found.ledger,
                caveat=e.found.caveat,
            )
            for e in found
        ]

    @api(routes, "/api/v1/cases/{case_id}/containment", needs=Permission.WORK_CASE, method="POST", status_code=201)
    def take_step(here: CurrentServices, actor: CurrentActor, case_id: str, what: NewStep) -> ContainmentDocument:
        with told():
            site, _ = containment_desk.site_of(here, case_id)
            hit = containment_desk.expected(here, site, what.step, what.targets)
            if hit and not what.confirmed:
                raise Conflict("Look first who would be hit, then confirm.")
            with here.database.session() as session:
                case = working.find_case(session, case_id)
                containment_desk.take(
                    here,
                    session,
                    actor,
                    case,
                    step=what.step,
                    targets=what.targets,
                    hours=what.hours,
                    reason=what.reason,
                    hit=hit,
                )
        return containment(here, case_id)

    @api(routes, "/api/v1/cases/{case_id}/containment/{step_id}/end", needs=Permission.WORK_CASE, method="POST")
    def end_step(
        here: CurrentServices, actor: CurrentActor, case_id: str, step_id: str, why: EndStep
    ) -> ContainmentDocument:
        with told(), here.database.session() as session:
            case = working.find_case(session, case_id)
            containing.end_step(session, actor, here.clock(), case, measures_of(here), step_id, why.reason)
        return containment(here, case_id)

    return routes


def _containment(here: Services, case: Case) -> ContainmentDocument:
    took = times_of(case)
    wide, _ = containment_desk.wide_choices(here, case.site)
    return ContainmentDocument(
        first_effective_at=took.first_effective_at,
        full_at=took.full_at,
        to_first_s=took.to_first_s,
        to_full_s=took.to_full_s,
        levels=[
            LevelDocument.model_validate(
                {
                    "step": level.step.name,
                    "title": level.step.title,
                    "sentence": level.step.sentence,
                    "on": level.step.on,
                    "contains": level.step.contains,
                    "taken": [
                        {**StepDocument.model_validate(r.row, from_attributes=True).model_dump(), "edge": r.edge}
                        for r in level.rows
                    ],
                }
            )
            for level in containment_desk.levels(here, case)
        ],
        for_everybody=[value for value, _ in wide],
    )
