"""A letter as a structured document: the one form from which DOCX, PDF, mail and the preview are made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from hedgerow.cases.letters.kinds import Kind
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.text import clean

MOST_BLOCKS: Final = 2_000
MOST_CHARACTERS: Final = 400_000


@dataclass(frozen=True)
class Heading:
    """A heading; an annex begins on a page of its own."""

    text: str
    level: int = 1
    new_page: bool = False


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list, numbered or not."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Grid:
    """A table with a head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Blanks:
    """Lines of a form that the other side fills in: label of each, and how many lines it gets."""

    labels: tuple[str, ...]
    lines: int = 1


@dataclass(frozen=True)
class Boxes:
    """Boxes of a form to tick."""

    options: tuple[str, ...]


@dataclass(frozen=True)
class Signature:
    """Where somebody signs: what stands above the line, and the lines below it."""

    above: str
    below: tuple[str, ...]


Block = Heading | Paragraph | Bullets | Grid | Blanks | Boxes | Signature

_TYPES: Final[dict[str, type[Block]]] = {
    "heading": Heading,
    "paragraph": Paragraph,
    "bullets": Bullets,
    "grid": Grid,
    "blanks": Blanks,
    "boxes": Boxes,
    "signature": Signature,
}
_NAMES: Final = {t: name for name, t in _TYPES.items()}


@dataclass(frozen=True)
class LetterDocument:
    """One letter, whole: what the recipient reads, and the rules it names."""

    kind: Kind
    language: str
    number: str
    """Our reference, `C-2026-0001-L2`."""
    written_on: date
    answer_by: date | None
    zone: str
    """Time zone in which `answer_by` ends."""
    sender: tuple[str, ...]
    """Lines of the letterhead."""
    recipient: tuple[str, ...]
    """Lines of the address."""
    place_and_day: str
    reference: str
    """The line with our reference, as the language writes it."""
    subject: str
    blocks: tuple[Block, ...]
    grounds: tuple[str, ...] = ()
    """Identifiers of the legal rules named, for who approves."""

    def texts(self) -> Iterator[str]:
        """Every text of the letter in reading order."""
        yield from self.sender
        yield from self.recipient
        yield self.place_and_day
        yield self.reference
        yield self.subject
        for block in self.blocks:
            yield from texts_of(block)

    def with_blocks(self, blocks: tuple[Block, ...]) -> LetterDocument:
        """The same letter with other contents.

        Raises:
            LetterError: when it would be larger than any letter is.
        """
        changed = replace(self, blocks=blocks)
        changed.check()
        return changed

    def cleaned(self) -> LetterDocument:
        """The same letter with nothing invisible in it, whatever it was made of."""
        return replace(
            self,
            sender=tuple(map(clean, self.sender)),
            recipient=tuple(map(clean, self.recipient)),
            place_and_day=clean(self.place_and_day),
            reference=clean(self.reference),
            subject=" ".join(clean(self.subject).split("\n")),
            blocks=tuple(block_of(block_as_json(b)) for b in self.blocks),
        )

    def check(self) -> None:
        """Holds a letter to its bounds.

        Raises:
            LetterError: when it is larger than any letter is, or says nothing.
        """
        if not self.blocks:
            raise LetterError("a letter has at least one paragraph")
        if len(self.blocks) > MOST_BLOCKS or sum(map(len, self.texts())) > MOST_CHARACTERS:
            raise LetterError(f"a letter has at most {MOST_BLOCKS} blocks and {MOST_CHARACTERS} characters")

    def as_json(self) -> dict[str, Any]:
        """For the database, the API and the PDF template."""
        data = asdict(self)
        data["written_on"] = self.written_on.isoformat()
        data["answer_by"] = self.answer_by.isoformat() if self.answer_by else None
        data["blocks"] = [block_as_json(b) for b in self.blocks]
        return data

    @property
    def sha256(self) -> str:
        """What freezes a version: the hash of its canonical JSON."""
        text = json.dumps(self.as_json(), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def texts_of(block: Block) -> Iterator[str]:
    """Every text of one block."""
    match block:
        case Heading(text=text) | Paragraph(text=text):
            yield text
        case Bullets(items=texts) | Blanks(labels=texts) | Boxes(options=texts):
            yield from texts
        case Grid():
            yield from (block.caption, *block.head)
            for row in block.rows:
                yield from row
        case Signature():
            yield from (block.above, *block.below)


def block_as_json(block: Block) -> dict[str, Any]:
    """One block with its type."""
    return {"type": _NAMES[type(block)], **asdict(block)}


def block_of(data: dict[str, Any]) -> Block:
    """One block from JSON. What a person typed comes this way: it is cleaned and held to the block's form.

    Raises:
        LetterError: when it is no block.
    """
    kind = _TYPES.get(str(data.get("type")))
    if kind is None:
        raise LetterError(f"there is no block `{str(data.get('type'))[:40]}`; there are: {', '.join(_TYPES)}")
    values = {k: v for k, v in data.items() if k != "type"}
    try:
        made = kind(**{k: _value(v) for k, v in values.items()})
    except TypeError as e:
        raise LetterError(f"a {data['type']} has other parts: {e}") from e
    if not all(isinstance(t, str) for t in texts_of(made)):
        raise LetterError(f"a {data['type']} is made of text")
    if isinstance(made, Grid) and any(len(row) != len(made.head) for row in made.rows):
        raise LetterError("every row of a table has as many cells as its head")
    if isinstance(made, Heading) and made.level not in (1, 2, 3):
        raise LetterError("a heading has level 1, 2 or 3")
    return made


def _value(value: object) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (list, tuple)):
        return tuple(_value(v) for v in value)
    return value


def document_of(data: dict[str, Any]) -> LetterDocument:
    """A document from its JSON, as the database keeps it."""
    return LetterDocument(
        kind=Kind(data["kind"]),
        language=data["language"],
        number=data["number"],
        written_on=date.fromisoformat(data["written_on"]),
        answer_by=date.fromisoformat(data["answer_by"]) if data["answer_by"] else None,
        zone=data["zone"],
        sender=tuple(data["sender"]),
        recipient=tuple(data["recipient"]),
        place_and_day=data["place_and_day"],
        reference=data["reference"],
        subject=data["subject"],
        blocks=tuple(block_of(b) for b in data["blocks"]),
        grounds=tuple(data["grounds"]),
    )
