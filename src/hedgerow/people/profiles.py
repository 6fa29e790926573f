"""Profiles: templates whose every page shows one person, and where on the page each field is."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from hedgerow.people.templates import Template
from hedgerow.people.words import EMAIL, PHONE, field_of, looks_like_name

#: A template counts as profiles from this many points on.
ENOUGH = 3.0


@dataclass
class FieldGuess:
    """One field: where, how sensitive, on what share of pages, why, and what stays doubtful."""

    name: str
    sensitivity: str
    selector: str
    share: float
    why: str
    attribute: str | None = None
    doubt: str | None = None


@dataclass
class Profiles:
    """A template of profiles."""

    template: Template
    points: float
    evidence: list[str]
    fields: list[FieldGuess] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def _persons_in_json_ld(tree: LexborHTMLParser) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def look(value: object, depth: int = 0) -> None:
        if depth > 8:
            return
        if isinstance(value, dict):
            kind = value.get("@type")
            if kind == "Person" or (isinstance(kind, list) and "Person" in kind):
                found.append(value)
            for v in value.values():
                look(v, depth + 1)
        elif isinstance(value, list):
            for v in value[:200]:
                look(v, depth + 1)

    for node in tree.css('script[type="application/ld+json"]'):
        try:
            look(json.loads(node.text() or ""))
        except ValueError:
            continue
    return found


def judge(template: Template) -> Profiles | None:
    """Whether a template shows one person a page; `None` when the evidence is too thin."""
    pages = [p for p in template.pages if p.media == "text/html"]
    if not template.varies or len(pages) < 2:
        return None
    trees = [LexborHTMLParser(p.text) for p in pages]
    n = len(trees)
    points, evidence = 0.0, []

    def share(count: int, sentence: str, weight: float) -> None:
        nonlocal points
        if count:
            points += weight * count / n
            evidence.append(f"{sentence} on {count} of {n} pages")

    share(sum(len(_persons_in_json_ld(t)) == 1 for t in trees), "one JSON-LD Person", 4)
    share(sum(len(t.css('[itemtype*="schema.org/Person"]')) == 1 for t in trees), "one microdata Person", 4)
    share(sum(len(t.css(".h-card, .vcard")) == 1 for t in trees), "one hCard", 3)
    share(sum(t.css_first('meta[property="og:type"][content="profile"]') is not None for t in trees), "og:type profile", 3)
    headings = [(h.text(strip=True) if (h := t.css_first("h1, h2")) else "") for t in trees]
    if len(set(headings)) >= 0.8 * n:
        share(sum(looks_like_name(h) for h in headings), "a heading like a personal name, another on each page", 2)
    own = _own_values([[a.attributes.get("href") or "" for a in t.css('a[href^="mailto:"], a[href^="tel:"]')] for t in trees])
    share(sum(bool(v) for v in own), "an e-mail or phone link of its own", 2)
    shapes = _own_values([EMAIL.findall(_text(t)) + PHONE.findall(_text(t)) for t in trees])
    share(sum(bool(v) for v in shapes), "an e-mail address or phone number of its own", 1.5)
    word = re.search(r"/(members?|people|persons?|users?|profiles?|u|authors?|staff|team|students?|contacts?|accounts?|@)", template.path)
    if word:
        points += 1.5
        evidence.append(f"the address speaks of `{word.group(1)}`")
    classes = {w for t in trees for node in t.css("[class], [itemprop]") for w in [node.attributes.get("itemprop") or node.attributes.get("class") or ""]}
    spoken = {f[0] for c in classes if (f := field_of(c))}
    if len(spoken & {"biography", "employer", "town", "email", "phone", "birthday", "connections", "photo"}) >= 2:
        points += 1
        evidence.append("class names speak of " + ", ".join(sorted(spoken)))
    if points < ENOUGH:
        return None
    profiles = Profiles(template, points, evidence)
    profiles.fields = fields(trees, headings)
    if not any(f.name == "name" for f in profiles.fields):
        profiles.doubts.append("no element holds the name on every page; name one")
    if points < ENOUGH + 1:
        profiles.doubts.append("the evidence is thin; look at a page before you keep this route")
    return profiles


def _text(tree: LexborHTMLParser) -> str:
    body = tree.css_first("main") or tree.body
    return body.text(separator=" ")[:200_000] if body else ""


def _own_values(per_page: list[list[str]]) -> list[list[str]]:
    """Values that stand on one page only: the site's own address stands on all."""
    seen = Counter(v for values in per_page for v in set(values))
    return [[v for v in set(values) if seen[v] == 1] for values in per_page]


def css_of(node: LexborNode) -> str | None:
    """A selector that tells what a node is, not where: `itemprop`, else tag and classes; `None` when it has neither."""
    prop = node.attributes.get("itemprop")
    if prop and re.fullmatch(r"[\w-]+", prop):
        return f'[itemprop="{prop}"]'
    classes = [c for c in (node.attributes.get("class") or "").split() if re.fullmatch(r"[A-Za-z_][\w-]*", c)]
    # Classes with digits are mostly of one page or one build.
    stable = [c for c in classes if not re.search(r"\d{2,}", c)][:2]
    return node.tag + "".join(f".{c}" for c in stable) if stable else None


def _label(node: LexborNode) -> str:
    """The label beside a value: the `dt` before a `dd`, the `th` of a row."""
    before = node.prev
    while before is not None and before.tag.startswith("-"):
        before = before.prev
    if before is not None and before.tag in {"dt", "th", "label", "strong", "b"}:
        return before.text(strip=True)[:60]
    return ""


def fields(trees: list[LexborHTMLParser], headings: list[str]) -> list[FieldGuess]:
    """Proposes fields from elements whose text differs from page to page."""
    n = len(trees)
    texts: dict[str, list[str]] = defaultdict(list)
    labels: dict[str, str] = {}
    for tree in trees:
        seen: set[str] = set()
        root = tree.css_first("main") or tree.body
        for node in root.css("*") if root else []:
            selector = css_of(node)
            if selector is None or selector in seen or node.tag in {"script", "style", "nav", "form", "main", "article", "section", "ul", "ol", "dl", "table", "body", "header", "footer"}:
                continue
            seen.add(selector)
            value = node.attributes.get("src") if node.tag == "img" else node.attributes.get("content") if node.tag == "meta" else node.text(separator=" ", strip=True)
            if value:
                texts[selector].append(value[:2000])
                labels.setdefault(selector, _label(node))
    found: dict[str, FieldGuess] = {}

    def propose(guess: FieldGuess) -> None:
        known = found.get(guess.name)
        if known is None or (guess.share, -len(guess.selector)) > (known.share, -len(known.selector)):
            found[guess.name] = guess

    for selector, values in texts.items():
        share = len(values) / n
        if share < 0.3 or (n > 2 and len(set(values)) < max(2, 0.3 * len(values))):
            continue
        named = field_of(selector, labels[selector])
        if named is None and selector.startswith("img"):
            named = ("photo", "basic")
        if named is None:
            continue
        name, sensitivity = named
        if any(EMAIL.search(v) for v in values) and name not in {"biography"}:
            name, sensitivity = "email", "contact"
        why = f"`{selector}`" + (f" beside “{labels[selector]}”" if labels[selector] else "") + " holds another value on each page"
        propose(FieldGuess(name, sensitivity, selector, share, why, attribute="src" if selector.startswith("img") else None))
    own_mail = sum(bool(t.css('a[href^="mailto:"]')) for t in trees) / n
    if own_mail and "email" not in found:
        propose(FieldGuess("email", "contact", 'a[href^="mailto:"]', own_mail, "links that write an e-mail", doubt="the site's own address in a footer would match too" if len({(a.attributes.get("href")) for t in trees for a in t.css('a[href^="mailto:"]')}) < n else None))
    own_tel = sum(bool(t.css('a[href^="tel:"]')) for t in trees) / n
    if own_tel and "phone" not in found:
        propose(FieldGuess("phone", "contact", 'a[href^="tel:"]', own_tel, "links that call a number"))
    if "name" not in found and len(set(headings)) >= 0.8 * n:
        tag = "h1" if all(t.css_first("h1") for t in trees) else "h2"
        propose(FieldGuess("name", "basic", tag, 1.0, "the heading is another on each page"))
    with_ld = sum(bool(_persons_in_json_ld(t)) for t in trees)
    if with_ld:
        holds = {f[0] for t in trees for p in _persons_in_json_ld(t) for k in p if (f := field_of(k))}
        worst = "contact" if holds & {"email", "phone", "address"} else "personal"
        found["structured_data"] = FieldGuess("structured_data", worst, 'script[type="application/ld+json"]', with_ld / n,
                                              "JSON-LD repeats " + ", ".join(sorted(holds)))  # fmt: skip
    return sorted(found.values(), key=lambda f: (f.sensitivity == "contact", f.name))
