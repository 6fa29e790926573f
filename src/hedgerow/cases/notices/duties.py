"""What each regime asks in a case: the question, by when, and where it stands. Nothing here answers a question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from hedgerow.cases.notices import decisions as decided
from hedgerow.cases.notices import filings as filed
from hedgerow.cases.notices.applying import Applies
from hedgerow.cases.notices.calendars import calendar
from hedgerow.cases.notices.clocks import Deadline, deadline
from hedgerow.cases.notices.codes import Duty, Event
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.decisions import Decision, LateReason, Outcome
from hedgerow.cases.notices.facts import Facts
from hedgerow.cases.notices.filings import Filing, FollowUp
from hedgerow.cases.notices.rules import Notice, Regime, Test

NOTICES = (Duty.AUTHORITY, Duty.PEOPLE, Duty.THIRD_PARTIES)


class Standing(StrEnum):
    """Where a duty stands."""

    TO_DECIDE = "to_decide"
    """A person must answer the question."""
    TO_DO = "to_do"
    """Decided: notify. Not done yet."""
    NOT_DUE = "not_due"
    """Decided: no notice."""
    DONE = "done"


class Late(StrEnum):
    """Whether a reason for lateness is asked for."""

    NO = "no"
    REASON_NEEDED = "reason_needed"
    REASON_GIVEN = "reason_given"


@dataclass(frozen=True)
class Records:
    """What people did in the case so far."""

    decisions: tuple[Decision, ...] = ()
    filings: tuple[Filing, ...] = ()
    late_reasons: tuple[LateReason, ...] = ()
    registered: tuple[str, ...] = ()
    """Regimes in whose register the case stands."""


@dataclass(frozen=True)
class Owed:
    """One duty of one regime in one case."""

    regime: Regime
    duty: Duty
    mandatory: bool
    standing: Standing
    deadline: Deadline
    place: str
    """Seat of the authority whose clock this is."""
    zone: str
    overdue: bool
    late: Late
    test: Test | None = None
    decision: Decision | None = None
    done_at: datetime | None = None
    hints: tuple[str, ...] = ()
    follow_up: FollowUp | None = None

    @property
    def local_due(self) -> datetime | None:
        """The moment to keep, on the clock of the authority's seat."""
        last = self.deadline.last
        return last.astimezone(ZoneInfo(self.zone)) if last else None


def owed(applies: Applies, facts: Facts, records: Records, now: datetime) -> list[Owed]:
    """The duties of one regime. Decisions that do not count (unsigned, without reasons) leave a duty undecided."""
    regime = applies.regime
    seat = applies.authorities[0]
    zone, days = ZoneInfo(seat.zone), calendar(seat.calendar)
    moments = _events(regime, facts, records, now)
    found: list[Owed] = []
    if regime.assess is not None:
        clock = deadline(regime.assess, None, moments, zone, days)
        first = _first_answer(regime, records, now)
        found.append(
            Owed(
                regime,
                Duty.ASSESS,
                True,
                Standing.DONE if first else Standing.TO_DO,
                clock,
                seat.place,
                seat.zone,
                overdue=first is None and clock.missed(now),
                late=_late(regime, Duty.ASSESS, clock, first or now, records, now),
                done_at=first,
                hints=() if first else _stopped(clock),
            )
        )
    for duty in NOTICES:
        notice = regime.notice(duty)
        if notice is not None:
            clock = deadline(notice.limit, notice.expected, moments, zone, days)
            found.append(_notice(applies, duty, notice, clock, facts, records, now))
    if regime.register is not None:
        done = regime.id in records.registered
        found.append(
            Owed(
                regime,
                Duty.REGISTER,
                True,
                Standing.DONE if done else Standing.TO_DO,
                Deadline(Event.AWARE, moments.get(Event.AWARE), None, "with every case"),
                seat.place,
                seat.zone,
                overdue=False,
                late=Late.NO,
            )
        )
    return found


def _notice(
    applies: Applies, duty: Duty, notice: Notice, clock: Deadline, facts: Facts, records: Records, now: datetime
) -> Owed:
    regime, seat = applies.regime, applies.authorities[0]
    decision = decided.holding(records.decisions, regime.id, duty, now)
    hints = _hints(notice.test, applies.people if notice.test.counted == "territory" else facts.count)
    if decision is not None:
        wrong = decided.faults(decision, regime)
        if wrong:
            hints, decision = (*hints, *wrong), None
    sent = filed.sent(records.filings, regime.id, duty, now)
    done_at = sent[0].at if sent else None
    if done_at is not None:
        standing = Standing.DONE
        if decision is None:
            hints = (*hints, "it was sent without a signed decision: record who decided, and why")
    elif decision is None:
        standing = Standing.TO_DECIDE
    else:
        standing = Standing.TO_DO if decision.outcome is Outcome.NOTIFY else Standing.NOT_DUE
    waiting = standing in {Standing.TO_DECIDE, Standing.TO_DO}
    overdue = waiting and clock.missed(now)
    if waiting:
        hints += _stopped(clock)
    late = Late.NO
    if notice.mandatory and (overdue or done_at is not None):
        late = _late(regime, duty, clock, done_at or now, records, now)
    return Owed(
        regime,
        duty,
        notice.mandatory,
        standing,
        clock,
        seat.place,
        seat.zone,
        overdue,
        late,
        notice.test,
        decision,
        done_at,
        hints,
        filed.follow_up(records.filings, regime.id, duty, now),
    )


def _stopped(clock: Deadline) -> tuple[str, ...]:
    if clock.started is not None:
        return ()
    return (f"the clock does not run yet: it starts with {clock.event.value.replace('_', ' ')}, which is not recorded",)


def _hints(test: Test, people: Count | None) -> tuple[str, ...]:
    """What the facts say about a number that meets the test alone. Shown beside the question, never an answer."""
    if test.people_at_least is None:
        return ()
    if people is None:
        return (f"the number of people here is not known; {test.people_at_least:,} are enough",)
    reached = people.reaches(test.people_at_least)
    said = {
        True: f"{people} people: {test.people_at_least:,} is reached",
        False: f"{people} people: below {test.people_at_least:,}",
        None: f"{people} people: {test.people_at_least:,} may be reached; count again or assume that it is",
    }
    return (said[reached],)


def _events(regime: Regime, facts: Facts, records: Records, now: datetime) -> dict[Event, datetime]:
    """The events recorded until now. Where nobody recorded a determination, the first signed `notify` is one."""
    found = {e: at for e, at in facts.events.items() if at <= now} | filed.events(records.filings, regime.id, now)
    if Event.DETERMINATION not in found:
        signed = [
            d.decided_at
            for d in records.decisions
            if d.regime == regime.id
            and d.outcome is Outcome.NOTIFY
            and d.decided_at <= now
            and not decided.faults(d, regime)
        ]
        if signed:
            found[Event.DETERMINATION] = min(signed)
    return found


def _first_answer(regime: Regime, records: Records, now: datetime) -> datetime | None:
    """When the assessment ended: with the first decision that counts."""
    at = [
        d.decided_at
        for d in records.decisions
        if d.regime == regime.id and d.decided_at <= now and not decided.faults(d, regime)
    ]
    return min(at, default=None)


def _late(regime: Regime, duty: Duty, clock: Deadline, at: datetime, records: Records, now: datetime) -> Late:
    if not clock.missed(at):
        return Late.NO
    given = any(
        r.regime == regime.id and r.duty is duty and r.text.strip() and r.at <= now for r in records.late_reasons
    )
    return Late.REASON_GIVEN if given else Late.REASON_NEEDED
