"""Who one visitor is in the ledger, for questions about stops: an account, else a session, else software at an address.

An address has another name every day, so a visitor without session or account is one of a single day. Whoever drops the
cookie is counted again: of robots there are fewer than it seems.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

LINKED_WITHIN: Final = timedelta(hours=1)
"""From a challenge without a session to its solution: a challenge can be answered for twenty minutes as shipped."""

NAMES: Final = (
    "CASE WHEN account IS NULL AND session IS NULL"
    " THEN ['u:' || coalesce(address, '') || ':' || coalesce(client, '')]"
    " ELSE list_filter(['a:' || account, 's:' || session], lambda n: n IS NOT NULL) END"
)
"""All names under which an entry's visitor may be looked for; the first is the one that counts."""


def linked(where: str) -> str:
    """Common table expressions that end in `linked`: verdicts and proofs, each with its visitor.

    Whoever is challenged on a first visit has no session yet, and the entry therefore none. A proof from the same
    address with the same software within `LINKED_WITHIN` says which session it was: so a challenge and its solution are
    of one visitor. Behind one address, two people with the same software who are challenged within the hour may be taken
    for one.

    Args:
        where: Which entries; may have parameters.

    Returns:
        SQL to be put behind WITH. `linked` has the columns `at`, `kind`, `action`, `mode`, `lane`, `network_kind`,
        `visitor`, and `way` (`work`, `wait` or `other`; of proofs).
    """
    return f"""acts AS (SELECT "at", kind, action, mode, coalesce(lane, 'unknown') AS lane,
        coalesce(network_kind, 'unknown') AS network_kind, {NAMES}[1] AS visitor,
        account IS NULL AND session IS NULL AS bare, coalesce(address, '') || ':' || coalesce(client, '') AS place,
        CASE WHEN list_contains(reasons, 'solved_work') THEN 'work'
          WHEN list_contains(reasons, 'solved_wait') THEN 'wait' ELSE 'other' END AS way
      FROM entries WHERE kind IN ('verdict', 'proof') AND ({where})),
    proofs AS (SELECT "at", place, visitor FROM acts WHERE kind = 'proof'),
    linked AS (SELECT a."at", a.kind, a.action, a.mode, a.lane, a.network_kind, a.way,
        CASE WHEN a.bare AND p."at" <= a."at" + to_seconds({int(LINKED_WITHIN.total_seconds())})
          THEN p.visitor ELSE a.visitor END AS visitor
      FROM acts a ASOF LEFT JOIN proofs p ON a.place = p.place AND a."at" <= p."at")"""
