"""The visitors' side: appeals answered by a person, and how often verdicts hit the wrong people."""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from hedgerow.appeals import answering, estimate, keeping, rates
from hedgerow.console import visitor_desk
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.edge_now import when
from hedgerow.console.measure_desk import SPANS
from hedgerow.console.navigation import Entry
from hedgerow.console.reason_words import sentence
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import Services
from hedgerow.console.visitor_desk import MAIL_WORDS, Decision, told
from hedgerow.ledger.questions.followed import FOLLOWED

NAVIGATION: Final = (Entry(30, "Visitors", "/visitors", Permission.SEE),)
STATES: Final = {"open": "waiting", "answered": "answered", "all": "all"}
OUTCOME_TONES: Final = {"upheld": "quiet", "wrong": "alarm", "partly": "watch"}


def router(services: Services) -> APIRouter:
    """The list, one appeal, its answer, the examples."""
    routes = APIRouter()
    _list(routes, services)
    _one(routes, services)
    return routes


def _list(routes: APIRouter, services: Services) -> None:
    @page(routes, "/visitors", needs=Permission.SEE)
    def visitors(
        request: Request,
        state: Annotated[str, Query(max_length=10)] = "open",
        number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    ) -> Response:
        with services.database.reading() as session:
            found = visitor_desk.listed(session, state, number)
        sites = services.overviews.sites()
        return render(
            request,
            "visitors/list.html",
            found=found,
            state=state,
            states=STATES,
            outcome_tones=OUTCOME_TONES,
            rates=[(s, *visitor_desk.rates_of(services, s), visitor_desk.estimate_of(services, s)) for s in sites],
            definitions=rates.DEFINITIONS + estimate.DEFINITIONS,
            followed_days=FOLLOWED.days,
            example_days=answering.EXAMPLES_KEPT.days,
            answer_hours=int(keeping.ANSWER_WITHIN.total_seconds() // 3600),
        )

    @page(routes, "/visitors/examples.jsonl", needs=Permission.SEE)
    def examples(site: Annotated[str, Query(max_length=100)] = "") -> Response:
        with services.database.reading() as session:
            found = answering.examples(session, site)
        return Response(
            "".join(json.dumps(e, sort_keys=True) + "\n" for e in found),
            media_type="application/x-ndjson",
            headers={"content-disposition": 'attachment; filename="examples.jsonl"'},
        )


def _one(routes: APIRouter, services: Services) -> None:
    @page(routes, "/visitors/{appeal_id}", needs=Permission.SEE)
    def one(request: Request, appeal_id: str) -> Response:
        sealer = visitor_desk.sealer_of(services)
        appeal = visitor_desk.shown(services, appeal_id)
        with told():
            text = keeping.text_of(appeal, sealer) if sealer else None
            reply = keeping.reply_of(appeal, sealer) if sealer else None
        verdict = visitor_desk.verdict_of(services, appeal)
        at_ms = verdict.get("at_ms") if verdict else None
        return render(
            request,
            "visitors/one.html",
            appeal=appeal,
            text=text,
            reply=reply,
            verdict=verdict,
            verdict_at=when(at_ms) if isinstance(at_ms, int) else None,
            sentence=sentence,
            levels=[
                (level, f"{level} {str(appeal.names[level])[:8]}") for level in visitor_desk.narrowest(appeal.names)
            ],
            outcomes=list(answering.OUTCOMES.items()),
            outcome_tones=OUTCOME_TONES,
            mail_words=MAIL_WORDS,
            spans=list(SPANS.items()),
            network_kind=estimate.NETWORKS[appeal.network_kind],
            erase_days=keeping.ERASE_AFTER_ANSWER.days,
            longest_days=keeping.ERASE_AFTER_ARRIVAL.days,
        )

    @action(routes, "/visitors/{appeal_id}/answer", needs=Permission.ACT)
    def answer(
        request: Request,
        actor: CurrentActor,
        appeal_id: str,
        outcome: Annotated[str, Form(max_length=10)] = "",
        words: Annotated[str, Form(max_length=answering.LONGEST_ANSWER)] = "",
        reason: Annotated[str, Form(max_length=2_000)] = "",
        level: Annotated[str, Form(max_length=20)] = "",
        lasting: Annotated[str, Form(max_length=20)] = "4w",
    ) -> Response:
        decision = Decision(outcome, words, reason, level, lasting)
        said = visitor_desk.answer(services, actor, appeal_id, decision, visitor_desk.mailer_of(services))
        return go(request, f"/visitors/{appeal_id}", said)
