"""A case in full, for tests of notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hedgerow.cases.notices.codes import Duty, Event
from hedgerow.cases.notices.contents import Case
from hedgerow.cases.notices.counts import Count, Figures
from hedgerow.cases.notices.decisions import Decision, Outcome
from hedgerow.cases.notices.duties import Records
from hedgerow.cases.notices.facts import Certainty, Contact, EarlierSign, Facts, Group, Kind, Organisation, Residence
from hedgerow.cases.notices.loading import shipped
from hedgerow.cases.notices.plan import plan
from hedgerow.cases.notices.printing import case_of

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
AWARE = datetime(2026, 6, 1, 8, tzinfo=UTC)
FACTS = Facts(
    "case-7",
    organisation=Organisation(
        name="Example Club",
        address="1 Example Street",
        established_in=("FR",),
        main_establishment="FR",
        contact=Contact("Dana Example", "privacy@club.example", "+1 202 555 0100", "privacy officer"),
    ),
    narrative="Somebody read the pages of members one after the other.",
    plain_words={
        "en": "A program read the pages of our members, one after the other.",
        "fr": "Un programme a lu les pages de nos membres, une par une.",
    },
    cause="no limit for addresses that change",
    period_from=date(2026, 5, 20),
    period_to=date(2026, 5, 27),
    events={Event.AWARE: AWARE},
    awareness="own alarm",
    nature=("confidentiality",),
    kinds=(
        Kind("name", Certainty.CONFIRMED, "in the ledger", "basic"),
        Kind("email", Certainty.POSSIBLE, "one click away", "contact"),
        Kind("health", Certainty.EXCLUDED, "masked in every response", "special"),
    ),
    records=Count(900, 900, "ledger, exact"),
    groups=(Group("members"), Group("young members", children=True)),
    people=Figures().superseded_by(Count(900, 900, "ledger, exact"), AWARE, "Dana Example"),
    residences=(
        Residence("FR", Count(500, 500, "account")),
        Residence("NZ", Count(400, 400, "account")),
    ),
    harms=("phishing", "loss_of_control"),
    severity="medium, 2.5",
    taken=("search closed",),
    planned=("budgets for groups",),
    plain_taken={"en": ("We closed the search.",), "fr": ("Nous avons fermé la recherche.",)},
    plain_planned={"en": ("We will watch more closely.",), "fr": ("Nous allons mieux veiller.",)},
    warnings=(EarlierSign(datetime(2026, 5, 2, tzinfo=UTC), "a member asked why a stranger knew her town"),),
)


def case(regime: str = "EU", done: Records | None = None, now: datetime = NOW, **changed: Any) -> Case:
    """The case under one regime."""
    facts = replace(FACTS, **changed)
    found = plan(shipped(), facts, done or Records(), now)
    return case_of(found, next(a for a in found.applies if a.regime.id == regime), facts, done or Records())


def signed(regime: str, duty: Duty, outcome: Outcome = Outcome.NOTIFY, at: datetime = NOW) -> Decision:
    """A decision that counts."""
    notice = shipped().get(regime).notice(duty)
    assert notice is not None
    return Decision(
        regime,
        duty,
        outcome,
        "Dana Example",
        at,
        "Looked at and reasoned.",
        dict.fromkeys(notice.test.factors, "yes, so"),
    )
