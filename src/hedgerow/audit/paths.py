"""Templates of addresses, from the paths a log has: which parts are names of things, and which name one thing of many.

A tree of path parts with bounded memory. Numbers, UUIDs and hashes become holes at once; words become a hole when a
part has very many different ones, each of them read by few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from hedgerow.audit.address_words import NOBODY

MOST_CHILDREN: Final = 2_000
"""Different words below one part that are kept apart; with more, the part varies."""
MOST_NODES: Final = 200_000
"""Parts kept in all: about 100 MB. What comes later is counted where it fits and otherwise as not looked at."""
DEEPEST: Final = 8
VARYING: Final = 15
"""Different words below one part, from which on it may vary."""
SAMPLES: Final = 12

ASSET: Final = re.compile(
    r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|eot|mp[34]|webm|pdf|zip|gz|txt|xml)$",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d{1,18}")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX: Final = re.compile(r"(?=[a-f]*\d)[0-9a-f]{12,64}", re.IGNORECASE)
_ENDING: Final = re.compile(r"\.(?:html?|php|aspx?|jsp|json|xml|vcf|csv|do)$", re.IGNORECASE)
_STEMMED: Final = re.compile(r"([A-Za-z]{1,20}[-_.]?)(\d{1,18})")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~@+,!$'()=;-]{1,80}")

Shape = tuple[str, str, str]
"""What stands before a hole, what kind of hole, what stands after it."""


@dataclass
class Node:
    """One part of the paths, and what stands below it."""

    paths: int = 0
    """Different paths that end here."""
    reads: int = 0
    """Sum over those paths: how many actors read it."""
    words: dict[str, Node] = field(default_factory=dict)
    holes: dict[Shape, Node] = field(default_factory=dict)
    samples: list[str] = field(default_factory=list)
    """A few of what stood in this hole."""

    def total(self) -> tuple[int, int]:
        """Paths and reads, of this node and all below."""
        paths, reads = self.paths, self.reads
        for below in (*self.words.values(), *self.holes.values()):
            p, r = below.total()
            paths, reads = paths + p, reads + r
        return paths, reads

    def absorb(self, other: Node) -> None:
        """Adds another node's counts and children."""
        self.paths += other.paths
        self.reads += other.reads
        self.samples = (self.samples + other.samples)[:SAMPLES]
        for word, below in other.words.items():
            mine = self.words.setdefault(word, Node())
            mine.absorb(below)
        for shape, below in other.holes.items():
            self.holes.setdefault(shape, Node()).absorb(below)


@dataclass(frozen=True)
class Template:
    """One template of addresses, as `/members/{}`."""

    parts: tuple[str | Shape, ...]
    paths: int
    reads: int
    samples: tuple[str, ...]
    """What stood in the last hole."""

    @property
    def holes(self) -> tuple[int, ...]:
        """Positions of the parts that vary."""
        return tuple(i for i, p in enumerate(self.parts) if not isinstance(p, str))

    def named(self, person: int | None) -> str:
        """As the policy writes it, with the person's part given by its position."""
        out = []
        for i, part in enumerate(self.parts):
            if isinstance(part, str):
                out.append(part)
            else:
                before, _, after = part
                out.append(f"{before}{{{'person' if i == person else f'part{i + 1}'}}}{after}")
        return "/" + "/".join(out)


class Tree:
    """Takes paths one by one; memory is bounded whatever comes."""

    def __init__(self) -> None:
        self.root = Node()
        self.nodes = 0
        self.not_looked_at = 0

    def add(self, path: str, reads: int) -> None:
        """Adds a path that was answered, and how many actors read it."""
        parts = path.strip("/").split("/")
        if len(parts) > DEEPEST or len(path) > 500:
            self.not_looked_at += 1
            return
        node = self.root
        for part in parts:
            below = self._below(node, part)
            if below is None:
                self.not_looked_at += 1
                return
            node = below
        node.paths += 1
        node.reads += reads

    def _below(self, node: Node, part: str) -> Node | None:
        shape = shape_of(part)
        if shape is None:
            found = node.words.get(part)
            if found is not None:
                return found
            if len(node.words) < MOST_CHILDREN and _PLAIN.fullmatch(part):
                return self._made(node.words, part)
            shape = ("", "word", "")
        below = node.holes.get(shape) or self._made(node.holes, shape)
        if below is not None and len(below.samples) < SAMPLES and part[:60] not in below.samples:
            below.samples.append(part[:60])
        return below

    def _made(self, among: dict[object, Node] | dict[str, Node] | dict[Shape, Node], key: object) -> Node | None:
        if self.nodes >= MOST_NODES:
            return None
        self.nodes += 1
        among[key] = Node()  # type: ignore[index]
        return among[key]  # type: ignore[index]

    def templates(self) -> list[Template]:
        """All templates, those with most paths first."""
        fold(self.root)
        found = list(_walk(self.root, ()))
        found.sort(key=lambda t: (-t.paths, -t.reads, t.named(None)))
        return found


def shape_of(part: str) -> Shape | None:
    """The shape of a part that is a number or the like; `None` for words."""
    before = part[0] if part[:1] in {"@", "~"} else ""
    ending = _ENDING.search(part)
    after = ending.group(0) if ending else ""
    bare = part[len(before) : len(part) - len(after)]
    if before and bare:
        return before, "name", after
    if _NUMBER.fullmatch(bare):
        return "", "number", after
    if _UUID.fullmatch(bare) or _HEX.fullmatch(bare):
        return "", "hash", after
    return None


def fold(node: Node) -> None:
    """Makes holes of words, from the top to the bottom."""
    _fold_stems(node)
    _fold_words(node)
    for below in (*node.words.values(), *node.holes.values()):
        fold(below)


def _fold_stems(node: Node) -> None:
    """`user3`, `user17`, `user21`: the same word before different numbers."""
    stems: dict[tuple[str, str], list[str]] = {}
    for word in node.words:
        ending = _ENDING.search(word)
        after = ending.group(0) if ending else ""
        if m := _STEMMED.fullmatch(word[: len(word) - len(after)]):
            stems.setdefault((m.group(1), after), []).append(word)
    for (stem, after), words in stems.items():
        if len(words) >= 5 and not re.fullmatch(r"v\.?", stem):
            _absorb(node, (stem, "number", after), words)


def _fold_words(node: Node) -> None:
    by_ending: dict[str, list[str]] = {}
    for word in node.words:
        if _bare(word) in NOBODY or ASSET.search(word):
            continue
        ending = _ENDING.search(word)
        by_ending.setdefault(ending.group(0) if ending else "", []).append(word)
    for after, words in by_ending.items():
        over = ("", "word", "") in node.holes and not after
        if len(words) < VARYING and not over:
            continue
        total = sum(node.words[w].total()[1] for w in words)
        # Names of things are many and each is read by few; names of sections are few and read by all. What is read much
        # more than the rest stays a name of its own only if it has things below it, as a section has.
        kept = [
            w
            for w in words
            if _sections(node.words[w]) and node.words[w].total()[1] > max(3.0 * total / len(words), 20)
        ]
        words = [w for w in words if w not in set(kept)]
        if len(words) >= VARYING or over:
            _absorb(node, ("", "word", after), words)


def _sections(node: Node) -> bool:
    return bool(node.holes) or len(node.words) >= 5


def _absorb(node: Node, shape: Shape, words: list[str]) -> None:
    hole = node.holes.setdefault(shape, Node())
    for word in words:
        below = node.words.pop(word)
        if len(hole.samples) < SAMPLES:
            hole.samples.append(word[:60])
        hole.absorb(below)


def _bare(word: str) -> str:
    return _ENDING.sub("", word).lower()


def _walk(node: Node, parts: tuple[str | Shape, ...], samples: tuple[str, ...] = ()) -> Iterator[Template]:
    if node.paths and parts:
        yield Template(parts, node.paths, node.reads, samples)
    for word, below in sorted(node.words.items()):
        yield from _walk(below, (*parts, word), samples)
    for shape, below in sorted(node.holes.items()):
        yield from _walk(below, (*parts, shape), tuple(below.samples))


def templates(paths: Iterable[tuple[str, int]]) -> tuple[list[Template], int]:
    """Templates of paths, each with how many actors read it; and how many paths were not looked at."""
    tree = Tree()
    for path, reads in paths:
        if not ASSET.search(path):
            tree.add(path, reads)
    return tree.templates(), tree.not_looked_at
