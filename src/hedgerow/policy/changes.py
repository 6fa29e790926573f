"""What differs between two policies, setting by setting, and whether it became stricter.

For people who approve a change or sign a review: a difference of texts shows moved lines and comments, this shows what
will be decided otherwise. Sites and routes are matched by name and path, not by their place in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hedgerow.policy.loading import Compiled
from hedgerow.policy.view import Items, Limit, View


class Direction(StrEnum):
    """What a change does to the people shown."""

    STRICTER = "stricter"
    """Fewer people are shown, or more is asked of who sees them."""
    LOOSER = "looser"
    OTHER = "other"
    """Neither can be said from the setting alone."""


@dataclass(frozen=True)
class Change:
    """One setting that differs."""

    setting: str
    """Its dotted name with the names of site and route, as `club.ladder.prove_at`."""
    before: str | None
    """None: it was not there."""
    after: str | None
    """None: it is gone."""
    direction: Direction


_LOWER_IS_STRICTER: Final = frozenset(
    {
        "prove_at",
        "slow_at",
        "refuse_at",
        "prove_beyond",
        "sign_in_beyond",
        "refuse_beyond",
        "holds_s",
        "shared_networks",
        "learned_factor",
        "known_factor",
    }
)
"""Thresholds and times after which a step is taken: the sooner, the stricter."""
_HIGHER_IS_STRICTER: Final = frozenset(
    {
        "slow_ms",
        "refuse_for_s",
        "easy_work",
        "hard_work",
        "newcomer_age_s",
        "newcomer_days",
        "calm_after_s",
        "new_for_s",
    }
)
_SHOW_ORDER: Final = ("never", "on_request", "budgeted")
_MODE_ORDER: Final = ("enforce", "watch")
_FAILURE_ORDER: Final = ("refuse", "pass")
_NAMED_BY: Final = ("name", "path", "address", "host")
"""What an item of a list is known by, in this order."""


def changes(before: Compiled | None, after: Compiled) -> list[Change]:
    """Every setting that differs, sorted by name; all of them when there was no policy before."""
    old = dict(_flat(before.view, ())) if before else {}
    new = dict(_flat(after.view, ()))
    found = []
    for path in sorted(old.keys() | new.keys()):
        was, now = old.get(path), new.get(path)
        if _said(was) != _said(now):
            found.append(Change(".".join(path), _said(was), _said(now), _direction(path, was, now)))
    return found


def _flat(view: View, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for key, value in view.values.items():
        # `sites.club.mode` says no more than `club.mode`.
        at = path if key == "sites" else (*path, key)
        yield from _below(value, at)


def _below(value: object, at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    match value:
        case View():
            yield from _flat(value, at)
        case Items(values=values) if any(isinstance(v, View) for v in values):
            for n, item in enumerate(values):
                yield from _below(item, (*at, _name(item, n)))
        case Items(values=values):
            yield at, tuple(str(v) for v in values)
        case _:
            yield at, value


def _name(item: object, n: int) -> str:
    if isinstance(item, View):
        for key in _NAMED_BY:
            named = item.maybe(key)
            if named:
                return named
    return str(n + 1)


def _said(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value) or "none"
        case _:
            return str(value)


def _direction(path: tuple[str, ...], was: object, now: object) -> Direction:
    key = path[-1]
    if isinstance(was, Limit) or isinstance(now, Limit):
        return _of_limits(was if isinstance(was, Limit) else Limit({}), now if isinstance(now, Limit) else Limit({}))
    if "signals" in path:
        return _of_numbers(was or 0, now or 0, higher_is_stricter=True)
    if "show" in path:
        return _of_words(was, now, _SHOW_ORDER)
    if key == "mode":
        return _of_words(was, now, _MODE_ORDER)
    if "failures" in path or key == "on_unreadable":
        return _of_words(was, now, _FAILURE_ORDER)
    if key in _LOWER_IS_STRICTER:
        return _of_numbers(was, now, higher_is_stricter=False)
    if key in _HIGHER_IS_STRICTER:
        return _of_numbers(was, now, higher_is_stricter=True)
    return Direction.OTHER


def _of_limits(was: Limit, now: Limit) -> Direction:
    """Stricter where no window allows more people and one allows fewer; an absent window allows everybody."""
    fewer = more = False
    for window in was.by_window.keys() | now.by_window.keys():
        a, b = was.get(window), now.get(window)
        if a == b:
            continue
        if b is None or (a is not None and b > a):
            more = True
        else:
            fewer = True
    if fewer == more:
        return Direction.OTHER
    return Direction.STRICTER if fewer else Direction.LOOSER


def _of_numbers(was: object, now: object, *, higher_is_stricter: bool) -> Direction:
    if not isinstance(was, int | float) or not isinstance(now, int | float):
        return Direction.OTHER
    return Direction.STRICTER if (now > was) == higher_is_stricter else Direction.LOOSER


def _of_words(was: object, now: object, strictest_first: tuple[str, ...]) -> Direction:
    if was not in strictest_first or now not in strictest_first:
        return Direction.OTHER
    return Direction.STRICTER if strictest_first.index(str(now)) < strictest_first.index(str(was)) else Direction.LOOSER
