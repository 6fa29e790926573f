"""Templates of addresses: which parts of a path are names of things, and which name one thing of many.

A part varies when it is a number, a UUID or a hash; or when enough siblings lead to pages built alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser

from hedgerow.people.links import Page

_NUMBER_LIKE = re.compile(r"\d+|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{12,64}", re.IGNORECASE)

#: Numbers that must follow the same word before the number counts as varying.
STEMMED = 3

#: Siblings that must look alike before a part made of words counts as varying.
ALIKE = 4


@dataclass
class Template:
    """One template of addresses and the pages that belong to it."""

    path: str
    pages: list[Page] = field(default_factory=list)

    @property
    def read(self) -> list[Page]:
        """Its pages but those that lead to the sign-in."""
        return [p for p in self.pages if not p.closed]

    @property
    def varies(self) -> bool:
        """Whether the path has a varying part."""
        return "{" in self.path

    @property
    def person_hole(self) -> int:
        """Which of the varying parts names the person, counted from 0; mostly the last.

        In `/user/7/ann-lee` the number does, and the words after it are for readers: they change with the name.
        """
        holes = self.path.count("{}")
        if holes < 2 or not self.path.endswith("{}/{}"):
            return holes - 1
        numbers = {tuple(p.path.strip("/").split("/")[-2:]) for p in self.pages}
        unique = all(n.isdigit() for n, _ in numbers) and len({n for n, _ in numbers}) == len(numbers)
        return holes - 2 if unique else holes - 1

    def person_pattern(self, *, last_parts: int | None = None) -> str:
        """Matches its paths as they stand in links, the person caught: `/u/{}` gives `/u/([^/?#]+)/?(?:[?#]|$)`.

        Args:
            last_parts: Only so many parts from the end, for links that are relative.
        """
        hole, text = -1, ""
        path = self.path
        if last_parts is not None:
            path = "/".join(path.strip("/").split("/")[-last_parts:])
            hole += self.path.count("{}") - path.count("{}")
            text = "(?:^|/)"
        if all(self._values(self.person_hole)) and all(v.isdigit() for v in self._values(self.person_hole)):
            caught = "([0-9]+)"
        else:
            caught = "([^/?#]+)"
        for piece in re.split(r"(\{\})", path):
            if piece == "{}":
                hole += 1
                text += caught if hole == self.person_hole else "[^/?#]+"
            else:
                text += re.escape(piece).replace(r"\-", "-")
        return text + r"/?(?:[?#]|$)"

    def named(self, *, person: bool) -> str:
        """The path as a policy writes it: the person's part `{person}`, others numbered."""
        out, hole = "", -1
        for piece in re.split(r"(\{\})", self.path):
            if piece == "{}":
                hole += 1
                out += "{person}" if person and hole == self.person_hole else f"{{part{hole + 1}}}"
            else:
                out += piece
        return out

    def _values(self, hole: int) -> list[str]:
        """What stands in a varying part, on each page."""
        text, at = "", -1
        for piece in re.split(r"(\{\})", self.path):
            at += piece == "{}"
            text += ("([^/]+)" if at == hole else "[^/]+") if piece == "{}" else re.escape(piece)
        found = (re.fullmatch(text + "/?", p.path) for p in self.pages)
        return [m.group(1) for m in found if m]


def skeleton(page: Page) -> frozenset[str]:
    """What a page is built of: tags with their classes, and keys for JSON. Pages of one template share most of it."""
    if page.media == "application/json":
        return frozenset(re.findall(r'"([A-Za-z_][\w-]{0,40})"\s*:', page.text[:20_000]))
    if page.media != "text/html":
        # Three of them, so that addresses of which nothing but this is known count as built alike.
        return frozenset({page.media, "not", "html"})
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
    groups = _split(list(by_path.items()), 0, skeletons)
    found: dict[str, Template] = {}
    for path, group in groups:
        found.setdefault(path, Template(path)).pages.extend(group)
    return sorted(found.values(), key=lambda t: (-len(t.pages), t.path))


_Rows = list[tuple[tuple[str, ...], list[Page]]]


def _split(
    rows: _Rows, depth: int, skeletons: dict[str, frozenset[str]], so_far: str = ""
) -> list[tuple[str, list[Page]]]:
    ended = [pages for parts, pages in rows if len(parts) == depth]
    out: list[tuple[str, list[Page]]] = [(so_far or "/", [p for ps in ended for p in ps])] if ended else []
    onward = [(parts, pages) for parts, pages in rows if len(parts) > depth]
    by_part: dict[str, _Rows] = defaultdict(list)
    for parts, pages in onward:
        by_part[parts[depth]].append((parts, pages))
    varying: list[str] = [p for p in by_part if _NUMBER_LIKE.fullmatch(_bare(p))]
    # `user3`, `user17`: the same word before different numbers.
    stems: dict[str, list[str]] = defaultdict(list)
    for part in by_part:
        if m := re.fullmatch(r"([A-Za-z]+[-_]?)\d+", part):
            stems[m.group(1)].append(part)
    stems = {stem: parts for stem, parts in stems.items() if len(parts) >= STEMMED}
    for stem, numbered in stems.items():
        rest = [row for p in numbered for row in by_part[p]]
        out += _split(rest, depth + 1, skeletons, f"{so_far}/{stem}{{}}")
        for p in numbered:
            del by_part[p]
    words = [p for p in by_part if p not in varying and p]
    for cluster in _clusters(words, by_part, skeletons):
        if len(cluster) >= ALIKE:
            varying += cluster
    if varying:
        out += _split(
            [row for p in varying for row in by_part[p]], depth + 1, skeletons, f"{so_far}/{_affixed(varying)}"
        )
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
        page = next((p for _, ps in by_part[word] for p in ps), None)
        if page is None:
            continue
        mine = skeletons[page.url]
        for other, members in clusters:
            if len(mine) >= 3 and alike(mine, other) >= 0.8:
                members.append(word)
                break
        else:
            clusters.append((mine, [word]))
    return [members for _, members in clusters]
