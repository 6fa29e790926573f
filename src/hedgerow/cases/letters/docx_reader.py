"""Takes an edited DOCX back: its text becomes the letter's document again, so that everybody sees the same letter.

The uploaded file is kept as it is, by its hash. What is approved and sent is made from the text read here: preview, gap
check, PDF and mail show one and the same letter, and nothing that only a word processor shows can slip past who
approves. What cannot be carried over (pictures, comments, notes, text boxes) is said in a warning each.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from docx import Document
from docx.oxml.ns import qn

from hedgerow.cases.letters import docx_package
from hedgerow.cases.letters import docx_writer as styles
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
from hedgerow.cases.letters.problems import LetterError, UnsafeFileError
from hedgerow.cases.letters.text import clean

_TRACKED: Final = ("w:ins", "w:del", "w:moveFrom", "w:moveTo")
_LOST: Final = {
    "w:drawing": "pictures",
    "w:pict": "pictures",
    "w:object": "objects",
    "w:commentReference": "comments",
    "w:footnoteReference": "footnotes",
    "w:endnoteReference": "endnotes",
    "w:txbxContent": "text boxes",
}
_MOST_PARAGRAPHS: Final = 5_000
_MOST_COLUMNS: Final = 12


def taken_back(file: bytes, before: LetterDocument) -> tuple[LetterDocument, tuple[str, ...]]:
    """The letter as somebody edited it, and warnings about what was not taken.

    Args:
        file: the uploaded DOCX.
        before: the version it was made from: kind, language, number and dates stay its own.

    Raises:
        UnsafeFileError: when the file is refused unread.
        LetterError: when it cannot be taken, with what to do.
    """
    docx_package.check(file)
    try:
        body = Document(io.BytesIO(file)).element.body
    except Exception as e:  # the reader has no errors of its own for a broken package
        raise UnsafeFileError("the file is damaged; save the letter anew and upload it again") from e
    if any(next(body.iter(qn(t)), None) is not None for t in _TRACKED):
        raise LetterError("the file has tracked changes; accept or reject them all, save, and upload it again")
    read = _Reading()
    for element in _elements(body):
        read.take(element)
    read.end()
    if not read.blocks:
        raise LetterError("the file has no text; upload the letter itself")
    after = replace(
        before,
        sender=tuple(read.sender) or before.sender,
        recipient=tuple(read.recipient) or before.recipient,
        place_and_day=read.single.get(styles.PLACE_AND_DAY, before.place_and_day),
        reference=before.reference,
        subject=read.single.get(styles.SUBJECT, before.subject),
    ).with_blocks(tuple(read.blocks))
    return after, _warnings(body, read, before)


def _warnings(body: Any, read: _Reading, before: LetterDocument) -> tuple[str, ...]:
    lost: dict[str, int] = {}
    for tag, what in _LOST.items():
        if found := sum(1 for _ in body.iter(qn(tag))):
            lost[what] = lost.get(what, 0) + found
    said = [f"Not taken over from the file: {number} {what}." for what, number in lost.items()]
    if not read.sender or not read.recipient:
        said.append("The file has no letterhead or no address any more; those of the version before stay.")
    if read.single.get(styles.REFERENCE, before.reference) != before.reference:
        said.append("The reference was changed in the file; the letter keeps its own.")
    return tuple(said)


def _elements(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables in their order, also inside content controls."""
    for child in parent:
        if child.tag in (qn("w:p"), qn("w:tbl")):
            yield child
        elif child.tag == qn("w:sdt"):
            for content in child.iterchildren(qn("w:sdtContent")):
                yield from _elements(content)
        elif child.tag in (qn("w:smartTag"), qn("w:customXml")):
            yield from _elements(child)


def _text(paragraph: Any) -> str:
    """The text of a paragraph with its line ends; what stands in a text box inside it is left out."""
    said: list[str] = []
    for node in paragraph.iter():
        if any(a.tag == qn("w:txbxContent") for a in node.iterancestors()):
            continue
        if node.tag == qn("w:t"):
            said.append(node.text or "")
        elif node.tag == qn("w:tab"):
            said.append(" " if node.getparent().tag == qn("w:r") else "")
        elif node.tag in (qn("w:br"), qn("w:cr")):
            said.append("\n")
        elif node.tag == qn("w:noBreakHyphen"):
            said.append("-")
    return clean("".join(said)).strip()


class _Reading:
    """Puts paragraphs together into blocks, by their styles."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.sender: list[str] = []
        self.recipient: list[str] = []
        self.single: dict[str, str] = {}
        self._open: tuple[str, list[str]] | None = None
        self._lines: list[int] = []
        self._caption = ""
        self._seen = 0

    def take(self, element: Any) -> None:
        self._seen += 1
        if self._seen > _MOST_PARAGRAPHS:
            raise LetterError(f"the file has more than {_MOST_PARAGRAPHS} paragraphs; a letter is shorter")
        if element.tag == qn("w:tbl"):
            self._table(element)
        else:
            self._paragraph(element)

    def _paragraph(self, element: Any) -> None:
        text, style = _text(element), _style(element)
        if style == styles.LINE:
            if self._open is not None and self._open[0] == styles.LABEL:
                self._lines[-1] += 1
                self._open[1][-1] += f" {text}" if text else ""
            return
        self._match(style)
        if not text:
            return
        if style in (styles.LETTERHEAD, styles.ADDRESSEE):
            (self.sender if style == styles.LETTERHEAD else self.recipient).append(text)
        elif style in (styles.PLACE_AND_DAY, styles.REFERENCE, styles.SUBJECT):
            self.single[style] = text
        elif style in (styles.BULLET, styles.NUMBER, styles.LABEL, styles.BOX, styles.SIGN, styles.SIGNER):
            self._grow(style, text)
        elif style.startswith("Heading"):
            level = int(style.rpartition(" ")[2]) if style[-1:].isdigit() else 2
            self.blocks.append(Heading(text, min(level, 3), new_page=_breaks(element)))
        elif style == styles.CAPTION:
            self._caption = text
        else:
            self.blocks.append(Paragraph(text))

    def _match(self, style: str) -> None:
        """Ends what is open when another style begins."""
        if self._open is None:
            return
        kind = self._open[0]
        goes_on = style == kind or (kind == styles.SIGN and style == styles.SIGNER)
        if not goes_on:
            self.end()

    def _grow(self, style: str, text: str) -> None:
        if style == styles.BOX:
            text = text.removeprefix(styles.EMPTY_BOX).strip()
        if style == styles.SIGNER and self._open is None:
            self.blocks.append(Paragraph(text))
            return
        if style == styles.SIGN and self._open is not None:
            self.end()
        if style == styles.LABEL:
            self._lines = [*(self._lines if self._open is not None else []), 0]
        if self._open is None:
            self._open = (style, [text])
        else:
            self._open[1].append(text)

    def end(self) -> None:
        """Ends the list, the form lines or the signature that is open."""
        if self._open is None:
            return
        style, texts = self._open
        self._open = None
        match style:
            case styles.BULLET | styles.NUMBER:
                self.blocks.append(Bullets(tuple(texts), numbered=style == styles.NUMBER))
            case styles.LABEL:
                pairs = zip((max(n, 1) for n in self._lines), texts, strict=True)
                for lines, same in groupby(pairs, key=itemgetter(0)):
                    self.blocks.append(Blanks(tuple(label for _, label in same), lines))
            case styles.BOX:
                self.blocks.append(Boxes(tuple(texts)))
            case _:
                self.blocks.append(Signature(texts[0], tuple(texts[1:])))

    def _table(self, element: Any) -> None:
        self.end()
        rows = [
            tuple("\n".join(filter(None, map(_text, cell.iter(qn("w:p"))))) for cell in row.iterchildren(qn("w:tc")))
            for row in element.iter(qn("w:tr"))
        ]
        width = max(map(len, rows), default=0)
        if width > _MOST_COLUMNS:
            raise LetterError(f"a table of the file has {width} columns; at most {_MOST_COLUMNS} fit on the paper")
        whole = [row + ("",) * (width - len(row)) for row in rows]
        if whole:
            self.blocks.append(Grid(whole[0], tuple(whole[1:]), self._caption))
        self._caption = ""


def _style(paragraph: Any) -> str:
    """The style's name as the writer knows it; lists of any other style count as plain lists."""
    properties = paragraph.pPr
    named = properties.pStyle.val if properties is not None and properties.pStyle is not None else ""
    name = _NAMES.get(named, named)
    if not name and properties is not None and properties.numPr is not None:
        return styles.BULLET
    return name


def _breaks(paragraph: Any) -> bool:
    found = paragraph.pPr.find(qn("w:pageBreakBefore")) if paragraph.pPr is not None else None
    return found is not None and found.get(qn("w:val"), "1") not in ("0", "false", "off")


_NAMES: Final = {
    "".join(w for w in name.split()): name
    for name in (
        styles.LETTERHEAD,
        styles.ADDRESSEE,
        styles.PLACE_AND_DAY,
        styles.REFERENCE,
        styles.SUBJECT,
        styles.LABEL,
        styles.LINE,
        styles.BOX,
        styles.SIGN,
        styles.SIGNER,
        styles.BULLET,
        styles.NUMBER,
        styles.CAPTION,
        "Heading 1",
        "Heading 2",
        "Heading 3",
    )
}
"""Identifiers of styles, as they are written into paragraphs, and their names."""
