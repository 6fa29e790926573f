"""Writes the trail: one row a decision, chained by hashes, in the same transaction as what was decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hedgerow.console.access.actor import Actor
from hedgerow.store.database import WRITER_LOCK
from hedgerow.store.models.trail import Decision

FIRST: Final = "0" * 64
"""What the first row has before it."""
LONGEST_REASON: Final = 4_000
_LONGEST_DETAILS: Final = 64 << 10


class DecisionError(ValueError):
    """A decision that cannot be recorded as it was given, and so was not made."""


def record(
    session: Session,
    actor: Actor,
    act: str,
    subject: str,
    reason: str,
    details: Mapping[str, Any] | None = None,
    *,
    at: datetime,
) -> Decision:
    """Records one decision. Call it inside the transaction that carries it out: both happen, or neither.

    Args:
        session: the transaction.
        actor: who decided.
        act: what, as `noun.verb`: `case.close`, `measure.set`.
        subject: about what, as `kind:identifier`: `case:8f2...`.
        reason: why, in the person's own words; may be empty where the act needs none.
        details: what else to keep: plain JSON, no secrets, no more of a person than the record needs.
        at: when, from `Services.clock`.

    Raises:
        DecisionError: something is too long, or not JSON.
    """
    if len(reason) > LONGEST_REASON:
        raise DecisionError(f"a reason may have {LONGEST_REASON:,} characters; this one has {len(reason):,}")
    plain = _plain(details or {})
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
    session.flush()
    last = session.execute(
        select(Decision.number, Decision.hash).order_by(Decision.number.desc()).limit(1)
    ).one_or_none()
    row = Decision(
        number=last.number + 1 if last else 1,
        at=at.astimezone(UTC),
        actor_id=actor.id,
        actor_name=actor.name,
        via=actor.via,
        act=act,
        subject=subject,
        reason=reason,
        details=plain,
        before=last.hash if last else FIRST,
    )
    row.hash = hash_of(row)
    session.add(row)
    session.flush()
    return row


def hash_of(row: Decision) -> str:
    """SHA-256 over everything in a row, and so over every row before it."""
    said = [
        row.number,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        row.actor_id,
        row.actor_name,
        row.via,
        row.act,
        row.subject,
        row.reason,
        row.details,
        row.before,
    ]
    return hashlib.sha256(_canonical(said).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(details: Mapping[str, Any]) -> dict[str, Any]:
    """The details as they will come back from either database; numbers with a fraction would not, so they are words."""
    try:
        said = _canonical(_without_floats(dict(details)))
    except (TypeError, ValueError) as e:
        raise DecisionError(f"details of a decision are plain JSON; {e}") from e
    if len(said) > _LONGEST_DETAILS:
        raise DecisionError(f"details of a decision have {len(said):,} bytes; {_LONGEST_DETAILS:,} are kept")
    if "\\u0000" in said:
        raise DecisionError("details of a decision hold a zero character, which PostgreSQL does not keep")
    plain: dict[str, Any] = json.loads(said)
    return plain


def _without_floats(value: object) -> object:
    match value:
        case bool():
            return value
        case float():
            # JSONB of PostgreSQL keeps numbers as decimals: 1e3 comes back as 1000, and the hash would differ.
            return repr(value)
        case int() if abs(value) > 1 << 53:
            return str(value)
        case dict():
            return {str(k): _without_floats(v) for k, v in value.items()}
        case list() | tuple():
            return [_without_floats(v) for v in value]
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            return value
