"""What becomes of a claim: genuine, unfounded, or a hoax. The last two only with the ledger asked, and two people.

A company was fined for having closed as a hoax a tip that was true (ICO, penalty notice 23andMe, 5 June 2025, which
cites the joint statement on data scraping). So neither of the two dismissals comes about without

1. a correlation over the last 180 days, run with the samples as they are now, no older than a week;
2. every sample compared with something, and none of them genuine;
3. a second person: another user than the one who proposed it. On a site of one person that person may confirm, and the
   trail says each time that there was nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from hedgerow.cases.claims.correlation import DAYS, Correlation
from hedgerow.cases.claims.receiving import must_be_undecided, note
from hedgerow.cases.claims.samples import open_case, samples_digest, take_back_proposal
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.timeline import note_event
from hedgerow.cases.core.working import raise_to_floor
from hedgerow.console.access.actor import Actor, is_user
from hedgerow.console.decisions import record
from hedgerow.store.models.cases import Case
from hedgerow.store.models.claims import Claim, ClaimCorrelation

STATES: Final = {
    "received": "nobody has looked at it yet",
    "examining": "somebody is at it",
    "genuine": "it is true: a case deals with it",
    "unfounded": "nothing was found that bears it out",
    "hoax": "it was made up",
}
DISMISSALS: Final = ("unfounded", "hoax")
FRESH: Final = timedelta(days=7)
"""A correlation older than this is run again before anything is dismissed on it."""
LEAST_REASON: Final = 20
RAW_DAYS: Final = 90
"""Days after the decision for which the raw text, contact and samples are kept; what was decided stays."""


def keep_correlation(
    session: Session, actor: Actor, now: datetime, claim: Claim, asked: str, found: Correlation
) -> ClaimCorrelation:
    """Keeps a correlation.

    Args:
        session: The transaction.
        actor: Who asked.
        now: The time.
        claim: About which claim.
        asked: `samples_digest` of the claim when the ledger was asked: samples may have been added meanwhile.
        found: The answer.

    Raises:
        CaseError: decided already, or the samples changed meanwhile.
    """
    must_be_undecided(claim)
    if asked != samples_digest(claim):
        raise CaseError("samples were added while the ledger was asked; ask again")
    row = ClaimCorrelation(
        claim_id=claim.id,
        ran_at=now,
        by=actor.name,
        since=found.period.since,
        until=found.period.until,
        samples_digest=asked,
        people=found.sampled,
        found=[s.as_data() for s in found.found],
        method=found.method,
        caveats=list(found.caveats),
    )
    session.add(row)
    session.flush()
    session.expire(claim, ["correlations"])
    note(
        session,
        claim,
        actor,
        now,
        f"The last {DAYS} days were asked: {found.sampled:,} sampled people are known, {len(found.found):,} principals "
        "were shown some of them.",
    )
    details = {"correlation": row.id, "people": found.sampled, "found": len(found.found)}
    record(session, actor, "claim.correlate", f"claim:{claim.id}", "", details, at=now)
    return row


def obstacles(claim: Claim, now: datetime) -> list[str]:
    """Why a claim cannot be dismissed now, a sentence each; the screen shows them before anybody tries."""
    found = []
    if any(s.outcome == "genuine" for s in claim.samples):
        found.append("a sample is genuine: the claim is true, whatever else is in it")
    unchecked = sum(1 for s in claim.samples if s.outcome == "not_checked")
    if unchecked:
        found.append(f"{unchecked} sample{'s were' if unchecked > 1 else ' was'} compared with nothing yet")
    if current_correlation(claim, now) is None:
        found.append(
            f"the ledger was not asked who was shown the sampled people in the last {DAYS} days, or samples were "
            "added since, or it is more than a week ago"
        )
    if not claim.summary:
        found.append("nobody wrote down what it claims; the raw text is erased some time, the summary stays")
    return found


def current_correlation(claim: Claim, now: datetime) -> ClaimCorrelation | None:
    """The correlation that a dismissal may rest on: over 180 days, of the samples as they are, of the last week."""
    digest = samples_digest(claim)
    for row in reversed(claim.correlations):
        if (
            row.samples_digest == digest
            and now - row.ran_at <= FRESH
            and row.ran_at - row.since >= timedelta(days=DAYS)
        ):
            return row
    return None


def propose_dismissal(session: Session, actor: Actor, now: datetime, claim: Claim, kind: str, reason: str) -> None:
    """The first person says that a claim is unfounded or a hoax.

    Raises:
        CaseError: something stands against it; the sentence says what.
    """
    must_be_undecided(claim)
    if kind not in DISMISSALS:
        raise CaseError(f"a claim is dismissed as one of: {', '.join(DISMISSALS)}")
    if len(reason.strip()) < LEAST_REASON:
        raise CaseError("say in a sentence why; an authority will read it")
    _stop(obstacles(claim, now))
    correlation = current_correlation(claim, now)
    claim.hoax_proposed_at, claim.hoax_proposed_by_id, claim.hoax_proposed_by = now, actor.id, actor.name
    claim.hoax_reason = f"{kind}: {reason.strip()}"
    claim.hoax_correlation_id = correlation.id if correlation else None
    note(session, claim, actor, now, f"Proposed to dismiss it as {kind}: {reason}")
    details = {"as": kind, "correlation": claim.hoax_correlation_id}
    record(session, actor, "claim.propose_dismissal", f"claim:{claim.id}", reason, details, at=now)


def confirm_dismissal(
    session: Session, actor: Actor, now: datetime, claim: Claim, reason: str, *, one_person: bool = False
) -> None:
    """The second person agrees, and the claim is dismissed.

    Args:
        session: The transaction.
        actor: Who agrees: another user than who proposed it.
        now: The time.
        claim: Which.
        reason: What they looked at themselves.
        one_person: The site has declared that it has one person only.

    Raises:
        CaseError: something stands against it; the sentence says what.
    """
    must_be_undecided(claim)
    if claim.hoax_proposed_at is None or claim.hoax_proposed_by_id is None:
        raise CaseError("nobody has proposed to dismiss this claim")
    if len(reason.strip()) < LEAST_REASON:
        raise CaseError("say in a sentence what you looked at yourself")
    if claim.hoax_correlation_id is None:
        raise CaseError("the proposal rests on no correlation; propose it again")
    alone = actor.id == claim.hoax_proposed_by_id
    if not one_person and (alone or not actor.is_user or not is_user(claim.hoax_proposed_by_id)):
        raise CaseError(
            "a claim is dismissed by two people, each signed in as a user of their own. If the site has one person "
            "only, declare it in the settings (`one_person`); the trail then says so each time"
        )
    _stop(obstacles(claim, now))
    kind = claim.hoax_reason.partition(":")[0]
    if kind not in DISMISSALS:
        raise CaseError("the proposal cannot be read; propose it again")
    exception = one_person and (alone or not actor.is_user or not is_user(claim.hoax_proposed_by_id))
    _decide(session, actor, now, claim, kind, f"{claim.hoax_reason} Confirmed: {reason}")
    said = " There was no second person: the site has declared that it has one person." if exception else ""
    note(session, claim, actor, now, f"Dismissed as {kind}: {reason}{said}")
    details = {
        "as": kind,
        "proposed_by": claim.hoax_proposed_by_id,
        "correlation": claim.hoax_correlation_id,
        "one_person_exception": exception,
    }
    record(session, actor, "claim.dismiss", f"claim:{claim.id}", reason, details, at=now)
    case = session.get(Case, claim.case_id) if claim.case_id else None
    if case is not None and case.state != "closed":
        note_event(session, case, actor, now, "claim", f"Claim {claim.number} was dismissed as {kind}.")


def withdraw_proposal(session: Session, actor: Actor, now: datetime, claim: Claim, reason: str) -> None:
    """Takes a proposal back, or refuses it.

    Raises:
        CaseError: there is none, or no reason.
    """
    must_be_undecided(claim)
    if claim.hoax_proposed_at is None:
        raise CaseError("nobody has proposed to dismiss this claim")
    if not reason.strip():
        raise CaseError("say why")
    take_back_proposal(session, claim, actor, now, reason)
    record(session, actor, "claim.withdraw_proposal", f"claim:{claim.id}", reason, {}, at=now)


def confirm_genuine(session: Session, actor: Actor, now: datetime, claim: Claim, reason: str) -> Case:
    """Says that a claim is true: it needs one person only, and a case deals with it.

    Raises:
        CaseError: decided already, or no reason.
    """
    must_be_undecided(claim)
    if not reason.strip():
        raise CaseError("say how it is known")
    take_back_proposal(session, claim, actor, now, "the claim is true")
    case = open_case(session, actor, now, claim, reason)
    _decide(session, actor, now, claim, "genuine", reason)
    note(session, claim, actor, now, f"It is true: {reason}")
    record(session, actor, "claim.genuine", f"claim:{claim.id}", reason, {"case": case.id}, at=now)
    raise_to_floor(session, actor, now, case, f"Claim {claim.number} is true.")
    return case


def take_up_again(session: Session, actor: Actor, now: datetime, claim: Claim, reason: str) -> None:
    """Opens a decided claim again. What was erased stays erased.

    Raises:
        CaseError: it is not decided, or no reason.
    """
    if claim.decided_at is None:
        raise CaseError(f"{claim.number} is not decided")
    if not reason.strip():
        raise CaseError("say why it is taken up again")
    was = claim.state
    claim.state, claim.decided_at, claim.decided_by, claim.decision_reason = "examining", None, None, ""
    claim.erase_after = None
    take_back_proposal(session, claim, actor, now, "it was taken up again")
    note(session, claim, actor, now, f"Taken up again (it was {was}): {reason}")
    record(session, actor, "claim.again", f"claim:{claim.id}", reason, {"was": was}, at=now)


def _decide(session: Session, actor: Actor, now: datetime, claim: Claim, state: str, reason: str) -> None:
    claim.state, claim.decided_at, claim.decided_by, claim.decision_reason = state, now, actor.name, reason[:8_000]
    claim.erase_after = now + timedelta(days=RAW_DAYS)
    session.flush()


def _stop(found: Sequence[str]) -> None:
    if found:
        raise CaseError("the claim cannot be dismissed: " + "; ".join(found))
