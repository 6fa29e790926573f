"""`/metrics` for Prometheus: for this machine, or for whoever has the token."""

from __future__ import annotations

import hmac
import ipaddress

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from hedgerow.console.figures import Gatherer
from hedgerow.console.routes import PUBLIC, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.outward import metrics
from hedgerow.outward import settings as outward_settings
from hedgerow.outward.settings import Outward, OutwardError

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def router(services: Services) -> APIRouter:
    """The one route. It is public for the gate of roles, and has a gate of its own: programs have no role."""
    routes = APIRouter()
    gatherer = Gatherer(services)

    @page(routes, "/metrics", needs=PUBLIC)
    def figures(request: Request, here: CurrentServices) -> Response:
        try:
            settings = here.outward.current()
            refused = _refused(request, here, settings)
        except OutwardError as e:
            return PlainTextResponse(f"{e}\n", 503)
        if refused:
            return PlainTextResponse(refused, 401, headers={"www-authenticate": 'Bearer realm="hedgerow-metrics"'})
        text = metrics.exposition(gatherer.gather())
        return Response(text, media_type=None, headers={"content-type": metrics.CONTENT_TYPE})

    return routes


def _refused(request: Request, services: Services, settings: Outward) -> str:
    """Empty when the figures may be seen, else what to do."""
    if settings.metrics_token_file is not None:
        wanted = outward_settings.secret_of(settings.metrics_token_file)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), wanted.encode()):
            return ""
        return "Send the token of [metrics] token_file as Authorization: Bearer.\n"
    # Behind a proxy everybody comes from this machine: then only a token tells one from another.
    proxied = services.settings.https or any(name in request.headers for name in _FORWARDED)
    if not proxied and request.client is not None and _loopback(request.client.host):
        return ""
    return "Without [metrics] token_file in outward.toml, only this machine may ask.\n"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
