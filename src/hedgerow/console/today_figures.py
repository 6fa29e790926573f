"""The figures of the first page, for its template and its JSON twin."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request
from pydantic import BaseModel

from hedgerow.console import edge_now
from hedgerow.console.edge_now import EdgeNow
from hedgerow.console.live import Live
from hedgerow.console.overviews import Seen
from hedgerow.console.reason_words import sentence
from hedgerow.console.recent import with_signals
from hedgerow.console.services import Services
from hedgerow.ledger.overview import Overview
from hedgerow.ledger.questions.activity import Activity
from hedgerow.ledger.questions.coverage import Members, Share, share


class Beside(BaseModel):
    """A figure of the last 24 hours beside the same hours a week before."""

    now: int
    week_before: int

    @property
    def words(self) -> str:
        """What changed, as a few words."""
        if self.week_before == 0:
            return "none in the same hours a week before" if self.now else "as a week before"
        if self.now == self.week_before:
            return "as a week before"
        more = self.now - self.week_before
        percent = round(100 * abs(more) / self.week_before)
        what = "more" if more > 0 else "fewer"
        return f"{percent:,} % {what} than the {self.week_before:,} a week before".replace(",", "\u202f")


class Row(BaseModel):
    """One lane, route or verdict."""

    name: str
    people: int
    people_week_before: int


class VerdictRow(BaseModel):
    """How often one verdict was given."""

    action: str
    mode: str
    requests: int
    requests_week_before: int


class Hour(BaseModel):
    """One hour of the course."""

    at: datetime
    people: int
    strangers: int
    people_week_before: int


class Curious(BaseModel):
    """What one principal, or all strangers together, have seen in 30 days."""

    level: str
    name: str
    people: int
    at_most: int | None
    share: float | None
    """Of the membership, from 0; None where nobody knows how many members there are."""
    method: str
    why: list[str] = []


class SiteFigures(BaseModel):
    """One site. The ledger's figures bear their time; they are asked on the side."""

    site: str
    at: datetime | None
    problem: str
    people: Beside | None = None
    to_strangers: Beside | None = None
    masked: Beside | None = None
    revealed: Beside | None = None
    gaps: int = 0
    lanes: list[Row] = []
    routes: list[Row] = []
    verdicts: list[VerdictRow] = []
    hours: list[Hour] = []
    members: int | None = None
    members_source: str = ""
    most_curious: Curious | None = None
    strangers: Curious | None = None
    curious: list[Curious] = []


def edge(request: Request, services: Services) -> EdgeNow:
    """The gateway now: what the stream of open pages heard a moment ago, else asked. With signals."""
    teller: Live = request.app.state.live
    heard = teller.last_status
    return edge_now.read(heard) if heard is not None else edge_now.ask(services.control)


def sites_of(services: Services, now: EdgeNow) -> list[str]:
    """Every site that has a ledger or is served."""
    return sorted({*services.overviews.sites(), *(s.site for s in now.sites)})


def signals(services: Services, now: EdgeNow) -> dict[str, list[tuple[str, int]]]:
    """Adds the signals of the last minutes to a status; all of them by site."""
    read = with_signals(services.folder.path, services.clock(), now)
    return {site: recent.told() for site, recent in read.items()}


def of_site(seen: Seen) -> SiteFigures:
    """The ledger's figures of one site."""
    found = seen.overview
    if found is None:
        return SiteFigures(site=seen.site, at=None, problem=seen.problem)
    day, before = found.day, found.week_before
    return SiteFigures(
        site=seen.site,
        at=found.at,
        problem=seen.problem,
        people=Beside(now=day.people, week_before=before.people),
        to_strangers=Beside(now=day.to_strangers, week_before=before.to_strangers),
        masked=Beside(now=day.masked, week_before=before.masked),
        revealed=Beside(now=day.revealed, week_before=before.revealed),
        gaps=day.gaps,
        lanes=_rows({p.name: p.people for p in day.lanes}, {p.name: p.people for p in before.lanes}),
        routes=_rows({p.name: p.people for p in day.routes}, {p.name: p.people for p in before.routes}),
        verdicts=_verdicts(day, before),
        hours=[
            Hour(at=p.at, people=p.people, strangers=p.strangers, people_week_before=b.people)
            for p, b in zip(found.hours, found.hours_week_before, strict=False)
        ],
        members=found.members.number,
        members_source=found.members.source,
        most_curious=_curious(found, found.most_curious),
        strangers=_curious(found, found.strangers),
        curious=[c for s in found.curious if (c := _curious(found, s))],
    )


def _rows(now: dict[str, int], before: dict[str, int]) -> list[Row]:
    rows = [Row(name=n, people=now.get(n, 0), people_week_before=before.get(n, 0)) for n in {*now, *before}]
    return sorted(rows, key=lambda r: (-r.people, -r.people_week_before, r.name))


def _verdicts(day: Activity, before: Activity) -> list[VerdictRow]:
    now = {(v.action, v.mode): v.requests for v in day.verdicts}
    then = {(v.action, v.mode): v.requests for v in before.verdicts}
    rows = [
        VerdictRow(action=a, mode=m, requests=now.get((a, m), 0), requests_week_before=then.get((a, m), 0))
        for a, m in {*now, *then}
    ]
    return sorted(rows, key=lambda r: (-r.requests, r.action, r.mode))


def _curious(found: Overview, one: Share | None) -> Curious | None:
    if one is None:
        return None
    return Curious(
        level=one.level,
        name=one.principal,
        people=one.people,
        at_most=one.at_most,
        share=_share(one.people, found.members),
        method=one.method,
        why=[sentence(code) for code in found.why.get((one.level, one.principal), ())],
    )


def _share(people: int, members: Members) -> float | None:
    return share(people, members.number) if members.number else None
