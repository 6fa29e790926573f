"""The settings of the people map: which routes show people, and where on them."""

from __future__ import annotations

from typing import Final

from hedgerow.policy import words
from hedgerow.policy.named_shapes import FAILURE, NAME, SENSITIVITY
from hedgerow.policy.shapes import REQUIRED, Choice, Either, Keyed, Many, Real, Section, Setting, Text, Whole

_SELECTOR: Final = Text("li.member", words.wrong_selector)
_JSON_PATH: Final = Text("$.results[*]", words.wrong_json_path)
_PATTERN: Final = Text("/members/([0-9]+)", words.wrong_pattern)

DEFAULT_PATTERN: Final = r"([^/?#]+)/?(?:[?#].*)?$"
"""The last part of a path: what an identifier in a link usually is."""

PERSON: Final = Either(
    {
        "path": "the {person} of the route's path",
        "header": "only the application's response header says",
    },
    (
        Section(
            "person in HTML",
            (
                Setting("html", _SELECTOR, REQUIRED, "CSS selector", "The element that holds one person."),
                Setting(
                    "id",
                    _SELECTOR,
                    None,
                    "CSS selector",
                    "Descendant with the identifier; absent = the element itself.",
                ),
                Setting("attribute", Text("href", words.wrong_token), "href", "", "Attribute with the identifier."),
                Setting(
                    "pattern", _PATTERN, DEFAULT_PATTERN, "regular expression", "Its first group is the identifier."
                ),
            ),
        ),
        Section(
            "person in JSON",
            (
                Setting(
                    "json", _JSON_PATH, REQUIRED, "JSON path", "Where each person is; `$` = the document is one person."
                ),
                Setting("id", _JSON_PATH, "$.id", "JSON path", "The identifier, below the person."),
            ),
        ),
    ),
)

FIELD_SOURCE: Final = Either(
    {},
    (
        Section(
            "field in HTML",
            (
                Setting(
                    "html", _SELECTOR, REQUIRED, "CSS selector", "Elements that hold the field, inside the person's."
                ),
                Setting(
                    "attribute",
                    Text("src", words.wrong_token),
                    None,
                    "",
                    "Only this attribute holds it; absent = the element.",
                ),
            ),
        ),
        Section(
            "field in JSON",
            (Setting("json", _JSON_PATH, REQUIRED, "JSON path", "Values that hold the field, below the person."),),
        ),
    ),
)

ROUTE: Final = Section(
    "route",
    (
        Setting(
            "path",
            Text("/members/{person}", words.wrong_template),
            REQUIRED,
            "path template",
            "Which paths; `{person}` catches the identifier, `{name}` one part, `{name...}` the rest.",
        ),
        Setting("name", NAME, None, "", "Short name for the ledger; absent = made from the path."),
        Setting(
            "methods",
            Many(Choice({m: m for m in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}), single=True),
            [],
            "",
            "Methods of this route; absent = all.",
        ),
        Setting(
            "kind",
            Choice(
                {
                    "profile": "one person",
                    "list": "several people",
                    "search": "several people, found by words",
                    "api": "data for programs",
                    "export": "many people as a file",
                    "other": "anything else",
                }
            ),
            REQUIRED,
            "",
            "What the route is for.",
        ),
        Setting(
            "family",
            NAME,
            "people",
            "",
            "Routes of one family share one posture (budgets are for the whole site); at most 64 families.",
        ),
        Setting("person", PERSON, REQUIRED, "", "How its people are read. The application's header comes before this."),
        Setting(
            "fields",
            Keyed(NAME, Many(FIELD_SOURCE, single=True, least=1, most=32), 64),
            {},
            "",
            "Where each field is, on this route.",
        ),
        Setting("on_unreadable", FAILURE, "refuse", "", "What happens when an answer cannot be read or masked."),
        Setting(
            "max_body_mib",
            Real(0.001, 256),
            8.0,
            "MiB",
            "Longest answer that is read; beyond it on_unreadable applies.",
        ),
    ),
    "One line of the people map.",
)

PEOPLE: Final = Section(
    "people",
    (
        Setting("fields", Keyed(NAME, SENSITIVITY, 64), {}, "", "Every field of a person, and how sensitive it is."),
        Setting("routes", Many(ROUTE, most=500), [], "", "The routes that show people."),
        Setting(
            "members",
            Whole(1, 4_000_000_000),
            None,
            "people",
            "How many people the site has, for shares of them; absent = as many as the ledger has seen.",
        ),
    ),
    "The people map: which routes show people, and where on them.",
)
