"""A letter as plain text: for mail, for a form on the web, and for the golden files of the tests."""

from __future__ import annotations

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
)
from hedgerow.cases.letters.words import letter_words


def plain(document: LetterDocument) -> str:
    """The letter in reading order, a paragraph a line; lines are not wrapped, mail programs do that."""
    head = ("\n".join(document.sender), "\n".join(document.recipient), document.place_and_day)
    title = f"{document.subject}\n{document.reference}"
    return "\n\n".join((*head, title, *_blocks(document))) + "\n"


def body(document: LetterDocument) -> str:
    """Only what is written, without letterhead and address: the text of a mail."""
    return "\n\n".join((document.reference, *_blocks(document))) + "\n"


def _blocks(document: LetterDocument) -> list[str]:
    colon = letter_words(document.language).say("colon")
    return [block_text(b, colon) for b in document.blocks]


def block_text(block: Block, colon: str = ": ") -> str:
    """One block; `colon` is what stands between a label and its value in the language."""
    match block:
        case Heading(text=text, level=1):
            return f"{text}\n{'=' * min(len(text), 80)}"
        case Heading(text=text):
            return f"{text}\n{'-' * min(len(text), 80)}"
        case Paragraph(text=text):
            return text
        case Bullets(items=items, numbered=numbered):
            return "\n".join(f"{f'{n}.' if numbered else '-'} {item}" for n, item in enumerate(items, 1))
        case Grid():
            return _grid(block, colon)
        case Blanks(labels=labels, lines=lines):
            return "\n".join(f"{label}{colon}" + "\n".join(["_" * 40] * lines) for label in labels)
        case Boxes(options=options):
            return "\n".join(f"[ ] {option}" for option in options)
        case Signature(above=above, below=below):
            return "\n".join((f"{above}{colon}{'_' * 40}", *below))


def _grid(grid: Grid, colon: str) -> str:
    """A table as lines, each cell with the name of its column: read aloud and quoted in mail, it stays clear."""
    lines = [grid.caption + colon.rstrip()] if grid.caption else []
    for row in grid.rows:
        cells = [f"{name}{colon}{cell}" for name, cell in zip(grid.head, row, strict=True)]
        lines.append("* " + "; ".join(cells))
    return "\n".join(lines)
