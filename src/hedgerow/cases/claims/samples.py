"""Samples of a claim: entered by an operator, compared at once, sealed.

One genuine record makes a case of at least medium severity, whoever thinks what of the rest.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from hedgerow.cases.claims.checking import SampleChecker
from hedgerow.cases.claims.receiving import begin_examining, must_be_undecided, note
from hedgerow.cases.core.opening import open_by_claim
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.cases.core.timeline import note_event
from hedgerow.cases.core.working import raise_to_floor
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.store.models.cases import Case
from hedgerow.store.models.claims import Claim, ClaimSample

MOST_SAMPLES: Final = 200
"""Of one claim: a few dozen tell, and each is people's information that lies with us."""


def add_sample(
    session: Session,
    actor: Actor,
    now: datetime,
    claim: Claim,
    kind: str,
    value: str,
    checker: SampleChecker,
    sealer: Sealer,
) -> ClaimSample:
    """Adds a sample and compares it. A new sample takes back a proposal to dismiss: it was made without it.

    Raises:
        CaseError: decided already, no sample, entered before, or too many.
    """
    must_be_undecided(claim)
    if len(claim.samples) >= MOST_SAMPLES:
        raise CaseError(f"a claim has at most {MOST_SAMPLES} samples; take those that tell most")
    found = checker.check(kind, value)
    digest = sealer.digest(f"{kind}\0{value.strip()}", "sample")
    if any(s.digest == digest for s in claim.samples):
        raise CaseError("this sample was entered already")
    row = ClaimSample(
        claim_id=claim.id,
        kind=kind,
        digest=digest,
        outcome=found.outcome,
        person=found.person,
        why=found.why,
        added_at=now,
        added_by=actor.name,
        checked_at=now if found.outcome != "not_checked" else None,
    )
    session.add(row)
    session.flush()
    row.sealed = sealer.seal(value.strip(), f"sample:{row.id}")
    session.flush()
    session.expire(claim, ["samples"])
    begin_examining(claim)
    take_back_proposal(session, claim, actor, now, "a sample was added")
    note(session, claim, actor, now, f"Sample {len(claim.samples)}: {found.outcome.replace('_', ' ')}, {found.why}.")
    details = {"sample": row.id, "kind": kind, "outcome": found.outcome}
    record(session, actor, "claim.sample", f"claim:{claim.id}", found.why[:4_000], details, at=now)
    if found.outcome == "genuine":
        _genuine(session, actor, now, claim)
    return row


def to_compare(claim: Claim, sealer: Sealer) -> list[tuple[str, str]]:
    """Kind and value of the samples that `check_again` compares."""
    return [
        (row.kind, sealer.open(row.sealed, f"sample:{row.id}"))
        for row in claim.samples
        if row.sealed is not None and row.outcome != "genuine"
    ]


def check_again(
    session: Session, actor: Actor, now: datetime, claim: Claim, checker: SampleChecker, sealer: Sealer
) -> int:
    """Compares those again that there was nothing to compare with, or that matched nobody; says how many are genuine.

    Raises:
        CaseError: decided already.
    """
    must_be_undecided(claim)
    changed = 0
    for row in claim.samples:
        if row.sealed is None or row.outcome == "genuine":
            continue
        found = checker.check(row.kind, sealer.open(row.sealed, f"sample:{row.id}"))
        if (found.outcome, found.why) != (row.outcome, row.why):
            changed += 1
        row.outcome, row.person, row.why = found.outcome, found.person, found.why
        row.checked_at = now if found.outcome != "not_checked" else None
    session.flush()
    genuine = sum(1 for s in claim.samples if s.outcome == "genuine")
    if changed:
        take_back_proposal(session, claim, actor, now, "samples were compared again")
        note(session, claim, actor, now, f"Compared again: {changed} changed, {genuine} genuine.")
        record(session, actor, "claim.check", f"claim:{claim.id}", "", {"changed": changed, "genuine": genuine}, at=now)
    if genuine:
        _genuine(session, actor, now, claim)
    return genuine


def open_case(session: Session, actor: Actor, now: datetime, claim: Claim, reason: str) -> Case:
    """Makes a case of a claim, or gives the one it has.

    Raises:
        CaseError: no reason.
    """
    known = session.get(Case, claim.case_id) if claim.case_id else None
    if known is not None and known.state != "closed":
        return known
    if not reason.strip():
        raise CaseError("say why a case is opened")
    case = open_by_claim(
        session,
        actor,
        now,
        number=claim.number,
        site=claim.site,
        title=f"Claim {claim.number}: information of people may have leaked",
        detected_at=claim.received_at,
        reason=reason,
    )
    claim.case_id = case.id
    note(session, claim, actor, now, f"Case {case.number} was opened: {reason}")
    return case


def join_case(session: Session, actor: Actor, now: datetime, claim: Claim, case: Case, reason: str) -> None:
    """Makes a claim part of a case that there is already.

    Raises:
        CaseError: the claim is in a case, the case is closed or of another site, or no reason.
    """
    if claim.case_id is not None:
        raise CaseError("the claim is part of a case already")
    if case.state == "closed" or case.site != claim.site:
        raise CaseError("a claim joins an open case of its own site")
    if not reason.strip():
        raise CaseError("say what the claim has to do with the case")
    claim.case_id = case.id
    session.flush()
    note(session, claim, actor, now, f"Joined case {case.number}: {reason}")
    note_event(session, case, actor, now, "claim", f"Claim {claim.number} joined: {reason}", at=claim.received_at)
    details = {"case": case.id}
    record(session, actor, "claim.join", f"claim:{claim.id}", reason, details, at=now)
    # What arrived first is when it could have been noticed.
    case.detected_at = min(case.detected_at, claim.received_at)
    if any(s.outcome == "genuine" for s in claim.samples):
        raise_to_floor(session, actor, now, case, f"Claim {claim.number} has a genuine record.")


def samples_digest(claim: Claim) -> str:
    """Which samples, with which outcome, a correlation was about."""
    lines = sorted(f"{s.digest} {s.outcome} {s.person or ''}" for s in claim.samples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def take_back_proposal(session: Session, claim: Claim, actor: Actor, now: datetime, why: str) -> None:
    """A proposal to dismiss falls when what it rested on changes."""
    if claim.hoax_proposed_at is None:
        return
    claim.hoax_proposed_at = claim.hoax_proposed_by_id = claim.hoax_proposed_by = claim.hoax_correlation_id = None
    claim.hoax_reason = ""
    session.flush()
    note(session, claim, actor, now, f"The proposal to dismiss it is void: {why}.")


def _genuine(session: Session, actor: Actor, now: datetime, claim: Claim) -> None:
    case = open_case(session, actor, now, claim, "A record of the claim is genuine.")
    session.flush()
    raise_to_floor(session, actor, now, case, f"Claim {claim.number} has a genuine record.")
