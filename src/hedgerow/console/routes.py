"""How every route is declared: with what it needs, or the app does not start.

    from hedgerow.console.routes import PUBLIC, SIGNED_IN, action, api, page

    def router(services: Services) -> APIRouter:
        routes = APIRouter()

        @page(routes, "/cases/{case_id}", needs=Permission.SEE)
        def one_case(request: Request, case_id: str, actor: CurrentActor) -> Response: ...

        @action(routes, "/cases/{case_id}/close", needs=Permission.DECIDE_CASE)
        def close(request: Request, case_id: str, reason: Annotated[str, Form(max_length=4_000)]) -> Response: ...

        @api(routes, "/api/v1/cases/{case_id}", needs=Permission.SEE)
        def case_document(case_id: str) -> CaseDocument: ...

        return routes

Types in an endpoint's signature stand at the module's level: FastAPI looks for them there.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from hedgerow.console.access.gate import Declared, Kind, Mark, Needs, let_in

PUBLIC: Final = Mark.PUBLIC
SIGNED_IN: Final = Mark.SIGNED_IN
API: Final = "/api/v1/"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class UndeclaredError(RuntimeError):
    """A route that does not say what it needs; the app does not start with it."""


class GatedRoute(APIRoute):
    """A route behind its gate: nothing of a request is read before `let_in` has agreed."""

    declared: Declared | None = None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint's handler, behind the gate."""
        inner = super().get_route_handler()

        async def gated(request: Request) -> Response:
            if self.declared is None:
                raise UndeclaredError(self.path)
            request.state.declared = self.declared
            await let_in(request, self.declared)
            return await inner(request)

        return gated


def page(router: APIRouter, path: str, *, needs: Needs, fresh: bool = False) -> Callable[[Endpoint], Endpoint]:
    """A page: GET, answers HTML (`hedgerow.console.rendering.render`)."""
    return _declare(router, "page", "GET", path, needs, fresh, {"response_class": HTMLResponse, **_NO_SCHEMA})


def action(router: APIRouter, path: str, *, needs: Needs, fresh: bool = False) -> Callable[[Endpoint], Endpoint]:
    """What a form does: POST with the hidden `csrf` field, answers 303 (`rendering.go`) or an htmx fragment.

    Args:
        router: of the page module.
        path: where the form goes.
        needs: the permission.
        fresh: whether they must have proven within the last minutes who they are: for dangerous acts.
    """
    return _declare(router, "action", "POST", path, needs, fresh, {"response_class": HTMLResponse, **_NO_SCHEMA})


def api(
    router: APIRouter, path: str, *, needs: Needs, method: str = "GET", fresh: bool = False, **more: Any
) -> Callable[[Endpoint], Endpoint]:
    """A JSON twin below /api/v1/; the answer's shape is the return type. `more` goes to FastAPI as it is."""
    if not path.startswith(API):
        raise UndeclaredError(f"{path}: JSON stands below {API}")
    more["responses"] = {**_PROBLEMS, **more.get("responses", {})}
    return _declare(router, "api", method.upper(), path, needs, fresh, more)


# What `answers.py` says to programs; naming it keeps FastAPI from describing its own document of wrong fields.
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {
        "description": "A problem, in plain words (RFC 9457)",
        "content": {
            "application/problem+json": {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail", "reference"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "reference": {"type": "string"},
                        "errors": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["where", "what"],
                                "properties": {"where": {"type": "string"}, "what": {"type": "string"}},
                            },
                        },
                    },
                }
            }
        },
    }
}
_NO_SCHEMA: Final[dict[str, Any]] = {"include_in_schema": False, "response_model": None}


def _declare(
    router: APIRouter, kind: Kind, method: str, path: str, needs: Needs, fresh: bool, more: dict[str, Any]
) -> Callable[[Endpoint], Endpoint]:
    def take(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(path, endpoint, methods=[method], route_class_override=GatedRoute, **more)
        route = router.routes[-1]
        if not isinstance(route, GatedRoute):
            raise UndeclaredError(path)
        route.declared = Declared(kind, method, path, needs, fresh)
        return endpoint

    return take


def declared_routes(routes: list[BaseRoute]) -> Iterator[Declared]:
    """The route table of one module's router.

    Raises:
        UndeclaredError: a route was made past `page`, `action` and `api`.
    """
    for route in routes:
        if not isinstance(route, GatedRoute) or route.declared is None:
            raise UndeclaredError(
                f"{getattr(route, 'path', route)} does not say what it needs: "
                "declare it with page(), action() or api() of hedgerow.console.routes"
            )
        yield route.declared
