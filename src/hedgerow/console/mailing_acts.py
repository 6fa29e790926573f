"""What people do with mailings: upload, approve, pause, go on. And what the clock does: send, read bounces, forget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.filing import address_file, bounces, mailings, posting
from hedgerow.cases.filing.telling import PersonFields
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.console import notice_acts as acts
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.console.problems import NotFound
from hedgerow.console.services import Services
from hedgerow.outward.announcing import announce
from hedgerow.outward.happenings import Happening
from hedgerow.outward.settings import OutwardError
from hedgerow.outward.smtp import Mailer, SmtpMailer
from hedgerow.store.models.cases import Case
from hedgerow.store.models.filings import Mailing

NO_DOMAIN = "hedgerow.invalid"
"""In identifiers where there is no mail server: the file is then only for mail merge, and they are never sent."""
People = Callable[[str], Iterable[PersonFields] | None]
"""The people of a case; None where they cannot be listed."""


@dataclass(frozen=True)
class Uploaded:
    """What became of a file of addresses."""

    mailing_id: str
    people: int
    others: int
    """Lines of people whom the case does not concern: they were not kept."""
    without: int
    """People concerned for whom the file has no line."""
    faulty: int
    faults: tuple[str, ...]


def mailer_of(services: Services) -> Mailer | None:
    """The mail server that is configured.

    Raises:
        OutwardError: `outward.toml` is wrong.
    """
    smtp = services.outward.current().smtp
    return SmtpMailer(smtp) if smtp else None


def upload(
    services: Services,
    actor: Actor,
    case_id: str,
    content: bytes,
    *,
    regime: str,
    default_language: str,
    per_minute: int,
    delete_after_days: int,
    domain: str,
    people: People,
) -> Uploaded:
    """Keeps a file of addresses for one mailing."""
    with acts.told():
        found = address_file.read(content)
    # Before the transaction: the ledger may take its time, and the database has one writer.
    known = people(case_id)
    affected = frozenset(p.person for p in known) if known is not None else None
    kept, others, without = address_file.concerned(found.lines, affected)
    with acts.doing(services, actor, case_id) as d:
        row = mailings.upload(
            d.session,
            d.work,
            found,
            kept,
            regime=regime,
            default_language=default_language,
            per_minute=per_minute,
            delete_after_days=delete_after_days,
            domain=domain,
            by=actor,
            now=d.now,
        )
        d.note(
            "mailing.upload",
            mailing=row.id,
            regime=regime,
            people=row.people,
            others=others,
            without=without,
            faulty=found.faulty,
            file_sha256=found.sha256,
            delete_at=row.delete_at,
        )
        return Uploaded(row.id, row.people, others, without, found.faulty, found.faults)


def find(session: Session, mailing_id: str) -> Mailing:
    """One mailing.

    Raises:
        NotFound: there is none.
    """
    row = session.get(Mailing, acts.named(mailing_id))
    if row is None:
        raise NotFound("There is no such mailing.")
    return row


def of_case(session: Session, case_id: str) -> list[Mailing]:
    """The mailings of a case, the oldest first."""
    return list(session.scalars(select(Mailing).where(Mailing.case_id == case_id).order_by(Mailing.made_at)))


def approve(services: Services, actor: Actor, mailing_id: str) -> str:
    """Freezes the words and lets the mailing go; returns the case."""
    with acts.told():
        if mailer_of(services) is None:
            raise NoticeError("no mail server is configured: write [smtp] into outward.toml of the state directory")
    with services.database.reading() as session:
        case_id = find(session, mailing_id).case_id
    with acts.doing(services, actor, case_id) as d:
        row = mailings.approve(d.session, d.work, find(d.session, mailing_id), by=actor, now=d.now)
        d.note("mailing.approve", mailing=row.id, regime=row.regime, people=row.people, facts=row.facts)
    return case_id


def pause(services: Services, actor: Actor, mailing_id: str) -> None:
    """Stops a mailing for now."""
    _change(services, actor, mailing_id, "mailing.pause", lambda s, m: mailings.pause(s, m, services.clock()))


def go_on(services: Services, actor: Actor, mailing_id: str) -> None:
    """Lets a paused mailing go on."""
    _change(services, actor, mailing_id, "mailing.go_on", lambda s, m: mailings.go_on(s, m, services.clock()))


def _change(
    services: Services, actor: Actor, mailing_id: str, act: str, change: Callable[[Session, Mailing], None]
) -> None:
    with acts.told(), services.database.session() as session:
        row = find(session, mailing_id)
        change(session, row)
        record(session, actor, act, f"case:{row.case_id}", "", {"mailing": row.id}, at=services.clock())


def round_of_mail(services: Services, mailer: Mailer | None) -> None:
    """What the clock does: sends what is due, reads what came back, and deletes addresses on their day."""
    with services.database.session() as session:
        for gone in mailings.forget_due(session, services.clock()):
            record(
                session,
                Actor.system(),
                "mailing.forget",
                f"case:{gone.case_id}",
                "",
                {"mailing": gone.id, "people": gone.people},
                at=services.clock(),
            )
    _bounces(services, services.folder.path / bounces.FOLDER)
    with services.database.reading() as session:
        waiting = posting.under_way(session)
    for mailing_id in waiting:
        _post(services, mailer, mailing_id)


def _post(services: Services, mailer: Mailer | None, mailing_id: str) -> None:
    try:
        done = False if mailer is None else posting.post(services.database, mailer, mailing_id, services.clock).done
    except OutwardError as e:
        structlog.get_logger().warning("mailing_stuck", mailing=mailing_id, error=str(e))
        mailer = None
    if mailer is None:
        _say(services, mailing_id, "mailing.stuck", "Notices to people do not leave: the mail server cannot be used")
    elif done:
        _say(services, mailing_id, "mailing.done", "Every notice of a mailing has left")


def _say(services: Services, mailing_id: str, kind: str, title: str) -> None:
    now = services.clock()
    with services.database.session() as session:
        row = session.get(Mailing, mailing_id)
        number = session.scalar(select(Case.number).where(Case.id == row.case_id)) if row else None
        stuck = kind == "mailing.stuck"
        announce(
            session,
            Happening(
                # Stuck once a day is enough.
                id=f"{kind}-{mailing_id}{f'-{now.date()}' if stuck else ''}",
                kind=kind,
                at=now,
                title=title,
                severity="high" if stuck else "note",
                decide="Look at the mail server and its settings" if stuck else "",
                case=number or "",
                path=f"/notices/mailings/{mailing_id}",
            ),
        )


def _bounces(services: Services, folder: Path) -> None:
    paths = bounces.waiting(folder)
    if not paths:
        return
    with services.database.session() as session:
        bounces.take_in(session, folder)
    bounces.clear(paths)
