"""Measures for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hedgerow.console import measure_desk
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.edge_now import when
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
    name: str
    act: str
    factor: int | None
    since: datetime
    until: datetime
    by: str
    why: str
    holds: bool
    hits: int | None
    """Requests it met since the gateway started; None when nobody can say."""
    last_met: datetime | None


class MeasuresDocument(BaseModel):
    """Measures, the newest first, one page of them."""

    measures: list[MeasureDocument]
    total: int
    problem: str
    """Why nobody can say what they met."""


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
        factor=m.factor,
        since=datetime.fromtimestamp(m.from_s, UTC),
        until=m.until,
        by=m.by,
        why=m.why,
        holds=shown.holds,
        hits=shown.hits,
        last_met=when(shown.last_ms),
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

    @api(routes, "/api/v1/measures/{measure_id}/end", needs=Permission.ACT, method="POST")
    def end(actor: CurrentActor, measure_id: str, why: EndInput) -> EndedDocument:
        ended, said = measure_desk.end_measure(services, actor, measure_id, why.reason)
        return EndedDocument(id=ended.id, edge=said)

    return routes
