"""The register of breaches: an entry a regime for every case, also for those that are not notified."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from io import StringIO

from hedgerow.cases.notices import filings as filed
from hedgerow.cases.notices.clocks import months_after
from hedgerow.cases.notices.codes import Code, Duty, Event
from hedgerow.cases.notices.contents import Case, value
from hedgerow.cases.notices.decisions import holding
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.recipients import cell


@dataclass(frozen=True)
class Entry:
    """What is kept about one case under one regime: facts, effects, remedy, and why it was notified or not."""

    regime: str
    reference: str
    recorded_at: datetime
    facts: tuple[str, ...]
    period: tuple[str, ...]
    aware: tuple[str, ...]
    information: tuple[str, ...]
    people: tuple[str, ...]
    effects: tuple[str, ...]
    remedy: tuple[str, ...]
    decision: str
    """`notify`, `do_not_notify`, or `not decided`."""
    reasons: str
    decided_by: str
    told_authority: datetime | None
    told_people: datetime | None
    public_notice: str
    keep_until: date | None
    """None: the law has no period; the site's own retention holds."""
    keep_rests_on: str
    rules: str
    """Digest of the rule set."""


def entry(case: Case, rules: str, *, public_notice: str = "") -> Entry:
    """The entry of a case as it stands now. It supersedes an earlier one; nothing is taken out of a register.

    Raises:
        NoticeError: when the regime asks for no register.
    """
    regime = case.applies.regime
    rule = regime.register
    if rule is None:
        raise NoticeError(f"{regime.id} asks for no register")
    duty = Duty.AUTHORITY if regime.to_authority else Duty.PEOPLE
    decision = holding(case.records.decisions, regime.id, duty, case.now)
    sent = filed.events(case.records.filings, regime.id, case.now)
    keep, why = _keep(case, decision.decided_at if decision else None, sent)
    return Entry(
        regime=regime.id,
        reference=case.facts.reference,
        recorded_at=case.now,
        facts=_said(Code.CIR, case) + _said(Code.CAU, case),
        period=_said(Code.DAT, case),
        aware=_said(Code.AWR, case),
        information=_said(Code.DCA, case),
        people=_said(Code.PNR, case) + _said(Code.PLO, case),
        effects=_said(Code.CSQ, case) + _said(Code.SEV, case),
        remedy=_said(Code.MIT, case) + _said(Code.FUT, case),
        decision=decision.outcome.value if decision else "not decided",
        reasons=decision.reasons if decision else "",
        decided_by=decision.decided_by if decision else "",
        told_authority=sent.get(Event.AUTHORITY_NOTICE),
        told_people=sent.get(Event.PEOPLE_NOTICE),
        public_notice=public_notice,
        keep_until=keep,
        keep_rests_on=why,
        rules=rules,
    )


def _keep(case: Case, determined: datetime | None, sent: dict[Event, datetime]) -> tuple[date | None, str]:
    """Until when, from the event the rule names; where that never happened, from awareness; then from now."""
    rule = case.applies.regime.register
    if rule is None or rule.keep_months is None:
        return None, "no period in the law: the site's own retention holds"
    events = {**({Event.DETERMINATION: determined} if determined else {}), **sent, **case.facts.events}
    for event in (rule.keep_from, Event.AWARE):
        if event is not None and event in events:
            start = events[event].date()
            return months_after(start, rule.keep_months), f"{rule.keep_months} months from {event.value}, {start}"
    start = case.now.date()
    return months_after(start, rule.keep_months), f"{rule.keep_months} months from the entry, {start}"


def _said(code: Code, case: Case) -> tuple[str, ...]:
    return tuple(line for line in value(code, case) if line)


def as_data(kept: Entry) -> dict[str, str]:
    """One entry with text in every column, for export."""
    return {f.name: _text(getattr(kept, f.name)) for f in fields(kept)}


def as_csv(entries: Iterable[Entry]) -> str:
    """The register as CSV (RFC 4180), as an authority may ask for it; no cell is a formula."""
    out = StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([f.name for f in fields(Entry)])
    writer.writerows([cell(text) for text in as_data(e).values()] for e in entries)
    return out.getvalue()


def may_go(kept: Entry, today: date) -> bool:
    """Whether the law's period is over. Without one this is never so: then the site's own retention says it."""
    return kept.keep_until is not None and today > kept.keep_until


def _text(stored: object) -> str:
    match stored:
        case None:
            return ""
        case tuple():
            return "; ".join(map(str, stored))
        case date():
            return stored.isoformat()
        case _:
            return str(stored)
