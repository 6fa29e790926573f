"""The words of a regime's file: what can be written, with a sentence each. Reading, errors and the schema follow."""

from __future__ import annotations

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hedgerow.cases.notices import places, rules
from hedgerow.cases.notices.codes import EVENTS, MEANINGS
from hedgerow.policy.shapes import REQUIRED, Choice, Either, Flag, Keyed, Many, Section, Setting, Text, Whole


def wrong_date(text: str) -> str | None:
    """A day in ISO 8601."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return "this is not a day; write year, month and day"
    return None if len(text) == len("2026-11-26") else "this is not a day; write year, month and day"


def wrong_place(text: str) -> str | None:
    """A country or a part of one."""
    return None if places.PLACE.match(text) else "a place is a code of ISO 3166: two capital letters, or CA-QC, US-CA"


def wrong_zone(text: str) -> str | None:
    """A time zone of the tz database."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        return "this is not a time zone of the tz database"
    return None


def wrong_id(text: str) -> str | None:
    """The name of a regime: also a file name and a word in decisions."""
    return None if places.ID.match(text) else "a regime is named by capital letters, digits and `_`, at most 20"


def wrong_sentence(text: str) -> str | None:
    """Something a person reads."""
    return None if len(text.split()) > 1 else "this is read by people; write a sentence"


def wrong_word(text: str) -> str | None:
    """A name within the rules."""
    return None if places.WORD.match(text) else "a name is made of small letters, digits and `_`"


SENTENCE: Final = Text("What a person reads.", wrong_sentence, longest=2_000)
_EVENT: Final = Choice(dict(EVENTS))
_DAY: Final = Text("2026-11-26", wrong_date)
_CODES: Final = Many(Choice({str(c): m.sentence for c, m in MEANINGS.items()}), most=31)
_UNIT: Final = Choice(
    {
        "hours": "Hours; they run through nights, week-ends and holidays.",
        "days": "Calendar days; the day of the event is not counted.",
        "business_days": "Days without week-ends and public holidays; the day of the event is not counted.",
    }
)
_PERIOD: Final = Section(
    "period",
    (
        Setting("amount", Whole(1, 1_000), REQUIRED, "", "How many."),
        Setting("unit", _UNIT, REQUIRED, "", "Of what."),
        Setting("from", _EVENT, REQUIRED, "", "The event from which the period runs."),
        Setting("roll", Flag(), False, "", "Whether a last day that is no working day moves to the next one."),
    ),
)
_AT_ONCE: Final = Section(
    "at once",
    (
        Setting(
            "at_once",
            Text("without undue delay", longest=300),
            REQUIRED,
            "",
            "What the law says instead of a number, in our words.",
        ),
        Setting("from", _EVENT, REQUIRED, "", "The event from which it runs."),
    ),
)
_AFTER: Final = Section(
    "after authority", (Setting("after_authority", SENTENCE, REQUIRED, "", "How it follows the authority's notice."),)
)
_TEST: Final = Section(
    "test",
    (
        Setting("name", Text("high_risk", wrong_word), REQUIRED, "", "Short name of the test."),
        Setting("question", SENTENCE, REQUIRED, "", "What a person decides."),
        Setting(
            "factors",
            Keyed(Text("sensitivity", wrong_word), SENTENCE, most=20),
            {},
            "",
            "What the reasons must go into: a name and a question each.",
        ),
        Setting("people_at_least", Whole(1, 1_000_000_000), None, "people", "Number that meets the test alone."),
        Setting(
            "counted",
            Choice({"territory": "People who live there.", "all": "All people concerned, wherever they live."}),
            "territory",
            "",
            "Whose number that is.",
        ),
    ),
)


def _notice(name: str) -> Section:
    return Section(
        name,
        (
            Setting("test", _TEST, REQUIRED, "", "What a person decides first."),
            Setting("limit", Either({}, (_PERIOD, _AT_ONCE, _AFTER)), REQUIRED, "", "By when."),
            Setting("mandatory", Flag(), True, "", "False where notice is only urged or advised."),
            Setting("expected", _PERIOD, None, "", "What the authority expects where the law has no number."),
            Setting("fields", _CODES, [], "", "Contents the law asks for."),
            Setting("also", _CODES, [], "", "Contents the authority's form asks for beyond the law."),
            Setting("forbid", Many(Choice(rules.FORBIDDEN)), [], "", "What the notice must not say."),
            Setting("modes", Many(Choice(rules.MODES)), [], "", "Ways to tell people, in their order."),
            Setting("public_notice", Many(Choice(rules.PUBLIC_NOTICE)), [], "", "Reasons for a public notice instead."),
            Setting("exceptions", Many(SENTENCE), [], "", "When people need not be told."),
        ),
    )


_SOURCE: Final = Section(
    "source",
    (
        Setting("text", SENTENCE, REQUIRED, "", "The law, decision or guidance, with the provision."),
        Setting("date", _DAY, None, "", "Day of the text."),
        Setting(
            "how",
            Choice(
                {
                    "read": "The text itself was read, or a copy or translation of it.",
                    "regulator": "The authority's own page was read.",
                    "summary": "Only notes of others were read.",
                    "memory": "Nothing was read for this rule.",
                }
            ),
            REQUIRED,
            "",
            "How it was looked at.",
        ),
        Setting("checked", _DAY, None, "", "Day on which it was looked at."),
        Setting("remark", Text("in English translation"), "", "", "What to know about that reading."),
    ),
)
_AUTHORITY: Final = Section(
    "authority",
    (
        Setting("code", Text("CNIL", longest=40), REQUIRED, "", "Short name."),
        Setting("name", SENTENCE, REQUIRED, "", "Name as people know it."),
        Setting("complain_at", Text("https://www.example.org", longest=300), "", "", "Where people can complain."),
    ),
)
_REGISTER: Final = Section(
    "register",
    (
        Setting(
            "scope",
            Choice({"all": "Every breach, also those that are not notified.", "notified": "Notified breaches."}),
            REQUIRED,
            "",
            "What is recorded.",
        ),
        Setting("keep_months", Whole(1, 1_200), None, "months", "How long; nothing where the law has no period."),
        Setting("keep_from", _EVENT, None, "", "From when the period runs."),
    ),
)

REGIME: Final = Section(
    "regime",
    (
        Setting("id", Text("EU", wrong_id), REQUIRED, "", "Name of the regime."),
        Setting("title", SENTENCE, REQUIRED, "", "The law, with its provisions."),
        Setting("version", _DAY, REQUIRED, "", "Day of the last change of this rule."),
        Setting(
            "status",
            Choice(
                {
                    "law": "In force.",
                    "guidance": "No general duty; an authority urges or advises.",
                    "proposal": "A draft; counts only from `enabled_from`.",
                }
            ),
            REQUIRED,
            "",
            "What the rule rests on.",
        ),
        Setting("enabled_from", _DAY, None, "", "From when the rule counts; a proposal never counts without it."),
        Setting("replaces", Text("EU", wrong_id), None, "", "The regime that ends when this one counts."),
        Setting("inherits", Text("EU", wrong_id), None, "", "The regime from which what is not written here comes."),
        Setting("authority", _AUTHORITY, REQUIRED, "", "Who is told."),
        Setting("places", Many(Text("FR", wrong_place), least=1, most=100), REQUIRED, "", "Where it holds (ISO 3166)."),
        Setting(
            "applies_by",
            Many(
                Choice({"residence": "People live there.", "establishment": "The operator is established there."}),
                least=1,
            ),
            ["residence", "establishment"],
            "",
            "What brings a case under the regime.",
        ),
        Setting("time_zone", Text("Pacific/Auckland", wrong_zone), None, "", "Nothing: that of the authority's place."),
        Setting("calendar", Text("NZ", wrong_place), None, "", "Holiday calendar; nothing: of the authority's place."),
        Setting(
            "verified",
            Choice(
                {
                    "yes": "Everything was compared with the text.",
                    "partly": "What `unverified` names was not.",
                    "no": "Nothing was.",
                }
            ),
            REQUIRED,
            "",
            "Whether the rule was compared with the text it rests on.",
        ),
        Setting("unverified", Many(SENTENCE), [], "", "What was not compared."),
        Setting("sources", Many(_SOURCE, least=1), REQUIRED, "", "Where the rule comes from."),
        Setting("assess", _PERIOD, None, "", "By when a suspicion must be looked into."),
        Setting("to_authority", _notice("to_authority"), None, "", "Notice to the authority."),
        Setting("to_people", _notice("to_people"), None, "", "Notice to people."),
        Setting("to_third_parties", _notice("to_third_parties"), None, "", "Notice to those who can reduce harm."),
        Setting("register", _REGISTER, None, "", "What is recorded and kept."),
        Setting("phased", Flag(), False, "", "Whether the notice may be completed later."),
        Setting("extra_rules", Many(Choice(rules.EXTRA_RULES)), [], "", "What decisions of the authority added."),
        Setting("language", Text("fr", longest=8), None, "", "Language the notice must be in."),
        Setting("notes", Many(SENTENCE), [], "", "What to know when it is used."),
    ),
)
