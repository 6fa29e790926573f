"""Whom to tell: the list of people with their fields as a file for mail merge, and the public notice instead of it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Final, TextIO

from hedgerow import spreadsheet
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.facts import Certainty
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.rules import PUBLIC_NOTICE, Regime

COLUMNS: Final = ("person", "name", "address", "language", "place", "confirmed", "possible", "first_seen", "last_seen")
LONGEST_CELL: Final = 1_000


@dataclass(frozen=True)
class Recipient:
    """One person to tell, as the ledger and the site's own list give them."""

    person: str
    """The site's own identifier."""
    name: str
    address: str
    language: str
    place: str
    fields: dict[str, Certainty]
    first_seen: datetime
    last_seen: datetime


def cell(text: str) -> str:
    """A cell that no spreadsheet runs: a formula gets an apostrophe in front, control characters go, length is bounded.

    Source: OWASP, CSV injection.
    """
    clean = "".join(c if c.isprintable() else " " for c in text[:LONGEST_CELL])
    return spreadsheet.cell(clean)


def write(people: Iterable[Recipient], out: TextIO) -> int:
    """Writes the list as CSV (RFC 4180), one person a line, and returns how many. Nobody stands in another's line."""
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    written = 0
    for p in people:
        by_state = {
            state: " ".join(sorted(f for f, s in p.fields.items() if s is state))
            for state in (Certainty.CONFIRMED, Certainty.POSSIBLE)
        }
        if not any(by_state.values()):
            continue  # only excluded fields: there is nothing to tell this person
        row = (
            p.person,
            p.name,
            p.address,
            p.language,
            p.place,
            by_state[Certainty.CONFIRMED],
            by_state[Certainty.POSSIBLE],
            p.first_seen.isoformat(),
            p.last_seen.isoformat(),
        )
        writer.writerow([cell(c) for c in row])
        written += 1
    return written


def as_csv(people: Iterable[Recipient]) -> str:
    """The list as text."""
    out = StringIO()
    write(people, out)
    return out.getvalue()


@dataclass(frozen=True)
class PublicNotice:
    """Why people are told in public instead of each, who decided it, and how many it is expected to reach."""

    regime: str
    reason: str
    """A word of the regime's list."""
    explained: str
    where: tuple[str, ...]
    reach: Count
    decided_by: str
    decided_at: datetime


def justified(notice: PublicNotice, regime: Regime) -> PublicNotice:
    """The same record, if the regime lets people be told in public for that reason.

    Raises:
        NoticeError: with what is missing.
    """
    allowed = regime.to_people.public_notice if regime.to_people else ()
    if not allowed:
        raise NoticeError(f"{regime.id}: no rule here lets a public notice stand for telling each person")
    if notice.reason not in allowed:
        listed = "; ".join(f"{word}: {PUBLIC_NOTICE[word]}" for word in allowed)
        raise NoticeError(f"{regime.id}: `{notice.reason[:40]}` is not a reason here. Reasons: {listed}")
    lacking = [
        what
        for what, there in (
            ("explained (why, in a sentence)", len(notice.explained.split()) >= 5),
            ("where it is published", bool(notice.where)),
            ("decided_by", bool(notice.decided_by.strip())),
            ("decided_at with a time zone", notice.decided_at.tzinfo is not None),
        )
        if not there
    ]
    if lacking:
        raise NoticeError(f"{regime.id}: the public notice needs {', '.join(lacking)}")
    return notice
