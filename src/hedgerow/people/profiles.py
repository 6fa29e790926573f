"""Profiles: templates whose every page shows one person, and by what that is known."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from hedgerow.people.fields import FieldGuess, fields
from hedgerow.people.places import selectors, text_of
from hedgerow.people.templates import Template
from hedgerow.people.words import EMAIL, PHONE, field_of, looks_like_name

#: A template counts as profiles from this many points on.
ENOUGH = 3.0

#: Words for people in an address: `/members/7`, `/user7`, `/u/ann`.
_PEOPLE = re.compile(
    r"/(members?|people|persons?|users?|profiles?|u|authors?|staff|team|students?|contacts?|accounts?|@)(?=[/{@]|$)"
)

#: Below these a Person is somebody mentioned: who wrote the article, who commented.
_MENTIONS = frozenset(
    {"author", "creator", "publisher", "contributor", "editor", "comment", "review", "knows", "member"}
)


@dataclass
class Profiles:
    """A template of profiles."""

    template: Template
    points: float
    evidence: list[str]
    share: float = 0.0
    """Of the pages that were read, those on which the evidence is that most pages have."""
    fields: list[FieldGuess] = field(default_factory=list)
    place_shares: dict[str, list[float]] = field(default_factory=dict)
    """Of fields that are in several places: on what share of pages each place is."""
    doubts: list[str] = field(default_factory=list)


def judge(template: Template) -> Profiles | None:
    """Whether a template shows one person a page; `None` when the evidence is too thin."""
    pages = [p for p in template.pages if p.media == "text/html"]
    if not template.varies or len(pages) < 2:
        return None
    trees = [LexborHTMLParser(p.text) for p in pages]
    n = len(trees)
    points, most = 0.0, 0
    evidence: list[str] = []

    def share(count: int, sentence: str, weight: float) -> None:
        nonlocal points, most
        if count:
            points += weight * count / n
            most = max(most, count)
            evidence.append(f"{sentence} on {count} of {n} pages")

    share(sum(len(persons_in_json_ld(t)) == 1 for t in trees), "one JSON-LD Person", 4)
    microdata = '[itemtype*="schema.org/Person"]:not([itemprop])'
    share(sum(len(t.css(microdata)) == 1 for t in trees), "one microdata Person", 4)
    share(sum(len(t.css(".h-card, .vcard")) == 1 for t in trees), "one hCard", 3)
    profile = 'meta[property="og:type"][content="profile"]'
    share(sum(t.css_first(profile) is not None for t in trees), "og:type profile", 3)
    headings = [_heading(t) for t in trees]
    texts = [text_of(h) if h is not None else "" for h in headings]
    own_heading = len(set(texts)) >= 0.8 * n
    if own_heading:
        share(sum(looks_like_name(h) for h in texts), "a heading like a personal name, another on each page", 2)
    share(_named_once(trees), "one element whose class says that it is the name, another on each page,", 1.5)
    own = _own_values([_written_to(t) for t in trees])
    share(sum(bool(v) for v in own), "an e-mail or phone link of its own", 2)
    shapes = _own_values([EMAIL.findall(_text(t)) + PHONE.findall(_text(t)) for t in trees])
    share(sum(bool(v) for v in shapes), "an e-mail address or phone number of its own", 1.5)
    if word := _PEOPLE.search(template.path):
        points += 1.5
        evidence.append(f"the address speaks of `{word.group(1)}`")
    words = {w for t in trees for node in t.css("[class], [itemprop]") for w in _words(node)}
    words |= {node.attributes.get("name") or "" for t in trees for node in _locked(t)}
    spoken = {f[0] for w in words if (f := field_of(w))}
    if len(spoken & {"biography", "employer", "town", "email", "phone", "birthday", "connections", "photo"}) >= 2:
        points += 1
        evidence.append("names of classes and inputs speak of " + ", ".join(sorted(spoken)))
    if points < ENOUGH:
        return None
    found = Profiles(template, points, evidence, most / n)
    found.fields = fields(trees, headings if own_heading else [None] * n)
    for guess in found.fields:
        if len(guess.places) > 1:
            held = [sum(t.css_first(place.selector) is not None for t in trees) for place in guess.places]
            found.place_shares[guess.name] = [count / n for count in held]
    if not any(f.name == "name" for f in found.fields):
        found.doubts.append("no element holds the name on every page; name one")
    if points < ENOUGH + 1:
        found.doubts.append("the evidence is thin; look at a page before you keep this route")
    return found


def _named_once(trees: list[LexborHTMLParser]) -> int:
    """Pages with a name that stands there once and on no other page, by its class or `itemprop`."""
    seen: dict[str, list[str]] = {}
    for tree in trees:
        once: dict[str, list[str]] = {}
        for node in tree.css("[class], [itemprop]"):
            if (text := text_of(node)) and len(text) < 80 and (field_of(*_words(node)) or ("",))[0] == "name":
                once.setdefault(selectors(node)[0] if selectors(node) else "", []).append(text)
        for selector, texts in once.items():
            if selector and len(texts) == 1:
                seen.setdefault(selector, []).append(texts[0])
    return max((len(t) for t in seen.values() if len(set(t)) >= 0.8 * len(t) and len(t) > 1), default=0)


def closed(template: Template) -> Profiles | None:
    """Whether addresses that only members may read are those of profiles, by what the addresses say alone."""
    word = _PEOPLE.search(template.path)
    if not template.varies or word is None or not template.path.endswith("}") or len(template.pages) < 3:
        return None
    if not all(p.closed for p in template.pages):
        return None
    evidence = [f"the address speaks of `{word.group(1)}`", f"{len(template.pages)} such addresses lead to the sign-in"]
    doubt = "nothing was read; give `hedgerow map` the cookie of a signed-in account (--cookie) to find the fields"
    return Profiles(template, 0.0, evidence, doubts=[doubt])


def persons_in_json_ld(tree: LexborHTMLParser) -> list[dict[str, Any]]:
    """Persons that a page's JSON-LD is about, those merely mentioned left out."""
    found: list[dict[str, Any]] = []

    def look(value: object, depth: int = 0) -> None:
        if depth > 8 or len(found) > 200:
            return
        if isinstance(value, dict):
            kind = value.get("@type")
            if kind == "Person" or (isinstance(kind, list) and "Person" in kind):
                found.append(value)
            for key, v in value.items():
                if key not in _MENTIONS:
                    look(v, depth + 1)
        elif isinstance(value, list):
            for v in value[:200]:
                look(v, depth + 1)

    for node in tree.css('script[type="application/ld+json"]'):
        try:
            look(json.loads(node.text() or ""))
        except (ValueError, RecursionError):
            continue
    return found


def _heading(tree: LexborHTMLParser) -> LexborNode | None:
    """The first heading of the page's own part."""
    root = tree.css_first("main") or tree.body
    return (root.css_first("h1") or root.css_first("h2")) if root is not None else None


def _written_to(tree: LexborHTMLParser) -> list[str]:
    """Addresses and numbers of links that write or call; a link that lets the visitor pick a receiver has none."""
    hrefs = [a.attributes.get("href") or "" for a in tree.css('a[href^="mailto:"], a[href^="tel:"]')]
    return [h for h in hrefs if h.startswith("tel:") or "@" in h.partition("?")[0]]


def _words(node: LexborNode) -> list[str]:
    return [w for k in ("class", "itemprop") if (w := node.attributes.get(k) or "")]


def _text(tree: LexborHTMLParser) -> str:
    body = tree.css_first("main") or tree.body
    locked = " ".join(node.attributes.get("value") or "" for node in _locked(tree))
    return f"{body.text(separator=' ')[:200_000] if body else ''} {locked}"


def _locked(tree: LexborHTMLParser) -> list[LexborNode]:
    """Inputs nobody can fill in: some sites print profiles as such forms."""
    return tree.css("input[readonly][value], input[disabled][value]")


def _own_values(per_page: list[list[str]]) -> list[list[str]]:
    """Values that stand on one page only: the site's own address stands on all."""
    seen = Counter(v for values in per_page for v in set(values))
    return [[v for v in set(values) if seen[v] == 1] for values in per_page]
