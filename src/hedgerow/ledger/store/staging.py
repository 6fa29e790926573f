"""Lines of segments as rows in DuckDB: the one place that knows both the segments' keys and the tables' columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import duckdb
import numpy as np

from hedgerow.ledger.store.layout import LEVELS, Table
from hedgerow.ledger.store.segments import Damage, Piece

_SHAPE: Final = (
    '{"n":"UBIGINT","t":"UBIGINT","k":"VARCHAR","ref":"VARCHAR","part":"UINTEGER","a":"VARCHAR","net":"VARCHAR",'
    '"s":"VARCHAR","acc":"VARCHAR","c":"VARCHAR","lic":"VARCHAR","lane":"VARCHAR","st":"VARCHAR","r":"VARCHAR",'
    '"f":"VARCHAR","m":"VARCHAR","code":"USMALLINT","act":"VARCHAR","mode":"VARCHAR","why":["VARCHAR"],"det":"JSON",'
    '"p":[["VARCHAR"]],"note":"VARCHAR","nk":"VARCHAR"}'
)
_LATEST_MS: Final = 253_402_300_799_000
"""The end of the year 9999; a broken clock beyond it would be no timestamp of DuckDB's."""

NameAddresses = Callable[[Iterable[tuple[date, str]]], list[tuple[date, str, str]]]
"""Gives each pair of a day and a stable name the name of that day."""


@dataclass(frozen=True)
class Staged:
    """What was staged, by segment."""

    last: dict[str, tuple[int, int]]
    """Number of the last entry and latest time, by segment."""
    damage: list[Damage]
    """Lines whose hash fits and that are no entries all the same, and numbers that do not follow each other."""


def stage(connection: duckdb.DuckDBPyConnection, pieces: list[Piece], name_addresses: NameAddresses) -> Staged:
    """Makes the temporary tables `staged`, `shown_to` and `day_names` of some pieces' lines.

    `staged` has the columns of `entries` and `day`; `shown_to` those of `disclosures`, `day` and `fields` (the shown
    ones as sorted text); `day_names` those of `links`.
    """
    for table in ("lines", "taken", "staged", "shown_to", "day_names", "bit_names"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    _lines(connection, pieces)
    connection.execute(
        f"CREATE TEMP TABLE taken AS SELECT piece, TRY(json_transform(json, '{_SHAPE}')) AS e FROM lines"
    )
    connection.execute("DROP TABLE lines")
    damage = _not_entries(connection, pieces)
    found = connection.execute("SELECT piece, max(e.n), max(e.t) FROM taken GROUP BY piece").fetchall()
    last = {pieces[i].segment.name: (int(n), min(int(t), _LATEST_MS)) for i, n, t in found}
    connection.execute("CREATE TEMP TABLE day_names (day DATE, stable VARCHAR, address VARCHAR)")
    addresses = connection.execute(
        f"SELECT DISTINCT CAST({_at('e.t')} AS DATE), e.a FROM taken WHERE e.a IS NOT NULL"
    ).fetchall()
    load(connection, "day_names", name_addresses(addresses), 3)
    _entries(connection, pieces)
    _disclosures(connection, pieces)
    connection.execute("DROP TABLE taken")
    return Staged(last, damage)


def load(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]], width: int) -> None:
    """Puts rows of Python's into a table; column by column, as row by row is a hundred times slower."""
    if not rows:
        return
    columns = {f"c{i}": np.array([row[i] for row in rows], dtype=object) for i in range(width)}
    connection.register("loaded", columns)
    connection.execute(f"INSERT INTO {table} SELECT * FROM loaded")
    connection.unregister("loaded")


def _at(ms: str) -> str:
    return f"make_timestamp_ms(CAST(least({ms}, {_LATEST_MS}) AS BIGINT))"


def _lines(connection: duckdb.DuckDBPyConnection, pieces: list[Piece]) -> None:
    connection.execute("CREATE TEMP TABLE lines (piece INTEGER, json VARCHAR)")
    for i, piece in enumerate(pieces):
        if not piece.lines:
            continue
        texts = np.array(piece.lines, dtype=object)
        connection.register("loaded", {"json": texts})
        connection.execute(f"INSERT INTO lines SELECT {i}, json FROM loaded")
        connection.unregister("loaded")


def _not_entries(connection: duckdb.DuckDBPyConnection, pieces: list[Piece]) -> list[Damage]:
    wrong = connection.execute(
        "SELECT piece, count(*) FROM taken WHERE e.n IS NULL OR e.t IS NULL OR e.k IS NULL GROUP BY piece"
    ).fetchall()
    connection.execute("DELETE FROM taken WHERE e.n IS NULL OR e.t IS NULL OR e.k IS NULL")
    damage = [
        Damage(pieces[i].segment.name, pieces[i].start, f"{count} lines from here on are not entries of a ledger")
        for i, count in wrong
    ]
    gaps = connection.execute(
        "SELECT piece FROM taken GROUP BY piece HAVING count(*) <> max(e.n) - min(e.n) + 1 OR "
        "count(*) <> count(DISTINCT e.n)"
    ).fetchall()
    damage += [
        Damage(pieces[i].segment.name, pieces[i].start, "numbers of entries are missing or stand twice from here on")
        for (i,) in gaps
        if not pieces[i].damage and all(d.segment != pieces[i].segment.name for d in damage)
    ]
    return damage


def _entries(connection: duckdb.DuckDBPyConnection, pieces: list[Piece]) -> None:
    connection.execute("CREATE TEMP TABLE writers (piece INTEGER, writer VARCHAR)")
    load(connection, "writers", [(i, p.segment.writer) for i, p in enumerate(pieces)], 2)
    connection.execute(
        f"""CREATE TEMP TABLE staged AS
        SELECT t.piece, CAST({_at("e.t")} AS DATE) AS day, {_at("e.t")} AS "at", e.k AS kind, e.ref AS reference,
          coalesce(e.part, 0)::UINTEGER AS part, w.writer, e.n AS seq, d.address, e.net AS network, e.s AS session,
          e.acc AS account, e.c AS client, e.lic AS licence, e.lane, e.st AS standing, e.r AS route, e.f AS family,
          e.m AS method, e.code AS status, e.act AS action, e.mode, coalesce(e.why, []) AS reasons,
          CAST(e.det AS VARCHAR) AS details, e.note, e.nk AS network_kind, e.p AS p
        FROM taken t JOIN writers w ON w.piece = t.piece
        LEFT JOIN day_names d ON d.stable = e.a AND d.day = CAST({_at("e.t")} AS DATE)"""
    )
    connection.execute("DROP TABLE writers")


def _disclosures(connection: duckdb.DuckDBPyConnection, pieces: list[Piece]) -> None:
    connection.execute(
        """CREATE TEMP TABLE people_of AS
        SELECT * EXCLUDE (p, one), one[1] AS person, TRY_CAST(one[2] AS UBIGINT) AS left_bits,
          TRY_CAST(one[3] AS UBIGINT) AS masked_bits
        FROM (SELECT *, unnest(p) AS one FROM staged) WHERE one[1] IS NOT NULL"""
    )
    connection.execute("ALTER TABLE staged DROP COLUMN p")
    connection.execute("CREATE TEMP TABLE bit_names (piece INTEGER, bits UBIGINT, names VARCHAR[], joined VARCHAR)")
    seen = connection.execute(
        "SELECT DISTINCT piece, left_bits FROM people_of UNION SELECT DISTINCT piece, masked_bits FROM people_of"
    ).fetchall()
    for piece, bits in seen:
        names = names_of(pieces[piece].fields, bits or 0)
        connection.execute("INSERT INTO bit_names VALUES (?, ?, ?, ?)", [piece, bits, names, " ".join(sorted(names))])
    # A bit that cannot be read counts as no field shown; the engine writes whole numbers only, and `verify` tells.
    connection.execute(
        """CREATE TEMP TABLE shown_to AS
        SELECT p.* EXCLUDE (piece, left_bits, masked_bits, reasons, details, note, network_kind), s.names AS shown,
          s.joined AS fields, m.names AS masked
        FROM people_of p
        JOIN bit_names s ON s.piece = p.piece AND s.bits IS NOT DISTINCT FROM p.left_bits
        JOIN bit_names m ON m.piece = p.piece AND m.bits IS NOT DISTINCT FROM p.masked_bits"""
    )
    connection.execute("DROP TABLE people_of")
    connection.execute("DROP TABLE bit_names")


def names_of(fields: list[str], bits: int) -> list[str]:
    """Names of a set's fields. A bit without a name is shown all the same: nothing that left may be out of sight."""
    return [fields[i] if i < len(fields) else f"field-{i}" for i in range(bits.bit_length()) if bits >> i & 1]


def stage_rows(table: Table) -> str:
    """The query of a detail table's rows among what is staged; has `day` besides."""
    return "SELECT * FROM staged" if table == Table.ENTRIES else "SELECT * FROM shown_to"


__all__ = ["LEVELS", "Staged", "load", "names_of", "stage", "stage_rows"]
