"""What happens after approval: sent, delivered, returned, answered, overdue, escalated, closed. Each with its proof."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.letters import states
from hedgerow.cases.letters.clocks import end_of
from hedgerow.cases.letters.files import LetterFiles, checked_hash
from hedgerow.cases.letters.keeping import apply, document, must, note, standing
from hedgerow.cases.letters.kinds import KINDS, LETTER_OF_STEP, Kind, Step
from hedgerow.cases.letters.mailing import Mailer, MailError, OutgoingLetter, UnsureError, outgoing
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.rechecking import contradict, schedule
from hedgerow.cases.letters.states import Act, State
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Permission
from hedgerow.console.decisions import record
from hedgerow.store.database import Database
from hedgerow.store.models.letters import Letter

LONGEST: Final = 4_000
"""Longest summary or reason, in characters."""
SLACK: Final = timedelta(minutes=5)
"""How far a typed time may lie ahead of the clock."""


class Channel(StrEnum):
    """How a letter went out."""

    POST = "post"
    MAIL = "mail"
    WEB_FORM = "web_form"
    HANDED_OVER = "handed_over"


PROOFS: Final[dict[Channel, tuple[str, str]]] = {
    Channel.POST: ("Registered post", "number of the registered letter"),
    Channel.MAIL: ("E-mail", "Message-ID of the mail"),
    Channel.WEB_FORM: ("Form on their site", "SHA-256 of a picture of the form as it was sent"),
    Channel.HANDED_OVER: ("Handed over", "to whom, and who saw it"),
}
"""Name of each channel, and what proves that it was used."""


class Answer(StrEnum):
    """What an answer says."""

    CONFIRMS_DELETION = "confirms_deletion"
    AGREES = "agrees"
    IN_PART = "in_part"
    REFUSES = "refuses"
    NOT_CONCERNED = "not_concerned"
    OTHER = "other"


def _said(text: str, what: str) -> str:
    if not text.strip():
        raise LetterError(f"{what} is missing")
    if len(text) > LONGEST:
        raise LetterError(f"{what} has {len(text):,} characters; {LONGEST:,} are kept")
    return text.strip()


def _when(at: datetime, now: datetime) -> datetime:
    if at.tzinfo is None:
        raise LetterError("say in which time zone that was")
    if at > now + SLACK:
        raise LetterError("that lies in the future; record it when it has happened")
    return at


def _decide(
    session: Session,
    actor: Actor,
    now: datetime,
    letter: Letter,
    act: Act,
    text: str,
    *,
    at: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    note(session, actor, now, letter, act.value, text, at=at, details=details)
    about = {"number": letter.number, "case": letter.case_id, "state": letter.state, "at": at, **(details or {})}
    record(session, actor, f"letter.{act.value}", f"letter:{letter.id}", text, about, at=now)


def record_sent(
    session: Session, actor: Actor, now: datetime, letter: Letter, channel: Channel, proof: str, at: datetime
) -> None:
    """Records that a person sent the approved version, with what proves it.

    Raises:
        LetterError: not approved, without a proof, or at an impossible time.
    """
    must(actor, Permission.SEND)
    proof = _said(proof, PROOFS[channel][1])
    if channel is Channel.WEB_FORM:
        proof = checked_hash(proof)
    if len(proof) > 500:
        raise LetterError(f"{PROOFS[channel][1]} has at most 500 characters")
    _sent(session, actor, now, letter, channel, proof, _when(at, now))


def _sent(
    session: Session, actor: Actor, now: datetime, letter: Letter, channel: Channel, proof: str, at: datetime
) -> None:
    due = end_of(letter.answer_by, letter.zone) if letter.answer_by else None
    apply(letter, states.sent(standing(letter), at, due))
    letter.channel, letter.channel_reference, letter.sending_at = channel.value, proof, None
    details = {"channel": channel.value, "proof": proof, "version": letter.approved_version, "pdf": letter.pdf_sha256}
    _decide(session, actor, now, letter, Act.SEND, "", at=at, details=details)
    if KINDS[Kind(letter.kind)].rechecks:
        schedule(session, actor, now, letter, at)


def send_by_mail(
    database: Database,
    actor: Actor,
    clock: Callable[[], datetime],
    letter_id: str,
    files: LetterFiles,
    mailer: Mailer,
) -> str:
    """Sends the approved version as a mail. Three steps, so that a crash never sends it twice unseen.

    It is written down first that the mail is going out; then it goes; then it is written down that it went. When the
    middle step ends without an answer, the letter says so, and a person looks before anything else is done with it.

    Raises:
        LetterError: it may not be sent, or the mail was refused.
    """
    must(actor, Permission.SEND)
    with database.session() as session:
        letter = _letter(session, letter_id)
        message = _message(letter, files)
        if letter.sending_at is not None:
            raise LetterError("a mail with this letter may have gone out already; look, and record whether it did")
        now = clock()
        states.sent(standing(letter), now, end_of(letter.answer_by, letter.zone) if letter.answer_by else None)
        letter.sending_at = now
        note(session, actor, now, letter, "sending", details={"pdf": letter.pdf_sha256})
    try:
        identifier = mailer.send(message)
    except MailError as error:
        with database.session() as session:
            letter = _letter(session, letter_id)
            letter.sending_at = None
            note(session, actor, clock(), letter, "send_failed", str(error)[:LONGEST])
        raise LetterError(f"the mail did not go out: {error}") from error
    except UnsureError as error:
        raise LetterError(f"nobody knows whether the mail went out ({error}); look, and record it") from error
    with database.session() as session:
        letter = _letter(session, letter_id)
        now = clock()
        _sent(session, actor, now, letter, Channel.MAIL, identifier[:500] or "none given", now)
    return identifier


def clear_sending(session: Session, actor: Actor, now: datetime, letter: Letter, reason: str) -> None:
    """A person looked: the mail of which nobody knew did not go out.

    Raises:
        LetterError: no mail was on its way, or no reason is given.
    """
    must(actor, Permission.SEND)
    if letter.sending_at is None:
        raise LetterError("no mail with this letter is on its way")
    reason = _said(reason, "how you know that it did not go out")
    letter.sending_at = None
    note(session, actor, now, letter, "not_sent", reason)
    record(session, actor, "letter.not_sent", f"letter:{letter.id}", reason, {"number": letter.number}, at=now)


def _letter(session: Session, letter_id: str) -> Letter:
    letter = session.get(Letter, letter_id, with_for_update=True)
    if letter is None:
        raise LetterError("there is no such letter any more")
    return letter


def _message(letter: Letter, files: LetterFiles) -> OutgoingLetter:
    if letter.pdf_sha256 is None or letter.approved_version is None:
        raise LetterError("nothing is sent that nobody approved; approve it first")
    written = document(letter, letter.approved_version)
    to, reply_to = str(letter.recipient.get("email", "")), str(letter.sender.get("email", ""))
    return outgoing(written, to, reply_to, files.read(letter.pdf_sha256))


def record_delivered(session: Session, actor: Actor, now: datetime, letter: Letter, proof: str, at: datetime) -> None:
    """Records that it arrived.

    Raises:
        LetterError: not sent, or at an impossible time.
    """
    must(actor, Permission.SEND)
    proof = _said(proof, "what shows that it arrived")
    apply(letter, states.done(standing(letter), Act.DELIVER, _when(at, now)))
    letter.delivered_at = at
    _decide(session, actor, now, letter, Act.DELIVER, proof, at=at)


def record_bounced(session: Session, actor: Actor, now: datetime, letter: Letter, reason: str, at: datetime) -> None:
    """Records that it came back. It may be sent again by another way.

    Raises:
        LetterError: not sent, or without a reason.
    """
    must(actor, Permission.SEND)
    reason = _said(reason, "why it came back")
    apply(letter, states.done(standing(letter), Act.BOUNCE, _when(at, now)))
    _decide(session, actor, now, letter, Act.BOUNCE, reason, at=at)


def record_answer(
    session: Session,
    actor: Actor,
    now: datetime,
    letter: Letter,
    answer: Answer,
    summary: str,
    at: datetime,
    reply_sha256: str = "",
) -> None:
    """Records an answer: what it says, in a sentence, and the answer itself by its hash.

    A confirmation of deletion begins the re-checks anew: it is believed, and looked after.

    Raises:
        LetterError: not sent, or without a summary.
    """
    must(actor, Permission.WRITE_LETTER)
    summary = _said(summary, "what the answer says, in a sentence")
    reply = checked_hash(reply_sha256)
    fall_due(session, now, letter)
    apply(letter, states.done(standing(letter), Act.ANSWER, _when(at, now)))
    letter.answered_at = at
    details = {"answer": answer.value, "reply_sha256": reply}
    _decide(session, actor, now, letter, Act.ANSWER, summary, at=at, details=details)
    if answer is Answer.CONFIRMS_DELETION:
        letter.confirmation = "received"
        if KINDS[Kind(letter.kind)].rechecks:
            schedule(session, actor, now, letter, at)


def contradict_confirmation(session: Session, actor: Actor, now: datetime, letter: Letter, reason: str) -> None:
    """A person found otherwise than by a re-check that the confirmation is not true.

    Raises:
        LetterError: no confirmation was received, or without a reason.
    """
    must(actor, Permission.WRITE_LETTER)
    contradict(session, actor, now, letter, _said(reason, "what contradicts the confirmation"))


def escalate(session: Session, actor: Actor, now: datetime, letter: Letter, step: Step, reason: str) -> Kind | None:
    """A person takes the next step; gives the kind of letter with which it begins.

    Raises:
        LetterError: too early, no step of this kind of letter, or without a reason.
    """
    must(actor, Permission.WRITE_LETTER)
    allowed = KINDS[Kind(letter.kind)].steps
    if step not in allowed:
        names = ", ".join(s.value for s in allowed) or "none"
        raise LetterError(f"`{step.value}` is no step of this letter; there are: {names}")
    fall_due(session, now, letter)
    apply(letter, states.done(standing(letter), Act.ESCALATE, now))
    reason = _said(reason, "why this step is taken")
    _decide(session, actor, now, letter, Act.ESCALATE, reason, at=now, details={"step": step.value})
    return LETTER_OF_STEP[step]


def close(session: Session, actor: Actor, now: datetime, letter: Letter, reason: str) -> None:
    """Ends the matter of a letter. Re-checks go on.

    Raises:
        LetterError: not sent, or without a reason.
    """
    must(actor, Permission.DECIDE_CASE)
    fall_due(session, now, letter)
    apply(letter, states.done(standing(letter), Act.CLOSE, now))
    letter.closed_at = now
    _decide(session, actor, now, letter, Act.CLOSE, _said(reason, "why it is closed"), at=now)


def reopen(session: Session, actor: Actor, now: datetime, letter: Letter, reason: str) -> None:
    """Opens a closed letter again.

    Raises:
        LetterError: not closed, or without a reason.
    """
    must(actor, Permission.WRITE_LETTER)
    apply(letter, states.done(standing(letter), Act.REOPEN, now))
    letter.closed_at = None
    _decide(session, actor, now, letter, Act.REOPEN, _said(reason, "why it is opened again"), at=now)


def fall_due(session: Session, now: datetime, letter: Letter) -> bool:
    """Writes down that an answer is late, if it is. Nobody decides that: the clock does."""
    here = standing(letter)
    if not states.is_due(here, now):
        return False
    apply(letter, states.done(here, Act.FALL_DUE, now))
    note(session, Actor.system(), now, letter, Act.FALL_DUE.value, at=letter.due_at)
    return True


def mark_overdue(session: Session, now: datetime) -> list[Letter]:
    """Every letter whose answer became late since the last time. Called by the console's clock, and harmless twice."""
    waiting = session.scalars(
        select(Letter).where(Letter.state.in_([s.value for s in states.WAITING]), Letter.due_at < now)
    )
    return [letter for letter in waiting if fall_due(session, now, letter)]


def shown_state(letter: Letter, now: datetime) -> State:
    """The state as it is at a moment, also where nobody wrote it down yet."""
    state = State(letter.state)
    return State.OVERDUE if states.is_late(state, letter.due_at, now) else state
