"""Who writes to whom, and what a person adds to the facts of the case. All of it is typed by people and bounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any, Final, Self

from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.text import clean

LONGEST_LINE: Final = 500
LONGEST_TEXT: Final = 5_000
MOST_ADDRESSES: Final = 50


def _lines(value: object, what: str, most: int = MOST_ADDRESSES) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise LetterError(f"{what} is a list")
    if len(value) > most:
        raise LetterError(f"{what}: at most {most}, not {len(value)}; put the rest into an annex")
    return tuple(_text(v, what, LONGEST_LINE) for v in value if str(v).strip())


def _text(value: object, what: str, longest: int) -> str:
    if not isinstance(value, str):
        raise LetterError(f"{what} is text")
    if len(value) > longest:
        raise LetterError(f"{what} has {len(value)} characters; at most {longest}")
    return clean(value).strip()


class _Typed:
    """What all records of this module share: built from JSON with bounds, and given back as JSON."""

    _LONG: tuple[str, ...] = ()
    _LISTS: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From what somebody typed.

        Raises:
            LetterError: for a word that does not exist, or text that is too long.
        """
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        if unknown := set(values) - known:
            raise LetterError(f"there is no `{min(unknown)[:40]}`; there are: {', '.join(sorted(known))}")
        made: dict[str, Any] = {}
        for name, value in values.items():
            if value is None:
                continue
            if name in cls._LISTS:
                made[name] = _lines(value, name)
            elif name == "answer_days":
                made[name] = _days(value)
            elif name.endswith("_on"):
                made[name] = _day(value, name)
            else:
                made[name] = _text(value, name, LONGEST_TEXT if name in cls._LONG else LONGEST_LINE)
        return cls(**made)

    def as_json(self) -> dict[str, Any]:
        """For the database and the API."""
        return {
            name: value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()  # type: ignore[call-overload]
        }


def _days(value: object) -> int:
    try:
        days = int(str(value))
    except ValueError:
        days = 0
    if not 1 <= days <= 365:
        raise LetterError("the other side has between 1 and 365 days to answer")
    return days


def _day(value: object, what: str) -> date | None:
    if isinstance(value, date):
        return value
    if not str(value).strip():
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as e:
        raise LetterError(f"{what} is a day, written 2026-11-26") from e


@dataclass(frozen=True)
class Sender(_Typed):
    """The organisation that answers for the site, and who signs."""

    organisation: str = ""
    address: str = ""
    place: str = ""
    """Code of the place, `FR` or `CA-QC`: for holidays and the time zone."""
    zone: str = ""
    """Time zone in which the days of the letter are meant, `Europe/Paris`."""
    email: str = ""
    phone: str = ""
    signatory: str = ""
    signatory_role: str = ""

    _LONG = ("address",)


@dataclass(frozen=True)
class Recipient(_Typed):
    """To whom it goes."""

    name: str = ""
    address: str = ""
    place: str = ""
    """Code of the place: an answer is never due on a holiday there."""
    email: str = ""
    attention: str = ""
    """A person or a department."""

    _LONG = ("address",)


@dataclass(frozen=True)
class Particulars(_Typed):
    """What no ledger knows and a person has to say. Whatever is left out stays a visible gap, or is not claimed."""

    addressed_because: str = ""
    """Why this recipient: what leads from the case to them, and how sure that is."""
    account: str = ""
    """What happened, in the language of the letter. Nothing is translated by software."""
    found_at: tuple[str, ...] = ()
    """Web addresses where the information was seen."""
    found_on: date | None = None
    """The day on which it was seen there."""
    domain: str = ""
    network_source: str = ""
    """Which register says that the addresses belong to the recipient, and as of when."""
    recipients_known: tuple[str, ...] = ()
    """To whom the information went on, where that is known."""
    models_known: tuple[str, ...] = ()
    """Models, data sets or services that are known or said to be made from it."""
    terms: str = ""
    """The terms of use of that time: version, and where they stand."""
    previous: str = ""
    """Number of the letter before, where this one follows another."""
    previous_on: date | None = None
    """The day on which that one was sent."""
    principals: tuple[str, ...] = ()
    """Identifiers of the case's principals that the letter is about; nothing: all."""
    grounds: tuple[str, ...] = ()
    """Identifiers of the legal rules to be named; nothing: none."""
    answer_days: int | None = None
    """Days the other side has; None: the kind's own."""
    other: str = ""
    """A paragraph of the writer's own."""

    _LONG = ("addressed_because", "account", "other", "terms")
    _LISTS = ("found_at", "recipients_known", "models_known", "principals", "grounds")

    def following(self, number: str, sent_on: date | None) -> Particulars:
        """The same for a letter that follows another."""
        return replace(self, previous=number, previous_on=sent_on)
