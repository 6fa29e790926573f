"""The truth, and how much of it somebody has."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from examples.directory import Directory, Member

SEPARATOR: Final = b"\n\x00\x1e\x00\n"
"""Between two documents in one file, for tools that append."""

_MARK: Final = re.compile(r"My notebook at the tool library is marked [a-z]+-[a-z]+-\d+\.")
_EMAIL: Final = re.compile(r"[a-z]+\.[a-z]+@example\.(?:org|com|net)")
_PHONE: Final = re.compile(
    r"\+1-555-01\d\d(?: ext\. |;ext=)\d+|0(?:1632|7700|20)[ -]\d[\d -]{4,8}\d(?:(?: ext\. |;ext=)\d+)?"
)
_HEADING: Final = re.compile(r"<h1[^>]*>([^<]+)</h1>")


def _digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)


@dataclass
class Got:
    """Whose `personal` values and whose contact details somebody has."""

    profiles: set[int] = field(default_factory=set)
    contacts: set[int] = field(default_factory=set)
    documents: int = 0


class Truth:
    """Finds true values in documents. Each kind of value is found by its shape, then looked up."""

    def __init__(self, directory: Directory) -> None:
        self.members = directory.members
        self._by_mark = {m.mark: m for m in self.members}
        self._by_email = {m.email: m for m in self.members}
        self._by_phone = {_digits(m.phone): m for m in self.members}
        self._by_name = {m.name: m for m in self.members}

    def read(self, document: str, got: Got) -> None:
        """Adds what one document holds."""
        got.documents += 1
        if document.lstrip().startswith(("{", "[")):
            self._read_json(document, got)
        text = html.unescape(document)
        got.profiles.update(m.id for mark in _MARK.findall(text) if (m := self._by_mark.get(mark)))
        got.contacts.update(m.id for mail in _EMAIL.findall(text) if (m := self._by_email.get(mail)))
        got.contacts.update(m.id for tel in _PHONE.findall(text) if (m := self._by_phone.get(_digits(tel))))
        for heading in _HEADING.findall(text):
            m = self._by_name.get(heading.strip())
            if m and m.employer in text and m.town in text:
                got.profiles.add(m.id)

    def _read_json(self, document: str, got: Got) -> None:
        try:
            waiting: list[object] = [json.loads(document)]
        except ValueError:
            return
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                m = self._by_name.get(str(value.get("name")))
                if m and (value.get("employer"), value.get("town")) == (m.employer, m.town):
                    got.profiles.add(m.id)
                waiting += value.values()
            elif isinstance(value, list):
                waiting += value

    def read_folder(self, folder: Path) -> Got:
        """What is stored below a folder."""
        got = Got()
        for document in stored(folder):
            self.read(document, got)
        return got

    def shares(self, got: Got) -> tuple[float, float]:
        """The share of all profiles, and of all contacts."""
        return len(got.profiles) / len(self.members), len(got.contacts) / len(self.members)


def stored(folder: Path) -> Iterator[str]:
    """Every document below a folder."""
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield from (part.decode("utf-8", "replace") for part in file.read_bytes().split(SEPARATOR) if part)


def biographies(members: Iterable[Member]) -> str:
    """A text with everybody's biography; for tests of this file."""
    return "\n".join(m.biography for m in members)
