"""Reads YAML into a tree that remembers where every word stands, within fixed bounds.

PyYAML's parser is used down to its node graph and no further: no object is ever constructed from a tag, an alias
is only followed while the whole stays small, and a key that stands twice is an error instead of the last one winning.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import yaml

from hedgerow.policy.problem import Place, Report

MAX_BYTES: Final = 1 << 20
"""Longest policy file, in bytes."""
MAX_NODES: Final = 50_000
"""Most values in a file, aliases counted as often as they are used: an alias bomb ends here."""
MAX_DEPTH: Final = 32
"""Deepest nesting."""

_INTEGER: Final = re.compile(r"[-+]?[0-9][0-9_]{0,18}\Z")
_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9_]{0,18}(\.[0-9]{1,18})?([eE][-+]?[0-9]{1,2})?\Z")
_TRUE: Final = frozenset({"true", "yes", "on"})
_FALSE: Final = frozenset({"false", "no", "off"})


@dataclass(frozen=True)
class Scalar:
    """A single value. `text` is as written; `quoted` tells `"42"` from `42`."""

    text: str
    quoted: bool
    place: Place

    @property
    def empty(self) -> bool:
        """Whether nothing was written, or `null`."""
        return not self.quoted and self.text.lower() in {"", "~", "null"}

    def integer(self) -> int | None:
        """The whole number written here, or `None`."""
        return int(self.text.replace("_", "")) if not self.quoted and _INTEGER.match(self.text) else None

    def number(self) -> float | None:
        """The number written here, or `None`."""
        return float(self.text.replace("_", "")) if not self.quoted and _NUMBER.match(self.text) else None

    def flag(self) -> bool | None:
        """The truth value written here (YAML 1.1 words, as editors colour them), or `None`."""
        word = self.text.lower()
        if self.quoted or word not in _TRUE | _FALSE:
            return None
        return word in _TRUE


@dataclass(frozen=True)
class Listing:
    """Several values in order."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True)
class Table:
    """Keys and values; each key with its own place."""

    entries: tuple[tuple[Scalar, Node], ...]
    place: Place

    def get(self, key: str) -> Node | None:
        """The value of a key."""
        return next((value for k, value in self.entries if k.text == key), None)


Node = Scalar | Listing | Table


class _Stop(Exception):  # noqa: N818 - not an error but the end of reading; the report holds the errors
    pass


def read(text: bytes, report: Report) -> Node | None:
    """Reads one YAML document; `None` when it cannot be read at all, with the reason in `report`."""
    start = Place(1, 1)
    if len(text) > MAX_BYTES:
        report.add(start, f"the file is {len(text):,} bytes long; at most {MAX_BYTES:,} are read")
        return None
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        before = text[: e.start]
        place = Place(before.count(b"\n") + 1, e.start - (before.rfind(b"\n") + 1) + 1)
        report.add(place, "the file is not UTF-8", "save the file with the encoding UTF-8")
        return None
    if not decoded.strip():
        report.add(
            start, "the file is empty", "sites: with at least a name and an upstream; see `hedgerow check --help`"
        )
        return None
    try:
        loader = yaml.SafeLoader(decoded)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        report.add(_place(mark) if mark else start, _plain(e), _advice(e))
        return None
    except yaml.reader.ReaderError as e:
        before_text = decoded[: e.position]
        place = Place(before_text.count("\n") + 1, e.position - (before_text.rfind("\n") + 1) + 1)
        report.add(place, f"the character U+{e.character:04X} is not allowed in YAML", "remove it")
        return None
    except RecursionError:
        report.add(start, f"the file is nested deeper than {MAX_DEPTH} levels")
        return None
    if root is None:
        report.add(start, "the file holds only comments", "sites: with at least a name and an upstream")
        return None
    try:
        return _Walk(report).node(root, 0)
    except _Stop:
        return None


def of_data(data: Any, report: Report) -> Node | None:
    """The tree of plain data (of JSON: text, numbers, truth values, lists, tables) as if it had been read from a file.

    What a program put together has no lines to point at, and does not have to be written and read to be checked: that
    took most of the time of a page that shows the notices of a case.
    """
    try:
        return _Data(report).node(data, 0)
    except _Stop:
        return None


class _Data:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.count = 0
        self.place = Place(1, 1)

    def node(self, value: Any, depth: int) -> Node:
        self.count += 1
        if self.count > MAX_NODES:
            self.report.add(self.place, f"there are more than {MAX_NODES:,} values")
            raise _Stop
        if depth > MAX_DEPTH:
            self.report.add(self.place, f"it is nested deeper than {MAX_DEPTH} levels")
            raise _Stop
        if isinstance(value, str):
            return Scalar(value, True, self.place)
        if isinstance(value, dict):
            return Table(
                tuple((Scalar(str(k), True, self.place), self.node(v, depth + 1)) for k, v in value.items()), self.place
            )
        if isinstance(value, list | tuple):
            return Listing(tuple(self.node(v, depth + 1) for v in value), self.place)
        return Scalar(json.dumps(value), False, self.place)


class _Walk:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.count = 0
        self.open: set[int] = set()

    def node(self, node: yaml.Node, depth: int) -> Node:
        place = _place(node.start_mark)
        self.count += 1
        if self.count > MAX_NODES:
            self.report.add(
                place, f"aliases (`*name`) blow this file up to more than {MAX_NODES:,} values", "write the values out"
            )
            raise _Stop
        if depth > MAX_DEPTH:
            self.report.add(place, f"the file is nested deeper than {MAX_DEPTH} levels")
            raise _Stop
        if id(node) in self.open:
            self.report.add(place, "this value contains itself through an alias", "write the values out")
            raise _Stop
        self.open.add(id(node))
        try:
            return self._convert(node, place, depth)
        finally:
            self.open.discard(id(node))

    def _convert(self, node: yaml.Node, place: Place, depth: int) -> Node:
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.startswith("tag:yaml.org,2002:python"):
            self.report.add(place, f"the tag `{node.tag[:60]}` has no meaning here", "leave the tag out")
        if isinstance(node, yaml.SequenceNode):
            return Listing(tuple(self.node(n, depth + 1) for n in node.value), place)
        if isinstance(node, yaml.MappingNode):
            return Table(self._entries(node, depth), place)
        return Scalar(str(node.value), getattr(node, "style", None) is not None, place)

    def _entries(self, node: yaml.MappingNode, depth: int) -> tuple[tuple[Scalar, Node], ...]:
        seen: dict[str, Place] = {}
        entries: list[tuple[Scalar, Node]] = []
        for key_node, value_node in node.value:
            key = self.node(key_node, depth + 1)
            value = self.node(value_node, depth + 1)
            if not isinstance(key, Scalar):
                self.report.add(key.place, "a key must be a word", "name: value")
                continue
            if key.text == "<<" and not key.quoted:
                self.report.add(key.place, "merge keys (`<<`) are not read", "write the values out")
                continue
            first = seen.get(key.text)
            if first is not None:
                self.report.add(
                    key.place,
                    f"`{key.text}` stands here and at {first.line}:{first.column}; one of them would be ignored",
                    "keep one of the two",
                )
                continue
            seen[key.text] = key.place
            entries.append((key, value))
        return tuple(entries)


def _place(mark: yaml.Mark) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _plain(error: yaml.MarkedYAMLError) -> str:
    context = f"{error.context}: " if error.context else ""
    return f"this is not YAML: {context}{error.problem}"


def _advice(error: yaml.MarkedYAMLError) -> str | None:
    problem = error.problem or ""
    if "\\t" in problem or "'\\t'" in problem:
        return "indent with spaces, never with tabs"
    if "mapping values are not allowed" in problem:
        return 'put quotes around a value that holds `: `, as in title: "Club: members"'
    if "but found another document" in problem:
        return "one document a file: remove the line `---`"
    if "found undefined alias" in problem or "scanning an alias" in (error.context or ""):
        return 'put quotes around a value that begins with `*`, as in hosts: ["*"]'
    if "found unexpected end" in problem or "expected ',' or" in problem:
        return "close the bracket or quotation mark that is open here"
    return None
