"""A plan in words and as data."""

from __future__ import annotations

from datetime import UTC, datetime

from hedgerow.cases.notices.applying import Applies
from hedgerow.cases.notices.codes import Duty
from hedgerow.cases.notices.contents import Case, authority_form
from hedgerow.cases.notices.duties import Owed, Records, Standing
from hedgerow.cases.notices.explaining import WARNING
from hedgerow.cases.notices.facts import Facts
from hedgerow.cases.notices.languages import language, languages
from hedgerow.cases.notices.people_notice import draft
from hedgerow.cases.notices.plan import Plan, remaining
from hedgerow.cases.notices.register import entry

Json = dict[str, object]

_WORDS = {
    Standing.TO_DECIDE: "decide",
    Standing.TO_DO: "do",
    Standing.NOT_DUE: "decided: not due",
    Standing.DONE: "done",
}
_DUTIES = {
    Duty.ASSESS: "assess the suspicion",
    Duty.AUTHORITY: "tell the authority",
    Duty.PEOPLE: "tell people",
    Duty.THIRD_PARTIES: "tell those who can reduce harm",
    Duty.REGISTER: "record it",
}


def case_of(plan: Plan, applies: Applies, facts: Facts, records: Records) -> Case:
    """What contents are taken from, for one regime."""
    return Case(facts, applies, records, plan.now, plan.duties)


def as_data(plan: Plan, facts: Facts, records: Records) -> Json:
    """The plan for JSON."""
    return {
        "reference": plan.reference,
        "now": _at(plan.now),
        "rules": plan.rules,
        "warning": WARNING,
        "regimes": [_regime(plan, a, facts, records) for a in plan.applies],
        "duties": [_owed(o) for o in plan.duties],
        "notes": list(plan.notes),
    }


def _regime(plan: Plan, a: Applies, facts: Facts, records: Records) -> Json:
    case = case_of(plan, a, facts, records)
    form = authority_form(case)
    keep = entry(case, plan.rules).keep_until if a.regime.register else None
    return {
        "regime": a.regime.id,
        "version": a.regime.version.isoformat(),
        "verified": a.regime.verified.value,
        "because": list(a.because),
        "authorities": [
            {"place": s.place, "time_zone": s.zone, "people": str(s.people) if s.people else None}
            for s in a.authorities
        ],
        "notes": list(a.notes),
        "authority_notice": {
            "filled": [str(c.code) for c in form.contents if c.lines],
            "missing": [str(c) for c in form.missing],
            "annexes": list(form.annexes),
        }
        if a.regime.to_authority
        else None,
        "language": a.regime.language,
        "people_notice": {name: _draft(case, name) for name in languages()} if a.regime.to_people else None,
        "register_keep_until": keep.isoformat() if keep else None,
    }


def _draft(case: Case, name: str) -> Json:
    d = draft(case, language(name))
    return {
        "ready": d.ready,
        "missing": [str(c) for c in d.missing],
        "forbidden": list(d.forbidden),
        "reading": {"formula": d.reading.formula, "score": d.reading.score, "limit": d.reading.limit},
    }


def _owed(o: Owed) -> Json:
    last, local = o.deadline.last, o.local_due
    return {
        "regime": o.regime.id,
        "duty": o.duty.value,
        "mandatory": o.mandatory,
        "standing": o.standing.value,
        "test": o.test.name if o.test else None,
        "question": o.test.question if o.test else None,
        "factors": list(o.test.factors) if o.test else [],
        "limit": o.deadline.words,
        "from": o.deadline.event.value,
        "started": _at(o.deadline.started) if o.deadline.started else None,
        "due": _at(o.deadline.due) if o.deadline.due else None,
        "expected": _at(o.deadline.expected) if o.deadline.expected else None,
        "local": local.isoformat() if local and last else None,
        "time_zone": o.zone,
        "overdue": o.overdue,
        "late": o.late.value,
        "done_at": _at(o.done_at) if o.done_at else None,
        "decided_by": o.decision.decided_by if o.decision else None,
        "hints": list(o.hints),
        "follow_up": {
            "open": [str(c) for c in o.follow_up.open],
            "due": o.follow_up.due.isoformat(),
            "rests_on": o.follow_up.rests_on,
            "overdue": o.follow_up.overdue,
        }
        if o.follow_up
        else None,
    }


def in_words(plan: Plan, facts: Facts, records: Records) -> list[str]:
    """The plan for a terminal: what waits first, then each regime."""
    lines = [f"{plan.reference}, {_at(plan.now)}, rule set {plan.rules[:12]}", ""]
    waiting = plan.next()
    lines.append("What waits for a person, the most urgent first:" if waiting else "Nothing waits for a person.")
    lines += [f"  {_line(o, plan.now)}" for o in waiting]
    for a in plan.applies:
        mine = [o for o in plan.duties if o.regime.id == a.regime.id]
        form = authority_form(case_of(plan, a, facts, records))
        lines += ["", f"{a.regime.id}: {a.regime.title} [verified: {a.regime.verified.value}]"]
        lines += [f"  because {why}" for why in a.because]
        for o in mine:
            lines.append(f"  {_DUTIES[o.duty]}: {_WORDS[o.standing]}{_when(o, plan.now)}")
            if o.test and o.standing is Standing.TO_DECIDE:
                lines.append(f"    {o.test.question}")
            lines += [f"    {hint}" for hint in o.hints]
            if o.late.value == "reason_needed":
                lines.append("    late: write why (late_reasons)")
            if o.follow_up:
                f = o.follow_up
                lines.append(
                    f"    follow-up due {f.due} ({f.rests_on}){', overdue' if f.overdue else ''}: {', '.join(f.open)}"
                )
        if form.missing:
            lines.append(f"  missing for the authority: {', '.join(form.missing)}")
    if plan.notes:
        lines += ["", *(f"note: {note}" for note in plan.notes)]
    return [*lines, "", WARNING]


def _line(o: Owed, now: datetime) -> str:
    advice = "" if o.mandatory else " (advised, no duty)"
    return f"{o.regime.id:6} {_WORDS[o.standing]:7} {_DUTIES[o.duty]}{advice}{_when(o, now)}"


def _when(o: Owed, now: datetime) -> str:
    if o.standing is Standing.DONE:
        return f" on {_at(o.done_at)}" if o.done_at else ""
    if o.standing is Standing.NOT_DUE:
        return f", signed by {o.decision.decided_by}" if o.decision else ""
    last, local = o.deadline.last, o.local_due
    if last is None or local is None:
        return f": {o.deadline.words}"
    which = "by" if o.deadline.due else "expected by"
    return f", {which} {local:%Y-%m-%d %H:%M:%S} {o.zone} ({remaining(last, now)})"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
