"""Claims as JSON: the list and one claim. What was sent is not in it; deciding takes two people at the screen."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from hedgerow.cases.claims.deciding import obstacles
from hedgerow.cases.claims.listing import list_claims
from hedgerow.cases.claims.receiving import find_claim
from hedgerow.console.access.roles import Permission
from hedgerow.console.pages.cases import told
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.claims import Claim

ClaimState = Literal["received", "examining", "genuine", "unfounded", "hoax"]


class ClaimLine(BaseModel):
    """One claim of a list."""

    id: str
    number: str
    site: str
    source: str
    subject: str
    state: ClaimState
    received_at: datetime
    acknowledge_by: datetime
    acknowledged_at: datetime | None
    examine_by: datetime
    decided_at: datetime | None
    case_id: str | None


class ClaimList(BaseModel):
    """One page of claims."""

    claims: list[ClaimLine]
    total: int
    page: int
    pages: int


class SampleDocument(BaseModel):
    """One sample, without its content."""

    kind: str
    outcome: Literal["genuine", "no_match", "not_checked"]
    why: str
    added_at: datetime


class CorrelationDocument(BaseModel):
    """Who was shown the sampled people: keyed names, no people."""

    ran_at: datetime
    since: datetime
    until: datetime
    people: int
    found: list[dict[str, Any]]
    method: str
    caveats: list[str]


class ClaimDocument(ClaimLine):
    """One claim."""

    summary: str
    decision_reason: str
    proposed_by: str | None
    samples: list[SampleDocument]
    correlations: list[CorrelationDocument]
    obstacles: list[str]
    """Why it cannot be dismissed now."""


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """Reading."""
    routes = APIRouter(tags=["claims"])

    @api(routes, "/api/v1/claims", needs=Permission.SEE)
    def claims(
        here: CurrentServices,
        state: Annotated[str, Query(max_length=20)] = "",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> ClaimList:
        with here.database.reading() as session:
            found = list_claims(session, state, page)
            lines = [ClaimLine.model_validate(c, from_attributes=True) for c in found.claims]
        return ClaimList(claims=lines, total=found.total, page=found.page, pages=found.pages)

    @api(routes, "/api/v1/claims/{claim_id}", needs=Permission.SEE)
    def one_claim(here: CurrentServices, claim_id: str) -> ClaimDocument:
        with here.database.reading() as session, told():
            return claim_document(find_claim(session, claim_id), here.clock())

    return routes


def claim_document(claim: Claim, now: datetime) -> ClaimDocument:
    """A claim for programs."""
    line = ClaimLine.model_validate(claim, from_attributes=True)
    return ClaimDocument(
        **line.model_dump(),
        summary=claim.summary,
        decision_reason=claim.decision_reason,
        proposed_by=claim.hoax_proposed_by,
        samples=[SampleDocument.model_validate(s, from_attributes=True) for s in claim.samples],
        correlations=[CorrelationDocument.model_validate(c, from_attributes=True) for c in claim.correlations],
        obstacles=obstacles(claim, now) if claim.decided_at is None else [],
    )
