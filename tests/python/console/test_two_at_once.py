"""Two people at the same moment: the second meets what the first decided, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from case_world import ANN, BEA, NOW, World, user
from cases.test_claims import REASON, Answers, claimed, correlated
from console.test_policy_pages import POLICY
from hedgerow.cases.claims import deciding, samples
from hedgerow.cases.claims.receiving import find_claim, summarise
from hedgerow.cases.core.problems import CaseError
from hedgerow.console import policy_desk
from hedgerow.console.access import passwords, users
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.limits import FREE_OF_ACCOUNT
from hedgerow.console.access.roles import Role
from hedgerow.console.access.signing_in import password_step
from hedgerow.console.back_tests import BackTests
from hedgerow.console.decisions import record
from hedgerow.console.problems import Conflict, TooOften, Wrong
from hedgerow.console.services import Services
from hedgerow.policy import load_text
from hedgerow.store.database import Database
from hedgerow.store.models.accounts import User
from hedgerow.store.models.claims import Claim
from hedgerow.store.models.policy_versions import PolicyVersion
from hedgerow.store.models.trail import Decision
from hedgerow.store.upgrading import newest, revision_of, upgrade

Act = Callable[[Session], object]
SHELL = Actor.shell("test")
BLOCKED_S = 0.3
"""How long the second is watched while it must wait."""


def at_once(database: Database, first: Act, second: Act) -> Future[object]:
    """Does two things in a transaction each; the second begins while the first is not committed yet."""

    def do(act: Act) -> object:
        with database.session() as session:
            return act(session)

    with ThreadPoolExecutor(1) as pool, database.session() as session:
        first(session)
        session.flush()
        other = pool.submit(do, second)
        # Nothing to wait for: what is shown is that it does not go on.
        assert not threading.Event().wait(BLOCKED_S)
        assert not other.done(), "the second went on before the first was through"
    return other


def test_writers_take_turns_and_the_second_sees_what_the_first_wrote(database: Database) -> None:
    def write(session: Session) -> int:
        seen = session.scalar(select(func.count()).select_from(User)) or 0
        session.add(User(name=f"u{seen}", shown_name="U", made_at=NOW))
        return seen

    assert at_once(database, write, write).result() == 1


def test_readers_wait_for_nobody(database: Database) -> None:
    with database.session() as writing:
        record(writing, SHELL, "test.act", "test:1", "", at=NOW)
        with database.reading() as reading:
            assert reading.scalar(select(func.count()).select_from(Decision)) == 0


def test_a_proposal_is_agreed_to_once(services: Services) -> None:
    before = POLICY.format(mode="enforce")
    services.folder.own_policy.write_text(before)
    found = policy_desk.current(services)
    with services.database.session() as session:
        people = [users.add(session, SHELL, name, "", "", [Role.OWNER], NOW) for name in ("ann", "bea")]
        first, second = (Actor(p.id, p.name) for p in people)
        version = policy_desk.propose(session, first, found, before + "# mine\n", "x", found.sha256, NOW).id

    def agree(actor: Actor) -> Act:
        return lambda s: policy_desk.agree(s, actor, services, policy_desk.version_of(s, version), NOW)

    other = at_once(services.database, agree(first), agree(second))
    assert isinstance(other.exception(), Conflict)
    with services.database.reading() as session:
        assert session.get_one(PolicyVersion, version).decided_by == first.id
        agreed = select(func.count()).select_from(Decision).where(Decision.act == "policy.agree")
        assert session.scalar(agreed) == 1


def test_two_proposals_from_one_policy_do_not_write_over_each_other(services: Services) -> None:
    before = POLICY.format(mode="enforce")
    services.folder.own_policy.write_text(before)
    found = policy_desk.current(services)
    with services.database.session() as session:
        ann = Actor(users.add(session, SHELL, "ann", "", "", [Role.OWNER], NOW).id, "ann")
        one, two = (
            policy_desk.propose(session, ann, found, f"{before}# {n}\n", "x", found.sha256, NOW).id for n in (1, 2)
        )

    def agree(version: str) -> Act:
        return lambda s: policy_desk.agree(s, ann, services, policy_desk.version_of(s, version), NOW)

    other = at_once(services.database, agree(one), agree(two))
    assert isinstance(other.exception(), Conflict)
    assert services.folder.own_policy.read_text() == f"{before}# 1\n"


def test_no_claim_is_dismissed_while_a_genuine_sample_is_added(tmp_path: Path, database: Database) -> None:
    world = World.make(tmp_path, database)
    with world.session() as session:
        claim = claimed(session, world)
        summarise(session, ANN, NOW, claim, "names of a novel")
        correlated(session, world, claim)
        deciding.propose_dismissal(session, ANN, NOW, claim, "hoax", REASON)
        claim_id = claim.id

    def sample(session: Session) -> None:
        claim = find_claim(session, claim_id)
        samples.add_sample(session, user("Cleo"), NOW, claim, "person", "genuine:17", Answers(), world.sealer)

    def confirm(session: Session) -> None:
        deciding.confirm_dismissal(session, BEA, NOW, find_claim(session, claim_id), REASON)

    other = at_once(database, sample, confirm)
    assert isinstance(other.exception(), CaseError)
    with database.reading() as session:
        assert session.get_one(Claim, claim_id).state == "examining"


def test_two_owners_who_shut_each_other_out_leave_one(database: Database) -> None:
    with database.session() as session:
        ann, bea = (users.add(session, SHELL, name, "", "", [Role.OWNER], NOW).id for name in ("ann", "bea"))

    def disable(by: str, whom: str) -> Act:
        return lambda s: users.disable(s, Actor(by, by), s.get_one(User, whom), "", NOW)

    other = at_once(database, disable(ann, bea), disable(bea, ann))
    assert isinstance(other.exception(), Wrong)
    with database.reading() as session:
        left = session.scalars(select(User.name).where(User.disabled_at.is_(None))).all()
        assert left == ["ann"]


def test_two_that_start_at_once_bring_the_database_up_to_date_once(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    gate = threading.Barrier(len(databases))

    def start(database: Database) -> None:
        gate.wait()
        upgrade(database)

    with ThreadPoolExecutor(len(databases)) as pool:
        for done in [pool.submit(start, d) for d in databases]:
            done.result()
    assert {revision_of(d) for d in databases} == {newest()}
    for database in databases:
        database.close()


def test_a_back_test_that_runs_is_not_begun_again(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Semaphore(0)
    over = threading.Event()

    def slowly(*_: object) -> object:
        begun.release()
        over.wait(20)
        raise ValueError("no ledger")

    monkeypatch.setattr("hedgerow.console.back_tests.on_recorded", slowly)
    tests = BackTests(services.folder.path, services.clock)
    compiled = load_text(POLICY.format(mode="enforce").encode())
    first = tests.ask(compiled, "club", "7d")
    assert begun.acquire(timeout=20)
    assert tests.ask(compiled, "club", "7d") is first
    over.set()
    assert not begun.acquire(timeout=0.2)


def test_somebody_who_guesses_a_password_keeps_nobody_from_writing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    guessing, wrote = threading.Event(), threading.Event()

    def fits(_kept: str | None, _password: str) -> bool:
        guessing.set()
        return wrote.wait(10)

    monkeypatch.setattr(passwords, "fits", fits)
    with ThreadPoolExecutor(1) as pool:
        guess = pool.submit(password_step, database, "eve", "a guess that takes its time", "192.0.2.7", NOW)
        assert guessing.wait(10)
        with database.session() as session:
            record(session, SHELL, "test.act", "test:1", "", at=NOW)
        wrote.set()
        assert guess.result() is None


def test_guesses_that_are_made_at_once_are_counted_before_any_is_found_wrong(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def guess_again(*_: object) -> bool:
        tried.append(1)
        password_step(database, "eve", "the next guess before this one is judged", "192.0.2.7", NOW)
        return False

    tried: list[int] = []
    monkeypatch.setattr(passwords, "fits", guess_again)
    with pytest.raises(TooOften):
        password_step(database, "eve", "the first guess of very many of them", "192.0.2.7", NOW)
    assert len(tried) == FREE_OF_ACCOUNT
