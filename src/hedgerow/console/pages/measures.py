"""Measures: everything that is decided about principals, what it met, and ending it before its time."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from hedgerow.console import measure_desk
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.edge_now import when
from hedgerow.console.navigation import Entry
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import Services

NAVIGATION: Final = (Entry(25, "Measures", "/measures", Permission.SEE),)
PAGE: Final = 50


def router(services: Services) -> APIRouter:
    """The list, and the end of one."""
    routes = APIRouter()

    @page(routes, "/measures", needs=Permission.SEE)
    def measures(
        request: Request,
        ended: Annotated[str, Query(max_length=5)] = "",
        number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    ) -> Response:
        rows, problem = measure_desk.listed(services, ended=bool(ended))
        pages = max(1, -(-len(rows) // PAGE))
        number = min(number, pages)
        return render(
            request,
            "measures/list.html",
            rows=rows[(number - 1) * PAGE : number * PAGE],
            total=len(rows),
            number=number,
            pages=pages,
            problem=problem,
            ended=ended,
            when=when,
        )

    @action(routes, "/measures/{measure_id}/end", needs=Permission.ACT)
    def end(
        request: Request,
        actor: CurrentActor,
        measure_id: str,
        reason: Annotated[str, Form(max_length=4_000)] = "",
    ) -> Response:
        ended, said = measure_desk.end_measure(services, actor, measure_id, reason)
        return go(request, f"/principals/{ended.site}/{ended.level}/{ended.name}", f"Ended. {said}")

    return routes
