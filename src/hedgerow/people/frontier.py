"""Which address the walk reads next: a few of every shape, new shapes first, never without end.

Calendars, sorted tables and links that grow by one part on every page make sites endless. What keeps the walk finite is
here: how many addresses of one shape are read, how deep they may be, how many wait.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from urllib.parse import SplitResult, urlsplit

#: Longest address that is asked for, characters.
LONGEST_ADDRESS = 1_000

#: Deepest path, in parts.
DEEPEST = 10

#: Addresses of one shape that wait at most.
WAITING = 40

#: Shapes that are kept at most; a site with more is endless, not large.
SHAPES = 2_000

#: Shapes that differ in their query alone, for one path.
QUERIES = 8

#: Siblings made of words weigh a third of a shape: there are sites of many different pages and sites of many people.
_SIBLINGS = 3

#: A GET that would change something on a badly built site, or leads to where people only sign in.
_ACTS = re.compile(
    r"(?:^|[/_.?&=-])(?:log-?out|sign-?out|delete|remove|destroy|unsubscribe|vote|edit|reply|report|flag|logoff|"
    r"add-to-cart|password[-_]reset)(?:$|[/_.?&=-])",
    re.IGNORECASE,
)


def shape(url: str) -> str:
    """A rough shape of an address: parts with digits and long ones become `*`, the query its names without digits."""
    split = urlsplit(url)
    parts = [_rough(p) for p in split.path.strip("/").split("/")]
    names = ",".join(sorted({re.sub(r"\d+", "", n) for n in _query_names(split)})[:8])
    return "/" + "/".join(parts) + ("?" + names if names else "")


def acts(url: str) -> bool:
    """Whether an address sounds as if asking for it did something."""
    split = urlsplit(url)
    return bool(_ACTS.search(split.path) or _ACTS.search(split.query))


def _rough(part: str) -> str:
    if stem := re.fullmatch(r"([A-Za-z]+[-_]?)\d+", part):
        return f"{stem.group(1)}*"  # `issue12` and `user3` are different things
    return "*" if re.search(r"\d", part) or len(part) > 24 else part


def _query_names(split: SplitResult) -> list[str]:
    return [p.split("=", 1)[0] for p in split.query.split("&") if p]


class Frontier:
    """Addresses that were seen and not yet read."""

    def __init__(self, most_of_a_shape: int) -> None:
        self._most = most_of_a_shape
        self._known: set[str] = set()
        self._first: deque[str] = deque()
        self._waiting: dict[str, deque[str]] = {}
        self._taken: Counter[tuple[str, ...]] = Counter()
        self._queries: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._first) + sum(map(len, self._waiting.values()))

    def offer(self, url: str, *, first: bool = False) -> bool:
        """Takes an address in, unless it is known, too long, too deep or one of too many; says whether it was taken."""
        path = urlsplit(url).path
        if url in self._known or len(url) > LONGEST_ADDRESS or path.count("/") > DEEPEST:
            return False
        if first:
            self._known.add(url)
            self._first.append(url)
            return True
        kind = shape(url)
        waiting = self._waiting.get(kind)
        if waiting is None:
            bare = kind.partition("?")[0]
            if len(self._waiting) >= SHAPES or self._queries[bare] >= QUERIES:
                return False
            self._queries[bare] += 1
            waiting = self._waiting[kind] = deque()
        if len(waiting) >= WAITING:
            return False
        self._known.add(url)
        waiting.append(url)
        return True

    def next(self) -> str | None:
        """The next address: of the shape that was read least; `None` when nothing is left."""
        if self._first:
            url = self._first.popleft()
            self._take(shape(url))
            return url
        best, least = None, self._most
        for kind, waiting in self._waiting.items():
            if waiting and (weight := self._weight(kind)) < least:
                best, least = kind, weight
                if least == 0:
                    break
        if best is None:
            return None
        self._take(best)
        return self._waiting[best].popleft()

    def _take(self, kind: str) -> None:
        for key in set(_keys(kind)):
            self._taken[key] += 1

    def _weight(self, kind: str) -> int:
        own, *others = _keys(kind)
        return max(self._taken[own], *(self._taken[k] // _SIBLINGS for k in others))


def _keys(kind: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What an address is counted under: its shape; its siblings; its cousins with the same last part."""
    path, _, query = kind.partition("?")
    parts = path.strip("/").split("/")
    if "*" in parts[-1]:
        return (("shape", kind),) * 3
    return (
        ("shape", kind),
        ("siblings", *parts[:-1], "?", query),
        ("cousins", *parts[:-2], "*", parts[-1], query) if len(parts) > 1 else ("shape", kind),
    )
