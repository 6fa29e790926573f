"""Tells others what was decided, from the trail: whoever writes the trail need not know who is to be told.

The trail has every act in order, so nothing is missed between two rounds, and a happening bears the number of its row,
so nothing is told twice. What is told comes from closed lists and from the case's number, never from a reason that
somebody typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.console.services import Services
from hedgerow.outward.announcing import announce
from hedgerow.outward.happenings import KINDS, Happening
from hedgerow.store.models.cases import Case
from hedgerow.store.models.trail import Decision

LOOK_BACK: Final = timedelta(days=1)
"""At a start, acts of so long ago are told if they were not yet."""
MOST: Final = 500
"""Rows of the trail a round."""


@dataclass(frozen=True)
class _Says:
    kind: str
    title: str
    decide: str = ""
    path: str = ""
    """Of what is no case: where it is shown."""


ACTS: Final[dict[str, _Says]] = {
    "case.open": _Says("case.opened", "A case was opened", "Contain it, and say how severe it is"),
    "case.severity": _Says("case.severity", "The severity of a case was set"),
    "case.effective": _Says("case.contained", "A measure of a case took effect"),
    "case.close": _Says("case.closed", "A case was closed"),
    "claim.receive": _Says(
        "claim.received", "Somebody says that information has leaked", "Look at it, and check its samples", "/claims"
    ),
    "appeal.receive": _Says(
        "appeal.received", "A visitor asks a person to look at a verdict", "Answer the appeal", "/visitors"
    ),
    "measure.set": _Says("measure.set", "A measure against a principal was set", path="/principals"),
    "measure.end": _Says("measure.ended", "A measure against a principal ended", path="/principals"),
    "policy.propose": _Says(
        "policy.waiting", "A change of the policy waits for a second person", "Agree to it, or refuse it", "/policy"
    ),
    "letter.overdue": _Says("letter.overdue", "A letter was not answered in time", "Decide what follows", "/letters"),
}
"""Acts of the trail that are told."""
_SEVERITY: Final = {"none": "note", "low": "low", "medium": "medium", "high": "high", "critical": "critical"}


@dataclass
class Teller:
    """Reads on where it stopped."""

    services: Services
    last: int | None = None

    def once(self) -> int:
        """Tells what was decided since the last time; returns how many acts were told."""
        now = self.services.clock()
        with self.services.database.reading() as session:
            asked = select(Decision.number, Decision.act, Decision.subject, Decision.at)
            if self.last is None:
                asked = asked.where(Decision.at > now - LOOK_BACK)
            else:
                asked = asked.where(Decision.number > self.last)
            rows = session.execute(asked.order_by(Decision.number).limit(MOST)).all()
        told = [row for row in rows if row.act in ACTS and self._waits(row.act)]
        if told:
            with self.services.database.session() as session:
                for row in told:
                    for happening in _happenings(session, row.number, row.act, row.subject, row.at):
                        announce(session, happening)
        if rows:
            self.last = rows[-1].number
        elif self.last is None:
            self.last = 0
        return len(told)

    def _waits(self, act: str) -> bool:
        """Where one person is enough, a proposal waits for nobody else."""
        return act != "policy.propose" or self.services.settings.two_person_policy


def _happenings(session: Session, number: int, act: str, subject: str, at: datetime) -> list[Happening]:
    says = ACTS[act]
    case = session.get(Case, subject.removeprefix("case:")) if subject.startswith("case:") else None
    severity = KINDS[says.kind].usual
    title = says.title
    if act == "case.severity" and case is not None:
        severity = _SEVERITY.get(case.severity, severity)
        title = f"The severity of a case is {case.severity}"
    found = [_one(f"decision-{number}", says.kind, at, title, severity, says, case)]
    if act == "case.effective" and case is not None:
        # Only the first measure that stops something contains a case.
        found = [_one(f"contained-{case.id}", says.kind, at, title, severity, says, case)] if case.contained_at else []
    if act == "case.open" and case is not None and case.origin == "rule":
        alarm = "alarm.bait" if "bait" in (case.rule or "") else "alarm.coverage"
        words = KINDS[alarm].sentence.rstrip(".")
        found.append(_one(f"alarm-{number}", alarm, at, words, KINDS[alarm].usual, says, case))
    return found


def _one(
    identifier: str, kind: str, at: datetime, title: str, severity: str, says: _Says, case: Case | None
) -> Happening:
    return Happening(
        id=identifier,
        kind=kind,
        at=at,
        title=title,
        severity=severity,
        decide=says.decide,
        case=case.number if case else "",
        path=f"/cases/{case.id}" if case else says.path or "/",
        site=case.site if case else "",
    )
