"""Principals for programs: keyed names, figures, reasons. No people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from hedgerow.console import measure_desk, principal_figures, today_figures
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.api.measures import MeasureDocument, measure_document
from hedgerow.console.edge_now import EdgeNow, TopPrincipal
from hedgerow.console.measure_desk import Asked
from hedgerow.console.principal_figures import Record
from hedgerow.console.routes import api
from hedgerow.console.services import Services
from hedgerow.console.today_figures import Curious, SiteFigures


class PrincipalsDocument(BaseModel):
    """Who reads how many people: now by the gateway, over 30 days by the ledger."""

    edge: EdgeNow
    month: list[SiteFigures]


class PrincipalDocument(BaseModel):
    """One principal."""

    site: str
    level: str
    name: str
    live: TopPrincipal | None
    """None when it is not among those who read most now."""
    month: Curious | None
    """None when it is not among the most curious of 30 days."""
    measures: list[MeasureDocument]


class ReasonDocument(BaseModel):
    """A reason in its entries of 30 days."""

    code: str
    sentence: str
    against: bool
    entries: int
    first: datetime
    last: datetime


class WindowDocument(BaseModel):
    """What it has seen in one window."""

    days: int
    people: int
    at_most: int | None
    share: float | None
    method: str


class EntryDocument(BaseModel):
    """One entry: how many people, and none of them."""

    at: datetime
    kind: str
    action: str | None
    mode: str | None
    route: str | None
    reference: str | None
    people: int
    reasons: list[str]


class RecordDocument(BaseModel):
    """The record of one principal."""

    known: bool
    people: int
    disclosures: int
    withheld: int
    first: datetime | None
    last: datetime | None
    fields: dict[str, int]
    reasons: list[ReasonDocument]
    windows: list[WindowDocument]
    members: int
    caveats: list[str]
    entries: list[EntryDocument]
    older: str | None
    """Give it as `before` for the entries before these."""


class ReachDocument(BaseModel):
    """Who would be hit by a measure."""

    ordinary: int | None
    live: dict[str, Any] | None
    live_problem: str
    ledger: dict[str, Any] | None
    ledger_problem: str
    days: int
    caveat: str


class MeasureInput(BaseModel):
    """What to decide. `confirmed` is needed where many may be behind the principal: ask for `reach` first."""

    act: str = Field(max_length=20)
    lasting: str = Field(max_length=20, description="30m, 12h, 2d or 1w")
    factor: int | None = Field(default=None, ge=2, le=100)
    reason: str = Field(max_length=4_000)
    confirmed: bool = False


class MadeDocument(BaseModel):
    """A measure that was set."""

    measure: MeasureDocument
    edge: str
    """Whether the gateway has taken it up, in a sentence."""


_ONE = "/api/v1/principals/{site}/{level}/{name}"


def router(services: Services) -> APIRouter:
    """Reading, and deciding."""
    routes = APIRouter(tags=["principals"])

    @api(routes, "/api/v1/principals", needs=Permission.SEE)
    def principals(request: Request) -> PrincipalsDocument:
        edge = today_figures.edge(request, services)
        today_figures.signals(services, edge)
        sites = today_figures.sites_of(services, edge)
        return PrincipalsDocument(edge=edge, month=[today_figures.of_site(services.overviews.of(s)) for s in sites])

    @api(routes, _ONE, needs=Permission.SEE)
    def one(request: Request, site: str, level: str, name: str) -> PrincipalDocument:
        principal_figures.checked(services, site, level, name)
        edge = today_figures.edge(request, services)
        today_figures.signals(services, edge)
        rows, _ = measure_desk.of_principal(services, site, level, name)
        return PrincipalDocument(
            site=site,
            level=level,
            name=name,
            live=principal_figures.now_of(edge, site, level, name),
            month=principal_figures.month_of(services, site, level, name),
            measures=[measure_document(r) for r in rows],
        )

    @api(routes, _ONE + "/record", needs=Permission.SEE)
    def record(site: str, level: str, name: str, before: Annotated[str, Query(max_length=100)] = "") -> RecordDocument:
        principal_figures.checked(services, site, level, name)
        mark = principal_figures.read_mark(before)
        # A program waits for the answer; it has its turn like everybody.
        with services.long_work.turn("look"):
            return _record(principal_figures.record_of(services, site, level, name, mark))

    @api(routes, _ONE + "/reach", needs=Permission.SEE)
    def reach(site: str, level: str, name: str) -> ReachDocument:
        principal_figures.checked(services, site, level, name)
        with services.long_work.turn("look"):
            found = measure_desk.estimate(services, site, level, name)
        return ReachDocument(
            ordinary=found.ordinary,
            live=found.live,
            live_problem=found.live_problem,
            ledger=found.ledger,
            ledger_problem=found.ledger_problem,
            days=found.days,
            caveat=found.caveat,
        )

    @api(routes, _ONE + "/measures", needs=Permission.ACT, method="POST", status_code=201)
    def set_measure(actor: CurrentActor, site: str, level: str, name: str, what: MeasureInput) -> MadeDocument:
        principal_figures.checked(services, site, level, name)
        asked = Asked(site, level, name, what.act, what.lasting, what.factor, what.reason)
        measure, said = measure_desk.set_measure(services, actor, asked, confirmed=what.confirmed)
        shown = measure_desk.Shown(measure, True, None, None)
        return MadeDocument(measure=measure_document(shown), edge=said)

    return routes


def _record(found: Record) -> RecordDocument:
    return RecordDocument(
        known=found.known,
        people=found.people,
        disclosures=found.disclosures,
        withheld=found.withheld,
        first=found.first,
        last=found.last,
        fields=found.fields,
        reasons=[
            ReasonDocument(
                code=t.reason.code,
                sentence=t.sentence,
                against=t.against,
                entries=t.reason.times,
                first=t.reason.first,
                last=t.reason.last,
            )
            for t in found.reasons
        ],
        windows=[
            WindowDocument(days=w.days, people=w.people, at_most=w.at_most, share=found.share(w), method=w.method)
            for w in found.windows
        ],
        members=found.members.number,
        caveats=found.caveats,
        entries=[
            EntryDocument(
                at=e.at,
                kind=e.kind,
                action=e.facts.get("act"),
                mode=e.facts.get("mode"),
                route=e.facts.get("r"),
                reference=e.facts.get("ref"),
                people=len(e.people),
                reasons=list(e.facts.get("why", [])),
            )
            for e in found.entries
        ],
        older=str(found.older) if found.older else None,
    )
