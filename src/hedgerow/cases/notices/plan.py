"""Everything a case asks for, at a moment: regimes, duties, clocks and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hedgerow.cases.notices import filings as filed
from hedgerow.cases.notices.applying import Applies, applicable, law_of, without_residence
from hedgerow.cases.notices.codes import Duty
from hedgerow.cases.notices.duties import Owed, Records, Standing, owed
from hedgerow.cases.notices.facts import Facts
from hedgerow.cases.notices.loading import RuleSet
from hedgerow.cases.notices.problems import NoticeError


@dataclass(frozen=True)
class Plan:
    """The answer to: what must be decided and done, and by when."""

    now: datetime
    reference: str
    rules: str
    """Digest of the rule set."""
    applies: tuple[Applies, ...]
    duties: tuple[Owed, ...]
    notes: tuple[str, ...]

    def duty(self, regime: str, duty: Duty) -> Owed | None:
        """One duty of one regime."""
        return next((o for o in self.duties if o.regime.id == regime and o.duty is duty), None)

    def next(self) -> list[Owed]:
        """What waits for a person, the most urgent first.

        Duties before advice, clocks that run before those that do not, what the law wants at once before what has a
        date, and the register last: it has no hurry, but nothing is closed without it.
        """
        waiting = [o for o in self.duties if o.standing in {Standing.TO_DECIDE, Standing.TO_DO}]
        return sorted(
            waiting,
            key=lambda o: (
                not o.mandatory,
                o.duty is Duty.REGISTER,
                o.deadline.started is None,
                o.deadline.last or self.now,
            ),
        )


def plan(rules: RuleSet, facts: Facts, records: Records, now: datetime) -> Plan:
    """What follows from facts and decisions at a moment.

    Raises:
        NoticeError: when `now` has no time zone, or filings or decisions name a regime there is not.
    """
    if now.tzinfo is None:
        raise NoticeError("`now` needs a time zone, as in 2026-11-26T18:00:00Z")
    for name in [d.regime for d in records.decisions] + [f.regime for f in records.filings]:
        rules.get(name)
    wrong = filed.check(records.filings)
    if wrong:
        raise NoticeError("; ".join(wrong))
    found = applicable(rules.in_force(law_of(facts, now.date())), facts)
    duties = [o for a in found for o in owed(a, facts, records, now)]
    return Plan(now, facts.reference, rules.digest, tuple(found), tuple(duties), tuple(_notes(facts, found, now)))


def _notes(facts: Facts, found: list[Applies], now: datetime) -> list[str]:
    notes = []
    lost = without_residence(facts)
    if lost:
        notes.append(f"where up to {lost:,} people live is not recorded: regimes of other places may be concerned")
    if facts.count is None:
        notes.append("the number of people is not known: give a range with its method rather than nothing")
    if not found:
        notes.append("no regime known here is concerned; that does not mean that no law is")
    for a in found:
        notes += [f"{a.regime.id}: {note}" for note in a.notes]
        wanted = a.regime.language
        if wanted is not None and not facts.plain_words.get(wanted, "").strip():
            notes.append(f"{a.regime.id}: notices must be in `{wanted}`, and plain_words has nothing in it")
    ids = {a.regime.id for a in found}
    if {"CA", "QC"} <= ids:
        notes.append("CA and QC: people in Quebec may come under both laws; counsel says which")
    ahead = [e.value.replace("_", " ") for e, at in facts.events.items() if at > now]
    if ahead:
        notes.append(f"recorded for later than now, and so not counted: {', '.join(ahead)}")
    return notes


def remaining(until: datetime, now: datetime) -> str:
    """`2 d 3 h left`, `40 min left`, `5 h late`."""
    left = until - now
    word = "left" if left >= timedelta(0) else "late"
    minutes = abs(int(left.total_seconds())) // 60
    days, hours = minutes // 1_440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h {word}"
    return f"{hours} h {minutes % 60} min {word}" if hours else f"{minutes} min {word}"
