"""Visitors who were stopped, followed for seven days: planted ordinary ones and harvesters, and a count by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.ledger.questions.followed import FEWEST, Followed, followed, is_ordinary, over_at
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.stopped import stopped
from hedgerow.ledger.questions.visitors import LINKED_WITHIN
from ledger_views import connect, keyed

DAY = date(2026, 11, 3)
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Did:
    """One entry of the ledger."""

    at: datetime
    kind: str
    """`verdict`, `proof` or `disclosure`."""
    who: str
    """Of whom the address is."""
    session: str | None = None
    account: str | None = None
    action: str = "allow"
    mode: str = "enforce"
    people: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    lane: str = "visitor"
    network_kind: str | None = None


def ledger(happened: Iterable[Did]) -> duckdb.DuckDBPyConnection:
    """The views of a ledger in which this happened."""
    con = connect([])
    for seq, e in enumerate(happened, 1):
        at, address = e.at.replace(tzinfo=None), keyed(f"address {e.at.date()}", e.who)
        names = [address, keyed("network", e.who), e.session, e.account, keyed("client", "browser"), None]
        con.execute(
            "INSERT INTO entries VALUES (?,?,NULL,0,'00000000000000aa',?,?,?,?,?,?,?,?,NULL,'member','members','GET',"
            "200,?,?,?,NULL,NULL,?,'gateway')",
            [at, e.kind, seq, *names, e.lane, e.action, e.mode, list(e.reasons), e.network_kind],
        )
        if e.people:
            con.execute(
                "INSERT INTO disclosures SELECT ?,?,unnest(?::VARCHAR[]),['name'],[],NULL,0,'00000000000000aa',?,?,?,?,?,"
                "?,?,?,NULL,'member','members','GET',200,?,?,'gateway'",
                [at, e.kind, list(e.people), seq, *names, e.lane, e.action, e.mode],
            )
    return con


def read(who: str, at: datetime, people: int, *, first: int = 0, **more: object) -> Iterator[Did]:
    """Somebody opens a page of one person, and then a list of the others."""
    more.setdefault("session", f"s-{who}")
    names = tuple(f"p{n}" for n in range(first, first + people))
    yield Did(at, "disclosure", who, people=names[:1], **more)  # type: ignore[arg-type]
    if people > 1:
        yield Did(at + timedelta(minutes=1), "disclosure", who, people=names, **more)  # type: ignore[arg-type]


def challenged(who: str, at: datetime = NOON, way: str = "solved_work", **more: object) -> Iterator[Did]:
    """A first visit that is challenged, when there is no session yet, and the solution half a minute later."""
    yield Did(at, "verdict", who, action="prove", reasons=("signal.header_contradiction",), **more)  # type: ignore[arg-type]
    solved = at + timedelta(seconds=30)
    yield Did(solved, "proof", who, session=f"s-{who}", action="prove", reasons=(way,), **more)  # type: ignore[arg-type]


def rows(happened: Iterable[Did]) -> tuple[Followed, ...]:
    found = followed(ledger(happened), DAY)
    assert found is not None
    return found.rows


AFTER = NOON + timedelta(hours=1)
LATER = NOON + timedelta(days=2)


def test_who_solves_a_challenge_and_reads_a_little_was_challenged_by_mistake_it_seems() -> None:
    happened = [*challenged("ada", network_kind="mobile"), *read("ada", AFTER, 3)]
    assert rows(happened) == (Followed("challenge", "visitor", "mobile", "work", 1, 1),)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(list(read("bob", AFTER, FEWEST + 1)), id="more people than ordinary"),
        pytest.param(list(read("bob", AFTER, 3, reasons=("signal.enumeration",))), id="a signal of a harvest"),
        pytest.param(list(read("bob", AFTER, 3, reasons=("beyond.prove",))), id="asking on beyond a spent budget"),
        pytest.param([*read("bob", AFTER, 3), Did(LATER, "verdict", "bob", "s-bob", action="refuse")], id="refused"),
        pytest.param([*read("bob", AFTER, 3), Did(LATER, "verdict", "bob", "s-bob", action="decoy")], id="bait"),
        pytest.param([], id="nobody read"),
        pytest.param(list(read("bob", NOON - timedelta(hours=2), 3)), id="only before"),
        pytest.param(list(read("bob", NOON + timedelta(days=7, hours=1), 3)), id="only after seven days"),
        pytest.param(list(read("bob", AFTER, 3, session="s-another")), id="under another cookie"),
    ],
)
def test_who_solves_a_challenge_and_harvests_or_is_not_seen_again_does_not_count_as_ordinary(more: list[Did]) -> None:
    assert rows([*challenged("bob"), *more]) == (Followed("challenge", "visitor", "unknown", "work", 1, 0),)


@pytest.mark.parametrize(
    "weak", ["no_subresources", "profile_only_diet", "cookie_not_kept", "header_contradiction", "environment_odd"]
)
def test_what_text_browsers_and_aids_give_proves_no_harvest(weak: str) -> None:
    happened = [*challenged("ada", way="solved_wait"), *read("ada", AFTER, 3, reasons=(f"signal.{weak}",))]
    assert rows(happened) == (Followed("challenge", "visitor", "unknown", "wait", 1, 1),)


def test_an_unsolved_challenge_is_no_mistake_that_could_be_known_of() -> None:
    happened = [Did(NOON, "verdict", "eve", action="prove"), *read("eve", AFTER, 3, session=None)]
    assert rows(happened) == (Followed("challenge", "visitor", "unknown", "none", 1, 0),)


def test_a_refusal_that_ends_is_followed_and_the_next_one_on_the_same_day_belongs_to_it() -> None:
    refused = [Did(NOON + timedelta(minutes=n), "verdict", "ada", "s-ada", action="refuse") for n in (0, 1, 5)]
    back = list(read("ada", NOON + timedelta(days=2), 4))
    assert rows([*refused, *back]) == (Followed("refusal", "visitor", "unknown", "none", 1, 1),)
    later = Did(NOON + timedelta(days=3), "verdict", "ada", "s-ada", action="refuse")
    assert rows([*refused, *back, later]) == (Followed("refusal", "visitor", "unknown", "none", 1, 0),)


def test_watch_mode_stops_nobody_and_so_challenges_nobody_by_mistake() -> None:
    assert rows([Did(NOON, "verdict", "ada", "s-ada", action="prove", mode="watch"), *read("ada", AFTER, 3)]) == ()


def test_a_challenge_without_session_belongs_to_its_solution_and_not_to_one_much_later() -> None:
    late = NOON + LINKED_WITHIN + timedelta(minutes=1)
    happened = [Did(NOON, "verdict", "ada", action="prove"), *challenged("ada", late), *read("ada", late, 3, first=1)]
    assert {(r.way, r.visitors) for r in rows(happened)} == {("none", 1), ("work", 1)}
    (lane,) = stopped(ledger(challenged("ada")), Period(NOON, NOON + timedelta(days=1)))
    assert (lane.challenged, lane.solved, lane.solved_by_work) == (1, 1, 1)


def test_what_is_ordinary_is_learnt_from_those_who_were_not_stopped_and_did_not_harvest() -> None:
    week = NOON + timedelta(days=2)
    crowd = [d for n in range(40) for d in read(f"v{n}", week, 30 if n < 36 else 20)]
    harvesters = [d for n in range(20) for d in read(f"h{n}", week, 90, reasons=("signal.enumeration",))]
    stopped_ones = [Did(week, "verdict", f"t{n}", f"s-t{n}", action="prove") for n in range(20)]
    stopped_ones += [d for n in range(20) for d in read(f"t{n}", week, 90)]
    avid = [*challenged("ada"), *read("ada", AFTER, 30), *challenged("bob"), *read("bob", AFTER, 31)]
    found = followed(ledger([*avid, *crowd, *harvesters, *stopped_ones]), DAY)
    assert found is not None
    assert found.usual == {"": 30, "visitor": 30}
    assert found.rows == (Followed("challenge", "visitor", "unknown", "work", 2, 1),)


def test_a_planted_crowd_of_ordinary_visitors_and_harvesters_is_told_apart() -> None:
    ordinary = [d for n in range(60) for d in (*challenged(f"o{n}"), *read(f"o{n}", AFTER, 1 + n % FEWEST))]
    harvest = [d for n in range(40) for d in (*challenged(f"h{n}"), *read(f"h{n}", AFTER, 60))]
    gave_up = [Did(NOON, "verdict", f"g{n}", action="prove") for n in range(25)]
    assert {(r.way, r.visitors, r.ordinary) for r in rows([*ordinary, *harvest, *gave_up])} == {
        ("work", 100, 60),
        ("none", 25, 0),
    }


def test_days_whose_detail_is_gone_are_not_counted() -> None:
    con = ledger([*challenged("ada"), *read("ada", AFTER, 3)])
    con.execute("INSERT INTO sketches VALUES (?, 'address', 'x', 'name', ''::BLOB, 1, ?, ?, true)", [DAY, NOON, NOON])
    assert followed(con, DAY) is None
    con.execute("UPDATE sketches SET thinned = false")
    assert followed(con, DAY) is not None
    con.execute("DELETE FROM entries")
    assert followed(con, DAY) is None, "disclosures without the entries they belong to"


_WHO = st.sampled_from(["ada", "bob", "cyd"])
_WHEN = st.integers(-300, 12_000).map(lambda m: NOON + timedelta(minutes=m))
_NAMED = st.sampled_from([(None, None), ("s1", None), ("s2", None), ("s1", "a1"), (None, "a1")])


@st.composite
def _dids(draw: st.DrawFn) -> Did:
    session, account = draw(_NAMED)
    kind = draw(st.sampled_from(["verdict", "proof", "disclosure", "disclosure"]))
    if kind == "proof" and session is None and account is None:
        session = "s1"
    people = tuple(f"p{n}" for n in range(draw(st.sampled_from([0, 1, 2, FEWEST, FEWEST + 1]))))
    return Did(
        draw(_WHEN),
        kind,
        draw(_WHO),
        session,
        account,
        draw(st.sampled_from(["prove", "refuse", "decoy"])) if kind == "verdict" else "allow",
        draw(st.sampled_from(["enforce", "enforce", "watch"])),
        people if kind == "disclosure" else (),
        draw(st.sampled_from([(), (), (), ("signal.enumeration",), ("signal.environment_odd",), ("solved_wait",)])),
    )


@settings(deadline=None, max_examples=50)
@given(st.lists(_dids(), max_size=14, unique_by=lambda d: d.at))
def test_the_answer_is_that_of_going_through_the_entries_by_hand(happened: list[Did]) -> None:
    found = followed(ledger(happened), DAY)
    assert found is not None
    counted = {(r.stop, r.way): (r.visitors, r.ordinary) for r in found.rows}
    assert counted == _by_hand(happened)
    for r in found.rows:
        assert 0 <= r.ordinary <= r.visitors


def _by_hand(happened: list[Did]) -> dict[tuple[str, str], tuple[int, int]]:
    """The definition, in loops. With fewer than twenty visitors `FEWEST` is the ordinary number."""
    week = sorted((d for d in happened if d.at.date() >= DAY and d.at < over_at(DAY)), key=lambda d: d.at)
    proofs = [d for d in week if d.kind == "proof"]

    def place(d: Did) -> tuple[str, date]:
        return d.who, d.at.date()

    def names(d: Did) -> list[str]:
        return [n for n in (d.account and f"a:{d.account}", d.session and f"s:{d.session}") if n] or [f"u:{place(d)}"]

    stops: dict[tuple[str, str], datetime] = {}
    for d in week:
        if d.kind != "verdict" or d.mode != "enforce" or d.action not in ("prove", "refuse") or d.at.date() != DAY:
            continue
        visitor = names(d)[0]
        if d.session is None and d.account is None:
            next_proof = next((p for p in proofs if place(p) == place(d) and p.at >= d.at), None)
            if next_proof and next_proof.at <= d.at + LINKED_WITHIN:
                visitor = names(next_proof)[0]
        stops.setdefault((visitor, d.action), d.at)
    counts: dict[tuple[str, str], list[int]] = {}
    for (visitor, action), at in stops.items():
        until, since, way, quiet = at + timedelta(days=7), at, "none", at + timedelta(days=1)
        if action == "prove":
            solved = next((p for p in proofs if names(p)[0] == visitor and at <= p.at < until), None)
            if solved:
                since = quiet = solved.at
                way = "wait" if "solved_wait" in solved.reasons else "other"
        after = [d for d in week if since < d.at < until and visitor in names(d)]
        people = {p for d in after for p in d.people}
        harvest = any("signal.enumeration" in d.reasons for d in after) or any(
            d.kind == "verdict" and d.mode == "enforce" and d.action in ("refuse", "decoy") and d.at >= quiet
            for d in after
        )
        through = action == "refuse" or way != "none"
        key = ("challenge" if action == "prove" else "refusal", way)
        numbers = counts.setdefault(key, [0, 0])
        numbers[0] += 1
        numbers[1] += through and not harvest and is_ordinary(len(people), FEWEST)
    return {key: (n[0], n[1]) for key, n in counts.items()}
