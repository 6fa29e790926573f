"""Deadlines under virtual time: hours, days, business days, changes of the clocks, month ends and leap years."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.cases.notices.calendars import after, calendar, next_working
from hedgerow.cases.notices.clocks import deadline, due, months_after
from hedgerow.cases.notices.codes import Event
from hedgerow.cases.notices.loading import shipped
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.rules import AtOnce, Period, Unit

ZONES = st.sampled_from(
    sorted({r.time_zone for r in shipped().regimes.values() if r.time_zone} | {"Europe/Paris", "Europe/Dublin"})
).map(ZoneInfo)
FIRST, LAST = datetime(2020, 1, 1), datetime(2060, 12, 31)  # noqa: DTZ001 - hypothesis adds the zone
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
AMOUNTS = st.integers(1, 120)


class NoDaysOff:
    """A calendar in which every day is a working day."""

    def is_working_day(self, day: date) -> bool:
        return day is not None


class WeekEnds:
    """Only Saturday and Sunday are off."""

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5


def _period(amount: int, unit: Unit, *, roll: bool = False) -> Period:
    return Period(amount, unit, Event.AWARE, roll)


@given(start=MOMENTS, amount=AMOUNTS, zone=ZONES)
def test_hours_are_elapsed_hours_whatever_the_clocks_do(start: datetime, amount: int, zone: ZoneInfo) -> None:
    end = due(_period(amount, Unit.HOURS), start.astimezone(zone), zone, WeekEnds())
    assert end - start == timedelta(hours=amount)


@given(start=MOMENTS, amount=AMOUNTS, zone=ZONES)
def test_days_end_with_the_last_second_of_a_day_at_the_seat(start: datetime, amount: int, zone: ZoneInfo) -> None:
    end = due(_period(amount, Unit.DAYS), start, zone, NoDaysOff()).astimezone(zone)
    assert (end.hour, end.minute, end.second) == (23, 59, 59)
    assert (end.date() - start.astimezone(zone).date()).days == amount


@given(start=MOMENTS, amount=AMOUNTS, zone=ZONES)
def test_a_period_never_ends_before_the_full_time_has_passed(start: datetime, amount: int, zone: ZoneInfo) -> None:
    """Not counting the day of the event never costs anybody time, even on a day of twenty-three hours."""
    for unit in (Unit.DAYS, Unit.BUSINESS_DAYS):
        assert due(_period(amount, unit), start, zone, WeekEnds()) >= start + timedelta(days=amount, hours=-2)


@given(start=MOMENTS, amount=st.integers(1, 60), zone=ZONES)
def test_business_days_are_never_shorter_than_days_and_end_on_a_working_day(
    start: datetime, amount: int, zone: ZoneInfo
) -> None:
    business = due(_period(amount, Unit.BUSINESS_DAYS), start, zone, WeekEnds())
    assert business >= due(_period(amount, Unit.DAYS), start, zone, WeekEnds())
    assert WeekEnds().is_working_day(business.astimezone(zone).date())


@given(start=MOMENTS, amount=st.integers(1, 60), zone=ZONES)
def test_exactly_so_many_working_days_lie_between(start: datetime, amount: int, zone: ZoneInfo) -> None:
    first = start.astimezone(zone).date()
    last = due(_period(amount, Unit.BUSINESS_DAYS), start, zone, WeekEnds()).astimezone(zone).date()
    between = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert sum(map(WeekEnds().is_working_day, between)) == amount


@given(start=MOMENTS, amount=AMOUNTS, zone=ZONES)
def test_a_roll_only_moves_later_and_only_days_off(start: datetime, amount: int, zone: ZoneInfo) -> None:
    plain = due(_period(amount, Unit.DAYS), start, zone, WeekEnds())
    rolled = due(_period(amount, Unit.DAYS, roll=True), start, zone, WeekEnds())
    assert plain <= rolled <= plain + timedelta(days=2, hours=2)
    if WeekEnds().is_working_day(plain.astimezone(zone).date()):
        assert rolled == plain


@given(start=MOMENTS, amount=AMOUNTS, zone=ZONES)
def test_hours_never_roll(start: datetime, amount: int, zone: ZoneInfo) -> None:
    """Regulation (EEC, Euratom) 1182/71, article 3(4), leaves periods in hours alone."""
    assert due(_period(amount, Unit.HOURS, roll=True), start, zone, WeekEnds()) == start + timedelta(hours=amount)


@given(earlier=MOMENTS, later=MOMENTS, amount=st.integers(1, 30), zone=ZONES, unit=st.sampled_from(Unit))
def test_a_later_start_never_ends_earlier(
    earlier: datetime, later: datetime, amount: int, zone: ZoneInfo, unit: Unit
) -> None:
    earlier, later = sorted((earlier, later))
    period = _period(amount, unit, roll=True)
    assert due(period, earlier, zone, WeekEnds()) <= due(period, later, zone, WeekEnds())


@given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), months=st.integers(0, 240))
def test_months_keep_the_day_or_take_the_last_one(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 31), 24, date(2028, 12, 31)),
    ],
)
def test_leap_days_and_month_ends(day: date, months: int, later: date) -> None:
    assert months_after(day, months) == later


def test_a_period_in_days_that_ends_on_whit_monday_rolls_where_the_rule_says_so() -> None:
    """In France, 25 May 2026 is a holiday. The days are counted from the 20th; the 25th moves to the 26th."""
    start = datetime(2026, 5, 20, 9, tzinfo=UTC)
    zone = ZoneInfo("Europe/Paris")
    rolled = due(_period(5, Unit.DAYS, roll=True), start, zone, calendar("FR"))
    assert rolled.astimezone(zone).date() == date(2026, 5, 26)
    assert due(_period(5, Unit.DAYS), start, zone, calendar("FR")).astimezone(zone).date() == date(2026, 5, 25)


def test_no_shipped_rule_rolls_because_none_was_verified_to() -> None:
    periods = [
        p
        for r in shipped().regimes.values()
        for p in (r.assess, *(n.limit for n in (r.to_authority, r.to_people, r.to_third_parties) if n))
        if isinstance(p, Period)
    ]
    assert len(periods) > 5
    assert not any(p.roll for p in periods)


def test_a_limit_at_once_has_no_due_moment_but_what_the_authority_expects() -> None:
    start = datetime(2026, 4, 3, 3, 30, tzinfo=UTC)
    zone = ZoneInfo("Pacific/Auckland")
    limit = AtOnce("as soon as practicable", Event.AWARE)
    clock = deadline(limit, _period(72, Unit.HOURS), {Event.AWARE: start}, zone, NoDaysOff())
    assert clock.due is None
    assert clock.last == clock.expected == start + timedelta(hours=72)
    assert not clock.missed(start + timedelta(hours=72))
    assert clock.missed(start + timedelta(hours=72, seconds=1))


def test_a_clock_without_its_event_does_not_run() -> None:
    clock = deadline(_period(72, Unit.HOURS), None, {}, ZoneInfo("Europe/Paris"), NoDaysOff())
    assert clock.started is None
    assert clock.due is None
    assert not clock.missed(datetime(2100, 1, 1, tzinfo=UTC))


def test_a_start_without_a_time_zone_is_refused() -> None:
    with pytest.raises(NoticeError, match="time zone"):
        due(_period(72, Unit.HOURS), datetime(2026, 1, 1), ZoneInfo("Europe/Paris"), NoDaysOff())  # noqa: DTZ001


@pytest.mark.parametrize(
    ("code", "off", "on"),
    [
        ("CO", "2026-04-02", "2026-04-01"),
        ("CO", "2026-06-08", "2026-06-09"),
        ("FR", "2026-07-14", "2026-07-15"),
        ("CA-QC", "2026-06-24", "2026-06-25"),
        ("IL", "2026-04-03", "2026-04-05"),
        ("NZ", "2026-02-06", "2026-02-09"),
        ("GB-ENG", "2026-12-28", "2026-12-29"),
        ("CH-BE", "2026-08-01", "2026-07-31"),
    ],
)
def test_a_calendar_knows_the_days_off_of_its_place(code: str, off: str, on: str) -> None:
    days = calendar(code)
    assert not days.is_working_day(date.fromisoformat(off))
    assert days.is_working_day(date.fromisoformat(on))


def test_every_regime_has_a_calendar_and_a_time_zone() -> None:
    from hedgerow.cases.notices.places import ZONES as SEATS

    for regime in shipped().regimes.values():
        for place in [regime.calendar] if regime.calendar else regime.places:
            assert calendar(place).is_working_day(date(2026, 11, 26)) in {True, False}, place
        assert regime.time_zone or all(p in SEATS for p in regime.places)


def test_a_place_without_a_calendar_is_told_by_name() -> None:
    with pytest.raises(NoticeError, match="no holiday calendar for `XX`"):
        calendar("XX")


def test_a_year_without_known_holidays_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(NoticeError, match="not for 2300"):
        calendar("CO").is_working_day(date(2300, 1, 5))


class NeverWorks:
    """A calendar in which nobody ever works."""

    def is_working_day(self, day: date) -> bool:
        return day is None


def test_a_calendar_without_working_days_ends_the_search() -> None:
    with pytest.raises(NoticeError, match="ten years"):
        after(date(2026, 1, 1), 1, NeverWorks())
    with pytest.raises(NoticeError, match="ten years"):
        next_working(date(2026, 1, 1), NeverWorks())
