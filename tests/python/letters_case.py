"""A made-up case for letters: what a lawyer finds in the golden files under tests/cases/letters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from hedgerow.cases.case_facts import CaseFacts, EvidenceFacts, FieldFacts, OpenedAddress, PrincipalFacts
from hedgerow.cases.letters.people import Particulars, Recipient, Sender
from hedgerow.cases.notices.counts import Count, Figures
from hedgerow.cases.notices.facts import Certainty

NOW = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
OPENED = OpenedAddress("203.0.113.9", NOW, "Dana Example", "for the notice to the provider")
FACTS = CaseFacts(
    id="a" * 20,
    number="C-2026-0001",
    title="Harvest of profiles",
    summary="",
    site="members.example",
    state="contained",
    origin="rule",
    opened_at=datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
    opened_by="coverage",
    first_disclosure_at=datetime(2026, 11, 20, 18, 4, tzinfo=UTC),
    last_disclosure_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    detected_at=datetime(2026, 11, 24, 8, 55, tzinfo=UTC),
    contained_at=datetime(2026, 11, 24, 9, 31, tzinfo=UTC),
    membership=5_000,
    principals=(
        PrincipalFacts("p1", "address", "k7x2m4", "the night crawler", "most people read", OPENED),
        PrincipalFacts("p2", "account", "acct-19f3", "", "same client as the address"),
        PrincipalFacts("p3", "strangers", "", "", "the rest"),
    ),
    fields=(
        FieldFacts("name", "basic", Certainty.CONFIRMED, "the ledger has each disclosure", 1_480),
        FieldFacts("email", "contact", Certainty.POSSIBLE, "one click away on each page"),
        FieldFacts("phone", "contact", Certainty.EXCLUDED, "masked throughout"),
    ),
    people=Figures().superseded_by(Count(1_480, 1_620, "ledger, with sketches"), NOW, "Dana Example"),
    evidence=(EvidenceFacts("C-2026-0001-pack-1", "ab" * 32, datetime(2026, 11, 25, 7, 0, tzinfo=UTC), "hold"),),
)
SENDER = Sender(
    organisation="Example Club",
    address="12 rue des Haies\n75001 Paris",
    place="FR",
    email="privacy@club.example",
    phone="+33 1 99 00 00 00",
    signatory="Dana Example",
    signatory_role="Privacy officer",
)
RECIPIENT = Recipient(
    name="Data Offers Ltd", address="1 High Street\nLondon EC1A 1AA", place="GB", email="legal@offers.example"
)
PARTICULARS = Particulars(
    addressed_because="The account acct-19f3 names Data Offers Ltd as its owner. We did not verify that.",
    account="A program read the pages of many members, one after the other.",
    found_at=("https://offers.example/lists/members-2026",),
    found_on=date(2026, 11, 25),
    domain="offers.example",
    network_source="the RIPE database of 25 November 2026",
    recipients_known=("Second Hand Lists BV",),
    models_known=("Offers profile model, said to be version 3",),
    terms="automated collection of profiles is not allowed (version of 1 March 2026, section 4)",
    grounds=("joint_statements", "gdpr_5_6", "gdpr_17", "gdpr_19"),
    previous="C-2026-0001-L1",
    previous_on=date(2026, 11, 10),
)

PARTICULARS_FR = replace(
    PARTICULARS,
    addressed_because="Le compte acct-19f3 désigne Data Offers Ltd comme titulaire. Nous ne l'avons pas vérifié.",
    account="Un programme a lu les pages de nombreux membres, une par une.",
    network_source="la base de données RIPE au 25 novembre 2026",
    models_known=("Modèle de profils Offers, dit version 3",),
    terms="la collecte automatisée de profils n'est pas permise (version du 1er mars 2026, section 4)",
)
TYPED = {"en": PARTICULARS, "fr": PARTICULARS_FR}


def facts(case_id: str, **changes: object) -> CaseFacts:
    """The facts as another case's."""
    return replace(FACTS, id=case_id, **changes)  # type: ignore[arg-type]
