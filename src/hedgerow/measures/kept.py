"""Keeps the table of measures and the record of decisions together: what a transaction does not keep is not in force.

The table is a file that the edge reads, the record a database. A measure is written first, so that one that cannot be
refuses the decision, and is taken back when the transaction is rolled back, whoever did that and at whatever point. A
process that dies between the two leaves a measure without a record: it is in every list of measures, and it expires.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.orm import Session


def undone_on_rollback(session: Session, undo: Callable[[], None]) -> None:
    """Calls `undo` once if this transaction is rolled back, and never when it is kept.

    Args:
        session: The transaction in which something beside the database was changed.
        undo: Takes that back. What it raises reaches whoever rolled back.
    """
    settled = False

    def rolled_back(_session: Session) -> None:
        nonlocal settled
        if not settled:
            settled = True
            undo()

    def kept(_session: Session) -> None:
        nonlocal settled
        settled = True

    event.listen(session, "after_rollback", rolled_back)
    event.listen(session, "after_commit", kept)
