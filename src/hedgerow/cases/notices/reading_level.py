"""How hard a notice is to read: one published formula a language, and what the formula cannot see.

* English: Flesch-Kincaid grade level (Kincaid, Fishburne, Rogers and Chissom, 1975, Derivation of new readability
  formulas for Navy enlisted personnel): 0.39 words per sentence + 11.8 syllables per word - 15.59. A school year in the
  United States: lower is easier.
* French: Kandel and Moles (1958, Application de l'indice de Flesch a la langue francaise): 207 - 1.015 words per
  sentence - 73.6 syllables per word. Nought to a hundred: higher is easier; about 60 is standard prose.

Syllables are counted by rules, not from a dictionary; on single words they err, over a page they nearly cancel out.
A formula measures length, not sense: a text may pass and still be unclear. It is a floor, and people read it as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

SHORTEST: Final = 20
"""Fewest words of a part that is measured on its own."""

_ADDRESS: Final = re.compile(r"https?://\S+|\S+@\S+")
_SENTENCE: Final = re.compile(r"[.!?\u2026]+(?=\s|$)|\n+|:(?=\s*\n)")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d+")
_ENGLISH_VOWELS: Final = re.compile(r"[aeiouy]+")
_FRENCH_VOWELS: Final = re.compile("[aeiouyàâäéèêëîïôöùûüÿœæ]+")
_FRENCH_HIATUS: Final = re.compile("(?<=[aoéu])(?=[éèïë])|(?<=[éïë])(?=[aouiy])")
_FRENCH_MUTE: Final = re.compile("(?<![aeoyèê])es?$|(?<=é)es?$")


@dataclass(frozen=True)
class Measure:
    """What the formulas look at."""

    sentences: int
    words: int
    syllables: int


@dataclass(frozen=True)
class Formula:
    """One formula."""

    name: str
    source: str
    higher_is_easier: bool
    syllables: Callable[[str], int]
    score: Callable[[Measure], float]


@dataclass(frozen=True)
class Reading:
    """The result for one text."""

    formula: str
    score: float
    limit: float
    easy_enough: bool


def english_syllables(word: str) -> int:
    """Syllables of an English word, by rule."""
    w = word.lower().replace("\u2019", "'").removesuffix("'s")
    count = len(_ENGLISH_VOWELS.findall(w))
    silent_e = w.endswith("e") and not w.endswith(("le", "ee", "ye"))
    silent_ed = w.endswith("ed") and not w.endswith(("ted", "ded", "eed", "ied"))
    silent_es = w.endswith("es") and not w.endswith(("ses", "xes", "zes", "ches", "shes", "ces", "ges", "ies", "ees"))
    if w.endswith("le") and len(w) > 2 and w[-3] in "aeiouy":
        silent_e = True
    return max(1, count - (silent_e or silent_ed or silent_es))


def french_syllables(word: str) -> int:
    """Syllables of a French word, by rule; a mute `e` at the end is not counted."""
    w = re.sub("(?<=[qg])u(?=[eiyéèê])", "", word.lower())
    spoken = _FRENCH_MUTE.sub("", w)
    return max(1, len(_FRENCH_VOWELS.findall(_FRENCH_HIATUS.sub("-", spoken))))


def sentences(text: str) -> str:
    """The lines of a text that are sentences. Headings and items such as `your name` would only flatter the score."""
    return "\n".join(line for line in text.splitlines() if line.rstrip().endswith((".", "!", "?", "\u2026")))


def measure(text: str, syllables: Callable[[str], int]) -> Measure:
    """Counts; without addresses. A line of a list is a sentence, a number a word of one syllable."""
    bare = _ADDRESS.sub("", text)
    found = [s for s in _SENTENCE.split(bare) if s and _WORD.search(s)]
    words = _WORD.findall(bare)
    return Measure(len(found), len(words), sum(1 if w.isdigit() else syllables(w) for w in words))


FORMULAS: Final[dict[str, Formula]] = {
    "flesch_kincaid": Formula(
        "Flesch-Kincaid grade level",
        "Kincaid and others, 1975",
        False,
        english_syllables,
        lambda m: 0.39 * m.words / m.sentences + 11.8 * m.syllables / m.words - 15.59,
    ),
    "kandel_moles": Formula(
        "Kandel and Moles",
        "Kandel and Moles, 1958",
        True,
        french_syllables,
        lambda m: 207 - 1.015 * m.words / m.sentences - 73.6 * m.syllables / m.words,
    ),
}


def reading(text: str, formula: str, limit: float) -> Reading:
    """Measures a text against a limit; a text without words is never easy enough."""
    f = FORMULAS[formula]
    m = measure(text, f.syllables)
    if not m.words or not m.sentences:
        return Reading(f.name, 0.0, limit, easy_enough=False)
    score = round(f.score(m), 1)
    return Reading(f.name, score, limit, score >= limit if f.higher_is_easier else score <= limit)


def hardest(parts: Iterable[str], formula: str, limit: float) -> Reading:
    """The worst reading of several parts; those below `SHORTEST` words are left out, because they swing too much."""
    f = FORMULAS[formula]
    measured = [reading(p, formula, limit) for p in parts if measure(p, f.syllables).words >= SHORTEST]
    if not measured:
        return reading("", formula, limit)
    return min(measured, key=lambda r: r.score if f.higher_is_easier else -r.score)
