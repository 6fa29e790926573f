"""How sure a record is. The definition for readers is in `docs/reference/affected.md`; this is the same in SQL."""

from __future__ import annotations

from typing import Final

from hedgerow.ledger.store.views import GATEWAY

CONFIRMED: Final = "confirmed"
POSSIBLE: Final = "possible"
SKETCH: Final = "sketch"

ORDER: Final = (CONFIRMED, SKETCH, POSSIBLE)
"""Surest first. A sketch is made of confirmed and possible records alike, but its people and fields were recorded."""

WORDS: Final = {
    CONFIRMED: "recorded in an answer that left",
    POSSIBLE: "recorded, but the answer may have shown less (an error status, a verdict that should have held it, "
    "or a log that only says that a page was sent)",
    SKETCH: "person and fields certain, times only to the day (detail was thinned)",
}

OF_RECORD: Final = f"""CASE
    WHEN source = '{GATEWAY}' AND coalesce(status, 200) BETWEEN 200 AND 299
     AND NOT (coalesce(mode, '') = 'enforce' AND coalesce(action, '') IN ('refuse', 'sign_in', 'prove', 'decoy'))
    THEN '{CONFIRMED}' ELSE '{POSSIBLE}' END"""
"""Confidence of one row of `disclosures`.

An answer without a body (HEAD, 204, 304) is never recorded as a disclosure by the gateway, so a record means that a
body left. An error status is `possible`, because error pages are often of another make than the route's: the person is
on the route's path, the fields may not be on the page. Under `enforce` a verdict that stops a request leaves no people;
a record of people beside such a verdict contradicts itself and is therefore not taken as certain. In watch mode
verdicts stop nothing, so they do not make a record less sure, and a field that is in both `shown` and `masked` left.

What was made from a log was not seen leaving: a log says that a page was sent and with which status. Which fields were
on it, the people map says; so it is `possible` at best.
"""
