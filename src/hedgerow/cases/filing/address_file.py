"""Reads whom to tell: the operator's own file of addresses, bounded and checked line by line.

A CSV file in UTF-8 with a header line: `identifier,email,name,language`. Hedgerow knows people by the site's identifier
only; how to reach them is the site's to say, once, for this purpose.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Final

from hedgerow.cases.notices.problems import NoticeError
from hedgerow.outward.addresses import AddressError, header_text, mail_address

COLUMNS: Final[tuple[str, ...]] = ("identifier", "email", "name", "language")
MOST_BYTES: Final = 8 << 20
"""As much as the console takes in one form."""
MOST_PEOPLE: Final = 200_000
MOST_FAULTS: Final = 1_000
"""Faults told one by one; beyond it they are only counted."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?\Z")


@dataclass(frozen=True)
class Line:
    """One person as the file has them."""

    person: str
    address: str
    name: str
    language: str


@dataclass(frozen=True)
class AddressFile:
    """What the file holds. Faults name lines and never repeat an address."""

    lines: tuple[Line, ...]
    faults: tuple[str, ...]
    faulty: int
    sha256: str


def read(content: bytes) -> AddressFile:
    """Reads the file.

    Raises:
        NoticeError: when it is no such file at all, or too large.
    """
    if len(content) > MOST_BYTES:
        raise NoticeError(f"the file is larger than {MOST_BYTES >> 20} MB; split it into several mailings")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise NoticeError("the file is not UTF-8; save it as `CSV UTF-8`") from e
    rows = _rows(text)
    header = [c.strip().lower() for c in next(rows, [])]
    missing = [c for c in ("identifier", "email") if c not in header]
    if missing:
        raise NoticeError(f"the first line names the columns: {','.join(COLUMNS)}; missing: {', '.join(missing)}")
    places = {name: header.index(name) for name in COLUMNS if name in header}
    lines: list[Line] = []
    faults: list[str] = []
    faulty = 0
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        if not any(c.strip() for c in row):
            continue
        found = _line(row, places, seen)
        if isinstance(found, Line):
            seen.add(found.person)
            lines.append(found)
            if len(lines) > MOST_PEOPLE:
                raise NoticeError(f"the file names more than {MOST_PEOPLE:,} people; split it into several mailings")
        else:
            faulty += 1
            if len(faults) < MOST_FAULTS:
                faults.append(f"line {number}: {found}")
    return AddressFile(tuple(lines), tuple(faults), faulty, hashlib.sha256(content).hexdigest())


def _rows(text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(StringIO(text, newline=""), strict=True)
    except csv.Error as e:
        raise NoticeError(f"the file is not CSV (RFC 4180): {e}") from e


def _line(row: list[str], places: dict[str, int], seen: set[str]) -> Line | str:
    def cell(name: str) -> str:
        at = places.get(name)
        return row[at].strip() if at is not None and at < len(row) else ""

    person = cell("identifier")
    if not person or len(person) > 500 or not person.isprintable():
        return "there is no identifier"
    if person in seen:
        return "this identifier stands here twice; one line a person"
    try:
        address = mail_address(cell("email"))
    except AddressError as e:
        return str(e)
    language = cell("language")
    if language and not _LANGUAGE.match(language):
        return "a language is `en`, `fr` or the like"
    return Line(person, address, header_text(cell("name"), 200), language)


def concerned(lines: Iterable[Line], affected: frozenset[str] | None) -> tuple[list[Line], int, int]:
    """Lines of people the case concerns, how many lines were of others, and how many people have no line.

    Args:
        lines: of the file.
        affected: identifiers of the people affected; None where they cannot be listed: then every line counts.
    """
    given = list(lines)
    if affected is None:
        return given, 0, 0
    kept = [line for line in given if line.person in affected]
    return kept, len(given) - len(kept), len(affected) - len(kept)
