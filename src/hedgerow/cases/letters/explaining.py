"""The reference page of letters, from the tables that run: kinds, ways, states, legal rules."""

from __future__ import annotations

from collections.abc import Iterator

from hedgerow.cases.letters.docx_package import MOST_BYTES, MOST_PARTS, MOST_UNPACKED
from hedgerow.cases.letters.grounds import grounds
from hedgerow.cases.letters.kinds import KINDS, RECHECK_DAYS
from hedgerow.cases.letters.states import TABLE

_HOW = {
    "read": "the text itself was read",
    "copy": "the wording was compared with a reprint, not with the official journal",
    "summary": "known through notes of others",
    "memory": "not looked up",
}


def page() -> str:
    """The page, as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Letters"
    yield ""
    yield "Generated from `src/hedgerow/cases/letters/` by `make docs`. How to work with them:"
    yield "[Write letters](../how-to/write-letters.md). **Not legal advice.**"
    yield ""
    yield "## Kinds"
    yield ""
    yield "The days are the site's own choice and no law; a person may choose others. Nothing follows by itself."
    yield ""
    yield "| kind | to | days for an answer | what may follow | later looks |"
    yield "|---|---|---|---|---|"
    for kind, rule in KINDS.items():
        steps = ", ".join(s.value for s in rule.steps) or "nothing"
        looks = "yes" if rule.rechecks else "no"
        yield f"| `{kind.value}` | {rule.to} | {rule.answer_days or 'none asked'} | {steps} | {looks} |"
    yield ""
    days = ", ".join(map(str, RECHECK_DAYS))
    yield f"Later looks are {days} days after the letter was sent, and anew after a confirmation of deletion."
    yield ""
    yield "## States"
    yield ""
    yield "| state | what may be done, and what it is then |"
    yield "|---|---|"
    for state, acts in TABLE.items():
        after = "; ".join(f"{act.value} → {then.value}" for act, then in acts.items()) or "nothing"
        yield f"| `{state.value}` | {after} |"
    yield ""
    yield "Only `send` leads out of the house, only from `approved`, and only with the newest version. `fall_due` is"
    yield "the clock's: it happens when the day that stands in the letter is over at the sender's place."
    yield ""
    yield "## Legal rules a letter can name"
    yield ""
    yield "Nothing is named unasked. A rule that is not verified has to be looked up by whoever approves the letter."
    yield ""
    yield "| rule | source | dated | where | verified | remark |"
    yield "|---|---|---|---|---|---|"
    for g in grounds().values():
        where = ", ".join(g.places) or "everywhere"
        seen = f" on {g.checked}" if g.checked else ""
        verified = f"{g.verified}: {_HOW[g.how]}{seen}"
        yield f"| `{g.id}` | {g.source} | {g.dated or 'unknown'} | {where} | {verified} | {g.remark} |"
    yield ""
    yield "## Files"
    yield ""
    yield "| form | what it is |"
    yield "|---|---|"
    yield (
        "| PDF | PDF/A-2a and PDF/UA-1, set by Typst with its own fonts (Latin, Greek, Cyrillic); other characters are "
        "written as code points and named on the letter's page |"
    )
    yield "| DOCX | styles, lists, tables and language; comes back as the same letter |"
    yield "| text | for a mail, or a form on their site |"
    yield ""
    yield "The same version gives the same bytes on every machine. Approval keeps DOCX and PDF under their SHA-256 in"
    yield "`letters/` of the state directory, with uploaded drafts, answers and pictures."
    yield ""
    yield f"An uploaded DOCX has at most {MOST_BYTES >> 20} MB, {MOST_UNPACKED >> 20} MB unpacked, {MOST_PARTS} parts;"
    yield "no macros, embedded files, entities, tracked changes, nothing fetched from outside. It is kept as it came."
    yield "The letter is made of its text: what is read on the screen, searched for gaps, approved and sent as PDF is"
    yield "one and the same. Pictures, comments, notes and text boxes are not taken over, and a warning says so."
