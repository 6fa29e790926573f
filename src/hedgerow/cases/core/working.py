"""Daily work on a case: what it is called, tasks, notes, severity, marks of fields, remarks on the timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hedgerow.cases.core.editions import must_be_as_read
from hedgerow.cases.core.opening import must_be_open
from hedgerow.cases.core.problems import CaseError, NoSuchCaseError
from hedgerow.cases.core.severity import GENUINE_FLOOR, Judged, at_least, rank
from hedgerow.cases.core.timeline import note_event
from hedgerow.cases.notices.facts import Certainty
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.store.models.cases import (
    Case,
    CaseField,
    CaseFieldChange,
    CaseNote,
    CaseSeverity,
    CaseTask,
)
from hedgerow.store.models.claims import Claim, ClaimSample

LONGEST_NOTE: Final = 20_000


def find_case(session: Session, wanted: str) -> Case:
    """A case by its identifier or its number.

    Raises:
        NoSuchCaseError: there is none.
    """
    case = session.get(Case, wanted[:40]) or session.scalar(select(Case).where(Case.number == wanted[:40].upper()))
    if case is None:
        raise NoSuchCaseError(f"there is no case {wanted[:40]}; `hedgerow case list` names them")
    return case


def describe(
    session: Session, actor: Actor, now: datetime, case: Case, *, title: str, summary: str, read: str = ""
) -> None:
    """Changes title and summary; what they were stays in the trail.

    Args:
        session: The transaction.
        actor: Who changes them.
        now: The time.
        case: Which.
        title: What happened, in a few words.
        summary: The same in sentences.
        read: `editions.edition` of title and summary as they were read; empty where nobody read them.

    Raises:
        CaseError: closed, or without a title.
        ChangedError: somebody else changed them meanwhile.
    """
    must_be_open(case)
    must_be_as_read(read, case.title, case.summary)
    if not title.strip():
        raise CaseError("a case needs a title: what happened, in a few words")
    if (title.strip(), summary) == (case.title, case.summary):
        return
    was = {"title": case.title, "summary": case.summary[:8_000]}
    case.title, case.summary, case.changed_at = title.strip()[:200], summary[:LONGEST_NOTE], now
    record(session, actor, "case.describe", f"case:{case.id}", "", {"was": was}, at=now)


def set_period(
    session: Session, actor: Actor, now: datetime, case: Case, *, since: datetime, until: datetime | None, reason: str
) -> None:
    """Changes the period the ledger is asked for; figures given before stay as they were.

    Raises:
        CaseError: closed, no reason, or it ends before it begins.
    """
    must_be_open(case)
    if not reason.strip():
        raise CaseError("say why the period changes; an authority will ask")
    if since >= (until or now):
        raise CaseError("the period ends after it begins, and begins before now")
    was = f"{case.period_since.isoformat()} to {case.period_until.isoformat() if case.period_until else 'now'}"
    case.period_since, case.period_until, case.changed_at = since, until, now
    note_event(session, case, actor, now, "state", f"The period changed (it was {was}): {reason}")
    record(session, actor, "case.period", f"case:{case.id}", reason, {"was": was}, at=now)


def add_note(session: Session, actor: Actor, now: datetime, case: Case, text: str) -> CaseNote:
    """Adds a note; also to a closed case.

    Raises:
        CaseError: an empty one, or far too long.
    """
    if not text.strip() or len(text) > LONGEST_NOTE:
        raise CaseError(f"a note has something in it, and at most {LONGEST_NOTE:,} characters")
    note = CaseNote(case_id=case.id, serial=len(case.notes) + 1, text=text.strip(), at=now, by=actor.name)
    session.add(note)
    case.changed_at = now
    record(session, actor, "case.note", f"case:{case.id}", "", {"characters": len(text)}, at=now)
    session.expire(case, ["notes"])
    return note


def remark(session: Session, actor: Actor, now: datetime, case: Case, what: str, at: datetime) -> None:
    """Adds something that happened outside to the timeline, at the time it happened.

    Raises:
        CaseError: nothing said, or yet to come.
    """
    must_be_open(case)
    note_event(session, case, actor, now, "remark", what, at=at)
    record(session, actor, "case.remark", f"case:{case.id}", what[:4_000], {"happened_at": at}, at=now)


def add_task(
    session: Session,
    actor: Actor,
    now: datetime,
    case: Case,
    title: str,
    due_at: datetime | None,
    assignee: tuple[str, str] | None = None,
) -> CaseTask:
    """Adds a task.

    Args:
        session: The transaction.
        actor: Who gives it.
        now: The time.
        case: Of which case.
        title: What to do.
        due_at: Until when.
        assignee: Identifier and name of the user who is to do it.

    Raises:
        CaseError: closed, or without words.
    """
    must_be_open(case)
    if not title.strip():
        raise CaseError("a task says what to do")
    task = CaseTask(
        case_id=case.id,
        title=title.strip()[:300],
        due_at=due_at,
        assignee_id=assignee[0] if assignee else None,
        assignee=assignee[1] if assignee else "",
        made_at=now,
        made_by=actor.name,
    )
    session.add(task)
    session.flush()
    details = {"task": task.id, "title": task.title, "due": due_at, "assignee": task.assignee_id}
    record(session, actor, "case.task", f"case:{case.id}", "", details, at=now)
    session.expire(case, ["tasks"])
    return task


def assign_task(
    session: Session,
    actor: Actor,
    now: datetime,
    task_id: str,
    assignee: tuple[str, str] | None,
    due_at: datetime | None,
) -> CaseTask:
    """Gives a task to somebody, or another due time.

    Raises:
        CaseError: there is none, or it is done.
    """
    task = _task(session, task_id)
    details = {"task": task.id, "was": task.assignee_id, "was_due": task.due_at}
    task.assignee_id, task.assignee = assignee or (None, "")
    task.due_at = due_at
    record(session, actor, "case.task", f"case:{task.case_id}", "", details, at=now)
    return task


def finish_task(session: Session, actor: Actor, now: datetime, task_id: str, outcome: str) -> CaseTask:
    """Marks a task done, with what came of it.

    Raises:
        CaseError: there is none, or it is done, or nothing is said.
    """
    task = _task(session, task_id)
    if not outcome.strip():
        raise CaseError("say what came of the task, also when nothing did")
    task.done_at, task.done_by, task.outcome = now, actor.name, outcome.strip()
    case = session.get_one(Case, task.case_id)
    note_event(session, case, actor, now, "task", f"Done: {task.title}. {task.outcome}")
    record(session, actor, "case.task", f"case:{case.id}", outcome[:4_000], {"done": task.id}, at=now)
    return task


def _task(session: Session, task_id: str) -> CaseTask:
    task = session.get(CaseTask, task_id[:40])
    if task is None:
        raise NoSuchCaseError("there is no such task")
    if task.done_at is not None:
        raise CaseError("this task is done already")
    return task


def genuine_floor(session: Session, case: Case) -> str | None:
    """The severity below which a case cannot go: where a claim of it has a genuine record, or was found to be true."""
    genuine = session.scalar(
        select(Claim.id)
        .outerjoin(ClaimSample, ClaimSample.claim_id == Claim.id)
        .where(Claim.case_id == case.id, or_(ClaimSample.outcome == "genuine", Claim.state == "genuine"))
        .limit(1)
    )
    return GENUINE_FLOOR if genuine else None


def set_severity(
    session: Session, actor: Actor, now: datetime, case: Case, judged: Judged, reason: str
) -> CaseSeverity:
    """Decides the severity; the ones before stay.

    Raises:
        CaseError: closed, without a reason, or below what a claim has proven.
    """
    must_be_open(case)
    if not reason.strip():
        raise CaseError("say why this severity; it stands in the first notice")
    floor = genuine_floor(session, case)
    if floor is not None and rank(judged.severity) < rank(floor):
        raise CaseError(
            f"a claim of {case.number} is true, or a record of it genuine, so its severity is at least {floor}: one "
            "record that is out shows that there is a way out"
        )
    return _severity(session, actor, now, case, judged, reason)


def raise_to_floor(session: Session, actor: Actor, now: datetime, case: Case, reason: str) -> None:
    """Raises the severity where a genuine record was found; never lowers it."""
    floor = genuine_floor(session, case)
    if floor is None or rank(case.severity) >= rank(floor):
        return
    judged = at_least(Judged(case.severity, case.severity_method or "not decided yet"), floor)
    _severity(session, actor, now, case, judged, reason)


def _severity(session: Session, actor: Actor, now: datetime, case: Case, judged: Judged, reason: str) -> CaseSeverity:
    row = CaseSeverity(
        case_id=case.id,
        serial=len(case.severities) + 1,
        severity=judged.severity,
        method=judged.method,
        reason=reason,
        by=actor.name,
        at=now,
    )
    session.add(row)
    case.severity, case.severity_method, case.changed_at = judged.severity, judged.method, now
    note_event(session, case, actor, now, "severity", f"Severity {judged.severity}: {reason}")
    details = {"severity": judged.severity, "method": judged.method}
    record(session, actor, "case.severity", f"case:{case.id}", reason, details, at=now)
    session.expire(case, ["severities"])
    return row


def mark_field(
    session: Session, actor: Actor, now: datetime, case: Case, name: str, mark: str, reason: str, sensitivity: str = ""
) -> CaseField:
    """A person says whether a field reached the other side; what the ledger says stays beside it.

    Raises:
        CaseError: closed, no reason, no such mark, or a field nobody knows and no sensitivity for it.
    """
    must_be_open(case)
    if mark not in set(Certainty):
        raise CaseError("a field is marked confirmed, possible or excluded")
    if not reason.strip():
        raise CaseError("say how this is known; the reason goes into the first notice")
    row = next((f for f in case.fields if f.name == name), None)
    if row is None:
        if not name.replace("_", "").replace("-", "").isalnum() or len(name) > 64 or not sensitivity:
            raise CaseError("a field that the people map does not know needs a short name and a sensitivity")
        row = CaseField(
            case_id=case.id,
            name=name,
            sensitivity=sensitivity,
            mark=mark,
            reason=reason,
            by=actor.name,
            at=now,
            proposed_mark="possible",
            proposed_reason="not in the people map, so the ledger cannot tell",
        )
        case.fields.append(row)
    was = row.mark
    row.mark, row.reason, row.by, row.by_person, row.at = mark, reason, actor.name, True, now
    session.flush()
    change_of_field(session, row)
    note_event(session, case, actor, now, "field", f"{name}: {mark} (it was {was}). {reason}")
    record(session, actor, "case.field", f"case:{case.id}", reason, {"field": name, "mark": mark, "was": was}, at=now)
    case.changed_at = now
    return row


def change_of_field(session: Session, row: CaseField) -> None:
    """Keeps the mark a field has now in its history."""
    session.add(
        CaseFieldChange(
            field_id=row.id, serial=len(row.changes) + 1, mark=row.mark, reason=row.reason, by=row.by, at=row.at
        )
    )
    session.flush()
    session.expire(row, ["changes"])
