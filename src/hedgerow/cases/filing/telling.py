"""Who is concerned by a case, person by person: the door to the ledger's answer, and nothing of the ledger itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hedgerow.cases.notices.facts import Certainty


@dataclass(frozen=True)
class PersonFields:
    """One person, and which of their fields reached the other side how surely."""

    person: str
    """The site's own identifier."""
    fields: dict[str, Certainty]
    first_seen: datetime
    last_seen: datetime


class PeopleOfCase(Protocol):
    """Lists the people of a case."""

    def __call__(self, case_id: str) -> Iterable[PersonFields]:
        """The people, each once."""
        ...
