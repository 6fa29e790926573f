"""The notices of the console from the shell: what waits, and the register. Reads only; signing is for the console."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hedgerow.cases.filing import dues, registering
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.store.database import Database, DatabaseError, database_url
from hedgerow.store.models.cases import Case


@contextmanager
def _reading(state: Path, wished: str | None) -> Iterator[Session]:
    """The database of a state directory, to look at; it is neither made nor changed.

    Raises:
        NoticeError: there is none, or it cannot be read.
    """
    try:
        database = Database(database_url(state, wished))
    except DatabaseError as e:
        raise NoticeError(str(e)) from e
    if database.file is not None and not database.file.exists():
        raise NoticeError(f"there is no console database at {database.shown_name}; name the state with --state")
    try:
        with database.reading() as session:
            yield session
    except SQLAlchemyError as e:
        raise NoticeError(
            f"{database.shown_name} cannot be read ({type(e).__name__}); start the console once to bring it up to date"
        ) from e
    finally:
        database.close()


def waiting(state: Path, wished: str | None) -> list[dict[str, Any]]:
    """What waits over all cases, by date, as the console reckoned it last.

    Raises:
        NoticeError: the database cannot be read.
    """
    with _reading(state, wished) as session:
        found = dues.listed(session, most=10_000)
        numbers = {row[0]: row[1] for row in session.execute(select(Case.id, Case.number))}
    return [
        {
            "due": d.due_at.isoformat(timespec="seconds") if d.due_at else None,
            "case": numbers.get(d.case_id, ""),
            "regime": d.regime,
            "what": d.what,
            "duty": d.duty,
            "mandatory": d.mandatory,
            "by_law": d.by_law,
            "time_zone": d.zone,
            "words": d.words,
        }
        for d in found
    ]


def register(state: Path, wished: str | None, *, as_csv: bool) -> str:
    """The register of breaches as text.

    Raises:
        NoticeError: the database cannot be read.
    """
    with _reading(state, wished) as session:
        rows = registering.entries(session)
        if as_csv:
            return registering.as_csv(rows)
        return json.dumps(registering.as_data(rows), indent=1, ensure_ascii=False) + "\n"
