"""The sentences of letters, a file `letters.yaml` in each language pack. English is the list of what a pack must have.

A pack may use in a sentence what the English one uses there as `$name`, and nothing else; a text that is missing or has
a word too many is an error with its line. What is filled in is never read as a template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from string import Template
from typing import Final

from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.languages import FOLDER, Language, language
from hedgerow.cases.notices.loading import read_text
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.policy.problem import Report
from hedgerow.policy.source import MAX_BYTES, Node, Scalar, Table

REFERENCE: Final = "en"
FILE: Final = "letters.yaml"
GROUPS: Final = ("texts", "gaps", "subjects", "titles", "marks", "levels", "steps", "grounds", "methods", "fields")
"""The parts of the file. `methods` and `fields` may have fewer or more than English: what is not there is quoted."""
_OPEN: Final = frozenset({"methods", "fields"})
_LONGEST: Final = 1_500


@dataclass(frozen=True)
class LetterWords:
    """The words of letters in one language."""

    language: Language
    groups: dict[str, dict[str, str]]

    @property
    def code(self) -> str:
        """`en`, `fr`."""
        return self.language.code

    def say(self, name: str, /, **words: str) -> str:
        """A sentence with its words filled in."""
        return Template(self.groups["texts"][name]).substitute(words)

    def subject(self, kind: str, /, **words: str) -> str:
        """The subject line of a kind of letter."""
        return Template(self.groups["subjects"][kind]).substitute(words)

    def gap(self, name: str) -> str:
        """What a person still has to write, visibly: `[to fill in: ...]`. It blocks approval."""
        return self.say("gap", what=self.groups["gaps"][name])

    def ground(self, name: str) -> str:
        """The sentence that names a legal rule."""
        return self.groups["grounds"][name]

    def named(self, group: str, name: str) -> str:
        """A word of a group; where the pack has none, the name itself with spaces."""
        return self.groups[group].get(name, name.replace("_", " "))

    def day(self, day: date) -> str:
        """A day as this language writes it."""
        return self.language.day(day)

    def number(self, number: int) -> str:
        """A number with this language's mark between thousands."""
        return f"{number:,}".replace(",", self.groups["texts"]["thousands"])

    def count(self, count: Count) -> str:
        """`1,204`, or `between 480 and 620`."""
        if count.exact:
            return self.number(count.low)
        return self.say("range", low=self.number(count.low), high=self.number(count.high))

    def method(self, method: str) -> str:
        """How a number was made: in this language where the pack knows it, otherwise quoted as it was recorded."""
        known = self.groups["methods"].get(method)
        return known if known is not None else self.say("quoted", text=method)


@cache
def letter_words(code: str, folder: Path = FOLDER) -> LetterWords:
    """The letters of one language pack.

    Raises:
        LetterError: when there is no such pack, or it has mistakes; the message has every one with its line.
    """
    try:
        base = language(code, folder)
    except NoticeError as e:
        raise LetterError(str(e)) from e
    groups, report, nodes = _read(folder / code / FILE)
    if code != REFERENCE and not report.problems:
        _compare(groups, _read(FOLDER / REFERENCE / FILE)[0], report, nodes)
    if report.problems:
        raise LetterError("\n".join(report.lines()))
    return LetterWords(base, groups)


def _read(path: Path) -> tuple[dict[str, dict[str, str]], Report, dict[str, Node]]:
    report = Report(str(path))
    groups: dict[str, dict[str, str]] = {}
    nodes: dict[str, Node] = {}
    if not path.is_file():
        raise LetterError(f"{path} is missing: a language pack has the words of letters in it; copy the English file")
    with path.open("rb") as f:
        root = read_text(f.read(MAX_BYTES + 1), report, "texts: {}")
    if root is not None and not isinstance(root, Table):
        report.add(root.place, "the words of letters are groups", f"{GROUPS[0]}: ...")
    if not isinstance(root, Table):
        return groups, report, nodes
    for key, node in root.entries:
        if key.text not in GROUPS:
            report.add(key.place, f"there is no group `{key.text[:40]}`", f"one of {', '.join(GROUPS)}")
        elif not isinstance(node, Table):
            report.add(node.place, f"`{key.text}` has a sentence for each name", "name: A sentence.")
        else:
            nodes[key.text] = node
            groups[key.text] = _sentences(node, report)
    for group in GROUPS:
        if group not in groups:
            report.add(root.place, f"`{group}` is missing", f"{group}: ...")
    return groups, report, nodes


def _sentences(table: Table, report: Report) -> dict[str, str]:
    said: dict[str, str] = {}
    for key, node in table.entries:
        if not isinstance(node, Scalar) or not node.text:
            report.add(node.place, f"`{key.text[:40]}` needs a sentence", f"{key.text[:40]}: A sentence.")
        elif len(node.text) > _LONGEST:
            report.add(node.place, f"`{key.text[:40]}` has more than {_LONGEST} characters", "make it shorter")
        elif not Template(node.text).is_valid():
            report.add(node.place, f"`{key.text[:40]}` has a dollar sign that names nothing", "write it as $$")
        else:
            said[key.text] = node.text
    return said


def _compare(
    groups: dict[str, dict[str, str]], reference: dict[str, dict[str, str]], report: Report, nodes: dict[str, Node]
) -> None:
    for group, wanted in reference.items():
        if group in _OPEN:
            continue
        for name, sentence in wanted.items():
            if name not in groups[group]:
                report.add(nodes[group].place, f"`{group}` lacks `{name}`; English: {sentence[:120]}", f"{name}: ...")
                continue
            allowed = set(Template(sentence).get_identifiers())
            used = set(Template(groups[group][name]).get_identifiers())
            if used != allowed:
                says = ", ".join(f"${w}" for w in sorted(allowed)) or "nothing"
                report.add(nodes[group].place, f"`{group}`, `{name}` fills in {says}", f"{name}: {sentence[:120]}")
        for name in sorted(set(groups[group]) - set(wanted)):
            report.add(nodes[group].place, f"`{group}` has `{name[:40]}`, which no letter uses", "take it out")


def gap_pattern(words: LetterWords) -> re.Pattern[str]:
    """What a gap looks like in one language, also after it went through a word processor."""
    before, _, after = words.groups["texts"]["gap"].partition("$what")
    spaced = r"\s*".join(re.escape(w) for w in before.split())
    return re.compile(spaced + r"[^\]\[]{0,400}" + re.escape(after.strip()), re.IGNORECASE)


def gaps_in(text: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Every gap that is left in a text, in any of these languages, in their order."""
    found = [(m.start(), m.group()) for code in codes for m in gap_pattern(letter_words(code)).finditer(text)]
    return tuple(text for _, text in sorted(found))
