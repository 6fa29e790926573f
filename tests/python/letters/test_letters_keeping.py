"""Letters in the database: versions, approval by a second person, proof of sending, answers, deadlines, later looks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hedgerow.cases.core.opening import open_by_person
from hedgerow.cases.letters import approving, following, keeping, rechecking, telling
from hedgerow.cases.letters.docx_writer import docx
from hedgerow.cases.letters.files import LetterFiles
from hedgerow.cases.letters.following import Answer, Channel
from hedgerow.cases.letters.kinds import Kind, Step
from hedgerow.cases.letters.mailing import MailError, OutgoingLetter, UnsureError
from hedgerow.cases.letters.people import Particulars
from hedgerow.cases.letters.problems import LetterError, UnsafeFileError
from hedgerow.cases.letters.rechecking import Outcome
from hedgerow.cases.letters.states import State
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Role, permissions_of
from hedgerow.store.database import Database
from hedgerow.store.models.letters import Letter, LetterEvent
from hedgerow.store.models.trail import Decision
from letters_case import NOW, PARTICULARS, RECIPIENT, SENDER, facts


def person(name: str, *roles: Role) -> Actor:
    return Actor(name, name.title(), frozenset(roles), permissions_of(roles))


ANN = person("ann", Role.PRIVACY)
BOB = person("bob", Role.COUNSEL)
EVE = person("eve", Role.AUDITOR)


@dataclass
class House:
    """A database with one case, a folder for files, and virtual time."""

    database: Database
    files: LetterFiles
    case_id: str
    now: datetime = NOW
    letter_id: str = ""
    sent: list[OutgoingLetter] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)

    def draft(self, kind: Kind = Kind.DELETION_DEMAND, particulars: Particulars = PARTICULARS) -> str:
        with self.database.session() as session:
            case = facts(self.case_id, number=self.number)
            made = keeping.create(session, ANN, self.now, case, kind, RECIPIENT, "en", SENDER, particulars)
            self.letter_id = made.id
        return self.letter_id

    @property
    def number(self) -> str:
        return "C-2026-0001"

    def approve(self, actor: Actor = BOB, *, alone: bool = False) -> None:
        with self.database.reading() as session:
            letter = keeping.find_letter(session, self.letter_id)
            made = approving.frozen(keeping.document(letter), letter.version)
        with self.database.session() as session:
            letter = keeping.find_letter(session, self.letter_id)
            approving.approve(session, actor, self.now, letter, made, self.files, sources_checked=True, alone=alone)

    def send(self, channel: Channel = Channel.POST, proof: str = "RR 123 456 785 FR") -> None:
        with self.on() as (session, letter):
            following.record_sent(session, ANN, self.now, letter, channel, proof, self.now)

    def on(self) -> OnLetter:
        return OnLetter(self)

    def state(self) -> str:
        with self.database.reading() as session:
            return keeping.find_letter(session, self.letter_id).state


@dataclass
class OnLetter:
    """`with house.on() as (session, letter)`: one transaction."""

    house: House

    def __enter__(self) -> tuple[Session, Letter]:
        self._scope = self.house.database.session()
        session = self._scope.__enter__()
        return session, keeping.find_letter(session, self.house.letter_id)

    def __exit__(self, *why: object) -> None:
        self._scope.__exit__(*why)  # type: ignore[arg-type]


@pytest.fixture
def house(tmp_path: Path, database: Database) -> House:
    with database.session() as session:
        case = open_by_person(session, ANN, NOW, title="Harvest", site="members.example", reason="seen")
        case_id = case.id
    return House(database, LetterFiles(tmp_path / "state"), case_id)


def acts(house: House) -> list[str]:
    with house.database.reading() as session:
        return [d.act for d in session.scalars(select(Decision).order_by(Decision.number)) if "letter." in d.act]


def test_a_letter_goes_its_way_and_each_decision_stands_in_the_trail(house: House) -> None:
    house.draft()
    house.approve()
    house.forward(hours=2)
    house.send()
    house.forward(days=2)
    with house.on() as (session, letter):
        following.record_delivered(session, ANN, house.now, letter, "receipt of the post", house.now)
    house.forward(days=3)
    with house.on() as (session, letter):
        reply = house.files.keep(b"signed form")
        following.record_answer(
            session, ANN, house.now, letter, Answer.CONFIRMS_DELETION, "Form came back, signed.", house.now, reply
        )
        following.close(session, BOB, house.now, letter, "Deletion is confirmed.")
    with house.database.reading() as session:
        letter = keeping.find_letter(session, "c-2026-0001-l1")
        assert (letter.state, letter.confirmation) == ("closed", "received")
        assert [e.act for e in letter.events] == [
            "drafted",
            "approve",
            "send",
            "rechecks_planned",
            "deliver",
            "answer",
            "rechecks_planned",
            "close",
        ]
        assert house.files.read(letter.pdf_sha256 or "").startswith(b"%PDF")
        assert house.files.read(letter.docx_sha256 or "").startswith(b"PK")
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(text("UPDATE letter_versions SET writer = 'somebody else'"))
    assert acts(house) == [f"letter.{a}" for a in ("draft", "approve", "send", "deliver", "answer", "close")]


def test_nobody_is_their_own_second_person_by_way_of_the_shell(house: House) -> None:
    house.draft()
    for shell in (Actor.shell("ann"), Actor.shell("somebody")):
        with pytest.raises(LetterError, match="who sits at the shell may be either"):
            house.approve(shell)
    with house.on() as (session, letter):
        keeping.insert(session, Actor.shell("bob"), house.now, letter, 1, 0, "One sentence more.")
    with pytest.raises(LetterError, match="who sits at the shell may be either"):
        house.approve()
    house.approve(Actor.shell("bob"), alone=True)
    with house.database.reading() as session:
        row = session.scalars(select(Decision).where(Decision.act == "letter.approve")).one()
        assert row.details["one_person"] is True


def test_a_letter_that_was_changed_meanwhile_is_not_drafted_anew_over_it(house: House) -> None:
    house.draft()
    with house.on() as (session, letter):
        keeping.insert(session, BOB, house.now, letter, 1, 0, "By somebody else.")
    case = facts(house.case_id, number=house.number)
    with house.on() as (session, letter), pytest.raises(LetterError, match="somebody wrote version 2 meanwhile"):
        keeping.redraft(session, ANN, house.now, letter, case, RECIPIENT, SENDER, PARTICULARS, 1)
    with house.on() as (session, letter):
        keeping.redraft(session, ANN, house.now, letter, case, RECIPIENT, SENDER, PARTICULARS, 2)
        assert letter.version == 3


def test_the_writer_does_not_approve_and_a_site_of_one_person_says_so_in_the_trail(house: House) -> None:
    house.draft()
    owner = person("ann", Role.OWNER)
    with pytest.raises(LetterError, match="another person"):
        house.approve(owner)
    with pytest.raises(LetterError, match="approve_letter"):
        house.approve(ANN)
    with pytest.raises(LetterError, match="approve_letter"):
        house.approve(EVE)
    house.approve(owner, alone=True)
    with house.database.reading() as session:
        row = session.scalars(select(Decision).where(Decision.act == "letter.approve")).one()
        assert row.details["one_person"] is True


def test_gaps_block_approval_until_they_are_filled_in(house: House) -> None:
    house.draft(particulars=replace(PARTICULARS, addressed_because=""))
    with pytest.raises(LetterError, match="1 gap is left"):
        house.approve()
    with house.on() as (session, letter):
        parts = keeping.document(letter).blocks
        place = next(n for n, b in enumerate(parts) if "to fill in" in getattr(b, "text", ""))
        keeping.rewrite(session, ANN, house.now, letter, 1, place, "We write because of the offer named below.")
    house.approve()
    assert house.state() == "approved"


def test_rules_that_nobody_read_are_looked_up_before_approval(house: House) -> None:
    house.draft()
    with house.database.reading() as session:
        letter = keeping.find_letter(session, house.letter_id)
        made = approving.frozen(keeping.document(letter), 1)
    with house.on() as (session, letter), pytest.raises(LetterError, match="look them up"):
        approving.approve(session, BOB, house.now, letter, made, house.files, sources_checked=False)


def test_an_edit_after_approval_makes_a_new_version_that_must_be_approved_anew(house: House) -> None:
    house.draft()
    house.approve()
    with house.on() as (session, letter):
        keeping.insert(session, BOB, house.now, letter, 1, 0, "One thing more.")
    assert house.state() == "draft"
    with house.on() as (session, letter), pytest.raises(LetterError, match="approve it first"):
        following.record_sent(session, ANN, house.now, letter, Channel.POST, "RR 1", house.now)
    with pytest.raises(LetterError, match="another person"):
        house.approve(BOB)
    house.approve(person("cleo", Role.COUNSEL))
    with house.database.reading() as session:
        letter = keeping.find_letter(session, house.letter_id)
        assert [(v.number, v.origin, v.writer) for v in letter.versions] == [
            (1, "drafted", "Ann"),
            (2, "edited", "Bob"),
        ]


def test_two_who_edit_at_once_do_not_overwrite_each_other(house: House) -> None:
    house.draft()
    with house.on() as (session, letter):
        keeping.remove(session, ANN, house.now, letter, 1, 2)
    with house.on() as (session, letter), pytest.raises(LetterError, match="somebody wrote version 2 meanwhile"):
        keeping.rewrite(session, BOB, house.now, letter, 1, 3, "Mine.")


def test_what_was_read_is_what_is_approved(house: House) -> None:
    house.draft()
    with house.database.reading() as session:
        made = approving.frozen(keeping.document(keeping.find_letter(session, house.letter_id)), 1)
    with house.on() as (session, letter):
        keeping.insert(session, ANN, house.now, letter, 1, 0, "Slipped in.")
    with house.on() as (session, letter), pytest.raises(LetterError, match="version 2 is the newest"):
        approving.approve(session, BOB, house.now, letter, made, house.files, sources_checked=True)


def test_an_uploaded_docx_is_kept_and_a_dangerous_one_is_not(house: House) -> None:
    house.draft()
    with house.on() as (session, letter):
        file = docx(keeping.document(letter))
        assert keeping.take_upload(session, BOB, house.now, letter, 1, file, house.files) == ()
        version = keeping.newest(letter)
        assert version.origin == "uploaded"
        assert house.files.read(version.upload_sha256 or "") == file
    with pytest.raises(UnsafeFileError), house.on() as (session, letter):
        keeping.take_upload(session, BOB, house.now, letter, 2, b"PK\x03\x04 not really", house.files)
    with house.database.reading() as session:
        assert keeping.find_letter(session, house.letter_id).version == 2


def test_an_answer_that_does_not_come_is_overdue_when_the_day_is_over_at_the_senders_place(house: House) -> None:
    house.draft()
    house.approve()
    house.send()
    # 14 days after 26 November, end of the day in Paris (UTC+1 in winter).
    due = datetime(2026, 12, 10, 22, 59, 59, tzinfo=UTC)
    with house.database.reading() as session:
        assert keeping.find_letter(session, house.letter_id).due_at == due
    for moment, expected in ((due, []), (due + timedelta(seconds=1), [house.letter_id]), (due + timedelta(days=9), [])):
        with house.database.session() as session:
            assert [le.id for le in following.mark_overdue(session, moment)] == expected
    assert house.state() == "overdue"
    with house.database.reading() as session:
        late = session.scalars(select(LetterEvent).where(LetterEvent.act == "fall_due")).one()
        assert (late.at, late.by) == (due, "Hedgerow")


def test_an_overdue_letter_is_escalated_to_a_letter_that_names_it(house: House) -> None:
    house.draft()
    house.approve()
    house.send()
    with house.on() as (session, letter), pytest.raises(LetterError, match="overdue, or not enough"):
        following.escalate(session, ANN, house.now, letter, Step.AUTHORITY, "No answer.")
    house.forward(days=15)
    with house.on() as (session, letter), pytest.raises(LetterError, match="no step of this letter"):
        following.escalate(session, ANN, house.now, letter, Step.POLICE, "No answer.")
    with house.on() as (session, letter):
        next_kind = following.escalate(session, ANN, house.now, letter, Step.REMINDER, "No answer.")
        assert next_kind is Kind.CONFIRMATION_FORM
        reminder = keeping.create(
            session,
            ANN,
            house.now,
            facts(house.case_id),
            Kind.CONFIRMATION_FORM,
            RECIPIENT,
            "en",
            SENDER,
            follows=letter,
        )
        said = "\n".join(keeping.document(reminder).texts())
        assert "This letter follows our letter C-2026-0001-L1 of 26 November 2026." in said
    assert house.state() == "escalated"


def test_what_came_back_is_sent_again_by_another_way(house: House) -> None:
    house.draft()
    house.approve()
    house.send()
    with house.on() as (session, letter):
        following.record_bounced(session, ANN, house.now, letter, "moved away", house.now)
    picture = house.files.keep(b"\x89PNG")
    with house.on() as (session, letter), pytest.raises(LetterError, match="64 hexadecimal digits"):
        following.record_sent(session, ANN, house.now, letter, Channel.WEB_FORM, "a picture", house.now)
    house.send(Channel.WEB_FORM, picture)
    assert house.state() == "sent"


def test_a_proof_is_asked_for_and_no_time_that_cannot_be(house: House) -> None:
    house.draft()
    house.approve()
    for proof, at, sentence in (
        (" ", house.now, "number of the registered letter is missing"),
        ("RR 1", house.now - timedelta(hours=1), "before it was approved"),
        ("RR 1", house.now + timedelta(hours=1), "future"),
    ):
        with house.on() as (session, letter), pytest.raises(LetterError, match=sentence):
            following.record_sent(session, ANN, house.now, letter, Channel.POST, proof, at)


def test_looks_are_planned_after_sending_and_anew_after_a_confirmation(house: House) -> None:
    house.draft()
    house.approve()
    house.send()
    with house.database.reading() as session:
        assert [d.what for d in telling.due_items(session, house.now + timedelta(days=29))][-1].startswith("Look")
    house.forward(days=5)
    with house.on() as (session, letter):
        following.record_answer(session, ANN, house.now, letter, Answer.CONFIRMS_DELETION, "Signed form.", house.now)
        looks = [(r.state, r.after_days, (r.due_at - house.now).days) for r in letter.rechecks]
        assert [x for x in looks if x[0] == "open"] == [("open", 30, 30), ("open", 90, 90), ("open", 180, 180)]
        assert sum(x[0] == "replaced" for x in looks) == 3


def test_what_is_still_offered_contradicts_a_confirmation_and_opens_a_closed_letter(house: House) -> None:
    house.draft()
    house.approve()
    house.send()
    house.forward(days=5)
    with house.on() as (session, letter):
        following.record_answer(session, ANN, house.now, letter, Answer.CONFIRMS_DELETION, "Signed form.", house.now)
        following.close(session, BOB, house.now, letter, "Confirmed.")
    house.forward(days=30)
    with house.on() as (session, letter):
        first = next(r for r in letter.rechecks if r.state == "open")
        rechecking.record_recheck(
            session, ANN, house.now, letter, first.id, Outcome.STILL_OFFERED, "Two canaries are in the list."
        )
        assert (letter.state, letter.confirmation) == ("overdue", "contradicted")
        with pytest.raises(LetterError, match="done already"):
            rechecking.record_recheck(session, ANN, house.now, letter, first.id, Outcome.GONE, "Not there.")
        following.escalate(session, ANN, house.now, letter, Step.AUTHORITY, "The confirmation is not true.")
    assert acts(house)[-4:] == ["letter.recheck", "letter.contradict", "letter.reopen", "letter.escalate"]


class FakeMailer:
    """Takes mails, or fails in the way it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.taken: list[OutgoingLetter] = []

    def send(self, message: OutgoingLetter) -> str:
        if self.error is not None:
            raise self.error
        self.taken.append(message)
        return "<1@club.example>"


def test_a_mail_carries_the_frozen_pdf_and_is_recorded_with_its_identifier(house: House) -> None:
    house.draft()
    mailer = FakeMailer()
    with pytest.raises(LetterError, match="nothing is sent that nobody approved"):
        following.send_by_mail(house.database, ANN, house.clock, house.letter_id, house.files, mailer)
    assert mailer.taken == []
    house.approve()
    following.send_by_mail(house.database, ANN, house.clock, house.letter_id, house.files, mailer)
    (mail,) = mailer.taken
    with house.database.reading() as session:
        letter = keeping.find_letter(session, house.letter_id)
        assert mail.pdf == house.files.read(letter.pdf_sha256 or "")
        assert (letter.state, letter.channel_reference, letter.sending_at) == ("sent", "<1@club.example>", None)
    assert "\n" not in mail.subject
    assert mail.to == "legal@offers.example"


def test_a_mail_that_was_refused_leaves_the_letter_approved(house: House) -> None:
    house.draft()
    house.approve()
    with pytest.raises(LetterError, match="did not go out: no such mailbox"):
        following.send_by_mail(
            house.database, ANN, house.clock, house.letter_id, house.files, FakeMailer(MailError("no such mailbox"))
        )
    assert house.state() == "approved"
    following.send_by_mail(house.database, ANN, house.clock, house.letter_id, house.files, FakeMailer())
    assert house.state() == "sent"


def test_a_mail_of_which_nobody_knows_is_not_sent_twice(house: House) -> None:
    house.draft()
    house.approve()
    with pytest.raises(LetterError, match="nobody knows whether the mail went out"):
        following.send_by_mail(
            house.database, ANN, house.clock, house.letter_id, house.files, FakeMailer(UnsureError("broken"))
        )
    again = FakeMailer()
    with pytest.raises(LetterError, match="may have gone out already"):
        following.send_by_mail(house.database, ANN, house.clock, house.letter_id, house.files, again)
    assert again.taken == []
    with house.on() as (session, letter), pytest.raises(LetterError, match="may have gone out"):
        keeping.insert(session, ANN, house.now, letter, 1, 0, "More.")
    with house.database.reading() as session:
        assert telling.due_items(session, house.now)[0].what == "Find out whether the mail went out"
    with house.on() as (session, letter):
        following.clear_sending(session, ANN, house.now, letter, "The server's log has no such mail.")
    following.send_by_mail(house.database, ANN, house.clock, house.letter_id, house.files, again)
    assert len(again.taken) == 1


def test_the_list_has_what_is_due_first(house: House) -> None:
    house.draft(Kind.AUTHORITY_COMPLAINT)
    first = house.draft(Kind.HOST_NOTICE, replace(PARTICULARS, grounds=()))
    house.approve()
    house.send()
    house.forward(days=10)
    with house.database.reading() as session:
        rows = telling.letters(session, house.now)
        assert [(r.id == first, r.state) for r in rows] == [(True, "overdue"), (False, "draft")]
        assert telling.letters(session, house.now, state="overdue")[0].number == "C-2026-0001-L2"
        assert telling.letters(session, house.now, case_id="nobody") == []


def test_a_version_that_was_changed_past_the_triggers_is_noticed(house: House) -> None:
    house.draft()
    with house.database.session() as session:
        if house.database.is_sqlite:
            session.execute(text("DROP TRIGGER letter_versions_no_update"))
        else:
            session.execute(text("DROP TRIGGER letter_versions_no_change ON letter_versions"))
    with house.on() as (_, letter):
        version = keeping.newest(letter)
        version.document = {**version.document, "subject": "Another"}
    with house.database.reading() as session, pytest.raises(LetterError, match="is not what was written"):
        keeping.document(keeping.find_letter(session, house.letter_id))


def test_the_database_lists_and_counts_letters_by_the_state_that_is_shown(house: House) -> None:
    house.draft()
    with house.database.session() as session:
        pattern = session.get_one(Letter, house.letter_id)
        for n, state in enumerate(State):
            for k, days in enumerate((-3, 0, 3, 30, None)):
                made = Letter(
                    case_id=pattern.case_id,
                    serial=100 + 10 * n + k,
                    number=f"L-{n}-{k}",
                    kind=pattern.kind,
                    language="en",
                    recipient=pattern.recipient,
                    sender=pattern.sender,
                    particulars={},
                    state=state.value,
                    created_at=NOW,
                    created_by="Ann",
                    changed_at=NOW + timedelta(minutes=n),
                    due_at=None if days is None else house.now + timedelta(days=days, seconds=-1),
                    answered_at=NOW if state is State.ANSWERED else None,
                )
                session.add(made)
    with house.database.reading() as session:
        everything = list(session.scalars(select(Letter)))
        for state in State:
            wanted = {x.number for x in everything if following.shown_state(x, house.now) is state}
            found = telling.listed(session, house.now, state=state.value, size=500)
            assert {r.number for r in found.rows} == wanted, state
            assert found.total == len(wanted)
        whole = telling.listed(session, house.now, size=500).rows
        pages = [telling.listed(session, house.now, page=n, size=7) for n in range(1, 9)]
        assert [r.id for p in pages for r in p.rows] == [r.id for r in whole]
        assert {(p.total, p.pages) for p in pages} == {(len(everything), 8)}
        assert telling.listed(session, house.now, page=999, size=7).page == 8
        dated = [r.due_at for r in whole if r.due_at]
        assert dated == sorted(dated)
        assert [r.due_at for r in whole[: len(dated)]] == dated
        due = telling.due_items(session, house.now)
        assert telling.due_count(session, house.now) == len(due)
        assert [i.due_at for i in due] == sorted(i.due_at for i in due)
        assert {i.number for i in due if i.what == "Answer is due"} == {"L-2-2", "L-3-2"}
        assert telling.due_items(session, house.now, most=4) == due[:4]
