"""The register of breaches: every state of every case under every regime, kept as long as the regime says, exported."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime
from io import StringIO

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hedgerow.cases.filing.casework import Casework
from hedgerow.cases.filing.statements import Signer
from hedgerow.cases.notices import register
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.recipients import cell
from hedgerow.store.models.filings import BreachEntry, NoticePublic

COLUMNS = tuple(f.name for f in fields(register.Entry))


def enter(session: Session, work: Casework, *, by: Signer, now: datetime) -> list[BreachEntry]:
    """Writes the case into the register of every regime that asks for one, notified or not; unchanged ones are left.

    Returns:
        The entries that were added.
    """
    added = []
    for applies in work.plan.applies:
        if applies.regime.register is None:
            continue
        name = applies.regime.id
        entry = register.entry(work.under(name), work.rules.digest, public_notice=_public(session, work.case.id, name))
        data = register.as_data(entry)
        last = latest(session, work.case.id, name)
        if last is not None and {**last.entry, "recorded_at": ""} == {**data, "recorded_at": ""}:
            continue
        row = BreachEntry(
            case_id=work.case.id,
            regime=name,
            number=(last.number if last else 0) + 1,
            at=now,
            by=by.name,
            by_id=by.id,
            entry=data,
            keep_until=entry.keep_until,
            keep_rests_on=entry.keep_rests_on,
            digest=_digest(data),
        )
        session.add(row)
        added.append(row)
    try:
        session.flush()
    except IntegrityError as e:
        raise NoticeError("somebody wrote the case into the register at the same moment; look at it first") from e
    return added


def latest(session: Session, case_id: str, regime: str) -> BreachEntry | None:
    """The entry that holds."""
    asked = select(BreachEntry).where(BreachEntry.case_id == case_id, BreachEntry.regime == regime)
    return session.scalar(asked.order_by(BreachEntry.number.desc()).limit(1))


def entries(
    session: Session,
    *,
    case_id: str | None = None,
    regime: str | None = None,
    most: int | None = None,
    skip: int = 0,
) -> list[BreachEntry]:
    """The entries that hold, newest first."""
    top = (
        select(BreachEntry.case_id, BreachEntry.regime, func.max(BreachEntry.number).label("number"))
        .group_by(BreachEntry.case_id, BreachEntry.regime)
        .subquery()
    )
    asked = select(BreachEntry).join(
        top,
        (BreachEntry.case_id == top.c.case_id)
        & (BreachEntry.regime == top.c.regime)
        & (BreachEntry.number == top.c.number),
    )
    if case_id is not None:
        asked = asked.where(BreachEntry.case_id == case_id)
    if regime is not None:
        asked = asked.where(BreachEntry.regime == regime)
    asked = asked.order_by(BreachEntry.at.desc(), BreachEntry.case_id, BreachEntry.regime).limit(most)
    return list(session.scalars(asked.offset(skip) if skip else asked))


def entries_in_all(session: Session) -> int:
    """How many entries hold."""
    held = select(BreachEntry.case_id, BreachEntry.regime).distinct().subquery()
    return session.scalar(select(func.count()).select_from(held)) or 0


def as_csv(rows: Iterable[BreachEntry]) -> str:
    """The register as CSV (RFC 4180); no cell is a formula."""
    out = StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(str(r.entry.get(c, ""))) for c in COLUMNS] for r in rows)
    return out.getvalue()


def as_data(rows: Iterable[BreachEntry]) -> list[dict[str, str]]:
    """The register for JSON, each entry with its hash."""
    return [{**{c: str(r.entry.get(c, "")) for c in COLUMNS}, "sha256": r.digest} for r in rows]


def intact(row: BreachEntry) -> bool:
    """Whether an entry is as it was written."""
    return _digest(row.entry) == row.digest


def over(session: Session, today: date) -> list[BreachEntry]:
    """Entries whose period of the law is over. Without a period nothing is ever listed here."""
    return [r for r in entries(session) if r.keep_until is not None and today > r.keep_until]


def remove(session: Session, case_id: str, regime: str, today: date) -> int:
    """Deletes the entries of one case and regime once their time is over; returns how many rows went.

    Raises:
        NoticeError: when they must still be kept.
    """
    last = latest(session, case_id, regime)
    if last is None:
        raise NoticeError("there is no such entry")
    if last.keep_until is None:
        raise NoticeError("the law names no period here; change nothing unless counsel says so")
    if today <= last.keep_until:
        raise NoticeError(f"it must be kept until {last.keep_until} ({last.keep_rests_on})")
    rows = list(
        session.scalars(select(BreachEntry).where(BreachEntry.case_id == case_id, BreachEntry.regime == regime))
    )
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)


def _public(session: Session, case_id: str, regime: str) -> str:
    asked = select(NoticePublic).where(NoticePublic.case_id == case_id, NoticePublic.regime == regime)
    row = session.scalar(asked.order_by(NoticePublic.at.desc()).limit(1))
    return f"{row.reason}: {row.explained} ({', '.join(row.where)}; {row.by}, {row.at.date()})" if row else ""


def _digest(data: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
