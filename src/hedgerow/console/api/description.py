"""The API's own description (OpenAPI)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from hedgerow.console.access.roles import Permission
from hedgerow.console.routes import api
from hedgerow.console.services import Services


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """`/api/v1/openapi.json`."""
    routes = APIRouter()

    @api(routes, "/api/v1/openapi.json", needs=Permission.SEE, include_in_schema=False)
    def openapi(request: Request) -> dict[str, Any]:
        described: dict[str, Any] = request.app.openapi()
        return described

    return routes
