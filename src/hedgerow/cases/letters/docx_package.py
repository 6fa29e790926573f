"""Looks at an uploaded DOCX before anything reads it: bounded, no macros, nothing embedded or fetched from outside.

A DOCX is a ZIP of XML. What can be wrong with one: it is a bomb (tiny file, endless contents), it carries macros or
foreign objects, its XML declares entities, or it names a template or picture on another machine, which a word processor
fetches when the letter is opened. All of that is refused with a sentence; nothing is repaired.
"""

from __future__ import annotations

import io
import zipfile
from typing import Final
from xml.parsers import expat

from hedgerow.cases.letters.problems import UnsafeFileError

MOST_BYTES: Final = 5 << 20
"""Largest file, in bytes."""
MOST_UNPACKED: Final = 40 << 20
"""Largest sum of all parts unpacked, in bytes."""
MOST_PARTS: Final = 400
MOST_RATIO: Final = 150
"""How much smaller a part of more than 100 kB may have become by packing; text reaches 20 to 30."""
_RATIO_FROM: Final = 100_000
_BODY: Final = "word/document.xml"
_RELATION: Final = "http://schemas.openxmlformats.org/package/2006/relationships Relationship"
_CODINGS: Final = frozenset({"", "utf-8", "utf-16", "us-ascii"})


def check(file: bytes) -> None:
    """Refuses whatever is no plain DOCX.

    Raises:
        UnsafeFileError: with the reason, and what to do.
    """
    if len(file) > MOST_BYTES:
        raise UnsafeFileError(f"the file has {len(file):,} bytes; at most {MOST_BYTES:,} are taken")
    try:
        package = zipfile.ZipFile(io.BytesIO(file))
        parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError) as e:
        raise UnsafeFileError("this is no DOCX file; save the letter as DOCX and try again") from e
    with package:
        _bounds(parts)
        names = [p.filename for p in parts]
        if len(set(names)) != len(names) or _BODY not in names or "[Content_Types].xml" not in names:
            raise UnsafeFileError("this is no DOCX file; save the letter as DOCX and try again")
        for name in names:
            _name(name)
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                _xml(part.filename, _read(package, part))


def _bounds(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MOST_PARTS:
        raise UnsafeFileError(f"the file has {len(parts)} parts; a letter has at most {MOST_PARTS}")
    if sum(p.file_size for p in parts) > MOST_UNPACKED:
        raise UnsafeFileError("the file unpacks to far more than a letter holds; it was not opened")
    for p in parts:
        if p.file_size > _RATIO_FROM and p.file_size > MOST_RATIO * max(p.compress_size, 1):
            raise UnsafeFileError("a part of the file is packed more tightly than any text; it was not opened")
        if p.flag_bits & 1:
            raise UnsafeFileError("the file is encrypted; take the password away and upload it again")


def _name(name: str) -> None:
    low = name.lower()
    if low.startswith("/") or "\\" in low or ".." in low.split("/") or ":" in low:
        raise UnsafeFileError("a part of the file wants to lie outside of it; it was not opened")
    if "vba" in low or low.endswith(".bin") or "/activex" in low:
        raise UnsafeFileError("the file has macros; save it as DOCX without macros and upload it again")
    if "/embeddings/" in low or "/afchunk" in low or low.endswith((".html", ".mht", ".htm", ".rtf")):
        raise UnsafeFileError("the file has other files embedded; take them out and upload it again")


def _read(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """A part, never more of it than its entry says: a lying entry ends in an error of its checksum."""
    try:
        with package.open(part) as f:
            return f.read(part.file_size + 1)
    except Exception as e:  # zipfile, zlib, bz2 and lzma each have an error of their own
        raise UnsafeFileError("the file is damaged; save the letter anew and upload it again") from e


def _xml(name: str, text: bytes) -> None:
    """Parses a part once, with a parser that meets every declaration: no entity is ever expanded."""
    if name == "[Content_Types].xml" and b"macroenabled" in text.lower():
        raise UnsafeFileError("the file has macros; save it as DOCX without macros and upload it again")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.XmlDeclHandler = _coding
    parser.StartDoctypeDeclHandler = _declares
    parser.EntityDeclHandler = _declares
    if name.endswith(".rels"):
        parser.StartElementHandler = _relation
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError, LookupError) as e:
        raise UnsafeFileError("the file is damaged; save the letter anew and upload it again") from e


def _coding(_version: str, encoding: str | None, _standalone: int) -> None:
    if (encoding or "").lower() not in _CODINGS:
        raise UnsafeFileError("the file is written in an encoding that no word processor uses; it was not opened")


def _declares(*_what: object) -> None:
    raise UnsafeFileError("the file declares XML entities, which no word processor writes; it was not opened")


def _relation(element: str, attributes: dict[str, str]) -> None:
    if element != _RELATION or attributes.get("TargetMode", "").lower() != "external":
        return
    kind = attributes.get("Type", "").rpartition("/")[2]
    if kind.lower() != "hyperlink":
        raise UnsafeFileError(f"the file fetches something from outside ({kind[:40]}); take it out and try again")
