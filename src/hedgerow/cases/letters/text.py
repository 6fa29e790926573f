"""Text from outside made safe to print: nothing invisible, nothing that turns the line around, nothing endless."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_BREAKS: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_KEPT: Final = frozenset("\n\u200c\u200d")
"""Line ends, and the two joiners that Persian and Indian scripts are written with."""
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def clean(text: str) -> str:
    """The same text with every invisible character written out as its code point, `[U+202E]`.

    Bidirectional controls can make a letter read otherwise than it is (the `Trojan Source` attack, CVE-2021-42574);
    control characters cannot stand in XML at all. Neither is dropped silently: the reader sees that it was there.
    """
    text = _BREAKS.sub("\n", unicodedata.normalize("NFC", text)).replace("\t", " ")
    return "".join(c if c in _KEPT or unicodedata.category(c) not in _UNSEEN else f"[U+{ord(c):04X}]" for c in text)


def shortened(text: str, longest: int) -> str:
    """At most so many characters; what was cut off is said."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)})"


def one_line(text: str, longest: int = 500) -> str:
    """A value for a line or a cell: clean, without line ends, bounded."""
    return shortened(" ".join(clean(text).split(" ")).replace("\n", " ").strip(), longest)
