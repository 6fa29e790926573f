"""`hedgerow ledger person`, `principal`: who was shown whom, in figures, then the last entries, or all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated, Final, Generic, TypeVar

import duckdb
import typer

from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import Site, asking_ledger, ledger, read_refs, to_file
from hedgerow.ledger.questions import summary, written
from hedgerow.ledger.questions.period import iso
from hedgerow.ledger.questions.records import (
    Day,
    days_of_group,
    days_of_person,
    entries_of_group,
    entries_of_person,
    every_entry_of_group,
    every_entry_of_person,
)
from hedgerow.ledger.questions.refs import find_group
from hedgerow.ledger.reading import Entry, harmless
from hedgerow.ledger.tables import aligned, write_blocks

_Told = TypeVar("_Told", summary.PersonSummary, summary.GroupSummary)
_LINES: Final = 20
"""Entries, recipients and days for people, where nothing else is asked for."""


class Form(StrEnum):
    """How a record is written."""

    WORDS = "words"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


AsLines = Annotated[
    bool, typer.Option("--json", help="The record as one JSON object a line: all of it, unless --limit says otherwise.")
]
Summary = Annotated[bool, typer.Option("--summary", help="The figures alone; with --json as one object.")]
Everything = Annotated[bool, typer.Option("--all", help="Every entry, however many there are.")]
Limit = Annotated[
    int | None, typer.Option("--limit", help="So many entries, the last ones; in words 20.", min=1, max=100_000)
]
AsForm = Annotated[Form, typer.Option("--format", help="How it is written; CSV and Parquet hold every entry.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file, which must not exist yet.")]


@dataclass(frozen=True)
class Wish:
    """How somebody wants a record."""

    form: Form
    limit: int | None
    """Entries; None for all."""
    figures_only: bool
    out: Path | None

    @classmethod
    def of(
        cls, form: Form, as_json: bool, limit: int | None, everything: bool, figures_only: bool, out: Path | None
    ) -> Wish:
        """From the command line; ends with a sentence where it contradicts itself."""
        form = Form.JSON if as_json else form
        if limit is not None and (everything or form in {Form.CSV, Form.PARQUET} or out is not None):
            fail("--limit goes with words and --json at the terminal only: a file holds every entry", WRONG)
        if figures_only and (form not in {Form.WORDS, Form.JSON} or out is not None):
            fail("--summary goes with words and --json only", WRONG)
        if out is not None and form is Form.WORDS:
            fail("a file is written as --format json, csv or parquet", WRONG)
        if form is Form.PARQUET and out is None:
            fail("Parquet is written to a file: say which with --out", WRONG)
        if form is Form.WORDS and limit is None and not everything:
            limit = _LINES
        return cls(form, limit, figures_only, out.absolute() if out else None)


@ledger.command()
def person(
    identifier: Annotated[str, typer.Argument(help="The site's own identifier of the person.")],
    figures_only: Summary = False,
    limit: Limit = None,
    everything: Everything = False,
    form: AsForm = Form.WORDS,
    as_json: AsLines = False,
    out: Out = None,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Says to whom one person was shown, when, and which fields: figures first, then the last entries.

    Of days whose detail was thinned it says what the sketches still know: which fields, to whom, between when and when.

    Examples:
        hedgerow ledger person 42

        hedgerow ledger person 42 --format csv --out person-42.csv
    """
    wish = Wish.of(form, as_json, limit, everything, figures_only, out)
    with asking_ledger(state, site, writes=wish.out) as (_, connection):
        _tell(
            connection,
            wish,
            _Asked(
                days_of_person(connection, identifier),
                f"nobody was shown {harmless(identifier)}, as far as this ledger goes back",
                lambda: summary.of_person(connection, identifier),
                _person_in_words,
                lambda: written.json_lines_of_person(connection, identifier),
                written.rows_of_person(identifier),
                lambda: every_entry_of_person(connection, identifier),
                lambda limit: entries_of_person(connection, identifier, limit).entries,
            ),
        )


@ledger.command()
def principal(
    name: Annotated[
        str,
        typer.Argument(
            help="Address, account:NAME, keyed name (8 to 24 digits, as `status` shows; also LEVEL:NAME), strangers."
        ),
    ],
    account: Annotated[bool, typer.Option("--account", help="The name is an account's, as the site knows it.")] = False,
    figures_only: Summary = False,
    limit: Limit = None,
    everything: Everything = False,
    form: AsForm = Form.WORDS,
    as_json: AsLines = False,
    out: Out = None,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Says which people one principal was shown, and what else it did: figures first, then the last entries.

    An address is followed over all days that can still be linked; its earlier names lead to no one.

    Examples:
        hedgerow ledger principal 203.0.113.9

        hedgerow ledger principal 1f0c9a7be2d4 --limit 100

        hedgerow ledger principal --account 8812 --format parquet --out account-8812.parquet
    """
    wish = Wish.of(form, as_json, limit, everything, figures_only, out)
    with asking_ledger(state, site, writes=wish.out) as (folder, connection):
        (ref,) = read_refs(state, folder.name, [f"account:={name}" if account else name])
        group = find_group(connection, [ref])
        _tell(
            connection,
            wish,
            _Asked(
                days_of_group(connection, group),
                f"no entry of {harmless(name)}, as far as this ledger goes back",
                lambda: summary.of_group(connection, group),
                _group_in_words,
                lambda: _as_lines(every_entry_of_group(connection, group)),
                written.rows_of_group(group),
                lambda: every_entry_of_group(connection, group),
                lambda limit: entries_of_group(connection, group, limit).entries,
            ),
        )
    if group.addresses_since and wish.form is Form.WORDS:
        typer.echo(
            f"hedgerow: an address bears another name each day; this one can be followed since {group.addresses_since}",
            err=True,
        )


@dataclass(frozen=True)
class _Asked(Generic[_Told]):
    """What the two commands differ in: whose record it is."""

    days: list[Day]
    nothing: str
    """What is said when there is none."""
    figures: Callable[[], AbstractContextManager[_Told]]
    words: Callable[[_Told], Iterable[str]]
    json_lines: Callable[[], Iterator[str]]
    rows: written.Query
    every: Callable[[], Iterable[Entry]]
    last: Callable[[int], Sequence[Entry]]


def _as_lines(entries: Iterable[Entry]) -> Iterator[str]:
    return (json.dumps(e.as_data(), ensure_ascii=False) + "\n" for e in entries)


def _tell(connection: duckdb.DuckDBPyConnection, wish: Wish, asked: _Asked[_Told]) -> None:
    days = asked.days
    if wish.form is Form.JSON and not wish.figures_only and wish.limit is None:
        _stream(days, asked.json_lines(), wish.out, asked.nothing)
        return
    with asked.figures() as told:
        if not told.entries and not days:
            fail(asked.nothing, WRONG)
        if wish.form in {Form.CSV, Form.PARQUET}:
            _write(connection, asked.rows, wish, days)
            return
        if wish.figures_only and wish.form is Form.JSON:
            typer.echo(json.dumps({**told.as_data(_LINES), "sketches": len(days)}, ensure_ascii=False))
            return
        if wish.form is Form.WORDS:
            _say(asked.words(told))
        if not wish.figures_only:
            if wish.limit is None:
                _records(days, asked.every(), 0, wish)
            else:
                last = asked.last(wish.limit)
                _records(days, last, told.entries - len(last), wish)


def _stream(days: list[Day], lines: Iterator[str], out: Path | None, nothing: str) -> None:
    """The whole record as JSON lines, as it comes out of DuckDB."""
    first = next(lines, None)
    if first is None and not days:
        fail(nothing, WRONG)
    told = "".join(json.dumps(day.as_data(), ensure_ascii=False) + "\n" for day in days)
    blocks = chain([told, first or ""], lines)
    if out is None:
        for block in blocks:
            typer.echo(block, nl=False)
        return
    with to_file(out):
        write_blocks(out, blocks)
    typer.echo(f"written: {out}", err=True)


def _write(connection: duckdb.DuckDBPyConnection, rows: written.Query, wish: Wish, days: list[Day]) -> None:
    if days:
        typer.echo(
            f"hedgerow: {len(days):,} sketches of days up to {max(d.day for d in days)}, of which no entry is left, "
            "are not in it; --json has them",
            err=True,
        )
    if wish.out is None:
        for block in written.csv_lines(connection, rows):
            typer.echo(block, nl=False)
        return
    with to_file(wish.out):
        # Parquet's file is made first, too: so it is private from its first byte, and nothing is overwritten.
        write_blocks(wish.out, () if wish.form is Form.PARQUET else written.csv_lines(connection, rows))
        if wish.form is Form.PARQUET:
            written.to_parquet(connection, rows, wish.out)
    typer.echo(f"written: {wish.out}", err=True)


def _records(days: list[Day], entries: Iterable[Entry], missing: int, wish: Wish) -> None:
    """The last days and entries, and how many are left out."""
    shown = days if wish.limit is None else days[-wish.limit :]
    left_out = {"entries": missing, "sketches": len(days) - len(shown)}
    if wish.form is Form.JSON:
        for data in chain((d.as_data() for d in shown), (e.as_data() for e in entries)):
            typer.echo(json.dumps(data, ensure_ascii=False))
        if any(left_out.values()):
            typer.echo(json.dumps({"kind": "left_out", **left_out, "all_with": "--json without --limit"}))
        return
    _say(day.in_words() for day in shown)
    if shown:
        typer.echo(
            f"hedgerow: of the days up to {max(d.day for d in days)} only sketches remain: who and which fields is "
            "certain, the times are those between which it happened",
            err=True,
        )
    _say(e.in_words() for e in entries)
    if any(left_out.values()):
        told = " and ".join(f"{n:,} older {what}" for what, n in left_out.items() if n)
        typer.echo(
            f"hedgerow: {told} are not shown; --limit N shows more, --all all of them, --format csv writes them",
            err=True,
        )


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(harmless(line))


def _span(first: datetime | None, last: datetime | None) -> str:
    return f", from {iso(first)} to {iso(last)}" if first and last else ""


def _fields(fields: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,} times" for name, n in fields.items()) or "no field"


def _person_in_words(told: summary.PersonSummary) -> Iterator[str]:
    yield (
        f"{told.person}: shown {told.times_shown:,} times{_span(told.first, told.last)}, to "
        f"{told.recipients_in_all:,} recipients; withheld altogether {told.times_withheld:,} times"
    )
    if told.times_possible:
        yield f"of these {told.times_possible:,} times are possible, and not confirmed"
    yield f"fields: {_fields(told.fields)}"
    recipients = told.recipients(_LINES)
    if recipients:
        columns = ("to", "", "standing", "first", "last", "times", "fields", "")
        yield from aligned(
            columns,
            [
                (
                    *(r.level, r.name[:12], r.standing or "", iso(r.first), iso(r.last), f"{r.times:,}"),
                    *(" ".join(r.fields), r.confidence or "withheld"),
                )
                for r in recipients
            ],
        )
    if told.recipients_in_all > len(recipients):
        yield f"… and {told.recipients_in_all - len(recipients):,} more recipients, shown less often"


def _group_in_words(told: summary.GroupSummary) -> Iterator[str]:
    yield (
        f"{told.people:,} people shown, {told.disclosures:,} times{_span(told.first, told.last)}; withheld altogether "
        f"{told.withheld:,} times"
    )
    if told.possible:
        yield f"of these {told.possible:,} times are possible, and not confirmed"
    for page in told.pages:
        yield f"page {page.name}: {page.answers:,} answers, {page.people:,} people ({_fields(page.fields)})"
    for other in told.others:
        what = " ".join(filter(None, (other.kind, other.action, f"({other.mode})" if other.mode else None)))
        yield f"{what}: {other.times:,} times, last {iso(other.last)}"
    people = told.shown(_LINES)
    if people:
        yield from aligned(
            ("person", "first", "last", "times", "fields", ""),
            [
                (p.person, iso(p.first), iso(p.last), f"{p.times:,}", " ".join(p.fields), p.confidence or "withheld")
                for p in people
            ],
        )
    if told.people_in_all > len(people):
        yield f"… and {told.people_in_all - len(people):,} more people, shown less often"
