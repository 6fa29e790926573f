"""Today: what happens now and what needs a decision."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from hedgerow.console.access.roles import Permission
from hedgerow.console.navigation import Entry
from hedgerow.console.rendering import render
from hedgerow.console.routes import page
from hedgerow.console.services import Services

NAVIGATION: Final = (Entry(10, "Today", "/", Permission.SEE),)


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The first page."""
    routes = APIRouter()

    @page(routes, "/", needs=Permission.SEE)
    def today(request: Request) -> Response:
        return render(request, "today.html")

    return routes
