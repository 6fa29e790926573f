"""Where on pages about one person each field is, and every other place that repeats it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from hedgerow.people.places import REPEATING, Place, in_head, label, own_text, scoped, selectors, text_of
from hedgerow.people.words import EMAIL, FIELDS, PHONE, RANK, field_of

#: Selectors for one field at most; a policy takes 32.
MOST_PLACES = 16

_NO_FIELD = frozenset({"script", "style", "nav", "form", "main", "body", "html", "head", "button", "input", "select",
                       "option", "textarea", "label", "svg", "noscript", "template", "dt", "th", "tr", "tbody", "thead",
                       "footer", "iframe", "time", "table", "caption"})  # fmt: skip
_SKIPPED = frozenset({"script", "style", "nav", "noscript", "template", "svg", "footer"})
#: Elements that show what an attribute says.
_ATTRIBUTES = {"img": "src", "input": "value"}
#: Fields a person has one of; what stands on a page many times is something else's.
_SINGLE = frozenset({"headline", "biography", "employer", "town", "birthday", "website"})
#: Fields that hold other things by nature: what is inside them belongs to them.
_CONTAINERS = frozenset({"connections", "groups", "address"})


@dataclass
class FieldGuess:
    """One field: where, how sensitive, on what share of pages, why, and what stays doubtful."""

    name: str
    sensitivity: str
    places: list[Place]
    share: float
    why: str
    doubts: list[str] = field(default_factory=list)


@dataclass
class _Found:
    """An element that speaks of a field, on one page."""

    page: int
    node: LexborNode
    value: str
    attribute: str | None
    why: str


def fields(trees: list[LexborHTMLParser], headings: list[LexborNode | None]) -> list[FieldGuess]:
    """Proposes fields of pages that are one person each.

    Args:
        trees: The pages.
        headings: The heading of each that holds the name, if one does.
    """
    n = len(trees)
    common = _common(trees)
    found: dict[str, list[_Found]] = defaultdict(list)
    for i, tree in enumerate(trees):
        for name, one in _speaking(i, tree, headings[i], common):
            found[name].append(one)
    guesses: dict[str, FieldGuess] = {}
    values: dict[str, list[set[str]]] = {}
    for name, ones in found.items():
        ones = _varying(ones)
        pages = {o.page for o in ones}
        if name in _SINGLE and len(ones) > 2.5 * max(1, len(pages)):
            continue  # titles of somebody's articles, places of somebody's journeys
        commonest = max(Counter(o.value for o in ones).values(), default=0)
        if commonest > max(1, 0.7 * len(ones)) or len(pages) < max(2, 0.15 * n):
            continue
        places, missed = _cover(ones, trees)
        if not places:
            continue
        why = Counter(o.why for o in ones).most_common(1)[0][0]
        guess = FieldGuess(name, FIELDS[name][0], places, len(pages) / n, why)
        if missed:
            guess.doubts.append(f"{missed} elements that speak of it have no selector of their own")
        guesses[name] = guess
        values[name] = [{o.value for o in ones if o.page == i} for i in range(n)]
    _repeats(trees, guesses, values)
    for name in ("email", "phone"):
        if name in guesses and (left := _left_over(trees, guesses, values[name], digits=name == "phone")):
            guesses[name].doubts.append(f"on {left} of {n} pages it still stands somewhere else; look at the source")
    return sorted(guesses.values(), key=lambda g: (RANK[g.sensitivity], list(FIELDS)[::-1].index(g.name)))


def _varying(ones: list[_Found]) -> list[_Found]:
    """Leaves out elements that say the same on all pages: words of the site."""
    groups: dict[str, list[_Found]] = defaultdict(list)
    for one in ones:
        groups[(selectors(one.node) or [""])[0]].append(one)
    kept: list[_Found] = []
    for selector, group in groups.items():
        pages = {g.page for g in group}
        shown = Counter(value for value, _ in {(g.value, g.page) for g in group})
        words = {v for v, times in shown.items() if selector and len(pages) > 2 and times > 0.8 * len(pages)}
        kept += [g for g in group if g.value not in words]
    return kept


def _common(trees: list[LexborHTMLParser]) -> set[str]:
    """E-mail addresses and numbers to call that stand on most pages: the site's own."""
    seen: Counter[str] = Counter()
    for tree in trees:
        links = {a.attributes.get("href") or "" for a in tree.css('a[href^="mailto:"], a[href^="tel:"]')}
        body = tree.body
        seen.update(links | set(EMAIL.findall(text_of(body)[:200_000]) if body else ()))
    return {value for value, times in seen.items() if len(trees) > 1 and times > max(1, 0.5 * len(trees))}


def _speaking(
    page: int, tree: LexborHTMLParser, heading: LexborNode | None, common: set[str]
) -> Iterator[tuple[str, _Found]]:
    """Elements that speak of a field, each field's outermost, in the order of the page."""
    root = tree.css_first("main") or tree.css_first('[role="main"]') or tree.body
    if root is None:
        return
    heading_id = heading.mem_id if heading is not None else None
    names: dict[int, tuple[str, str]] = {}
    for node in root.css("*"):
        if node.mem_id == heading_id:
            names[node.mem_id] = ("name", "the heading, another on each page")
        elif _shows(node) and (told := _told(node, common)):
            names[node.mem_id] = told
    stack = [root]
    while stack:
        node = stack.pop()
        told = names.get(node.mem_id)
        if told is not None:
            inside = {names[d.mem_id][0] for d in node.css("*") if d.mem_id in names and d.mem_id != node.mem_id}
            attribute = _ATTRIBUTES.get(node.tag or "")
            value = (node.attributes.get(attribute) or "") if attribute else _value(node, told[0])
            if told[0] in inside and not selectors(node):
                value = ""  # a cell known by its label alone: the element inside it has a name of its own
            if value and (told[0] in _CONTAINERS or not inside - {told[0]}) and len(value) < 20_000:
                yield told[0], _Found(page, node, value, attribute, told[1])
                continue
        if node.tag not in _SKIPPED:
            stack += reversed([c for c in node.iter() if not (c.tag or "-").startswith("-")])


def _shows(node: LexborNode) -> bool:
    """Whether an element can show a value: forms that cannot be filled in do, as some sites print profiles so."""
    if node.tag == "input":
        kind = (node.attributes.get("type") or "text").lower()
        locked = "readonly" in node.attributes or "disabled" in node.attributes
        return locked and kind in {"text", "email", "tel", "url"}
    return node.tag not in _NO_FIELD


def _told(node: LexborNode, common: set[str]) -> tuple[str, str] | None:
    """The field an element speaks of, and by what."""
    href = node.attributes.get("href") or ""
    if node.tag == "a" and href.startswith(("mailto:", "tel:")):
        if href in common or href.removeprefix("mailto:") in common:
            return None
        return ("email", "links that write an e-mail") if href.startswith("mailto:") else ("phone", "links that call")
    own = own_text(node)
    mails = [m for m in EMAIL.findall(own[:2_000]) if m not in common]
    if mails and len(own) <= 3 * len(mails[0]) + 20:
        return "email", "text like an e-mail address"
    words = (node.attributes.get("class") or "", node.attributes.get("itemprop") or "")
    if node.tag == "input":
        words = (node.attributes.get("type") or "", node.attributes.get("name") or "")
    named = field_of(*words)
    why = "by its class or itemprop"
    if named is None and (beside := label(node)):
        named, why = field_of(beside), f"beside “{beside[:40]}”"
    if (
        named is None
        and node.tag == "img"
        and re.search(r"avatar|photo|portrait|picture", node.attributes.get("src") or "", re.IGNORECASE)
    ):
        named, why = ("photo", "basic"), "a picture from such an address"
    if named is None and own.startswith(("+", "(0", "00")) and PHONE.fullmatch(own):
        named, why = ("phone", "contact"), "text like a phone number"
    if named is None or (named[0] == "photo" and node.tag != "img") or (node.tag == "img" and named[0] != "photo"):
        return None
    if named[0] == "email" and node.tag != "input" and "@" not in text_of(node) and " at " not in text_of(node).lower():
        return None
    return named[0], why


def _value(node: LexborNode, name: str) -> str:
    """What an element holds of a field: its text, or for addresses to write to or call, those."""
    href = node.attributes.get("href") or ""
    if name == "email":
        source = href.removeprefix("mailto:").partition("?")[0] if href.startswith("mailto:") else text_of(node)
        found = EMAIL.search(source)
        return found.group() if found else ""
    if name == "phone" and href.startswith("tel:"):
        return href.removeprefix("tel:").partition(";")[0]
    text = text_of(node)
    beside = label(node)
    return text.removeprefix(beside).strip(" :") if beside and text != beside else text


def _cover(ones: list[_Found], trees: list[LexborHTMLParser]) -> tuple[list[Place], int]:
    """The fewest selectors that lead to all elements of a field and to hardly any other; and how many are missed."""
    wanted = {o.node.mem_id for o in ones}
    inside = {d.mem_id for o in ones for d in o.node.css("*")}
    left = {o.node.mem_id: o for o in ones}
    reached: dict[str, tuple[set[int], bool]] = {}

    def reach(selector: str) -> tuple[set[int], bool]:
        if selector not in reached:
            hits = [node for tree in trees for node in tree.css(selector)]
            right = {node.mem_id for node in hits if node.mem_id in wanted}
            wrong = [h for h in hits if h.mem_id not in right and h.mem_id not in inside and _holds(h)]
            reached[selector] = right, len(right) >= 0.9 * (len(right) + len(wrong))
        return reached[selector]

    places: list[Place] = []
    while left and len(places) < MOST_PLACES:
        options: Counter[str] = Counter()
        for o in left.values():
            for rank, s in enumerate(selectors(o.node)):
                options[s] = max(options[s], 100 - rank)
        good = [s for s in options if reach(s)[1]]
        if not good:
            one = next(iter(left.values()))
            good = [s for s in scoped(one.node) if one.node.mem_id in reach(s)[0] and reach(s)[1]]
            if not good:
                break
        best = max(good, key=lambda s: (len(reach(s)[0] & left.keys()), _telling(s), options[s], -len(s)))
        gained = reach(best)[0] & left.keys()
        if not gained:
            break
        places.append(Place(best, left[next(iter(gained))].attribute))
        for mem_id in gained:
            del left[mem_id]
    return places, len(left)


def _holds(node: LexborNode) -> bool:
    """Whether an element shows anything: an empty one is the same field of somebody who left it out."""
    attribute = _ATTRIBUTES.get(node.tag or "")
    return bool(node.attributes.get(attribute) if attribute else text_of(node))


def _telling(selector: str) -> int:
    """Between two selectors that reach the same: the one whose words speak of the field; classes before positions."""
    return 2 * bool(field_of(re.sub(r"^\w+", "", selector))) - 3 * ("nth-of-type" in selector) - (" " in selector)


def _same(value: str, text: str, *, digits: bool) -> bool:
    """Whether a text repeats a value: as it is, cut off after forty letters, or (numbers) by its digits."""
    if digits:
        number = re.sub(r"\D", "", value)
        return len(number) >= 7 and number in re.sub(r"\D", "", text)
    return len(value) >= 3 and value[:40].casefold() in text.casefold()


def _repeats(trees: list[LexborHTMLParser], guesses: dict[str, FieldGuess], values: dict[str, list[set[str]]]) -> None:
    """Adds to every field the places that repeat it: the title, `meta`, data for search engines, other elements."""
    held: dict[Place, dict[int, str]] = defaultdict(dict)
    for i, tree in enumerate(trees):
        for place, text in in_head(tree):
            held[place][i] = text
        taken = _taken(tree, guesses)
        for node in tree.body.css("*") if tree.body else []:
            if node.mem_id in taken or node.tag in {"script", "style", "option"}:
                continue
            options = selectors(node)
            if not options:
                continue
            if text := own_text(node):
                held[Place(options[0])].setdefault(i, text[:2_000])
            for attribute in REPEATING:
                if text := node.attributes.get(attribute) or "":
                    held[Place(options[0], attribute)].setdefault(i, text[:2_000])
    for name, guess in guesses.items():
        for place, texts in held.items():
            known = [(i, t) for i, t in texts.items() if values[name][i]]
            hits = sum(any(_same(v, t, digits=name == "phone") for v in values[name][i]) for i, t in known)
            # A field that is shown as readily as this one may speak of it: a headline that names the employer.
            spoken = next(
                (g for g in guesses.values() if g is not guess and place in g.places and g.places.index(place) == 0),
                None,
            )
            # What machines read is shorter on one design of a page than on another: there a sixth of the pages will do.
            fewest = 1 if guess.sensitivity == "contact" else 2
            part = 0.15 if place.selector.startswith(("meta", "script")) else 0.5
            if (
                hits >= max(fewest, part * len(known))
                and spoken is None
                and place not in guess.places
                and len(guess.places) < 32
            ):
                guess.places.append(place)


def _taken(tree: LexborHTMLParser, guesses: dict[str, FieldGuess]) -> set[int]:
    """Elements that are a field already, and what is inside them."""
    taken: set[int] = set()
    for guess in guesses.values():
        for place in guess.places:
            for node in tree.css(place.selector):
                if place.attribute is None:
                    taken |= {node.mem_id, *(d.mem_id for d in node.css("*"))}
    return taken


def _left_over(
    trees: list[LexborHTMLParser], guesses: dict[str, FieldGuess], values: list[set[str]], *, digits: bool
) -> int:
    """Pages on which a value still stands when all places of all fields are emptied."""
    left = 0
    for tree, own in zip(trees, values, strict=True):
        taken = _taken(tree, guesses)
        emptied = {
            (node.mem_id, place.attribute)
            for guess in guesses.values()
            for place in guess.places
            if place.attribute
            for node in tree.css(place.selector)
        }
        rest: list[str] = []
        for node in tree.css("*"):
            if node.mem_id not in taken:
                rest.append(own_text(node))
                rest += [v for k, v in node.attributes.items() if v and (node.mem_id, k) not in emptied]
        left += any(_same(v, text, digits=digits) for v in own for text in rest)
    return left
