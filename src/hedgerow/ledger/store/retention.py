"""How long each table of a site's ledger is kept: the policy's `retention` section as the store needs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from hedgerow.ledger.store.layout import Table

if TYPE_CHECKING:
    from hedgerow.policy.view import View

BUDGETS_DAYS: Final = 31
"""Budgets are counted again from thirty days of segments after a restart; a day more for the one under way."""


@dataclass(frozen=True)
class Retention:
    """Days that each table is kept; a day counts from its end."""

    entries_days: int = 31
    disclosures_days: int = 31
    links_days: int = 31
    segments_days: int = BUDGETS_DAYS
    sketch_days: int = 180
    sealed_address_days: int = 14

    @staticmethod
    def of(site: View) -> Retention:
        """What a policy says of a site; a table without a number of its own has that of `detail_days`."""
        said = site.view("retention")
        detail = said.whole("detail_days")

        def days(name: str) -> int:
            own = said.values.get(name)
            return own if isinstance(own, int) else detail

        return Retention(
            days("entries_days"),
            days("disclosures_days"),
            days("links_days"),
            max(days("segments_days"), BUDGETS_DAYS),
            said.whole("sketch_days"),
            site.view("privacy").whole("sealed_address_days"),
        )

    def of_table(self, table: Table) -> tuple[str, int] | None:
        """The setting that rules a table, and its days; None for people, who go when nobody is shown them any more."""
        match table:
            case Table.ENTRIES:
                return "retention.entries_days", self.entries_days
            case Table.BY_PERSON | Table.BY_PRINCIPAL:
                return "retention.disclosures_days", self.disclosures_days
            case Table.LINKS:
                return "retention.links_days", self.links_days
            case Table.SKETCHES:
                return "retention.sketch_days", self.sketch_days
            case Table.PEOPLE:
                return None


def is_over(day: str, days: int, today: date) -> bool:
    """Whether a day lies further back than it may be kept: of one day, yesterday is kept, the day before is not."""
    return date.fromisoformat(day) < today - timedelta(days=days)
