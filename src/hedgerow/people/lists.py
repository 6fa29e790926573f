"""Lists: pages on which several people stand, each in an element of the same kind that leads to a profile."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from hedgerow.people.fields import FieldGuess
from hedgerow.people.links import XML, Page
from hedgerow.people.places import Place, classes, selectors, text_of
from hedgerow.people.templates import Template
from hedgerow.people.words import EMAIL, field_of

#: Different people a page must lead to before it counts as a list.
SEVERAL = 3

_HOLDERS = frozenset({"body", "html", "main", "tbody", "table", "ul", "ol"})

#: Parameters that ask for people by words.
SEARCHING = frozenset({"q", "query", "search", "s", "term", "name", "keyword", "keywords", "find"})


@dataclass
class Listing:
    """A template of pages with several people."""

    template: Template
    kind: str
    item: str
    pattern: str
    people: int
    share: float
    evidence: list[str]
    inside: str | None = None
    fields: list[FieldGuess] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def kind_of(template: Template) -> str:
    """`search` for pages asked with words, else `list`."""
    queries = {q for p in template.pages for q in p.query_names}
    spoken = re.search(r"/(search|find|suggest|autocomplete|lookup)\b", template.path)
    return "search" if queries & SEARCHING or spoken else "list"


def judge(template: Template, profiles: Template) -> Listing | None:
    """Whether pages of a template list people whose profiles are those of another template."""
    matcher = re.compile("^" + profiles.person_pattern())
    pages = [p for p in template.pages if p.media == "text/html"]
    counts: list[int] = []
    items: Counter[str] = Counter()
    inner: Counter[str] = Counter()
    captured: dict[str, list[LexborNode]] = {}
    hrefs: list[str] = []
    trees = [LexborHTMLParser(p.text) for p in pages]
    for page, tree in zip(pages, trees, strict=True):
        people = _people(page.url, tree, matcher)
        counts.append(len(people))
        if len(people) >= SEVERAL:
            anchors = [a for found in people.values() for a in found]
            hrefs += [a.attributes.get("href") or "" for a in anchors]
            selector, within = _item(anchors)
            if selector:
                items[selector] += 1
                inner[within] += 1
                captured.setdefault(selector, []).extend(tree.css(selector))
    listing = [c for c in counts if c >= SEVERAL]
    if not listing:
        return None
    share = len(listing) / len(pages)
    most = max(listing)
    pattern = _as_linked(profiles, hrefs)
    evidence = [f"leads to {most} different profiles ({len(listing)} of {len(pages)} pages lead to {SEVERAL} or more)"]
    if items:
        item = items.most_common(1)[0][0]
        inside: str | None = inner.most_common(1)[0][0] or f'a[href*="{_literal(profiles)}"]'
        if item.startswith(("a.", "a[")):
            inside = None
        evidence.append(f"each in an element `{item}`")
    else:
        item, inside = f'a[href*="{_literal(profiles)}"]', None
    result = Listing(template, kind_of(template), item, pattern, most, share, evidence, inside=inside)
    if items:
        result.fields = _fields(captured[item])
    else:
        result.fields = [_name_in(Place(item))]
        result.doubts.append("no repeated element holds one person each; the links themselves are taken")
    if share < 0.5:
        result.doubts.append("most pages of this template list nobody")
    return result


def feed_people(page: Page, profiles: Template) -> set[str]:
    """Whose profiles a feed (RSS 2.0, Atom: RFC 4287) leads to, with their names; nobody's if it is none."""
    if page.media not in XML or not re.search(r"<(?:rss|feed|rdf:RDF)\b", page.text[:2_000]):
        return set()
    matcher = re.compile("^" + profiles.person_pattern())
    links = re.findall(r"<link>\s*([^<\s]{1,2000})", page.text)
    links += re.findall(r"""<(?:link|uri)[^>]{0,200}href=["']([^"']{1,2000})""", page.text)
    return {m.group(1) for link in links if (m := matcher.match(urlsplit(urljoin(page.url, link)).path))}


def _people(url: str, tree: LexborHTMLParser, matcher: re.Pattern[str]) -> dict[str, list[LexborNode]]:
    """Links to profiles by the person they lead to; the page's own person, if it has one, left out."""
    here = urlsplit(url)
    own = matcher.match(here.path)
    people: dict[str, list[LexborNode]] = {}
    for a in tree.css("a[href]"):
        try:
            target = urlsplit(urljoin(url, a.attributes.get("href") or ""))
        except ValueError:
            continue
        m = matcher.match(target.path)
        if target.netloc == here.netloc and m and not (own and own.group(1) == m.group(1)):
            people.setdefault(m.group(1), []).append(a)
    return people


def _as_linked(profiles: Template, hrefs: list[str]) -> str:
    """The pattern that catches people in links as this site writes them: from the root, or relative."""
    whole = profiles.person_pattern()
    if sum(bool(re.search(whole, h)) for h in hrefs) >= 0.9 * len(hrefs):
        rooted = "^" + whole
        return rooted if all(re.search(rooted, h) for h in hrefs) else whole
    parts = 2 if profiles.path.endswith("{}/{}") else 1
    return profiles.person_pattern(last_parts=parts)


def _literal(profiles: Template) -> str:
    """The longest piece of the path that every link to a profile holds."""
    return max(profiles.path.strip("/").split("{}"), key=len)


def _item(anchors: list[LexborNode]) -> tuple[str | None, str]:
    """The outermost element around each person's links that holds nobody else's, as a selector, and the link in it."""
    targets = {a.mem_id: a.attributes.get("href") for a in anchors}
    found: dict[str, set[str | None]] = {}
    links: Counter[str] = Counter()
    for a in anchors:
        best = _selectors(a)
        node = a.parent
        while node is not None and node.tag not in _HOLDERS:
            if len({targets[x.mem_id] for x in node.css("a[href]") if x.mem_id in targets}) > 1:
                break
            best = _selectors(node) or best
            node = node.parent
        for selector in best:
            found.setdefault(selector, set()).add(targets[a.mem_id])
        # In an item with a picture and a name, both links: the one with words is the one that names.
        if text_of(a):
            links.update(f"a.{c}" for c in classes(a)[:1])
    people = len(set(targets.values()))
    # Rows are often of two classes by turns: then the bare tag holds more people than either.
    item = max(found, key=lambda s: (len(found[s]) >= 0.9 * people, "." in s or "[" in s, len(found[s])), default=None)
    if item is None or len(found[item]) < max(SEVERAL, 0.4 * people):
        return None, ""
    if item.startswith(("a.", "a[")):
        return item, ""
    link, sure = links.most_common(1)[0] if links else ("a", 0)
    return item, link if sure >= 0.9 * people else ""


def _selectors(node: LexborNode) -> list[str]:
    named = [s for s in selectors(node)[:2] if "#" not in s]
    return [*named, str(node.tag)] if node.tag in {"li", "tr", "article"} else named


def _columns(item: LexborNode) -> dict[int, str]:
    """What the headings of a table say of the cells of one of its rows: element -> heading."""
    table = item.parent
    while table is not None and table.tag != "table":
        table = table.parent
    if item.tag != "tr" or table is None:
        return {}
    cells = item.css("td")
    for row in table.css("tr"):
        headings = row.css("th")
        if len(headings) == len(cells) and not row.css("td"):
            return {cell.mem_id: text_of(h)[:60] for cell, h in zip(cells, headings, strict=True)}
    return {}


def _fields(items: list[LexborNode]) -> list[FieldGuess]:
    """Fields of the people of a list, each below its item."""
    n = len(items)
    values: dict[Place, list[str]] = {}
    headed: dict[Place, str] = {}
    for item in items:
        seen: set[Place] = set()
        columns = _columns(item)
        for node in item.css("*"):
            options = selectors(node)
            selector = options[0] if options else "img" if node.tag == "img" else None
            if selector is None and node.mem_id in columns:
                selector = f"td:nth-of-type({list(columns).index(node.mem_id) + 1})"
                headed[Place(selector)] = columns[node.mem_id]
            if selector is None or node.tag in {"time", "button", "input", "label", "svg"}:
                continue
            place = Place(selector, "src" if node.tag == "img" else None)
            value = node.attributes.get("src") if node.tag == "img" else text_of(node)
            if value and place not in seen:
                seen.add(place)
                values.setdefault(place, []).append(value)
    found: dict[str, FieldGuess] = {}
    for place, texts in values.items():
        named = ("photo", "basic") if place.attribute == "src" else field_of(place.selector, headed.get(place, ""))
        if sum(bool(EMAIL.search(t)) and len(t) < 100 for t in texts) > 0.5 * len(texts):
            named = ("email", "contact")
        if (
            named is None
            or len(texts) < (0.05 if place in headed else 0.3) * n
            or len(set(texts)) < 2
            or (named[0] == "photo" and not place.attribute)
        ):
            continue
        why = f"under “{headed[place]}”" if place in headed else f"`{place.selector}` in each item"
        guess = FieldGuess(*named, [place], min(1.0, len(texts) / n), why)
        known = found.get(named[0])
        if known is not None and place in headed:
            known.places.append(place)  # a login and a real name, each in a column of its own
        elif known is None or guess.share > known.share:
            found[named[0]] = guess
    if "name" not in found:
        found["name"] = _name_in(Place("a"))
    return sorted(found.values(), key=lambda f: f.name)


def _name_in(place: Place) -> FieldGuess:
    return FieldGuess("name", "basic", [place], 1.0, "the link to the profile carries the name",
                      ["check that the link's text is the name"])  # fmt: skip
