"""Who is affected on days without detail: what daily sketches say of people, fields and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import duckdb
import numpy as np
from pyroaring import BitMap

from hedgerow.ledger.questions import bitmaps, confidence
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import Group

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 (the views' times have no zone)


def add(kept: duckdb.DuckDBPyConnection, group: Group, period: Period) -> dict[date, BitMap]:
    """Adds rows from sketches wholly inside the period to the table `affected`.

    Returns:
        Whom sketches over the period's edges know, by day: whether it was inside, nobody can say any more.
    """
    where, values = group.sketched()
    since, until = period.bounds
    by_field: dict[str, dict[date, list[bitmaps.Sketch]]] = {}
    inside = BitMap()
    edge: dict[date, BitMap] = {}
    bounds = [since.date(), until.date(), since, until]
    condition = f"thinned AND day BETWEEN ? AND ? AND last_at >= ? AND first_at < ? AND {where}"
    for sketch in bitmaps.sketches(kept, condition, [*bounds, *values]):
        if sketch.first < since or sketch.last >= until:
            edge[sketch.day] = edge.get(sketch.day, BitMap()) | sketch.numbers()
            continue
        inside |= sketch.numbers()
        for name in sketch.fields:
            by_field.setdefault(name, {}).setdefault(sketch.day, []).append(sketch)
    rank = confidence.ORDER.index(confidence.SKETCH)
    for name, days in by_field.items():
        _load(kept, _of_field(days, int(inside.max()) + 1))
        # A number without a name was erased, and names nobody.
        kept.execute(
            "INSERT INTO affected SELECT p.person, ?, make_timestamp(l.first), make_timestamp(l.last), l.times, ?, ?"
            " FROM loaded l JOIN people p ON p.number = l.number",
            [name, confidence.SKETCH, rank],
        ).fetchall()
    return edge


def _of_field(days: dict[date, list[bitmaps.Sketch]], size: int) -> dict[str, np.ndarray[Any, Any]]:
    """Earliest, latest (microseconds since 1970) and number of days for every person shown with one field.

    The first time given is never later than the true one, the last never earlier, and neither is off by more than the
    part of that day in which the group of the sketch was read: less than 24 hours.
    """
    never = np.iinfo(np.int64).max
    first = np.full(size, never, dtype=np.int64)
    last = np.zeros(size, dtype=np.int64)
    count = np.zeros(size, dtype=np.int64)
    for of_day in days.values():
        today = BitMap()
        for sketch in of_day:
            numbers = sketch.numbers()
            today |= numbers
            at = np.array(numbers, dtype=np.int64)
            first[at] = np.minimum(first[at], _micros(sketch.first))
            last[at] = np.maximum(last[at], _micros(sketch.last))
        count[np.array(today, dtype=np.int64)] += 1
    found = np.nonzero(count)[0]
    return {"number": found.astype(np.uint32), "first": first[found], "last": last[found], "times": count[found]}


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def not_in_list(kept: duckdb.DuckDBPyConnection, some: Mapping[date, BitMap]) -> tuple[int, list[date]]:
    """How many people of some bitmaps are not in `affected`, and the days of those bitmaps that hold any of them."""
    numbers = [np.array(of_day, dtype=np.uint32) for of_day in some.values()]
    days = [np.full(len(n), day.toordinal(), dtype=np.int64) for day, n in zip(some, numbers, strict=True)]
    if not sum(map(len, numbers)):
        return 0, []
    _load(kept, {"number": np.concatenate(numbers), "day": np.concatenate(days)})
    ((count, ordinals),) = kept.execute(
        "SELECT count(DISTINCT p.person), list(DISTINCT l.day) FROM loaded l JOIN people p ON p.number = l.number"
        " WHERE p.person NOT IN (SELECT person FROM affected)"
    ).fetchall()
    return int(count), sorted(date.fromordinal(n) for n in ordinals or [])


def _load(kept: duckdb.DuckDBPyConnection, columns: dict[str, np.ndarray[Any, Any]]) -> None:
    kept.register("arrays", columns)
    kept.execute("CREATE OR REPLACE TEMP TABLE loaded AS SELECT * FROM arrays").fetchall()
    kept.unregister("arrays")
