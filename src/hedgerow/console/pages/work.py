"""Long work that pages began: what is being done now. The page that began it asks for this every second."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from hedgerow.console.access.roles import Permission
from hedgerow.console.problems import NotFound
from hedgerow.console.rendering import render
from hedgerow.console.routes import page
from hedgerow.console.services import CurrentServices, Services


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """One note."""
    routes = APIRouter()

    @page(routes, "/work/{work_id}", needs=Permission.SEE)
    def note(request: Request, services: CurrentServices, work_id: str) -> Response:
        work = services.long_work.find(work_id)
        if work is None:
            raise NotFound("This is not known any more; the page it began on says how it ended.")
        answer = render(request, "work/note.html", work=work)
        if not work.running and request.headers.get("hx-request") == "true":
            # The whole page: what was found stands in several of its parts.
            answer.headers["hx-refresh"] = "true"
        return answer

    return routes
