"""A letter as DOCX, to be edited in a word processor: real styles, lists, tables and language, and no surprise in it.

The same document gives the same bytes: the times in the package are those of the letter, not of the machine. Each part
of a letter has a style of its own, by which `docx_reader` knows it again.
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, time
from typing import Any, Final

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

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

LETTERHEAD: Final = "Letterhead"
ADDRESSEE: Final = "Addressee"
PLACE_AND_DAY: Final = "Place and day"
REFERENCE: Final = "Letter reference"
SUBJECT: Final = "Title"
LABEL: Final = "Form label"
LINE: Final = "Form line"
BOX: Final = "Form box"
SIGN: Final = "Signature line"
SIGNER: Final = "Signer"
BULLET: Final = "List Bullet"
NUMBER: Final = "List Number"
CAPTION: Final = "Caption"
EMPTY_BOX: Final = "☐"

_OWN_STYLES: Final = (LETTERHEAD, ADDRESSEE, PLACE_AND_DAY, REFERENCE, LABEL, LINE, BOX, SIGN, SIGNER)
_INK: Final = RGBColor(0x1F, 0x2A, 0x37)
_FONT: Final = "Cambria"


def docx(document: LetterDocument) -> bytes:
    """The letter as a file for a word processor."""
    file = Document()
    _styles(file, document.language)
    _page(file, document)
    for line in document.sender:
        file.add_paragraph(line, LETTERHEAD)
    for line in document.recipient:
        file.add_paragraph(line, ADDRESSEE)
    file.add_paragraph(document.place_and_day, PLACE_AND_DAY)
    file.add_paragraph(document.reference, REFERENCE)
    file.add_paragraph(document.subject, SUBJECT)
    for block in document.blocks:
        _write(file, block)
    _properties(file, document)
    made = io.BytesIO()
    file.save(made)
    return _frozen(made.getvalue(), document)


def _styles(file: Any, language: str) -> None:
    normal = file.styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(11)
    normal.paragraph_format.space_after = Pt(7)
    for style in file.styles:
        if style.type is WD_STYLE_TYPE.PARAGRAPH and style.name.startswith(("Heading", "Title", CAPTION)):
            style.font.name, style.font.color.rgb = _FONT, _INK
            fonts = style.element.rPr.rFonts if style.element.rPr is not None else None
            if fonts is not None:
                # The template's theme fonts would win over the name.
                for attribute in [a for a in fonts.attrib if a.endswith("Theme")]:
                    del fonts.attrib[attribute]
    file.styles["Title"].font.size = Pt(15)
    border = file.styles["Title"].element.pPr.find(qn("w:pBdr"))
    if border is not None:
        file.styles["Title"].element.pPr.remove(border)
    for name in _OWN_STYLES:
        style = file.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        style.quick_style = True
    for name in (LETTERHEAD, ADDRESSEE, SIGNER):
        file.styles[name].paragraph_format.space_after = Pt(0)
    file.styles[LETTERHEAD].font.size = Pt(9.5)
    file.styles[PLACE_AND_DAY].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    file.styles[PLACE_AND_DAY].paragraph_format.space_before = Pt(16)
    file.styles[LABEL].font.size = Pt(9.5)
    file.styles[LABEL].paragraph_format.keep_with_next = True
    file.styles[SIGN].paragraph_format.space_before = Pt(44)
    for name in (LINE, SIGN):
        _border(file.styles[name], "bottom" if name == LINE else "top")
    for element in file.styles.element.iter(qn("w:lang")):
        element.set(qn("w:val"), language)


def _border(style: Any, side: str) -> None:
    borders, edge = OxmlElement("w:pBdr"), OxmlElement(f"w:{side}")
    for name, value in (("val", "single"), ("sz", "4"), ("space", "1"), ("color", "808A96")):
        edge.set(qn(f"w:{name}"), value)
    borders.append(edge)
    # The schema has an order of properties, and Word calls a file broken that has another one.
    style.element.get_or_add_pPr().insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")


def _page(file: Any, document: LetterDocument) -> None:
    section = file.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin, section.right_margin = Cm(2.5), Cm(2.2)
    section.top_margin, section.bottom_margin = Cm(2.4), Cm(2.4)
    footer = section.footer.paragraphs[0]
    footer.text = f"{document.number}\t\t"
    run = footer.add_run()
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._r.append(part)  # python-docx has no face for fields


def _write(file: Any, block: Block) -> None:
    match block:
        case Heading():
            made = file.add_heading(block.text, block.level)
            made.paragraph_format.page_break_before = block.new_page
        case Paragraph():
            file.add_paragraph(block.text)
        case Bullets():
            number = _list(file) if block.numbered else None
            for item in block.items:
                made = file.add_paragraph(item, NUMBER if block.numbered else BULLET)
                if number is not None:
                    made._p.get_or_add_pPr().get_or_add_numPr().get_or_add_numId().val = number
        case Grid():
            _grid(file, block)
        case Blanks():
            for label in block.labels:
                file.add_paragraph(label, LABEL)
                for _ in range(block.lines):
                    file.add_paragraph("", LINE)
        case Boxes():
            for option in block.options:
                file.add_paragraph(f"{EMPTY_BOX} {option}", BOX)
        case Signature():
            file.add_paragraph(block.above, SIGN)
            for line in block.below:
                file.add_paragraph(line, SIGNER)


def _list(file: Any) -> int:
    """A numbered list of its own, beginning at one: Word counts on through all paragraphs of the style otherwise."""
    numbering = file.part.numbering_part.element
    style = file.styles[NUMBER].element.pPr.numPr.numId.val
    abstract = next(n for n in numbering.num_lst if n.numId == style).abstractNumId.val
    made = numbering.add_num(abstract)
    made.add_lvlOverride(ilvl=0).add_startOverride(1)
    return int(made.numId)


def _grid(file: Any, grid: Grid) -> None:
    if grid.caption:
        file.add_paragraph(grid.caption, CAPTION).paragraph_format.keep_with_next = True
    table = file.add_table(rows=1, cols=len(grid.head))
    table.style = "Table Grid"
    for cell, name in zip(table.rows[0].cells, grid.head, strict=True):
        cell.text = name
        cell.paragraphs[0].runs[0].bold = True
    head = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(head)  # repeated on each page, and read as its head
    for row in grid.rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    file.add_paragraph("").paragraph_format.space_after = Pt(2)


def _properties(file: Any, document: LetterDocument) -> None:
    at = datetime.combine(document.written_on, time())
    about = file.core_properties
    about.title, about.subject = document.subject[:250], document.number[:250]
    about.author = about.last_modified_by = document.sender[0][:250]
    about.language, about.comments, about.revision = document.language, "", 1
    about.created = about.modified = about.last_printed = at


def _frozen(file: bytes, document: LetterDocument) -> bytes:
    """The same package with the letter's day as the time of every part. DOS times begin in 1980."""
    day = document.written_on
    stamp = (max(day.year, 1980), day.month, day.day, 0, 0, 0)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as frozen:
        names = sorted(given.namelist(), key=lambda n: (n != "[Content_Types].xml", n))
        for name in names:
            part = zipfile.ZipInfo(name, stamp)
            part.compress_type = zipfile.ZIP_DEFLATED
            part.external_attr = 0o600 << 16
            frozen.writestr(part, given.read(name))
    return made.getvalue()
