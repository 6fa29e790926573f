"""The facts of a case, frozen, for letters, notices and filings."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hedgerow.cases.case_facts import (
    CaseFacts,
    ClaimFacts,
    ContainmentFacts,
    EvidenceFacts,
    FieldFacts,
    LessonFacts,
    OpenedAddress,
    PrincipalFacts,
)
from hedgerow.cases.core.keeping import known_address
from hedgerow.cases.core.ladder import STEPS
from hedgerow.cases.core.sealing import Sealer
from hedgerow.cases.core.working import find_case
from hedgerow.cases.notices.counts import Count, Figure, Figures
from hedgerow.cases.notices.facts import Certainty, EarlierSign, Step
from hedgerow.store.models.cases import Case, CasePrincipal
from hedgerow.store.models.claims import Claim

_KEPT: Final = "facts of cases"
EARLIER: Final = timedelta(days=730)
"""How far back earlier claims and cases are looked for: a company was faulted for a warning of some months before."""


def case_facts(session: Session, case_id: str, sealer: Sealer | None = None) -> CaseFacts:
    """The facts of a case as they are now.

    Args:
        session: Only read.
        case_id: Identifier or number.
        sealer: Opens addresses that were opened for this case; without it they are left out.

    Raises:
        NoSuchCaseError: there is no such case.
    """
    case = find_case(session, case_id)
    claims = session.scalars(select(Claim).where(Claim.case_id == case.id).order_by(Claim.received_at)).all()
    figures = Figures(tuple(Figure(Count(f.low, f.high, f.method), f.at, f.by, f.reason) for f in case.figures))
    return CaseFacts(
        id=case.id,
        number=case.number,
        title=case.title,
        summary=case.summary,
        site=case.site,
        state=case.state,
        origin=case.origin,
        opened_at=case.opened_at,
        opened_by=case.opened_by,
        closed_at=case.closed_at,
        period_since=case.period_since,
        period_until=case.period_until,
        first_disclosure_at=case.first_disclosure_at,
        last_disclosure_at=case.last_disclosure_at,
        detected_at=case.detected_at,
        contained_at=case.contained_at,
        severity=case.severity,
        severity_method=case.severity_method,
        principals=tuple(_principal(p, sealer) for p in case.principals if p.removed_at is None),
        ties=tuple(case.ties),
        fields=tuple(FieldFacts(f.name, f.sensitivity, Certainty(f.mark), f.reason, f.people) for f in case.fields),
        people=figures,
        membership=case.membership,
        routes=tuple(case.routes),
        controls_passed=tuple(case.controls_passed),
        containment=tuple(
            ContainmentFacts(
                c.step,
                f"{STEPS[c.step].title}{f' ({c.target})' if c.target else ''}: {c.reason}",
                c.started_at,
                c.effective_at,
                c.ended_at,
            )
            for c in case.containment
        ),
        evidence=tuple(EvidenceFacts(e.name, e.sha256, e.made_at, e.reason) for e in case.evidence),
        claims=tuple(ClaimFacts(c.number, c.received_at, c.source, c.summary) for c in claims),
        warnings=tuple(_warnings(session, case)),
        timeline=tuple(Step(e.at, e.what) for e in case.events),
        lessons=tuple(LessonFacts(one.change, one.at) for one in case.lessons),
        caveats=tuple(case.caveats),
    )


def keep_facts(session: Session) -> None:
    """From now on `kept_facts` gathers a case once: for a page that only reads, and shows it in several parts."""
    session.info[_KEPT] = {}


def kept_facts(session: Session, case_id: str) -> CaseFacts:
    """The facts of a case as `case_facts` gives them; gathered once where a page said `keep_facts`."""
    kept: dict[str, CaseFacts] | None = session.info.get(_KEPT)
    if kept is None:
        return case_facts(session, case_id)
    if case_id not in kept:
        kept[case_id] = case_facts(session, case_id)
    return kept[case_id]


def _principal(row: CasePrincipal, sealer: Sealer | None) -> PrincipalFacts:
    found = known_address(row, sealer) if sealer is not None else None
    opened = None
    if found is not None:
        address, opening = found
        opened = OpenedAddress(address, opening.at, opening.by, opening.reason)
    return PrincipalFacts(row.id, row.level, row.name, row.label, row.why, opened)


def _warnings(session: Session, case: Case) -> list[EarlierSign]:
    """Earlier claims at this site, and earlier cases that share a principal: R066, prior warnings are disclosed."""
    since = case.detected_at - EARLIER
    claims = session.scalars(
        select(Claim)
        .where(
            Claim.site == case.site,
            Claim.received_at >= since,
            Claim.received_at < case.detected_at,
            or_(Claim.case_id.is_(None), Claim.case_id != case.id),
        )
        .order_by(Claim.received_at)
    ).all()
    signs = [
        EarlierSign(c.received_at, f"Claim {c.number} ({c.source}), decided as: {c.state}. {c.summary}".strip())
        for c in claims
    ]
    mine = {(p.level, p.name) for p in case.principals if p.removed_at is None and p.name}
    earlier = session.scalars(
        select(Case)
        .join(CasePrincipal, CasePrincipal.case_id == Case.id)
        .where(
            Case.site == case.site,
            Case.id != case.id,
            Case.detected_at >= since,
            Case.detected_at < case.detected_at,
            CasePrincipal.name.in_(sorted(name for _, name in mine)),
        )
        .distinct()
        .order_by(Case.detected_at)
    ).all()
    signs += [
        EarlierSign(c.detected_at, f"Case {c.number}: {c.title}")
        for c in earlier
        if mine & {(p.level, p.name) for p in c.principals}
    ]
    return sorted(signs, key=lambda s: s.at)
