"""The parts of a letter that state facts. Each is a function of the case and the words: what is not known is a gap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from hedgerow.cases.case_facts import CaseFacts, FieldFacts, PrincipalFacts
from hedgerow.cases.letters.document import Block, Bullets, Grid, Paragraph
from hedgerow.cases.letters.kinds import Kind
from hedgerow.cases.letters.people import Particulars, Recipient, Sender
from hedgerow.cases.letters.text import one_line
from hedgerow.cases.letters.words import LetterWords
from hedgerow.cases.notices.facts import Certainty

MOST_ROWS: Final = 200
"""Longest table of senders or packs in a letter; the evidence has the rest."""


@dataclass(frozen=True)
class Draft:
    """All that a letter is made of, handed from part to part."""

    kind: Kind
    facts: CaseFacts
    recipient: Recipient
    words: LetterWords
    sender: Sender
    particulars: Particulars
    number: str
    now: datetime
    answer_by: date | None
    zone: str

    @property
    def site(self) -> str:
        """What the site is called."""
        return one_line(self.facts.site) or self.facts.number

    @property
    def principals(self) -> tuple[PrincipalFacts, ...]:
        """The principals this letter is about: those chosen, otherwise all."""
        chosen = self.particulars.principals
        return tuple(p for p in self.facts.principals if not chosen or p.id in chosen)

    @property
    def email(self) -> str:
        """Where the answer goes."""
        return self.sender.email or self.words.gap("email")


def period(d: Draft) -> tuple[date, date] | None:
    """First and last day of the disclosures, as the ledger shows them, otherwise of the period of the case."""
    first = d.facts.first_disclosure_at or d.facts.period_since
    last = d.facts.last_disclosure_at or d.facts.period_until
    return (first.date(), last.date()) if first and last else None


def when(d: Draft) -> Block:
    """When it happened."""
    days = period(d)
    if days is None:
        return Paragraph(d.words.gap("period"))
    first, last = days
    if first == last:
        return Paragraph(d.words.say("period_one_day", first=d.words.day(first)))
    return Paragraph(d.words.say("period", first=d.words.day(first), last=d.words.day(last)))


def how_many(d: Draft, sentence: str = "people") -> Block:
    """How many people, exact or as a range, and how that was counted."""
    count = d.facts.count
    if count is None:
        return Paragraph(d.words.gap("people"))
    return Paragraph(d.words.say(sentence, count=d.words.count(count), method=d.words.method(one_line(count.method))))


def share(d: Draft) -> list[Block]:
    """How many people the site shows altogether, where that is known."""
    if d.facts.membership is None:
        return []
    return [Paragraph(d.words.say("share", membership=d.words.number(d.facts.membership)))]


def reached(d: Draft) -> tuple[FieldFacts, ...]:
    """What reached the other side, or may have: never what is excluded."""
    return tuple(f for f in d.facts.fields if f.certainty is not Certainty.EXCLUDED)


def fields(d: Draft) -> list[Block]:
    """Which information is concerned, each kind with its mark."""
    concerned = reached(d)
    if not concerned:
        return [Paragraph(d.words.gap("fields"))]
    head = tuple(d.words.say(h) for h in ("head_field", "head_state", "head_people"))
    rows = tuple(
        (
            d.words.named("fields", one_line(f.name)),
            d.words.named("marks", f.certainty.value),
            d.words.number(f.people) if f.people is not None else d.words.say("not_counted"),
        )
        for f in concerned
    )
    return [Paragraph(d.words.say("fields_intro")), Grid(head, rows, d.words.say("fields_caption"))]


def excluded(d: Draft) -> list[Block]:
    """What did not reach the other side: an authority is told all three states."""
    names = tuple(
        d.words.named("fields", one_line(f.name)) for f in d.facts.fields if f.certainty is Certainty.EXCLUDED
    )
    return [Paragraph(d.words.say("excluded_intro")), Bullets(names)] if names else []


def senders(d: Draft, *, addresses_needed: bool = False) -> list[Block]:
    """Who made the requests: keyed references, and addresses only where they were opened for this case."""
    known = [p for p in d.principals if p.level != "strangers"]
    if addresses_needed:
        known = [p for p in known if p.opened is not None]
        if not known:
            return [Paragraph(d.words.gap("addresses"))]
    if not known:
        return []
    head = tuple(d.words.say(h) for h in ("head_level", "head_reference", "head_address"))
    rows = tuple(
        (
            d.words.named("levels", one_line(p.level)),
            one_line(p.name),
            one_line(p.opened.address) if p.opened is not None else d.words.say("address_sealed"),
        )
        for p in known[:MOST_ROWS]
    )
    return [Paragraph(d.words.say("principals_intro")), Grid(head, rows, d.words.say("principals_caption"))]


def found(d: Draft, *, needed: bool = False) -> list[Block]:
    """Where the information was seen, if a person wrote it down."""
    where = d.particulars.found_at
    if not where:
        return [Paragraph(d.words.gap("found_at"))] if needed else []
    on = d.particulars.found_on
    said = d.words.say("found_on", day=d.words.day(on)) if on else d.words.say("found")
    return [Paragraph(said), Bullets(where)]


def evidence(d: Draft) -> list[Block]:
    """The packs of evidence, by their hashes."""
    if not d.facts.evidence:
        return []
    head = tuple(d.words.say(h) for h in ("head_pack", "head_made", "head_hash"))
    rows = tuple((one_line(e.name), d.words.day(e.made_at.date()), e.sha256) for e in d.facts.evidence[:MOST_ROWS])
    return [Paragraph(d.words.say("evidence")), Grid(head, rows, d.words.say("evidence_caption"))]


def moment(d: Draft, sentence: str, at: datetime | None) -> list[Block]:
    """A sentence about a moment, where the case has it."""
    if at is None:
        return []
    return [Paragraph(d.words.say(sentence, day=d.words.day(at.date()), time=f"{at:%H:%M}"))]


def account(d: Draft, *, needed: bool = False) -> list[Block]:
    """What happened, in the writer's own words."""
    if d.particulars.account:
        return [Paragraph(p) for p in paragraphs_of(d.particulars.account)]
    return [Paragraph(d.words.gap("account"))] if needed else []


def paragraphs_of(text: str) -> list[str]:
    """A text that a person wrote, as paragraphs: an empty line ends one."""
    return [" ".join(part.split("\n")).strip() for part in text.split("\n\n") if part.strip()]
