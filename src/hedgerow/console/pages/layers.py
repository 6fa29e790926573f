"""People map and layers: which routes show people, what protects each, and which expectation that meets."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from hedgerow.console.access.roles import Permission
from hedgerow.console.navigation import Entry
from hedgerow.console.protections import in_force
from hedgerow.console.rendering import render
from hedgerow.console.routes import api, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.policy.defaults import SENSITIVITIES
from hedgerow.policy.layers import EXPECTATIONS, LEAST, Protection

NAVIGATION: Final = (
    Entry(60, "People map", "/people-map", Permission.SEE),
    Entry(80, "Layers", "/layers", Permission.SEE),
)


class LayerDocument(BaseModel):
    """One layer on one route."""

    layer: str
    acts: bool
    how: str
    expectation: str
    source: str


class ProtectionDocument(BaseModel):
    """One route that shows people."""

    site: str
    route: str
    path: str
    kind: str
    fields: dict[str, str]
    """Field and sensitivity."""
    thin: bool
    """Fewer than three layers act."""
    layers: list[LayerDocument]


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The two pages and their twin."""
    routes = APIRouter()

    @page(routes, "/people-map", needs=Permission.SEE)
    def people_map(request: Request, services: CurrentServices) -> Response:
        found = in_force(services)
        return render(
            request,
            "policy/people_map.html",
            sites=[(site, _of(found.protections, site.text("name"))) for site in found.compiled.sites],
            sensitivities=SENSITIVITIES,
            proposal=services.folder.proposal.exists(),
        )

    @page(routes, "/layers", needs=Permission.SEE)
    def layers(request: Request, services: CurrentServices) -> Response:
        found = in_force(services)
        return render(
            request,
            "policy/layers.html",
            sites=[(site, _of(found.protections, site.text("name"))) for site in found.compiled.sites],
            modes=found.modes,
            thin=[p for p in found.protections if p.thin],
            least=LEAST,
            expectations=EXPECTATIONS,
        )

    @api(routes, "/api/v1/layers", needs=Permission.SEE)
    def layers_document(services: CurrentServices) -> list[ProtectionDocument]:
        return [_document(p) for p in in_force(services).protections]

    return routes


def _of(protections: tuple[Protection, ...], site: str) -> list[Protection]:
    return [p for p in protections if p.site == site]


def _document(p: Protection) -> ProtectionDocument:
    return ProtectionDocument(
        site=p.site,
        route=p.route,
        path=p.path,
        kind=p.kind,
        fields=dict(p.fields),
        thin=p.thin,
        layers=[
            LayerDocument(
                layer=a.layer, acts=a.acts, how=a.how, expectation=a.expectation.words, source=a.expectation.source
            )
            for a in p.layers
        ],
    )
