"""Whether each field of people reached the other side: confirmed, possible or excluded, with the reason. Pure.

A regulator counted it against a company that its first notice left out what might have been taken. So every field
that the site knows is in the answer, not only those that were recorded; and a field is excluded only for a reason that
can be shown. The ledger is written before an answer leaves, so what is in no record did not leave by a route that is
read.
"""

# ruff: noqa: S608 - names of columns are put together here; whatever comes from outside is a value
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from hedgerow.audit.wording import count
from hedgerow.cases.core.ledgers import PeopleMap
from hedgerow.cases.notices.facts import Certainty
from hedgerow.ledger.questions import confidence
from hedgerow.ledger.questions.affected import Affected
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import Group

UNKNOWN_SENSITIVITY = "personal"
"""Of a field that the people map does not know: the ledger has it all the same."""


@dataclass(frozen=True)
class Proposal:
    """What the ledger says of one field."""

    name: str
    sensitivity: str
    mark: Certainty
    reason: str
    people: int | None


@dataclass(frozen=True)
class Reach:
    """What the principals did besides what `affected` tells."""

    masked: Mapping[str, int]
    """By field: people of whom it was masked for them."""
    routes: tuple[str, ...]
    """Routes by which they were shown or masked people."""


def reach(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> Reach:
    """Asks the detail for routes and masks."""
    where, values = group.condition()
    bounds = [*period.bounds, *values]
    masked: list[Any] = connection.execute(
        "SELECT field, count(DISTINCT person) FROM (SELECT person, unnest(masked) AS field"
        f' FROM disclosures_by_principal WHERE "at" >= ? AND "at" < ? AND {where}) GROUP BY field',
        bounds,
    ).fetchall()
    routes = connection.execute(
        f'SELECT DISTINCT route FROM disclosures_by_principal WHERE "at" >= ? AND "at" < ? AND {where}'
        " AND route IS NOT NULL ORDER BY route",
        bounds,
    ).fetchall()
    return Reach({str(name): int(n) for name, n in masked}, tuple(str(r) for (r,) in routes))


@dataclass(frozen=True)
class Seen:
    """One field in the ledger's answer."""

    certain: int
    """People in answers that left, or in sketches."""
    perhaps: int
    """More people, in answers that may have shown less."""
    first: datetime
    last: datetime


def seen(found: Affected) -> dict[str, Seen]:
    """By field, what the answer has of it. Counted where the answer lies: it may have millions of rows."""
    rows = found.kept.execute(
        "SELECT field, count(DISTINCT person) FILTER (WHERE confidence <> ?), count(DISTINCT person), min(first),"
        " max(last) FROM affected GROUP BY field",
        [confidence.POSSIBLE],
    ).fetchall()
    return {
        str(name): Seen(int(certain), int(people) - int(certain), first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
        for name, certain, people, first, last in rows
    }


def propose(found: Affected, by_field: Mapping[str, Seen], how: Reach, site: PeopleMap) -> list[Proposal]:
    """A mark for every field that the site or the ledger knows, by name."""
    proposals = []
    for name in sorted({*site.fields, *by_field, *how.masked}):
        mark, reason, people = _one(name, by_field.get(name), found, how, site)
        proposals.append(Proposal(name, site.fields.get(name, UNKNOWN_SENSITIVITY), mark, reason, people))
    return proposals


def _one(
    name: str, there: Seen | None, found: Affected, how: Reach, site: PeopleMap
) -> tuple[Certainty, str, int | None]:
    if there is not None and there.certain:
        more = f"; of {count(there.perhaps, 'more person', 'more people')} perhaps" if there.perhaps else ""
        return (
            Certainty.CONFIRMED,
            f"recorded in answers that left, of {count(there.certain, 'person', 'people')}, from "
            f"{there.first:%Y-%m-%d %H:%M} to {there.last:%Y-%m-%d %H:%M} UTC{more}",
            there.certain + there.perhaps,
        )
    if there is not None:
        return (
            Certainty.POSSIBLE,
            f"recorded of {count(there.perhaps, 'person', 'people')}, but the answers may have shown less (an error, "
            "a verdict that should have held them, or only a log)",
            there.perhaps,
        )
    unread = sum(1 for g in found.gaps if not g.everybody)
    lost = [
        f"{count(unread, 'answer')} to these principals could not be read and left as they were" if unread else "",
        "the ledger itself may have lost records in this time" if any(g.everybody for g in found.gaps) else "",
        "of some days it is not known what these addresses were shown" if found.at_most != found.people else "",
    ]
    doubts = [doubt for doubt in lost if doubt]
    if doubts:
        return Certainty.POSSIBLE, f"in no record, but {' and '.join(doubts)}", None
    if name in how.masked:
        return (
            Certainty.EXCLUDED,
            f"masked for them in every answer ({count(how.masked[name], 'person', 'people')})",
            0,
        )
    used = [r for r in how.routes if name in site.routes.get(r, frozenset())]
    if used:
        return (
            Certainty.EXCLUDED,
            f"the routes they read can show it ({', '.join(used)}), and every answer was recorded without it",
            0,
        )
    unmapped = [r for r in how.routes if not site.routes.get(r)]
    if unmapped:
        return (
            Certainty.POSSIBLE,
            f"in no record; but of the route {', '.join(unmapped)} the people map does not say which fields it shows",
            None,
        )
    return Certainty.EXCLUDED, "no route they read shows it", 0
