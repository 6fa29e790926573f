"""What a pack says of itself, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_README = """EVIDENCE PACK {pack}

This folder holds what the disclosure ledger of the site "{site}" knows about {principals} visitor(s) named by the
operator, from {since} until {until}. It was exported on {at} by {who}, for this reason:

    {reason}

WHAT HAPPENED, AS FAR AS THE LEDGER KNOWS

{summary}

WHAT IS IN IT

affected.csv, affected.json   every person and field that was shown to those visitors: first and last time, how often,
                              and how sure ("confidence", explained below)
records/segments/             original lines of the ledger, as the gateway wrote them before it sent the pages they
                              speak of. Each begins with a hash that covers the line and the hash before it. Lines
                              about other visitors are withheld: of them only the hash is left, so that the chain can
                              be checked
records/store/                where the original lines are no longer kept: the same records from the compacted store,
                              and the store's own signed account (manifest.jsonl) of every file they come from
records/sketches.jsonl        of days whose detail was deleted on schedule: which people and fields, times to the day
policies/                     the rules in force, as the operator wrote them (.yaml) and as they were applied (.json)
legal/                        the privacy notice and the terms of use in force, where the operator had named them
in-force.json                 from when until when each of these was in force
custody.jsonl                 who made this pack, when, why, with which software, by which clock
manifest.json, manifest.sig   every file with its SHA-256, and the signature (Ed25519) over that list
verify_pack.py                checks all of this; needs Python 3.8 or later, and nothing else

HOW TO CHECK IT

    python3 -I verify_pack.py

It ends with "Everything fits" or says what does not. To know also who signed it, ask the operator for the public key
by another way than this pack and add it: python3 -I verify_pack.py --key {key}

HOW SURE A LINE OF affected.csv IS

confirmed   the person and the field stand in a record of an answer that left the site (a status between 200 and 299)
possible    they stand in a record, but the answer may have shown less: its status was an error, a rule should have
            held it back, or the record was made from a log, which says that a page was sent and not what was on it
sketch      the single records were deleted on schedule; that this person's field was shown to this visitor on that day
            is certain, the time of day is not, and "times" counts days

The ledger may hold more than a visitor received: a line is written before the page leaves, and the connection may break
then. It does not hold less, except where a "gap" says so. People are given by the site's own identifiers, visitors by
keyed names: this pack holds no name, no contact value and no internet address.

WHAT TO DO WITH IT

It holds personal data: who was shown to whom. Keep it only as long as the claim or the proceeding lasts, give it only
to whoever must see it, and note every hand-over (who, when, why) beside it.
"""


def readme(facts: Mapping[str, Any], summary: Iterable[str]) -> bytes:
    """The README of a pack."""
    text = _README.format(**facts, summary="\n".join(f"* {line}" for line in summary))
    return text.encode("utf-8")
