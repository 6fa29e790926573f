"""Makes a letter of the facts of a case. Pure: the same facts, words, people and moment give the same document.

A letter states what the ledger shows, each kind of information with its mark, each number with its method, and nothing
else: who did it is never said but in the writer's own words, and those stand as such. What is missing stays as a
visible gap.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from hedgerow.cases.case_facts import CaseFacts
from hedgerow.cases.letters import asking, passages
from hedgerow.cases.letters.clocks import answer_by, zone_of
from hedgerow.cases.letters.document import Block, Bullets, Heading, LetterDocument, Paragraph
from hedgerow.cases.letters.form import confirmation
from hedgerow.cases.letters.grounds import chosen
from hedgerow.cases.letters.kinds import Kind
from hedgerow.cases.letters.passages import Draft
from hedgerow.cases.letters.people import Particulars, Recipient, Sender
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.text import one_line
from hedgerow.cases.letters.words import LetterWords, letter_words


def draft(
    kind: Kind,
    facts: CaseFacts,
    recipient: Recipient,
    language: str,
    sender: Sender,
    now: datetime,
    *,
    number: str = "",
    particulars: Particulars | None = None,
) -> LetterDocument:
    """A letter, ready to be read and changed by a person.

    Args:
        kind: which letter.
        facts: the case, as `cases.core.telling` reads it.
        recipient: to whom.
        language: name of the language pack.
        sender: who writes.
        now: the moment of writing, aware; the day on the letter is that of the sender's place.
        number: our reference; the case's number without it.
        particulars: what no ledger knows.

    Raises:
        LetterError: when language, place, zone or a rule does not exist.
    """
    if now.tzinfo is None:
        raise LetterError("a letter is written at a moment with a time zone")
    known = particulars or Particulars()
    chosen(known.grounds)
    words = letter_words(language)
    zone = zone_of(sender)
    written = now.astimezone(zone).date()
    d = Draft(
        kind=kind,
        facts=facts,
        recipient=recipient,
        words=words,
        sender=sender,
        particulars=known,
        number=number or facts.number,
        now=now,
        answer_by=answer_by(kind, known, recipient, sender, now),
        zone=zone.key,
    )
    document = LetterDocument(
        kind=kind,
        language=language,
        number=d.number,
        written_on=written,
        answer_by=d.answer_by,
        zone=d.zone,
        sender=_sender(sender, words),
        recipient=_recipient(recipient, words),
        place_and_day=words.say("place_and_day", place=_place(sender, words), day=words.day(written)),
        reference=words.say("our_reference", number=d.number),
        subject=words.subject(kind.value, site=d.site),
        blocks=tuple(_PARTS[kind](d)),
        grounds=known.grounds,
    ).cleaned()
    document.check()
    return document


def _sender(s: Sender, words: LetterWords) -> tuple[str, ...]:
    address = [line.strip() for line in s.address.split("\n") if line.strip()] or [words.gap("sender_address")]
    contact = [x for x in (s.email or words.gap("email"), s.phone) if x]
    return (s.organisation or words.gap("organisation"), *address, *contact)


def _recipient(r: Recipient, words: LetterWords) -> tuple[str, ...]:
    address = [line.strip() for line in r.address.split("\n") if line.strip()]
    if r.email:
        address.append(r.email)
    attention = [words.say("attention", name=r.attention)] if r.attention else []
    return (r.name or words.gap("recipient"), *attention, *(address or [words.gap("recipient_address")]))


def _place(s: Sender, words: LetterWords) -> str:
    """The town of the sender: the last line of the address without its code."""
    lines = [line.strip() for line in s.address.split("\n") if line.strip()]
    town = " ".join(w for w in lines[-1].split() if not any(c.isdigit() for c in w)) if lines else ""
    return town or words.gap("place")


def _records(d: Draft) -> list[Block]:
    return [
        Heading(d.words.say("heading_records"), 2),
        passages.when(d),
        passages.how_many(d),
        *passages.share(d),
        *passages.fields(d),
        *passages.senders(d),
        *passages.found(d),
    ]


def _cease(d: Draft) -> list[Block]:
    return [
        *asking.opening(d),
        *passages.account(d),
        *_records(d),
        *asking.rules(d, needed=True),
        *asking.asks(d, "stop_collecting", "stop_using", "say_purpose", "say_recipients", "undertake"),
        *asking.own_words(d),
        *asking.deadline(d),
        *asking.fairness(d),
        *asking.closing(d),
    ]


def _deletion(d: Draft) -> list[Block]:
    say = d.words.say
    return [
        *asking.opening(d),
        *passages.account(d),
        Heading(say("heading_records"), 2),
        passages.when(d),
        passages.how_many(d),
        *passages.senders(d),
        Paragraph(say("see_annex_a")),
        *asking.rules(d, needed=True),
        *asking.asks(
            d, "delete_all", "delete_recipients", "delete_models", "delete_people", "confirm_form", "keep_proof"
        ),
        *asking.own_words(d),
        *asking.deadline(d),
        *asking.fairness(d),
        *asking.closing(d, say("annex_a"), say("annex_b")),
        *_scope(d),
        *confirmation(d, "annex_b"),
    ]


def _scope(d: Draft) -> list[Block]:
    """Annex A: fields, periods, onward recipients, models."""
    say, known = d.words.say, d.particulars
    days = passages.period(d)
    blocks: list[Block] = [Heading(say("annex_a"), 1, new_page=True)]
    if days is None:
        blocks.append(Paragraph(d.words.gap("period")))
    else:
        blocks.append(Paragraph(say("annex_a_period", first=d.words.day(days[0]), last=d.words.day(days[1]))))
    blocks += [passages.how_many(d, "annex_a_people"), *passages.fields(d), *passages.found(d)]
    if known.recipients_known:
        blocks += [Paragraph(say("annex_a_recipients")), Bullets(known.recipients_known)]
    else:
        blocks.append(Paragraph(say("annex_a_no_recipients")))
    if known.models_known:
        blocks += [Paragraph(say("annex_a_models")), Bullets(known.models_known)]
    else:
        blocks.append(Paragraph(say("annex_a_no_models")))
    return blocks


def _form(d: Draft) -> list[Block]:
    before = [] if d.particulars.previous else [Paragraph(d.words.gap("previous"))]
    return [
        *asking.opening(d, why=False),
        *before,
        Paragraph(d.words.say("form_cover")),
        *asking.own_words(d),
        *asking.deadline(d),
        *asking.fairness(d),
        *asking.closing(d),
        *confirmation(d, "form_title"),
    ]


def _notice(d: Draft, subject: list[Block], *wanted: str) -> list[Block]:
    """A notice to somebody who is not suspected and can help."""
    return [
        *asking.opening(d, why=False),
        Heading(d.words.say("heading_offer"), 2),
        *passages.account(d, needed=True),
        *subject,
        *asking.rules(d, needed=False),
        *asking.asks(d, *wanted),
        *asking.own_words(d),
        *asking.notifier(d),
        *asking.deadline(d),
        *asking.fairness(d),
        *asking.closing(d),
    ]


def _host(d: Draft) -> list[Block]:
    subject = [*passages.found(d, needed=True), *passages.fields(d), Paragraph(d.words.say("offer"))]
    return _notice(d, subject, "host_remove", "host_tell_customer", "host_preserve", "say_decision")


def _registrar(d: Draft) -> list[Block]:
    domain = one_line(d.particulars.domain) or d.words.gap("domain")
    named: list[Block] = [Paragraph(d.words.say("domain", domain=domain))]
    subject = [*named, *passages.found(d, needed=True), *passages.fields(d), Paragraph(d.words.say("offer"))]
    return _notice(d, subject, "registrar_check", "registrar_forward", "say_decision")


def _marketplace(d: Draft) -> list[Block]:
    subject = [*passages.found(d, needed=True), *passages.fields(d), Paragraph(d.words.say("offer"))]
    wanted = ("market_remove", "market_stop_payment", "market_preserve", "say_decision")
    return _notice(d, subject, *wanted)


def _abuse(d: Draft) -> list[Block]:
    source = d.particulars.network_source
    whose = d.words.say("network_source", source=source) if source else d.words.gap("network_source")
    subject = [
        passages.when(d),
        passages.how_many(d),
        *passages.senders(d, addresses_needed=True),
        Paragraph(whose),
        *passages.evidence(d),
    ]
    return _notice(d, subject, "abuse_check", "abuse_tell_customer", "abuse_preserve", "say_decision")


def _complaint(d: Draft, before: tuple[str, ...], wanted: tuple[str, ...]) -> list[Block]:
    say = d.words.say
    holder = d.particulars.addressed_because
    return [
        Paragraph(d.words.gap("own_form")),
        *asking.opening(d, why=False),
        *(Paragraph(say(sentence)) for sentence in before),
        Heading(say("heading_facts"), 2),
        *passages.account(d, needed=True),
        passages.when(d),
        passages.how_many(d),
        *passages.share(d),
        *passages.fields(d),
        *passages.excluded(d),
        *passages.senders(d),
        *passages.found(d),
        Heading(say("heading_holder"), 2),
        Paragraph(holder or say("holder_unknown")),
        Heading(say("heading_done"), 2),
        *passages.moment(d, "detected", d.facts.detected_at),
        *passages.moment(d, "contained", d.facts.contained_at),
        *asking.previous(d, "earlier"),
        *passages.evidence(d),
        *asking.rules(d, needed=False),
        *asking.asks(d, *wanted, heading="heading_requests"),
        *asking.own_words(d),
        *asking.closing(d),
    ]


def _authority(d: Draft) -> list[Block]:
    return _complaint(d, ("not_article_77",), ("authority_examine", "authority_tell"))


def _police(d: Draft) -> list[Block]:
    unknown = () if d.particulars.addressed_because else ("unknown_persons",)
    return _complaint(d, unknown, ("police_register", "police_examine", "police_ready"))


_PARTS: Final[dict[Kind, Callable[[Draft], list[Block]]]] = {
    Kind.CEASE_AND_DESIST: _cease,
    Kind.DELETION_DEMAND: _deletion,
    Kind.CONFIRMATION_FORM: _form,
    Kind.HOST_NOTICE: _host,
    Kind.REGISTRAR_NOTICE: _registrar,
    Kind.MARKETPLACE_NOTICE: _marketplace,
    Kind.ABUSE_NOTICE: _abuse,
    Kind.AUTHORITY_COMPLAINT: _authority,
    Kind.POLICE_COMPLAINT: _police,
}
