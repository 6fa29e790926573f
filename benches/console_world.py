"""A console's database as it is after a busy year: 1,000 cases with all that hangs on them, made for benchmarks.

One case, the newest, is heavy: hundreds of events, a hundred principals, dozens of tasks, notes and letters. Nothing in
it is about anybody: names are hashes, addresses are reserved ones.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hedgerow.brain.folder import Folder
from hedgerow.cases.claims import receiving
from hedgerow.cases.core.opening import Who, open_by_person
from hedgerow.cases.core.sealing import Sealer
from hedgerow.cases.core.telling import case_facts
from hedgerow.cases.core.timeline import note_event
from hedgerow.cases.core.working import add_note, add_task
from hedgerow.cases.filing import casework, dues, mailings, registering, statements
from hedgerow.cases.filing.address_file import AddressFile, Line
from hedgerow.console.access import sessions, setup_links
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Role, permissions_of
from hedgerow.console.decisions import FIRST, hash_of
from hedgerow.console.letter_desk import LetterDesk, LetterInput
from hedgerow.console.services import Services
from hedgerow.measures import Act, Measure, MeasureTable
from hedgerow.policy import load_file
from hedgerow.review.months import Month
from hedgerow.store.base import new_id
from hedgerow.store.models.accounts import User, UserRole
from hedgerow.store.models.appeals import Appeal, AppealExample
from hedgerow.store.models.cases import (
    Case,
    CaseEvidence,
    CaseField,
    CaseFigure,
    CaseHold,
    Containment,
    Lesson,
)
from hedgerow.store.models.claims import Claim, ClaimCorrelation, ClaimSample
from hedgerow.store.models.filings import Mailing
from hedgerow.store.models.letters import Letter, LetterEvent, LetterRecheck, LetterVersion
from hedgerow.store.models.outbox import Channel, OutboxMessage, Subscription
from hedgerow.store.models.policy_versions import PolicyVersion
from hedgerow.store.models.reviews import DrillRecord, MonthFigures, Review
from hedgerow.store.models.trail import Decision

BASE = "http://127.0.0.1:8799"
NOW = datetime(2026, 11, 18, 0, 0, tzinfo=UTC)
"""The end of the ledger that benches/ledger.py writes."""
OPEN_OF_TEN = 3
LETTERS_A_CASE = 5
CLAIMS = 400
APPEALS = 3_000
DECISIONS = 40_000
MONTHS = 12
USERS = 40
VERSIONS = 60
MESSAGES = 5_000
MEASURES = 800
RECIPIENTS = 5_000
ORGANISATION = {
    "name": "Example Club",
    "address": "1 Example Street",
    "established_in": ["FR"],
    "main_establishment": "FR",
    "contact": {"name": "Dana Example", "email": "privacy@club.example", "phone": "+1 202 555 0100"},
}
LETTER: dict[str, Any] = {
    "recipient": {"name": "Data Offers Ltd", "address": "1 High Street\nLondon"},
    "sender": {"organisation": "Example Club", "address": "12 rue des Haies\n75001 Paris", "place": "FR"},
    "particulars": {},
}
STATED: dict[str, Any] = {
    "plain_words.en": "A program read the pages of our members, one after the other.",
    "plain_taken.en": ["We closed the search."],
    "plain_planned.en": ["We will watch more closely."],
    "harms": ["phishing", "loss_of_control"],
    "nature": ["confidentiality"],
    "cause": "no limit for addresses that change",
}


def scratch_state(ledger: Path, folder: Path) -> Folder:
    """A state directory with the ledger of another one, in which everything else is written elsewhere."""
    state = folder / "state"
    if not state.exists():
        state.mkdir()
        (state / "sites").symlink_to((ledger / "sites").resolve(), target_is_directory=True)
        for name in ("secret", "audit.jsonl"):
            if (ledger / name).exists():
                shutil.copy(ledger / name, state / name)
    return Folder(state)


def in_force(folder: Folder, config: Path, site: str) -> None:
    """Puts the example's policy into force for the ledger's site, as the gateway of a real one would have."""
    tables: Any = load_file(config).tables
    tables["sites"][0]["name"] = site
    folder.policy.write_text(json.dumps(tables), encoding="utf-8")


def owner(services: Services) -> tuple[Actor, str]:
    """The owner, and the cookie of one who is signed in."""
    with services.database.session() as session:
        user = session.scalar(select(User).where(User.name == "bench"))
        if user is None:
            roles = [UserRole(role=Role.OWNER, given_at=NOW)]
            user = User(name="bench", shown_name="bench", made_at=NOW, roles=roles)
            session.add(user)
            session.flush()
        token = sessions.start(session, user, "password", "bench", NOW, services.settings)
        return Actor(user.id, "bench", frozenset({Role.OWNER}), permissions_of([Role.OWNER])), token


def name_of(kind: str, *what: int) -> str:
    """A keyed name that nobody has: 24 hexadecimal digits."""
    return hashlib.sha256(f"{kind}{what}".encode()).hexdigest()[:24]


def furnish(services: Services, actor: Actor, site: str, cases: int) -> None:
    """Makes everything; some minutes for 1,000 cases."""
    with services.database.session() as session:
        statements.state(session, None, "organisation", ORGANISATION, by=actor, now=NOW - timedelta(days=300))
        _users(session)
        _policies(session, services)
    pattern: tuple[str, dict[str, Any], str] | None = None
    for n in range(cases):
        at = NOW - timedelta(hours=8 * (cases - n))
        heavy = n == cases - 1
        with services.database.session() as session:
            case = _case(session, actor, site, n, at, heavy=heavy)
            case_id, number = case.id, case.number
        if pattern is None:
            pattern = _pattern(services, actor, case_id)
        with services.database.session() as session:
            _letters(session, pattern, case_id, number, at, 30 if heavy else LETTERS_A_CASE)
            found = casework.read(session, case_facts(session, case_id), at)
            registering.enter(session, found, by=actor, now=at)
            if heavy or n % 10 < OPEN_OF_TEN:
                dues.refresh(session, casework.read(session, case_facts(session, case_id), at), at)
            if heavy:
                _mailing(session, actor, case_id, at)
    with services.database.session() as session:
        _claims(session, services, actor, site, case_id)
        _appeals(session, services, site)
        _months(session, actor, site)
        _outward(session)
        _trail(session, actor)
    _measures(services, site)


def _case(session: Session, actor: Actor, site: str, n: int, at: datetime, *, heavy: bool) -> Case:
    principals = [Who("session", name_of("s", n, k), "read in order", 900) for k in range(100 if heavy else 5)]
    case = open_by_person(
        session,
        actor,
        at,
        title=f"Pages of members read in order ({n})",
        site=site,
        reason="read in order",
        summary="Somebody read the pages of members one after the other. " * 5,
        principals=principals,
    )
    for k in range(400 if heavy else 20):
        note_event(session, case, actor, at, "remark", f"something happened ({k})")
    for k in range(40 if heavy else 3):
        add_note(session, actor, at, case, f"A note of some length, number {k}. " * 8)
        add_task(session, actor, at, case, f"Task {k}", at + timedelta(days=k + 1))
    for k, (name, sensitivity) in enumerate((("name", "basic"), ("town", "personal"), ("email", "contact"))):
        reason = "in the ledger"
        said = {"mark": "confirmed", "reason": reason, "proposed_mark": "confirmed", "proposed_reason": reason}
        session.add(
            CaseField(case_id=case.id, name=name, sensitivity=sensitivity, people=900 - k, by=actor.name, at=at, **said)
        )
    for k in range(6 if heavy else 1):
        figure = {"serial": k + 1, "low": 900, "high": 900 + k, "method": "ledger, exact", "reason": "it goes on"}
        session.add(CaseFigure(case_id=case.id, at=at, by=actor.name, **figure))
    for place, people in (("FR", 500), ("NZ", 400)):
        value = {"low": people, "method": "account"}
        statements.state(session, case.id, f"residences.{place}", value, by=actor, now=at)
    for answer in range(1, 9):
        statements.state(session, case.id, f"answers.Q{answer}", "yes", by=actor, now=at, why="seen in the ledger")
    statements.state(session, case.id, "events.aware", at.isoformat(), by=actor, now=at)
    for key, value in STATED.items():
        statements.state(session, case.id, key, value, by=actor, now=at)
    _kept(session, actor, case, at, 10 if heavy else 1)
    if not heavy and n % 10 >= OPEN_OF_TEN:
        case.state, case.closed_at, case.closed_by = "closed", at + timedelta(days=9), actor.name
        for task in case.tasks:
            task.done_at, task.done_by = at + timedelta(days=1), actor.name
    return case


def _kept(session: Session, actor: Actor, case: Case, at: datetime, many: int) -> None:
    for k in range(many):
        digest = hashlib.sha256(f"{case.id}{k}".encode()).hexdigest()
        pack = {"name": f"pack-{k}", "path": f"/nowhere/pack-{k}", "sha256": digest, "zip_sha256": digest}
        session.add(
            CaseEvidence(
                case_id=case.id, people=900, records=4_000, reason="for counsel", made_at=at, by=actor.name, **pack
            )
        )
        step = {"step": "refuse", "target": f"session:{name_of('s', k)}", "expires_at": at + timedelta(days=2)}
        session.add(
            Containment(
                case_id=case.id,
                reason="read in order",
                started_at=at,
                effective_at=at + timedelta(minutes=3),
                by=actor.name,
                **step,
            )
        )
        session.add(Lesson(case_id=case.id, change="A budget for sessions", kind="outside", at=at, by=actor.name))
    held = {"hold_id": name_of("h", many)[:16], "reason": "a civil claim", "until": at + timedelta(days=400)}
    session.add(CaseHold(case_id=case.id, placed_at=at, by=actor.name, **held))


def _pattern(services: Services, actor: Actor, case_id: str) -> tuple[str, dict[str, Any], str]:
    desk = LetterDesk(services)
    made = desk.draft(actor, case_id, LetterInput.of("cease_and_desist", "en", **LETTER))
    with services.database.reading() as session:
        version = session.get_one(Letter, made).versions[0]
        return made, version.document, version.sha256


STATES = (
    "draft",
    "approved",
    "sent",
    "delivered",
    "answered",
    "bounced",
    "overdue",
    "closed",
    "withdrawn",
    "escalated",
)


def _letters(
    session: Session, pattern: tuple[str, dict[str, Any], str], case_id: str, number: str, at: datetime, many: int
) -> None:
    of, document, sha256 = session.get_one(Letter, pattern[0]), pattern[1], pattern[2]
    for k in range(many):
        state = STATES[(k + int(number[-4:])) % len(STATES)]
        left = state not in ("draft", "approved", "withdrawn")
        letter = Letter(
            case_id=case_id,
            serial=k + 2,
            number=f"{number}-L{k + 2}",
            kind=of.kind,
            language=of.language,
            recipient=of.recipient,
            sender=of.sender,
            particulars=of.particulars,
            state=state,
            created_at=at,
            created_by="bench",
            changed_at=at + timedelta(minutes=k),
            sent_at=at if left else None,
            due_at=at + timedelta(days=10) if left else None,
            answered_at=at + timedelta(days=8) if state == "answered" else None,
        )
        session.add(letter)
        session.flush()
        origin = {"written_by": "bench", "writer": "bench", "origin": "drafted"}
        session.add(
            LetterVersion(letter_id=letter.id, number=1, made_at=at, document=document, sha256=sha256, **origin)
        )
        for serial, act in enumerate(("drafted", "approve", "send", "deliver")[: 4 if left else 1], 1):
            session.add(LetterEvent(letter_id=letter.id, serial=serial, act=act, at=at, recorded_at=at, by="bench"))
        if state == "closed":
            for days in (30, 90, 180):
                due = at + timedelta(days=days)
                session.add(LetterRecheck(letter_id=letter.id, due_at=due, after_days=days))


def _mailing(session: Session, actor: Actor, case_id: str, at: datetime) -> None:
    work = casework.read(session, case_facts(session, case_id), at)
    lines = tuple(Line(str(n), f"m{n}@club.example", f"Member {n}", "en") for n in range(RECIPIENTS))
    regime = next(a.regime.id for a in work.plan.applies if a.regime.to_people)
    limits = {"default_language": "en", "per_minute": 60, "delete_after_days": 14, "domain": "club.example"}
    file = AddressFile(lines, (), 0, hashlib.sha256(b"made up").hexdigest())
    mailings.upload(session, work, file, lines, regime=regime, by=actor, now=at, **limits)  # type: ignore[arg-type]


def _claims(session: Session, services: Services, actor: Actor, site: str, case_id: str) -> None:
    sealer = Sealer(services.ledgers.secret())
    for n in range(CLAIMS):
        at = NOW - timedelta(hours=20 * (CLAIMS - n))
        key = hashlib.sha256(f"claim {n}".encode()).hexdigest()
        what = receiving.Received(
            "form", site, f"Records of members ({n})", "I saw records. " * 40, at, key, "a@b.example"
        )
        claim, _ = receiving.receive(session, actor, at, what, sealer)
        for k in range(5):
            text = f"person {n} {k}"
            session.add(
                ClaimSample(
                    claim_id=claim.id,
                    kind="person",
                    sealed=sealer.seal(text, f"sample:{n}:{k}"),
                    digest=sealer.digest(text, "sample"),
                    outcome="genuine" if k == 0 else "no_match",
                    person=str(n * 10 + k),
                    why="in the ledger",
                    added_at=at,
                    added_by=actor.name,
                )
            )
        found = [
            {
                "level": "session",
                "principal": name_of("s", n, k),
                "at_least": 3,
                "at_most": 3,
                "people": 900,
                "chance": 0.001,
                "chance_in_words": "1 in 1,000",
                "first": "2026-11-01",
                "last": "2026-11-10",
            }
            for k in range(100)
        ]
        ran = {"since": at - timedelta(days=180), "until": at, "samples_digest": key, "method": "sketches"}
        session.add(
            ClaimCorrelation(claim_id=claim.id, ran_at=at, by=actor.name, people=3, found=found, caveats=[], **ran)
        )
        if n < CLAIMS - 60:
            claim.state, claim.decided_at, claim.decided_by = "unfounded", at + timedelta(days=2), actor.name
        elif n % 10 == 0:
            claim.case_id = case_id
    session.flush()
    # What is shown of a sample is sealed for its own identifier.
    for sample in session.scalars(select(ClaimSample).join(Claim).where(Claim.decided_at.is_(None))):
        sample.sealed = sealer.seal("a record", f"sample:{sample.id}")


def _appeals(session: Session, services: Services, site: str) -> None:
    sealer = Sealer(services.ledgers.secret())
    for n in range(APPEALS):
        at = NOW - timedelta(hours=2.9 * (APPEALS - n))
        waits = n >= APPEALS - 120
        appeal = Appeal(
            id=new_id(),
            letter_id=name_of("letter", n),
            number=f"{n:04X}-{n * 7 % 65536:04X}-0000",
            site=site,
            reference=f"{n:014X}",
            received_at=at,
            taken_up_at=at,
            answer_by=at + timedelta(days=3),
            lane="visitor" if n % 3 else "privacy",
            asn=64_500 + n % 20,
            aid=n % 9 == 0,
            no_script=n % 7 == 0,
            names={"session": name_of("s", n), "network": name_of("n", n % 50)} if waits else {},
            verdict={"action": "refuse" if n % 2 else "prove", "at_ms": int(at.timestamp() * 1000), "reasons": []},
            state="open" if waits else "answered",
            outcome=None if waits else ("wrong", "upheld", "partly")[n % 3],
            answer="" if waits else "We looked at it again.",
            answered_at=None if waits else at + timedelta(days=1),
            answered_by=None if waits else "bench",
            erase_after=at + timedelta(days=90),
        )
        appeal.sealed_text = sealer.seal("I was stopped. " * 20, f"appeal:{appeal.id}") if waits else None
        session.add(appeal)
        if appeal.outcome == "wrong":
            example = {
                "label": "ordinary",
                "signals": [{"code": "signal.pace", "points": 3}],
                "features": {"lane": "visitor"},
            }
            session.add(
                AppealExample(appeal_id=appeal.id, site=site, reference=appeal.reference, made_at=at, **example)
            )
    session.flush()


def _months(session: Session, actor: Actor, site: str) -> None:
    month = Month.of(NOW)
    figures = {
        "people_disclosed": 150_000,
        "people_to_strangers": 90_000,
        "people_masked": 40_000,
        "most_curious_share": "0.06",
        "gaps": 3,
        "verdicts": {"allow": 5_000_000, "mask": 10_000},
        "visitors_refused": 4_000,
        "members": 200_000,
    }
    for _ in range(MONTHS + 1):
        over = month.until <= NOW
        session.add(
            MonthFigures(month=str(month), site=site, values=figures, counted_at=min(month.until, NOW), whole=over)
        )
        if over:
            for n in range(2):
                signed = month.until + timedelta(days=2 + n)
                shown = {
                    "figures": [],
                    "changes": [{"key": f"d{k}", "at": "", "what": "x" * 80, "who": "y"} for k in range(300)],
                }
                session.add(
                    Review(
                        month=str(month),
                        digest=name_of("r", n) * 2,
                        shown=shown,
                        conclusion="Nothing unusual.",
                        signed_at=signed,
                        signed_by=actor.name,
                        signer_id=actor.id,
                    )
                )
            session.add(
                DrillRecord(
                    held_at=month.since + timedelta(days=3),
                    scenario="A thousand addresses",
                    people_exposed=40,
                    detected_after_s=300,
                    findings="One budget is lower now.",
                    by=actor.name,
                    noted_at=month.since + timedelta(days=4),
                )
            )
        month = month.previous


def _users(session: Session) -> None:
    for n in range(USERS):
        roles = [UserRole(role=list(Role)[n % len(Role)], given_at=NOW)]
        session.add(User(name=f"user{n}@club.example", shown_name=f"User {n}", made_at=NOW, roles=roles))


def _policies(session: Session, services: Services) -> None:
    text = services.config.read_text(encoding="utf-8") if services.config else ""
    for n in range(VERSIONS):
        state = "in_force" if n == VERSIONS - 2 else "proposed" if n == VERSIONS - 1 else "superseded"
        changed = f"{text}\n# {n}\n"
        session.add(
            PolicyVersion(
                number=n + 1,
                sha256=hashlib.sha256(changed.encode()).hexdigest(),
                text=changed,
                state=state,
                note=f"change {n}",
                made_at=NOW - timedelta(days=VERSIONS - n),
            )
        )


def _outward(session: Session) -> None:
    for n in range(8):
        channel = Channel(
            id=new_id(), name=f"Channel {n}", kind="mail", target=f"c{n}@club.example", made_at=NOW, made_by="bench"
        )
        session.add(channel)
        session.add(Subscription(channel_id=channel.id, happening="case.opened", least="medium"))
        session.flush()
        messages = [
            {
                "id": new_id(),
                "channel_id": channel.id,
                "happening_id": f"happening-{n}-{k}",
                "kind": "case.opened",
                "severity": "high",
                "payload": {"title": "A case was opened", "path": "/cases/x"},
                "made_at": NOW - timedelta(minutes=k),
                "state": ("sent", "waiting", "failed")[k % 3],
                "attempts": 1,
                "next_at": NOW,
                "sent_at": NOW,
                "error": "",
            }
            for k in range(MESSAGES // 8)
        ]
        session.execute(insert(OutboxMessage), messages)


def _trail(session: Session, actor: Actor) -> None:
    """The rest of a year's decisions, chained as `decisions.record` does it, many at once."""
    last = session.execute(
        select(Decision.number, Decision.hash).order_by(Decision.number.desc()).limit(1)
    ).one_or_none()
    number, before = (last.number, last.hash) if last else (0, FIRST)
    acts = (
        "case.note",
        "case.count",
        "measure.set",
        "measure.end",
        "user.roles",
        "policy.agree",
        "letter.send",
        "claim.dismiss",
    )
    while number < DECISIONS:
        number += 1
        row = Decision(
            number=number,
            at=NOW - timedelta(minutes=13 * (DECISIONS - number)),
            actor_id=actor.id,
            actor_name=f"User {number % USERS}",
            via="console",
            act=acts[number % len(acts)],
            subject=f"principal:bench/session/{name_of('s', number % 500)[:16]}"
            if number % 8 == 2
            else f"case:{number % 1000}",
            reason="as agreed in the meeting",
            details={"act": "refuse", "name": f"thing {number}"},
            before=before,
        )
        row.hash = before = hash_of(row)
        session.add(row)
        if number % 2_000 == 0:
            session.flush()
            session.expunge_all()


def _measures(services: Services, site: str) -> None:
    table = MeasureTable(services.folder.path)
    now_s = int(NOW.timestamp())
    for n in range(MEASURES):
        measure = Measure(
            id=f"m-{n:016x}",
            site=site,
            level="session",
            name=name_of("s", n),
            act=(Act.WATCH, Act.REFUSE, Act.PROVE)[n % 3],
            from_s=now_s - 3_600,
            until_s=now_s + 86_400,
            by="bench",
            why="read in order",
        )
        table.set(measure, now_s)


def places(services: Services, site: str, month: str) -> dict[str, str]:
    """What stands for the parameters of addresses: the heaviest of each kind."""
    with services.database.session() as session:

        def newest(asked: Any) -> Any:
            return session.scalars(asked.limit(1)).one()

        case = newest(select(Case).order_by(Case.opened_at.desc()))
        letter = newest(select(Letter).where(Letter.case_id == case.id, Letter.state == "draft"))
        mailing = newest(select(Mailing))
        sent = newest(select(Letter).where(Letter.case_id == case.id, Letter.state == "sent"))
        if not sent.docx_sha256:
            sent.docx_sha256 = LetterDesk(services).files.keep(b"a file that left" * 4_000)
        user = session.scalars(select(User).where(User.name == "user0@club.example")).one()
        return {
            "case_id": case.id,
            "letter_id": letter.id,
            "/letters/{letter_id}/files/{digest} letter_id": sent.id,
            "/letters/{letter_id}/files/{digest} digest": sent.docx_sha256,
            "number": "1",
            "claim_id": newest(select(Claim).where(Claim.decided_at.is_(None))).id,
            "appeal_id": newest(select(Appeal).where(Appeal.state == "open")).id,
            "mailing_id": mailing.id,
            "regime": mailing.regime,
            "duty": "authority",
            "language": "en",
            "version_id": newest(select(PolicyVersion).order_by(PolicyVersion.number.desc())).id,
            "channel_id": newest(select(Channel)).id,
            "month": month,
            "site": site,
            "token": setup_links.of_user(session, user, services.clock()),
        }
