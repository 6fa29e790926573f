"""The visitors' side for programs. Of an appeal: what was decided, not what somebody wrote, nor their address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hedgerow.appeals import answering, rates
from hedgerow.console import visitor_desk
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.problems import NotFound
from hedgerow.console.routes import api
from hedgerow.console.services import Services
from hedgerow.console.visitor_desk import Decision

EXAMPLES: Final = 200
"""In one answer."""


class AppealLine(BaseModel):
    """One appeal in a list."""

    id: str
    number: str
    site: str
    reference: str | None
    received_at: datetime
    answer_by: datetime
    lane: str
    asn: int | None
    aid: bool
    no_script: bool
    state: str
    outcome: str | None
    answered_at: datetime | None


class AppealList(BaseModel):
    """One page of appeals."""

    appeals: list[AppealLine]
    total: int
    page: int
    pages: int


class AppealDocument(AppealLine):
    """One appeal."""

    verdict: dict[str, Any] | None
    levels: list[str]
    """At which the visitor is known, the narrowest first: what can be released."""
    has_text: bool
    """Whether what was written is still kept; it stands on the page alone."""
    answer: str
    reason: str
    answered_by: str | None
    mail: str
    mail_words: str
    measure_id: str | None
    erase_after: datetime


class AnswerInput(BaseModel):
    """An answer to an appeal."""

    outcome: str = Field(max_length=10, description="upheld, wrong or partly")
    words: str = Field(max_length=answering.LONGEST_ANSWER, description="what the visitor is told")
    reason: str = Field(max_length=2_000)
    level: str = Field(default="", max_length=20, description="which principal is released")
    lasting: str = Field(default="4w", max_length=20)


class AnsweredDocument(BaseModel):
    """What came of it."""

    id: str
    said: str


class LaneRates(BaseModel):
    """One lane; null = fewer than five, and more than none."""

    name: str
    challenged: int | None
    solved: int | None
    refused: int | None
    appeals: int | None
    wrong: int | None
    false_challenge_at_least: float | None
    false_challenge_at_most: float | None
    false_refusal_at_least: float | None


class AppealCounts(BaseModel):
    """Appeals of one kind of visitors; null = fewer than five, and more than none."""

    name: str
    appeals: int | None
    answered: int | None
    wrong: int | None
    wrong_share: float | None


class WayCount(BaseModel):
    """Visitors who solved a challenge in one way."""

    name: str
    visitors: int | None


class RatesDocument(BaseModel):
    """How often verdicts hit the wrong people, over 30 days, with what each figure means."""

    site: str
    counted_at: datetime | None
    definitions: dict[str, str]
    lanes: list[LaneRates]
    ways: list[WayCount]
    networks: list[AppealCounts]
    kinds: list[AppealCounts]


class ExampleDocument(BaseModel):
    """A verdict that was wrong."""

    reference: str | None
    site: str
    label: str
    signals: list[dict[str, Any]]
    features: dict[str, Any]
    at: datetime


def router(services: Services) -> APIRouter:
    """Reading, and answering."""
    routes = APIRouter(tags=["visitors"])

    @api(routes, "/api/v1/visitors", needs=Permission.SEE)
    def appeals(
        state: Annotated[str, Query(max_length=10)] = "open", page: Annotated[int, Query(ge=1, le=100_000)] = 1
    ) -> AppealList:
        with services.database.reading() as session:
            found = visitor_desk.listed(session, state, page)
            lines = [AppealLine.model_validate(a, from_attributes=True) for a in found.appeals]
        return AppealList(appeals=lines, total=found.total, page=found.page, pages=found.pages)

    @api(routes, "/api/v1/visitors/rates", needs=Permission.SEE)
    def site_rates(site: Annotated[str, Query(max_length=100)]) -> RatesDocument:
        if site not in services.overviews.sites():
            raise NotFound("There is no such site.")
        found, at = visitor_desk.rates_of(services, site)
        return RatesDocument(
            site=site,
            counted_at=at,
            definitions=dict(rates.DEFINITIONS),
            lanes=[LaneRates.model_validate(r, from_attributes=True) for r in found.lanes],
            ways=[WayCount(name=name, visitors=number) for name, number in found.ways],
            networks=[AppealCounts.model_validate(c, from_attributes=True) for c in found.networks],
            kinds=[AppealCounts.model_validate(c, from_attributes=True) for c in found.kinds],
        )

    @api(routes, "/api/v1/visitors/examples", needs=Permission.SEE)
    def examples(
        site: Annotated[str, Query(max_length=100)] = "", page: Annotated[int, Query(ge=1, le=100_000)] = 1
    ) -> list[ExampleDocument]:
        """One page, the oldest first; an empty one follows the last."""
        with services.database.reading() as session:
            found = answering.examples(session, site, EXAMPLES, (page - 1) * EXAMPLES)
            return [ExampleDocument.model_validate(e) for e in found]

    @api(routes, "/api/v1/visitors/{appeal_id}", needs=Permission.SEE)
    def one(appeal_id: str) -> AppealDocument:
        appeal = visitor_desk.shown(services, appeal_id)
        line = AppealLine.model_validate(appeal, from_attributes=True)
        return AppealDocument(
            **line.model_dump(),
            verdict=visitor_desk.verdict_of(services, appeal),
            levels=visitor_desk.narrowest(appeal.names),
            has_text=appeal.sealed_text is not None,
            answer=appeal.answer,
            reason=appeal.reason,
            answered_by=appeal.answered_by,
            mail=appeal.mail,
            mail_words=appeal.mail_words,
            measure_id=appeal.measure_id,
            erase_after=appeal.erase_after,
        )

    @api(routes, "/api/v1/visitors/{appeal_id}/answer", needs=Permission.ACT, method="POST")
    def answer(actor: CurrentActor, appeal_id: str, what: AnswerInput) -> AnsweredDocument:
        decision = Decision(what.outcome, what.words, what.reason, what.level, what.lasting)
        mailer = visitor_desk.mailer_of(services)
        return AnsweredDocument(id=appeal_id, said=visitor_desk.answer(services, actor, appeal_id, decision, mailer))

    return routes
