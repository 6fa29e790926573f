"""Puts the console together: every page module that is there, the gate before each route, answers to problems."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Final

from fastapi import FastAPI

from hedgerow import __version__
from hedgerow.console import api, pages, static_files, twins
from hedgerow.console.access.gate import Declared
from hedgerow.console.answers import answer_problems
from hedgerow.console.guards import Guards
from hedgerow.console.live import Live
from hedgerow.console.navigation import Entry
from hedgerow.console.rendering import environment
from hedgerow.console.routes import declared_routes
from hedgerow.console.services import Services

_DESCRIPTION: Final = (
    "The console's JSON: every page has a twin here, with the same permission. Sign in with a token "
    "(`Authorization: Bearer hrt_...`, made under Account), or with the console's own cookie; then what changes "
    "something also needs the header `X-CSRF-Token`. Problems are documents after RFC 9457."
)


def create_app(services: Services) -> FastAPI:
    """The console as an ASGI application.

    Raises:
        UndeclaredError: a route does not say what it needs.
    """
    app = FastAPI(
        title="Hedgerow console",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.services = services
    app.state.live = Live(services.control, services.database)
    app.state.templates = environment()
    app.state.static = static_files.StaticFiles.read()
    table: list[Declared] = []
    navigation: list[Entry] = []
    modules = [*_modules(pages), *_modules(api)]
    routers = [static_files.router(app.state.static), *(m.router(services) for m in modules)]
    fixed, with_parameters = twins.routers([r for router in routers for r in router.routes])
    for router in (fixed, *routers, with_parameters):
        table += declared_routes(router.routes)
        app.include_router(router)
    for module in modules:
        navigation += getattr(module, "NAVIGATION", ())
    app.state.table = tuple(table)
    app.state.navigation = tuple(sorted(navigation, key=lambda e: (e.order, e.label)))
    answer_problems(app)
    app.add_middleware(
        Guards,
        hosts=frozenset(h.lower() for h in services.settings.hosts),
        body_bytes=services.settings.body_bytes,
        https=services.settings.https,
    )
    return app


def route_table(app: FastAPI) -> tuple[Declared, ...]:
    """Every route with what it needs: what the tests of roles and forms are generated from."""
    table: tuple[Declared, ...] = app.state.table
    return table


def _modules(package: ModuleType) -> list[ModuleType]:
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__))
    found = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [m for m in found if hasattr(m, "router")]
