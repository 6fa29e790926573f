"""A case with notices, on either database, for tests of filing and of what goes out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hedgerow.cases.case_facts import CaseFacts, ContainmentFacts, FieldFacts
from hedgerow.cases.filing import casework, deciding, mailings, statements
from hedgerow.cases.filing.address_file import AddressFile
from hedgerow.cases.filing.casework import Casework
from hedgerow.cases.notices.codes import Duty
from hedgerow.cases.notices.counts import Count, Figures
from hedgerow.cases.notices.decisions import Outcome
from hedgerow.cases.notices.facts import Certainty, Residence
from hedgerow.cases.notices.loading import shipped
from hedgerow.outward.smtp import Mail, NeverError, NotNowError
from hedgerow.store.models.cases import Case
from hedgerow.store.models.filings import Mailing, NoticeDecision

AWARE = datetime(2026, 6, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 6, 1, 18, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    """Somebody who acts."""

    id: str = "dana000000000000000a"
    name: str = "Dana Example"


DANA = Person()


@dataclass
class Clock:
    """Virtual time."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        """Later by so much."""
        self.now += timedelta(**by)
        return self.now


def case_row(session: Session, number: str = "C-2026-0001") -> str:
    """A case in the database, and its identifier."""
    row = Case(
        number=number,
        title="Pages of members read in order",
        site="club",
        origin="person",
        rule=None,
        opened_at=AWARE,
        opened_by="Dana Example",
        period_since=AWARE - timedelta(days=7),
        period_until=None,
        detected_at=AWARE,
        first_disclosure_at=AWARE - timedelta(days=7),
        last_disclosure_at=AWARE,
        contained_at=None,
        counted_at=None,
        membership=None,
        closed_at=None,
        closed_by=None,
        changed_at=AWARE,
    )
    session.add(row)
    session.flush()
    return row.id


def facts_of(case_id: str, **changed: Any) -> CaseFacts:
    """What the case tells, as its own core would."""
    whole = CaseFacts(
        id=case_id,
        number="C-2026-0001",
        title="Pages of members read in order",
        summary="Somebody read the pages of members one after the other.",
        site="club",
        state="open",
        origin="person",
        opened_at=AWARE,
        opened_by="Dana Example",
        detected_at=AWARE,
        first_disclosure_at=AWARE - timedelta(days=7),
        last_disclosure_at=AWARE,
        severity="medium",
        severity_method="ENISA 2013, 2.5",
        fields=(
            FieldFacts("name", "basic", Certainty.CONFIRMED, "in the ledger", 900),
            FieldFacts("email", "contact", Certainty.POSSIBLE, "one click away"),
        ),
        people=Figures().superseded_by(Count(900, 900, "ledger, exact"), AWARE, "Dana Example"),
        residences=(Residence("FR", Count(500, 500, "account")), Residence("NZ", Count(400, 400, "account"))),
        containment=(ContainmentFacts("refuse", "one session was refused", AWARE, AWARE),),
    )
    return replace(whole, **changed)


ORGANISATION = {
    "name": "Example Club",
    "address": "1 Example Street",
    "established_in": ["FR"],
    "main_establishment": "FR",
    "contact": {"name": "Dana Example", "email": "privacy@club.example", "phone": "+1 202 555 0100"},
}
STATED: dict[str, Any] = {
    "events.aware": AWARE.isoformat(),
    "plain_words.en": "A program read the pages of our members, one after the other.",
    "plain_words.fr": "Un programme a lu les pages de nos membres, une par une.",
    "plain_taken.en": ["We closed the search."],
    "plain_taken.fr": ["Nous avons fermé la recherche."],
    "plain_planned.en": ["We will watch more closely."],
    "plain_planned.fr": ["Nous allons mieux veiller."],
    "planned": ["budgets for groups"],
    "harms": ["phishing", "loss_of_control"],
    "groups": [{"name": "members"}],
    "records": {"low": 900, "method": "ledger, exact"},
    "nature": ["confidentiality"],
    "cause": "no limit for addresses that change",
    "awareness": "own alarm",
    "in_place": ["a budget for each session"],
    "told_people": "by mail, as soon as the words are approved",
}


def state_all(session: Session, case_id: str, now: datetime = NOW) -> None:
    """States everything a notice needs."""
    statements.state(session, None, "organisation", ORGANISATION, by=DANA, now=now)
    for key, value in STATED.items():
        statements.state(session, case_id, key, value, by=DANA, now=now)


def work(session: Session, case_id: str, now: datetime = NOW, **changed: Any) -> Casework:
    """The case as its notices see it."""
    return casework.read(session, facts_of(case_id, **changed), now)


def sign(
    session: Session,
    found: Casework,
    regime: str = "EU",
    duty: Duty = Duty.AUTHORITY,
    outcome: Outcome = Outcome.NOTIFY,
    now: datetime = NOW,
) -> NoticeDecision:
    """Signs a decision that counts."""
    notice = shipped().get(regime).notice(duty)
    assert notice is not None
    return deciding.sign(
        session,
        found,
        regime=regime,
        duty=duty,
        outcome=outcome,
        reasons="Looked at and reasoned.",
        factors=dict.fromkeys(notice.test.factors, "yes, so"),
        by=DANA,
        now=now,
        seen=found.digest,
    )


@dataclass
class Post:
    """A mail server in memory: what it took, in order, and what it does next."""

    domain: str = "club.example"
    taken: list[Mail] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """Address and `later` or `never`."""
    crash: str = ""
    """`before` or `after` the next mail is taken: the process dies."""
    down: bool = False

    @contextmanager
    def open(self) -> Iterator[Post]:
        """A connection."""
        if self.down:
            raise NotNowError("nobody answers")
        yield self

    def send(self, mail: Mail, now: datetime) -> str:  # noqa: ARG002 - the face of a connection
        """Takes one mail."""
        crash, self.crash = self.crash, ""
        if crash == "before":
            raise KeyboardInterrupt
        said = self.refuse.get(mail.to)
        if said == "later":
            raise NotNowError("the server answered 451")
        if said == "never":
            raise NeverError("the server answered 550 5.1.1")
        self.taken.append(mail)
        if crash == "after":
            raise KeyboardInterrupt
        return "accepted"

    @property
    def ids(self) -> list[str]:
        """Identifiers of what it took."""
        return [m.message_id for m in self.taken]


def upload(session: Session, case_id: str, found: AddressFile, per_minute: int = 10) -> Mailing:
    """A mailing to everybody in a file, as somebody enters it."""
    return mailings.upload(
        session,
        work(session, case_id),
        found,
        found.lines,
        regime="EU",
        default_language="en",
        per_minute=per_minute,
        delete_after_days=1,
        domain="club.example",
        by=DANA,
        now=NOW,
    )
