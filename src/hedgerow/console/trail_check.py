"""Checks the trail: every number there, every hash right, every row chained to the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.console.decisions import FIRST, hash_of
from hedgerow.store.models.trail import Decision

_MOST_PROBLEMS: Final = 20


@dataclass(frozen=True)
class Checked:
    """What was found."""

    rows: int
    problems: tuple[str, ...]
    head: str
    """Hash of the last row. Kept elsewhere (paper, mail), it shows later whether rows at the end were cut off."""


def check_trail(session: Session) -> Checked:
    """Reads the whole trail, a thousand rows at a time."""
    problems: list[str] = []
    before, number = FIRST, 0
    for row in session.scalars(select(Decision).order_by(Decision.number).execution_options(yield_per=1_000)):
        if row.number != number + 1:
            problems.append(f"row {number + 1} is missing; {row.number} follows {number}")
        if row.before != before:
            problems.append(f"row {row.number} does not follow the row before it: one of them was changed or removed")
        if hash_of(row) != row.hash:
            problems.append(f"row {row.number} was changed after it was written")
        number, before = row.number, row.hash
        session.expunge(row)
        if len(problems) >= _MOST_PROBLEMS:
            problems.append("and perhaps more: the check stops here")
            break
    return Checked(number, tuple(problems), before)
