"""A letter as PDF: PDF/A-2a and PDF/UA-1, with its fonts, its language and its structure, for archives and ears.

Typst sets it. Every value reaches the template as JSON through `sys.inputs` and is shown as a string: nothing of it is
ever read as markup, whatever a user agent or a name contains. No font of the machine is used, so the same document
gives the same bytes everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from hedgerow.cases.letters.document import LetterDocument
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.words import gap_pattern, letter_words

TEMPLATE: Final = Path(__file__).with_name("letter.typ")
STANDARDS: Final = ("a-2a", "ua-1")
LONGEST_WORD: Final = 24
"""Longer words may be broken anywhere, or a hash would run out of its cell."""
_REFUSED: Final = re.compile(r'the text (?:`"|")(.+?)(?:"`|") could not be displayed')
_TRIES: Final = 4


def pdf(document: LetterDocument, *, approved: bool) -> bytes:
    """The letter as PDF; one that nobody approved says so on each page, with its gaps marked.

    What the fonts cannot show (other scripts than Latin, Greek and Cyrillic) is written as code points, `[U+6F22]`: an
    archive file with holes in it would be worse.

    Raises:
        LetterError: when the letter cannot be set.
    """
    return set_as_pdf(document, approved=approved)[0]


def set_as_pdf(document: LetterDocument, *, approved: bool) -> tuple[bytes, tuple[str, ...]]:
    """The PDF, and the characters that stand in it as code points."""
    import typst  # here, because the command line would pay for it at every start

    data = _data(document, approved)
    gap = "" if approved else gap_pattern(letter_words(document.language)).pattern
    unshown: dict[str, None] = {}
    for _ in range(_TRIES):
        try:
            made = typst.compile(
                _template(),
                format="pdf",
                sys_inputs={"letter": json.dumps(_written(data, unshown)), "gap": gap},
                ignore_system_fonts=True,
                pdf_standards=list(STANDARDS),
                timestamp=0,
            )
        except typst.TypstError as error:
            refused = "".join(_REFUSED.findall(error.diagnostic or error.message))
            new = [c for c in _characters(refused) if c not in unshown]
            if not new:
                raise LetterError(f"the letter cannot be set as PDF: {error.message[:300]}") from error
            unshown.update(dict.fromkeys(new))
        else:
            return bytes(made), tuple(unshown)
    raise LetterError("the letter has characters of too many scripts for a PDF; send the DOCX, or write them in Latin")


@cache
def _template() -> bytes:
    return TEMPLATE.read_bytes()


def _data(document: LetterDocument, approved: bool) -> dict[str, Any]:
    data = document.as_json()
    words = letter_words(document.language)
    data["language"] = document.language.partition("-")[0]
    # `Page $page of $pages`, in pieces, because the template knows the numbers only where it sets them.
    data["page"] = re.split(r"\$pages?", words.groups["texts"]["page"])
    data["draft_mark"] = "" if approved else words.say("draft_mark")
    data["day"] = [document.written_on.year, document.written_on.month, document.written_on.day]
    return data


def _characters(refused: str) -> Iterable[str]:
    for c in re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda m: chr(int(m[1], 16)), refused):
        if not c.isascii():
            yield c


def _written(value: Any, unshown: dict[str, None]) -> Any:
    """The same data with what cannot be shown as code points, and with places to break in long words."""
    if isinstance(value, str):
        shown = "".join(f"[U+{ord(c):04X}]" if c in unshown else c for c in value)
        return re.sub(rf"\S{{{LONGEST_WORD},}}", _breakable, shown)
    if isinstance(value, dict):
        return {k: _written(v, unshown) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_written(v, unshown) for v in value]
    return value


def _breakable(found: re.Match[str]) -> str:
    word = found[0]
    return "\u200b".join(word[n : n + 8] for n in range(0, len(word), 8))
