"""The views that questions are asked of: docs/reference/ledger-views.md."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hedgerow.ledger.store.layout import COLUMNS, DETAIL, Table, names, quoted, rows_of

_SOURCES: Final = {
    "entries": Table.ENTRIES,
    "disclosures": Table.BY_PERSON,
    "disclosures_by_principal": Table.BY_PRINCIPAL,
    "people": Table.PEOPLE,
    "links": Table.LINKS,
}
PENDING: Final = {
    "entries": "entries",
    "disclosures": "disclosures",
    "disclosures_by_principal": "disclosures",
    "people": "people",
    "links": "links",
    "sketches": "sketches",
}
"""Which table of the schema `pending` holds what is not compacted yet."""


GATEWAY: Final = "gateway"
"""The source of what a gateway saw leave."""


def columns() -> dict[str, dict[str, str]]:
    """Every view's columns and their types."""
    sketches = {**COLUMNS[Table.SKETCHES], "thinned": "BOOLEAN"}
    source = {"source": "VARCHAR"}
    views = {v: {**COLUMNS[table], **(source if table in DETAIL else {})} for v, table in _SOURCES.items()}
    return {**views, "sketches": sketches, "sources": {"writer": "VARCHAR", **source}}


def statements(paths: dict[Table, list[Path]], thinned: set[str], sources: dict[str, str]) -> list[str]:
    """The statements that make the views over some files and what is pending.

    Args:
        paths: The files of each table.
        thinned: Days of which only sketches are left.
        sources: Writers that were no gateways, and what their entries were made from.
    """
    made = []
    cases = " ".join(f"WHEN {quoted(writer)} THEN {quoted(made_from)}" for writer, made_from in sorted(sources.items()))
    source = f"CASE writer {cases} ELSE '{GATEWAY}' END" if cases else f"'{GATEWAY}'"
    for view, table in _SOURCES.items():
        listed = names(table)
        both = f"{rows_of(table, paths[table])} UNION ALL SELECT {listed} FROM pending.{PENDING[view]}"
        made.append(
            f"CREATE VIEW {view} AS SELECT {listed}, {source} AS source FROM ({both})"
            if table in DETAIL
            else f"CREATE VIEW {view} AS {both}"
        )
    rows = ", ".join(f"({quoted(writer)}, {quoted(made_from)})" for writer, made_from in sorted(sources.items()))
    made.append(
        f"CREATE VIEW sources AS SELECT * FROM (VALUES {rows or '(NULL::VARCHAR, NULL::VARCHAR)'}) s(writer, source)"
        " WHERE writer IS NOT NULL"
    )
    listed = names(Table.SKETCHES)
    days = ", ".join(f"DATE {quoted(day)}" for day in sorted(thinned))
    over = f"day IN ({days})" if days else "false"
    both = f"{rows_of(Table.SKETCHES, paths[Table.SKETCHES])} UNION ALL SELECT {listed} FROM pending.sketches"
    made.append(f"CREATE VIEW sketches AS SELECT {listed}, {over} AS thinned FROM ({both})")
    return made
