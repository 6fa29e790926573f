"""The trail of decisions: read, filtered, taken away as CSV or JSON, checked."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from starlette.responses import Response, StreamingResponse

from hedgerow.console.access.roles import Permission
from hedgerow.console.navigation import Entry
from hedgerow.console.rendering import render
from hedgerow.console.routes import api, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.console.trail_check import check_trail
from hedgerow.spreadsheet import cell
from hedgerow.store.models.trail import Decision

NAVIGATION: Final = (Entry(100, "Decisions", "/decisions", Permission.SEE),)
PAGE: Final = 100
CHUNK: Final = 1_000
"""Rows of an export that are read at once, each time in a transaction of their own."""
Word = Annotated[str, Query(max_length=200)]
Before = Annotated[int, Query(ge=0, le=1 << 53)]


class DecisionDocument(BaseModel):
    """One decision."""

    number: int
    at: datetime
    actor_id: str
    actor_name: str
    via: str
    act: str
    subject: str
    reason: str
    details: dict[str, Any]
    hash: str


class DecisionPage(BaseModel):
    """Some decisions, the newest first."""

    decisions: list[DecisionDocument]
    next_before: int | None
    """Give this as `before` for the ones that follow; none = there are no more."""


class TrailDocument(BaseModel):
    """Whether the trail is whole."""

    rows: int
    problems: list[str]
    head: str


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The page, its exports, its twin."""
    routes = APIRouter()

    @page(routes, "/decisions", needs=Permission.SEE)
    def decisions(
        request: Request,
        services: CurrentServices,
        act: Word = "",
        subject: Word = "",
        who: Word = "",
        before: Before = 0,
    ) -> Response:
        with services.database.reading() as session:
            rows, more = _some(session, act, subject, who, before)
            acts = sorted(session.scalars(select(Decision.act).distinct()))
            return render(
                request, "decisions/list.html", rows=rows, more=more, acts=acts, act=act, subject=subject, who=who
            )

    @page(routes, "/decisions/export", needs=Permission.SEE)
    def export(
        services: CurrentServices, act: Word = "", subject: Word = "", who: Word = "", form: Word = "csv"
    ) -> Response:
        rows = _all(services, act, subject, who)
        if form == "json":
            body, kind, name = _json(rows), "application/json", "decisions.json"
        else:
            body, kind, name = _csv(rows), "text/csv; charset=utf-8", "decisions.csv"
        disposition = f'attachment; filename="{name}"'
        return StreamingResponse(body, media_type=kind, headers={"content-disposition": disposition})

    @api(routes, "/api/v1/decisions", needs=Permission.SEE)
    def decisions_document(
        services: CurrentServices, act: Word = "", subject: Word = "", who: Word = "", before: Before = 0
    ) -> DecisionPage:
        with services.database.reading() as session:
            rows, more = _some(session, act, subject, who, before)
            return DecisionPage(
                decisions=[_document(r) for r in rows], next_before=rows[-1].number if more and rows else None
            )

    @api(routes, "/api/v1/decisions/check", needs=Permission.SEE)
    def trail_document(services: CurrentServices) -> TrailDocument:
        with services.database.reading() as session:
            found = check_trail(session)
        return TrailDocument(rows=found.rows, problems=list(found.problems), head=found.head)

    return routes


def _filtered(act: str, subject: str, who: str) -> Select[Decision]:
    query = select(Decision)
    if act:
        query = query.where(Decision.act == act)
    if subject:
        query = query.where(Decision.subject == subject)
    if who:
        query = query.where(Decision.actor_name.icontains(who, autoescape=True))
    return query


def _some(session: Session, act: str, subject: str, who: str, before: int) -> tuple[list[Decision], bool]:
    query = _filtered(act, subject, who)
    if before:
        query = query.where(Decision.number < before)
    rows = list(session.scalars(query.order_by(Decision.number.desc()).limit(PAGE + 1)))
    return rows[:PAGE], len(rows) > PAGE


def _document(row: Decision) -> DecisionDocument:
    return DecisionDocument.model_validate(row, from_attributes=True)


def _all(services: Services, act: str, subject: str, who: str) -> Iterator[Sequence[Decision]]:
    """Every decision that fits, the oldest first, in chunks: a trail of years fits no memory and no limit."""
    after = 0
    while True:
        with services.database.reading() as session:
            asked = _filtered(act, subject, who).where(Decision.number > after).order_by(Decision.number).limit(CHUNK)
            rows = session.scalars(asked).all()
        if not rows:
            return
        yield rows
        after = rows[-1].number


def _json(chunks: Iterable[Sequence[Decision]]) -> Iterator[str]:
    before = "["
    for rows in chunks:
        for row in rows:
            yield f"{before}\n {_document(row).model_dump_json()}"
            before = ","
    yield "[]" if before == "[" else "\n]"


def _csv(chunks: Iterable[Sequence[Decision]]) -> Iterator[str]:
    yield _lines([["number", "at", "who", "via", "act", "subject", "reason", "details", "hash"]])
    for rows in chunks:
        yield _lines(_cells(row) for row in rows)


def _lines(rows: Iterable[list[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _cells(row: Decision) -> list[object]:
    said = json.dumps(row.details, ensure_ascii=False, sort_keys=True)
    at = row.at.isoformat()
    return [
        row.number, at, cell(row.actor_name), row.via, row.act, cell(row.subject), cell(row.reason), said, row.hash
    ]  # fmt: skip
