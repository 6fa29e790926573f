"""What is known of one principal: from the gateway now, from the overview, and from its record in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hedgerow.cases.core.problems import CaseError
from hedgerow.console.edge_now import EdgeNow, TopPrincipal
from hedgerow.console.problems import NotFound, Wrong
from hedgerow.console.reason_words import is_signal, sentence
from hedgerow.console.services import Services
from hedgerow.console.today_figures import Curious, of_site
from hedgerow.ledger.policies import member_count
from hedgerow.ledger.questions import records, summary
from hedgerow.ledger.questions.coverage import Members, Share, count_members, coverage, last_day, share
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.records import Mark, Page
from hedgerow.ledger.questions.refs import Group, Ref, find_group
from hedgerow.ledger.questions.suspicion import Reason, reasons_of
from hedgerow.ledger.reading import Entry
from hedgerow.measures import LEVELS

DAYS: Final = 30
PAGE: Final = 50
_SHORT: Final = 16
_DIGITS: Final = "0123456789abcdef"


@dataclass(frozen=True)
class Told:
    """A reason in words."""

    reason: Reason
    sentence: str
    against: bool
    """Whether it speaks against the principal; a spent budget does not."""


@dataclass(frozen=True)
class RouteSeen:
    """What it was shown on one route."""

    name: str
    answers: int
    people: int
    fields: dict[str, int]


@dataclass(frozen=True)
class Verdicts:
    """Entries that showed nobody."""

    kind: str
    action: str | None
    mode: str | None
    times: int
    last: datetime


@dataclass(frozen=True)
class Record:
    """One principal in the ledger."""

    known: bool
    people: int
    disclosures: int
    withheld: int
    first: datetime | None
    last: datetime | None
    fields: dict[str, int]
    routes: list[RouteSeen]
    verdicts: list[Verdicts]
    reasons: list[Told]
    windows: list[Share]
    members: Members
    caveats: list[str]
    entries: list[Entry]
    """One page of the timeline, the newest first."""
    older: Mark | None

    def share(self, one: Share) -> float | None:
        """Of the membership."""
        return share(one.people, self.members.number) if self.members.number else None


def checked(services: Services, site: str, level: str, name: str) -> None:
    """Says no to what is no principal.

    Raises:
        NotFound: there is no such site, or it is no principal's name.
    """
    if site not in services.overviews.sites():
        raise NotFound("There is no such site.")
    if level not in LEVELS or len(name) not in (16, 24) or not set(name) <= set(_DIGITS):
        raise NotFound("That is no principal; follow the links of the list of principals.")


def now_of(edge: EdgeNow, site: str, level: str, name: str) -> TopPrincipal | None:
    """What the gateway says of it; None when it is not among those who read most."""
    found = edge.site(site)
    top = found.state.top if found else []
    return next((t for t in top if t.level == level and t.name[:_SHORT] == name[:_SHORT]), None)


def month_of(services: Services, site: str, level: str, name: str) -> Curious | None:
    """What it has seen in 30 days, where it is among the most curious."""
    curious = of_site(services.overviews.of(site)).curious
    return next((c for c in curious if c.level == level and c.name[:_SHORT] == name[:_SHORT]), None)


def read_mark(text: str) -> Mark | None:
    """Where a page of the timeline begins.

    Raises:
        Wrong: it is no such place.
    """
    if not text:
        return None
    try:
        return Mark.read(text)
    except ValueError as e:
        raise Wrong("That is no place in the record; begin at its newest page.") from e


def record_of(
    services: Services,
    site: str,
    level: str,
    name: str,
    before: Mark | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Record:
    """The record of a principal; takes as long as the ledger needs, and tells `step` what it is at.

    Raises:
        Wrong: the ledger cannot be asked.
    """
    now = services.clock()
    try:
        with services.ledgers.asking(site) as connection:
            group = find_group(connection, [Ref(level, name)])
            members = count_members(connection, None, member_count(services.folder.path, site))
            step("counts how many people it has seen")
            seen = coverage(connection, last_day(now), members, levels=(), group=group) if group else None
            step("reads its entries")
            page = records.entries_of_group(connection, group, PAGE, before) if group else Page([], None)
            reasons = reasons_of(connection, group, Period(now - timedelta(days=DAYS), now)) if group else []
            step("sums up what it was shown")
            with summary.of_group(connection, group) as told:
                return Record(
                    known=bool(group),
                    people=told.people,
                    disclosures=told.disclosures,
                    withheld=told.withheld,
                    first=told.first,
                    last=told.last,
                    fields=told.fields,
                    routes=[RouteSeen(p.name, p.answers, p.people, p.fields) for p in told.pages],
                    verdicts=[Verdicts(o.kind, o.action, o.mode, o.times, o.last) for o in told.others],
                    reasons=[Told(r, sentence(r.code), is_signal(r.code)) for r in reasons],
                    windows=seen.group if seen else [],
                    members=members,
                    caveats=[*(seen.caveats if seen else []), *_caveats(group)],
                    entries=page.entries[::-1],
                    older=page.older,
                )
    except CaseError as e:
        raise Wrong(f"{e}."[:1].upper() + f"{e}."[1:]) from e


def _caveats(group: Group) -> list[str]:
    if group.addresses_since is None:
        return []
    return [f"An address can be followed from {group.addresses_since} on; what it was shown before cannot be said."]
