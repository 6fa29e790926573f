"""The confirmation of deletion: a form that the recipient fills in, signs and sends back by a day.

What it asks follows what authorities expect of a site that demands deletion: who answers for it, how it was done, who
else has the information, what became of models, and what was not deleted (joint statement of 24 August 2023, read
through summaries; the single questions are our own).
"""

from __future__ import annotations

from hedgerow.cases.letters import asking
from hedgerow.cases.letters.document import Blanks, Block, Boxes, Grid, Heading, Paragraph, Signature
from hedgerow.cases.letters.passages import Draft, reached
from hedgerow.cases.letters.text import one_line

ROWS_FOR_RECIPIENTS = 5


def confirmation(d: Draft, title: str) -> list[Block]:
    """The form, beginning on a page of its own."""
    say = d.words.say
    return [
        Heading(say(title), 1, new_page=True),
        Paragraph(_until(d)),
        Heading(say("form_who"), 2),
        Blanks((say("form_organisation"), say("form_name"), say("form_reach"))),
        Heading(say("form_held"), 2),
        Paragraph(say("form_held_intro")),
        Boxes((*_fields(d), say("form_field_never"))),
        Heading(say("form_how"), 2),
        Blanks((say("form_when"),)),
        Blanks((say("form_method"), say("form_backups"), say("form_left")), 3),
        Heading(say("form_recipients"), 2),
        Boxes((say("form_none_recipients"),)),
        _recipients(d),
        Heading(say("form_models"), 2),
        Boxes(tuple(say(f"form_models_{x}") for x in ("none", "deleted", "retrained", "kept"))),
        Blanks((say("form_models_which"),), 3),
        Heading(say("form_declaration"), 2),
        Paragraph(say("form_true")),
        Blanks((say("form_place"),)),
        Signature(say("form_signature"), ()),
        Heading(say("form_if_not"), 2),
        *asking.steps(d),
    ]


def _until(d: Draft) -> str:
    day = d.words.day(d.answer_by) if d.answer_by else ""
    zone = asking.zone_name(d.zone)
    return d.words.say("form_intro", email=d.email, day=day, zone=zone, number=d.number)


def _fields(d: Draft) -> tuple[str, ...]:
    names = [d.words.named("fields", one_line(f.name)) for f in reached(d)] or [d.words.gap("fields")]
    return tuple(d.words.say("form_field_box", field=name) for name in names)


def _recipients(d: Draft) -> Block:
    say = d.words.say
    head = (say("form_recipient"), say("form_recipient_told"), say("form_recipient_answer"))
    known = [(name, "", "") for name in d.particulars.recipients_known]
    empty = [("", "", "")] * max(ROWS_FOR_RECIPIENTS - len(known), 2)
    return Grid(head, (*known, *empty), say("form_recipients_caption"))
