"""How fast the console's pages are with a large ledger and many cases.

    python benches/ledger.py --disclosures 10_000_000 --state /tmp/ledger-bench
    python benches/console.py --state /tmp/ledger-bench

Makes a database of its own with 1,000 cases (principals, events, tasks, notes, figures, a letter and notices each), asks
every page of the navigation and of one case in-process, and prints the median time of each; `build/console-bench.json`
has them all. The ledger is only read. Exits with 1 when a median is above 200 ms.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from hedgerow.brain.folder import Folder
from hedgerow.cases.core.opening import Who, open_by_person
from hedgerow.cases.core.telling import case_facts
from hedgerow.cases.core.timeline import note_event
from hedgerow.cases.core.working import add_note, add_task
from hedgerow.cases.filing import casework, dues, registering, statements
from hedgerow.console.access import sessions
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Role, permissions_of
from hedgerow.console.app import create_app
from hedgerow.console.letter_desk import LetterDesk, LetterInput
from hedgerow.console.services import Services
from hedgerow.control import Control
from hedgerow.store.database import Database
from hedgerow.store.models.accounts import User, UserRole
from hedgerow.store.models.cases import Case, CaseField, CaseFigure
from hedgerow.store.models.letters import Letter, LetterEvent, LetterVersion

NOW = datetime(2026, 11, 18, 0, 0, tzinfo=UTC)
"""The end of the ledger that benches/ledger.py writes."""
TARGET_MS = 200.0
BASE = "http://127.0.0.1:8799"
OPEN_OF_TEN = 3
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


@dataclass
class Timed:
    """One page, asked often."""

    path: str
    median_ms: float
    cpu_ms: float
    """Median of what this process computed for it: on a machine that does other things too, the better guide."""
    slowest_ms: float
    bytes: int
    queries: int


def furnish(services: Services, actor: Actor, site: str, cases: int) -> None:
    """Makes the cases, with all that hangs on them."""
    letter: Letter | None = None
    for n in range(cases):
        at = NOW - timedelta(hours=2 * (cases - n))
        with services.database.session() as session:
            if n == 0:
                statements.state(session, None, "organisation", ORGANISATION, by=actor, now=at)
            case = open_by_person(
                session,
                actor,
                at,
                title=f"Pages of members read in order ({n})",
                site=site,
                reason="read in order",
                summary="Somebody read the pages of members one after the other. " * 5,
                principals=[Who("session", _name("s", n, k), "read in order", 900) for k in range(5)],
            )
            _fill(session, case, actor, at)
            if n % 10 >= OPEN_OF_TEN:
                case.state, case.closed_at, case.closed_by = "closed", at + timedelta(days=9), actor.name
                for task in case.tasks:
                    task.done_at, task.done_by = at + timedelta(days=1), actor.name
            case_id = case.id
        if letter is None:
            desk = LetterDesk(services)
            made = desk.draft(actor, case_id, LetterInput.of("cease_and_desist", "en", **LETTER))
            with services.database.reading() as session:
                letter = session.get_one(Letter, made)
                pattern = letter.versions[0]
                document, sha256 = pattern.document, pattern.sha256
        else:
            with services.database.session() as session:
                _copy_letter(services, letter, document, sha256, case_id, at, n)
        with services.database.session() as session:
            found = casework.read(session, case_facts(session, case_id), at)
            if n % 10 < OPEN_OF_TEN:
                dues.refresh(session, found, at)
            else:
                registering.enter(session, found, by=actor, now=at)


def _name(kind: str, *what: int) -> str:
    return hashlib.sha256(f"{kind}{what}".encode()).hexdigest()[:24]


def _fill(session: Session, case: Case, actor: Actor, at: datetime) -> None:
    for k in range(20):
        note_event(session, case, actor, at, "remark", f"something happened ({k})")
    for k in range(3):
        add_note(session, actor, at, case, f"A note of some length, number {k}. " * 8)
        add_task(session, actor, at, case, f"Task {k}", at + timedelta(days=k + 1))
    for k, (name, sensitivity) in enumerate((("name", "basic"), ("town", "personal"), ("email", "contact"))):
        session.add(
            CaseField(
                case_id=case.id,
                name=name,
                sensitivity=sensitivity,
                mark="confirmed",
                reason="in the ledger",
                people=900 - k,
                by=actor.name,
                at=at,
                proposed_mark="confirmed",
                proposed_reason="in the ledger",
            )
        )
    session.add(CaseFigure(case_id=case.id, serial=1, low=900, high=900, method="ledger, exact", at=at, by=actor.name))
    for place, people in (("FR", 500), ("NZ", 400)):
        value = {"low": people, "method": "account"}
        statements.state(session, case.id, f"residences.{place}", value, by=actor, now=at)
    for answer in range(1, 9):
        statements.state(session, case.id, f"answers.Q{answer}", "yes", by=actor, now=at, why="seen in the ledger")
    statements.state(session, case.id, "events.aware", at.isoformat(), by=actor, now=at)


def _copy_letter(
    services: Services, of: Letter, document: dict[str, Any], sha256: str, case_id: str, at: datetime, n: int
) -> None:
    with services.database.session() as session:
        copied = Letter(
            case_id=case_id,
            serial=1,
            number=f"C-COPY-{n:05}-L1",
            kind=of.kind,
            language=of.language,
            recipient=of.recipient,
            sender=of.sender,
            particulars=of.particulars,
            state="sent" if n % 2 else "draft",
            created_at=at,
            created_by="bench",
            changed_at=at,
            sent_at=at if n % 2 else None,
            due_at=at + timedelta(days=10) if n % 2 else None,
        )
        session.add(copied)
        session.flush()
        session.add(
            LetterVersion(
                letter_id=copied.id,
                number=1,
                made_at=at,
                written_by="bench",
                writer="bench",
                origin="drafted",
                document=document,
                sha256=sha256,
            )
        )
        session.add(LetterEvent(letter_id=copied.id, serial=1, act="drafted", at=at, recorded_at=at, by="bench"))


def measure(client: TestClient, engine: Engine, path: str, rounds: int) -> Timed:
    """Asks one page often."""
    asked = 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    event.listen(engine, "before_cursor_execute", count)
    times, computed = [], []
    for n in range(rounds + 1):
        asked = 0
        begun, computing = time.perf_counter(), time.process_time()
        answer = client.get(path)
        took, took_cpu = (time.perf_counter() - begun) * 1000, (time.process_time() - computing) * 1000
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code}")
        if n:  # the first one compiles the template
            times.append(took)
            computed.append(took_cpu)
    event.remove(engine, "before_cursor_execute", count)
    return Timed(path, statistics.median(times), statistics.median(computed), max(times), len(answer.content), asked)


def main() -> int:
    """Makes, measures, prints."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--state", type=Path, required=True, help="state directory with a ledger; it is only read")
    options.add_argument("--cases", type=int, default=1_000)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--out", type=Path, default=Path("build/console-bench.json"))
    options.add_argument("--keep", type=Path, help="folder in which the database stays, and is found the next time")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="console-bench-") as temporary:
        scratch = chosen.keep or Path(temporary)
        scratch.mkdir(parents=True, exist_ok=True)
        found = (scratch / "console.db").exists()
        database = Database(f"sqlite:///{scratch}/console.db")
        if not found:
            database.create_all()
        folder = Folder(chosen.state)
        control = Control(scratch / "control.sock")
        services = Services(database, folder, control, lambda: NOW, config=Path("examples/directory/hedgerow.yaml"))
        with database.session() as session:
            user = session.scalar(select(User))
            if user is None:
                roles = [UserRole(role=Role.OWNER, given_at=NOW)]
                user = User(name="bench", shown_name="bench", made_at=NOW, roles=roles)
                session.add(user)
                session.flush()
            token = sessions.start(session, user, "password", "bench", NOW, services.settings)
            actor = Actor(user.id, "bench", frozenset({Role.OWNER}), permissions_of([Role.OWNER]))
        begun = time.perf_counter()
        (site, *_) = services.overviews.sites()
        if not found:
            furnish(services, actor, site, chosen.cases)
        made_s = time.perf_counter() - begun
        begun = time.perf_counter()
        services.overviews.refresh()  # what a thread of the console does on the side
        overview_s = time.perf_counter() - begun
        app = create_app(services)
        client = TestClient(app, base_url=BASE)
        client.cookies.set(sessions.cookie_name(services.settings), token)
        case = client.get("/api/v1/cases", params={"order": "opened"}).json()["cases"][0]["id"]
        letter = client.get("/api/v1/letters", params={"case": case}).json()[0]["id"]
        paths = [entry.path for entry in app.state.navigation]
        paths += ["/cases?state=all", "/cases?state=all&q=order&page=9", f"/cases/{case}", f"/letters/{letter}"]
        paths += [f"/notices/cases/{case}", f"/notices/cases/{case}/worksheet", "/notices/register"]
        paths += ["/api/v1/cases", f"/api/v1/cases/{case}", f"/api/v1/notices/cases/{case}"]
        timed = [measure(client, database.engine, path, chosen.rounds) for path in paths]
        database.close()
    print(
        f"{chosen.cases:,} cases made in {made_s:.0f} s; the overview of the ledger, on the side: {overview_s:.1f} s\n"
    )
    print(f"{'page':<34} {'median ms':>9} {'CPU ms':>7} {'slowest':>8} {'kB':>6} {'queries':>8}")
    for one in timed:
        shown = one.path.replace(case, "CASE").replace(letter, "LETTER")
        print(
            f"{shown:<34} {one.median_ms:9.1f} {one.cpu_ms:7.1f} {one.slowest_ms:8.1f} {one.bytes / 1000:6.0f} {one.queries:8}"
        )
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    pages = [{**vars(t), "path": t.path.replace(case, "CASE").replace(letter, "LETTER")} for t in timed]
    chosen.out.write_text(
        json.dumps({"cases": chosen.cases, "overview_s": overview_s, "pages": pages}, indent=2) + "\n"
    )
    return int(any(t.median_ms > TARGET_MS for t in timed))


if __name__ == "__main__":
    raise SystemExit(main())
