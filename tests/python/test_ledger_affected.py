"""`affected` equals the truth in detail, and stays within its stated error after thinning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.ledger.questions.affected import affected
from hedgerow.ledger.questions.period import Period, PeriodError, read_period
from hedgerow.ledger.questions.refs import RefError, find_group, read_ref
from ledger_views import NOW, Shown, TestKeys, connect, keyed

KEYS = TestKeys()
ALL = Period(NOW - timedelta(days=200), NOW + timedelta(days=1))
ADDRESSES = ("203.0.113.9", "203.0.113.10", "198.51.100.7")
FIELDS = ("name", "town", "email")


def ago(**since: float) -> datetime:
    return NOW - timedelta(**since)


events = st.builds(
    Shown,
    at=st.floats(0, 20).map(lambda days: (NOW - timedelta(days=days)).replace(microsecond=0)),
    person=st.integers(1, 8).map(str),
    shown=st.sets(st.sampled_from(FIELDS)).map(lambda s: tuple(sorted(s))),
    address=st.sampled_from(ADDRESSES),
    account=st.sampled_from([None, "ann"]),
    status=st.sampled_from([200, 200, 404]),
)
refs = st.sampled_from(["203.0.113.9", "account:ann", "strangers", f"network:{keyed('network', '203.0.113')}"])


def meant(ref: str, e: Shown) -> bool:
    return {
        "203.0.113.9": e.address == "203.0.113.9",
        "account:ann": e.account == "ann",
        "strangers": e.account is None,
    }.get(ref, e.address.startswith("203.0.113."))


@settings(max_examples=12, deadline=None)
@given(st.lists(events, max_size=25), st.sets(refs, min_size=1, max_size=2), st.integers(1, 20))
def test_with_detail_it_is_exactly_the_truth(happened: list[Shown], asked: set[str], days: int) -> None:
    con = connect(happened)
    period = Period(ago(days=days), NOW + timedelta(seconds=1))
    found = affected(con, find_group(con, [read_ref(r, KEYS) for r in sorted(asked)]), period)
    truth: dict[tuple[str, str, str], list[datetime]] = {}
    for e in happened:
        if e.at >= period.since and any(meant(r, e) for r in asked):
            for name in e.shown:
                sure = "confirmed" if e.status == 200 else "possible"
                truth.setdefault((e.person, name, sure), []).append(e.at)
    assert {(r.person, r.field, r.confidence): (r.first, r.last, r.times) for r in found.rows} == {
        key: (min(times), max(times), len(times)) for key, times in truth.items()
    }
    assert found.people == len({person for person, _, _ in truth})
    assert sum(found.people_by_confidence.values()) == found.people


@settings(max_examples=12, deadline=None)
@given(st.lists(events, max_size=25), st.sets(refs, min_size=1, max_size=2), st.integers(0, 20))
def test_after_thinning_people_and_fields_are_certain_and_times_off_by_less_than_a_day(
    happened: list[Shown], asked: set[str], kept_days: int
) -> None:
    thinned_before = (NOW - timedelta(days=kept_days)).date()
    con = connect(happened, thinned_before)
    found = affected(con, find_group(con, [read_ref(r, KEYS) for r in sorted(asked)]), ALL)
    others = {r for r in asked if not r[0].isdigit()}

    def wanted(e: Shown) -> bool:
        # An address cannot be followed into days whose keys are gone.
        return any(meant(r, e) for r in (asked if e.at.date() >= thinned_before else others))

    truth: dict[tuple[str, str], list[datetime]] = {}
    for e in happened:
        if wanted(e):
            for name in e.shown:
                truth.setdefault((e.person, name), []).append(e.at)
    assert {(r.person, r.field) for r in found.rows} == set(truth)
    for row in found.rows:
        if row.confidence != "sketch":
            continue
        times = [t for t in truth[row.person, row.field] if t.date() < thinned_before]
        assert timedelta(0) <= min(times) - row.first < timedelta(days=1)
        assert timedelta(0) <= row.last - max(times) < timedelta(days=1)
        assert row.times == len({t.date() for t in times}) <= len(times)
    everybody = {e.person for e in happened if e.shown and any(meant(r, e) for r in asked)}
    assert found.people <= len(everybody)
    if found.at_most is not None:
        assert len(everybody) <= found.at_most


def test_an_address_is_followed_over_the_days_that_can_be_linked_and_the_rest_is_said_in_words() -> None:
    happened = [Shown(ago(days=n), str(n)) for n in range(10)] + [Shown(ago(days=8), "77", address="203.0.113.20")]
    con = connect(happened, (NOW - timedelta(days=4)).date())
    found = affected(con, find_group(con, [read_ref("203.0.113.9", KEYS)]), ALL)
    assert {r.person for r in found.rows} == {"0", "1", "2", "3", "4"}
    assert (found.people, found.at_most) == (5, 11)
    (said,) = [c for c in found.caveats if "another name each day" in c]
    assert "at least 5, and at most 11" in said


def test_an_address_whose_links_end_before_its_detail_is_said_to_be_followed_only_so_far() -> None:
    happened = [Shown(ago(days=n), str(n)) for n in range(10)]
    con = connect(happened)
    con.execute("DELETE FROM links WHERE day < ?", [(NOW - timedelta(days=3)).date()])
    found = affected(con, find_group(con, [read_ref("203.0.113.9", KEYS)]), ALL)
    assert ({r.person for r in found.rows}, found.at_most) == ({"0", "1", "2", "3"}, 10)
    recent = affected(con, find_group(con, [read_ref("203.0.113.9", KEYS)]), Period(ago(days=2), NOW))
    assert (recent.at_most, recent.caveats) == (recent.people, [])


def test_the_name_of_one_day_and_the_beginning_of_a_name_lead_to_the_same_address() -> None:
    happened = [Shown(ago(days=n), str(n)) for n in range(3)]
    con = connect(happened)
    for name in (happened[0].day_name, keyed("address", "203.0.113.9"), keyed("address", "203.0.113.9")[:8]):
        found = affected(con, find_group(con, [read_ref(name, KEYS)]), ALL)
        assert {r.person for r in found.rows} == {"0", "1", "2"}


def test_masked_people_are_not_affected_and_gaps_are_told() -> None:
    happened = [Shown(ago(hours=2), "1", (), ("name", "email")), Shown(ago(hours=1), "2")]
    con = connect(
        happened,
        gaps=[
            (ago(hours=1), "its media type is neither HTML nor JSON", "203.0.113.9"),
            (ago(hours=1), "somebody else's", "192.0.2.1"),
            (ago(hours=1), "the disk did not confirm all of it", None),
        ],
    )
    found = affected(con, find_group(con, [read_ref("203.0.113.9", KEYS)]), ALL)
    assert [(r.person, r.field) for r in found.rows] == [("2", "name")]
    assert sorted((g.note, g.everybody) for g in found.gaps) == [
        ("its media type is neither HTML nor JSON", False),
        ("the disk did not confirm all of it", True),
    ]
    assert any("1 answers to these principals could not be read" in c for c in found.caveats)


@pytest.mark.parametrize(
    ("changed", "sure"),
    [
        ({}, "confirmed"),
        ({"kind": "reveal"}, "confirmed"),
        ({"status": 503}, "possible"),
        ({"status": 404}, "possible"),
        ({"action": "refuse"}, "possible"),
        ({"action": "refuse", "mode": "watch"}, "confirmed"),
        ({"action": "mask", "masked": ("name",), "mode": "watch"}, "confirmed"),
        ({"action": "slow"}, "confirmed"),
        ({"status": None}, "confirmed"),
    ],
)
def test_how_sure_a_record_is(changed: dict[str, object], sure: str) -> None:
    con = connect([Shown(ago(hours=1), "1", **changed)])  # type: ignore[arg-type]
    found = affected(con, find_group(con, [read_ref("strangers", KEYS)]), ALL)
    assert [r.confidence for r in found.rows] == [sure]


def test_references_are_read_or_refused_with_what_to_write() -> None:
    assert read_ref("account:=0a0a0a0a0a0a0a0a0a0a0a0a", KEYS).name == keyed("account", "0a" * 12)
    assert read_ref("account:8812", KEYS).name == keyed("account", "8812")
    assert read_ref(f"account:{'0a' * 12}", KEYS).name == "0a" * 12
    assert read_ref("2001:db8::1", KEYS).level == "address"
    for wrong in ("somebody", "network:zz", "abc", "network:203.0.113.9", ""):
        with pytest.raises(RefError, match="hexadecimal"):
            read_ref(wrong, KEYS)


def test_periods_are_read_or_refused_with_what_to_write() -> None:
    week = read_period("7d", None, NOW, 30)
    assert (week.since, week.until) == (ago(days=7), NOW + timedelta(milliseconds=1))
    day = read_period("2026-11-20", "2026-11-20", NOW, 30)
    assert (day.until - day.since, day.since) == (timedelta(days=1), datetime(2026, 11, 20, tzinfo=UTC))
    assert read_period("2026-11-20T10:00+02:00", None, NOW, 30).since == datetime(2026, 11, 20, 8, tzinfo=UTC)
    for since, until in (("yesterday", None), ("7d", "9d"), ("99999d", "99998w"), ("2026-13-01", None)):
        with pytest.raises(PeriodError):
            read_period(since, until, NOW, 30)


def test_a_name_that_is_nowhere_is_said() -> None:
    con = connect([Shown(ago(hours=1), "1")])
    group = find_group(con, [read_ref("ffffffff", KEYS)])
    assert not group
    assert affected(con, group, ALL).caveats == ["Nothing is known of any:ffffffff."]


def test_people_of_a_thinned_day_that_the_period_cuts_are_an_upper_bound_and_not_called_certain() -> None:
    """Half a day is asked for, and of that day only a sketch remains."""
    day = (NOW - timedelta(days=9)).replace(hour=0)
    happened = [
        Shown(day + timedelta(hours=2), "early", account="ann"),
        Shown(day + timedelta(hours=20), "late", account="ann"),
        Shown(day + timedelta(days=1, hours=3), "inside", account="ann"),
    ]
    con = connect(happened, NOW.date())
    group = find_group(con, [read_ref("account:ann", KEYS)])
    found = affected(con, group, Period(day + timedelta(hours=12), NOW))
    assert {r.person for r in found.rows} == {"inside"}
    assert (found.people, found.at_most) == (1, 3)
    assert "reach over an edge" in found.method
    assert any(c.startswith("2 more people may be affected") for c in found.caveats)
    whole = affected(con, group, Period(day, NOW))
    assert (whole.people, whole.at_most, whole.method[:5]) == (3, 3, "exact")
    assert whole.summary()["at_least"] == whole.summary()["at_most"] == 3


def test_an_address_of_which_all_links_are_gone_is_not_called_unknown() -> None:
    con = connect([Shown(ago(days=9), "1"), Shown(ago(hours=1), "2", address="192.0.2.1")], ago(days=5).date())
    found = affected(con, find_group(con, [read_ref("203.0.113.9", KEYS)]), ALL)
    assert (found.people, found.at_most) == (0, None)
    assert any("the keys of those days are destroyed" in c for c in found.caveats)
    recent = affected(con, find_group(con, [read_ref("203.0.113.9", KEYS)]), Period(ago(days=2), NOW))
    assert (recent.people, recent.at_most) == (0, 0)


def test_the_default_period_begins_at_midnight() -> None:
    assert read_period(None, None, NOW, 30).since == datetime(2026, 10, 27, tzinfo=UTC)
