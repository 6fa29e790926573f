"""Claims that visitors wrote into the form of the gateway: a letter of the intake becomes a claim."""

from __future__ import annotations

from datetime import datetime

from hedgerow.cases.claims.receiving import Received, receive
from hedgerow.cases.core.sealing import Sealer
from hedgerow.console.access.actor import Actor
from hedgerow.intake.letter import Claim as Letter
from hedgerow.store.database import Database


def keep_letter(database: Database, now: datetime, letter: Letter, sealer: Sealer) -> str:
    """Keeps a letter as a claim, once, and says its number: what `Spool.take_up` asks of whoever keeps claims.

    Args:
        database: Where claims go; committed when this returns.
        now: The time.
        letter: What was written.
        sealer: Seals it.

    Raises:
        CaseError: there is nothing in it.
    """
    parts = [("Where it is", letter.where), ("Since when", letter.since), ("Records", letter.records)]
    text = "\n\n".join(f"{heading}:\n{words}" for heading, words in parts if words.strip())
    what = Received(
        "form",
        letter.site,
        f"Claim {letter.number} by the form",
        text or "(an empty form)",
        min(letter.at, now),
        letter.id,
        letter.reply,
    )
    with database.session() as session:
        claim, _ = receive(session, Actor.system(), now, what, sealer)
        return claim.number
