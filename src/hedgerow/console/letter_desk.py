"""The acts on letters as the pages and the API do them alike: each in one transaction, errors in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.case_facts import CaseFacts
from hedgerow.cases.core.problems import CaseError, NoSuchCaseError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.cases.core.telling import case_facts
from hedgerow.cases.letters import approving, following, keeping, rechecking
from hedgerow.cases.letters.docx_writer import docx
from hedgerow.cases.letters.files import LetterFiles, checked_hash
from hedgerow.cases.letters.following import Answer, Channel
from hedgerow.cases.letters.keeping import NoSuchLetterError
from hedgerow.cases.letters.kinds import Kind, Step
from hedgerow.cases.letters.mailing import Mailer
from hedgerow.cases.letters.pdf import pdf
from hedgerow.cases.letters.people import Particulars, Recipient, Sender
from hedgerow.cases.letters.plain import plain
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.rechecking import Outcome
from hedgerow.cases.letters.smtp import LetterMailer
from hedgerow.console.access.actor import Actor
from hedgerow.console.problems import NotFound, Wrong, sentence_of
from hedgerow.console.services import Services
from hedgerow.moments import aware_moment
from hedgerow.outward.settings import OutwardError
from hedgerow.outward.smtp import SmtpMailer
from hedgerow.secret import SecretError, read_secret
from hedgerow.store.models.letters import Letter

Choice = TypeVar("Choice", Channel, Answer, Step, Outcome)


@contextmanager
def told() -> Iterator[None]:
    """Says to the person at the screen what cannot be done, and why."""
    try:
        yield
    except (NoSuchLetterError, NoSuchCaseError) as e:
        raise NotFound(sentence_of(e)) from e
    except (LetterError, CaseError) as e:
        raise Wrong(sentence_of(e)) from e


@dataclass(frozen=True)
class LetterInput:
    """What somebody typed for a letter."""

    kind: Kind
    language: str
    recipient: Recipient
    sender: Sender
    particulars: Particulars

    @classmethod
    def of(
        cls,
        kind: str,
        language: str,
        recipient: dict[str, Any],
        sender: dict[str, Any],
        particulars: dict[str, Any],
    ) -> LetterInput:
        """From JSON or a form.

        Raises:
            LetterError: with what is wrong.
        """
        known = {k.value for k in Kind}
        if kind not in known:
            raise LetterError(f"there is no letter `{kind[:40]}`; there are: {', '.join(sorted(known))}")
        return cls(Kind(kind), language, Recipient.of(recipient), Sender.of(sender), Particulars.of(particulars))


class LetterDesk:
    """The acts, for one console."""

    def __init__(self, services: Services, mailer: Mailer | None = None) -> None:
        self.services = services
        self.files = LetterFiles(services.folder.path)
        self._mailer = mailer

    @property
    def now(self) -> datetime:
        """The console's clock."""
        return self.services.clock()

    @property
    def mailer(self) -> Mailer | None:
        """The mail server that is set for notices; None where there is none.

        Raises:
            LetterError: it is set wrongly.
        """
        if self._mailer is not None:
            return self._mailer
        try:
            smtp = self.services.outward.current().smtp
            return LetterMailer(SmtpMailer(smtp), self.services.clock) if smtp else None
        except OutwardError as e:
            raise LetterError(f"the mail server is set wrongly: {e}") from e

    def facts(self, session: Session, case_id: str) -> CaseFacts:
        """The case, with the addresses that were opened for it. Without the secret they stay closed."""
        try:
            sealer = Sealer(read_secret(self.services.folder.path))
        except SecretError:
            # The letter then says that the addresses are missing, which is a gap a person sees.
            sealer = None
        return case_facts(session, case_id, sealer)

    def last_sender(self, session: Session) -> dict[str, Any]:
        """Who wrote the newest letter: most sites write in one name."""
        letter = session.scalar(select(Letter).order_by(Letter.created_at.desc()).limit(1))
        return dict(letter.sender) if letter is not None else {}

    def draft(self, actor: Actor, case_id: str, given: LetterInput, follows: str = "") -> str:
        """Drafts a letter; gives its identifier."""
        with told(), self.services.database.session() as session:
            before = keeping.find_letter(session, follows) if follows else None
            letter = keeping.create(
                session,
                actor,
                self.now,
                self.facts(session, case_id),
                given.kind,
                given.recipient,
                given.language,
                given.sender,
                given.particulars,
                follows=before,
            )
            return letter.id

    def redraft(self, actor: Actor, letter_id: str, given: LetterInput, read: int | None = None) -> None:
        """Drafts it anew from the case as it is now; `read` is the version that was shown."""
        with told(), self.services.database.session() as session:
            letter = keeping.find_letter(session, letter_id)
            facts = self.facts(session, letter.case_id)
            keeping.redraft(
                session, actor, self.now, letter, facts, given.recipient, given.sender, given.particulars, read
            )

    def rewrite(self, actor: Actor, letter_id: str, read: int, place: int, text: str) -> None:
        """Another wording for one part."""
        with told(), self._letter(letter_id) as (session, letter):
            keeping.rewrite(session, actor, self.now, letter, read, place, text)

    def insert(self, actor: Actor, letter_id: str, read: int, after: int, text: str) -> None:
        """A new paragraph."""
        with told(), self._letter(letter_id) as (session, letter):
            keeping.insert(session, actor, self.now, letter, read, after, text)

    def remove(self, actor: Actor, letter_id: str, read: int, place: int) -> None:
        """One part less."""
        with told(), self._letter(letter_id) as (session, letter):
            keeping.remove(session, actor, self.now, letter, read, place)

    def upload(self, actor: Actor, letter_id: str, read: int, file: bytes) -> tuple[str, ...]:
        """An edited DOCX; gives what was not taken over."""
        with told(), self._letter(letter_id) as (session, letter):
            return keeping.take_upload(session, actor, self.now, letter, read, file, self.files)

    def approve(self, actor: Actor, letter_id: str, version: int, *, sources_checked: bool) -> None:
        """A person answers for a version. Its files are made before the transaction, which then checks the version."""
        with told():
            with self.services.database.reading() as session:
                letter = keeping.find_letter(session, letter_id)
                written = keeping.document(letter, version)
            made = approving.frozen(written, version)
            with self._letter(letter_id) as (session, letter):
                approving.approve(
                    session,
                    actor,
                    self.now,
                    letter,
                    made,
                    self.files,
                    sources_checked=sources_checked,
                    alone=self.services.settings.one_person,
                )

    def withdraw(self, actor: Actor, letter_id: str, reason: str) -> None:
        """Puts it away unsent."""
        with told(), self._letter(letter_id) as (session, letter):
            approving.withdraw(session, actor, self.now, letter, reason)

    def sent(
        self, actor: Actor, letter_id: str, channel: str, proof: str, at: str, picture: bytes | None = None
    ) -> None:
        """Records that it was sent by hand. A picture of a form is kept, and its hash is the proof."""
        with told(), self._letter(letter_id) as (session, letter):
            way = _one_of(Channel, channel, "way of sending")
            if picture:
                proof = self.files.keep(picture)
            following.record_sent(session, actor, self.now, letter, way, proof, moment_of(at, self.now))

    def mail(self, actor: Actor, letter_id: str) -> str:
        """Sends it as a mail."""
        with told():
            mailer = self.mailer
            if mailer is None:
                raise LetterError("no mail server is set; send it another way and record that")
            with self.services.database.reading() as session:
                found = keeping.find_letter(session, letter_id).id
            database, clock = self.services.database, self.services.clock
            return following.send_by_mail(database, actor, clock, found, self.files, mailer)

    def not_sent(self, actor: Actor, letter_id: str, reason: str) -> None:
        """A mail of which nobody knew did not go out."""
        with told(), self._letter(letter_id) as (session, letter):
            following.clear_sending(session, actor, self.now, letter, reason)

    def delivered(self, actor: Actor, letter_id: str, proof: str, at: str) -> None:
        """It arrived."""
        with told(), self._letter(letter_id) as (session, letter):
            following.record_delivered(session, actor, self.now, letter, proof, moment_of(at, self.now))

    def bounced(self, actor: Actor, letter_id: str, reason: str, at: str) -> None:
        """It came back."""
        with told(), self._letter(letter_id) as (session, letter):
            following.record_bounced(session, actor, self.now, letter, reason, moment_of(at, self.now))

    def answered(
        self,
        actor: Actor,
        letter_id: str,
        answer: str,
        summary: str,
        at: str,
        reply: bytes | None = None,
        reply_sha256: str = "",
    ) -> None:
        """An answer came; the answer itself is kept by its hash."""
        with told(), self._letter(letter_id) as (session, letter):
            kind = _one_of(Answer, answer, "answer")
            digest = self.files.keep(reply) if reply else checked_hash(reply_sha256)
            following.record_answer(session, actor, self.now, letter, kind, summary, moment_of(at, self.now), digest)

    def escalate(self, actor: Actor, letter_id: str, step: str, reason: str) -> Kind | None:
        """The next step; gives the kind of letter with which it begins."""
        with told(), self._letter(letter_id) as (session, letter):
            return following.escalate(session, actor, self.now, letter, _one_of(Step, step, "step"), reason)

    def close(self, actor: Actor, letter_id: str, reason: str) -> None:
        """The matter is over."""
        with told(), self._letter(letter_id) as (session, letter):
            following.close(session, actor, self.now, letter, reason)

    def reopen(self, actor: Actor, letter_id: str, reason: str) -> None:
        """The matter is not over."""
        with told(), self._letter(letter_id) as (session, letter):
            following.reopen(session, actor, self.now, letter, reason)

    def rechecked(
        self, actor: Actor, letter_id: str, recheck_id: str, outcome: str, text: str, picture: bytes | None = None
    ) -> None:
        """Somebody looked again."""
        with told(), self._letter(letter_id) as (session, letter):
            found = _one_of(Outcome, outcome, "outcome")
            digest = self.files.keep(picture) if picture else ""
            rechecking.record_recheck(session, actor, self.now, letter, recheck_id, found, text, digest)

    def file(self, letter_id: str, number: int | None, form: str) -> bytes:
        """A version as a file: as it was frozen where it is the approved one, otherwise made anew as a draft."""
        if form not in ("docx", "pdf", "txt"):
            raise NoSuchLetterError(f"a letter is a docx, a pdf or a txt file, no {form[:10]}")
        with self.services.database.reading() as session:
            letter = keeping.find_letter(session, letter_id)
            number = number or letter.version
            written = keeping.document(letter, number)
            frozen = {"docx": letter.docx_sha256, "pdf": letter.pdf_sha256}.get(form)
            frozen = frozen if number == letter.approved_version else None
        if frozen is not None:
            return self.files.read(frozen)
        if form == "txt":
            return plain(written).encode()
        return docx(written) if form == "docx" else pdf(written, approved=False)

    def case_of(self, letter_id: str) -> str:
        """Identifier of the case a letter belongs to."""
        with told(), self.services.database.reading() as session:
            return keeping.find_letter(session, letter_id).case_id

    @contextmanager
    def _letter(self, letter_id: str) -> Iterator[tuple[Session, Letter]]:
        with self.services.database.session() as session:
            yield session, keeping.find_letter(session, letter_id)


def _one_of(kind: type[Choice], value: str, what: str) -> Choice:
    try:
        return kind(value)
    except ValueError as e:
        raise LetterError(f"there is no {what} `{value[:40]}`; there are: {', '.join(kind)}") from e


def moment_of(text: str, now: datetime) -> datetime:
    """A moment as a form gives it (`2026-11-26T18:00`, UTC as everything in the console) or as JSON does; empty: now.

    Raises:
        LetterError: when it is none.
    """
    if not text.strip():
        return now
    try:
        return aware_moment(text.strip())
    except ValueError as e:
        raise LetterError("that is no moment; write 2026-11-26T18:00, in UTC") from e
