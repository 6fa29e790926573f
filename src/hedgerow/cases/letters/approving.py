"""Approves letters, or puts them away unsent. A person answers for one version, and hashes freeze it.

The files of a version are slow to make (`frozen`): that happens before the transaction, which then checks that it is
still the newest version.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hedgerow.cases.letters import states
from hedgerow.cases.letters.document import LetterDocument
from hedgerow.cases.letters.docx_writer import docx
from hedgerow.cases.letters.files import LetterFiles
from hedgerow.cases.letters.grounds import to_look_up
from hedgerow.cases.letters.keeping import about, apply, document, gaps, must, newest, note, standing
from hedgerow.cases.letters.pdf import pdf
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.states import Act
from hedgerow.console.access.actor import Actor, is_user
from hedgerow.console.access.roles import Permission
from hedgerow.console.decisions import record
from hedgerow.store.models.letters import Letter


@dataclass(frozen=True)
class Frozen:
    """The files of one version, made before it is approved."""

    version: int
    sha256: str
    docx: bytes
    pdf: bytes


def frozen(written: LetterDocument, version: int) -> Frozen:
    """The files of a version as they are sent. Slow: outside of the transaction."""
    return Frozen(version, written.sha256, docx(written), pdf(written, approved=True))


def approve(
    session: Session,
    actor: Actor,
    now: datetime,
    letter: Letter,
    made: Frozen,
    files: LetterFiles,
    *,
    sources_checked: bool,
    alone: bool = False,
) -> None:
    """A person answers for the version whose files these are; their hashes freeze it.

    Raises:
        LetterError: gaps are left, the rules were not looked up, the writer approves, or a newer version exists.
    """
    must(actor, Permission.APPROVE_LETTER)
    written = document(letter)
    if made.sha256 != newest(letter).sha256:
        raise LetterError(f"version {made.version} was read, but version {letter.version} is the newest; read that one")
    open_rules = to_look_up(written.grounds)
    writer = newest(letter).written_by
    two = actor.id != writer and actor.is_user and is_user(writer)
    after = states.approved(
        standing(letter),
        actor.id,
        now,
        version=made.version,
        gaps=len(gaps(written)),
        sources_checked=sources_checked or not open_rules,
        alone=alone,
    )
    if not two and not alone:
        raise LetterError(
            "a letter is written by one person and approved by another, each signed in to the console as a user of "
            "their own: who sits at the shell may be either. If the site has one person only, declare it in the "
            "settings (`one_person`); the trail then says so each time"
        )
    if written.answer_by is not None and written.answer_by <= now.date():
        raise LetterError("the day for the answer that stands in the letter is over; draft it anew")
    apply(letter, after)
    letter.approved_by = actor.name
    letter.docx_sha256, letter.pdf_sha256 = files.keep(made.docx), files.keep(made.pdf)
    details: dict[str, Any] = {
        "sha256": made.sha256,
        "docx": letter.docx_sha256,
        "pdf": letter.pdf_sha256,
        "rules_looked_up": [g.id for g in open_rules],
    }
    if not two:
        details["one_person"] = True
    note(session, actor, now, letter, Act.APPROVE.value, details={"version": made.version, **details})
    record(session, actor, "letter.approve", f"letter:{letter.id}", "", about(letter, **details), at=now)


def withdraw(session: Session, actor: Actor, now: datetime, letter: Letter, reason: str) -> None:
    """Puts a letter away that was never sent.

    Raises:
        LetterError: it was sent, or no reason is given.
    """
    must(actor, Permission.WRITE_LETTER)
    if not reason.strip():
        raise LetterError("say why the letter is withdrawn")
    if letter.sending_at is not None:
        raise LetterError("a mail with this letter may have gone out; record first whether it did")
    apply(letter, states.done(standing(letter), Act.WITHDRAW, now))
    note(session, actor, now, letter, Act.WITHDRAW.value, reason)
    record(session, actor, "letter.withdraw", f"letter:{letter.id}", reason, about(letter), at=now)
