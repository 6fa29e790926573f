"""What is on a tool's disk, field by field: read from the documents alone, by the site's true values.

A second hand beside `truth`, which counts people: this says which field of whom, as `hedgerow ledger affected` does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from selectolax.lexbor import LexborHTMLParser

from examples.directory import Directory, Member
from tests.harvest.truth import SEPARATOR

Seen = set[tuple[str, str]]
"""Person and field."""

_VALUES: Final = ("name", "photo", "headline", "biography", "employer", "town", "email", "phone")


class Disk:
    """Reads documents of one directory."""

    def __init__(self, directory: Directory) -> None:
        self._members = {str(m.id): m for m in directory.members}
        self._by_name = {m.name: m for m in directory.members}
        self._unique = [(m, "email", m.email) for m in directory.members]
        self._unique += [(m, "biography", m.mark) for m in directory.members]
        self._unique += [(m, "phone", m.phone) for m in directory.members]

    def read_folder(self, folder: Path) -> Seen:
        """Every document below a folder."""
        seen: Seen = set()
        for document in _documents(folder):
            seen |= self.read(document)
        return seen

    def read(self, document: str) -> Seen:
        """One document."""
        if document.lstrip().startswith(("{", "[")):
            return self._json(document)
        seen = self._html(document)
        # Values that only one person has, wherever they stand: also on our own page of what was revealed.
        text = LexborHTMLParser(document).text(separator=" ")
        seen |= {(str(m.id), name) for m, name, value in self._unique if value in text or value in document}
        return seen

    def _json(self, document: str) -> Seen:
        try:
            found: Any = json.loads(document)
        except ValueError:
            return set()
        rows = found.get("results", [found]) if isinstance(found, dict) else found
        return set().union(*(self._row(row) for row in rows if isinstance(row, dict)))

    def _row(self, row: dict[str, object]) -> Seen:
        m = self._members.get(str(row.get("id")))
        if m is None:
            return set()
        contact = row.get("contact")
        flat = {**row, **(contact if isinstance(contact, dict) else {})}
        seen = {(str(m.id), name) for name in _VALUES if flat.get(name) == getattr(m, name)}
        if row.get("connections") == [f"/members/{n}" for n in m.connections]:
            seen.add((str(m.id), "connections"))
        return seen

    def _html(self, document: str) -> Seen:
        tree = LexborHTMLParser(document)
        seen: Seen = set()
        for card in tree.css("li.member"):
            link = card.css_first("a.name")
            m = self._members.get((link.attributes.get("href") or "").rpartition("/")[2]) if link else None
            if m is not None:
                seen |= _values(m, card.html or "", ("name", "photo", "headline"))
        profile = tree.css_first(".profile")
        heading = tree.css_first(".profile h1")
        m = self._by_name.get(heading.text(strip=True)) if heading else None
        if profile is not None and m is not None:
            if any(f"/members/{n}" in (c.html or "") for c in tree.css(".connections") for n in m.connections):
                seen.add((str(m.id), "connections"))
            # Those whom the person knows have names and headlines of their own; what is left is about the person.
            for others in [*tree.css(".connections"), *tree.css("li.member")]:
                others.decompose()
            seen |= _values(m, (tree.html or ""), _VALUES)
        return seen


def _values(m: Member, markup: str, fields: tuple[str, ...]) -> Seen:
    text = LexborHTMLParser(markup).text(separator=" ") + markup
    return {(str(m.id), name) for name in fields if getattr(m, name) in text}


def _documents(folder: Path) -> Iterator[str]:
    # A list of addresses to ask for is the tool's own; so is its jar of cookies.
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".urls" and p.name != "jar"):
        for part in file.read_bytes().split(SEPARATOR):
            if part:
                yield part.decode("utf-8", "replace")
