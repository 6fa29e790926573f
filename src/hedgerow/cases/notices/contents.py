"""The authority's notice: each content a regime asks for, from the facts or listed as missing. Never invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from hedgerow.cases.notices import filings as filed
from hedgerow.cases.notices.applying import Applies
from hedgerow.cases.notices.codes import MEANINGS, Code, Duty, Event
from hedgerow.cases.notices.duties import Owed, Records
from hedgerow.cases.notices.facts import Certainty, Facts
from hedgerow.cases.notices.places import inside
from hedgerow.cases.notices.rules import Regime


class State(StrEnum):
    """Whether a content is there."""

    FILLED = "filled"
    MISSING = "missing"
    NOT_NEEDED = "not_needed"
    """It is only asked for in cases that this is not: lateness, no notice to people."""


@dataclass(frozen=True)
class Content:
    """One content of a notice."""

    code: Code
    state: State
    lines: tuple[str, ...] = ()
    asked_by: str = "law"
    """`law` or `form`: whether the law asks for it, or only the authority's form."""
    supplied_by: str = ""
    """Where a missing content comes from."""


@dataclass(frozen=True)
class Form:
    """A draft for one authority."""

    regime: Regime
    contents: tuple[Content, ...]
    annexes: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Code, ...]:
        """What is asked for and not known yet."""
        return tuple(c.code for c in self.contents if c.state is State.MISSING)

    @property
    def missing_by_law(self) -> tuple[Code, ...]:
        """What the law itself asks for and is not known yet."""
        return tuple(c.code for c in self.contents if c.state is State.MISSING and c.asked_by == "law")


@dataclass(frozen=True)
class Case:
    """What contents are taken from: the facts, and where the case stands under one regime."""

    facts: Facts
    applies: Applies
    records: Records
    now: datetime
    owed: tuple[Owed, ...] = field(default=())

    def duty(self, duty: Duty) -> Owed | None:
        """One duty of this regime."""
        return next((o for o in self.owed if o.duty is duty and o.regime.id == self.applies.regime.id), None)


def authority_form(case: Case) -> Form:
    """The draft of the authority's notice. A first notice may leave contents open where the regime is phased."""
    regime = case.applies.regime
    notice = regime.to_authority
    if notice is None:
        return Form(regime, ())
    asked = dict.fromkeys(notice.fields, "law") | {c: "form" for c in notice.also if c not in notice.fields}
    if representatives(case):
        # Whoever is named for the regime's places is named to its authority, also where its form was not seen.
        asked.setdefault(Code.REP, "form")
    contents = tuple(_content(code, by, case) for code, by in asked.items())
    annexes = tuple(f"{_moment(w.at)}: {w.what}" for w in case.facts.warnings)
    return Form(regime, contents, annexes)


def _content(code: Code, by: str, case: Case) -> Content:
    lines = tuple(line for line in value(code, case) if line)
    if lines:
        return Content(code, State.FILLED, lines, by)
    if not _needed(code, case):
        return Content(code, State.NOT_NEEDED, (), by)
    return Content(code, State.MISSING, (), by, MEANINGS[code].supplied_by)


def _needed(code: Code, case: Case) -> bool:
    """A reason for lateness is asked for when it is late; why people are not told, when that was decided."""
    if code is Code.LAT:
        authority = case.duty(Duty.AUTHORITY)
        return authority is not None and authority.late.value != "no"
    if code is Code.NWH:
        people = case.duty(Duty.PEOPLE)
        return people is not None and people.standing.value == "not_due"
    if code is Code.XBR:
        return len({r.place for r in case.facts.residences}) > 1
    return code not in {Code.OTH, Code.PRC, Code.REP}


def value(code: Code, case: Case) -> tuple[str, ...]:
    """What the facts say to one content, as lines of text; nothing where they say nothing."""
    f = case.facts
    o = f.organisation
    match code:
        case Code.ORG:
            return () if not o.name else (o.name, *o.identifiers, o.sector, o.size, o.address)
        case Code.CON:
            return tuple(
                ", ".join(x for x in (c.name, c.role, c.email, c.phone) if x) for c in (o.contact, o.officer) if c
            )
        case Code.REP:
            return tuple(f"{place}: {name}" for place, name in representatives(case))
        case Code.PRC:
            return f.processors
        case Code.CIR:
            return (f.narrative,)
        case Code.CAU:
            return (f.cause,)
        case Code.DAT:
            return _period(f)
        case Code.AWR:
            at = f.events.get(Event.AWARE)
            return () if at is None else (_local(at, case), f.awareness)
        case Code.CHR:
            return tuple(f"{_local(s.at, case)}: {s.what}" for s in f.steps)
        case Code.CIA:
            return (", ".join(f.nature),)
        case Code.SYS:
            return f.systems
        case Code.WHO:
            return (f.holder.name,) if f.holder else ()
        case Code.DCA:
            return _kinds(f)
        case Code.DNR:
            return (f"{f.records} ({f.records.method})",) if f.records else ()
        case Code.PCA:
            return tuple(_group(g.name, g.children, g.at_risk, str(g.count) if g.count else "") for g in f.groups)
        case Code.PNR:
            return (f"{f.count} ({f.count.method})", *_superseded(f)) if f.count else ()
        case Code.PLO:
            here = case.applies.people
            return (f"{here} ({here.method})",) if here else ()
        case Code.CSQ:
            return tuple(h.replace("_", " ") for h in f.harms)
        case Code.SEV:
            return (f.severity,)
        case Code.PRE:
            return f.in_place
        case Code.MIT:
            return f.taken
        case Code.FUT:
            return f.planned
        case Code.NPE:
            return _told_people(case)
        case Code.NWH:
            return (f.why_people,)
        case Code.OTH:
            return (*f.told_others, *_other_authorities(case))
        case Code.XBR:
            places = {r.place for r in f.residences}
            if len(places) < 2:
                return ()
            return (*(f"{r.place}: {r.people} ({r.people.method})" for r in f.residences), *case.applies.notes)
        case Code.LAT:
            mine = [r for r in case.records.late_reasons if r.regime == case.applies.regime.id]
            return tuple(f"{r.text} ({r.by})" for r in mine if r.duty is Duty.AUTHORITY)
        case Code.REF:
            number = len(filed.sent(case.records.filings, case.applies.regime.id, Duty.AUTHORITY, case.now))
            return (f.reference, f"follow-up {number}" if number else "first notice")
        case Code.HLP:
            return tuple(f"advice against {h.replace('_', ' ')}" for h in f.harms)
        case Code.CPL:
            return (case.applies.regime.complain_at,)
        case Code.TLD:
            told = filed.events(case.records.filings, case.applies.regime.id, case.now).get(Event.AUTHORITY_NOTICE)
            return (f"told on {_local(told, case)}",) if told else ()


def representatives(case: Case) -> tuple[tuple[str, str], ...]:
    """Place and particulars of the representatives that count under this regime: those in its places."""
    places = case.applies.regime.places
    return tuple((p, who) for p, who in case.facts.organisation.representatives if any(inside(p, w) for w in places))


def _period(f: Facts) -> tuple[str, ...]:
    if f.period_from is None and f.period_to is None:
        return ()
    if f.period_to is None or f.period_from == f.period_to:
        said = str(f.period_from)
    else:
        said = f"{f.period_from or 'unknown'} to {f.period_to}"
    return (said, f"approximation: {f.period_note}" if f.period_note else "")


def _kinds(f: Facts) -> tuple[str, ...]:
    """All three states, always: leaving out what may be involved made a penalty heavier."""
    return tuple(
        f"{state.value}: {k.name} ({k.sensitivity}): {k.reason}"
        for state in Certainty
        for k in f.kinds
        if k.certainty is state
    )


def _group(name: str, children: bool, at_risk: bool, count: str) -> str:
    marks = [word for word, is_so in (("children", children), ("people at risk", at_risk)) if is_so]
    return name + (f" [{', '.join(marks)}]" if marks else "") + (f": {count}" if count else "")


def _superseded(f: Facts) -> tuple[str, ...]:
    """Figures given before stay visible, each with why it was replaced."""
    pairs = zip(f.people.history, f.people.history[1:], strict=False)
    return tuple(f"replaces {a.count} ({a.count.method}) of {_moment(a.at)}: {b.reason}" for a, b in pairs)


def _told_people(case: Case) -> tuple[str, ...]:
    told = filed.events(case.records.filings, case.applies.regime.id, case.now).get(Event.PEOPLE_NOTICE)
    said = (f"told on {_local(told, case)}",) if told else ()
    return (*said, case.facts.told_people)


def _other_authorities(case: Case) -> tuple[str, ...]:
    mine = case.applies.regime.id
    others = [f for f in case.records.filings if f.duty is Duty.AUTHORITY and f.regime != mine and f.at <= case.now]
    return tuple(f"authority under {f.regime} told on {_moment(f.at)}" for f in others if f.kind is filed.Kind.FIRST)


def _local(at: datetime, case: Case) -> str:
    zone = case.applies.authorities[0].zone
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
