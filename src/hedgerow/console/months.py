"""One month of protection, gathered: figures of ledger, cases, notices and letters, what changed, what is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hedgerow.appeals.rates import SMALLEST, refused_share
from hedgerow.console.month_counts import of_all_sites
from hedgerow.review.metrics import Figure, figures
from hedgerow.review.months import Month
from hedgerow.review.signing import Change, Due, digest_of
from hedgerow.store.models.appeals import Appeal
from hedgerow.store.models.cases import Case, CaseFigure, Containment
from hedgerow.store.models.filings import NoticeDue, NoticeLateness
from hedgerow.store.models.letters import Letter
from hedgerow.store.models.reviews import DrillRecord, Review
from hedgerow.store.models.trail import Decision

REVIEW_WITHIN: Final = timedelta(days=14)
"""How long after the end of a month its review is due."""
DRILL_EVERY: Final = timedelta(days=92)
"""A rehearsal a quarter."""
CHANGING: Final = {
    "policy.agree": "policy brought into force",
    "policy.found": "policy changed by hand",
    "measure.set": "measure set",
    "measure.end": "measure ended",
    "user.add": "user added",
    "user.roles": "roles of a user changed",
    "user.disable": "user shut out",
    "user.enable": "user let in again",
    "user.cover": "absence covered",
    "user.cover_end": "cover of an absence ended",
    "case.step": "containment step taken",
    "case.step_ended": "containment step ended",
    "case.close": "case closed",
    "claim.dismiss": "claim dismissed",
    "channel.add": "way of notification added",
    "channel.subscribe": "what a way of notification tells changed",
    "channel.disable": "way of notification turned off",
    "channel.enable": "way of notification turned on",
    "channel.remove": "way of notification removed",
}
"""Acts that change how people are protected, or who decides it, in words."""
MOST_CHANGES: Final = 500
"""Listed one by one; that there were more is a change of its own, which has to be acknowledged like the others."""
_APPEALS: Final = ("false_challenge_share", "false_refusal_share", "appeals_open_s")
_ADDED: Final = ("people_disclosed", "people_to_strangers", "people_masked", "gaps")


@dataclass(frozen=True)
class MonthSeen:
    """All that the page shows."""

    month: Month
    figures: tuple[Figure, ...]
    changes: tuple[Change, ...]
    due: tuple[Due, ...]
    drills: tuple[DrillRecord, ...]
    reviews: tuple[Review, ...]
    """Signatures, the newest first."""
    counted_at: datetime | None
    """When the ledger was counted; None: not yet."""

    @property
    def digest(self) -> str:
        """What a signature is bound to."""
        return digest_of(self.month, self.figures, self.changes, self.due)

    def overdue(self, now: datetime) -> list[Due]:
        """What is late."""
        return [d for d in self.due if d.overdue(now)]


def gather(session: Session, month: Month, now: datetime) -> MonthSeen:
    """Everything about one month, as known now."""
    counted = of_all_sites(session, month)
    values, notes = _values(session, month, now)
    before, _ = _values(session, month.previous, now)
    for key in _APPEALS:
        if values.get(key) is None:
            notes.setdefault(key, "Nobody was answered." if key == "appeals_open_s" else "Not counted yet.")
        elif key == "false_refusal_share":
            notes.pop(key, None)
    if not counted:
        notes |= dict.fromkeys(_ADDED, "The ledger of this month was not counted yet.")
    reviews = session.scalars(
        select(Review).where(Review.month == str(month)).order_by(Review.signed_at.desc(), Review.id)
    )
    drills = session.scalars(
        select(DrillRecord)
        .where(DrillRecord.held_at >= month.since, DrillRecord.held_at < month.until)
        .order_by(DrillRecord.held_at)
    ).all()
    rehearsed = (Change(f"drill-{d.id}", d.held_at, f"drill: {d.scenario}: {d.findings}", d.by) for d in drills)
    return MonthSeen(
        month,
        figures(values, before, notes),
        tuple(sorted([*_changes(session, month), *rehearsed], key=lambda c: (c.at, c.key))),
        tuple(due_of(session, month)),
        tuple(drills),
        tuple(reviews),
        min((c.counted_at for c in counted), default=None),
    )


def _values(session: Session, month: Month, now: datetime) -> tuple[dict[str, float | None], dict[str, str]]:
    values: dict[str, float | None] = {}
    notes: dict[str, str] = {}
    counted = of_all_sites(session, month)
    for key in _ADDED:
        found = [row.values.get(key) for row in counted]
        values[key] = sum(int(v or 0) for v in found) if found else None
    shares = [float(row.values["most_curious_share"]) for row in counted if row.values.get("most_curious_share")]
    values["most_curious_share"] = max(shares, default=None)
    if len(counted) > 1:
        notes["people_disclosed"] = f"The sum of {len(counted)} sites; somebody shown by two of them counts twice."
    _of_cases(session, month, values)
    answered = session.execute(
        select(Appeal.received_at, Appeal.answered_at).where(
            Appeal.answered_at >= month.since, Appeal.answered_at < month.until
        )
    ).all()
    waits = [(a.answered_at - a.received_at).total_seconds() for a in answered]
    values["appeals_open_s"] = median(waits) if waits else None
    refused = [row.values.get("visitors_refused") for row in counted]
    if any(r is not None for r in refused):
        whole = sum(int(r or 0) for r in refused)
        values["false_refusal_share"] = refused_share(session, month.since, min(month.until, now), whole)
        notes["false_refusal_share"] = f"Not shown: fewer than {SMALLEST}." if whole else "Nobody was refused."
    notes["false_challenge_share"] = "Bounds, by lane, are on the page Visitors."
    values["notices_late"] = _late(session, month, now)
    values["deletions_confirmed"] = len(
        session.scalars(
            select(Letter.id).where(
                Letter.confirmation == "received",
                Letter.answered_at >= month.since,
                Letter.answered_at < month.until,
            )
        ).all()
    )
    values["reviews_overdue"] = sum(d.overdue(min(now, month.until)) for d in due_of(session, month))
    return values, notes


def _late(session: Session, month: Month, now: datetime) -> int:
    """Duties of the law that were late: those still open, and those of which somebody said why they were."""
    still = session.execute(
        select(NoticeDue.case_id, NoticeDue.regime, NoticeDue.duty).where(
            NoticeDue.mandatory,
            NoticeDue.by_law,
            NoticeDue.what.in_(("decide", "do")),
            NoticeDue.due_at >= month.since,
            NoticeDue.due_at < min(month.until, now),
        )
    )
    excused = session.execute(
        select(NoticeLateness.case_id, NoticeLateness.regime, NoticeLateness.duty).where(
            NoticeLateness.at >= month.since, NoticeLateness.at < month.until
        )
    )
    return len({tuple(row) for row in (*still, *excused)})


def _of_cases(session: Session, month: Month, values: dict[str, float | None]) -> None:
    cases = session.execute(
        select(Case.id, Case.opened_at, Case.first_disclosure_at).where(
            Case.opened_at >= month.since, Case.opened_at < month.until
        )
    ).all()
    values["cases_opened"] = len(cases)
    ids = [c.id for c in cases]
    detected = [(c.opened_at - c.first_disclosure_at).total_seconds() for c in cases if c.first_disclosure_at]
    values["detect_s"] = median(d for d in detected if d >= 0) if any(d >= 0 for d in detected) else None
    first: dict[str, datetime] = {}
    highs: dict[str, tuple[int, int]] = {}
    for chunk in _chunks(ids):
        for step in session.scalars(select(Containment).where(Containment.case_id.in_(chunk))):
            if step.effective_at is not None:
                first[step.case_id] = min(step.effective_at, first.get(step.case_id, step.effective_at))
        for case_id, serial, high in session.execute(
            select(CaseFigure.case_id, CaseFigure.serial, CaseFigure.high).where(CaseFigure.case_id.in_(chunk))
        ):
            highs[case_id] = max((serial, high or 0), highs.get(case_id, (0, 0)))
    opened = {c.id: c.opened_at for c in cases}
    contained = [max(0.0, (first[i] - opened[i]).total_seconds()) for i in first]
    values["contain_s"] = median(contained) if contained else None
    values["people_to_suspects"] = sum(high for _, high in highs.values()) if highs else None


def _changes(session: Session, month: Month) -> Iterable[Change]:
    mine = (Decision.act.in_(tuple(CHANGING)), Decision.at >= month.since, Decision.at < month.until)
    rows = session.scalars(select(Decision).where(*mine).order_by(Decision.number).limit(MOST_CHANGES)).all()
    for row in rows:
        yield Change(f"d{row.number}", row.at, _in_words(row), row.actor_name)
    whole = session.scalar(select(func.count()).select_from(Decision).where(*mine)) or 0
    if whole > len(rows):
        more = whole - len(rows)
        words = f"{more:,} more changes; read them on the page Decisions, from row {rows[-1].number + 1} on"
        yield Change(f"more-{more}", rows[-1].at, words, "")


def _in_words(row: Decision) -> str:
    known = (row.details.get(key) for key in ("number", "name", "version"))
    about = next((k for k in known if k), None) or row.subject.partition(":")[2]
    if "level" in row.details:
        about = f"{row.details.get('act')}, {row.details['level']} {str(about)[:8]}"
    words = f"{CHANGING[row.act]}: {about}"
    return f"{words} ({row.reason.strip()})" if row.reason.strip() else words


def due_of(session: Session, month: Month) -> Iterable[Due]:
    """The review of the month before, and the rehearsal of the quarter."""
    before = month.previous
    signed = session.scalar(
        select(Review.signed_at).where(Review.month == str(before)).order_by(Review.signed_at).limit(1)
    )
    first = session.scalar(select(Decision.at).order_by(Decision.number).limit(1))
    # Nothing was due before there was anybody to do it.
    if first is not None and first < before.until:
        yield Due(f"Review of {before}", before.until + REVIEW_WITHIN, signed)
    last = session.scalar(
        select(DrillRecord.held_at)
        .where(DrillRecord.held_at < month.until)
        .order_by(DrillRecord.held_at.desc())
        .limit(1)
    )
    since = last if last is not None and last < month.since else None
    begun = since or first
    if begun is not None and begun + DRILL_EVERY < month.until:
        done = last if last is not None and last >= month.since else None
        yield Due("A rehearsed attack on this site (a drill a quarter)", begun + DRILL_EVERY, done)


def _chunks(ids: list[str], size: int = 500) -> Iterable[list[str]]:
    return (ids[n : n + size] for n in range(0, len(ids), size))


def as_shown(seen: MonthSeen) -> dict[str, Any]:
    """What a signature keeps of the page."""
    return {
        "figures": [
            {
                "key": f.metric.key,
                "definition": f.metric.definition,
                "value": _plain(f.value),
                "before": _plain(f.before),
            }
            for f in seen.figures
        ],
        "changes": [{"key": c.key, "at": c.at.isoformat(), "what": c.what, "who": c.who} for c in seen.changes],
        "due": [
            {"what": d.what, "by": d.by.isoformat(), "done_at": d.done_at.isoformat() if d.done_at else None}
            for d in seen.due
        ],
    }


def _plain(value: float | None) -> str | None:
    return None if value is None else repr(value)
