"""Measures for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hedgerow.console import everybody_desk, measure_desk
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.edge_now import when
from hedgerow.console.everybody_desk import AskedWide
from hedgerow.console.measure_desk import Shown
from hedgerow.console.routes import api
from hedgerow.console.services import Services

SOME: Final = 500
"""Measures in one answer."""


class MeasureDocument(BaseModel):
    """One measure."""

    id: str
    site: str
    level: str
    """Empty where it is for everybody, and so is the name."""
    name: str
    act: str
    whom: str
    """Whom or what it is about, in words."""
    factor: int | None
    route: str | None
    field: str | None
    posture: str | None
    since: datetime
    until: datetime
    by: str
    why: str
    holds: bool
    hits: int | None
    """Requests it met since the gateway started; None when nobody can say."""
    last_met: datetime | None
    works: bool | None
    """Whether the gateway carries it out at this moment; None when nobody can say."""


class MeasuresDocument(BaseModel):
    """Measures, the newest first, one page of them."""

    measures: list[MeasureDocument]
    total: int
    problem: str
    """Why nobody can say what they met."""


Act = Literal["posture", "mask", "close"]


class WideInput(BaseModel):
    """A decision for everybody."""

    site: str = Field(max_length=100)
    act: Act
    what: str = Field(max_length=200)
    """`raised` or `high`; a field; a route."""
    route: str = Field(default="", max_length=200)
    """Where, for a posture and a field; empty: every route that shows people."""
    lasting: str = Field(default="12h", max_length=20)
    reason: str = Field(max_length=4_000)
    confirmed: bool = False
    """Whether somebody has looked who would be hit."""


class WideDocument(BaseModel):
    """A decision for everybody that was made."""

    measure: MeasureDocument
    replaced: list[str]
    """Identifiers of measures that it replaces."""
    edge: str
    """Whether the gateway has taken it up, in a sentence."""


class WideReachDocument(BaseModel):
    """Whom it would have met."""

    ordinary: int | None
    ledger: dict[str, Any] | None
    ledger_problem: str
    days: int
    caveat: str


class EndInput(BaseModel):
    """Why it ends before its time."""

    reason: str = Field(max_length=4_000)


class EndedDocument(BaseModel):
    """A measure that was ended."""

    id: str
    edge: str
    """Whether the gateway has taken it up, in a sentence."""


def measure_document(shown: Shown) -> MeasureDocument:
    """A measure for programs."""
    m = shown.measure
    return MeasureDocument(
        id=m.id,
        site=m.site,
        level=m.level,
        name=m.name,
        act=m.act.value,
        whom=m.whom,
        factor=m.factor,
        route=m.route,
        field=m.field,
        posture=m.posture,
        since=datetime.fromtimestamp(m.from_s, UTC),
        until=m.until,
        by=m.by,
        why=m.why,
        holds=shown.holds,
        hits=shown.hits,
        last_met=when(shown.last_ms),
        works=shown.standing.works if shown.standing else None,
    )


def router(services: Services) -> APIRouter:
    """Reading, and ending one."""
    routes = APIRouter(tags=["measures"])

    @api(routes, "/api/v1/measures", needs=Permission.SEE)
    def measures(
        *, ended: bool = False, site: str = "", page: Annotated[int, Query(ge=1, le=100_000)] = 1
    ) -> MeasuresDocument:
        rows, problem = measure_desk.listed(services, ended=ended, site=site[:100])
        some = rows[(page - 1) * SOME : page * SOME]
        return MeasuresDocument(measures=[measure_document(r) for r in some], total=len(rows), problem=problem)

    @api(routes, "/api/v1/measures/reach", needs=Permission.SEE)
    def reach(
        site: Annotated[str, Query(max_length=100)],
        act: Act,
        what: Annotated[str, Query(max_length=200)],
        route: Annotated[str, Query(max_length=200)] = "",
    ) -> WideReachDocument:
        target = everybody_desk.target_of(services, site, act, what, route)
        found = everybody_desk.estimate_everybody(services, site, target)
        return WideReachDocument(
            ordinary=found.ordinary,
            ledger=found.ledger,
            ledger_problem=found.ledger_problem,
            days=found.days,
            caveat=found.caveat,
        )

    @api(routes, "/api/v1/measures", needs=Permission.ACT, method="POST", status_code=201)
    def for_everybody(actor: CurrentActor, what: WideInput) -> WideDocument:
        asked = AskedWide(what.site, what.act, what.what, what.route, what.lasting, what.reason)
        measure, replaced, said = everybody_desk.set_for_everybody(services, actor, asked, confirmed=what.confirmed)
        shown = measure_document(Shown(measure, True, None, None))
        return WideDocument(measure=shown, replaced=[m.id for m in replaced], edge=said)

    @api(routes, "/api/v1/measures/{measure_id}/end", needs=Permission.ACT, method="POST")
    def end(actor: CurrentActor, measure_id: str, why: EndInput) -> EndedDocument:
        ended, said = measure_desk.end_measure(services, actor, measure_id, why.reason)
        return EndedDocument(id=ended.id, edge=said)

    return routes
