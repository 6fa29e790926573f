"""Protection status: one page a month, with its figures, what changed, what is due, and the signature under it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.console.access.actor import Actor, CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.decisions import record
from hedgerow.console.forms import moment_of
from hedgerow.console.months import MonthSeen, as_shown, gather
from hedgerow.console.navigation import Entry
from hedgerow.console.problems import NotFound, Wrong
from hedgerow.console.rendering import count, go, render
from hedgerow.console.routes import action, api, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.review.metrics import Figure, Unit
from hedgerow.review.months import Month, MonthError
from hedgerow.review.signing import SigningError, check_signing
from hedgerow.store.models.reviews import DrillRecord, Review
from hedgerow.store.models.trail import Decision

NAVIGATION: Final = (Entry(90, "Status", "/status", Permission.SEE),)
Words = Annotated[str, Form(max_length=4_000)]


class FigureDocument(BaseModel):
    """One figure of the month."""

    key: str
    name: str
    unit: str
    definition: str
    source: str
    value: float | None
    before: float | None
    note: str


class ChangeDocument(BaseModel):
    """One change."""

    key: str
    at: datetime
    what: str
    who: str


class DueDocument(BaseModel):
    """One thing that is due."""

    what: str
    by: datetime
    done_at: datetime | None


class MonthDocument(BaseModel):
    """A month of protection."""

    month: str
    digest: str
    counted_at: datetime | None
    figures: list[FigureDocument]
    changes: list[ChangeDocument]
    due: list[DueDocument]
    signed_by: list[str]


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The page, what its forms do, its twin."""
    routes = APIRouter()

    @page(routes, "/status", needs=Permission.SEE)
    def this_month(request: Request, services: CurrentServices) -> Response:
        return _page(request, services, Month.of(services.clock()))

    @page(routes, "/status/{month}", needs=Permission.SEE)
    def one_month(request: Request, services: CurrentServices, month: str) -> Response:
        return _page(request, services, read_month(services, month))

    @action(routes, "/status/{month}/sign", needs=Permission.SIGN_REVIEW, fresh=True)
    def sign(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        month: str,
        digest: Annotated[str, Form(max_length=64)] = "",
        seen: Annotated[list[str] | None, Form()] = None,
        conclusion: Words = "",
    ) -> Response:
        one, now = read_month(services, month), services.clock()
        try:
            with services.database.session() as session:
                shown = gather(session, one, now)
                check_signing(one, now, digest, shown.digest, shown.changes, set(seen or ()), conclusion)
                sign_month(session, actor, shown, conclusion, now)
        except SigningError as e:
            return _page(request, services, one, error=f"Not signed: {e}.", conclusion=conclusion, status=422)
        return go(request, f"/status/{one}", f"The review of {one} is signed.")

    @action(routes, "/status/drills", needs=Permission.WORK_CASE)
    def note_drill(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        held_at: Annotated[str, Form(max_length=30)] = "",
        scenario: Annotated[str, Form(max_length=200)] = "",
        people_exposed: Annotated[str, Form(max_length=12)] = "",
        detected_after_min: Annotated[str, Form(max_length=12)] = "",
        findings: Words = "",
    ) -> Response:
        now = services.clock()
        held = moment_of(held_at)
        if held > now:
            raise Wrong("A drill is noted after it was held.")
        if not scenario.strip() or not findings.strip():
            raise Wrong("Say what was rehearsed, and what was found: a fix, or a reason why none is needed.")
        minutes = _whole(detected_after_min, "minutes until it was noticed")
        with services.database.session() as session:
            row = DrillRecord(
                held_at=held,
                scenario=scenario.strip(),
                people_exposed=_whole(people_exposed, "people exposed"),
                detected_after_s=None if minutes is None else minutes * 60,
                findings=findings.strip(),
                by=actor.name,
                noted_at=now,
            )
            session.add(row)
            session.flush()
            record(session, actor, "drill.note", f"drill:{row.id}", findings, {"scenario": row.scenario}, at=now)
        return go(request, f"/status/{Month.of(held)}", "The drill is noted.")

    @api(routes, "/api/v1/status/{month}", needs=Permission.SEE)
    def month_document(services: CurrentServices, month: str) -> MonthDocument:
        with services.database.reading() as session:
            return _document(gather(session, read_month(services, month), services.clock()))

    return routes


def read_month(services: Services, text: str) -> Month:
    """The month of an address.

    Raises:
        NotFound: it is none, or has not begun.
    """
    try:
        month = Month.read(text)
    except MonthError as e:
        raise NotFound(f"{e}.") from e
    if month > Month.of(services.clock()):
        raise NotFound(f"{month} has not begun.")
    return month


def words_of(figure: Figure, value: float | None) -> str:
    """A figure's value for people."""
    if value is None:
        return "unknown"
    if figure.metric.unit is Unit.SHARE:
        return f"{100 * value:.1f} %"
    if figure.metric.unit is Unit.SECONDS:
        return _duration(value)
    return count(int(value))


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _page(
    request: Request, services: Services, month: Month, error: str = "", conclusion: str = "", status: int = 200
) -> Response:
    now = services.clock()
    with services.database.reading() as session:
        seen = gather(session, month, now)
        return render(
            request,
            "status/month.html",
            status,
            seen=seen,
            figures=[(f, words_of(f, f.value), words_of(f, f.before)) for f in seen.figures],
            overdue=seen.overdue(now),
            over=now >= month.until,
            newest=month == Month.of(now),
            oldest=month <= Month.of(_begun(session, now)),
            error=error,
            conclusion=conclusion,
        )


def _begun(session: Session, now: datetime) -> datetime:
    """When the first decision was recorded: of months before, nothing is known, and links need an end."""
    return session.scalar(select(func.min(Decision.at))) or now


def sign_month(session: Session, actor: Actor, seen: MonthSeen, conclusion: str, now: datetime) -> None:
    """Keeps a signature under a month that was checked (`check_signing`), and records it."""
    row = Review(
        month=str(seen.month),
        digest=seen.digest,
        shown=as_shown(seen),
        conclusion=conclusion.strip(),
        signed_at=now,
        signed_by=actor.name,
        signer_id=actor.id,
    )
    session.add(row)
    session.flush()
    details: dict[str, Any] = {"month": row.month, "digest": row.digest, "changes": len(seen.changes)}
    record(session, actor, "review.sign", f"review:{row.id}", conclusion, details, at=now)


def _whole(text: str, what: str) -> int | None:
    if not text.strip():
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) > 1_000_000_000:
        raise Wrong(f"Give the {what} as a whole number, or leave it empty.")
    return int(text)


def _document(seen: MonthSeen) -> MonthDocument:
    return MonthDocument(
        month=str(seen.month),
        digest=seen.digest,
        counted_at=seen.counted_at,
        figures=[
            FigureDocument(
                key=f.metric.key,
                name=f.metric.name,
                unit=f.metric.unit,
                definition=f.metric.definition,
                source=f.metric.source,
                value=f.value,
                before=f.before,
                note=f.note,
            )
            for f in seen.figures
        ],
        changes=[ChangeDocument(key=c.key, at=c.at, what=c.what, who=c.who) for c in seen.changes],
        due=[DueDocument(what=d.what, by=d.by, done_at=d.done_at) for d in seen.due],
        signed_by=[r.signed_by for r in seen.reviews],
    )
