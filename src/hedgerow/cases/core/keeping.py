"""What is kept for authorities and courts: evidence packs, litigation holds, opened addresses. Each with a reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.core.counting import Question
from hedgerow.cases.core.ledgers import Ledgers
from hedgerow.cases.core.opening import must_be_open
from hedgerow.cases.core.problems import CaseError, NoSuchCaseError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.cases.core.timeline import note_event
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.ledger.chained import ChainError
from hedgerow.ledger.evidence.exporting import Exported, export_pack
from hedgerow.ledger.evidence.pack import PackError
from hedgerow.ledger.evidence.selecting import SelectError
from hedgerow.ledger.trail import TrailError
from hedgerow.store.models.cases import Case, CaseEvidence, CaseHold, CasePrincipal, SealedOpening

FOLDER: Final = "packs"
"""Packs of cases lie in `<state>/packs/<number of the case>/`."""
ADDRESS_DAYS: Final = 90
"""After a case is closed, an opened address is kept so long; then it is erased. A hold keeps it until it is lifted."""
LONGEST_HOLD: Final = timedelta(days=3 * 366)


def freeze(
    ledgers: Ledgers,
    question: Question,
    number: str,
    reason: str,
    who: str,
    now: datetime,
    step: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Makes an evidence pack of a case. Slow: outside of any transaction; `note_pack` keeps its hash.

    Raises:
        CaseError: it cannot be made.
    """
    if not reason.strip():
        raise CaseError("evidence is frozen for a reason; say it")
    try:
        with ledgers.asking(question.site) as connection:
            return export_pack(
                connection,
                ledgers.state,
                question.site,
                ledgers.secret(),
                question.refs,
                question.period,
                reason=f"case {number}: {reason}",
                who=who,
                now=now,
                out=ledgers.state / FOLDER / number,
                progress=step,
            )
    except (PackError, SelectError, TrailError, ChainError, OSError) as error:
        raise CaseError(f"the evidence pack was not made: {error}") from error


def note_pack(session: Session, actor: Actor, now: datetime, case: Case, made: Exported, reason: str) -> CaseEvidence:
    """Keeps the hash of a pack in the case."""
    row = CaseEvidence(
        case_id=case.id,
        name=made.name,
        path=str(made.folder),
        sha256=made.manifest_sha256,
        zip_sha256=made.archive_sha256,
        people=made.people,
        records=made.records,
        reason=reason,
        made_at=now,
        by=actor.name,
    )
    session.add(row)
    session.flush()
    session.expire(case, ["evidence"])
    case.changed_at = now
    note_event(
        session, case, actor, now, "evidence", f"Frozen: {made.name}, {made.records:,} records, SHA-256 {row.sha256}."
    )
    details = {"pack": made.name, "sha256": row.sha256, "zip_sha256": row.zip_sha256}
    record(session, actor, "case.evidence", f"case:{case.id}", reason, details, at=now)
    return row


def find_pack(case: Case, evidence_id: str) -> CaseEvidence:
    """One evidence pack of a case.

    Raises:
        NoSuchCaseError: the case has no such pack.
    """
    row = next((e for e in case.evidence if e.id == evidence_id), None)
    if row is None:
        raise NoSuchCaseError("the case has no such evidence pack")
    return row


def note_check(session: Session, now: datetime, case: Case, evidence_id: str, said: str) -> CaseEvidence:
    """Keeps what `checked_pack` said."""
    row = find_pack(case, evidence_id)
    row.checked_at, row.checked = now, said
    session.flush()
    return row


def checked_pack(folder: Path, wanted: str) -> str:
    """Holds a pack on the disk against the hash of the day it was frozen, file by file. Slow: outside of transactions.

    Args:
        folder: of the pack.
        wanted: SHA-256 of its manifest.
    """
    try:
        manifest = (folder / "manifest.json").read_bytes()
        if hashlib.sha256(manifest).hexdigest() != wanted:
            return "The manifest is not the one that was frozen."
        for file in json.loads(manifest)["files"]:
            data = folder.joinpath(*str(file["path"]).split("/")).read_bytes()
            if hashlib.sha256(data).hexdigest() != file["sha256"]:
                return f"{file['path']} was changed."
    except OSError as error:
        return f"It cannot be read: {error}."
    except (ValueError, KeyError, TypeError):
        return "The manifest cannot be read."
    return "Everything is as it was frozen."


def place_hold(
    session: Session, actor: Actor, now: datetime, case: Case, ledgers: Ledgers, until: datetime, reason: str
) -> CaseHold:
    """Keeps the ledger from thinning or erasing what concerns the principals of the case, from its period on.

    Raises:
        CaseError: closed, no reason, nobody to hold for, or the ledger refuses.
    """
    must_be_open(case)
    if not reason.strip():
        raise CaseError("a hold needs a reason: which claim, which authority, which proceeding")
    if not now < until <= now + LONGEST_HOLD:
        raise CaseError("a hold has an end, at most three years from now; it can be placed again")
    names = [p.name for p in case.principals if p.removed_at is None and p.name]
    if not names:
        raise CaseError("a hold is placed for the principals of the case; add them first")
    since = case.period_since.astimezone(UTC).date()
    hold_id = ledgers.hold(case.site, f"{case.number}: {reason}", until.date(), names, since, None)
    row = CaseHold(case_id=case.id, hold_id=hold_id, reason=reason, until=until, placed_at=now, by=actor.name)
    session.add(row)
    session.flush()
    session.expire(case, ["holds"])
    note_event(session, case, actor, now, "hold", f"Held until {until:%Y-%m-%d}: {reason}")
    details = {"hold": hold_id, "until": until, "principals": len(names)}
    record(session, actor, "case.hold", f"case:{case.id}", reason, details, at=now)
    return row


def lift_hold(
    session: Session, actor: Actor, now: datetime, case: Case, ledgers: Ledgers, hold_row: str, reason: str
) -> CaseHold:
    """Lifts a hold before its time.

    Raises:
        CaseError: no such hold in force, or no reason.
    """
    row = next((h for h in case.holds if h.id == hold_row and h.lifted_at is None), None)
    if row is None:
        raise NoSuchCaseError("the case has no such hold in force")
    if not reason.strip():
        raise CaseError("a hold is lifted for a reason; say it")
    if row.until > now:
        ledgers.lift(case.site, row.hold_id, f"{case.number}: {reason}")
    row.lifted_at, row.lifted_why = now, reason
    note_event(session, case, actor, now, "hold", f"Lifted: {reason}")
    record(session, actor, "case.lift", f"case:{case.id}", reason, {"hold": row.hold_id}, at=now)
    return row


@dataclass(frozen=True)
class Opened:
    """A sealed address that was opened."""

    address: str
    row: SealedOpening


def open_address(
    session: Session,
    actor: Actor,
    now: datetime,
    case: Case,
    ledgers: Ledgers,
    sealer: Sealer,
    principal_id: str,
    reason: str,
) -> Opened:
    """Opens the sealed address of a principal for this case. Recorded in the ledger's trail before, and here.

    Raises:
        CaseError: not an address of the case, no reason, or it is not kept any more.
    """
    must_be_open(case)
    if not reason.strip():
        raise CaseError("an address is opened for a reason only; say it")
    principal = next((p for p in case.principals if p.id == principal_id and p.removed_at is None), None)
    if principal is None or principal.level != "address":
        raise NoSuchCaseError("only an address that is a principal of the case can be opened")
    address = ledgers.open_address(case.site, principal.name, f"{case.number}: {reason}", actor.name)
    row = SealedOpening(
        principal_id=principal.id,
        sealed=sealer.seal(address, f"address:{principal.id}"),
        at=now,
        by=actor.name,
        reason=reason,
    )
    session.add(row)
    session.flush()
    session.expire(principal, ["openings"])
    # The address itself is in no line: the timeline goes into exports, the trail is kept for ever.
    note_event(session, case, actor, now, "address", f"Opened the address {principal.name[:8]}: {reason}")
    record(
        session,
        actor,
        "case.open_address",
        f"case:{case.id}",
        reason,
        {"principal": f"address:{principal.name}"},
        at=now,
    )
    return Opened(address, row)


def known_address(principal: CasePrincipal, sealer: Sealer) -> tuple[str, SealedOpening] | None:
    """The address of a principal that was opened before; None where it was not, or is erased.

    Raises:
        CaseError: it does not open; the secret is another one.
    """
    for row in reversed(principal.openings):
        if row.sealed is not None:
            return sealer.open(row.sealed, f"address:{principal.id}"), row
    return None


def let_addresses_go(case: Case, now: datetime) -> None:
    """At the closing of a case: from when on its opened addresses are erased."""
    for principal in case.principals:
        for row in principal.openings:
            row.erase_after = now + timedelta(days=ADDRESS_DAYS)


def erase_due_addresses(session: Session, now: datetime) -> int:
    """Erases opened addresses of closed cases whose time is over and that no hold keeps; says how many."""
    due = session.scalars(
        select(SealedOpening).where(SealedOpening.sealed.is_not(None), SealedOpening.erase_after <= now)
    ).all()
    erased = 0
    for row in due:
        case_id = session.scalar(select(CasePrincipal.case_id).where(CasePrincipal.id == row.principal_id))
        held = session.scalar(
            select(CaseHold.id)
            .where(CaseHold.case_id == case_id, CaseHold.lifted_at.is_(None), CaseHold.until > now)
            .limit(1)
        )
        if held is None:
            row.sealed = None
            erased += 1
    session.flush()
    return erased
