"""What differs between two policies, in the words of the settings."""

from __future__ import annotations

import pytest

from hedgerow.policy import Compiled, load_text
from hedgerow.policy.changes import Direction, changes


def policy(more: str = "", name: str = "club") -> Compiled:
    return load_text(f"sites:\n  - name: {name}\n    upstream: http://127.0.0.1:3000\n    {more}\n".encode())


def test_the_same_settings_in_other_words_are_no_change() -> None:
    spelled_out = policy("mode: watch   # the default, written down")
    assert changes(policy(), spelled_out) == []


@pytest.mark.parametrize(
    ("more", "setting", "direction"),
    [
        ("mode: enforce", "club.mode", Direction.STRICTER),
        ("ladder: {prove_at: 30}", "club.ladder.prove_at", Direction.STRICTER),
        ("ladder: {prove_at: 70}", "club.ladder.prove_at", Direction.LOOSER),
        ("ladder: {slow_ms: 9000}", "club.ladder.slow_ms", Direction.STRICTER),
        ("show: {stranger: {contact: never}}", "club.show.stranger.contact", Direction.STRICTER),
        ("show: {stranger: {contact: budgeted}}", "club.show.stranger.contact", Direction.LOOSER),
        ("signals: {enumeration: 0}", "club.signals.enumeration", Direction.LOOSER),
        ("failures: {ledger: pass}", "club.failures.ledger", Direction.LOOSER),
        ("title: The club", "club.title", Direction.OTHER),
        (
            "budgets: {stranger: {session: {contact: unlimited}}}",
            "club.budgets.stranger.session.contact",
            Direction.LOOSER,
        ),
        (
            "budgets: {stranger: {session: {contact: 1/hour 2/day 3/month}}}",
            "club.budgets.stranger.session.contact",
            Direction.STRICTER,
        ),
    ],
)
def test_each_change_is_named_and_judged(more: str, setting: str, direction: Direction) -> None:
    found = changes(policy(), policy(more))
    assert [(c.setting, c.direction) for c in found] == [(setting, direction)]
    back = changes(policy(more), policy())
    opposite = {Direction.STRICTER: Direction.LOOSER, Direction.LOOSER: Direction.STRICTER}
    assert [c.direction for c in back] == [opposite.get(direction, direction)]


def test_a_limit_that_moves_both_ways_is_not_called_stricter() -> None:
    more = "budgets: {stranger: {session: {contact: 2/hour 12/day 40/month}}}"
    (found,) = changes(policy(), policy(more))
    assert found.direction is Direction.OTHER


def test_routes_are_known_by_their_path_wherever_they_stand() -> None:
    one = "{path: '/a/{person}', kind: profile, person: path}"
    two = "{path: '/b/{person}', kind: profile, person: path}"
    before = policy(f"people: {{routes: [{one}, {two}]}}")
    after = policy(f"people: {{routes: [{two}, {one}]}}")
    assert changes(before, after) == []
    gone = changes(before, policy(f"people: {{routes: [{one}]}}"))
    assert {c.setting.split(".")[3] for c in gone} == {"/b/{person}"}
    assert all(c.after is None for c in gone)


def test_without_a_policy_before_everything_is_new() -> None:
    assert all(c.before is None for c in changes(None, policy()))
