"""Measures: everything that is decided about principals and for everybody, what it met, and ending it earlier."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from hedgerow.console import everybody_desk, measure_desk
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.edge_now import when
from hedgerow.console.everybody_desk import AskedWide
from hedgerow.console.navigation import Entry
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import Services
from hedgerow.measures.everybody import Target

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
            wide=[everybody_desk.choices(services, site) for site in services.overviews.sites()],
            spans=list(measure_desk.SPANS.items()),
        )

    @action(routes, "/measures/everybody", needs=Permission.ACT)
    def for_everybody(
        request: Request,
        actor: CurrentActor,
        site: Annotated[str, Form(max_length=100)],
        decision: Annotated[str, Form(max_length=300)],
        route: Annotated[str, Form(max_length=200)] = "",
        lasting: Annotated[str, Form(max_length=20)] = "12h",
        reason: Annotated[str, Form(max_length=4_000)] = "",
        confirmed: Annotated[str, Form(max_length=5)] = "",
    ) -> Response:
        act, _, what = decision.partition(":")
        # What is closed is a route already.
        asked = AskedWide(site, act, what, "" if act == "close" else route, lasting, reason)
        if confirmed != "yes":
            measure = everybody_desk.measure_of(services, actor, asked)
            found = everybody_desk.estimate_everybody(services, site, Target.of(measure))
            return render(
                request, "measures/confirm.html", asked=asked, decision=decision, measure=measure, found=found
            )
        measure, _, said = everybody_desk.set_for_everybody(services, actor, asked, confirmed=True)
        return go(
            request, "/measures", f"{measure.whom.capitalize()}, until {measure.until:%d %b %Y, %H:%M} UTC. {said}"
        )

    @action(routes, "/measures/{measure_id}/end", needs=Permission.ACT)
    def end(
        request: Request,
        actor: CurrentActor,
        measure_id: str,
        reason: Annotated[str, Form(max_length=4_000)] = "",
    ) -> Response:
        ended, said = measure_desk.end_measure(services, actor, measure_id, reason)
        if ended.act.for_everybody:
            return go(request, "/measures", f"Ended. {said}")
        return go(request, f"/principals/{ended.site}/{ended.level}/{ended.name}", f"Ended. {said}")

    return routes
