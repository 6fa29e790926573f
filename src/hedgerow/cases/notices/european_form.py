"""The European form of 100 fields, as structured data: what the facts fill, what is suggested, what needs a person.

The fields are `european_form.yaml`, a draft of ours after a draft of theirs; see its head. A suggestion is what is
usual in a scraping case; it is marked as one, and a person confirms or changes it. Software fills in nothing else.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Final

from hedgerow.cases.notices import filings as filed
from hedgerow.cases.notices.codes import Code, Duty, Event
from hedgerow.cases.notices.contents import Case, value
from hedgerow.cases.notices.decisions import Outcome, holding
from hedgerow.cases.notices.facts import Certainty
from hedgerow.cases.notices.loading import read_text
from hedgerow.cases.notices.problems import NoticeFileError
from hedgerow.cases.notices.recipients import cell
from hedgerow.cases.notices.rule_shape import SENTENCE, wrong_date, wrong_word
from hedgerow.policy.problem import Report
from hedgerow.policy.reader import Reader
from hedgerow.policy.shapes import REQUIRED, Choice, Many, Section, Setting, Text

FILE: Final = Path(__file__).with_name("european_form.yaml")

_Fill = Callable[[Case], str]


def _list(*lines: str) -> str:
    return "\n".join(line for line in lines if line)


def _of(code: Code) -> _Fill:
    return lambda case: _list(*value(code, case))


def _yes(answer: bool | None) -> str:
    return "" if answer is None else "yes" if answer else "no"


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _kinds(case: Case, sensitivity: str) -> str:
    """Yes, possible or no for data of one sensitivity; nothing where nobody recorded any: that is not a no."""
    states = {k.certainty for k in case.facts.kinds if k.sensitivity == sensitivity}
    if Certainty.CONFIRMED in states:
        return "yes"
    if Certainty.POSSIBLE in states:
        return "possible"
    return "no" if states else ""


def _named(case: Case, certainty: Certainty) -> str:
    return _list(*(f"{k.name}: {k.reason}" for k in case.facts.kinds if k.certainty is certainty))


def _sent(case: Case, duty: Duty) -> tuple[filed.Filing, ...]:
    return filed.sent(case.records.filings, case.applies.regime.id, duty, case.now)


def _risk(case: Case) -> str:
    """What was signed: a risk, a high one, or an unlikely one."""
    people = holding(case.records.decisions, case.applies.regime.id, Duty.PEOPLE, case.now)
    authority = holding(case.records.decisions, case.applies.regime.id, Duty.AUTHORITY, case.now)
    if people is not None and people.outcome is Outcome.NOTIFY:
        return "high"
    if authority is None:
        return ""
    return "likely" if authority.outcome is Outcome.NOTIFY else "unlikely"


def _signed(case: Case) -> tuple[str, str]:
    decision = holding(case.records.decisions, case.applies.regime.id, Duty.AUTHORITY, case.now)
    return (decision.reasons, decision.decided_by) if decision else ("", "")


def _places(case: Case) -> list[str]:
    return [r.place for r in case.facts.residences]


FILLS: Final[dict[str, _Fill]] = {
    "kind": lambda c: "follow-up" if _sent(c, Duty.AUTHORITY) else "new",
    "reference": lambda c: c.facts.reference,
    "now": lambda c: _at(c.now),
    "legal_basis": lambda c: c.applies.regime.title,
    "cross_border": lambda c: _yes(len(_places(c)) > 1) if _places(c) else "",
    "lead": lambda c: c.facts.organisation.main_establishment or "",
    "countries": lambda c: ", ".join(_places(c)),
    "people_per_country": lambda c: _list(*(f"{r.place}: {r.people}" for r in c.facts.residences)),
    "no_establishment": lambda c: (
        _yes(not any(p in c.applies.regime.places for p in c.facts.organisation.established_in))
        if c.facts.organisation.established_in
        else ""
    ),
    "others_told": _of(Code.OTH),
    "org_name": lambda c: c.facts.organisation.name,
    "org_numbers": lambda c: _list(*c.facts.organisation.identifiers),
    "org_address": lambda c: c.facts.organisation.address,
    "main_establishment": lambda c: c.facts.organisation.main_establishment or "",
    "org_sector": lambda c: c.facts.organisation.sector,
    "org_size": lambda c: c.facts.organisation.size,
    "representative": _of(Code.REP),
    "contact_name": lambda c: c.facts.organisation.contact.name if c.facts.organisation.contact else "",
    "contact_role": lambda c: c.facts.organisation.contact.role if c.facts.organisation.contact else "",
    "contact_email": lambda c: c.facts.organisation.contact.email if c.facts.organisation.contact else "",
    "contact_phone": lambda c: c.facts.organisation.contact.phone if c.facts.organisation.contact else "",
    "officer_exists": lambda c: "yes" if c.facts.organisation.officer else "",
    "officer_name": lambda c: c.facts.organisation.officer.name if c.facts.organisation.officer else "",
    "officer_email": lambda c: c.facts.organisation.officer.email if c.facts.organisation.officer else "",
    "officer_phone": lambda c: c.facts.organisation.officer.phone if c.facts.organisation.officer else "",
    "processor_involved": lambda c: "yes" if c.facts.processors else "",
    "processors": _of(Code.PRC),
    "aware_at": lambda c: _at(c.facts.events.get(Event.AWARE)),
    "aware_how": lambda c: c.facts.awareness,
    "discovered_at": lambda c: _at(c.facts.events.get(Event.DISCOVERY)),
    "began": lambda c: _day(c.facts.period_from),
    "ended": lambda c: _day(c.facts.period_to),
    "dates_exact": lambda c: "approximation" if c.facts.period_note else ("exact" if c.facts.period_from else ""),
    "late_reason": _of(Code.LAT),
    "narrative": lambda c: c.facts.narrative,
    "confidentiality": lambda c: _yes("confidentiality" in c.facts.nature) if c.facts.nature else "",
    "integrity": lambda c: _yes("integrity" in c.facts.nature) if c.facts.nature else "",
    "availability": lambda c: _yes("availability" in c.facts.nature) if c.facts.nature else "",
    "disclosure_certain": lambda c: (
        ""
        if not c.facts.kinds
        else "confirmed"
        if any(k.certainty is Certainty.CONFIRMED for k in c.facts.kinds)
        else "likely"
    ),
    "cause": lambda c: c.facts.cause,
    "systems": _of(Code.SYS),
    "recipients_known": lambda c: "yes" if c.facts.holder else "",
    "recipients": _of(Code.WHO),
    "earlier_signs": lambda c: _list(*(f"{_at(w.at)}: {w.what}" for w in c.facts.warnings)),
    "data_basic": lambda c: _kinds(c, "basic"),
    "data_personal": lambda c: _kinds(c, "personal"),
    "data_contact": lambda c: _kinds(c, "contact"),
    "data_special": lambda c: _kinds(c, "special"),
    "data_credentials": lambda c: _kinds(c, "credentials"),
    "data_location": lambda c: _list(*(k.certainty.value for k in c.facts.kinds if k.name == "location")),
    "data_possible": lambda c: _named(c, Certainty.POSSIBLE),
    "data_excluded": lambda c: _named(c, Certainty.EXCLUDED),
    "records": lambda c: str(c.facts.records) if c.facts.records else "",
    "records_exact": lambda c: _yes(c.facts.records.exact) if c.facts.records else "",
    "people": lambda c: str(c.facts.count) if c.facts.count else "",
    "people_method": lambda c: c.facts.count.method if c.facts.count else "",
    "figures_before": lambda c: _list(*value(Code.PNR, c)[1:]),
    "groups": _of(Code.PCA),
    "children": lambda c: "yes" if any(g.children for g in c.facts.groups) else "",
    "at_risk": lambda c: "yes" if any(g.at_risk for g in c.facts.groups) else "",
    "in_place": _of(Code.PRE),
    "consequences": _of(Code.CSQ),
    "severity": _of(Code.SEV),
    "risk_decision": _risk,
    "risk_reasons": lambda c: _signed(c)[0],
    "risk_decided_by": lambda c: _signed(c)[1],
    "taken": _of(Code.MIT),
    "steps": _of(Code.CHR),
    "planned": _of(Code.FUT),
    "police": lambda c: _list(*(t for t in c.facts.told_others if "police" in t.lower())),
    "people_told": lambda c: "yes" if _sent(c, Duty.PEOPLE) else c.facts.told_people,
    "people_told_at": lambda c: _at(_sent(c, Duty.PEOPLE)[0].at) if _sent(c, Duty.PEOPLE) else "",
    "why_people": _of(Code.NWH),
}
"""What the facts say to a field; empty where they say nothing."""

SUGGESTIONS: Final[dict[str, str]] = {
    "complete": "to be completed",
    "confidentiality": "yes",
    "incident_type": "unauthorised extraction",
    "cause_origin": "outside",
    "cause_intent": "malicious",
}
"""What is usual in a scraping case. A person confirms or changes each."""

_FIELD: Final = Section(
    "field",
    (
        Setting("id", Text("summary", wrong_word), REQUIRED, "", "Name of the field."),
        Setting(
            "need",
            Choice({"always": "Always asked.", "conditional": "Asked in some cases.", "optional": "Can be left out."}),
            REQUIRED,
            "",
            "Whether it must be filled.",
        ),
        Setting("fill", Choice({**dict.fromkeys(FILLS, "From the facts."), **SUGGESTIONS}), None, "", "What fills it."),
        Setting("label", Text("What happened", longest=200), REQUIRED, "", "What it asks."),
    ),
)
_FORM: Final = Section(
    "form",
    (
        Setting("version", Text("2026-11-26", wrong_date), REQUIRED, "", "Day of the last change."),
        Setting("status", Choice({"draft": "A draft.", "final": "Adopted."}), REQUIRED, "", "What it follows."),
        Setting("verified", Choice({"yes": "Compared.", "no": "Not compared."}), REQUIRED, "", "With the template."),
        Setting("source", SENTENCE, REQUIRED, "", "What it follows."),
        Setting(
            "parts",
            Many(
                Section(
                    "part",
                    (
                        Setting("title", Text("What happened"), REQUIRED, "", "Heading."),
                        Setting("fields", Many(_FIELD, least=1), REQUIRED, "", "Its fields."),
                    ),
                )
            ),
            REQUIRED,
            "",
            "Parts of the form.",
        ),
    ),
)


@dataclass(frozen=True)
class Field:
    """One field of the form."""

    id: str
    part: str
    label: str
    need: str
    fill: str | None


@dataclass(frozen=True)
class Answer:
    """One field in one case. `by`: `facts`, `suggestion` or `person`."""

    field: Field
    value: str
    by: str


@cache
def fields() -> tuple[Field, ...]:
    """The fields, in order.

    Raises:
        NoticeFileError: when the file has mistakes.
    """
    report = Report(str(FILE))
    node = read_text(FILE.read_bytes(), report, "version: 2026-11-26")
    view = Reader(report).section(_FORM, node) if node is not None else None
    if view is None or report.problems:
        raise NoticeFileError([report])
    return tuple(
        Field(f.text("id"), part.text("title"), f.text("label"), f.text("need"), f.maybe("fill"))
        for part in view.items("parts").views()
        for f in part.items("fields").views()
    )


def answers(case: Case) -> tuple[Answer, ...]:
    """Every field: filled from the facts, suggested, or left to a person."""
    found = []
    for field in fields():
        text = FILLS[field.fill](case) if field.fill in FILLS else ""
        if text or field.fill not in SUGGESTIONS:
            found.append(Answer(field, text, "facts" if text else "person"))
        else:
            found.append(Answer(field, SUGGESTIONS[field.fill], "suggestion"))
    return tuple(found)


def as_data(given: tuple[Answer, ...]) -> list[dict[str, str]]:
    """The form for JSON."""
    return [
        {
            "part": a.field.part,
            "field": a.field.id,
            "label": a.field.label,
            "need": a.field.need,
            "value": a.value,
            "by": a.by,
        }
        for a in given
    ]


def as_csv(given: tuple[Answer, ...]) -> str:
    """The form as CSV (RFC 4180); no cell is a formula."""
    out = StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(("part", "field", "label", "need", "value", "by"))
    writer.writerows([cell(text) for text in row.values()] for row in as_data(given))
    return out.getvalue()
