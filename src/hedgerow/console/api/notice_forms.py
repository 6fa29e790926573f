"""The JSON twins of what is written for notices: the authority's form, the people's draft, lateness, public notices."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from hedgerow.cases.filing import mailings
from hedgerow.cases.notices import european_form, explaining
from hedgerow.cases.notices.codes import MEANINGS, Duty
from hedgerow.cases.notices.contents import authority_form
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.languages import languages
from hedgerow.cases.notices.loading import shipped
from hedgerow.console import notice_acts as acts
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.api.notices import Strict
from hedgerow.console.pages.notice_filings import EUROPEAN, european, write_answers
from hedgerow.console.problems import NotFound
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services

Long = Annotated[str, Field(max_length=20_000)]
People = Annotated[int, Field(ge=0, le=10_000_000_000)]


class RegimeDocument(BaseModel):
    """One regime in words."""

    id: str
    title: str
    version: date
    status: str
    verified: str
    unverified: list[str]
    places: list[str]
    authority: str
    explained: list[str]
    sources: list[str]
    notes: list[str]


class ContentDocument(BaseModel):
    """One content of the authority's notice."""

    code: str
    meaning: str
    state: Literal["filled", "missing", "not_needed"]
    lines: list[str]
    asked_by: str
    supplied_by: str


class FormDocument(BaseModel):
    """The authority's notice, content by content, and the European form where it is one."""

    regime: str
    contents: list[ContentDocument]
    missing: list[str]
    missing_by_law: list[str]
    annexes: list[str]
    european: list[dict[str, str]]


class AnswersBody(Strict):
    """Answers to fields of the European form."""

    fields: dict[Annotated[str, Field(max_length=60)], Long] = Field(max_length=200)
    """Text by field."""
    confirm: list[Annotated[str, Field(max_length=60)]] = Field([], max_length=200)
    """Fields whose suggestion is taken over as it is."""


class Written(BaseModel):
    """How much was written."""

    changed: int


class DraftDocument(BaseModel):
    """The people's notice in one language."""

    regime: str
    language: str
    subject: str
    text: str
    ready: bool
    lacking: list[str]
    missing: list[str]
    forbidden: list[str]
    formula: str
    score: float
    limit: float


class LateBody(Strict):
    """Why something is late."""

    regime: str = Field(max_length=20)
    duty: Literal["authority", "people", "third_parties"]
    text: Long


class PublicBody(Strict):
    """A public notice instead of telling each person."""

    regime: str = Field(max_length=20)
    reason: str = Field(max_length=40)
    """One that the regime knows, as `disproportionate_effort`."""
    explained: Long
    where: list[Annotated[str, Field(max_length=500)]] = Field(min_length=1, max_length=50)
    low: People
    high: People
    method: str = Field(max_length=2_000)
    """How it was estimated whom it reaches."""


class PublicDocument(BaseModel):
    """A public notice as it was recorded."""

    id: str
    regime: str
    reason: str
    explained: str
    where: list[str]
    low: int
    high: int
    method: str
    by: str


class Entered(BaseModel):
    """What the register took."""

    added: int
    """Entries; none when it says the same already."""


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The routes."""
    routes = APIRouter(tags=["notices"])
    base = "/api/v1/notices"
    case = f"{base}/cases/{{case_id}}"
    api(routes, f"{base}/regimes/{{regime}}", needs=Permission.SEE)(one_regime)
    api(routes, f"{case}/forms/{{regime}}", needs=Permission.SEE)(form)
    api(routes, f"{case}/forms/{{regime}}", needs=Permission.WORK_CASE, method="PUT")(answer)
    api(routes, f"{case}/drafts/{{regime}}/{{language}}", needs=Permission.SEE)(draft)
    api(routes, f"{case}/late", needs=Permission.DECIDE_NOTICE, method="POST")(late)
    api(routes, f"{case}/public", needs=Permission.DECIDE_NOTICE, method="POST", fresh=True)(public)
    api(routes, f"{case}/register", needs=Permission.WORK_CASE, method="POST")(enter)
    return routes


def one_regime(regime: str) -> RegimeDocument:
    """One regime in words, with its sources."""
    found = shipped().regimes.get(regime)
    if found is None:
        raise NotFound("There is no such regime.")
    return RegimeDocument(
        id=found.id,
        title=found.title,
        version=found.version,
        status=found.status.value,
        verified=found.verified.value,
        unverified=list(found.unverified),
        places=list(found.places),
        authority=found.authority_name,
        explained=list(explaining.explained(found)),
        sources=list(explaining.sources(found)),
        notes=list(found.notes),
    )


def form(services: CurrentServices, case_id: str, regime: str) -> FormDocument:
    """The authority's notice of one regime."""
    with acts.looking(services, case_id) as (_, work):
        found = authority_form(work.under(regime))
        return FormDocument(
            regime=found.regime.id,
            contents=[
                ContentDocument(
                    code=c.code,
                    meaning=MEANINGS[c.code].sentence,
                    state=c.state.value,
                    lines=list(c.lines),
                    asked_by=c.asked_by,
                    supplied_by=c.supplied_by,
                )
                for c in found.contents
            ],
            missing=[str(c) for c in found.missing],
            missing_by_law=[str(c) for c in found.missing_by_law],
            annexes=list(found.annexes),
            european=european_form.as_data(european(work, regime)) if regime in EUROPEAN else [],
        )


def answer(services: CurrentServices, actor: CurrentActor, case_id: str, regime: str, body: AnswersBody) -> Written:
    """Writes down answers to fields of the European form."""
    with acts.told():
        changed = write_answers(services, actor, case_id, regime, body.fields, frozenset(body.confirm))
    return Written(changed=changed)


def draft(services: CurrentServices, case_id: str, regime: str, language: str) -> DraftDocument:
    """The people's notice in one language, with its reading level."""
    if language not in languages():
        raise NotFound("There is no such language pack.")
    with acts.looking(services, case_id) as (_, work):
        found = mailings.drafts(work, regime, [language])[language]
    return DraftDocument(
        regime=found.regime,
        language=found.language,
        subject=found.subject,
        text=found.text,
        ready=found.ready,
        lacking=mailings.lacking(found),
        missing=[str(c) for c in found.missing],
        forbidden=list(found.forbidden),
        formula=found.reading.formula,
        score=found.reading.score,
        limit=found.reading.limit,
    )


def late(services: CurrentServices, actor: CurrentActor, case_id: str, body: LateBody) -> dict[str, bool]:
    """Records why something is late."""
    acts.excuse(services, actor, case_id, body.regime, Duty(body.duty), body.text)
    return {"recorded": True}


def public(services: CurrentServices, actor: CurrentActor, case_id: str, body: PublicBody) -> PublicDocument:
    """Records a public notice instead of telling each person, with its justification."""
    with acts.told():
        reach = Count(body.low, body.high, body.method)
    row = acts.tell_in_public(
        services,
        actor,
        case_id,
        regime=body.regime,
        reason=body.reason,
        explained=body.explained,
        where=tuple(line.strip() for line in body.where if line.strip()),
        reach=reach,
    )
    values: dict[str, Any] = {"low": row.reach_low, "high": row.reach_high, "method": row.reach_method}
    return PublicDocument(
        id=row.id, regime=row.regime, reason=row.reason, explained=row.explained, where=row.where, by=row.by, **values
    )


def enter(services: CurrentServices, actor: CurrentActor, case_id: str) -> Entered:
    """Writes the case into the register of breaches."""
    return Entered(added=acts.enter_register(services, actor, case_id))
