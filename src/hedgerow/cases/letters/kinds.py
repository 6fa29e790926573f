"""Which letters there are, in one table: to whom, what is asked, how long the other side has, what may follow.

The periods are the site's choice and no law: short where harm goes on (an offer for sale, an open server), longer where
the other side has to search its systems. A person may choose another one for each letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The letters."""

    CEASE_AND_DESIST = "cease_and_desist"
    DELETION_DEMAND = "deletion_demand"
    CONFIRMATION_FORM = "confirmation_form"
    HOST_NOTICE = "host_notice"
    REGISTRAR_NOTICE = "registrar_notice"
    MARKETPLACE_NOTICE = "marketplace_notice"
    ABUSE_NOTICE = "abuse_notice"
    AUTHORITY_COMPLAINT = "authority_complaint"
    POLICE_COMPLAINT = "police_complaint"


class Step(StrEnum):
    """What may follow when no answer comes. Nothing follows by itself: a person takes each step."""

    REMINDER = "reminder"
    HOST = "host"
    REGISTRAR = "registrar"
    AUTHORITY = "authority"
    POLICE = "police"
    COURT = "court"


LETTER_OF_STEP: Final[dict[Step, Kind | None]] = {
    Step.REMINDER: Kind.CONFIRMATION_FORM,
    Step.HOST: Kind.HOST_NOTICE,
    Step.REGISTRAR: Kind.REGISTRAR_NOTICE,
    Step.AUTHORITY: Kind.AUTHORITY_COMPLAINT,
    Step.POLICE: Kind.POLICE_COMPLAINT,
    Step.COURT: None,
}
"""The letter with which a step begins; a court is counsel's own work."""


@dataclass(frozen=True)
class KindRule:
    """One kind of letter."""

    title: str
    """What the console calls it."""
    to: str
    """To whom it goes, in the console's words."""
    answer_days: int | None
    """Calendar days until an answer is asked for; None where none can be asked for (authority, police)."""
    steps: tuple[Step, ...]
    rechecks: bool
    """Whether to look later, at the addresses named, if the information is still there."""
    accuses: bool
    """Whether the recipient is the one who is thought to hold the information."""


KINDS: Final[dict[Kind, KindRule]] = {
    Kind.CEASE_AND_DESIST: KindRule(
        "Cease and desist", "whoever is thought to collect", 7, (Step.HOST, Step.AUTHORITY, Step.COURT), True, True
    ),
    Kind.DELETION_DEMAND: KindRule(
        "Deletion demand", "whoever holds the information", 14, (Step.REMINDER, Step.AUTHORITY, Step.COURT), True, True
    ),
    Kind.CONFIRMATION_FORM: KindRule(
        "Confirmation of deletion, to fill in",
        "whoever was asked to delete",
        14,
        (Step.HOST, Step.AUTHORITY, Step.COURT),
        True,
        True,
    ),
    Kind.HOST_NOTICE: KindRule(
        "Notice to a hosting provider", "the provider of the server", 3, (Step.REGISTRAR, Step.AUTHORITY), True, False
    ),
    Kind.REGISTRAR_NOTICE: KindRule(
        "Notice to a registrar", "the registrar of the domain", 7, (Step.AUTHORITY, Step.POLICE), True, False
    ),
    Kind.MARKETPLACE_NOTICE: KindRule(
        "Notice to a marketplace", "where the information is offered", 3, (Step.HOST, Step.AUTHORITY), True, False
    ),
    Kind.ABUSE_NOTICE: KindRule(
        "Notice to an abuse contact",
        "the network the requests came from",
        7,
        (Step.AUTHORITY, Step.POLICE),
        False,
        False,
    ),
    Kind.AUTHORITY_COMPLAINT: KindRule(
        "Complaint to the authority (draft)", "the data-protection authority", None, (Step.COURT,), False, False
    ),
    Kind.POLICE_COMPLAINT: KindRule(
        "Complaint to the police (draft)", "police or public prosecutor", None, (), False, False
    ),
}

RECHECK_DAYS: Final = (30, 90, 180)
"""When to look again, in days after the letter was sent, and anew after deletion was confirmed."""
