"""The month of protection, and the signature under it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.review.metrics import METRICS, Better, figures
from hedgerow.review.months import Month, MonthError
from hedgerow.review.signing import Change, Due, SigningError, check_signing, digest_of

OCTOBER = Month(2026, 10)
NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
CHANGE = Change("policy:1f0c", datetime(2026, 10, 7, tzinfo=UTC), "club.ladder.prove_at: 50 → 70", "Ada")


def sign(
    now: datetime = NOW,
    shown: str = "d",
    current: str = "d",
    acknowledged: tuple[str, ...] = (CHANGE.key,),
    conclusion: str = "Nothing: the change was tried in a drill.",
) -> None:
    check_signing(OCTOBER, now, shown, current, [CHANGE], acknowledged, conclusion)


def test_a_month_is_signed_by_somebody_who_saw_every_change() -> None:
    sign()


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ({"acknowledged": ()}, "not acknowledged: club.ladder.prove_at"),
        ({"current": "e"}, "something changed since"),
        ({"conclusion": "  "}, "write a conclusion"),
        ({"now": datetime(2026, 10, 31, tzinfo=UTC)}, "is not over"),
    ],
)
def test_a_month_is_not_signed_otherwise(kept: dict[str, object], said: str) -> None:
    with pytest.raises(SigningError, match=said):
        sign(**kept)  # type: ignore[arg-type]


def test_the_digest_moves_with_everything_the_page_shows() -> None:
    one = figures({"people_disclosed": 120}, {})
    due = [Due("drill", NOW, None)]
    seen = {
        digest_of(OCTOBER, one, [CHANGE], due),
        digest_of(OCTOBER, figures({"people_disclosed": 121}, {}), [CHANGE], due),
        digest_of(OCTOBER, figures({"people_disclosed": 120}, {"people_disclosed": 9}), [CHANGE], due),
        digest_of(OCTOBER, one, [], due),
        digest_of(OCTOBER, one, [CHANGE], []),
        digest_of(OCTOBER.next, one, [CHANGE], due),
    }
    assert len(seen) == 6
    assert digest_of(OCTOBER, one, [CHANGE], due) in seen


def test_a_figure_that_cannot_be_counted_is_missing_and_never_zero() -> None:
    by_key = {f.metric.key: f for f in figures({"gaps": 0}, {"gaps": 3})}
    assert by_key["detect_s"].value is None
    assert by_key["detect_s"].change is None
    assert by_key["gaps"].value == 0
    assert not by_key["gaps"].worse


def test_a_figure_without_definition_is_refused() -> None:
    with pytest.raises(KeyError, match="no definition for requests"):
        figures({"requests": 1}, {})


@given(st.sampled_from(sorted(METRICS)), st.floats(0, 1e9), st.floats(0, 1e9))
def test_worse_means_the_wrong_way(key: str, value: float, before: float) -> None:
    (figure,) = (f for f in figures({key: value}, {key: before}) if f.metric.key == key)
    better = {Better.LOWER: value < before, Better.HIGHER: value > before, Better.NEITHER: True}[figure.metric.better]
    assert figure.worse == (not better and value != before)


@given(st.integers(1970, 2200), st.integers(1, 12))
def test_months_follow_each_other_without_a_gap(year: int, number: int) -> None:
    month = Month(year, number)
    assert month.next.previous == month
    assert month.until == month.next.since
    assert Month.of(month.until - timedelta(microseconds=1)) == month
    assert Month.read(str(month)) == month


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "november", "0001-01", "2026-11-01", ""])
def test_what_is_no_month_is_said(text: str) -> None:
    with pytest.raises(MonthError, match="write it as 2026-11"):
        Month.read(text)


def test_what_was_done_in_time_is_not_overdue_later() -> None:
    by = datetime(2026, 10, 31, tzinfo=UTC)
    assert not Due("drill", by, by - timedelta(days=1)).overdue(NOW)
    assert Due("drill", by, by + timedelta(days=1)).overdue(NOW)
    assert Due("drill", by, None).overdue(NOW)
    assert not Due("drill", by, None).overdue(by)
