"""Lists: pages on which several people stand, each in an element of the same kind that leads to a profile."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from hedgerow.people.profiles import FieldGuess, css_of
from hedgerow.people.templates import Template, pattern_text
from hedgerow.people.words import field_of

#: Different people a page must lead to before it counts as a list.
SEVERAL = 3


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


def judge(template: Template, profile_path: str) -> Listing | None:
    """Whether pages of a template list people whose profiles are at `profile_path`."""
    pattern = pattern_text(profile_path) + r"/?(?:[?#]|$)"
    matcher = re.compile(pattern)
    pages = [p for p in template.pages if p.media == "text/html"]
    counts: list[int] = []
    items: Counter[str] = Counter()
    inner: Counter[str] = Counter()
    captured: dict[str, list[LexborNode]] = {}
    trees = [LexborHTMLParser(p.text) for p in pages]
    for page, tree in zip(pages, trees, strict=True):
        own = matcher.match(page.path)
        people: dict[str, LexborNode] = {}
        for a in tree.css("a[href]"):
            target = urlsplit(urljoin(page.url, a.attributes.get("href") or ""))
            m = matcher.match(target.path)
            if target.netloc == urlsplit(page.url).netloc and m and not (own and own.group(1) == m.group(1)):
                people.setdefault(m.group(1), a)
        counts.append(len(people))
        if len(people) >= SEVERAL:
            selector, within = _item(list(people.values()))
            if selector:
                items[selector] += 1
                inner[within or ""] += 1
                captured.setdefault(selector, []).extend(tree.css(selector))
    listing = [c for c in counts if c >= SEVERAL]
    if not listing:
        return None
    share = len(listing) / len(pages)
    most = max(listing)
    # Query parameters decide the kind: pages asked with a word are searches.
    queries = {q for p in pages for q in p.query_names}
    kind = "search" if queries & {"q", "query", "search", "s", "term"} or re.search(r"/(search|find)\b", template.path) else "list"
    evidence = [f"leads to {most} different profiles ({len(listing)} of {len(pages)} pages lead to {SEVERAL} or more)"]
    if not items:
        result = Listing(template, kind, "a", pattern_text(profile_path), most, share, evidence)
        result.doubts.append("no repeated element holds one person each; the links themselves are taken")
        return result
    selector = items.most_common(1)[0][0]
    evidence.append(f"each in an element `{selector}`")
    result = Listing(template, kind, selector, pattern_text(profile_path), most, share, evidence, inside=inner.most_common(1)[0][0] or None)
    result.fields = _fields(captured[selector])
    if share < 0.5:
        result.doubts.append("most pages of this template list nobody")
    return result


def _item(anchors: list[LexborNode]) -> tuple[str | None, str | None]:
    """The outermost element around each link that holds no other of the links, as a selector, and the link in it."""
    ids = {a.mem_id for a in anchors}
    found: Counter[str] = Counter()
    for a in anchors:
        best = css_of(a)
        node = a.parent
        while node is not None and node.tag not in {"body", "html", "main"}:
            if sum(x.mem_id in ids for x in node.css("a[href]")) > 1:
                break
            best = css_of(node) or (node.tag if node.tag in {"li", "tr", "article"} else best)
            node = node.parent
        if best:
            found[best] += 1
    if not found:
        return None, None
    selector, n = found.most_common(1)[0]
    if n < max(SEVERAL, 0.5 * len(anchors)):
        return None, None
    return selector, None if selector == "a" or selector.startswith("a.") else "a"


def _fields(items: list[LexborNode]) -> list[FieldGuess]:
    n = len(items)
    found: dict[str, FieldGuess] = {}
    values: dict[str, list[str]] = {}
    for item in items:
        seen: set[str] = set()
        for node in item.css("*"):
            selector = css_of(node) or ("img" if node.tag == "img" else None)
            if selector is None or selector in seen:
                continue
            seen.add(selector)
            value = node.attributes.get("src") if node.tag == "img" else node.text(strip=True)
            if value:
                values.setdefault(selector, []).append(value)
    for selector, texts in values.items():
        named = ("photo", "basic") if selector.startswith("img") else field_of(selector)
        if named is None or len(texts) < 0.3 * n or len(set(texts)) < 2:
            continue
        name, sensitivity = named
        guess = FieldGuess(name, sensitivity, selector, len(texts) / n, f"`{selector}` in each item", attribute="src" if selector.startswith("img") else None)
        if name not in found or guess.share > found[name].share:
            found[name] = guess
    if "name" not in found:
        found["name"] = FieldGuess("name", "basic", "a", 1.0, "the link to the profile carries the name", doubt="check that the link's text is the name")
    return sorted(found.values(), key=lambda f: f.name)
