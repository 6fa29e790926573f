"""Reminders: what is due soon or late is told outside once for each of its marks, wherever in the console it waits.

A mark is a day and four hours before the moment, and the moment itself. That a mark was told is kept, so that a console
that was started anew tells nothing twice. Nothing that somebody typed is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.filing import dues
from hedgerow.console.dues import DueItem, due_items
from hedgerow.console.notice_acts import DUTY_WORDS, WHAT_WORDS
from hedgerow.console.services import Services
from hedgerow.measures.measure import Measure
from hedgerow.measures.table import MeasureTable
from hedgerow.outward.announcing import announce
from hedgerow.outward.happenings import Happening
from hedgerow.store.models.cases import Case
from hedgerow.store.models.outbox import Told

MOST_DUES: Final = 100_000
"""Looked at for reminders: all there are, since what is late comes first and must not hide what is near."""
MARKS: Final = (timedelta(hours=24), timedelta(hours=4))
"""How long before its moment something is announced."""
SHORTEST_LEAD: Final = timedelta(minutes=10)
"""A measure's end is told a tenth of its life before, at least so long and at most a day."""
LOOK_BACK: Final = timedelta(days=1)
"""Measures that ended while the console was down are told if it was not longer ago."""
_REVIEW: Final = "review"


def remind(services: Services) -> int:
    """Announces what is due soon, a day and four hours before, and what is late: once each. Returns how many."""
    now = services.clock()
    with services.database.reading() as session:
        soon = [
            (d, mark)
            for d in dues.listed(session, most=MOST_DUES)
            if d.due_at is not None and d.mandatory
            if (mark := _mark(d.due_at, now))
        ]
        told = _told(session, (_key(d, m) for d, m in soon))
    fresh = [(d, m) for d, m in soon if _key(d, m) not in told]
    if not fresh:
        return 0
    with services.database.session() as session:
        wanted = {d.case_id for d, _ in fresh}
        cases = {c.id: c for c in session.scalars(select(Case).where(Case.id.in_(wanted)))}
        for due, mark in fresh:
            session.add(Told(mark=_key(due, mark), at=now))
            case = cases[due.case_id]
            late = mark == "late"
            under = f" under {due.regime}" if due.regime else ""
            announce(
                session,
                Happening(
                    id=f"deadline-{_key(due, mark)}"[:100],
                    kind="deadline.missed" if late else "deadline.near",
                    at=now,
                    title=f"{'Late' if late else 'Due soon'}{under}: {DUTY_WORDS[due.duty]}",
                    severity="critical" if late else "high",
                    decide=f"{WHAT_WORDS[due.what]}: {DUTY_WORDS[due.duty]}",
                    by=due.due_at,
                    case=case.number,
                    path=f"/notices/cases/{case.id}",
                    site=case.site,
                ),
            )
    return len(fresh)


def _mark(due_at: datetime, now: datetime) -> str:
    """Which mark a moment has passed: `late`, `4h`, `24h`, or none."""
    if now > due_at:
        return "late"
    passed = [m for m in MARKS if due_at - now <= m]
    return f"{min(passed) // timedelta(hours=1)}h" if passed else ""


def _key(due: dues.Due, mark: str) -> str:
    at = due.due_at.isoformat(timespec="minutes") if due.due_at else ""
    return f"{due.case_id}/{due.regime}/{due.duty}/{due.what}/{at}/{mark}"


def remind_of_dues(services: Services) -> int:
    """Announces what else waits for a person by a moment: tasks, appeals, claims, answers to letters, the review.

    The review of a month is announced as soon as it can be signed, with its last day; then like everything else.

    Returns:
        How many marks were passed.
    """
    now = services.clock()
    with services.database.reading() as session:
        waiting = [i for i in due_items(session, services) if i.told and i.by is not None]
        marks = [(i, mark) for i in waiting for mark in _marks(i, now)]
        told = _told(session, (_short(i, m) for i, m in marks))
    fresh = {_short(i, m): (i, m) for i, m in marks if _short(i, m) not in told}
    if not fresh:
        return 0
    with services.database.session() as session:
        for key, (item, mark) in fresh.items():
            session.add(Told(mark=key, at=now))
            announce(session, _of_item(item, mark, key, now))
    return len(fresh)


def _marks(item: DueItem, now: datetime) -> list[str]:
    found = [_mark(item.by, now)] if item.by is not None else []
    if item.kind == _REVIEW:
        found.append("open")
    return [m for m in found if m]


def _of_item(item: DueItem, mark: str, key: str, now: datetime) -> Happening:
    if mark == "open":
        kind, severity, title = "review.due", "low", f"{item.told}: it waits"
    elif mark == "late":
        kind, severity, title = "deadline.missed", "high", f"Late: {item.told}"
    else:
        kind, severity, title = "deadline.near", "medium", f"Due soon: {item.told}"
    return Happening(
        id=f"due-{key}"[:100],
        kind=kind,
        at=now,
        title=title,
        severity=severity,
        decide=item.told,
        by=item.by,
        case=item.case,
        path=item.href,
    )


def _short(item: DueItem, mark: str) -> str:
    by = item.by.isoformat(timespec="minutes") if item.by else ""
    said = "\0".join((item.kind, item.href, item.what, by))
    return f"{item.kind}/{hashlib.sha256(said.encode()).hexdigest()[:32]}/{mark}"


def _told(session: Session, keys: Iterable[str]) -> set[str]:
    wanted = sorted(set(keys))
    found: set[str] = set()
    for start in range(0, len(wanted), 500):
        found |= set(session.scalars(select(Told.mark).where(Told.mark.in_(wanted[start : start + 500]))))
    return found


def remind_of_measures(services: Services) -> int:
    """Announces that a measure will soon end by itself, and that it has. Returns how many were told.

    One that somebody ended is told by the trail; here it is known by its end, which is another than the announced one.

    Raises:
        MeasureError: the file of measures cannot be read.
    """
    now = services.clock()
    ending = [
        m
        for m in MeasureTable(services.folder.path).read()
        if m.until - _lead(m) <= now < m.until + LOOK_BACK and m.from_s <= now.timestamp()
    ]
    if not ending:
        return 0
    with services.database.reading() as session:
        told = _told(session, (_measure(m, word) for m in ending for word in ("ending", "ended")))
    fresh: list[tuple[Measure, str]] = []
    for m in ending:
        if now < m.until and _measure(m, "ending") not in told:
            fresh.append((m, "ending"))
        if now >= m.until and _measure(m, "ending") in told and _measure(m, "ended") not in told:
            fresh.append((m, "ended"))
    if not fresh:
        return 0
    with services.database.session() as session:
        for m, word in fresh:
            session.add(Told(mark=_measure(m, word), at=now))
            over = word == "ended"
            whom = "for everybody" if m.act.for_everybody else "against a principal"
            announce(
                session,
                Happening(
                    id=_measure(m, word)[:100],
                    kind=f"measure.{word}",
                    at=now,
                    title=f"A measure ({m.act.value}) {whom} {'has ended' if over else 'will end soon'}",
                    severity="note" if over else "low",
                    decide="" if over else "Let it end, or decide anew",
                    by=None if over else m.until,
                    path="/measures",
                    site=m.site,
                ),
            )
    return len(fresh)


def _lead(measure: Measure) -> timedelta:
    life = timedelta(seconds=measure.until_s - measure.from_s)
    return min(max(life / 10, min(SHORTEST_LEAD, life / 2)), MARKS[0])


def _measure(measure: Measure, word: str) -> str:
    return f"measure/{measure.id}/{measure.until_s}/{word}"
