"""`hedgerow ledger affected`, `coverage`, `figures`: how many people, which, and what was said before."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import (
    AsDocument,
    CaseFile,
    Principals,
    Since,
    Site,
    Until,
    asking_about,
    asking_ledger,
    ledger,
    now_utc,
    read_refs,
    readable,
    to_file,
    told,
)
from hedgerow.ledger.figures import Figures
from hedgerow.ledger.policies import member_count
from hedgerow.ledger.questions import coverage as covering
from hedgerow.ledger.questions import written
from hedgerow.ledger.questions.affected import Affected, affected
from hedgerow.ledger.questions.period import iso, read_moment
from hedgerow.ledger.questions.refs import LEVELS, find_group
from hedgerow.ledger.reading import harmless
from hedgerow.ledger.tables import aligned, write_blocks
from hedgerow.ledger.trail import Trail

Record = Annotated[
    str | None,
    typer.Option("--record", help="Record the figures under this name; they supersede earlier ones, which stay."),
]

_LINES: Final = 50
"""Rows of a table for people; files hold all."""


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"


@ledger.command("affected")
def affected_people(
    principals: Principals = None,
    case_file: CaseFile = None,
    since: Since = None,
    until: Until = None,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TABLE,
    as_json: AsDocument = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file, which must not exist yet.")] = None,
    record: Record = None,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Says who is affected: people, fields, first and last time, how often, and how sure.

    confirmed: recorded in an answer that left. possible: recorded, but the answer may have shown less. sketch: the
    detail was thinned; person and field are certain, times are to the day. Without --since: the last 180 days. It is
    written down in the audit trail that this was asked.

    Examples:
        hedgerow ledger affected --principal 203.0.113.9 --since 7d

        hedgerow ledger affected --case-file case-12.txt --format csv --out affected.csv --record case-12
    """
    if as_json:
        form = Format.JSON
    if form is Format.PARQUET and out is None:
        fail("Parquet is written to a file: say which with --out", WRONG)
    out = out.absolute() if out else None
    with asking_about(state, site, principals, case_file, since, until, writes=out) as asked:
        period = asked.period
        question = {"ask": "affected", "principals": asked.named[:100], "principals_in_all": len(asked.refs)}
        Trail(state).record(
            "affected", site=asked.folder.name, since=iso(period.since), until=iso(period.until), **question
        )
        told("looking for people")
        found = affected(asked.connection, find_group(asked.connection, asked.refs), period)
        if record is not None:
            Figures(state).record(record, asked.folder.name, question, found.summary())
        _write(found, form, out)
    if form is not Format.JSON or out is not None:
        for sentence in found.caveats:
            typer.echo(f"hedgerow: {harmless(sentence)}", err=True)


def _write(found: Affected, form: Format, out: Path | None) -> None:
    match form:
        case Format.TABLE:
            blocks = iter([in_words(found, found.rows_in_all if out else _LINES)])
        case Format.CSV:
            blocks = written.csv_lines(found.kept, written.rows_of_affected(), written.AFFECTED)
        case Format.JSON:
            blocks = written.json_of_affected(found)
        case Format.PARQUET:
            blocks = iter(())
    if out is None:
        for block in blocks:
            typer.echo(block, nl=False)
        return
    with to_file(out):
        write_blocks(out, blocks)
        if form is Format.PARQUET:
            written.to_parquet(found.kept, written.rows_of_affected(), out, written.AFFECTED)
    typer.echo(f"{found.people:,} people, {found.rows_in_all:,} rows: {out}")


def in_words(found: Affected, lines: int) -> str:
    """A table for people."""
    sure = ", ".join(f"{n:,} {c}" for c, n in found.people_by_confidence.items() if n) or "nobody"
    said = [f"{found.people:,} people, {found.period.in_words()} ({sure})"]
    if found.at_most != found.people:
        at_most = "how many at most cannot be said" if found.at_most is None else f"at most {found.at_most:,} people"
        said += [at_most, found.method]
    table = [(r.person, r.field, iso(r.first), iso(r.last), f"{r.times:,}", r.confidence) for r in found.page(lines)]
    said += aligned(("person", "field", "first", "last", "times", "confidence"), table) if table else []
    if found.rows_in_all > lines:
        said.append(f"… and {found.rows_in_all - lines:,} more rows; --format csv gives all of them")
    return "".join(harmless(line) + "\n" for line in said)


@ledger.command()
def coverage(
    top: Annotated[int, typer.Option("--top", help="So many principals a level.", min=1, max=covering.MOST_TOP)] = 10,
    level: Annotated[
        list[str] | None, typer.Option("--level", help=f"Only this level ({', '.join(LEVELS)}); may be repeated.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", help="Principals whose union is wanted instead; may be repeated."),
    ] = None,
    case_file: Annotated[
        Path | None, typer.Option("--case-file", help="File with one principal of the group a line.")
    ] = None,
    members: Annotated[
        int | None,
        typer.Option("--members", help="People the site has; without it the setting people.members, else people seen."),
    ] = None,
    until: Until = None,
    as_json: AsDocument = False,
    record: Record = None,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Says what share of the site's people each principal has seen: over 1, 7, 30 and 180 days, most first.

    With --group: what several principals have seen together, each person once. A day is a day of UTC.

    Examples:
        hedgerow ledger coverage --top 5

        hedgerow ledger coverage --group 203.0.113.9 --group account:8812 --members 48000
    """
    if members is not None and members < 1:
        fail("--members must be at least 1", WRONG)
    for name in level or []:
        if name not in LEVELS:
            fail(f"`{name}` is not a level; levels are {', '.join(LEVELS)}", WRONG)
    now = now_utc()
    with asking_ledger(state, site) as (folder, connection):
        day = read_moment(until, now, end=True) if until else now
        refs = read_refs(state, folder.name, group or [], case_file)
        if (group or case_file) and not refs:
            fail(f"{case_file} names nobody", WRONG)
        of = covering.count_members(connection, members, member_count(state, folder.name))
        levels = level or ([] if refs else list(LEVELS))
        found = covering.coverage(
            connection,
            covering.last_day(day),
            of,
            top=top,
            levels=levels,
            group=find_group(connection, refs) if refs else None,
            progress=told,
        )
        data = _coverage_data(found)
        if record is not None:
            question = {"ask": "coverage", "group": [str(r) for r in refs[:100]], "levels": levels, "top": top}
            Figures(state).record(record, folder.name, question, data)
    typer.echo(json.dumps(data, ensure_ascii=False, indent=1) if as_json else _coverage_in_words(found))


def _coverage_data(found: covering.Coverage) -> dict[str, Any]:
    return {
        "today": found.today.isoformat(),
        "members": found.members.number,
        "members_source": found.members.source,
        "top": [s.as_data(found.members) for s in found.top],
        "group": [s.as_data(found.members) for s in found.group],
        "caveats": found.caveats,
    }


def _coverage_in_words(found: covering.Coverage) -> str:
    rows = []
    for s in [*found.group, *found.top]:
        people = f"{s.people:,}" if s.people == s.at_most else f"at least {s.people:,}"
        at_most = "" if s.people == s.at_most else f"{s.at_most:,}" if s.at_most is not None else "cannot be said"
        name = s.principal or "all together"
        share = f"{covering.share(s.people, found.members.number):.2%}"
        rows.append((s.level, name, f"{s.days} d", people, at_most, share))
    lines = [f"{found.members.number:,} people in all ({found.members.source})"]
    lines += aligned(("level", "principal", "window", "people", "at most", "share"), rows) if rows else ["nobody"]
    return "\n".join(harmless(line) for line in [*lines, *found.caveats])


@ledger.command()
def figures(
    name: Annotated[str | None, typer.Argument(help="Name of the figure, as given with --record.")] = None,
    as_json: AsDocument = False,
    state: State = STATE,
) -> None:
    """Shows figures that were recorded: each with when, by whom, for what question; the last one stands.

    Examples:
        hedgerow ledger figures case-12
    """
    with readable():
        known = Figures(state)
        found = known.history(name) if name else []
        names = known.names()
    if name is None:
        typer.echo(json.dumps(names, ensure_ascii=False) if as_json else "\n".join(map(harmless, names)))
        return
    if not found:
        fail(f"no figure is recorded as {harmless(name)}; recorded are: {', '.join(names) or 'none'}", WRONG)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for figure in found:
        stands = "stands" if figure is found[-1] else "superseded"
        typer.echo(harmless(f"{figure['number']}  {figure['at']}  {figure['who']}  {stands}"))
        for key, value in figure["answer"].items():
            if not isinstance(value, list) and value is not None:
                typer.echo(harmless(f"   {key.replace('_', ' ')}: {value}"))
        for sentence in figure["answer"].get("caveats", []):
            typer.echo(harmless(f"   {sentence}"))
