"""Letters in the database: drafted and changed. Each act is a decision in the trail, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hedgerow.cases.case_facts import CaseFacts
from hedgerow.cases.letters import docx_reader, editing, states
from hedgerow.cases.letters.document import LetterDocument, document_of
from hedgerow.cases.letters.drafting import draft
from hedgerow.cases.letters.files import LetterFiles
from hedgerow.cases.letters.kinds import Kind
from hedgerow.cases.letters.people import Particulars, Recipient, Sender
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.states import Standing, State
from hedgerow.cases.letters.words import gaps_in
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Permission
from hedgerow.console.decisions import record
from hedgerow.store.models.cases import Case
from hedgerow.store.models.letters import Letter, LetterEvent, LetterVersion

MOST_LETTERS: Final = 500
"""Most letters of one case."""
MOST_VERSIONS: Final = 500


class NoSuchLetterError(LetterError):
    """There is no such letter."""


def find_letter(session: Session, wanted: str) -> Letter:
    """A letter by its identifier or its number.

    Raises:
        NoSuchLetterError: there is none.
    """
    name = wanted[:40]
    letter = session.get(Letter, name) or session.scalar(select(Letter).where(Letter.number == name.upper()))
    if letter is None:
        raise NoSuchLetterError(f"there is no letter {name}; `hedgerow letter list` names them")
    return letter


def newest(letter: Letter) -> LetterVersion:
    """The newest version."""
    return letter.versions[-1]


def document(letter: Letter, number: int | None = None) -> LetterDocument:
    """What a version says, compared with its hash.

    Raises:
        LetterError: when there is no such version, or it is not what was written.
    """
    found = [v for v in letter.versions if number is None or v.number == number]
    if not found:
        raise NoSuchLetterError(f"letter {letter.number} has no version {number}")
    made = document_of(found[-1].document)
    if made.sha256 != found[-1].sha256:
        raise LetterError(f"version {found[-1].number} of {letter.number} is not what was written; restore a back-up")
    return made


def gaps(written: LetterDocument) -> tuple[str, ...]:
    """What is left to fill in: marked in the letter's own language, or in English where somebody copied it."""
    return gaps_in("\n".join(written.texts()), tuple(dict.fromkeys((written.language, "en"))))


def standing(letter: Letter) -> Standing:
    """What decides about the next act."""
    return Standing(
        state=State(letter.state),
        version=letter.version,
        written_by=newest(letter).written_by,
        approved_version=letter.approved_version,
        approved_at=letter.approved_at,
        due_at=letter.due_at,
        sent_at=letter.sent_at,
    )


def must(actor: Actor, permission: Permission) -> None:
    """Holds an act to its permission, also past the routes.

    Raises:
        LetterError: when the actor may not.
    """
    if not actor.may(permission):
        raise LetterError(f"{actor.name} may not do this; it needs the permission `{permission.value}`")


def create(
    session: Session,
    actor: Actor,
    now: datetime,
    facts: CaseFacts,
    kind: Kind,
    recipient: Recipient,
    language: str,
    sender: Sender,
    particulars: Particulars | None = None,
    *,
    follows: Letter | None = None,
) -> Letter:
    """Drafts a letter of a case.

    Raises:
        LetterError: when it cannot be drafted; nothing is kept then.
    """
    must(actor, Permission.WRITE_LETTER)
    case = session.scalar(select(Case).where(Case.id == facts.id).with_for_update())
    if case is None:
        raise LetterError(f"there is no case {facts.number[:40]}")
    serial = (session.scalar(select(func.max(Letter.serial)).where(Letter.case_id == facts.id)) or 0) + 1
    if serial > MOST_LETTERS:
        raise LetterError(f"a case has at most {MOST_LETTERS} letters")
    known = particulars or Particulars()
    if follows is not None:
        known = known.following(follows.number, follows.sent_at.date() if follows.sent_at else None)
    number = f"{facts.number}-L{serial}"
    made = draft(kind, facts, recipient, language, sender, now, number=number, particulars=known)
    letter = Letter(
        case_id=facts.id,
        serial=serial,
        number=number,
        kind=kind.value,
        language=language,
        recipient=recipient.as_json(),
        sender=sender.as_json(),
        particulars=known.as_json(),
        state=State.DRAFT.value,
        version=1,
        follows_id=follows.id if follows else None,
        created_at=now,
        created_by=actor.name,
        answer_by=made.answer_by,
        zone=made.zone,
        confirmation="none",
        channel_reference="",
        changed_at=now,
    )
    session.add(letter)
    session.flush()
    _version(session, actor, now, letter, made, "drafted", 1)
    record(session, actor, "letter.draft", f"letter:{letter.id}", "", about(letter), at=now)
    return letter


def about(letter: Letter, **more: Any) -> dict[str, Any]:
    """What the trail keeps of a letter beside the act."""
    return {"number": letter.number, "kind": letter.kind, "case": letter.case_id, "version": letter.version, **more}


def _version(
    session: Session,
    actor: Actor,
    now: datetime,
    letter: Letter,
    made: LetterDocument,
    origin: str,
    number: int,
    *,
    upload: str | None = None,
    warnings: tuple[str, ...] = (),
) -> None:
    if number > MOST_VERSIONS:
        raise LetterError(f"a letter has at most {MOST_VERSIONS} versions; write another one")
    session.add(
        LetterVersion(
            letter_id=letter.id,
            number=number,
            made_at=now,
            written_by=actor.id,
            writer=actor.name,
            origin=origin,
            document=made.as_json(),
            sha256=made.sha256,
            upload_sha256=upload,
            warnings=list(warnings),
        )
    )
    session.flush()
    session.expire(letter, ["versions"])
    note(session, actor, now, letter, origin, details={"version": number, "sha256": made.sha256})


def note(
    session: Session,
    actor: Actor,
    now: datetime,
    letter: Letter,
    act: str,
    text: str = "",
    *,
    at: datetime | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Adds to what happened with a letter."""
    last = session.scalar(select(func.max(LetterEvent.serial)).where(LetterEvent.letter_id == letter.id)) or 0
    session.add(
        LetterEvent(
            letter_id=letter.id,
            serial=last + 1,
            act=act,
            at=at or now,
            recorded_at=now,
            by=actor.name,
            text=text,
            details=details or {},
        )
    )
    letter.changed_at = now
    session.flush()
    session.expire(letter, ["events"])


def _changed(
    session: Session,
    actor: Actor,
    now: datetime,
    letter: Letter,
    made: LetterDocument,
    origin: str,
    *,
    upload: str | None = None,
    warnings: tuple[str, ...] = (),
) -> None:
    """Adds a version; an approval of the one before is void."""
    if letter.sending_at is not None:
        raise LetterError("a mail with this letter may have gone out; record first whether it did")
    after = states.edited(standing(letter), actor.id)
    apply(letter, after)
    letter.approved_by = letter.docx_sha256 = letter.pdf_sha256 = None
    letter.answer_by, letter.zone = made.answer_by, made.zone
    _version(session, actor, now, letter, made, origin, after.version, upload=upload, warnings=warnings)
    act = "letter.upload" if upload else "letter.edit"
    record(session, actor, act, f"letter:{letter.id}", "", about(letter), at=now)


def apply(letter: Letter, after: Standing) -> None:
    """Writes where a letter stands now."""
    letter.state, letter.version = after.state.value, after.version
    letter.approved_version, letter.approved_at = after.approved_version, after.approved_at
    letter.due_at, letter.sent_at = after.due_at, after.sent_at


def _must_be_newest(letter: Letter, read: int) -> None:
    if read != letter.version:
        raise LetterError(f"somebody wrote version {letter.version} meanwhile; look at it, then make your change again")


def rewrite(session: Session, actor: Actor, now: datetime, letter: Letter, read: int, place: int, text: str) -> None:
    """Gives one part of the letter another wording, as a new version. `read` is the version that was shown.

    Raises:
        LetterError: sent already, changed by somebody else meanwhile, or no such part.
    """
    must(actor, Permission.WRITE_LETTER)
    _must_be_newest(letter, read)
    _changed(session, actor, now, letter, editing.rewritten(document(letter), place, text), "edited")


def insert(session: Session, actor: Actor, now: datetime, letter: Letter, read: int, after: int, text: str) -> None:
    """Puts a paragraph after a part, as a new version.

    Raises:
        LetterError: as `rewrite`.
    """
    must(actor, Permission.WRITE_LETTER)
    _must_be_newest(letter, read)
    _changed(session, actor, now, letter, editing.inserted(document(letter), after, text), "edited")


def remove(session: Session, actor: Actor, now: datetime, letter: Letter, read: int, place: int) -> None:
    """Takes a part out, as a new version.

    Raises:
        LetterError: as `rewrite`.
    """
    must(actor, Permission.WRITE_LETTER)
    _must_be_newest(letter, read)
    _changed(session, actor, now, letter, editing.removed(document(letter), place), "edited")


def redraft(
    session: Session,
    actor: Actor,
    now: datetime,
    letter: Letter,
    facts: CaseFacts,
    recipient: Recipient,
    sender: Sender,
    particulars: Particulars,
    read: int | None = None,
) -> None:
    """Drafts the letter anew from the case as it is now: a new version; changes made by hand stay in the older ones.

    `read` is the version that was shown, where one was.

    Raises:
        LetterError: sent already, changed by somebody else meanwhile, or it cannot be drafted.
    """
    must(actor, Permission.WRITE_LETTER)
    if read is not None:
        _must_be_newest(letter, read)
    if facts.id != letter.case_id:
        raise LetterError("these are the facts of another case")
    made = draft(
        Kind(letter.kind),
        facts,
        recipient,
        letter.language,
        sender,
        now,
        number=letter.number,
        particulars=particulars,
    )
    letter.recipient, letter.sender = recipient.as_json(), sender.as_json()
    letter.particulars = particulars.as_json()
    _changed(session, actor, now, letter, made, "drafted")


def take_upload(
    session: Session, actor: Actor, now: datetime, letter: Letter, read: int, file: bytes, files: LetterFiles
) -> tuple[str, ...]:
    """Takes an edited DOCX as a new version, kept by its hash, and says what of it was not taken over.

    Raises:
        LetterError: the file is refused, or the letter may not be changed any more.
    """
    must(actor, Permission.WRITE_LETTER)
    _must_be_newest(letter, read)
    made, warnings = docx_reader.taken_back(file, document(letter))
    _changed(session, actor, now, letter, made, "uploaded", upload=files.keep(file), warnings=warnings)
    return warnings
