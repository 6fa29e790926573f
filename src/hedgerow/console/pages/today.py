"""Today: what happens now, what happened in 24 hours, and what needs a decision with its deadline."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from hedgerow.console import today_figures
from hedgerow.console.access.roles import Permission
from hedgerow.console.dues import due_items
from hedgerow.console.navigation import Entry
from hedgerow.console.rendering import render
from hedgerow.console.routes import page
from hedgerow.console.services import Services

NAVIGATION: Final = (Entry(10, "Today", "/", Permission.SEE),)
POSTURE_TONES: Final = {"calm": "calm", "raised": "watch", "high": "alarm"}


def router(services: Services) -> APIRouter:
    """The first page, and the parts of it that are told live."""
    routes = APIRouter()

    @page(routes, "/", needs=Permission.SEE)
    def today(request: Request) -> Response:
        values = _now(request, services)
        sites = [today_figures.of_site(services.overviews.of(s)) for s in values["names"]]
        return render(request, "today.html", sites=sites, **_due(services), **values)

    @page(routes, "/today/now", needs=Permission.SEE)
    def now(request: Request) -> Response:
        return render(request, "today/now.html", **_now(request, services))

    @page(routes, "/today/due", needs=Permission.SEE)
    def due(request: Request) -> Response:
        return render(request, "today/due.html", **_due(services))

    return routes


def _now(request: Request, services: Services) -> dict[str, Any]:
    edge = today_figures.edge(request, services)
    told = today_figures.signals(services, edge)
    return {
        "edge": edge,
        "signals": told,
        "names": today_figures.sites_of(services, edge),
        "posture_tones": POSTURE_TONES,
    }


def _due(services: Services) -> dict[str, Any]:
    with services.database.reading() as session:
        return {"due": due_items(session, services)}
