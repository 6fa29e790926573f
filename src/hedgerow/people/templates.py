"""Templates of addresses: which parts of a path are names of things, and which name one thing of many.

A part varies when it is a number, a UUID or a hash; or when enough siblings lead to pages built alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from hedgerow.people.walk import Page

_NUMBER_LIKE = re.compile(r"\d+|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{12,64}", re.IGNORECASE)

#: Siblings that must look alike before a part made of words counts as varying.
ALIKE = 4


@dataclass
class Template:
    """One template of addresses and the pages that belong to it."""

    path: str
    pages: list[Page] = field(default_factory=list)

    @property
    def varies(self) -> bool:
        """Whether the path has a varying part."""
        return "{" in self.path

    def pattern(self) -> re.Pattern[str]:
        """A regular expression that matches its paths, the first varying part caught."""
        return re.compile(pattern_text(self.path) + r"/?$")


def pattern_text(path: str) -> str:
    """The template as a regular expression without an end: `/u/{}` gives `/u/([^/?#]+)`."""
    parts = re.split(r"(\{[a-z.]*\})", path)
    return "".join("([^/?#]+)" if p.startswith("{") else re.escape(p).replace(r"\-", "-") for p in parts)


def skeleton(page: Page) -> frozenset[str]:
    """What a page is built of: tags with their classes, and keys for JSON. Pages of one template share most of it."""
    if page.media == "application/json":
        return frozenset(re.findall(r'"([A-Za-z_][\w-]{0,40})"\s*:', page.text[:20_000]))
    if page.media != "text/html":
        return frozenset({page.media})
    body = LexborHTMLParser(page.text).body
    if body is None:
        return frozenset()
    return frozenset(
        f"{n.tag}.{n.attributes.get('class') or ''}.{n.attributes.get('itemprop') or ''}" for n in body.css("*")
    )


def alike(a: frozenset[str], b: frozenset[str]) -> float:
    """Jaccard similarity, 0 to 1."""
    return len(a & b) / len(a | b) if a or b else 1.0


def templates(pages: list[Page]) -> list[Template]:
    """Groups pages by template, most pages first."""
    skeletons = {p.url: skeleton(p) for p in pages}
    by_path: dict[tuple[str, ...], list[Page]] = defaultdict(list)
    for page in pages:
        by_path[tuple(page.path.strip("/").split("/"))].append(page)
    groups = _split([(parts, ps) for parts, ps in by_path.items()], 0, skeletons)
    found: dict[str, Template] = {}
    for path, group in groups:
        found.setdefault(path, Template(path)).pages.extend(group)
    return sorted(found.values(), key=lambda t: (-len(t.pages), t.path))


_Rows = list[tuple[tuple[str, ...], list[Page]]]


def _split(rows: _Rows, depth: int, skeletons: dict[str, frozenset[str]], so_far: str = "") -> list[tuple[str, list[Page]]]:
    ended = [pages for parts, pages in rows if len(parts) == depth]
    out: list[tuple[str, list[Page]]] = [(so_far or "/", [p for ps in ended for p in ps])] if ended else []
    onward = [(parts, pages) for parts, pages in rows if len(parts) > depth]
    by_part: dict[str, _Rows] = defaultdict(list)
    for parts, pages in onward:
        by_part[parts[depth]].append((parts, pages))
    varying: list[str] = [p for p in by_part if _NUMBER_LIKE.fullmatch(_bare(p))]
    words = [p for p in by_part if p not in varying and p]
    for cluster in _clusters(words, by_part, skeletons):
        if len(cluster) >= ALIKE:
            varying += cluster
    if varying:
        rest = [row for p in varying for row in by_part[p]]
        out += _split(rest, depth + 1, skeletons, f"{so_far}/{_affixed(varying)}")
    for part, group in by_part.items():
        if part not in varying:
            out += _split(group, depth + 1, skeletons, f"{so_far}/{part}")
    return out


def _bare(part: str) -> str:
    return re.sub(r"^[@~]|\.(?:html?|json|xml|svg|png|jpe?g|php)$", "", part)


def _affixed(parts: list[str]) -> str:
    """`{}` with what all parts begin and end with: `12.html`, `7.html` give `{}.html`; `@ann`, `@bo` give `@{}`."""
    before = "@" if all(p.startswith("@") for p in parts) else "~" if all(p.startswith("~") for p in parts) else ""
    endings = {m.group(0) if (m := re.search(r"\.[a-z]{2,5}$", p)) else "" for p in parts}
    after = endings.pop() if len(endings) == 1 else ""
    return f"{before}{{}}{after}"


def _clusters(words: list[str], by_part: dict[str, _Rows], skeletons: dict[str, frozenset[str]]) -> list[list[str]]:
    """Parts whose pages are built alike."""
    clusters: list[tuple[frozenset[str], list[str]]] = []
    for word in sorted(words):
        page = next((p for parts, ps in by_part[word] for p in ps if p.status == 200), None)
        if page is None or page.media == "redirect":
            continue
        mine = skeletons[page.url]
        for other, members in clusters:
            if len(mine) >= 3 and alike(mine, other) >= 0.8:
                members.append(word)
                break
        else:
            clusters.append((mine, [word]))
    return [members for _, members in clusters]


def path_of(url: str) -> str:
    """Path of an address, without query."""
    return urlsplit(url).path or "/"
