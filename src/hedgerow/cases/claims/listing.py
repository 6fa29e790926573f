"""The list of claims: those that are due first come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hedgerow.cases.claims.deciding import STATES
from hedgerow.store.models.claims import Claim

PAGE: Final = 50


@dataclass(frozen=True)
class Listed:
    """One page of claims."""

    claims: tuple[Claim, ...]
    total: int
    page: int
    pages: int


def list_claims(session: Session, state: str = "", number: int = 1) -> Listed:
    """One page.

    Args:
        session: Only read.
        state: One of the states, `all`, or empty: those not decided.
        number: Which page.
    """
    where: list[ColumnElement[bool]] = []
    if state in STATES:
        where.append(Claim.state == state)
    elif state != "all":
        where.append(Claim.decided_at.is_(None))
    total = session.scalar(select(func.count(Claim.id)).where(*where)) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(1, number), pages)
    rows = session.scalars(
        select(Claim)
        .where(*where)
        .order_by(Claim.decided_at.is_not(None), Claim.examine_by, Claim.number)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return Listed(tuple(rows), total, page, pages)
