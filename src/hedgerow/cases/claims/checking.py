"""Is a sample genuine? Compared with the site's people: by identifier, or by keyed hashes of what their fields hold.

Hedgerow does not know what a field holds. So an operator who wants whole records compared makes keyed hashes of the
members' fields once (`hedgerow claims known`); they lie in `<state>/sites/<site>/known-people.tsv`, and the values
themselves nowhere. Without the key nobody can try values against them.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from hedgerow.cases.core.problems import CaseError

KINDS: Final = {
    "person": "an identifier of a person, as the site uses it",
    "fingerprint": "the keyed hash of a field's content (64 hexadecimal digits)",
    "record": "a record: lines of `field: content`",
}
OUTCOMES: Final = {
    "genuine": "it is of a person of this site",
    "no_match": "nobody of this site",
    "not_checked": "there is nothing to compare it with",
}
FILE: Final = "known-people.tsv"
LONGEST: Final = 4_000
MOST_FIELDS: Final = 40
_HASH: Final = re.compile(r"[0-9a-f]{64}\Z")
_PHONE: Final = re.compile(r"phone|mobile|tel\b|fax", re.IGNORECASE)
STRONG: Final = re.compile(r"e?-?mail|phone|mobile|address|birth|number|account", re.IGNORECASE)
"""Fields of which one alone tells people apart; of others (name, town) two of the same person are needed."""


@dataclass(frozen=True)
class Checked:
    """What the comparison said."""

    outcome: str
    person: str | None
    why: str


class SampleChecker(Protocol):
    """Compares a sample with the site's people."""

    def check(self, kind: str, value: str) -> Checked:
        """Says whether it is genuine. Raises `CaseError` where it cannot be compared at all."""


@dataclass(frozen=True)
class Beforehand:
    """Answers of another checker, asked before the transaction: the ledger and the hashes may take their time."""

    answers: Mapping[tuple[str, str], Checked]
    """By kind and value."""

    @classmethod
    def ask(cls, checker: SampleChecker, asked: Iterable[tuple[str, str]]) -> Beforehand:
        """Asks about some samples.

        Raises:
            CaseError: one of them cannot be compared.
        """
        return cls({(kind, value.strip()): checker.check(kind, value) for kind, value in asked})

    def check(self, kind: str, value: str) -> Checked:
        """What was answered.

        Raises:
            CaseError: it was not asked: somebody else added it meanwhile.
        """
        found = self.answers.get((kind, value.strip()))
        if found is None:
            raise CaseError("somebody added a sample while these were compared; compare again")
        return found


class SiteChecker:
    """Compares with the people the ledger knows, and with keyed hashes where the operator made them."""

    def __init__(self, is_person: Callable[[str], bool], secret: str, site: str, known: Path) -> None:
        """Makes a checker.

        Args:
            is_person: Whether an identifier is one of the site's people (of the ledger's `people`).
            secret: The state's secret.
            site: Name of the site.
            known: The file of keyed hashes; it may be absent.
        """
        self._is_person = is_person
        self._fingerprint = Fingerprints(secret, site)
        self._known = known

    def check(self, kind: str, value: str) -> Checked:
        """Says whether a sample is genuine.

        Raises:
            CaseError: it is no sample of this kind.
        """
        value = value.strip()
        if not value or len(value) > LONGEST:
            raise CaseError(f"a sample has something in it, and at most {LONGEST:,} characters")
        match kind:
            case "person":
                return self._person(value)
            case "fingerprint":
                if not _HASH.match(value.lower()):
                    raise CaseError("a fingerprint has 64 hexadecimal digits; `hedgerow claims fingerprint` makes one")
                return self._matches({value.lower(): "?"})
            case "record":
                return self._record(value)
        raise CaseError(f"a sample is one of: {', '.join(KINDS)}")

    def _person(self, identifier: str) -> Checked:
        if self._is_person(identifier):
            return Checked("genuine", identifier, "the site shows a person with this identifier")
        return Checked("no_match", None, "no person with this identifier was ever shown")

    def _record(self, text: str) -> Checked:
        fields = read_record(text)
        for name in ("id", "person", "identifier"):
            if name in fields and self._is_person(fields[name]):
                return Checked("genuine", fields[name], f"its `{name}` is of a person the site shows")
        return self._matches({self._fingerprint.of(name, content): name for name, content in fields.items()})

    def _matches(self, wanted: dict[str, str]) -> Checked:
        if not self._known.exists():
            return Checked(
                "not_checked",
                None,
                "there are no keyed hashes of the members' fields; make them with `hedgerow claims known`",
            )
        by_person: dict[str, set[str]] = {}
        for person, name, fingerprint in read_known(self._known):
            if fingerprint in wanted:
                by_person.setdefault(person, set()).add(name)
        for person, names in sorted(by_person.items(), key=lambda item: -len(item[1])):
            strong = sorted(n for n in names if STRONG.search(n))
            if strong or len(names) >= 2 or "?" in wanted.values():
                return Checked("genuine", person, f"the same as a member's: {', '.join(sorted(names))}")
        if by_person:
            weak = sorted({n for names in by_person.values() for n in names})
            return Checked(
                "no_match", None, f"only {', '.join(weak)} alone is like a member's, which happens by chance"
            )
        return Checked("no_match", None, "none of it is like any member's")


class Fingerprints:
    """Keyed hashes of what fields hold. The same content in another case or with other spaces has the same."""

    def __init__(self, secret: str, site: str) -> None:
        self._key = hmac.new(
            bytes.fromhex(secret), f"hedgerow 2026-11 fingerprints of fields\0{site}".encode(), hashlib.sha256
        ).digest()

    def of(self, name: str, content: str) -> str:
        """The fingerprint of a field's content."""
        return hmac.new(self._key, f"{name}\0{normal(name, content)}".encode(), hashlib.sha256).hexdigest()


def normal(name: str, content: str) -> str:
    """Content without what does not matter: case, spaces, width; of telephone numbers only the digits."""
    if _PHONE.search(name):
        return "".join(c for c in content if c.isdigit()).lstrip("0")
    return " ".join(unicodedata.normalize("NFKC", content).casefold().split())


def read_record(text: str) -> dict[str, str]:
    """`field: content`, a line each.

    Raises:
        CaseError: nothing of the kind.
    """
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, content = line.partition(":")
        if colon and name.strip() and content.strip():
            fields[name.strip().casefold().replace(" ", "_")[:64]] = content.strip()
    if not fields or len(fields) > MOST_FIELDS:
        raise CaseError("a record is written as lines of `field: content`, as in `email: ann@example.com`")
    return fields


def read_known(path: Path) -> Iterator[tuple[str, str, str]]:
    """Person, field and fingerprint, a line each; lines that are none are left out."""
    with path.open(encoding="utf-8", newline="") as file:
        for line in file:
            person, _, rest = line.rstrip("\n").partition("\t")
            name, _, fingerprint = rest.partition("\t")
            if _HASH.match(fingerprint):
                yield person, name, fingerprint


def make_known(rows: Iterable[str], fingerprints: Fingerprints) -> Iterator[str]:
    """Lines of the file of keyed hashes from a CSV with a header: the first column is the person, the others fields.

    Raises:
        CaseError: it has no header, or an identifier with a tabulator.
    """
    reader = csv.reader(rows)
    try:
        header = next(reader)
    except StopIteration:
        raise CaseError("the CSV is empty; its first line names the columns: person, email, phone, ...") from None
    names = [h.strip().casefold().replace(" ", "_") for h in header]
    if len(names) < 2:
        raise CaseError("the CSV needs a column with the person's identifier, and at least one with a field")
    for row in reader:
        person = row[0].strip() if row else ""
        if not person or "\t" in person:
            continue
        for name, content in zip(names[1:], row[1:], strict=False):
            if content.strip():
                yield f"{person}\t{name}\t{fingerprints.of(name, content)}\n"
