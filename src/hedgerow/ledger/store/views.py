"""The views that questions are asked of: docs/reference/ledger-views.md."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hedgerow.ledger.store.layout import COLUMNS, Table, names, quoted, rows_of

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


def columns() -> dict[str, dict[str, str]]:
    """Every view's columns and their types."""
    sketches = {**COLUMNS[Table.SKETCHES], "thinned": "BOOLEAN"}
    return {**{view: dict(COLUMNS[table]) for view, table in _SOURCES.items()}, "sketches": sketches}


def statements(paths: dict[Table, list[Path]], thinned: set[str]) -> list[str]:
    """The statements that make the views over some files and what is pending."""
    made = []
    for view, table in _SOURCES.items():
        listed = names(table)
        both = f"{rows_of(table, paths[table])} UNION ALL SELECT {listed} FROM pending.{PENDING[view]}"
        made.append(f"CREATE VIEW {view} AS {both}")
    listed = names(Table.SKETCHES)
    days = ", ".join(f"DATE {quoted(day)}" for day in sorted(thinned))
    over = f"day IN ({days})" if days else "false"
    both = f"{rows_of(Table.SKETCHES, paths[Table.SKETCHES])} UNION ALL SELECT {listed} FROM pending.sketches"
    made.append(f"CREATE VIEW sketches AS SELECT {listed}, {over} AS thinned FROM ({both})")
    return made
