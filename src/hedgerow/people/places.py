"""Places on a page: the selectors that lead to an element, and everything that may hold a value.

Selectors name the tag wherever they can: the gateway's reader asks `a.email` of links only, `.email` of every element.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

_WORD = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]{0,60}")

#: Attributes in which sites repeat what they show. `href` counts for addresses to write to and to call.
REPEATING = ("title", "alt", "aria-label", "content", "data-name", "data-email", "data-username", "value")

#: Data for programs inside a page.
DATA_SCRIPTS = 'script[type="application/ld+json"], script[type="application/json"]'


@dataclass(frozen=True, order=True)
class Place:
    """Where a value stands: a selector, and the attribute if only that holds it."""

    selector: str
    attribute: str | None = None

    def as_policy(self) -> dict[str, str]:
        """As the policy writes it."""
        return {"html": self.selector} | ({"attribute": self.attribute} if self.attribute else {})


def stable(word: str) -> bool:
    """Whether a class or id is likely the same on the next page: digits mostly belong to one page or one build."""
    return bool(_WORD.fullmatch(word)) and not re.search(r"\d{2,}|\d$", word) and not _hashed(word)


def _hashed(word: str) -> bool:
    """`css-x7Kq2b`, `_3dXyZ`: names that a build made up."""
    return bool(re.search(r"\d", word) and re.search(r"[a-z]\d|\d[a-z]", word) and re.search(r"[A-Z]", word))


def classes(node: LexborNode) -> list[str]:
    """Stable classes of an element."""
    return [c for c in (node.attributes.get("class") or "").split() if stable(c)]


def selectors(node: LexborNode) -> list[str]:
    """Selectors for an element alone, the most telling first."""
    tag = node.tag or "*"
    out = [f"{tag}.{c}" for c in classes(node)[:4]]
    prop = node.attributes.get("itemprop") or ""
    if _WORD.fullmatch(prop):
        out.append(f'{tag}[itemprop="{prop}"]')
    ident = node.attributes.get("id") or ""
    if stable(ident):
        out.append(f"{tag}#{ident}")
    named = classes(node)[:3]
    out += [f"{tag}.{a}.{b}" for i, a in enumerate(named) for b in named[i + 1 :]]
    field_name = node.attributes.get("name") or ""
    if tag in {"input", "textarea"} and _WORD.fullmatch(field_name):
        out.insert(0, f'{tag}[name="{field_name}"]')
    href = node.attributes.get("href") or ""
    if tag == "a":
        out += [f'a[href^="{start}"]' for start in ("mailto:", "tel:") if href.startswith(start)]
    if tag in {"h1", "title"}:
        out.append(tag)
    return out


def scoped(node: LexborNode) -> list[str]:
    """Selectors for an element by where it stands: below the nearest named ancestor, then by its position there."""
    steps: list[str] = []
    out: list[str] = []
    here: LexborNode | None = node
    own = selectors(node) or [node.tag or "*"]
    while here is not None and here.tag not in {"html", "body"} and len(steps) < 6:
        parent = here.parent
        steps.insert(0, f"{here.tag}:nth-of-type({_position(here)})")
        if parent is None:
            break
        anchors = selectors(parent)[:2] if parent.tag not in {"body", "html"} else []
        out += [f"{a} {o}" for a in anchors for o in own[:2]]
        out += [f"{a} > {' > '.join(steps)}" for a in anchors]
        if parent.tag == "body":
            out.append(f"body > {' > '.join(steps)}")
        here = parent
    return out


def _position(node: LexborNode) -> int:
    n, before = 1, node.prev
    while before is not None:
        n += before.tag == node.tag
        before = before.prev
    return n


def label(node: LexborNode) -> str:
    """The label of a value: the `dt` before a `dd`, the `th` of a row, the bold words an element begins with."""
    before = node.prev
    while before is not None and (before.tag or "-").startswith("-"):
        before = before.prev
    if before is not None and before.tag in {"dt", "th", "label", "strong", "b"}:
        return text_of(before)[:60]
    if before is not None and before.tag in {"td", "span", "div"} and text_of(before).endswith(":"):
        return text_of(before)[:60]
    if node.tag in {"li", "p", "div", "td", "dd"}:
        first = next((c for c in node.iter(include_text=True) if c.tag != "-text" or (c.text() or "").strip()), None)
        if first is not None and first.tag in {"strong", "b", "label"}:
            return text_of(first)[:60]
    return ""


def text_of(node: LexborNode) -> str:
    """What a reader sees of an element, white space folded."""
    return " ".join(node.text(separator=" ").split())


def own_text(node: LexborNode) -> str:
    """The text that stands in an element itself, not in one inside it."""
    return " ".join(node.text(deep=False, separator=" ").split())


def in_head(tree: LexborHTMLParser) -> Iterator[tuple[Place, str]]:
    """Places for machines: the title, `meta`, data scripts; each with what it holds."""
    if (title := tree.css_first("title")) is not None:
        yield Place("title"), text_of(title)
    for meta in tree.css("meta[content]"):
        for key in ("name", "property", "itemprop"):
            if re.fullmatch(r"[A-Za-z][\w:.-]{0,60}", named := meta.attributes.get(key) or ""):
                yield Place(f'meta[{key}="{named}"]', "content"), " ".join((meta.attributes["content"] or "").split())
    for kind in ("application/ld+json", "application/json"):
        held = [strings(s.text() or "") for s in tree.css(f'script[type="{kind}"]')]
        if any(held):
            yield Place(f'script[type="{kind}"]'), "\n".join(held)


def strings(text: str) -> str:
    """All strings of a JSON text, a line each; nothing for broken JSON."""
    found: list[str] = []

    def look(value: object, depth: int) -> None:
        if isinstance(value, str):
            found.append(" ".join(value.split()))
        elif depth < 12 and len(found) < 5_000:
            for v in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
                look(v, depth + 1)

    try:
        look(json.loads(text), 0)
    except (ValueError, RecursionError):
        return ""
    return "\n".join(found)
