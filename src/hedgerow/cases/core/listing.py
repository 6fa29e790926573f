"""The list of cases: filters, order, pages. One question of the database for each, whatever the number of cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy import case as when
from sqlalchemy.orm import Session

from hedgerow.cases.core.severity import SEVERITIES
from hedgerow.store.models.cases import Case, CaseFigure, CasePrincipal, CaseTask

PAGE: Final = 50
ORDERS: Final = {
    "deadline": "what is due first",
    "opened": "newest first",
    "severity": "gravest first",
}
STATES: Final = {
    "open": "open",
    "contained": "contained",
    "closing": "about to be closed",
    "closed": "closed",
}


@dataclass(frozen=True)
class Wanted:
    """What a list is to show."""

    state: str = ""
    """One of `STATES`, `all`, or empty: all that are not closed."""
    severity: str = ""
    origin: str = ""
    site: str = ""
    words: str = ""
    assignee: str = ""
    """Identifier of a user: cases with a task of theirs that is not done."""
    order: str = "deadline"
    page: int = 1


@dataclass(frozen=True)
class Line:
    """One case in a list."""

    id: str
    number: str
    title: str
    site: str
    state: str
    severity: str
    origin: str
    opened_at: datetime
    next_due_at: datetime | None
    """The earliest task that is not done."""
    open_tasks: int
    principals: int
    people_low: int | None
    people_high: int | None


@dataclass(frozen=True)
class Listed:
    """One page of a list."""

    lines: tuple[Line, ...]
    total: int
    page: int
    pages: int


def list_cases(session: Session, wanted: Wanted) -> Listed:
    """One page of the cases wanted."""
    due = (
        select(
            CaseTask.case_id,
            func.min(CaseTask.due_at).label("next_due_at"),
            func.count(CaseTask.id).label("open_tasks"),
        )
        .where(CaseTask.done_at.is_(None))
        .group_by(CaseTask.case_id)
        .subquery()
    )
    where = _where(wanted)
    total = session.scalar(select(func.count(Case.id)).where(*where)) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    grave = when({s: n for n, s in enumerate(SEVERITIES)}, value=Case.severity, else_=0).desc()
    newest = Case.opened_at.desc()
    orders: dict[str, list[Any]] = {"opened": [newest], "severity": [grave, newest]}
    order = orders.get(wanted.order, [due.c.next_due_at.is_(None), due.c.next_due_at, grave, newest])
    rows = session.execute(
        select(Case, due.c.next_due_at, due.c.open_tasks)
        .outerjoin(due, due.c.case_id == Case.id)
        .where(*where)
        .order_by(*order, Case.number.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    ids = [c.id for c, _, _ in rows]
    counted = session.execute(
        select(CasePrincipal.case_id, func.count(CasePrincipal.id))
        .where(CasePrincipal.case_id.in_(ids), CasePrincipal.removed_at.is_(None))
        .group_by(CasePrincipal.case_id)
    ).all()
    principals: dict[str, int] = {row[0]: row[1] for row in counted}
    figures: dict[str, tuple[int, int]] = {
        f.case_id: (f.low, f.high)
        for f in session.scalars(select(CaseFigure).where(CaseFigure.case_id.in_(ids)).order_by(CaseFigure.serial))
    }
    return Listed(
        tuple(
            Line(
                c.id,
                c.number,
                c.title,
                c.site,
                c.state,
                c.severity,
                c.origin,
                c.opened_at,
                next_due_at,
                int(open_tasks or 0),
                principals.get(c.id, 0),
                *figures.get(c.id, (None, None)),
            )
            for c, next_due_at, open_tasks in rows
        ),
        total,
        page,
        pages,
    )


def _where(wanted: Wanted) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.state in STATES:
        where.append(Case.state == wanted.state)
    elif wanted.state != "all":
        where.append(Case.state != "closed")
    if wanted.severity in SEVERITIES:
        where.append(Case.severity == wanted.severity)
    if wanted.origin in {"rule", "person", "claim"}:
        where.append(Case.origin == wanted.origin)
    if wanted.site:
        where.append(Case.site == wanted.site)
    if wanted.words.strip():
        # What is looked for is text: `%` and `_` mean themselves.
        words = wanted.words.strip()[:200]
        where.append(or_(Case.number.icontains(words, autoescape=True), Case.title.icontains(words, autoescape=True)))
    if wanted.assignee:
        mine = select(CaseTask.case_id).where(CaseTask.assignee_id == wanted.assignee, CaseTask.done_at.is_(None))
        where.append(Case.id.in_(mine))
    return where
