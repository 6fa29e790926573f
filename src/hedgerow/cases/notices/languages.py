"""Language packs: a folder each under `cases/language/`, with the words of notices. A new language is a new folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from string import Template
from typing import Final

from hedgerow.cases.notices.loading import read_text
from hedgerow.cases.notices.problems import NoticeError, NoticeFileError
from hedgerow.cases.notices.reading_level import FORMULAS
from hedgerow.cases.notices.rule_shape import wrong_word
from hedgerow.policy.problem import Report
from hedgerow.policy.reader import Reader
from hedgerow.policy.shapes import REQUIRED, Choice, Keyed, Many, Real, Section, Setting, Text
from hedgerow.policy.source import MAX_BYTES
from hedgerow.policy.view import View

FOLDER: Final = Path(__file__).parent.parent / "language"
_NAME: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?\Z")
_LINE: Final = Text("Dear member,", longest=1_000)

HEADINGS: Final = ("what_happened", "information", "consequences", "our_steps", "your_steps", "questions", "complaints")
SENTENCES: Final[dict[str, tuple[str, ...]]] = {
    "subject": ("organisation",),
    "public_subject": ("organisation",),
    "opening": ("organisation",),
    "public_opening": ("organisation",),
    "organisation": ("organisation", "address"),
    "aware": ("day",),
    "day": ("day",),
    "period": ("first", "last"),
    "about": (),
    "confidentiality": (),
    "integrity": (),
    "availability": (),
    "holder_known": (),
    "holder_unknown": (),
    "holder_named": ("holder",),
    "confirmed": (),
    "possible": (),
    "excluded": (),
    "harms": (),
    "taken": (),
    "planned": (),
    "advice": (),
    "contact": ("name",),
    "representative": (),
    "authority_told": ("authority",),
    "complain": ("authority",),
    "complain_at": ("address",),
    "reference": ("reference",),
    "closing": ("organisation",),
}
"""Every sentence of a notice, with what can be filled in as `$name`."""

PACK: Final = Section(
    "language",
    (
        Setting("name", Text("English"), REQUIRED, "", "Name of the language, in itself."),
        Setting(
            "reading",
            Section(
                "reading",
                (
                    Setting("formula", Choice({k: f.name for k, f in FORMULAS.items()}), REQUIRED, "", "The measure."),
                    Setting("limit", Real(0, 100), REQUIRED, "", "What a notice must reach."),
                ),
            ),
            REQUIRED,
            "",
            "How plain a notice must be.",
        ),
        Setting("date", Text("$day $month $year"), REQUIRED, "", "How a day is written."),
        Setting("first_day", Text("1er", longest=20), "1", "", "How the first of a month is written."),
        Setting("months", Many(Text("January"), least=12, most=12), REQUIRED, "", "The months."),
        Setting(
            "headings",
            Section("headings", tuple(Setting(h, _LINE, REQUIRED, "", "A heading.") for h in HEADINGS)),
            REQUIRED,
            "",
            "Headings of a notice.",
        ),
        Setting(
            "sentences",
            Section(
                "sentences",
                tuple(
                    Setting(
                        name, _LINE, REQUIRED, "", "Can use " + (", ".join(f"${w}" for w in used) or "nothing") + "."
                    )
                    for name, used in SENTENCES.items()
                ),
            ),
            REQUIRED,
            "",
            "Sentences of a notice.",
        ),
        Setting("authorities", Keyed(Text("CNIL", longest=40), _LINE), {}, "", "Names of authorities, by their code."),
        Setting("kinds", Keyed(Text("email", wrong_word), _LINE), REQUIRED, "", "Kinds of information, as people say."),
        Setting(
            "harms",
            Keyed(
                Text("phishing", wrong_word),
                Section(
                    "harm",
                    (
                        Setting("harm", _LINE, REQUIRED, "", "What could happen."),
                        Setting("advice", Many(_LINE, least=1, most=10), REQUIRED, "", "What the person can do."),
                    ),
                ),
            ),
            REQUIRED,
            "",
            "Likely harms and what helps against them.",
        ),
    ),
)


@dataclass(frozen=True)
class Language:
    """The words of one language."""

    code: str
    name: str
    formula: str
    limit: float
    date_form: str
    first_day: str
    months: tuple[str, ...]
    headings: dict[str, str]
    sentences: dict[str, str]
    authorities: dict[str, str]
    kinds: dict[str, str]
    harms: dict[str, tuple[str, tuple[str, ...]]]

    def say(self, sentence: str, /, **words: str) -> str:
        """A sentence with its words filled in. What is filled in is never read as a template."""
        return Template(self.sentences[sentence]).substitute(words)

    def day(self, day: date) -> str:
        """A day as it is written in this language."""
        words = {
            "day": str(day.day) if day.day > 1 else self.first_day,
            "month": self.months[day.month - 1],
            "year": str(day.year),
        }
        return Template(self.date_form).substitute(words)


def languages(folder: Path = FOLDER) -> list[str]:
    """The languages there are."""
    return sorted(p.parent.name for p in folder.glob("*/pack.yaml") if _NAME.match(p.parent.name))


@cache
def language(code: str, folder: Path = FOLDER) -> Language:
    """One language pack.

    Raises:
        NoticeError: when there is none of that name.
        NoticeFileError: when it has mistakes or misses a sentence.
    """
    known = languages(folder)
    if code not in known:
        raise NoticeError(f"there is no language pack `{code[:20]}`; there are: {', '.join(known)}")
    path = folder / code / "pack.yaml"
    report = Report(str(path))
    with path.open("rb") as f:
        node = read_text(f.read(MAX_BYTES + 1), report, "name: English")
    view = Reader(report).section(PACK, node) if node is not None else None
    if view is not None:
        _check(view, report)
    if view is None or report.problems:
        raise NoticeFileError([report])
    how = view.view("reading")
    return Language(
        code=code,
        name=view.text("name"),
        formula=how.text("formula"),
        limit=how.real("limit"),
        date_form=view.text("date"),
        first_day=view.text("first_day"),
        months=tuple(view.items("months").texts()),
        headings={h: view.view("headings").text(h) for h in HEADINGS},
        sentences={s: view.view("sentences").text(s) for s in SENTENCES},
        authorities={k: str(words) for k, words in view.view("authorities").values.items()},
        kinds={k: str(words) for k, words in view.view("kinds").values.items()},
        harms={k: (h.text("harm"), tuple(h.items("advice").texts())) for k, h in view.view("harms").views()},
    )


def _check(view: View, report: Report) -> None:
    sentences = view.view("sentences")
    for name, allowed in SENTENCES.items():
        template = Template(sentences.text(name))
        used = set(template.get_identifiers())
        if not template.is_valid() or not used <= set(allowed):
            known = ", ".join(f"${w}" for w in allowed) or "nothing"
            report.add(sentences.at(name), f"`{name}` can use {known}", "write a plain dollar sign as $$")
    form = Template(view.text("date"))
    if not form.is_valid() or not set(form.get_identifiers()) <= {"day", "month", "year"}:
        report.add(view.at("date"), "a day is written with $day, $month and $year", "date: $day $month $year")
