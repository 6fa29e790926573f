"""Measures: what a person decides for a time.

About a principal: watch, lower the budget, prove, refuse, release. For everybody: posture at least, mask a field, close
a route.

The table is one file, `<state>/measures.json`, written whole here and read by the edge (`crates/engine/src/measures`
has the rules of which decision holds). `measure` is one decision, `table` the file, `naming` finds the name that keeps
hitting, `asking` talks to the edge, `commands` is `hedgerow measure`.
"""

from __future__ import annotations

from hedgerow.measures.asking import Standing, reach_now, standing, take_up
from hedgerow.measures.kept import undone_on_rollback
from hedgerow.measures.measure import (
    FOR_EVERYBODY,
    LEVELS,
    OF_PRINCIPALS,
    Act,
    Measure,
    MeasureError,
    new_id,
    read_span,
)
from hedgerow.measures.naming import NamingError, stable_name
from hedgerow.measures.table import MeasureTable

__all__ = [
    "FOR_EVERYBODY",
    "LEVELS",
    "OF_PRINCIPALS",
    "Act",
    "Measure",
    "MeasureError",
    "MeasureTable",
    "NamingError",
    "Standing",
    "new_id",
    "reach_now",
    "read_span",
    "stable_name",
    "standing",
    "take_up",
    "undone_on_rollback",
]
