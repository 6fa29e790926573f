"""The name a measure is taken under: one that the edge meets again tomorrow.

In everything compacted an address bears the name of one day, which no later request has. So a measure bears the stable
name, found by the links between both, and where there is no link any more, nothing can be decided about that address:
saying so is better than a measure that hits nobody.
"""

from __future__ import annotations

from typing import Final

import duckdb

from hedgerow.ledger.questions.refs import WHOLE, Keys, Ref, read_ref
from hedgerow.measures.measure import LEVELS

STATUS_DIGITS: Final = 16
"""Digits of a name in `hedgerow status`."""


class NamingError(ValueError):
    """Nobody can be found by that name; the message says why."""


def stable_name(connection: duckdb.DuckDBPyConnection, text: str, keys: Keys) -> tuple[str, str]:
    """Level and stable keyed name of a principal as the operator wrote it.

    Args:
        connection: A snapshot of the site's ledger.
        text: An address, `account:NAME`, a keyed name of 8 digits or more, or `LEVEL:NAME`.
        keys: Gives keyed names.

    Raises:
        RefError: it is none of these.
        NamingError: it is no one principal, or one about which nothing can be decided.
    """
    ref = read_ref(text, keys)
    if ref.level is not None and ref.level not in LEVELS:
        raise NamingError(f"nothing can be decided about {ref.level}; name one of {', '.join(LEVELS)}")
    # A value that was turned into its name here is the stable name, whether the ledger knows it or not.
    if ref.level in ("address", "account") and ref.name not in text:
        return ref.level, ref.name
    found = sorted({(level, name) for level in _levels(ref) for name in _names(connection, level, ref.name)})
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        some = ", ".join(f"{level}:{name}" for level, name in found[:4])
        raise NamingError(f"`{text[:80]}` can be several principals ({some} …); write more digits, or LEVEL:NAME")
    if ref.level not in (None, "address") and len(ref.name) == WHOLE:
        return str(ref.level), ref.name
    raise NamingError(
        f"the ledger knows nobody as `{text[:80]}`; an address can be followed only while its days have detail "
        "(`retention.detail_days`): after that nobody can be recognised by it"
    )


def _levels(ref: Ref) -> tuple[str, ...]:
    return (ref.level,) if ref.level else LEVELS


def _names(connection: duckdb.DuckDBPyConnection, level: str, name: str) -> set[str]:
    if level == "address":
        rows = connection.execute(
            "SELECT DISTINCT stable FROM links WHERE starts_with(stable, ?) OR starts_with(address, ?) LIMIT 5",
            [name, name],
        ).fetchall()
    else:
        rows = connection.execute(
            f"SELECT DISTINCT {level} FROM entries WHERE starts_with({level}, ?) LIMIT 5",  # noqa: S608  # a level
            [name],
        ).fetchall()
    return {str(n) for (n,) in rows}
