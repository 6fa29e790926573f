"""A whole record as a file: made by DuckDB row by row, so that it is as long as it is and memory is not.

CSV and Parquet have one row for each person in each entry, and one for each entry without people; JSON lines are those
of `Entry.as_data`. Oldest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb

from hedgerow.ledger.questions import confidence
from hedgerow.ledger.questions.refs import Group
from hedgerow.ledger.store.layout import quoted

_ROWS_AT_ONCE: Final = 10_000
_LISTS: Final = ("shown", "masked")
_TEXT: Final = (
    "kind", "person", *_LISTS, "reference", "address", "network", "session", "account", "client", "licence", "lane",
    "standing", "route", "family", "method", "action", "mode", "source", "confidence",
)  # fmt: skip
COLUMNS: Final = ("at", *_TEXT[:5], "part", *_TEXT[5:16], "status", *_TEXT[16:])
"""Of CSV and Parquet: as in the view `disclosures`, and `confidence`. An address has its stable name where it can."""
_TAKEN: Final = ", ".join(f'e."{name}"' for name in COLUMNS if name not in {*_LISTS, "person", "address", "confidence"})
_LINKED: Final = (
    " LEFT JOIN (SELECT day, address, any_value(stable) AS stable FROM links GROUP BY day, address) l"
    ' ON l.address = e.address AND l.day = e."at"::DATE'
)
_SURE: Final = f"CASE WHEN len(shown) > 0 THEN {confidence.OF_RECORD} END AS confidence"
_AT: Final = (
    """CASE WHEN microsecond("at") % 1000000 = 0 THEN strftime("at", '%Y-%m-%dT%H:%M:%S+00:00')"""
    """ ELSE strftime("at", '%Y-%m-%dT%H:%M:%S.%f+00:00') END"""
)

Query = tuple[str, list[Any]]
"""SQL and its values."""


def rows_of_person(person: str) -> Query:
    """The rows of one person."""
    return (
        f"SELECT {_TAKEN}, e.person, e.shown, e.masked, coalesce(l.stable, e.address) AS address, {_SURE}"
        f' FROM disclosures e{_LINKED} WHERE e.person = ? ORDER BY e."at", e.writer, e.seq',
        [person],
    )


def rows_of_group(group: Group) -> Query:
    """The rows of some principals; what showed nobody has no person."""
    where, values = group.condition("e.")
    address = "coalesce(l.stable, e.address) AS address"
    return (
        f"""SELECT * FROM (
        SELECT {_TAKEN}, e.person, e.shown, e.masked, {address}, {_SURE}, e.writer, e.seq
        FROM disclosures_by_principal e{_LINKED} WHERE {where}
        UNION ALL BY NAME
        SELECT {_TAKEN}, {address}, e.writer, e.seq, []::VARCHAR[] AS shown, []::VARCHAR[] AS masked
        FROM entries e{_LINKED} WHERE {where} AND e.kind NOT IN ('disclosure', 'reveal')
        ) ORDER BY "at", writer, seq, person""",
        [*values, *values],
    )


def csv_lines(connection: duckdb.DuckDBPyConnection, rows: Query) -> Iterator[str]:
    """A CSV (RFC 4180, CRLF), some lines at a time; no cell can be taken for a formula, as `tables.cell` has it."""
    yield ",".join(COLUMNS) + "\r\n"
    cells = ", ".join(_cell(name) for name in COLUMNS)
    sql, values = rows
    yield from _texts(connection, f"SELECT concat_ws(',', {cells}) FROM ({sql})", values, "\r\n")


def _cell(name: str) -> str:
    if name == "at":
        return _AT
    if name in {"part", "status"}:
        return f"coalesce({name}::VARCHAR, '')"
    text = f"array_to_string({name}, ' ')" if name in _LISTS else f'"{name}"'
    text = f"replace({text}, chr(0), '\\x00')"
    guarded = (
        f"CASE WHEN regexp_matches(ltrim({text}, ' '), '\\A[=+\\-@\\t\\r\\n|%]') OR starts_with({text}, '''')"
        f" THEN '''' || {text} ELSE {text} END"
    )
    quoted_cell = f"'\"' || replace({guarded}, '\"', '\"\"') || '\"'"
    return f"coalesce(CASE WHEN regexp_matches({text}, '[\",\\r\\n]') THEN {quoted_cell} ELSE {guarded} END, '')"


def json_lines_of_person(connection: duckdb.DuckDBPyConnection, person: str) -> Iterator[str]:
    """Entries of one person as JSON, one a line, some lines at a time."""
    sql, values = rows_of_person(person)
    levels = ", ".join(f"'{n}': {n}" for n in ("address", "network", "session", "account", "client", "licence"))
    as_they_are = ", ".join(f"'{n}': {n}" for n in ("route", "status", "action", "mode", "lane", "standing"))
    line = (
        f"to_json({{'at': {_AT}, 'kind': kind, 'reference': reference, {as_they_are}, 'reasons': []::VARCHAR[],"
        f" 'note': NULL, 'principals': json_merge_patch('{{}}', to_json({{{levels}}})),"
        " 'people': [{'person': person, 'fields': shown, 'masked': masked}], 'confidence': confidence})"
    )
    yield from _texts(connection, f"SELECT {line} FROM ({sql})", values, "\n")


def _texts(connection: duckdb.DuckDBPyConnection, sql: str, values: list[Any], end: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        rows = cursor.execute(sql, values)
        while some := rows.fetchmany(_ROWS_AT_ONCE):
            yield "".join(f"{text}{end}" for (text,) in some)


def to_parquet(connection: duckdb.DuckDBPyConnection, rows: Query, path: Path) -> None:
    """Writes Parquet to a file that is there and empty, and that the connection may write (`Snapshot.connect`).

    Raises:
        OSError: it cannot be written.
    """
    sql, values = rows
    listed = ", ".join(f'"{name}"' for name in COLUMNS)
    try:
        connection.execute(
            f"COPY (SELECT {listed} FROM ({sql})) TO {quoted(str(path))}"
            " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)",
            values,
        )
    except duckdb.IOException as error:
        raise OSError(f"{path} cannot be written: {error}") from error
