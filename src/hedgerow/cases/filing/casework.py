"""One case as its notices see it: facts, what people signed and sent, and the plan that follows at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.case_facts import CaseFacts
from hedgerow.cases.filing import sheet, statements
from hedgerow.cases.filing.statements import Stated
from hedgerow.cases.notices.applying import Applies
from hedgerow.cases.notices.codes import Code, Duty
from hedgerow.cases.notices.contents import Case
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.decisions import Decision, LateReason, Outcome
from hedgerow.cases.notices.duties import Records
from hedgerow.cases.notices.facts import Facts
from hedgerow.cases.notices.filings import Filing, Kind
from hedgerow.cases.notices.loading import RuleSet, shipped
from hedgerow.cases.notices.plan import Plan, plan
from hedgerow.cases.notices.printing import case_of
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.store.models.filings import BreachEntry, NoticeDecision, NoticeFiling, NoticeLateness


@dataclass(frozen=True)
class Casework:
    """Everything about the notices of one case at one moment."""

    case: CaseFacts
    stated: dict[str, Stated]
    facts: Facts
    records: Records
    plan: Plan
    rules: RuleSet

    @property
    def digest(self) -> str:
        """Of the facts as they are now."""
        return sheet.digest(self.facts)

    def under(self, regime: str) -> Case:
        """The case under one regime, for forms, drafts and the register.

        Raises:
            NoticeError: when the case does not come under it.
        """
        return case_of(self.plan, self.applies(regime), self.facts, self.records)

    def applies(self, regime: str) -> Applies:
        """Why a regime applies.

        Raises:
            NoticeError: when it does not.
        """
        found = next((a for a in self.plan.applies if a.regime.id == regime), None)
        if found is None:
            known = ", ".join(a.regime.id for a in self.plan.applies) or "none"
            raise NoticeError(f"this case does not come under `{regime[:20]}`; it comes under: {known}")
        return found


def read(session: Session, case: CaseFacts, now: datetime, rules: RuleSet | None = None) -> Casework:
    """Reads the notices of a case.

    Raises:
        NoticeError: when what is recorded does not hold together.
    """
    rules = rules or shipped()
    stated = statements.holding(session, case.id)
    found = sheet.facts(case, stated)
    records = recorded(session, case.id)
    return Casework(case, stated, found, records, plan(rules, found, records, now), rules)


def recorded(session: Session, case_id: str) -> Records:
    """What people did in a case so far."""
    return Records(
        decisions=tuple(map(_decision, decisions(session, case_id))),
        filings=tuple(map(filing, filings(session, case_id))),
        late_reasons=tuple(
            LateReason(r.regime, Duty(r.duty), r.text, r.by, r.at)
            for r in session.scalars(
                select(NoticeLateness).where(NoticeLateness.case_id == case_id).order_by(NoticeLateness.at)
            )
        ),
        registered=tuple(session.scalars(select(BreachEntry.regime).where(BreachEntry.case_id == case_id).distinct())),
    )


def decisions(session: Session, case_id: str) -> list[NoticeDecision]:
    """Every decision of a case, oldest first."""
    asked = select(NoticeDecision).where(NoticeDecision.case_id == case_id)
    return list(session.scalars(asked.order_by(NoticeDecision.at, NoticeDecision.id)))


def filings(session: Session, case_id: str) -> list[NoticeFiling]:
    """Every filing of a case, oldest first."""
    asked = select(NoticeFiling).where(NoticeFiling.case_id == case_id)
    return list(session.scalars(asked.order_by(NoticeFiling.at, NoticeFiling.number)))


def _decision(row: NoticeDecision) -> Decision:
    return Decision(
        row.regime, Duty(row.duty), Outcome(row.outcome), row.by, row.at, row.reasons, dict(row.factors), row.rules
    )


def filing(row: NoticeFiling) -> Filing:
    """A filing as the rules of filings know it."""
    return Filing(
        row.regime,
        Duty(row.duty),
        Kind(row.kind),
        row.at,
        row.by,
        tuple(Code(c) for c in row.given),
        tuple(Code(c) for c in row.open),
        row.promised,
        Count(row.people["low"], row.people["high"], row.people["method"]) if row.people else None,
        row.reason,
    )
