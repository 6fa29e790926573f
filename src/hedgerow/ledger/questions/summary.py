"""One person, or one principal, in figures: to whom and how often, whom and how many, without a row of the record.

    with summary.of_person(connection, "42") as told:
        told.times_shown, told.first, told.last, told.fields
        told.recipients(20), told.recipients(20, skip=20)        # those most often shown first

    with summary.of_group(connection, group) as told:
        told.people, told.pages, told.others
        told.shown(50)                                           # people by how often they were shown

DuckDB counts in one pass over the rows meant and keeps the counts, not the rows, for as long as the answer is open; so
what it costs grows with the rows and what comes into Python with what is asked for. Of days without detail nothing is
in here: `records.days_of_person` and `records.days_of_group` say what the sketches still know.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

import duckdb

from hedgerow.ledger.questions import confidence
from hedgerow.ledger.questions.period import iso
from hedgerow.ledger.questions.refs import Group

INNERMOST: Final = ("account", "licence", "session", "address", "network", "client")
"""A recipient is who is known most closely: the first of these that an entry has."""
NOBODY: Final = "nobody known"
_NAMES_AT_ONCE: Final = 2_000
_LEVEL: Final = "CASE " + " ".join(f"WHEN {n} IS NOT NULL THEN '{n}'" for n in INNERMOST) + f" ELSE '{NOBODY}' END"
_NAME: Final = f"coalesce({', '.join(INNERMOST)}, '')"
_FIELDS: Final = "array_to_string(shown, ' ')"
_SUREST: Final = "min(sure) FILTER (WHERE fields <> '')"
"""Of `confirmed` and `possible` the surer one is also the first by the alphabet."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to whom a person was shown."""

    level: str
    name: str
    """Keyed; of an address the stable one while its days can be linked."""
    standing: str | None
    """The last one."""
    first: datetime
    last: datetime
    times: int
    """Entries in which something of the person was shown."""
    withheld: int
    """Entries in which everything of the person was masked."""
    fields: tuple[str, ...]
    confidence: str | None
    """The surest of those `times`; None when nothing was shown."""

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "level": self.level,
            "principal": self.name,
            "standing": self.standing,
            "first": iso(self.first),
            "last": iso(self.last),
            "times": self.times,
            "withheld": self.withheld,
            "fields": list(self.fields),
            "confidence": self.confidence,
        }


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """A person whom a principal was shown."""

    person: str
    first: datetime
    last: datetime
    times: int
    withheld: int
    fields: tuple[str, ...]
    confidence: str | None

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "person": self.person,
            "first": iso(self.first),
            "last": iso(self.last),
            "times": self.times,
            "withheld": self.withheld,
            "fields": list(self.fields),
            "confidence": self.confidence,
        }


@dataclass(frozen=True, slots=True)
class Route:
    """What a principal was shown on one route."""

    name: str
    answers: int
    people: int
    fields: dict[str, int]


@dataclass(frozen=True, slots=True)
class Other:
    """Entries that showed nobody: verdicts, challenges, gaps."""

    kind: str
    action: str | None
    mode: str | None
    times: int
    last: datetime


class _Counts:
    """Counts that DuckDB keeps in temporary tables of their own connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        # Temporary tables are a cursor's own: two answers of one connection do not meet.
        self._counts = connection.cursor()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._counts.close()

    def _one(self, sql: str, values: Iterable[Any] = ()) -> tuple[Any, ...]:
        return self._counts.execute(sql, list(values)).fetchone() or ()

    def _all(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        return self._counts.execute(sql, list(values)).fetchall()

    def _fields(self) -> dict[str, int]:
        """How often each field was shown."""
        return dict(
            self._all(
                "SELECT field, sum(n)::BIGINT FROM (SELECT unnest(string_split(fields, ' ')) AS field, n FROM counted"
                " WHERE fields <> '') GROUP BY field ORDER BY field"
            )
        )


class PersonSummary(_Counts):
    """How often one person was shown, and to whom."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, person: str) -> None:
        super().__init__(connection)
        self.person = person
        self._counts.execute(
            f"""CREATE TEMP TABLE counted AS
            SELECT {_LEVEL} AS level, {_NAME} AS name, CASE WHEN {_LEVEL} = 'address' THEN "at"::DATE END AS day,
              {_FIELDS} AS fields, {confidence.OF_RECORD} AS sure, count(*) AS n, min("at") AS first,
              max("at") AS last, arg_max(standing, "at") AS standing
            FROM disclosures WHERE person = ? GROUP BY ALL""",
            [person],
        )
        if self._one("SELECT count(*) FROM counted WHERE level = 'address'")[0]:
            # Where nothing is closer than the address, it is followed from day to day while that can be done.
            self._counts.execute(
                "UPDATE counted SET name = l.stable FROM (SELECT DISTINCT day, address, stable FROM links) l"
                " WHERE counted.day = l.day AND counted.name = l.address AND counted.level = 'address'"
            )
        self._counts.execute(
            f"""CREATE TEMP TABLE recipients AS
            SELECT level, name, arg_max(standing, last) AS standing, min(first) AS first, max(last) AS last,
              coalesce(sum(n) FILTER (WHERE fields <> ''), 0)::BIGINT AS times,
              coalesce(sum(n) FILTER (WHERE fields = ''), 0)::BIGINT AS withheld, {_SUREST} AS sure
            FROM counted GROUP BY level, name"""
        )
        shown, possible, withheld, first, last = self._one(
            f"""SELECT coalesce(sum(n) FILTER (WHERE fields <> ''), 0)::BIGINT,
              coalesce(sum(n) FILTER (WHERE fields <> '' AND sure = '{confidence.POSSIBLE}'), 0)::BIGINT,
              coalesce(sum(n) FILTER (WHERE fields = ''), 0)::BIGINT, min(first), max(last) FROM counted"""
        )
        self.times_shown = int(shown)
        self.times_possible = int(possible)
        """Of `times_shown`, those that are not confirmed."""
        self.times_withheld = int(withheld)
        self.first = _utc(first)
        self.last = _utc(last)
        self.fields = self._fields()
        """Each field and how often it was shown."""
        self.recipients_in_all = int(self._one("SELECT count(*) FROM recipients")[0])

    @property
    def entries(self) -> int:
        """Entries in all."""
        return self.times_shown + self.times_withheld

    def kinds(self) -> dict[str, int]:
        """Recipients by how well they were known; those of no known standing are under the empty word."""
        found = self._all("SELECT coalesce(standing, ''), count(*) FROM recipients GROUP BY 1 ORDER BY 2 DESC, 1")
        return {str(standing): int(n) for standing, n in found}

    def recipients(self, limit: int, skip: int = 0) -> list[Recipient]:
        """To whom: those most often shown first."""
        # Fields are gathered for this page alone: lists for all recipients cost more than everything else here.
        rows = self._all(
            """WITH page AS (SELECT * FROM recipients ORDER BY times DESC, withheld DESC, first, level, name
              LIMIT ? OFFSET ?)
            SELECT level, name, any_value(p.standing), any_value(p.first) AS first, any_value(p.last),
              any_value(p.times) AS times, any_value(p.withheld) AS withheld, list(DISTINCT c.fields), any_value(p.sure)
            FROM page p JOIN counted c USING (level, name) GROUP BY level, name
            ORDER BY times DESC, withheld DESC, first, level, name""",
            [limit, skip],
        )
        return [
            Recipient(level, name, standing, _at(first), _at(last), times, withheld, _united(fields), sure)
            for level, name, standing, first, last, times, withheld, fields, sure in rows
        ]

    def numbers(self, recipients: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Numbers of some recipients, by level and name: from 1, by who was first. They tell recipients apart."""
        names = sorted({name for _, name in recipients})
        if not names:
            return {}
        some = f" WHERE name IN ({', '.join('?' * len(names))})" if len(names) <= _NAMES_AT_ONCE else ""
        rows = self._all(
            "SELECT level, name, number FROM (SELECT level, name, row_number() OVER (ORDER BY first, level, name)"
            f" AS number FROM recipients){some}",
            names if some else [],
        )
        return {(level, name): int(number) for level, name, number in rows}

    def as_data(self, limit: int) -> dict[str, Any]:
        """For programs, with the first recipients and how many there are."""
        return {
            "kind": "summary",
            "person": self.person,
            "entries": self.entries,
            "times_shown": self.times_shown,
            "times_possible": self.times_possible,
            "times_withheld": self.times_withheld,
            "first": iso(self.first) if self.first else None,
            "last": iso(self.last) if self.last else None,
            "fields": self.fields,
            "recipients": self.recipients_in_all,
            "recipients_by_standing": self.kinds(),
            "first_recipients": [r.as_data() for r in self.recipients(limit)],
        }


class GroupSummary(_Counts):
    """Whom some principals were shown, and what else they did."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, group: Group) -> None:
        super().__init__(connection)
        where, values = group.condition()
        self._counts.execute(
            f"""CREATE TEMP TABLE counted AS
            SELECT person, coalesce(route, 'unnamed') AS route, {_FIELDS} AS fields, {confidence.OF_RECORD} AS sure,
              count(*) AS n, min("at") AS first, max("at") AS last
            FROM disclosures_by_principal WHERE {where} GROUP BY ALL""",
            values,
        )
        self._counts.execute(
            f"""CREATE TEMP TABLE told AS
            SELECT kind, action, mode, coalesce(route, 'unnamed') AS route, kind IN ('disclosure', 'reveal') AS shows,
              count(*) AS n, max("at") AS last, min("at") AS first
            FROM entries WHERE {where} GROUP BY ALL""",
            values,
        )
        people, in_all, shown, possible, withheld, first, last = self._one(
            f"""SELECT count(DISTINCT person) FILTER (WHERE fields <> ''), count(DISTINCT person),
              coalesce(sum(n) FILTER (WHERE fields <> ''), 0)::BIGINT,
              coalesce(sum(n) FILTER (WHERE fields <> '' AND sure = '{confidence.POSSIBLE}'), 0)::BIGINT,
              coalesce(sum(n) FILTER (WHERE fields = ''), 0)::BIGINT, min(first), max(last)
            FROM (SELECT * FROM counted UNION ALL BY NAME SELECT first, last, 0 AS n FROM told WHERE NOT shows)"""
        )
        self.people = int(people)
        """People of whom something was shown, each once."""
        self.people_in_all = int(in_all)
        """With those of whom everything was masked."""
        self.disclosures = int(shown)
        self.possible = int(possible)
        """Of `disclosures`, those that are not confirmed."""
        self.withheld = int(withheld)
        self.first = _utc(first)
        self.last = _utc(last)
        self.fields = self._fields()
        self.pages = self._pages(where, values)
        self.others = [
            Other(kind, action, mode, int(n), _at(last))
            for kind, action, mode, n, last in self._all(
                "SELECT kind, action, mode, sum(n)::BIGINT AS n, max(last) FROM told WHERE NOT shows"
                " GROUP BY kind, action, mode ORDER BY n DESC, kind, action, mode"
            )
        ]

    @property
    def entries(self) -> int:
        """Entries in all."""
        return sum(p.answers for p in self.pages) + sum(o.times for o in self.others)

    def _pages(self, where: str, values: list[Any]) -> list[Route]:
        answers = "SELECT route, sum(n)::BIGINT FROM told WHERE shows GROUP BY route"
        more: list[Any] = []
        (told_since,) = self._one("SELECT min(first) FROM told WHERE shows")
        (shown_since,) = self._one("SELECT min(first) FROM counted")
        if shown_since is not None and (told_since is None or shown_since < told_since):
            # Entries are kept for a shorter time than disclosures. Only then both are asked, which takes longer.
            answers = (
                "SELECT coalesce(route, 'unnamed'), count(*) FROM (SELECT route, writer, seq FROM entries"
                f" WHERE {where} AND kind IN ('disclosure', 'reveal')"
                f" UNION SELECT route, writer, seq FROM disclosures_by_principal WHERE {where}) GROUP BY 1"
            )
            more = values * 2
        answered = dict(self._all(answers, more))
        fields: dict[str, dict[str, int]] = {}
        for route, field, n in self._all(
            "SELECT route, field, sum(n)::BIGINT FROM (SELECT route, unnest(string_split(fields, ' ')) AS field, n"
            " FROM counted WHERE fields <> '') GROUP BY route, field ORDER BY route, field"
        ):
            fields.setdefault(route, {})[field] = n
        people = dict(
            self._all("SELECT route, count(DISTINCT person) FILTER (WHERE fields <> '') FROM counted GROUP BY route")
        )
        return [
            Route(route, int(answered.get(route, 0)), int(people.get(route, 0)), fields.get(route, {}))
            for route in sorted(answered.keys() | people.keys())
        ]

    def everybody(self) -> list[str]:
        """People of whom something was shown."""
        return [p for (p,) in self._all("SELECT DISTINCT person FROM counted WHERE fields <> '' ORDER BY person")]

    def shown(self, limit: int, skip: int = 0) -> list[ShownPerson]:
        """People by how often they were shown, most often first; with those of whom everything was masked."""
        rows = self._all(
            f"""SELECT person, min(first), max(last), coalesce(sum(n) FILTER (WHERE fields <> ''), 0)::BIGINT AS times,
              coalesce(sum(n) FILTER (WHERE fields = ''), 0)::BIGINT AS withheld,
              list(DISTINCT fields) FILTER (WHERE fields <> ''), {_SUREST}
            FROM counted GROUP BY person ORDER BY times DESC, withheld DESC, person LIMIT ? OFFSET ?""",
            [limit, skip],
        )
        return [
            ShownPerson(person, _at(first), _at(last), times, withheld, _united(fields), sure)
            for person, first, last, times, withheld, fields, sure in rows
        ]

    def as_data(self, limit: int) -> dict[str, Any]:
        """For programs, with the first people."""
        return {
            "kind": "summary",
            "people_shown": self.people,
            "disclosures": self.disclosures,
            "possible": self.possible,
            "withheld": self.withheld,
            "first": iso(self.first) if self.first else None,
            "last": iso(self.last) if self.last else None,
            "fields": self.fields,
            "pages": [
                {"page": p.name, "answers": p.answers, "people": p.people, "fields": p.fields} for p in self.pages
            ],
            "other_entries": [
                {"kind": o.kind, "action": o.action, "mode": o.mode, "times": o.times, "last": iso(o.last)}
                for o in self.others
            ],
            "first_people": [p.as_data() for p in self.shown(limit)],
        }


def of_person(connection: duckdb.DuckDBPyConnection, person: str) -> PersonSummary:
    """One person in figures; to be used with `with`, which lets go of what was counted."""
    return PersonSummary(connection, person)


def of_group(connection: duckdb.DuckDBPyConnection, group: Group) -> GroupSummary:
    """Some principals in figures; as `of_person`."""
    return GroupSummary(connection, group)


def _united(fields: list[str] | None) -> tuple[str, ...]:
    return tuple(sorted({name for some in fields or [] for name in some.split()}))


def _at(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else _at(moment)
