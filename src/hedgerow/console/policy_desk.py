"""Changes of the policy: proposed, checked, agreed to, brought into force, with their history.

The policy stays a file that people edit with what they like; the brain takes up a change by itself. The console is one
more hand on that file: it writes the whole text, keeps every version that was in force, and never writes over a version
that somebody else put there meanwhile.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Permission
from hedgerow.console.decisions import record
from hedgerow.console.problems import Conflict, NoPolicy, NotAllowed, NotFound, Wrong
from hedgerow.console.services import Services
from hedgerow.policy import Compiled, PolicyError, load_text, write_whole
from hedgerow.policy.changes import Change, changes
from hedgerow.policy.layers import Protection, layers_of
from hedgerow.store.models.policy_versions import PolicyVersion

MOST_CHARACTERS: Final = 1 << 20
IN_FORCE: Final = "in_force"
PROPOSED: Final = "proposed"
SUPERSEDED: Final = "superseded"
REJECTED: Final = "rejected"
WITHDRAWN: Final = "withdrawn"


@dataclass(frozen=True)
class Current:
    """The policy as it stands in its file."""

    path: Path
    text: str

    @property
    def sha256(self) -> str:
        """The engine's name for it."""
        return digest(self.text)


@dataclass(frozen=True)
class Checked:
    """What a text would be as a policy."""

    compiled: Compiled | None
    mistakes: tuple[str, ...]
    """With line and column, and what to write; empty when it holds together."""
    changes: tuple[Change, ...]
    thin: tuple[Protection, ...]
    """Routes of people with fewer than three acting layers."""


def digest(text: str) -> str:
    """SHA-256 of a policy as written."""
    return hashlib.sha256(text.encode()).hexdigest()


def current(services: Services) -> Current:
    """The policy file.

    Raises:
        NoPolicy: there is none here: a state of an audit, or a gateway on another machine.
    """
    path = services.config or services.folder.own_policy
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as e:
        raise NoPolicy(
            "There is no policy here. `hedgerow map URL --output hedgerow.yaml` proposes one, `hedgerow protect "
            "--config hedgerow.yaml` brings it into force; `hedgerow console --config FILE` names one elsewhere."
        ) from e
    except (OSError, UnicodeDecodeError) as e:
        raise Wrong(f"The policy {path} cannot be read: {e}.") from e
    return Current(path, text)


def check(text: str, before: str) -> Checked:
    """Reads a text as the gateway would, and says how it differs from the one in force."""
    try:
        compiled = load_text(text.encode(), "policy")
    except PolicyError as e:
        return Checked(None, tuple(e.report.lines()), (), ())
    try:
        old = load_text(before.encode(), "policy")
    except PolicyError:
        # What is in the file may be broken; then everything is new.
        old = None
    return Checked(compiled, (), tuple(changes(old, compiled)), tuple(p for p in layers_of(compiled) if p.thin))


def note_found(session: Session, now: datetime, found: Current) -> PolicyVersion:
    """The version that is in the file: kept as a version of its own when somebody edited the file by hand.

    Nobody decided that here, so the trail says that it was found: the review of the month has it among what changed.
    """
    last = session.scalar(
        select(PolicyVersion).where(PolicyVersion.state == IN_FORCE).order_by(PolicyVersion.number.desc()).limit(1)
    )
    if last is not None and last.sha256 == found.sha256:
        return last
    row = _add(
        session, now, found.text, IN_FORCE, "found in the file, edited there by hand" if last else "as it was found"
    )
    if last is not None:
        last.state = SUPERSEDED
        row.base_id = last.id
    session.flush()
    if last is not None:
        details = {"version": row.number, "sha256": row.sha256}
        record(session, Actor.system(), "policy.found", f"policy:{row.id}", row.note, details, at=now)
    return row


def keep_found(services: Services) -> None:
    """Notes what somebody put into the file by hand; nothing where it is known, or where there is no policy."""
    try:
        found = current(services)
    except (NoPolicy, Wrong):
        # The page of the policy says so to whoever opens it.
        return
    with services.database.reading() as session:
        known = session.scalar(
            select(PolicyVersion.id).where(PolicyVersion.state == IN_FORCE, PolicyVersion.sha256 == found.sha256)
        )
    if known is None:
        with services.database.session() as session:
            note_found(session, services.clock(), found)


def propose(
    session: Session, actor: Actor, found: Current, text: str, note: str, base_sha256: str, now: datetime
) -> PolicyVersion:
    """Keeps a proposal.

    Raises:
        Wrong: it has mistakes, changes nothing, or says not why.
        Conflict: the policy has changed since it was edited.
    """
    text = text.replace("\r\n", "\n")
    if base_sha256 != found.sha256:
        raise Conflict(
            "The policy was changed while you edited it. Your text is below; take the other changes into it."
        )
    if digest(text) == found.sha256:
        raise Wrong("This is the policy as it is; nothing was changed.")
    if not note.strip():
        raise Wrong("Say why it is changed: it stands in the history, and in the review of the month.")
    checked = check(text, found.text)
    if checked.mistakes:
        raise Wrong("The policy has mistakes: " + " ".join(checked.mistakes[:5]))
    base = note_found(session, now, found)
    row = _add(session, now, text, PROPOSED, note.strip()[:4_000])
    row.made_by, row.base_id = actor.id, base.id
    session.flush()
    details = {"version": row.number, "sha256": row.sha256, "changes": [c.setting for c in checked.changes[:100]]}
    record(session, actor, "policy.propose", f"policy:{row.id}", note, details, at=now)
    return row


def agree(session: Session, actor: Actor, services: Services, version: PolicyVersion, now: datetime) -> None:
    """Brings a proposal into force: as a second person where the policy asks for two, else as anybody who may edit.

    The file is written inside the transaction, last: when it cannot be, nothing was decided.

    Raises:
        NotAllowed: it needs somebody else.
        Conflict: it is no longer a proposal, or the file has changed since.
        Wrong: the file cannot be written.
    """
    if version.state != PROPOSED:
        raise Conflict("This is no longer a proposal.")
    second = services.settings.two_person_policy
    if second:
        if not actor.may(Permission.APPROVE_POLICY):
            raise NotAllowed("A change of the policy needs the agreement of an owner.")
        if version.made_by == actor.id and not services.settings.one_person:
            raise NotAllowed("A second person has to agree: you have proposed this yourself.")
    found = current(services)
    base = session.get(PolicyVersion, version.base_id) if version.base_id else None
    if base is None or base.sha256 != found.sha256:
        raise Conflict("The policy has changed since this was proposed. Propose it anew from the policy as it is now.")
    base.state = SUPERSEDED
    version.state, version.decided_at, version.decided_by = IN_FORCE, now, actor.id
    exception = second and version.made_by == actor.id
    record(
        session,
        actor,
        "policy.agree",
        f"policy:{version.id}",
        "",
        {"version": version.number, "sha256": version.sha256, **({"exception": "one person"} if exception else {})},
        at=now,
    )
    session.flush()
    try:
        write_whole(found.path, version.text)
    except OSError as e:
        raise Wrong(f"The policy {found.path} cannot be written: {e}. Nothing was changed.") from e


def refuse(session: Session, actor: Actor, version: PolicyVersion, reason: str, now: datetime) -> None:
    """Rejects a proposal, or withdraws one's own.

    Raises:
        Conflict: it is no longer a proposal.
    """
    if version.state != PROPOSED:
        raise Conflict("This is no longer a proposal.")
    version.state = WITHDRAWN if version.made_by == actor.id else REJECTED
    version.decided_at, version.decided_by = now, actor.id
    record(
        session, actor, f"policy.{version.state}", f"policy:{version.id}", reason, {"version": version.number}, at=now
    )


def history(session: Session, limit: int = 50) -> list[PolicyVersion]:
    """The versions, the newest first."""
    return list(session.scalars(select(PolicyVersion).order_by(PolicyVersion.number.desc()).limit(limit)))


def version_of(session: Session, version_id: str) -> PolicyVersion:
    """One version.

    Raises:
        NotFound: there is none.
    """
    row = session.get(PolicyVersion, version_id)
    if row is None:
        raise NotFound("There is no such version of the policy.")
    return row


def _add(session: Session, now: datetime, text: str, state: str, note: str) -> PolicyVersion:
    last = session.scalar(select(func.max(PolicyVersion.number))) or 0
    row = PolicyVersion(number=last + 1, sha256=digest(text), text=text, state=state, note=note, made_at=now)
    session.add(row)
    return row
