"""What people stated for the notices of a case: added, never changed; the latest of a key holds.

The keys are paths in the shape of a case's facts (`hedgerow notices schema case`), so that there is one vocabulary and
one check for what is typed in a form and what is written in a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hedgerow.cases.filing.texts import typed_text
from hedgerow.cases.notices.codes import EVENTS, Event
from hedgerow.cases.notices.facts_file import case_of
from hedgerow.cases.notices.places import PLACE
from hedgerow.cases.notices.problems import NoticeError, NoticeFileError
from hedgerow.cases.notices.worksheet import QUESTIONS
from hedgerow.store.models.filings import NoticeStatement

WHOLE: Final = frozenset(
    {
        "narrative",
        "cause",
        "period_from",
        "period_to",
        "period_note",
        "awareness",
        "nature",
        "systems",
        "processors",
        "holder",
        "records",
        "groups",
        "harms",
        "severity",
        "in_place",
        "taken",
        "planned",
        "told_people",
        "why_people",
        "told_others",
        "steps",
        "warnings",
    }
)
"""Keys with one value for the case."""
PARTS: Final = frozenset({"answers", "events", "residences", "plain_words", "plain_taken", "plain_planned"})
"""Keys with a value for each question, event, place or language."""
SITE: Final = "organisation"
"""Stated once for the site, and for a case where it differs."""
FORM: Final = "form"
"""`form.EU.<field>`: what a person wrote into a field of the European form."""
SENT_EVENTS: Final = frozenset({Event.PEOPLE_NOTICE, Event.AUTHORITY_NOTICE})
"""Events that filings make; nobody states them by hand."""
MOST_BYTES: Final = 64 << 10
"""Longest value, as JSON."""


class Signer(Protocol):
    """Who acts: the console's actor is one."""

    @property
    def id(self) -> str:
        """Opaque identifier."""
        ...

    @property
    def name(self) -> str:
        """As shown."""
        ...


@dataclass(frozen=True)
class Stated:
    """One statement as it is read."""

    key: str
    value: Any
    why: str
    by: str
    at: datetime


def state(
    session: Session,
    case_id: str | None,
    key: str,
    value: Any,
    *,
    by: Signer,
    now: datetime,
    why: str = "",
) -> NoticeStatement | None:
    """Adds a statement; nothing when it says what holds already. An empty value takes the key back.

    Raises:
        NoticeError: for a key there is not, a value that does not fit, or an answer of the worksheet without a reason.
    """
    value = checked(case_id, key, value)
    why = typed_text(why, "the reason", 2_000)
    if key.startswith("answers.") and len(why.split()) < 2:
        raise NoticeError(f"{key.removeprefix('answers.')}: say in a few words what the answer rests on")
    last = session.scalar(_latest(case_id, key))
    if (last.value if last else None) == value and (not last or last.why == why):
        return None
    row = NoticeStatement(
        case_id=case_id,
        key=key,
        number=(last.number if last else 0) + 1,
        value=value,
        why=why,
        by=by.name,
        by_id=by.id,
        at=now,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as e:
        raise NoticeError("somebody wrote the same down at the same moment; look at it, then write yours") from e
    return row


def _latest(case_id: str | None, key: str) -> Any:
    mine = NoticeStatement.case_id == case_id if case_id is not None else NoticeStatement.case_id.is_(None)
    return (
        select(NoticeStatement).where(mine, NoticeStatement.key == key).order_by(NoticeStatement.number.desc()).limit(1)
    )


def holding(session: Session, case_id: str) -> dict[str, Stated]:
    """What holds now for a case, the site's own statements below those of the case."""
    newest = (
        select(NoticeStatement.case_id, NoticeStatement.key, func.max(NoticeStatement.number).label("number"))
        .where((NoticeStatement.case_id == case_id) | NoticeStatement.case_id.is_(None))
        .group_by(NoticeStatement.case_id, NoticeStatement.key)
        .subquery()
    )
    rows = session.scalars(
        select(NoticeStatement).join(
            newest,
            (NoticeStatement.key == newest.c.key)
            & (NoticeStatement.number == newest.c.number)
            & (func.coalesce(NoticeStatement.case_id, "") == func.coalesce(newest.c.case_id, "")),
        )
    )
    ordered = sorted(rows, key=lambda r: (r.case_id is not None, r.key))
    return {r.key: _read(r) for r in ordered}


def history(session: Session, case_id: str, keys: Iterable[str] = ()) -> list[Stated]:
    """Everything ever stated for a case, newest first; of some keys only where they are named."""
    asked = select(NoticeStatement).where(NoticeStatement.case_id == case_id)
    wanted = tuple(keys)
    if wanted:
        asked = asked.where(NoticeStatement.key.in_(wanted))
    return [_read(r) for r in session.scalars(asked.order_by(NoticeStatement.at.desc(), NoticeStatement.number.desc()))]


def _read(row: NoticeStatement) -> Stated:
    return Stated(row.key, row.value, row.why, row.by, row.at)


def checked(case_id: str | None, key: str, value: Any) -> Any:
    """The value as it may be stored; None where it is empty.

    Raises:
        NoticeError: with what does not fit, in a sentence for the person who typed it.
    """
    head, _, part = key.partition(".")
    if case_id is None and key != SITE:
        raise NoticeError(f"`{key[:40]}` belongs to a case; for the whole site only the organisation is stated")
    if head == FORM and part.count(".") == 1 and len(key) <= 120:
        return _text(value)
    if not (key in WHOLE or key == SITE or (head in PARTS and part)):
        raise NoticeError(f"nothing here is called `{key[:40]}`")
    if head == "answers" and part not in QUESTIONS:
        raise NoticeError(f"there is no question `{part[:10]}`; there are {', '.join(QUESTIONS)}")
    if head == "events" and (part not in EVENTS or part in SENT_EVENTS):
        raise NoticeError(f"`{part[:40]}` is not a moment that is stated; telling somebody is recorded as a filing")
    if head == "residences" and not PLACE.match(part):
        raise NoticeError(f"`{part[:10]}` is not a place; write its code, as FR, CA-QC or US-CA")
    value = _bare(value)
    if value is None:
        return None
    written = _document(head, part, value)
    typed_text(json.dumps(value, ensure_ascii=False), "what is stated", 2 * MOST_BYTES)
    text = json.dumps({"reference": "case", **written}, ensure_ascii=False)
    if len(text.encode()) > MOST_BYTES:
        raise NoticeError(f"{key}: this is longer than {MOST_BYTES >> 10} KB; keep it shorter")
    try:
        case_of(text.encode())
    except NoticeFileError as e:
        said = "; ".join(p.message for r in e.reports for p in r.problems)
        raise NoticeError(f"{key.replace('_', ' ')}: {said}") from e
    return value


def _document(head: str, part: str, value: Any) -> dict[str, Any]:
    if head == "residences":
        return {"residences": [{"place": part, **value}]} if isinstance(value, dict) else {"residences": [value]}
    return {head: {part: value} if part else value}


def _bare(value: Any) -> Any:
    """Without empty parts, each text one paragraph; control characters are refused further down, by the reader."""
    match value:
        case str():
            return " ".join(value.split("\n")).replace("\r", "").strip() or None
        case list():
            kept = [v for v in map(_bare, value) if v is not None]
            return kept or None
        case dict():
            bare = {str(k): v for k, v in ((k, _bare(v)) for k, v in value.items()) if v is not None}
            return bare or None
        case _:
            return value


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise NoticeError("a field of the form is text")
    return typed_text(value, "a field of the form") or None
