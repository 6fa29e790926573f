"""Changes a letter block by block: one is replaced, put in, or taken out. Each change makes a new version."""

from __future__ import annotations

from typing import Any

from hedgerow.cases.letters.document import (
    Blanks,
    Block,
    Boxes,
    Bullets,
    Grid,
    Heading,
    LetterDocument,
    Paragraph,
    Signature,
    block_of,
)
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.text import clean

LONGEST_EDIT = 20_000
"""Longest text of one block, in characters."""


def _at(document: LetterDocument, place: int) -> Block:
    if not 0 <= place < len(document.blocks):
        raise LetterError(f"the letter has {len(document.blocks)} parts, from 0; there is no {place}")
    return document.blocks[place]


def replaced(document: LetterDocument, place: int, block: dict[str, Any]) -> LetterDocument:
    """The letter with another block at a place, given as JSON."""
    _at(document, place)
    made = block_of(block)
    return document.with_blocks((*document.blocks[:place], made, *document.blocks[place + 1 :]))


def rewritten(document: LetterDocument, place: int, text: str) -> LetterDocument:
    """The letter with a block in another wording, typed as text: a line an item, cells parted by ` | `."""
    return document.with_blocks(
        (*document.blocks[:place], _reworded(_at(document, place), text), *document.blocks[place + 1 :])
    )


def inserted(document: LetterDocument, after: int, text: str) -> LetterDocument:
    """The letter with a new paragraph after a place; -1 puts it first."""
    if not -1 <= after < len(document.blocks):
        raise LetterError(f"the letter has {len(document.blocks)} parts, from 0; there is no {after}")
    made = Paragraph(_typed(text))
    return document.with_blocks((*document.blocks[: after + 1], made, *document.blocks[after + 1 :]))


def removed(document: LetterDocument, place: int) -> LetterDocument:
    """The letter without a block."""
    _at(document, place)
    return document.with_blocks((*document.blocks[:place], *document.blocks[place + 1 :]))


def as_typed(block: Block) -> str:
    """A block as `rewritten` takes it: what stands in the console's field."""
    match block:
        case Heading(text=text) | Paragraph(text=text):
            return text
        case Bullets(items=lines) | Blanks(labels=lines) | Boxes(options=lines):
            return "\n".join(lines)
        case Grid():
            return "\n".join(" | ".join(row) for row in block.rows)
        case Signature():
            return "\n".join((block.above, *block.below))


def _typed(text: str) -> str:
    if len(text) > LONGEST_EDIT:
        raise LetterError(f"this part has {len(text)} characters; at most {LONGEST_EDIT}. Make it several")
    typed = clean(text).strip()
    if not typed:
        raise LetterError("this part is empty; take it out instead")
    return typed


def _reworded(block: Block, text: str) -> Block:
    typed = _typed(text)
    lines = tuple(line.strip() for line in typed.split("\n") if line.strip())
    match block:
        case Heading():
            return Heading(" ".join(lines), block.level, block.new_page)
        case Paragraph():
            return Paragraph(typed)
        case Bullets():
            return Bullets(lines, block.numbered)
        case Blanks():
            return Blanks(lines, block.lines)
        case Boxes():
            return Boxes(lines)
        case Signature():
            return Signature(lines[0], lines[1:])
        case Grid():
            rows = tuple(tuple(cell.strip() for cell in line.split("|")) for line in typed.split("\n") if line.strip())
            for row in rows:
                if len(row) != len(block.head):
                    raise LetterError(f"each line has {len(block.head)} cells parted by |, this one {len(row)}")
            return Grid(block.head, rows, block.caption)
