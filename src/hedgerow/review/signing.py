"""What a signature under a month is bound to, and when it may be given.

The review cannot be signed without seeing what changed: whoever signs must acknowledge every change that is listed, and
the form carries the digest of what was shown. When a figure or a change has moved since, the digest differs, and the
page is shown again instead of being signed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from hedgerow.review.metrics import Figure
from hedgerow.review.months import Month


class SigningError(ValueError):
    """The month was not signed; the message says what is missing."""


@dataclass(frozen=True)
class Change:
    """Something that changed in the month and that a reviewer has to have seen."""

    key: str
    """The same for the same change, whenever it is asked."""
    at: datetime
    what: str
    """In plain words: a policy in force, a new route of people, a measure, a role, a lesson of a case."""
    who: str


@dataclass(frozen=True)
class Due:
    """Something that should be done by a day."""

    what: str
    by: datetime
    done_at: datetime | None

    def overdue(self, now: datetime) -> bool:
        """Whether it is late: done after its day, or not done and the day is past."""
        return (self.done_at or now) > self.by


def digest_of(month: Month, figures: Sequence[Figure], changes: Sequence[Change], due: Sequence[Due]) -> str:
    """SHA-256 over all that the page shows."""
    said = {
        "month": str(month),
        "figures": [[f.metric.key, f.metric.definition, repr(f.value), repr(f.before), f.note] for f in figures],
        "changes": [[c.key, c.at.isoformat(), c.what, c.who] for c in changes],
        "due": [[d.what, d.by.isoformat(), d.done_at.isoformat() if d.done_at else None] for d in due],
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_signing(
    month: Month,
    now: datetime,
    shown_digest: str,
    current_digest: str,
    changes: Sequence[Change],
    acknowledged: Collection[str],
    conclusion: str,
) -> None:
    """Whether the month may be signed now by somebody who was shown this.

    Raises:
        SigningError: the month is not over, something moved since the page was shown, a change was not acknowledged,
            or there is no conclusion.
    """
    if now < month.until:
        raise SigningError(f"{month} is not over; it can be signed from {month.until:%Y-%m-%d} on")
    if not hmac.compare_digest(shown_digest, current_digest):
        raise SigningError("something changed since this page was shown; read what is marked as new, then sign")
    missing = [c for c in changes if c.key not in acknowledged]
    if missing:
        raise SigningError(
            f"{len(missing)} change{'s were' if len(missing) != 1 else ' was'} not acknowledged: {missing[0].what}"
        )
    if not conclusion.strip():
        raise SigningError("write a conclusion: what will be done differently, or why nothing has to be")
