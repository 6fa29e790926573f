"""Where everything of one site's store is, and what the tables' columns are."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final


class Table(StrEnum):
    """The tables of Parquet files; each is a folder of that name."""

    ENTRIES = "entries"
    BY_PERSON = "by-person"
    BY_PRINCIPAL = "by-principal"
    SKETCHES = "sketches"
    PEOPLE = "people"
    LINKS = "links"


DETAIL: Final = (Table.ENTRIES, Table.BY_PERSON, Table.BY_PRINCIPAL)
"""The tables that tell single disclosures."""

LEVELS: Final = ("address", "network", "session", "account", "client", "licence")
"""Levels of principals that have a name; `strangers` is one class without."""

STRANGERS: Final = ("stranger", "proven", "automation", "preview")
"""Standings that make up the class of strangers, as the engine's posture counts it (`state/charge.rs`)."""

_ENTRY: Final = {
    "at": "TIMESTAMP",
    "kind": "VARCHAR",
    "reference": "VARCHAR",
    "part": "UINTEGER",
    "writer": "VARCHAR",
    "seq": "UBIGINT",
    "address": "VARCHAR",
    "network": "VARCHAR",
    "session": "VARCHAR",
    "account": "VARCHAR",
    "client": "VARCHAR",
    "licence": "VARCHAR",
    "lane": "VARCHAR",
    "standing": "VARCHAR",
    "route": "VARCHAR",
    "family": "VARCHAR",
    "method": "VARCHAR",
    "status": "USMALLINT",
    "action": "VARCHAR",
    "mode": "VARCHAR",
}
_DISCLOSURE: Final = {
    "at": _ENTRY["at"],
    "kind": _ENTRY["kind"],
    "person": "VARCHAR",
    "shown": "VARCHAR[]",
    "masked": "VARCHAR[]",
    **{name: kind for name, kind in _ENTRY.items() if name not in {"at", "kind"}},
}

COLUMNS: Final[dict[Table, dict[str, str]]] = {
    Table.ENTRIES: {**_ENTRY, "reasons": "VARCHAR[]", "details": "VARCHAR", "note": "VARCHAR", "network_kind": "VARCHAR"},
    Table.BY_PERSON: _DISCLOSURE,
    Table.BY_PRINCIPAL: _DISCLOSURE,
    Table.SKETCHES: {
        "day": "DATE",
        "level": "VARCHAR",
        "principal": "VARCHAR",
        "shown": "VARCHAR",
        "people": "BLOB",
        "people_count": "UINTEGER",
        "first_at": "TIMESTAMP",
        "last_at": "TIMESTAMP",
    },
    Table.PEOPLE: {"number": "UINTEGER", "person": "VARCHAR"},
    Table.LINKS: {"day": "DATE", "address": "VARCHAR", "stable": "VARCHAR"},
}

SORTED: Final[dict[Table, str]] = {
    Table.ENTRIES: '"at", writer, seq',
    Table.BY_PERSON: 'person, "at", writer, seq',
    Table.BY_PRINCIPAL: 'network, address, session, account, "at", writer, seq',
    Table.SKETCHES: "level, principal, shown",
    Table.PEOPLE: "number",
    Table.LINKS: "day, address",
}

ROW_GROUP: Final[dict[Table, int]] = {
    # A question about one person meets one group in each file: small ones are read faster, and compress a little worse.
    Table.BY_PERSON: 30_720,
    Table.SKETCHES: 30_720,
}
"""Rows of a row group, where it is not DuckDB's own 122,880 (docs/reference/ledger-store.md has the measurement)."""


@dataclass(frozen=True)
class Layout:
    """The folders of one site."""

    state: Path
    site: str

    @property
    def folder(self) -> Path:
        """Everything of the site."""
        return self.state / "sites" / self.site

    @property
    def segments(self) -> Path:
        """What edges write."""
        return self.folder / "ledger"

    @property
    def sealed(self) -> Path:
        """Raw addresses, sealed."""
        return self.folder / "sealed"

    @property
    def day_keys(self) -> Path:
        """One random key a day, from which that day's names of addresses are made."""
        return self.folder / "day-keys"

    @property
    def store(self) -> Path:
        """Everything the store writes, keys apart."""
        return self.folder / "store"

    @property
    def manifest(self) -> Path:
        """The signed account of every commit."""
        return self.store / "manifest.jsonl"

    @property
    def head(self) -> Path:
        """The last commit's number and hash, so that a manifest cut at its end is noticed."""
        return self.store / "manifest.head"

    @property
    def anchor(self) -> Path:
        """The same, signed, outside of everything of the site, so that a store that is gone is noticed."""
        return self.state / "store-heads" / f"{self.site}.json"

    @property
    def lock(self) -> Path:
        """Held by whoever changes the store."""
        return self.store / "lock"

    @property
    def pins(self) -> Path:
        """One locked file a snapshot in use."""
        return self.store / "pins"

    def fresh(self, table: Table, day: str | None) -> str:
        """A name that no file has had: `table/day/id.parquet`, from the store's folder on."""
        return "/".join([table.value, *([day] if day else []), f"{secrets.token_hex(8)}.parquet"])


def names(table: Table) -> str:
    """A table's columns for SQL; quoted, as `at` is a word of DuckDB's own."""
    return ", ".join(f'"{name}"' for name in COLUMNS[table])


def copy_statement(query: str, table: Table, path: Path) -> str:
    """A COPY that writes a table's rows in its order."""
    return (
        f"COPY (SELECT {names(table)} FROM ({query}) ORDER BY {SORTED[table]}) TO {quoted(str(path))} "
        f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP.get(table, 122_880)})"
    )


def empty(table: Table) -> str:
    """A query of no rows with a table's columns."""
    columns = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in COLUMNS[table].items())
    return f"SELECT {columns} WHERE false"


def rows_of(table: Table, paths: list[Path]) -> str:
    """A query of a table's rows in some files."""
    if not paths:
        return empty(table)
    listed = ", ".join(quoted(str(p)) for p in paths)
    return f"SELECT {names(table)} FROM read_parquet([{listed}], hive_partitioning = false)"


def quoted(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("'", "''") + "'"
