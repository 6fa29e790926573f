"""The first page for programs."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel

from hedgerow.console import today_figures
from hedgerow.console.access.roles import Permission
from hedgerow.console.dues import due_items
from hedgerow.console.edge_now import EdgeNow
from hedgerow.console.routes import api
from hedgerow.console.services import Services
from hedgerow.console.today_figures import SiteFigures


class DueDocument(BaseModel):
    """One thing that waits for a person."""

    what: str
    by: datetime | None
    at_once: bool
    href: str
    kind: str


class SignalDocument(BaseModel):
    """A signal of the last minutes, in a sentence, and how many entries bear it."""

    site: str
    sentence: str
    entries: int


class TodayDocument(BaseModel):
    """What happens now, what happened in 24 hours, what needs a decision."""

    now: datetime
    edge: EdgeNow
    signals: list[SignalDocument]
    sites: list[SiteFigures]
    due: list[DueDocument]


def router(services: Services) -> APIRouter:
    """Reading."""
    routes = APIRouter(tags=["today"])

    @api(routes, "/api/v1/today", needs=Permission.SEE)
    def today(request: Request) -> TodayDocument:
        edge = today_figures.edge(request, services)
        told = today_figures.signals(services, edge)
        with services.database.reading() as session:
            due = due_items(session, services)
        return TodayDocument(
            now=services.clock(),
            edge=edge,
            signals=[
                SignalDocument(site=site, sentence=words, entries=n)
                for site, found in told.items()
                for words, n in found
            ],
            sites=[today_figures.of_site(services.overviews.of(s)) for s in today_figures.sites_of(services, edge)],
            due=[DueDocument(what=d.what, by=d.by, at_once=d.at_once, href=d.href, kind=d.kind) for d in due],
        )

    return routes
