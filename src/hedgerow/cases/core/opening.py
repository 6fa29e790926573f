"""Opening a case: by a rule, by a person, by a claim. A principal is in one open case at most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hedgerow.cases.core.numbers import CASES, next_number
from hedgerow.cases.core.problems import CaseError, NoSuchCaseError
from hedgerow.cases.core.rules import Alarm
from hedgerow.cases.core.timeline import note_event
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.ledger.questions.refs import LEVELS
from hedgerow.store.models.cases import Case, CasePrincipal, CaseTask, OpenPrincipal

MOST_PRINCIPALS: Final = 2_000
"""Principals of one case. A harvest over more addresses is named by what ties them."""
FIRST_TASKS: Final = (
    ("Look at the principals and decide on containment", timedelta(hours=4)),
    ("Ask the ledger who is affected, and look at every field's mark", timedelta(hours=24)),
    ("Decide the severity", timedelta(hours=24)),
    ("Go through the worksheet of notices: authorities count from now", timedelta(hours=48)),
)
"""What every case needs, with house limits below the shortest of the regimes (72 hours)."""


@dataclass(frozen=True)
class Who:
    """One principal to add."""

    level: str
    name: str
    why: str
    people: int | None = None
    label: str = ""
    ties: tuple[str, ...] = ()


def open_by_person(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    title: str,
    site: str,
    reason: str,
    summary: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    principals: Sequence[Who] = (),
) -> Case:
    """Opens a case because somebody says so.

    Raises:
        CaseError: without a title or reason, or with a period that ends before it begins.
    """
    if not reason.strip():
        raise CaseError("say why the case is opened")
    case = _open(session, actor, now, "person", title, site, summary, since, until, now, opened_by=actor.name)
    add_principals(session, actor, now, case, principals)
    _record_opening(session, actor, now, case, reason)
    return case


def open_by_rule(session: Session, now: datetime, site: str, alarm: Alarm) -> tuple[Case, bool]:
    """Opens a case for an alarm, or adds what is new of it to the open one of the same principals.

    Returns:
        The case, and whether it was opened now. What somebody has decided already opens none: the last disclosure that
        the rule sees came before the case about it was closed, or before its principals were taken out of one.
    """
    actor = Actor.system()
    known = _open_case_of(session, site, ((s.level, s.name) for s in alarm.suspects))
    who = [Who(s.level, s.name, s.why, s.people) for s in alarm.suspects]
    if known is not None:
        _go_on(session, actor, now, known, alarm, who)
        return known, False
    decided = _decided_already(session, site, alarm)
    if decided is not None:
        return decided, False
    case = _open(
        session,
        actor,
        now,
        "rule",
        alarm.title,
        site,
        alarm.summary,
        alarm.first,
        None,
        now,
        opened_by=f"rule `{alarm.rule}`",
    )
    case.rule = alarm.rule
    case.first_disclosure_at = alarm.first
    case.last_disclosure_at = alarm.last
    case.ties = list(alarm.ties)
    note_event(session, case, actor, now, "first_disclosure", "The first disclosure that the rule saw.", at=alarm.first)
    add_principals(session, actor, now, case, who)
    _record_opening(session, actor, now, case, alarm.summary)
    return case, True


def open_by_claim(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    number: str,
    site: str,
    title: str,
    detected_at: datetime,
    reason: str,
) -> Case:
    """Opens a case for a claim. Detected is when the claim arrived, not when somebody came to read it."""
    since = detected_at - timedelta(days=180)
    case = _open(session, actor, now, "claim", title, site, "", since, None, detected_at, opened_by=f"claim {number}")
    note_event(session, case, actor, now, "claim", f"Claim {number} arrived.", at=detected_at)
    _record_opening(session, actor, now, case, reason)
    return case


def _open(
    session: Session,
    actor: Actor,
    now: datetime,
    origin: str,
    title: str,
    site: str,
    summary: str,
    since: datetime | None,
    until: datetime | None,
    detected_at: datetime,
    *,
    opened_by: str,
) -> Case:
    if not title.strip():
        raise CaseError("a case needs a title: what happened, in a few words")
    if since is not None and since >= (until or now):
        raise CaseError("the period of a case ends after it begins, and begins before now")
    case = Case(
        number=next_number(session, CASES, now),
        title=title.strip()[:200],
        summary=summary,
        site=site,
        origin=origin,
        opened_at=now,
        opened_by=opened_by,
        period_since=since or now - timedelta(days=30),
        period_until=until,
        detected_at=detected_at,
        changed_at=now,
    )
    session.add(case)
    session.flush()
    note_event(session, case, actor, now, "opened", f"Opened by {opened_by}.")
    for task, within in FIRST_TASKS:
        session.add(CaseTask(case_id=case.id, title=task, due_at=now + within, made_at=now, made_by=actor.name))
    return case


def _record_opening(session: Session, actor: Actor, now: datetime, case: Case, reason: str) -> None:
    details = {"number": case.number, "origin": case.origin, "rule": case.rule, "site": case.site}
    record(session, actor, "case.open", f"case:{case.id}", reason[:4_000], details, at=now)


def _go_on(session: Session, actor: Actor, now: datetime, case: Case, alarm: Alarm, who: list[Who]) -> None:
    """A rule meets an open case again: what is new is added; a rule that says the same again says nothing."""
    before = {(p.level, p.name) for p in case.principals}
    fresh = [w for w in who if (w.level, w.name) not in before]
    if fresh:
        add_principals(session, actor, now, case, fresh)
    if case.last_disclosure_at is None or alarm.last > case.last_disclosure_at:
        case.last_disclosure_at = alarm.last
    if case.first_disclosure_at is None or alarm.first < case.first_disclosure_at:
        case.first_disclosure_at = alarm.first
    seen = f"Rule `{alarm.rule}` found it, too: {alarm.title}."
    if alarm.rule != case.rule and all(e.what != seen for e in case.events):
        note_event(session, case, actor, now, "rule", seen)


def _open_case_of(session: Session, site: str, keys: Iterable[tuple[str, str]]) -> Case | None:
    """The oldest open case that any of some principals is in."""
    found: Case | None = None
    for level, name in keys:
        case = session.scalar(
            select(Case)
            .join(OpenPrincipal, OpenPrincipal.case_id == Case.id)
            .where(OpenPrincipal.site == site, OpenPrincipal.level == level, OpenPrincipal.name == name)
        )
        if case is not None and (found is None or case.opened_at < found.opened_at):
            found = case
    return found


def _decided_already(session: Session, site: str, alarm: Alarm) -> Case | None:
    """The newest case in which every principal of an alarm was decided about after its last disclosure.

    Rules look back for days: without this, a case that was closed with its lesson would come again within the hour.
    """
    newest: Case | None = None
    for suspect in alarm.suspects:
        case = session.scalar(
            select(Case)
            .join(CasePrincipal, CasePrincipal.case_id == Case.id)
            .where(Case.site == site, CasePrincipal.level == suspect.level, CasePrincipal.name == suspect.name)
            .where(or_(Case.closed_at >= alarm.last, CasePrincipal.removed_at >= alarm.last))
            .order_by(Case.opened_at.desc(), Case.number.desc())
            .limit(1)
        )
        if case is None:
            return None
        newest = case if newest is None or case.opened_at > newest.opened_at else newest
    return newest


def add_principals(
    session: Session, actor: Actor, now: datetime, case: Case, who: Sequence[Who]
) -> list[CasePrincipal]:
    """Adds principals that are not in the case yet; one that was taken out comes back.

    Raises:
        CaseError: the case is closed, too many, a level that does not exist, or no reason.
    """
    must_be_open(case)
    session.flush()
    present = {(p.level, p.name): p for p in case.principals}
    if len(present) + len(who) > MOST_PRINCIPALS:
        raise CaseError(f"a case has at most {MOST_PRINCIPALS:,} principals; name what ties them (a network, a client)")
    added: list[CasePrincipal] = []
    for one in who:
        if one.level not in LEVELS or (not one.name) != (one.level == "strangers"):
            raise CaseError(f"`{one.level}:{one.name[:24]}` is not a principal")
        if not one.why.strip():
            raise CaseError("say why a principal belongs to the case")
        known = present.get((one.level, one.name))
        if known is not None and known.removed_at is None:
            continue
        if known is not None:
            known.removed_at, known.why, known.added_at, known.added_by = None, one.why, now, actor.name
            added.append(known)
        else:
            row = CasePrincipal(
                case_id=case.id,
                level=one.level,
                name=one.name,
                label=one.label,
                why=one.why,
                ties=list(one.ties),
                people=one.people,
                added_at=now,
                added_by=actor.name,
            )
            case.principals.append(row)
            present[one.level, one.name] = row
            added.append(row)
        _claim_principal(session, case, one.level, one.name)
    if added:
        session.flush()
        named = ", ".join(shown_name(p.level, p.name) for p in added[:5])
        more = f" and {len(added) - 5:,} more" if len(added) > 5 else ""
        note_event(session, case, actor, now, "principals", f"Added {named}{more}: {added[0].why}")
        record(
            session,
            actor,
            "case.principals",
            f"case:{case.id}",
            added[0].why[:4_000],
            {"added": [f"{p.level}:{p.name}" for p in added[:200]], "count": len(added)},
            at=now,
        )
        case.changed_at = now
    return added


def remove_principal(
    session: Session, actor: Actor, now: datetime, case: Case, principal_id: str, reason: str
) -> CasePrincipal:
    """Takes a principal out of a case; the row stays, with the reason.

    Raises:
        CaseError: no reason, not in the case, or the case is closed.
    """
    must_be_open(case)
    if not reason.strip():
        raise CaseError("say why the principal does not belong to the case")
    row = next((p for p in case.principals if p.id == principal_id and p.removed_at is None), None)
    if row is None:
        raise NoSuchCaseError("this principal is not in the case")
    row.removed_at, row.removed_why = now, reason
    claimed = session.get(OpenPrincipal, (case.site, row.level, row.name))
    if claimed is not None and claimed.case_id == case.id:
        session.delete(claimed)
    note_event(session, case, actor, now, "principals", f"Took out {shown_name(row.level, row.name)}: {reason}")
    record(session, actor, "case.principals", f"case:{case.id}", reason, {"removed": f"{row.level}:{row.name}"}, at=now)
    case.changed_at = now
    return row


def _claim_principal(session: Session, case: Case, level: str, name: str) -> None:
    """Notes that this open case has the principal; another open case that has it keeps it."""
    values = {"site": case.site, "level": level, "name": name, "case_id": case.id}
    if session.get_bind().dialect.name == "postgresql":
        session.execute(postgresql.insert(OpenPrincipal).values(values).on_conflict_do_nothing())
    else:
        session.execute(sqlite.insert(OpenPrincipal).values(values).on_conflict_do_nothing())


def must_be_open(case: Case) -> None:
    """Says no to changes of a closed case.

    Raises:
        CaseError: it is closed.
    """
    if case.state == "closed":
        raise CaseError(f"{case.number} is closed; open it again first, with a reason")


def shown_name(level: str, name: str) -> str:
    """A principal as a line of text names it."""
    return "strangers" if level == "strangers" else f"{level} {name[:8]}"
