"""What people are told: plain words in their language, only what the facts hold, nothing the regime forbids.

Who holds the information is named only where a rule lets it and a person wrote down why a serious threat needs it. What
is typed by people (narrative, measures) is taken in the language of the notice or listed as missing: nothing is
translated by software.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hedgerow.cases.notices import filings as filed
from hedgerow.cases.notices.codes import Code, Event
from hedgerow.cases.notices.contents import Case, representatives
from hedgerow.cases.notices.facts import Certainty, Facts
from hedgerow.cases.notices.languages import Language
from hedgerow.cases.notices.reading_level import Reading, hardest, sentences
from hedgerow.cases.notices.rules import Regime

_PLACES: Final[dict[Code, str]] = {
    Code.AWR: "what_happened",
    Code.CIA: "what_happened",
    Code.CIR: "what_happened",
    Code.DAT: "what_happened",
    Code.DCA: "information",
    Code.CSQ: "consequences",
    Code.MIT: "our_steps",
    Code.FUT: "our_steps",
    Code.HLP: "your_steps",
    Code.ORG: "questions",
    Code.CON: "questions",
    Code.TLD: "complaints",
    Code.CPL: "complaints",
}
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_PHONE: Final = re.compile(r"(?<!\w)\+?\d[\d ().-]{5,18}\d(?!\w)")


@dataclass(frozen=True)
class Block:
    """One part of a notice, under a heading."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """A draft for people. It may be sent when nothing is missing, nothing is forbidden and it is plain enough."""

    regime: str
    language: str
    subject: str
    opening: str
    blocks: tuple[Block, ...]
    closing: tuple[str, ...]
    missing: tuple[Code, ...]
    forbidden: tuple[str, ...]
    reading: Reading

    @property
    def ready(self) -> bool:
        """Whether a person may be asked to approve it."""
        return not self.missing and not self.forbidden and self.reading.easy_enough

    @property
    def text(self) -> str:
        """The notice as plain text."""
        parts = [self.opening, *("\n".join((b.heading, *b.lines)) for b in self.blocks)]
        return "\n\n".join((*parts, "\n".join(self.closing))) + "\n"


def draft(case: Case, words: Language, others: Iterable[str] = (), *, public: bool = False) -> Draft:
    """The notice of one regime in one language.

    Args:
        case: facts and where the case stands.
        words: the language pack.
        others: names that must not appear: other people concerned.
        public: the form for a public notice, which speaks to nobody in particular.
    """
    regime = case.applies.regime
    fields = regime.to_people.fields if regime.to_people else ()
    organisation = case.facts.organisation.name or "..."
    said: dict[str, list[str]] = {}
    missing: list[Code] = []
    for code in fields:
        lines = _lines(code, case, words)
        if not lines:
            missing.append(code)
        if code in _PLACES:
            said.setdefault(_PLACES[code], []).extend(lines)
    if not case.facts.organisation.name:
        missing.append(Code.ORG)
    if "holder_identity_unless_serious_threat" in regime_forbids(regime):
        said.setdefault("what_happened", []).append(_holder(case.facts, words))
    blocks = tuple(Block(heading, tuple(said[h])) for h, heading in words.headings.items() if said.get(h))
    kind = "public_" if public else ""
    closing = (
        words.say("reference", reference=case.facts.reference),
        words.say("closing", organisation=organisation),
    )
    opening = words.say(f"{kind}opening", organisation=organisation)
    plain = "\n".join((opening, *(line for b in blocks for line in b.lines)))
    return Draft(
        regime=regime.id,
        language=words.code,
        subject=words.say(f"{kind}subject", organisation=organisation),
        opening=opening,
        blocks=blocks,
        closing=closing,
        missing=tuple(dict.fromkeys(missing)),
        forbidden=tuple(forbidden_in("\n".join((plain, *closing)), case.facts, regime, others)),
        reading=hardest((sentences(plain), *_typed(case.facts, words.code)), words.formula, words.limit),
    )


def _typed(facts: Facts, code: str) -> list[str]:
    """What people typed, each on its own: the easy sentences of a pack must not make up for a hard one of theirs."""
    measures = (*facts.plain_taken.get(code, ()), *facts.plain_planned.get(code, ()))
    return [facts.plain_words.get(code, ""), *measures]


def regime_forbids(regime: Regime) -> tuple[str, ...]:
    """What the regime forbids in a people's notice."""
    return regime.to_people.forbidden if regime.to_people else ()


def forbidden_in(text: str, facts: Facts, regime: Regime, others: Iterable[str] = ()) -> list[str]:
    """What a text says that a notice to people must not say, in sentences that do not repeat it.

    Other people's addresses, numbers and names are kept out under every regime; the holder is too, except where there
    is a serious threat. A text is compared after folding: case, accents written apart and wide letters hide nothing.
    """
    found: list[str] = []
    folded = _fold(text)
    holder = facts.holder
    if holder is not None and not _may_name(facts, regime):
        names = [n for n in (holder.name, *holder.names_to_keep_out) if n.strip()]
        if any(_fold(n) in folded for n in names):
            found.append("it says who holds the information; that is left out unless a serious threat needs it")
    if any(_fold(n) in folded for n in others if n.strip()):
        found.append("it names another person concerned")
    standing_for = "\n".join(who for _, who in facts.organisation.representatives)
    own = {_fold(c.email) for c in (facts.organisation.contact, facts.organisation.officer) if c and c.email}
    own |= {_fold(m) for m in _MAIL.findall(standing_for)}
    if any(_fold(m) not in own for m in _MAIL.findall(text)):
        found.append("it has a mail address that is not the organisation's contact")
    numbers = {_digits(c.phone) for c in (facts.organisation.contact, facts.organisation.officer) if c and c.phone}
    numbers.add(_digits(facts.reference))
    numbers |= {_digits(p) for p in _PHONE.findall(standing_for)}
    if any(len(_digits(p)) >= 7 and _digits(p) not in numbers for p in _PHONE.findall(text)):
        found.append("it has a phone number that is not the organisation's contact")
    return found


def _may_name(facts: Facts, regime: Regime) -> bool:
    exception = "holder_identity_unless_serious_threat" in regime_forbids(regime)
    return exception and facts.holder is not None and bool(facts.holder.serious_threat.strip())


def _holder(facts: Facts, words: Language) -> str:
    if facts.holder is None:
        return words.say("holder_unknown")
    if facts.holder.serious_threat.strip():
        return words.say("holder_named", holder=facts.holder.name)
    return words.say("holder_known")


def _lines(code: Code, case: Case, words: Language) -> list[str]:
    f = case.facts
    match code:
        case Code.CIR:
            return [f.plain_words[words.code]] if f.plain_words.get(words.code, "").strip() else []
        case Code.CIA:
            return [words.say(n) for n in f.nature]
        case Code.AWR:
            at = f.events.get(Event.AWARE)
            return [words.say("aware", day=words.day(at.date()))] if at else []
        case Code.DAT:
            return _period(f, words)
        case Code.DCA:
            return _kinds(f, words)
        case Code.CSQ:
            known = [words.harms[h][0] for h in f.harms if h in words.harms]
            return [words.say("harms"), *_listed(known)] if known else []
        case Code.MIT:
            taken = f.plain_taken.get(words.code, ())
            return [words.say("taken"), *_listed(taken)] if taken else []
        case Code.FUT:
            planned = f.plain_planned.get(words.code, ())
            return [words.say("planned"), *_listed(planned)] if planned else []
        case Code.HLP:
            advice = [line for h in f.harms if h in words.harms for line in words.harms[h][1]]
            return [words.say("advice"), *_listed(advice)] if advice else []
        case Code.ORG:
            o = f.organisation
            return [words.say("organisation", organisation=o.name, address=o.address)] if o.name and o.address else []
        case Code.CON:
            return [*_contact(f, words), *_representatives(case, words)]
        case Code.TLD:
            told = filed.events(case.records.filings, case.applies.regime.id, case.now)
            if Event.AUTHORITY_NOTICE not in told:
                return []
            return [words.say("authority_told", authority=_authority(case, words))]
        case Code.CPL:
            regime = case.applies.regime
            where = [words.say("complain_at", address=regime.complain_at)] if regime.complain_at else []
            return [words.say("complain", authority=_authority(case, words)), *where]
        case _:
            return []


def _authority(case: Case, words: Language) -> str:
    regime = case.applies.regime
    return words.authorities.get(regime.authority, regime.authority_name)


def _contact(f: Facts, words: Language) -> list[str]:
    contact = f.organisation.contact
    if contact is None:
        return []
    return [words.say("contact", name=contact.name), *(x for x in (contact.email, contact.phone) if x)]


def _representatives(case: Case, words: Language) -> list[str]:
    """Where the regime knows representatives, people may turn to the one in their area, too (GDPR, article 27(4))."""
    notice = case.applies.regime.to_authority
    if notice is None or Code.REP not in (*notice.fields, *notice.also):
        return []
    return [line for _, who in representatives(case) for line in (words.say("representative"), who)]


def _period(f: Facts, words: Language) -> list[str]:
    first, last = f.period_from, f.period_to
    if first is None:
        return []
    if last is None or last == first:
        said = words.say("day", day=words.day(first))
    else:
        said = words.say("period", first=words.day(first), last=words.day(last))
    return [said, *([words.say("about")] if f.period_note else [])]


def _kinds(f: Facts, words: Language) -> list[str]:
    lines: list[str] = []
    for state in Certainty:
        # A kind without words in this language is shown by the site's own name of the field, not left out.
        named = [words.kinds.get(k.name, k.name.replace("_", " ")) for k in f.kinds if k.certainty is state]
        if named:
            lines += [words.say(state.value), *_listed(named)]
    return lines


def _listed(lines: Iterable[str]) -> list[str]:
    return [f"- {line}" for line in lines]


def _fold(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(bare.casefold().split())


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
