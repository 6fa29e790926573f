"""A whole answer as a file: made by DuckDB row by row, so that it is as long as it is and memory is not.

Of a record, CSV and Parquet have one row for each person in each entry, and one for each entry without people, oldest
first; JSON lines are those of `Entry.as_data`. Of `affected` all three have its rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from hedgerow.ledger.questions import confidence
from hedgerow.ledger.questions.affected import IN_ORDER, Affected
from hedgerow.ledger.questions.period import iso
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
AFFECTED: Final = ("person", "field", "first", "last", "times", "confidence", "precision")
_NUMBERS: Final = ("part", "status", "times")
_MOMENTS: Final = ("first", "last")
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


def rows_of_affected() -> Query:
    """The rows of an answer of `affected`, asked of the connection that keeps them."""
    columns = ", ".join(AFFECTED[:-1])
    precision = f"CASE confidence WHEN '{confidence.SKETCH}' THEN 'day' ELSE 'millisecond' END AS precision"
    return f"SELECT {columns}, {precision} FROM affected ORDER BY {IN_ORDER}", []


def csv_lines(connection: duckdb.DuckDBPyConnection, rows: Query, columns: Sequence[str] = COLUMNS) -> Iterator[str]:
    """A CSV (RFC 4180, CRLF), some lines at a time; no cell can be taken for a formula, as `tables.cell` has it."""
    yield ",".join(columns) + "\r\n"
    cells = ", ".join(_cell(name) for name in columns)
    sql, values = rows
    yield from _texts(connection, f"SELECT concat_ws(',', {cells}) FROM ({sql})", values, "\r\n")


def _cell(name: str) -> str:
    if name == "at":
        return _AT
    if name in _NUMBERS:
        return f"coalesce({name}::VARCHAR, '')"
    if name in _MOMENTS:
        return _moment(name)
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


def _moment(name: str) -> str:
    """As `period.iso` writes it."""
    return f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ')"


def json_of_affected(found: Affected) -> Iterator[str]:
    """The whole answer as one document, its rows as they come out of DuckDB."""
    yield json.dumps(found.summary(), ensure_ascii=False, indent=1).removesuffix("\n}") + ',\n "rows": ['
    columns = ", ".join(f"'{name}': {_moment(name) if name in _MOMENTS else name}" for name in AFFECTED)
    sql, values = rows_of_affected()
    first = True
    for block in _texts(found.kept, f"SELECT to_json({{{columns}}}) FROM ({sql})", values, ",\n  "):
        yield ("\n  " if first else ",\n  ") + block.removesuffix(",\n  ")
        first = False
    gaps = [
        {"at": iso(g.at), "route": g.route, "reference": g.reference, "note": g.note, "everybody": g.everybody}
        for g in found.gaps
    ]
    yield '\n ],\n "gap_list": ' + json.dumps(gaps, ensure_ascii=False) + "\n}\n"


def _texts(connection: duckdb.DuckDBPyConnection, sql: str, values: list[Any], end: str) -> Iterator[str]:
    # On this connection and no cursor of it: its temporary tables are nobody else's.
    rows = connection.execute(sql, values)
    while some := rows.fetchmany(_ROWS_AT_ONCE):
        yield "".join(f"{text}{end}" for (text,) in some)


def to_parquet(
    connection: duckdb.DuckDBPyConnection, rows: Query, path: Path, columns: Sequence[str] = COLUMNS
) -> None:
    """Writes Parquet to a file that is there and empty, and that the connection may write (`Snapshot.connect`).

    Raises:
        OSError: it cannot be written.
    """
    sql, values = rows
    listed = ", ".join(f'"{name}"' for name in columns)
    try:
        connection.execute(
            f"COPY (SELECT {listed} FROM ({sql})) TO {quoted(str(path))}"
            " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)",
            values,
        )
    except duckdb.IOException as error:
        raise OSError(f"{path} cannot be written: {error}") from error
