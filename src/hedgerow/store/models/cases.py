"""Cases: an incident from its opening to its lesson. What was said of it is added to, and never overwritten."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DDL, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hedgerow.store.base import Base, Key


class NumberSeries(Base):
    """The last number given in a series and year; a row is locked while its next one is taken."""

    __tablename__ = "number_series"

    series: Mapped[str] = mapped_column(String(10), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Case(Base):
    """One incident."""

    __tablename__ = "cases"
    __table_args__ = (Index("ix_cases_state_opened_at", "state", "opened_at"),)

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    """For people: `C-2026-0001`."""
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text, default="")
    site: Mapped[str] = mapped_column(String(100), index=True)
    origin: Mapped[str] = mapped_column(String(10))
    """`rule`, `person` or `claim`."""
    rule: Mapped[str | None] = mapped_column(String(40))
    """Which rule opened it."""
    state: Mapped[str] = mapped_column(String(10), default="open")
    """`open`, `contained`, `closing` or `closed`."""
    severity: Mapped[str] = mapped_column(String(10), default="none")
    severity_method: Mapped[str] = mapped_column(Text, default="")
    opened_at: Mapped[datetime]
    opened_by: Mapped[str] = mapped_column(String(200))
    """Name of the person, or of the rule."""
    period_since: Mapped[datetime]
    period_until: Mapped[datetime | None]
    """None = it goes on; the ledger is asked until now."""
    detected_at: Mapped[datetime]
    first_disclosure_at: Mapped[datetime | None]
    last_disclosure_at: Mapped[datetime | None]
    contained_at: Mapped[datetime | None]
    counted_at: Mapped[datetime | None]
    """When the ledger was asked last."""
    routes: Mapped[list[str]] = mapped_column(default=list)
    controls_passed: Mapped[list[str]] = mapped_column(default=list)
    ties: Mapped[list[str]] = mapped_column(default=list)
    caveats: Mapped[list[str]] = mapped_column(default=list)
    membership: Mapped[int | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(200))
    closing_reason: Mapped[str] = mapped_column(Text, default="")
    no_lesson_reason: Mapped[str] = mapped_column(Text, default="")
    """Why nothing is changed, where nothing is."""
    changed_at: Mapped[datetime]

    principals: Mapped[list[CasePrincipal]] = relationship(order_by="CasePrincipal.added_at, CasePrincipal.name")
    fields: Mapped[list[CaseField]] = relationship(order_by="CaseField.name")
    figures: Mapped[list[CaseFigure]] = relationship(order_by="CaseFigure.serial")
    events: Mapped[list[CaseEvent]] = relationship(order_by="CaseEvent.at, CaseEvent.serial")
    tasks: Mapped[list[CaseTask]] = relationship(order_by="CaseTask.due_at, CaseTask.id")
    notes: Mapped[list[CaseNote]] = relationship(order_by="CaseNote.serial")
    containment: Mapped[list[Containment]] = relationship(order_by="Containment.started_at, Containment.id")
    evidence: Mapped[list[CaseEvidence]] = relationship(order_by="CaseEvidence.made_at, CaseEvidence.id")
    holds: Mapped[list[CaseHold]] = relationship(order_by="CaseHold.placed_at, CaseHold.id")
    lessons: Mapped[list[Lesson]] = relationship(order_by="Lesson.at, Lesson.id")
    severities: Mapped[list[CaseSeverity]] = relationship(order_by="CaseSeverity.serial")


class OpenPrincipal(Base):
    """Which open case a principal belongs to: by its key two rounds of the watcher cannot open two cases for one."""

    __tablename__ = "case_open_principals"

    site: Mapped[str] = mapped_column(String(100), primary_key=True)
    level: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)


class CasePrincipal(Base):
    """One principal of a case."""

    __tablename__ = "case_principals"
    __table_args__ = (UniqueConstraint("case_id", "level", "name"),)

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    level: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(64))
    """Keyed name; of an address the stable one; empty for strangers."""
    label: Mapped[str] = mapped_column(String(200), default="")
    why: Mapped[str] = mapped_column(Text)
    ties: Mapped[list[str]] = mapped_column(default=list)
    """What ties it to the others, in sentences."""
    people: Mapped[int | None]
    """People it was shown: as known when it was added, else at the next count of the case; None until then."""
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(String(200))
    removed_at: Mapped[datetime | None]
    removed_why: Mapped[str] = mapped_column(Text, default="")
    openings: Mapped[list[SealedOpening]] = relationship(order_by="SealedOpening.at", lazy="selectin")


class SealedOpening(Base):
    """A sealed address that was opened for a case, with who and why. The address is kept sealed here, too."""

    __tablename__ = "case_sealed_openings"

    id: Mapped[Key]
    principal_id: Mapped[str] = mapped_column(ForeignKey("case_principals.id"), index=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None once it was erased."""
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    erase_after: Mapped[datetime | None]
    """None while the case is open."""


class CaseField(Base):
    """One field of people in a case: whether it reached the other side, and how that is known."""

    __tablename__ = "case_fields"
    __table_args__ = (UniqueConstraint("case_id", "name"),)

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    sensitivity: Mapped[str] = mapped_column(String(12))
    mark: Mapped[str] = mapped_column(String(10))
    """`confirmed`, `possible` or `excluded`."""
    reason: Mapped[str] = mapped_column(Text)
    people: Mapped[int | None]
    by: Mapped[str] = mapped_column(String(200))
    by_person: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
    proposed_mark: Mapped[str] = mapped_column(String(10))
    """What the ledger says now, whatever a person decided."""
    proposed_reason: Mapped[str] = mapped_column(Text)
    changes: Mapped[list[CaseFieldChange]] = relationship(order_by="CaseFieldChange.serial", lazy="selectin")


class CaseFieldChange(Base):
    """One mark a field has had. Never changed, never deleted."""

    __tablename__ = "case_field_changes"

    id: Mapped[Key]
    field_id: Mapped[str] = mapped_column(ForeignKey("case_fields.id"), index=True)
    serial: Mapped[int]
    mark: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class CaseFigure(Base):
    """A number of people affected, as somebody or the ledger gave it. Superseded, never overwritten."""

    __tablename__ = "case_figures"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    serial: Mapped[int]
    low: Mapped[int]
    high: Mapped[int]
    method: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class CaseSeverity(Base):
    """A severity a case has had, with its method. Never changed, never deleted."""

    __tablename__ = "case_severities"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    serial: Mapped[int]
    severity: Mapped[str] = mapped_column(String(10))
    method: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class CaseEvent(Base):
    """One line of the timeline. Never changed, never deleted."""

    __tablename__ = "case_events"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    serial: Mapped[int]
    at: Mapped[datetime]
    """When it happened."""
    noted_at: Mapped[datetime]
    """When it was written down."""
    kind: Mapped[str] = mapped_column(String(30))
    what: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))


class CaseTask(Base):
    """Something to do, by somebody, until some time."""

    __tablename__ = "case_tasks"
    __table_args__ = (Index("ix_case_tasks_done_due", "done_at", "due_at"),)

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    title: Mapped[str] = mapped_column(String(300))
    due_at: Mapped[datetime | None]
    assignee_id: Mapped[str | None] = mapped_column(String(100), index=True)
    assignee: Mapped[str] = mapped_column(String(200), default="")
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(200))
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(Text, default="")


class CaseNote(Base):
    """What somebody noted. Never changed, never deleted; a correction is another note."""

    __tablename__ = "case_notes"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    serial: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))


class Containment(Base):
    """One step that was taken to stop it."""

    __tablename__ = "case_containment"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    step: Mapped[str] = mapped_column(String(20))
    target: Mapped[str] = mapped_column(String(300), default="")
    """On whom or what: `account:1f0c…`, a route, a field."""
    reason: Mapped[str] = mapped_column(Text)
    measure_id: Mapped[str | None] = mapped_column(String(64))
    """Of the measure that carries it out; None where it was done outside Hedgerow."""
    started_at: Mapped[datetime]
    effective_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str] = mapped_column(Text, default="")
    ordinary_expected: Mapped[int | None]
    """Ordinary visitors that were expected to be hit, as was said before it was decided; None where nobody knew."""
    by: Mapped[str] = mapped_column(String(200))


class CaseEvidence(Base):
    """An evidence pack, frozen by the hash of its manifest."""

    __tablename__ = "case_evidence"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    path: Mapped[str] = mapped_column(Text)
    """Folder of the pack on the operator's disk."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Of `manifest.json`, which names every file with its own hash."""
    zip_sha256: Mapped[str] = mapped_column(String(64))
    people: Mapped[int]
    records: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    checked_at: Mapped[datetime | None]
    checked: Mapped[str] = mapped_column(Text, default="")
    """What the last check said."""


class CaseHold(Base):
    """A litigation hold on the ledger for a case."""

    __tablename__ = "case_holds"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    hold_id: Mapped[str] = mapped_column(String(32))
    """Its number in the ledger's store."""
    reason: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime]
    placed_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    lifted_at: Mapped[datetime | None]
    lifted_why: Mapped[str] = mapped_column(Text, default="")


class Lesson(Base):
    """A change to the controls that came out of a case."""

    __tablename__ = "case_lessons"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    change: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(20))
    """What it points at: `policy`, `measure`, `task` or `outside`."""
    reference: Mapped[str] = mapped_column(String(100), default="")
    """Of the policy version, measure or task."""
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))


APPEND_ONLY = ("case_events", "case_field_changes", "case_figures", "case_severities", "case_notes")
"""Tables whose rows the database itself refuses to change: what was said stays said."""


def refusals(tables: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Statements by which SQLite and PostgreSQL refuse to change or delete rows of some tables."""
    sqlite = tuple(
        f"CREATE TRIGGER {table}_no_{what} BEFORE {what.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in tables
        for what in ("update", "delete")
    )
    postgresql = tuple(
        statement
        for table in tables
        for statement in (
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
        )
    )
    return sqlite, postgresql


def make_with_tables(tables: tuple[str, ...], sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    """Has the statements carried out when the tables are made at once (`Database.create_all`); migrations have them.

    Args:
        tables: Their names; they are in the metadata already.
        sqlite: From `refusals`.
        postgresql: From `refusals`.
    """
    for dialect, statements in (("sqlite", sqlite), ("postgresql", postgresql)):
        each = len(statements) // len(tables)
        for number, table in enumerate(tables):
            for text in statements[number * each : (number + 1) * each]:
                made = DDL(text).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]
                event.listen(Base.metadata.tables[table], "after_create", made)


SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS = refusals(APPEND_ONLY)
make_with_tables(APPEND_ONLY, SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS)
