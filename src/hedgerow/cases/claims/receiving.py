"""A claim comes in: it gets a number, its due times, and a line in the trail. What was sent is sealed at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hedgerow.cases.claims.mail import printable
from hedgerow.cases.core.editions import must_be_as_read
from hedgerow.cases.core.numbers import CLAIMS, next_number
from hedgerow.cases.core.problems import CaseError, NoSuchCaseError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.store.models.claims import Claim, ClaimEvent

SOURCES: Final = {
    "security_txt": "the address in security.txt",
    "form": "the form on the site",
    "email": "an e-mail",
    "other": "something else: a call, a letter, the press",
}
ACKNOWLEDGE_WITHIN: Final = timedelta(hours=24)
EXAMINE_WITHIN: Final = timedelta(hours=48)
"""House values, from the arrival on. Authorities count 72 hours from when a site could know; a day of that is for
deciding and writing, so a claim is examined within two."""
LONGEST_TEXT: Final = 200_000


@dataclass(frozen=True)
class Received:
    """What came in, checked and bounded."""

    source: str
    site: str
    subject: str
    text: str
    received_at: datetime
    key: str
    """Hash of what came in: the same thing is one claim."""
    contact: str = ""
    attachments: tuple[dict[str, object], ...] = field(default=())
    language: str = "en"


def receive(session: Session, actor: Actor, now: datetime, what: Received, sealer: Sealer) -> tuple[Claim, bool]:
    """Makes a claim of what came in, once.

    Returns:
        The claim, and whether it is new.

    Raises:
        CaseError: it has no text, or comes from where claims do not come from.
    """
    if what.source not in SOURCES:
        raise CaseError(f"a claim comes from one of: {', '.join(SOURCES)}")
    if not what.text.strip() and not what.attachments:
        raise CaseError("there is nothing in it; write down what was said")
    known = session.scalar(select(Claim).where(Claim.intake_key == what.key))
    if known is not None:
        return known, False
    received_at = min(what.received_at, now)
    claim = Claim(
        number=next_number(session, CLAIMS, now),
        intake_key=what.key,
        site=what.site,
        source=what.source,
        subject=printable(what.subject)[:300] or "(no subject)",
        attachments=list(what.attachments),
        language=what.language,
        received_at=received_at,
        taken_up_at=now,
        taken_up_by=actor.name,
        acknowledge_by=received_at + ACKNOWLEDGE_WITHIN,
        examine_by=received_at + EXAMINE_WITHIN,
    )
    try:
        with session.begin_nested():
            session.add(claim)
    except IntegrityError:
        # Another one took up the same message this moment.
        return session.scalars(select(Claim).where(Claim.intake_key == what.key)).one(), False
    claim.sealed_text = sealer.seal(printable(what.text, lines=True)[:LONGEST_TEXT], f"claim:{claim.id}")
    if what.contact.strip():
        claim.sealed_contact = sealer.seal(printable(what.contact)[:1_000], f"contact:{claim.id}")
    session.flush()
    note(session, claim, actor, now, f"Taken up; it arrived by {SOURCES[what.source]}.")
    details = {"number": claim.number, "source": what.source, "site": what.site, "received_at": received_at}
    record(session, actor, "claim.receive", f"claim:{claim.id}", "", details, at=now)
    return claim, True


def find_claim(session: Session, wanted: str) -> Claim:
    """A claim by its identifier or its number.

    Raises:
        NoSuchCaseError: there is none.
    """
    claim = session.get(Claim, wanted[:40]) or session.scalar(select(Claim).where(Claim.number == wanted[:40].upper()))
    if claim is None:
        raise NoSuchCaseError(f"there is no claim {wanted[:40]}; `hedgerow claims list` names them")
    return claim


def text_of(claim: Claim, sealer: Sealer) -> str | None:
    """What was sent; None once it was erased.

    Raises:
        CaseError: it does not open.
    """
    return None if claim.sealed_text is None else sealer.open(claim.sealed_text, f"claim:{claim.id}")


def contact_of(claim: Claim, sealer: Sealer) -> str | None:
    """How to reach whoever sent it; None where they did not say, or once it was erased.

    Raises:
        CaseError: it does not open.
    """
    return None if claim.sealed_contact is None else sealer.open(claim.sealed_contact, f"contact:{claim.id}")


def summarise(session: Session, actor: Actor, now: datetime, claim: Claim, summary: str, read: str = "") -> None:
    """Says what a claim says, in words that hold nobody's information: it stays when the raw text is erased.

    Args:
        session: The transaction.
        actor: Who says it.
        now: The time.
        claim: Which.
        summary: In a few sentences.
        read: `editions.edition` of the summary that was read; empty where nobody read one.

    Raises:
        CaseError: decided already, or nothing said.
        ChangedError: somebody else changed it meanwhile.
    """
    must_be_undecided(claim)
    must_be_as_read(read, claim.summary)
    if not summary.strip():
        raise CaseError("say what it claims, without anybody's name or address")
    claim.summary = summary.strip()[:4_000]
    begin_examining(claim)
    note(session, claim, actor, now, "Summarised.")
    record(session, actor, "claim.summarise", f"claim:{claim.id}", "", {"characters": len(summary)}, at=now)


def acknowledge(session: Session, actor: Actor, now: datetime, claim: Claim, how: str) -> None:
    """Notes that whoever sent it was told that it arrived, and how.

    Raises:
        CaseError: it was already, or nobody says how.
    """
    if claim.acknowledged_at is not None:
        raise CaseError("this claim is acknowledged already")
    if not how.strip():
        raise CaseError("say how: by e-mail, by telephone; or that there is no way to reach anybody")
    claim.acknowledged_at, claim.acknowledged_by = now, actor.name
    begin_examining(claim)
    late = " It was late." if now > claim.acknowledge_by else ""
    note(session, claim, actor, now, f"Acknowledged: {how}.{late}")
    record(session, actor, "claim.acknowledge", f"claim:{claim.id}", how[:4_000], {}, at=now)


def begin_examining(claim: Claim) -> None:
    """Somebody looks at it now."""
    if claim.state == "received":
        claim.state = "examining"


def must_be_undecided(claim: Claim) -> None:
    """Says no to changes of a decided claim.

    Raises:
        CaseError: it is decided.
    """
    if claim.decided_at is not None:
        raise CaseError(f"{claim.number} is decided ({claim.state}); take it up again first, with a reason")


def note(session: Session, claim: Claim, actor: Actor, now: datetime, what: str) -> ClaimEvent:
    """Adds a line to a claim's timeline."""
    last = session.scalar(select(func.max(ClaimEvent.serial)).where(ClaimEvent.claim_id == claim.id)) or 0
    row = ClaimEvent(claim_id=claim.id, serial=last + 1, at=now, what=what[:4_000], by=actor.name)
    session.add(row)
    session.flush()
    session.expire(claim, ["events"])
    return row
