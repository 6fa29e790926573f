"""Telling people by mail: nobody twice, nobody left out, addresses gone on the stated day, bounces read."""

from __future__ import annotations

import csv
import os
from collections import Counter
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from console.filing_cases import AWARE, DANA, NOW, Clock, Post, case_row, sign, state_all, upload, work
from hedgerow.cases.filing import address_file, bounces, casework, mailings, posting
from hedgerow.cases.filing.merging import merge_file
from hedgerow.cases.filing.telling import PersonFields
from hedgerow.cases.notices.codes import Duty
from hedgerow.cases.notices.decisions import Outcome
from hedgerow.cases.notices.duties import Standing
from hedgerow.cases.notices.facts import Certainty
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.store.database import Database
from hedgerow.store.models.filings import Mailing, MailingRecipient


def _file(people: int, start: int = 0) -> bytes:
    lines = [f"m{n},m{n}@people.example,Member {n},{'fr' if n % 2 else 'en'}" for n in range(start, start + people)]
    return ("identifier,email,name,language\n" + "\n".join(lines) + "\n").encode()


def _mailing(database: Database, people: int = 5, *, per_minute: int = 1_000, keep_days: int = 14) -> tuple[str, str]:
    """An approved mailing: identifiers of the case and of the mailing."""
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        sign(session, work(session, case_id), duty=Duty.PEOPLE)
        found = address_file.read(_file(people))
        mailing = mailings.upload(
            session,
            work(session, case_id),
            found,
            found.lines,
            regime="EU",
            default_language="en",
            per_minute=per_minute,
            delete_after_days=keep_days,
            domain="club.example",
            by=DANA,
            now=NOW,
        )
        mailings.approve(session, work(session, case_id), mailing, by=DANA, now=NOW)
        return case_id, mailing.id


# --- the file of addresses


def test_a_file_of_addresses_is_read_line_by_line_and_faults_name_no_address() -> None:
    text = (
        "identifier,email,name,language\n"
        "m1,m1@people.example,Ann,en\n"
        "m2,not-an-address,Ben,en\n"
        "m1,m1@people.example,Ann again,en\n"
        ",x@people.example,Nobody,en\n"
        'm3,"m3@people.example\r\nBcc: all@people.example",Eve,en\n'
        "m4,m4@bücher.example,Öz,fr\n"
        "m5,m5@people.example,Zed,klingon!\n"
    )
    found = address_file.read(text.encode())
    assert [(x.person, x.address) for x in found.lines] == [
        ("m1", "m1@people.example"),
        ("m4", "m4@xn--bcher-kva.example"),
    ]
    assert found.faulty == 5
    assert not any("example" in fault or "an-address" in fault for fault in found.faults)
    assert found.faults[0].startswith("line 3: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"name,language\nx,y\n", "missing: identifier, email"),
        (b"", "missing: identifier, email"),
        (b'identifier,email\n"m1', "not CSV"),
        (b"x" * (address_file.MOST_BYTES + 1), "larger than"),
    ],
)
def test_what_is_no_file_of_addresses_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(NoticeError, match=said):
        address_file.read(content)


@given(st.binary(max_size=400))
def test_no_file_breaks_the_reader(content: bytes) -> None:
    try:
        found = address_file.read(b"identifier,email\n" + content)
    except NoticeError:
        return
    assert all(x.address.count("@") == 1 and x.address.isprintable() for x in found.lines)


def test_only_people_the_case_concerns_are_told_and_those_without_a_line_are_counted() -> None:
    found = address_file.read(_file(3))
    kept, others, without = address_file.concerned(found.lines, frozenset({"m0", "m1", "m9"}))
    assert [x.person for x in kept] == ["m0", "m1"]
    assert (others, without) == (1, 1)


# --- approval


def test_nothing_leaves_before_somebody_decided_and_approved(database: Database) -> None:
    post, clock = Post(), Clock()
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        found = address_file.read(_file(2))
        mailing = upload(session, case_id, found)
        with pytest.raises(NoticeError, match="first decide, signed"):
            mailings.approve(session, work(session, case_id), mailing, by=DANA, now=NOW)
        sign(session, work(session, case_id), duty=Duty.PEOPLE, outcome=Outcome.DO_NOT_NOTIFY)
        with pytest.raises(NoticeError, match="first decide, signed"):
            mailings.approve(session, work(session, case_id), mailing, by=DANA, now=NOW)
    posting.post(database, post, mailing.id, clock)
    assert post.taken == []


def test_a_draft_that_is_not_ready_is_not_approved(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        sign(session, work(session, case_id), duty=Duty.PEOPLE)
        found = address_file.read(_file(1))
        mailing = upload(session, case_id, found)
        with pytest.raises(NoticeError, match="en: missing: "):
            mailings.approve(session, work(session, case_id), mailing, by=DANA, now=NOW)


# --- sending


def test_everybody_is_told_once_in_their_language_and_that_is_a_filing(database: Database) -> None:
    case_id, mailing_id = _mailing(database)
    post, clock = Post(), Clock()
    done = posting.post(database, post, mailing_id, clock)
    assert (done.sent, done.done) == (5, True)
    assert sorted(m.to for m in post.taken) == [f"m{n}@people.example" for n in range(5)]
    assert {m.to: "Example Club" in m.text and "une par une" in m.text for m in post.taken}["m1@people.example"]
    with database.reading() as session:
        (filing,) = casework.filings(session, case_id)
        assert (filing.duty, filing.kind, filing.at, filing.by) == ("people", "first", NOW, "Dana Example")
        owed = work(session, case_id, now=NOW + timedelta(minutes=1)).plan.duty("EU", Duty.PEOPLE)
        assert owed is not None
        assert owed.standing is Standing.DONE


@pytest.mark.parametrize("crash", ["before", "after"])
@pytest.mark.parametrize("at", [0, 1, 4])
def test_a_crash_at_any_recipient_neither_skips_nor_doubles_anybody(database: Database, crash: str, at: int) -> None:
    _, mailing_id = _mailing(database)
    post, clock = Post(), Clock()

    class DiesAt(Post):
        def send(self, mail: object, now: object) -> str:
            if len(post.taken) == at and not getattr(self, "died", False):
                self.died = True
                post.crash = crash
            return post.send(mail, now)  # type: ignore[arg-type]

    dying = DiesAt()
    with pytest.raises(KeyboardInterrupt):
        posting.post(database, dying, mailing_id, clock)
    for _ in range(30):
        posting.post(database, dying, mailing_id, clock)
        clock.forward(minutes=1)
    ids = Counter(post.ids)
    assert len(ids) == 5
    # What was taken right before the crash comes again under its own identifier, and nothing else does.
    assert sum(ids.values()) == (6 if crash == "after" else 5)
    with database.reading() as session:
        assert mailings.progress(session, mailing_id) == mailings.Progress(0, 0, 5, 0, 0)
        assert len({r.message_id for r in session.scalars(select(MailingRecipient))}) == 5


def test_a_process_that_is_killed_leaves_a_claim_that_runs_out(database: Database) -> None:
    _, mailing_id = _mailing(database, people=2)
    post, clock = Post(), Clock()
    with database.session() as session:
        # As after `kill -9`: claimed, nothing else happened.
        posting._claim(session, mailing_id, clock())
    assert posting.post(database, post, mailing_id, clock).sent == 0
    clock.now += posting.LEASE
    assert posting.post(database, post, mailing_id, clock).sent == 2
    assert len(set(post.ids)) == len(post.ids) == 2


def test_the_throttle_holds_under_virtual_time(database: Database) -> None:
    _, mailing_id = _mailing(database, people=25, per_minute=10)
    post, clock = Post(), Clock()
    taken = []
    for _ in range(4):
        posting.post(database, post, mailing_id, clock)
        posting.post(database, post, mailing_id, clock)
        taken.append(len(post.taken))
        clock.forward(minutes=1, seconds=1)
    assert taken == [10, 20, 25, 25]


def test_later_means_again_and_never_means_failed(database: Database) -> None:
    _, mailing_id = _mailing(database, people=3)
    post, clock = Post(refuse={"m0@people.example": "later", "m1@people.example": "never"}), Clock()
    first = posting.post(database, post, mailing_id, clock)
    assert (first.sent, first.later, first.failed, first.done) == (1, 1, 1, False)
    del post.refuse["m0@people.example"]
    assert posting.post(database, post, mailing_id, clock).sent == 0
    clock.forward(minutes=5)
    assert posting.post(database, post, mailing_id, clock).done
    with database.reading() as session:
        (lost,) = mailings.not_reached(session, mailing_id)
        assert (lost.person, lost.said) == ("m1", "the server answered 550 5.1.1")


def test_a_server_that_is_down_uses_up_no_attempts(database: Database) -> None:
    _, mailing_id = _mailing(database, people=2)
    post, clock = Post(down=True), Clock()
    for _ in range(20):
        with pytest.raises(Exception, match="nobody answers"):
            posting.post(database, post, mailing_id, clock)
        clock.forward(minutes=2)
    post.down = False
    assert posting.post(database, post, mailing_id, clock).sent == 2


def test_a_paused_mailing_stands_still(database: Database) -> None:
    _, mailing_id = _mailing(database, people=2)
    post, clock = Post(), Clock()
    with database.session() as session:
        mailing = session.get_one(Mailing, mailing_id)
        mailings.pause(session, mailing, clock())
    assert posting.post(database, post, mailing_id, clock).sent == 0
    with database.session() as session:
        mailings.go_on(session, session.get_one(Mailing, mailing_id), clock())
    assert posting.post(database, post, mailing_id, clock).sent == 2


# --- deletion of addresses


def test_addresses_are_deleted_on_the_stated_day_and_the_proof_stays(database: Database) -> None:
    _, mailing_id = _mailing(database, people=2, keep_days=14)
    post, clock = Post(), Clock()
    posting.post(database, post, mailing_id, clock)
    clock.forward(days=14, seconds=-1)
    with database.session() as session:
        assert mailings.forget_due(session, clock()) == []
    clock.forward(seconds=1)
    with database.session() as session:
        assert [m.id for m in mailings.forget_due(session, clock())] == [mailing_id]
    with database.reading() as session:
        rows = session.scalars(select(MailingRecipient)).all()
        assert {(r.address, r.name) for r in rows} == {("", "")}
        assert {(r.person, r.state) for r in rows} == {("m0", "sent"), ("m1", "sent")}
        assert session.get_one(Mailing, mailing_id).deleted_at == clock()


def test_addresses_that_nobody_used_are_deleted_too(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        found = address_file.read(_file(1))
        mailing = upload(session, case_id, found)
    with database.session() as session:
        assert mailings.forget_due(session, NOW + timedelta(days=mailings.UNUSED_DAYS))
        assert session.get_one(Mailing, mailing.id).state == "stopped"


def test_addresses_of_a_mailing_that_never_gets_done_do_not_stay(database: Database) -> None:
    _, mailing_id = _mailing(database, people=2)
    with database.session() as session:
        assert mailings.forget_due(session, NOW + timedelta(days=mailings.MOST_DAYS, seconds=-1)) == []
        assert mailings.forget_due(session, NOW + timedelta(days=mailings.MOST_DAYS))
        assert session.get_one(Mailing, mailing_id).state == "stopped"
        assert {r.address for r in session.scalars(select(MailingRecipient))} == {""}


# --- bounces


def _dsn(message_id: str, action: str = "failed", status: str = "5.1.1", form: str = "message/rfc822") -> bytes:
    return (
        "From: mailer-daemon@mx.example\r\nTo: privacy@club.example\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt did not arrive.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; m0@people.example\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: {form}\r\n\r\n"
        f"From: privacy@club.example\r\nMessage-ID: {message_id}\r\nSubject: x\r\n\r\nText.\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("form", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_is_known_by_our_own_message_id(database: Database, tmp_path: Path, form: str) -> None:
    _, mailing_id = _mailing(database, people=2)
    post = Post()
    posting.post(database, post, mailing_id, Clock())
    drop = tmp_path / "bounces"
    drop.mkdir()
    one = next(m for m in post.taken if m.to.startswith("m0@"))
    (drop / "1.eml").write_bytes(_dsn(one.message_id, form=form))
    (drop / "2.eml").write_bytes(_dsn("<aaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbb@club.example>"))
    (drop / "3.eml").write_bytes(b"Subject: out of office\r\n\r\nI am away.\r\n")
    paths = bounces.waiting(drop)
    with database.session() as session:
        seen = bounces.take_in(session, drop)
    bounces.clear(paths)
    assert (seen.bounced, seen.unknown, seen.aside) == (1, 1, 1)
    with database.reading() as session:
        (lost,) = mailings.not_reached(session, mailing_id)
        assert (lost.person, lost.said) == ("m0", "came back: 5.1.1")
    assert [p.name for p in drop.iterdir()] == ["not-understood"]
    assert [p.name for p in (drop / "not-understood").iterdir()] == ["3.eml"]


def test_a_delay_is_no_bounce(database: Database, tmp_path: Path) -> None:
    _, mailing_id = _mailing(database, people=1)
    post = Post()
    posting.post(database, post, mailing_id, Clock())
    (tmp_path / "1.eml").write_bytes(_dsn(post.ids[0], "delayed", "4.4.1"))
    with database.session() as session:
        assert bounces.take_in(session, tmp_path).delayed == 1
        assert mailings.not_reached(session, mailing_id) == []


def test_the_drop_folder_is_read_within_bounds_and_follows_no_links(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_bytes(_dsn("<aaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbb@x.example>"))
    drop = tmp_path / "bounces"
    drop.mkdir()
    (drop / "link.eml").symlink_to(secret)
    os.mkfifo(drop / "pipe.eml")
    (drop / "large.eml").write_bytes(b"x" * (bounces.MOST_BYTES + 1))
    assert [p.name for p in bounces.waiting(drop)] == ["large.eml"]
    assert bounces.read(drop / "link.eml") is None
    assert bounces.read(drop / "pipe.eml") is None
    assert bounces.read(drop / "large.eml") is None


@given(st.binary(max_size=2_000))
def test_no_mail_breaks_the_reader_of_bounces(content: bytes) -> None:
    head = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
    assert bounces.parse(content) == []
    assert bounces.parse(head + content) == [] or b"@" in content


# --- the mail-merge file


def test_the_mail_merge_file_joins_addresses_with_what_the_ledger_knows_and_runs_no_formula(
    database: Database,
) -> None:
    _, mailing_id = _mailing(database, people=2)
    with database.session() as session:
        row = session.scalars(select(MailingRecipient).where(MailingRecipient.person == "m0")).one()
        row.name = "=1+1"
        known = [
            PersonFields("m0", {"name": Certainty.CONFIRMED, "email": Certainty.POSSIBLE}, AWARE, NOW),
            PersonFields("m1", {"email": Certainty.EXCLUDED}, AWARE, NOW),
        ]
        session.flush()
        rows = list(csv.DictReader(StringIO(merge_file(session, session.get_one(Mailing, mailing_id), known))))
    assert [(r["person"], r["name"], r["address"], r["confirmed"], r["possible"]) for r in rows] == [
        ("m0", "'=1+1", "m0@people.example", "name", "email")
    ]
