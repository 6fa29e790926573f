"""Nothing counts as sent before a person approved that very version: whatever is tried, in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hedgerow.cases.letters import states
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.states import OUT, TABLE, Act, Standing, State

START = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
PEOPLE = st.sampled_from(["ann", "bob", "eve"])


class AnyOrder(RuleBasedStateMachine):
    """People who try everything."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.here = Standing(State.DRAFT, 1, "ann")
        self.writers = {1: "ann"}
        self.approvals: dict[int, str] = {}
        self.sent_version: int | None = None
        self.due = START + timedelta(days=14)

    @rule(hours=st.integers(1, 400))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(who=PEOPLE)
    def edit(self, who: str) -> None:
        try:
            self.here = states.edited(self.here, who)
        except LetterError:
            assert self.here.state not in (State.DRAFT, State.APPROVED)
            return
        self.writers[self.here.version] = who
        self.due = self.now + timedelta(days=14)

    @rule(who=PEOPLE, behind=st.integers(0, 2), gaps=st.integers(0, 1), checked=st.booleans(), alone=st.booleans())
    def approve(self, who: str, behind: int, gaps: int, checked: bool, alone: bool) -> None:
        version = self.here.version - behind
        try:
            self.here = states.approved(
                self.here, who, self.now, version=version, gaps=gaps, sources_checked=checked, alone=alone
            )
        except LetterError:
            return
        assert behind == gaps == 0
        assert checked
        assert alone or who != self.writers[version]
        self.approvals[version] = who

    @rule(early=st.booleans())
    def send(self, early: bool) -> None:
        at = START - timedelta(days=1) if early else self.now
        try:
            self.here = states.sent(self.here, at, self.due)
        except LetterError:
            return
        assert self.here.version in self.approvals
        assert at <= self.due
        self.sent_version = self.here.version

    @rule(act=st.sampled_from([a for a in Act if a not in (Act.EDIT, Act.APPROVE, Act.SEND)]))
    def something_else(self, act: Act) -> None:
        before = self.here
        try:
            self.here = states.done(self.here, act, self.now)
        except LetterError:
            assert self.here == before
            return
        assert act is not Act.FALL_DUE or self.now > self.due

    @invariant()
    def what_is_out_was_approved_in_that_very_version(self) -> None:
        if self.here.state in OUT:
            assert self.here.sent_at is not None
            assert self.here.approved_at is not None
            assert self.here.approved_at <= self.here.sent_at
            assert self.sent_version == self.here.version == self.here.approved_version
            assert self.here.version in self.approvals
        else:
            assert self.here.sent_at is None

    @invariant()
    def an_approval_is_of_the_newest_version_or_there_is_none(self) -> None:
        assert self.here.approved_version in (None, self.here.version)


AnyOrder.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
TestAnyOrder = AnyOrder.TestCase


def test_every_way_out_of_the_house_leads_through_approval() -> None:
    for state, acts in TABLE.items():
        for act, after in acts.items():
            if after in OUT and state not in OUT:
                assert (state, act) == (State.APPROVED, Act.SEND)


def test_every_act_that_is_refused_says_what_to_do_first() -> None:
    for state in State:
        here = Standing(state, 1, "ann", approved_version=1, approved_at=START)
        for act in set(Act) - set(TABLE[state]) - {Act.EDIT, Act.APPROVE, Act.SEND}:
            with pytest.raises(LetterError, match=f"a letter that is {state.value} cannot be .+: .+"):
                states.done(here, act, START)


def test_an_edit_after_approval_makes_it_a_draft_again() -> None:
    here = states.approved(
        Standing(State.DRAFT, 1, "ann"), "bob", START, version=1, gaps=0, sources_checked=True, alone=False
    )
    after = states.edited(here, "bob")
    assert (after.state, after.approved_version) == (State.DRAFT, None)
    with pytest.raises(LetterError, match="approve it first"):
        states.sent(after, START, None)


def test_a_letter_whose_day_for_the_answer_is_over_is_not_sent() -> None:
    here = Standing(State.APPROVED, 1, "ann", approved_version=1, approved_at=START)
    with pytest.raises(LetterError, match="day for the answer"):
        states.sent(here, START + timedelta(days=20), START + timedelta(days=14))
