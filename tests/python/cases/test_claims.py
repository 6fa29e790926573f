"""Claims: taken up once, acknowledged, compared, correlated; and dismissed by nobody alone."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from case_world import ANN, BEA, NOW, SITE, World, keyed, shown, visitors
from hedgerow.cases.claims import correlation, deciding, samples
from hedgerow.cases.claims.checking import Checked, Fingerprints, SiteChecker, make_known
from hedgerow.cases.claims.correlation import Correlation, Suspicion, correlate
from hedgerow.cases.claims.erasing import erase_due
from hedgerow.cases.claims.letters import keep_letter
from hedgerow.cases.claims.mail import MailError, read_mail
from hedgerow.cases.claims.receiving import Received, acknowledge, contact_of, receive, summarise, text_of
from hedgerow.cases.claims.taking_up import take_up
from hedgerow.cases.core import working
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.severity import by_judgement
from hedgerow.console.access.actor import Actor
from hedgerow.intake.letter import Claim as Letter
from hedgerow.ledger.questions.period import Period
from hedgerow.store.database import Database
from hedgerow.store.models.cases import Case
from hedgerow.store.models.claims import Claim
from hedgerow.store.models.trail import Decision
from written_ledger import SECRET

REASON = "all names are of a novel, and the sender said so"
SHELL = Actor.shell("root")


@pytest.fixture
def world(tmp_path: Path, database: Database) -> World:
    return World.make(tmp_path, database)


class Answers:
    """A checker that says what it is told."""

    def check(self, kind: str, value: str) -> Checked:  # noqa: ARG002
        outcome, _, person = value.partition(":")
        return Checked(outcome, person or None, "as the test says")


def claimed(session: Session, world: World, key: str = "1", **how: Any) -> Claim:
    facts: dict[str, Any] = {"source": "email", "subject": "Your data is for sale", "text": "see below", **how}
    what = Received(
        site=SITE, received_at=facts.pop("received_at", world.clock()), key=key, contact="x@y.example", **facts
    )
    claim, _ = receive(session, ANN, world.clock(), what, world.sealer)
    return claim


def answer(claim: Claim, world: World, days: int = correlation.DAYS) -> Correlation:
    now = world.clock()
    return Correlation(Period(now - timedelta(days=days), now), 1, 0, (), 0, "by hand")


def correlated(session: Session, world: World, claim: Claim, days: int = correlation.DAYS) -> None:
    asked = samples.samples_digest(claim)
    deciding.keep_correlation(session, ANN, world.clock(), claim, asked, answer(claim, world, days))


def test_the_same_message_is_one_claim_and_what_was_sent_is_sealed(world: World) -> None:
    with world.session() as session:
        claim = claimed(session, world)
        assert claim.number == "L-2026-0001"
        assert claimed(session, world) is claim
        assert b"see below" not in (claim.sealed_text or b"")
        assert text_of(claim, world.sealer) == "see below"
        assert contact_of(claim, world.sealer) == "x@y.example"
        assert claim.acknowledge_by - claim.received_at == timedelta(hours=24)


def test_a_late_acknowledgement_says_so(world: World) -> None:
    with world.session() as session:
        claim = claimed(session, world)
        acknowledge(session, ANN, world.clock.go(hours=30), claim, "by e-mail")
        assert claim.state == "examining"
        assert claim.events[-1].what == "Acknowledged: by e-mail. It was late."


def test_one_genuine_record_opens_a_case_of_at_least_medium_severity(world: World) -> None:
    with world.session() as session:
        claim = claimed(session, world, received_at=NOW - timedelta(hours=9))
        for value in ("no_match:", "genuine:17", "no_match: 2"):
            samples.add_sample(session, ANN, NOW, claim, "person", value, Answers(), world.sealer)
        case = session.get_one(Case, claim.case_id)
        assert case.severity == "medium"
        assert "a record of a claim is genuine" in case.severity_method
        assert case.detected_at == NOW - timedelta(hours=9)
        for too_low in ("none", "low"):
            with pytest.raises(CaseError, match="at least medium"):
                working.set_severity(session, ANN, NOW, case, by_judgement(too_low), "only one record")
        working.set_severity(session, ANN, NOW, case, by_judgement("high"), "many records")
        samples.add_sample(session, ANN, NOW, claim, "person", "genuine:18", Answers(), world.sealer)
        assert case.severity == "high"


def test_a_claim_that_somebody_finds_true_has_at_least_medium_severity_without_a_sample(world: World) -> None:
    with world.session() as session:
        case = deciding.confirm_genuine(session, ANN, NOW, claimed(session, world), "the file was shown to us")
        assert case.severity == "medium"
        with pytest.raises(CaseError, match="at least medium"):
            working.set_severity(session, ANN, NOW, case, by_judgement("low"), "names only")


def test_a_claim_with_a_genuine_record_that_joins_a_case_raises_it(world: World) -> None:
    from hedgerow.cases.core.opening import open_by_person

    with world.session() as session:
        case = open_by_person(session, ANN, NOW, title="x", site=SITE, reason="y")
        claim = claimed(session, world)
        samples.join_case(session, ANN, NOW, claim, case, "the same people")
        samples.add_sample(session, ANN, NOW, claim, "person", "genuine:18", Answers(), world.sealer)
        assert case.severity == "medium"
        assert session.scalars(select(Case)).all() == [case]


def test_a_hoax_needs_the_correlation_and_a_second_person(world: World) -> None:
    with world.session() as session:
        claim = claimed(session, world)
        now = world.clock()
        samples.add_sample(session, ANN, now, claim, "person", "no_match:", Answers(), world.sealer)
        summarise(session, ANN, now, claim, "names of a novel")
        with pytest.raises(CaseError, match="last 180 days"):
            deciding.propose_dismissal(session, ANN, now, claim, "hoax", REASON)
        correlated(session, world, claim, days=179)
        with pytest.raises(CaseError, match="last 180 days"):
            deciding.propose_dismissal(session, ANN, now, claim, "hoax", REASON)
        correlated(session, world, claim)
        deciding.propose_dismissal(session, ANN, now, claim, "hoax", REASON)
        for alone in (ANN, SHELL, Actor.system()):
            with pytest.raises(CaseError, match="two people"):
                deciding.confirm_dismissal(session, alone, now, claim, REASON)
        assert claim.decided_at is None
        deciding.confirm_dismissal(session, BEA, now, claim, "I looked at the samples and the answer")
        assert (claim.state, claim.decided_by) == ("hoax", "Bea")


def test_a_site_of_one_person_may_and_the_trail_says_each_time_that_there_was_nobody_else(world: World) -> None:
    with world.session() as session:
        claim = claimed(session, world)
        summarise(session, ANN, NOW, claim, "nothing in it")
        correlated(session, world, claim)
        deciding.propose_dismissal(session, ANN, NOW, claim, "unfounded", REASON)
        deciding.confirm_dismissal(session, ANN, NOW, claim, REASON, one_person=True)
        row = session.scalars(select(Decision).where(Decision.act == "claim.dismiss")).one()
        assert row.details["one_person_exception"] is True
        assert "no second person" in claim.events[-1].what


def test_a_new_sample_voids_the_proposal(world: World) -> None:
    with world.session() as session:
        claim = claimed(session, world)
        summarise(session, ANN, NOW, claim, "nothing in it")
        correlated(session, world, claim)
        deciding.propose_dismissal(session, ANN, NOW, claim, "hoax", REASON)
        samples.add_sample(session, ANN, NOW, claim, "person", "no_match:", Answers(), world.sealer)
        with pytest.raises(CaseError, match="nobody has proposed"):
            deciding.confirm_dismissal(session, BEA, NOW, claim, REASON)


def test_samples_that_were_added_while_the_ledger_was_asked_make_the_answer_worthless(world: World) -> None:
    with world.session() as session:
        claim = claimed(session, world)
        asked = samples.samples_digest(claim)
        samples.add_sample(session, ANN, NOW, claim, "person", "no_match:", Answers(), world.sealer)
        with pytest.raises(CaseError, match="ask again"):
            deciding.keep_correlation(session, ANN, NOW, claim, asked, answer(claim, world))


STEPS = st.sampled_from(
    [
        "sample no_match",
        "sample genuine",
        "sample not_checked",
        "check again",
        "correlate",
        "correlate short",
        "summarise",
        "propose ann",
        "propose bea",
        "propose shell",
        "confirm ann",
        "confirm bea",
        "confirm shell",
        "confirm system",
        "withdraw",
        "week",
        "genuine",
        "again",
        "case",
    ]
)
WHO = {"ann": ANN, "bea": BEA, "shell": SHELL, "system": Actor.system()}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=14))
def test_no_sequence_of_calls_dismisses_a_claim_without_both(world: World, steps: list[str]) -> None:
    with world.session() as session:
        claim = claimed(session, world, key=os.urandom(8).hex())
        proposed_by, correlated_now, number = None, False, 0
        for step in [*steps]:
            verb, _, what = step.partition(" ")
            before = claim.decided_at
            try:
                with session.begin_nested():
                    match verb:
                        case "sample":
                            number += 1
                            samples.add_sample(
                                session,
                                ANN,
                                world.clock(),
                                claim,
                                "person",
                                f"{what}:p{number}",
                                Answers(),
                                world.sealer,
                            )
                            correlated_now = False
                        case "check":
                            samples.check_again(session, ANN, world.clock(), claim, Answers(), world.sealer)
                        case "correlate":
                            correlated(session, world, claim, 30 if what else correlation.DAYS)
                            correlated_now = correlated_now or not what
                        case "summarise":
                            summarise(session, ANN, world.clock(), claim, "a claim")
                        case "propose":
                            deciding.propose_dismissal(session, WHO[what], world.clock(), claim, "hoax", REASON)
                            proposed_by = WHO[what]
                        case "confirm":
                            deciding.confirm_dismissal(session, WHO[what], world.clock(), claim, REASON)
                        case "withdraw":
                            deciding.withdraw_proposal(session, ANN, world.clock(), claim, "no")
                        case "week":
                            world.clock.go(days=8)
                            correlated_now = False
                        case "genuine":
                            deciding.confirm_genuine(session, ANN, world.clock(), claim, "seen")
                        case "again":
                            deciding.take_up_again(session, ANN, world.clock(), claim, "seen")
                        case "case":
                            samples.open_case(session, ANN, world.clock(), claim, "to be sure")
            except CaseError:
                session.expire_all()
                continue
            if claim.state in deciding.DISMISSALS and before is None:
                assert verb == "confirm"
                assert proposed_by is not None
                assert WHO[what].id != proposed_by.id
                assert {WHO[what].id, proposed_by.id} == {ANN.id, BEA.id}
                assert correlated_now
                assert all(s.outcome == "no_match" for s in claim.samples)


def test_the_property_is_not_empty_a_proper_sequence_dismisses(world: World) -> None:
    with world.session() as session:
        claim = claimed(session, world)
        samples.add_sample(session, ANN, NOW, claim, "person", "no_match:", Answers(), world.sealer)
        correlated(session, world, claim)
        summarise(session, ANN, NOW, claim, "x")
        deciding.propose_dismissal(session, BEA, NOW, claim, "hoax", REASON)
        deciding.confirm_dismissal(session, ANN, NOW, claim, REASON)
        assert claim.state == "hoax"
        deciding.take_up_again(session, ANN, NOW, claim, "the data is for sale now")
        assert (claim.state, claim.decided_at, claim.hoax_proposed_at) == ("examining", None, None)


def test_the_one_who_was_shown_the_sampled_people_comes_first(world: World) -> None:
    sample = [str(n) for n in range(300, 320)]
    rows = [
        shown(p, NOW - timedelta(days=60, minutes=int(p)), account="thief", address="t", network="t") for p in sample
    ]
    rows += [
        shown(n, NOW - timedelta(days=60, minutes=n), account="thief", address="t", network="t")
        for n in range(500, 560)
    ]
    rows += [
        shown(p, NOW - timedelta(days=2, minutes=int(p)), account="fan", address="f", network="f") for p in sample[:3]
    ]
    rows += [
        shown(n, NOW - timedelta(days=30, minutes=n), address=f"w{n}", network=f"w{n}") for n in range(1_000, 2_000)
    ]
    world.write([*rows, *visitors(50, 1_000, NOW - timedelta(days=50))])
    with world.ledgers.asking(SITE) as connection:
        found = correlate(connection, [*sample, "nobody"], NOW)
    assert (found.sampled, found.unknown) == (20, 1)
    accounts = [s for s in found.found if s.level == "account"]
    first: Suspicion = accounts[0]
    assert (first.principal, first.at_least, first.at_most, first.people) == (keyed("account", "thief"), 20, 20, 80)
    assert first.chance < 1e-9
    assert [s.at_least for s in accounts] == [20, 3]
    assert accounts[1].chance > first.chance
    assert "The ledger begins on" in found.caveats[0]
    assert not any(set(sample) & {str(v) for v in s.as_data().values()} for s in found.found)


def test_without_known_people_those_who_were_shown_most_are_listed(world: World) -> None:
    world.write([shown(n, NOW - timedelta(days=9, minutes=n), account="reader", address="r") for n in range(30)])
    with world.ledgers.asking(SITE) as connection:
        found = correlate(connection, ["of another site"], NOW)
    assert (found.sampled, found.unknown) == (0, 1)
    assert found.found[0].people == 30
    assert "those are listed who were shown most" in found.method


def test_records_are_compared_by_keyed_hashes_and_the_file_holds_no_content(tmp_path: Path) -> None:
    known = tmp_path / "known-people.tsv"
    prints = Fingerprints(SECRET, SITE)
    people = ["person,name,town,email,phone", '17,Ann Smith,Lyon,Ann@Example.com,"+33 1 23 45"', "18,Ann Smith,Nice,,"]
    known.write_text("".join(make_known(people, prints)))
    assert "example.com" not in known.read_text().casefold()
    checker = SiteChecker(lambda p: p in {"17", "18"}, SECRET, SITE, known)
    assert checker.check("record", "email: ann@example.com \ncolour: red") == Checked(
        "genuine", "17", "the same as a member's: email"
    )
    assert checker.check("record", "phone: 00331 2345").outcome == "genuine"
    assert checker.check("record", "name: ANN  SMITH\ntown: lyon").person == "17"
    assert checker.check("record", "name: Ann Smith").outcome == "no_match"
    assert checker.check("record", "email: bob@example.com").outcome == "no_match"
    assert checker.check("person", "18").outcome == "genuine"
    assert checker.check("person", "19").outcome == "no_match"
    assert checker.check("fingerprint", prints.of("email", "ann@example.com")).person == "17"
    assert (
        SiteChecker(lambda _: False, SECRET, SITE, tmp_path / "none").check("record", "a: b").outcome == "not_checked"
    )
    for kind, value in (("person", " "), ("fingerprint", "abc"), ("record", "no colon"), ("idea", "x")):
        with pytest.raises(CaseError):
            checker.check(kind, value)


def mail(subject: str = "Leak", body: str = "I found your members' data", kind: str = "plain") -> bytes:
    return (
        f"From: Tip <tip@example.org>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/{kind}; charset=utf-8\r\n\r\n{body}\r\n"
    ).encode()


def test_a_folder_is_taken_up_once_and_broken_messages_are_refused_with_a_reason(world: World) -> None:
    drop = world.state / "drop"
    drop.mkdir()
    (drop / "one.eml").write_bytes(mail())
    (drop / "same.eml").write_bytes(mail())
    (drop / "big.eml").write_bytes(mail(body="x" * (11 << 20)))
    (drop / "note.txt").write_text("not a mail")
    (drop / "link.eml").symlink_to("/etc/passwd")
    os.utime(drop / "one.eml", (NOW.timestamp() - 3_600, NOW.timestamp() - 3_600))
    done = take_up(world.database, ANN, NOW, drop, SITE, world.sealer)
    assert (done.claims, done.known) == (["L-2026-0001"], 1)
    assert "larger than 10 MiB" in done.refused["big.eml"]
    assert sorted(p.name for p in (drop / "taken").iterdir()) == ["one.eml", "same.eml"]
    assert "larger" in (drop / "refused" / "big.eml.why.txt").read_text()
    assert (drop / "link.eml").is_symlink()
    again = take_up(world.database, ANN, NOW, drop, SITE, world.sealer)
    assert (again.claims, again.known, again.refused) == ([], 0, {})
    with world.database.reading() as session:
        claim = session.scalars(select(Claim)).one()
        assert claim.received_at == NOW - timedelta(hours=1)
        assert text_of(claim, world.sealer) == "I found your members' data"


def test_a_maildir_is_taken_up_into_cur(world: World) -> None:
    drop = world.state / "maildir"
    for name in ("new", "cur", "tmp"):
        (drop / name).mkdir(parents=True)
    (drop / "new" / "1764000000.1.host").write_bytes(mail())
    assert take_up(world.database, ANN, NOW, drop, SITE, world.sealer).claims == ["L-2026-0001"]
    assert [p.name for p in (drop / "cur").iterdir()] == ["1764000000.1.host:2,S"]


def test_a_letter_of_the_gateways_form_is_one_claim(world: World) -> None:
    letter = Letter(
        id="ab" * 16,
        site=SITE,
        at=NOW - timedelta(hours=2),
        number="7K3M-P9QT-2XWA",
        reply="tip@example.org",
        where="a forum",
        since="May",
        records="id 17",
    )
    for _ in range(2):
        assert keep_letter(world.database, NOW, letter, world.sealer) == "L-2026-0001"
    with world.database.reading() as session:
        claim = session.scalars(select(Claim)).one()
        assert (claim.source, claim.received_at) == ("form", NOW - timedelta(hours=2))
        assert text_of(claim, world.sealer) == "Where it is:\na forum\n\nSince when:\nMay\n\nRecords:\nid 17"


def test_hostile_mail_is_bounded_and_harmless() -> None:
    page = read_mail(mail(body="<script>alert(1)</script><p>one</p><p>two</p>", kind="html"))
    assert page.text == "one\ntwo"
    turned = read_mail(mail(subject="safe\u202etxt.exe", body="a\x07b\u202ec"))
    assert turned.subject == "safetxt.exe"
    assert turned.text == "a bc"
    with pytest.raises(MailError, match="parts within parts"):
        read_mail(b'Content-Type: multipart/mixed; boundary="a"\r\n' * 60 + b"\r\n")
    with pytest.raises(MailError, match="larger"):
        read_mail(b"x" * (10 << 20) + b"yy")


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(
        [
            b"",
            b"Content-Type: text/plain; charset=\xff\xfe\r\n",
            b"Content-Type: multipart/mixed; boundary=x\r\n",
            b"Subject: =?utf-8?b?///?=\r\n",
            b"Content-Transfer-Encoding: base64\r\n",
            b"Content-Disposition: attachment; filename*=utf-8''%ff%fe\r\n",
        ]
    ),
)
def test_any_bytes_are_read_or_refused(body: bytes, header: bytes) -> None:
    try:
        found = read_mail(header + b"\r\n" + body)
    except MailError:
        return
    assert all(c.isprintable() or c in "\n\t" for c in found.text)
    assert found.subject.isprintable()
    assert found.sender.isprintable()


def test_raw_text_contact_and_samples_go_on_schedule_and_the_decision_stays(world: World) -> None:
    with world.session() as session:
        claim = claimed(session, world)
        samples.add_sample(session, ANN, NOW, claim, "person", "no_match:17", Answers(), world.sealer)
        summarise(session, ANN, NOW, claim, "names of a novel")
        correlated(session, world, claim)
        deciding.propose_dismissal(session, ANN, NOW, claim, "hoax", REASON)
        deciding.confirm_dismissal(session, BEA, NOW, claim, REASON)
        assert erase_due(session, NOW + timedelta(days=89)) == []
        assert erase_due(session, NOW + timedelta(days=90)) == [claim.number]
        assert (claim.sealed_text, claim.sealed_contact, claim.samples[0].sealed, claim.samples[0].person) == (
            None,
        ) * 4
        assert "for sale" not in claim.subject, "a subject can name somebody"
        assert (claim.state, claim.summary) == ("hoax", "names of a novel")
        assert erase_due(session, NOW + timedelta(days=91)) == []


def test_what_belongs_to_an_open_case_is_not_erased(world: World) -> None:
    with world.session() as session:
        claim = claimed(session, world)
        case = deciding.confirm_genuine(session, ANN, NOW, claim, "the records are ours")
        assert erase_due(session, NOW + timedelta(days=400)) == []
        case.state = "closed"
        assert erase_due(session, NOW + timedelta(days=400)) == [claim.number]


def test_a_claim_that_is_not_decided_keeps_its_case_open(world: World) -> None:
    from hedgerow.cases.core.closing import blockers

    with world.session() as session:
        claim = claimed(session, world)
        case = samples.open_case(session, ANN, NOW, claim, "to be sure")
        assert f"claim {claim.number} is not decided" in blockers(session, case)
