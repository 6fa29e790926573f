"""What people do with the notices of a case, from a page or over JSON: the same acts, the same trail.

Each act is one transaction: it reads the case as it is, does one thing, reckons the due items again, writes the trail
and puts what others are told into the outbox.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from hedgerow.cases.core.problems import CaseError, NoSuchCaseError
from hedgerow.cases.core.telling import case_facts
from hedgerow.cases.filing import casework, deciding, dues, registering, sending, statements
from hedgerow.cases.filing.casework import Casework
from hedgerow.cases.filing.sending import Left
from hedgerow.cases.filing.texts import typed_text
from hedgerow.cases.notices.codes import Duty
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.decisions import Outcome
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.recipients import PublicNotice, justified
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.console.problems import NotFound, Wrong, sentence_of
from hedgerow.console.services import Services
from hedgerow.outward.announcing import announce
from hedgerow.outward.happenings import Happening
from hedgerow.store.models.filings import NoticeDecision, NoticeFiling, NoticePublic

DUTY_WORDS = {
    "assess": "assess the suspicion",
    "authority": "tell the authority",
    "people": "tell people",
    "third_parties": "tell those who can reduce harm",
    "register": "write it into the register",
    "aware": "write down when you knew",
}
WHAT_WORDS = {
    "decide": "Decide",
    "do": "Do",
    "supplement": "Send the supplement",
    "aware": "Write down when you knew",
    "late_reason": "Say why it is late",
    "record": "Write into the register",
}


@contextmanager
def told() -> Iterator[None]:
    """What the notices refuse, as an answer for the person at the screen."""
    try:
        yield
    except NoticeError as e:
        raise Wrong(sentence_of(e)) from e
    except NoSuchCaseError as e:
        raise NotFound("There is no such case. It may have another number.") from e
    except CaseError as e:
        raise Wrong(sentence_of(e)) from e


@dataclass(frozen=True)
class Doing:
    """One act under way."""

    session: Session
    work: Casework
    actor: Actor
    now: datetime

    @property
    def subject(self) -> str:
        """How the trail names the case."""
        return f"case:{self.work.case.id}"

    def note(self, act: str, reason: str = "", **details: Any) -> None:
        """Writes the trail."""
        record(self.session, self.actor, act, self.subject, reason[:4_000], details, at=self.now)


def named(identifier: str) -> str:
    """An identifier from an address, if it can be one: a database that meets a zero character says worse than `no`.

    Raises:
        NotFound: it cannot.
    """
    if not (identifier.isascii() and identifier.isprintable() and 0 < len(identifier) <= 100):
        raise NotFound("There is no such thing. The address may be mistyped.")
    return identifier


@contextmanager
def doing(services: Services, actor: Actor, case_id: str) -> Iterator[Doing]:
    """One act on one case; afterwards the due items are reckoned again."""
    now = services.clock()
    with told(), services.database.session() as session:
        case = case_facts(session, named(case_id))
        yield Doing(session, casework.read(session, case, now), actor, now)
        dues.refresh(session, casework.read(session, case, now), now)


@contextmanager
def looking(services: Services, case_id: str) -> Iterator[tuple[Session, Casework]]:
    """The notices of a case, to look at."""
    with told(), services.database.reading() as session:
        yield session, casework.read(session, case_facts(session, named(case_id)), services.clock())


def state(services: Services, actor: Actor, case_id: str, key: str, value: Any, why: str) -> bool:
    """States one thing; False when it says what holds already."""
    with doing(services, actor, case_id) as d:
        target = None if key == statements.SITE else d.work.case.id
        row = statements.state(d.session, target, key, value, by=actor, now=d.now, why=why)
        if row is None:
            return False
        d.note("notice.state", why, key=key, number=row.number, taken_back=row.value is None)
        return True


def sign(
    services: Services,
    actor: Actor,
    case_id: str,
    *,
    regime: str,
    duty: Duty,
    outcome: Outcome,
    reasons: str,
    factors: Mapping[str, str],
    seen: str,
) -> NoticeDecision:
    """Signs a decision."""
    with doing(services, actor, case_id) as d:
        row = deciding.sign(
            d.session,
            d.work,
            regime=regime,
            duty=duty,
            outcome=outcome,
            reasons=reasons,
            factors=factors,
            by=actor,
            now=d.now,
            seen=seen,
        )
        d.note(
            "notice.sign",
            reasons,
            regime=regime,
            duty=duty.value,
            outcome=outcome.value,
            signature=row.signature,
            facts=row.facts,
            rules=row.rules,
        )
        verb = "will" if outcome is Outcome.NOTIFY else "will not"
        who = {"authority": "the authority", "people": "people"}.get(duty.value, "others")
        announce(
            d.session,
            Happening(
                id=f"notice-decided-{row.id}",
                kind="notice.decided",
                at=d.now,
                title=f"Decided under {regime}: {who} {verb} be told",
                severity="note",
                case=d.work.case.number,
                path=f"/notices/cases/{d.work.case.id}",
                site=d.work.case.site,
            ),
        )
        return row


def excuse(services: Services, actor: Actor, case_id: str, regime: str, duty: Duty, text: str) -> None:
    """Records why something is late."""
    with doing(services, actor, case_id) as d:
        deciding.excuse(d.session, d.work, regime=regime, duty=duty, text=text, by=actor, now=d.now)
        d.note("notice.late_reason", text, regime=regime, duty=duty.value)


def file(services: Services, actor: Actor, case_id: str, left: Left) -> NoticeFiling:
    """Records a notice that left."""
    with doing(services, actor, case_id) as d:
        row = sending.record_filing(d.session, d.work, left, by=actor, now=d.now)
        d.note(
            "notice.file",
            left.reason,
            regime=row.regime,
            duty=row.duty,
            kind=row.kind,
            number=row.number,
            at=row.at,
            content=hashlib.sha256(repr(row.content).encode()).hexdigest(),
        )
        announce(
            d.session,
            Happening(
                id=f"notice-filed-{row.id}",
                kind="notice.filed",
                at=d.now,
                title=f"Recorded as sent under {row.regime}: {row.kind} notice, {DUTY_WORDS[row.duty]}",
                severity="note",
                decide=f"Send the rest: {len(row.open)} contents were left open" if row.open else "",
                case=d.work.case.number,
                path=f"/notices/cases/{d.work.case.id}/filings",
                site=d.work.case.site,
            ),
        )
        return row


def tell_in_public(
    services: Services,
    actor: Actor,
    case_id: str,
    *,
    regime: str,
    reason: str,
    explained: str,
    where: tuple[str, ...],
    reach: Count,
) -> NoticePublic:
    """Records a public notice instead of telling each person, with its justification."""
    with doing(services, actor, case_id) as d:
        rule = d.work.applies(regime).regime
        explained = typed_text(explained, "the justification")
        where = tuple(typed_text(w, "a place", 500) for w in where[:50])
        typed_text(reach.method, "the method", 2_000)
        notice = justified(PublicNotice(regime, reason, explained, where, reach, actor.name, d.now), rule)
        row = NoticePublic(
            case_id=d.work.case.id,
            regime=regime,
            reason=notice.reason,
            explained=notice.explained,
            where=list(notice.where),
            reach_low=reach.low,
            reach_high=reach.high,
            reach_method=reach.method,
            by=actor.name,
            by_id=actor.id,
            at=d.now,
        )
        d.session.add(row)
        d.note("notice.public", explained, regime=regime, ground=reason)
        return row


def enter_register(services: Services, actor: Actor, case_id: str) -> int:
    """Writes the case into the register; returns how many entries were added."""
    with doing(services, actor, case_id) as d:
        added = registering.enter(d.session, d.work, by=actor, now=d.now)
        d.note("register.enter", entries=[{"regime": e.regime, "number": e.number, "sha256": e.digest} for e in added])
        return len(added)


def remove_from_register(services: Services, actor: Actor, case_id: str, regime: str, reason: str, today: date) -> int:
    """Deletes an entry whose time is over."""
    with told(), services.database.session() as session:
        gone = registering.remove(session, named(case_id), named(regime), today)
        record(
            session,
            actor,
            "register.remove",
            f"case:{case_id}",
            reason,
            {"regime": regime, "rows": gone},
            at=services.clock(),
        )
        return gone
