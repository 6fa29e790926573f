"""The parts of a letter that ask: who writes and why, on which rules, what is wanted, by when, what may follow."""

from __future__ import annotations

from hedgerow.cases.letters.document import Block, Bullets, Heading, Paragraph, Signature
from hedgerow.cases.letters.grounds import chosen
from hedgerow.cases.letters.kinds import KINDS
from hedgerow.cases.letters.passages import Draft, paragraphs_of
from hedgerow.cases.letters.text import one_line


def opening(d: Draft, *, why: bool = True) -> list[Block]:
    """Who writes, why to this recipient, and which letter went before."""
    blocks: list[Block] = [Paragraph(d.words.say("dear")), Paragraph(d.words.say("who_we_are", site=d.site))]
    if why:
        reason = d.particulars.addressed_because
        written = [d.words.say("why_you", reason=reason)] if reason else []
        blocks += [Paragraph(p) for p in (written or [d.words.gap("addressed_because")])]
    # Only who got the letter before is told of it here; whoever can help learns nothing about others.
    return blocks + (previous(d, "follows") if KINDS[d.kind].accuses else [])


def previous(d: Draft, sentence: str) -> list[Block]:
    """The letter before this one, if there was one."""
    p = d.particulars
    if not p.previous:
        return []
    if p.previous_on is None:
        return [Paragraph(d.words.say(f"{sentence}_undated", number=p.previous))]
    return [Paragraph(d.words.say(sentence, number=p.previous, day=d.words.day(p.previous_on)))]


def rules(d: Draft, *, needed: bool) -> list[Block]:
    """The rules that a person chose, and the terms of use. A demand without any rests on nothing: that is a gap."""
    lines = [d.words.ground(g.id) for g in chosen(d.particulars.grounds)]
    if d.particulars.terms:
        lines.append(d.words.say("terms", terms=d.particulars.terms))
    if not lines:
        return [Heading(d.words.say("heading_rules"), 2), Paragraph(d.words.gap("rule"))] if needed else []
    return [Heading(d.words.say("heading_rules"), 2), Bullets(tuple(lines))]


def asks(d: Draft, *names: str, heading: str = "heading_asks") -> list[Block]:
    """What is asked, numbered, so that an answer can go through it."""
    return [
        Heading(d.words.say(heading), 2),
        Bullets(tuple(d.words.say(name) for name in names), numbered=True),
    ]


def deadline(d: Draft) -> list[Block]:
    """By when, and what may follow."""
    if d.answer_by is None:
        return []
    return [
        Heading(d.words.say("heading_when"), 2),
        Paragraph(d.words.say("answer_by", day=d.words.day(d.answer_by), zone=zone_name(d.zone), email=d.email)),
        *steps(d),
    ]


def steps(d: Draft) -> list[Block]:
    """What may follow when no answer comes."""
    names = tuple(d.words.named("steps", s.value) for s in KINDS[d.kind].steps)
    return [Paragraph(d.words.say("steps_intro")), Bullets(names)] if names else []


def fairness(d: Draft) -> list[Block]:
    """What keeps a letter fair: a way out for who has nothing to do with it, and no claim beyond the records."""
    if not KINDS[d.kind].accuses:
        return [Paragraph(d.words.say("intermediary"))]
    return [
        Heading(d.words.say("heading_mistake"), 2),
        Paragraph(d.words.say("mistake")),
        Paragraph(d.words.say("no_claim")),
    ]


def notifier(d: Draft) -> list[Block]:
    """Who gives a notice, and that it is given in good faith (what Regulation (EU) 2022/2065, article 16(2) asks)."""
    name = d.sender.organisation or d.words.gap("organisation")
    return [Paragraph(d.words.say("notifier", name=name, email=d.email)), Paragraph(d.words.say("good_faith"))]


def own_words(d: Draft) -> list[Block]:
    """A paragraph of the writer's own."""
    return [Paragraph(p) for p in paragraphs_of(d.particulars.other)]


def closing(d: Draft, *annexes: str) -> list[Block]:
    """The end of a letter."""
    s = d.sender
    name = one_line(s.signatory) or d.words.gap("signatory")
    below = tuple(line for line in (name, one_line(s.signatory_role), one_line(s.organisation)) if line)
    return [
        Paragraph(d.words.say("closing")),
        Signature(d.words.say("sign_here"), below),
        *([Paragraph(d.words.say("annexes", list="; ".join(annexes)))] if annexes else []),
    ]


def zone_name(zone: str) -> str:
    """`Paris` for `Europe/Paris`, `UTC` for itself."""
    return zone.rpartition("/")[2].replace("_", " ")
