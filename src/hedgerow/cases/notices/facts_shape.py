"""The words of a case's file: what can be written, with a sentence each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hedgerow.cases.notices.codes import EVENTS, MEANINGS
from hedgerow.cases.notices.rule_shape import wrong_date, wrong_id, wrong_place, wrong_word
from hedgerow.cases.notices.worksheet import QUESTIONS
from hedgerow.policy.shapes import REQUIRED, Choice, Flag, Keyed, Many, Section, Setting, Shape, Text, Whole

MOST_PEOPLE: Final = 10_000_000_000
LONGEST: Final = 20_000
"""Longest text a person writes, in characters."""


def wrong_moment(text: str) -> str | None:
    """A moment in ISO 8601 with its offset from UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return "this is not a moment; write day, time and offset"
    return "say the time zone: Z, or an offset such as +01:00" if at.tzinfo is None else None


def wrong_language(text: str) -> str | None:
    """A language pack's name."""
    return (
        None if 2 <= len(text) <= 8 and text.replace("-", "").isalnum() else "a language is `en`, `fr` or another pack"
    )


_TEXT: Final = Text("What happened, in sentences.", longest=LONGEST)
_SHORT: Final = Text("Example Club", longest=500)
_DAY: Final = Text("2026-11-26", wrong_date)
_MOMENT: Final = Text("2026-11-26T18:00:00Z", wrong_moment)
_PLACE: Final = Text("FR", wrong_place)
_REGIME: Final = Text("EU", wrong_id)
_LANGUAGE: Final = Text("en", wrong_language)
_CODES: Final = Many(Choice({str(c): m.sentence for c, m in MEANINGS.items()}), most=31)
_DUTY: Final = Choice(
    {
        "authority": "Notice to the authority.",
        "people": "Notice to people.",
        "third_parties": "Notice to those who can reduce harm.",
    }
)


def _texts(most: int = 200) -> Many:
    return Many(_TEXT, most=most)


def _by_language(of: Shape) -> Keyed:
    return Keyed(_LANGUAGE, of, most=20)


_COUNT: Final = Section(
    "count",
    (
        Setting("low", Whole(0, MOST_PEOPLE), REQUIRED, "people", "At least so many."),
        Setting("high", Whole(0, MOST_PEOPLE), None, "people", "At most; nothing: exactly `low`."),
        Setting("method", _TEXT, REQUIRED, "", "How it was counted or estimated."),
    ),
)
_FIGURE: Final = Section(
    "figure",
    (
        Setting("low", Whole(0, MOST_PEOPLE), REQUIRED, "people", "At least so many."),
        Setting("high", Whole(0, MOST_PEOPLE), None, "people", "At most; nothing: exactly `low`."),
        Setting("method", _TEXT, REQUIRED, "", "How it was counted or estimated."),
        Setting("at", _MOMENT, REQUIRED, "", "When the figure was given."),
        Setting("by", _SHORT, REQUIRED, "", "Who gave it."),
        Setting("reason", _TEXT, "", "", "Why it replaces the one before."),
    ),
)
_CONTACT: Final = Section(
    "contact",
    (
        Setting("name", _SHORT, REQUIRED, "", "Name."),
        Setting("email", _SHORT, "", "", "Address for mail."),
        Setting("phone", _SHORT, "", "", "Number to call."),
        Setting("role", _SHORT, "", "", "What the contact is."),
    ),
)
_ORGANISATION: Final = Section(
    "organisation",
    (
        Setting("name", _SHORT, "", "", "Legal name."),
        Setting("identifiers", Many(_SHORT), [], "", "Numbers in registers."),
        Setting("sector", _SHORT, "", "", "Sector."),
        Setting("size", _SHORT, "", "", "Size."),
        Setting("address", _SHORT, "", "", "Address."),
        Setting("established_in", Many(_PLACE), [], "", "Places with an establishment."),
        Setting("main_establishment", _PLACE, None, "", "The one where decisions about the data are taken."),
        Setting("contact", _CONTACT, None, "", "Who can answer questions."),
        Setting("officer", _CONTACT, None, "", "Data-protection officer."),
        Setting("representatives", Keyed(_PLACE, _SHORT), {}, "", "Local representatives by place."),
    ),
)
_STEP: Final = Section(
    "step",
    (
        Setting("at", _MOMENT, REQUIRED, "", "When."),
        Setting("what", _TEXT, REQUIRED, "", "What."),
    ),
)
_KIND: Final = Section(
    "kind",
    (
        Setting("name", Text("email", wrong_word), REQUIRED, "", "Field, as in the people map."),
        Setting(
            "certainty",
            Choice(
                {
                    "confirmed": "The ledger shows that it was disclosed.",
                    "possible": "It was within reach.",
                    "excluded": "It was out of reach, with proof.",
                }
            ),
            REQUIRED,
            "",
            "Whether it reached the other side.",
        ),
        Setting("reason", _TEXT, REQUIRED, "", "Why: evidence."),
        Setting(
            "sensitivity",
            Choice(
                {
                    "basic": "Name, picture, headline.",
                    "personal": "Biography, employer, town, connections.",
                    "contact": "Mail, phone, address.",
                    "special": "Health, faith, orientation, children.",
                    "credentials": "Passwords, tokens.",
                }
            ),
            "personal",
            "",
            "How sensitive.",
        ),
    ),
)
_GROUP: Final = Section(
    "group",
    (
        Setting("name", _SHORT, REQUIRED, "", "Who they are."),
        Setting("children", Flag(), False, "", "Whether they are children."),
        Setting("at_risk", Flag(), False, "", "Whether they are in heightened danger."),
        Setting("count", _COUNT, None, "", "How many."),
    ),
)
_RESIDENCE: Final = Section(
    "residence",
    (
        Setting("place", _PLACE, REQUIRED, "", "Where they live."),
        Setting("low", Whole(0, MOST_PEOPLE), REQUIRED, "people", "At least so many."),
        Setting("high", Whole(0, MOST_PEOPLE), None, "people", "At most; nothing: exactly `low`."),
        Setting("method", _TEXT, REQUIRED, "", "How it was counted or estimated."),
    ),
)
_HOLDER: Final = Section(
    "holder",
    (
        Setting("name", _SHORT, REQUIRED, "", "Who has the information, as far as known."),
        Setting("names_to_keep_out", Many(_SHORT), [], "", "Other spellings and handles."),
        Setting("serious_threat", _TEXT, "", "", "Why naming them is needed against a threat to life or health."),
    ),
)
_DECISION: Final = Section(
    "decision",
    (
        Setting("regime", _REGIME, REQUIRED, "", "Under which regime."),
        Setting("duty", _DUTY, REQUIRED, "", "Which notice."),
        Setting(
            "outcome", Choice({"notify": "Notice is due.", "do_not_notify": "It is not."}), REQUIRED, "", "The answer."
        ),
        Setting("decided_by", _SHORT, REQUIRED, "", "Who signs."),
        Setting("decided_at", _MOMENT, REQUIRED, "", "When."),
        Setting("reasons", _TEXT, REQUIRED, "", "Why."),
        Setting("factors", Keyed(Text("sensitivity", wrong_word), _TEXT, most=20), {}, "", "What was considered."),
    ),
)
_FILING: Final = Section(
    "filing",
    (
        Setting("regime", _REGIME, REQUIRED, "", "Under which regime."),
        Setting("duty", _DUTY, REQUIRED, "", "Which notice."),
        Setting(
            "kind",
            Choice({"first": "The first.", "supplement": "A follow-up.", "withdrawal": "It is withdrawn."}),
            REQUIRED,
            "",
            "What it is.",
        ),
        Setting("at", _MOMENT, REQUIRED, "", "When it left."),
        Setting("by", _SHORT, REQUIRED, "", "Who sent it."),
        Setting("given", _CODES, [], "", "Contents it had."),
        Setting("open", _CODES, [], "", "Contents that were still missing."),
        Setting("promised", _DAY, None, "", "Day for which the rest was promised."),
        Setting("people", _COUNT, None, "", "Number of people it stated."),
        Setting("reason", _TEXT, "", "", "Why figures changed, or why it was withdrawn."),
    ),
)
_LATE: Final = Section(
    "late reason",
    (
        Setting("regime", _REGIME, REQUIRED, "", "Under which regime."),
        Setting("duty", Choice({**_DUTY.words, "assess": "The assessment."}), REQUIRED, "", "Which duty."),
        Setting("text", _TEXT, REQUIRED, "", "Why it was late."),
        Setting("by", _SHORT, REQUIRED, "", "Who says so."),
        Setting("at", _MOMENT, REQUIRED, "", "When it was written."),
    ),
)

CASE: Final = Section(
    "case",
    (
        Setting("reference", _SHORT, REQUIRED, "", "Reference of the case."),
        Setting("organisation", _ORGANISATION, {}, "", "Who answers."),
        Setting("narrative", _TEXT, "", "", "What happened, and how."),
        Setting("plain_words", _by_language(_TEXT), {}, "", "What happened, for the people concerned, by language."),
        Setting("cause", _TEXT, "", "", "Cause or weakness used."),
        Setting("period_from", _DAY, None, "", "First day."),
        Setting("period_to", _DAY, None, "", "Last day."),
        Setting("period_note", _TEXT, "", "", "Why the period is an approximation."),
        Setting("events", Keyed(Choice(dict(EVENTS)), _MOMENT), {}, "", "Moments from which clocks run."),
        Setting("awareness", _TEXT, "", "", "How the organisation became aware, and who told it."),
        Setting("steps", Many(_STEP), [], "", "Dated steps since then."),
        Setting(
            "nature",
            Many(
                Choice(
                    {
                        "confidentiality": "Somebody saw it who should not.",
                        "integrity": "It was changed.",
                        "availability": "It could not be used.",
                    }
                )
            ),
            [],
            "",
            "What was lost.",
        ),
        Setting("systems", _texts(), [], "", "Systems and services concerned, and where they are."),
        Setting("processors", _texts(), [], "", "Processors, joint controllers, vendors."),
        Setting("holder", _HOLDER, None, "", "Who has the information."),
        Setting("kinds", Many(_KIND), [], "", "Kinds of information, each confirmed, possible or excluded."),
        Setting("records", _COUNT, None, "", "Number of records."),
        Setting("groups", Many(_GROUP), [], "", "Groups of people."),
        Setting("people", Many(_FIGURE), [], "", "Figures of people concerned, oldest first; the last one holds."),
        Setting("residences", Many(_RESIDENCE), [], "", "Where they live."),
        Setting("harms", Many(Text("phishing", wrong_word)), [], "", "Likely harms; words of the language packs."),
        Setting("severity", _TEXT, "", "", "Severity with its method."),
        Setting("in_place", _texts(), [], "", "Measures that were in place."),
        Setting("taken", _texts(), [], "", "Measures taken."),
        Setting("planned", _texts(), [], "", "Measures planned."),
        Setting("plain_taken", _by_language(_texts()), {}, "", "Measures taken, for the people concerned."),
        Setting("plain_planned", _by_language(_texts()), {}, "", "Measures planned, for the people concerned."),
        Setting("told_people", _TEXT, "", "", "Whether, when and how people were or will be told."),
        Setting("why_people", _TEXT, "", "", "Why there is a public notice, a delay, an exception or no notice."),
        Setting("told_others", _texts(), [], "", "Other authorities and bodies told, police."),
        Setting("warnings", Many(_STEP), [], "", "Earlier claims and anomalies that may be connected."),
        Setting(
            "answers",
            Keyed(
                Choice({q.code: q.asks for q in QUESTIONS.values()}),
                Choice({"yes": "Yes.", "no": "No.", "unknown": "Not known."}),
            ),
            {},
            "",
            "Answers to the worksheet.",
        ),
        Setting("decisions", Many(_DECISION), [], "", "What people decided."),
        Setting("filings", Many(_FILING), [], "", "What was sent."),
        Setting("late_reasons", Many(_LATE), [], "", "Why something was late."),
        Setting("registered", Many(_REGIME), [], "", "Regimes in whose register the case stands."),
    ),
)
