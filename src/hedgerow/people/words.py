"""Words that tell what a piece of a page holds, and how sensitive that is.

The words are matched against class names, `itemprop`, JSON keys and labels, cut at hyphens, underscores and capitals.
English first; the commonest words of a few other languages, because sites are not all English.
"""

from __future__ import annotations

import re

#: field name -> (sensitivity, words)
FIELDS: dict[str, tuple[str, frozenset[str]]] = {
    "email": ("contact", frozenset({"email", "mail", "emails", "courriel"})),
    "phone": ("contact", frozenset({"phone", "tel", "telephone", "mobile", "fax", "telefon"})),
    "address": ("contact", frozenset({"address", "street", "postal", "adr", "adresse", "zip", "postcode"})),
    "birthday": ("personal", frozenset({"birth", "birthday", "birthdate", "bday", "born", "dob", "age"})),
    "health": ("special", frozenset({"health", "diagnosis", "disability", "allergies"})),
    "faith": ("special", frozenset({"religion", "faith", "church", "denomination"})),
    "orientation": ("special", frozenset({"orientation", "sexuality"})),
    "biography": ("personal", frozenset({"bio", "biography", "about", "description",
                                         "note", "summary", "intro", "signature"})),
    "employer": ("personal", frozenset({"employer", "company", "org", "organization",
                                        "organisation", "affiliation", "worksfor", "workplace"})),
    "town": ("personal", frozenset({"town", "city", "location", "locality",
                                    "region", "country", "hometown", "place"})),
    "connections": ("personal", frozenset({"connections", "friends", "followers", "following", "contacts", "knows"})),
    "groups": ("personal", frozenset({"groups", "memberships"})),
    "website": ("personal", frozenset({"website", "homepage", "url", "web"})),
    "photo": ("basic", frozenset({"photo", "avatar", "picture", "portrait", "image", "img", "gravatar"})),
    "headline": ("basic", frozenset({"headline", "title", "jobtitle",
                                     "role", "tagline", "occupation", "profession"})),
    "name": ("basic", frozenset({"name", "fullname", "displayname", "username",
                                 "fn", "nickname", "realname", "login", "nick"})),
}  # fmt: skip

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?![\w-])")
PHONE = re.compile(r"(?<![\w.])\+?\d[\d ()./-]{6,20}\d(?!\w)")


#: Sensitivities by how much they matter.
RANK = {"basic": 0, "personal": 1, "contact": 2, "special": 3}


def pieces(text: str) -> list[str]:
    """A name cut into lower-case words: `memberBio-text` gives `member`, `bio`, `text`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return [p for p in re.split(r"[^a-z0-9]+", spaced.lower()) if p]


def field_of(*names: str) -> tuple[str, str] | None:
    """The field that class names, keys or labels speak of, and its sensitivity; `None` when they say nothing.

    The most sensitive match wins: calling an e-mail address `contact` costs a click, calling it `basic` costs a person.
    Of two as sensitive, the later word does: `profile-img-username` is a name.
    """
    found: list[tuple[int, int, str, str]] = []
    for name in names:
        cut = pieces(name)
        words = list(enumerate(cut)) + [(i, "".join(cut[i : i + 2])) for i in range(len(cut) - 1)]
        for field, (sensitivity, known) in FIELDS.items():
            at = max((i for i, w in words if w in known), default=None)
            if at is not None:
                # An e-mail address is no place to live.
                found.append((RANK[sensitivity], at + 100 * (field in {"email", "phone"}), field, sensitivity))
    if not found:
        return None
    _, _, field, sensitivity = max(found, key=lambda f: f[:2])
    return field, sensitivity


def looks_like_name(text: str) -> bool:
    """Two to five capitalised words, as personal names mostly are."""
    words = text.split()
    return (
        2 <= len(words) <= 5 and len(text) <= 60 and all(w[:1].isupper() for w in words if w.isalpha() and len(w) > 3)
    )
