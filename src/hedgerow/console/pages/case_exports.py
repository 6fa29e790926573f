"""A case as files: people affected, fields, principals, timeline. CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.cases.core.counting import Question, each_person
from hedgerow.cases.core.working import find_case
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.decisions import record
from hedgerow.console.pages.cases import told
from hedgerow.console.problems import NotFound
from hedgerow.console.routes import page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.ledger.questions.affected import Row
from hedgerow.ledger.questions.period import iso
from hedgerow.ledger.tables import as_csv
from hedgerow.store.models.cases import Case

Rows = tuple[Sequence[str], list[Sequence[object]]]


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The exports."""
    routes = APIRouter()

    @page(routes, "/cases/{case_id}/people.csv", needs=Permission.SEE_PEOPLE)
    def people(actor: CurrentActor, here: CurrentServices, case_id: str) -> Response:
        with told():
            with here.database.reading() as session:
                case = find_case(session, case_id)
                question, number = Question.of(case, here.clock()), case.number
            columns = ("person", "field", "first", "last", "times", "confidence", "precision")
            rows = 0

            def each(found: Iterator[Row]) -> Iterator[list[Any]]:
                nonlocal rows
                for row in found:
                    rows += 1
                    data = row.as_data()
                    yield [data[c] for c in columns]

            # A large case has a million rows: written one by one, and one such file at a time.
            with here.long_work.turn("case"), each_person(here.ledgers, question) as (count, found):
                answer = csv_file(f"{number}-people.csv", columns, each(found))
            with here.database.session() as session:
                record(
                    session,
                    actor,
                    "case.export_people",
                    f"case:{question.case_id}",
                    "",
                    {"people": count, "rows": rows},
                    at=here.clock(),
                )
        return answer

    @page(routes, "/cases/{case_id}/{what}.csv", needs=Permission.SEE)
    def part(here: CurrentServices, case_id: str, what: str) -> Response:
        with here.database.reading() as session, told():
            case = find_case(session, case_id)
            made = _PARTS.get(what)
            if made is None:
                raise NotFound("There is no such export of a case.")
            columns, rows = made(session, case)
            return csv_file(f"{case.number}-{what}.csv", columns, rows)

    return routes


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """An answer that browsers save as a file. `name` is made of ours alone."""
    return Response(
        as_csv(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


def _fields(session: Session, case: Case) -> Rows:  # noqa: ARG001 - the face of every part
    columns = ("field", "sensitivity", "mark", "reason", "people", "by", "at", "ledger_says", "ledger_reason")
    return columns, [
        (f.name, f.sensitivity, f.mark, f.reason, f.people, f.by, iso(f.at), f.proposed_mark, f.proposed_reason)
        for f in case.fields
    ]


def _principals(session: Session, case: Case) -> Rows:  # noqa: ARG001
    columns = ("level", "name", "why", "people", "added_at", "added_by", "removed_at", "removed_why")
    return columns, [
        (
            p.level,
            p.name,
            p.why,
            p.people,
            iso(p.added_at),
            p.added_by,
            iso(p.removed_at) if p.removed_at else None,
            p.removed_why,
        )
        for p in case.principals
    ]


def _timeline(session: Session, case: Case) -> Rows:  # noqa: ARG001
    return ("at", "noted_at", "kind", "what", "by"), [
        (iso(e.at), iso(e.noted_at), e.kind, e.what, e.by) for e in case.events
    ]


def _tasks(session: Session, case: Case) -> Rows:  # noqa: ARG001
    return ("title", "due_at", "assignee", "done_at", "done_by", "outcome"), [
        (
            t.title,
            iso(t.due_at) if t.due_at else None,
            t.assignee,
            iso(t.done_at) if t.done_at else None,
            t.done_by,
            t.outcome,
        )
        for t in case.tasks
    ]


_PARTS: dict[str, Any] = {
    "fields": _fields,
    "principals": _principals,
    "timeline": _timeline,
    "tasks": _tasks,
}
