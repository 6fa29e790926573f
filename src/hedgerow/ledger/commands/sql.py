"""`hedgerow ledger sql`: questions nobody foresaw."""

from __future__ import annotations

import json
from typing import Annotated, Final

import typer

from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import AsJson, Site, asking_ledger, ledger
from hedgerow.ledger.questions.sql import SqlError, ask, check, plain
from hedgerow.ledger.reading import harmless
from hedgerow.ledger.tables import aligned, as_csv
from hedgerow.ledger.trail import Trail

_CELL: Final = 60
"""Characters of a cell for people."""


@ledger.command()
def sql(
    statement: Annotated[str, typer.Argument(help="One statement that reads.")],
    as_json: AsJson = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV; cells cannot be taken for formulas.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="Rows at most.", min=1, max=10_000_000)] = 1_000,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds at most.", min=0.01, max=3_600)] = 60.0,
    memory: Annotated[int, typer.Option("--memory", help="Memory at most, MiB.", min=64, max=65_536)] = 1_024,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Asks the ledger in SQL (DuckDB), over the views of the reference page "Views of the ledger".

    They are entries, disclosures, disclosures_by_principal, sketches, people and links. It can only read, and nothing
    but this ledger. The column "at" is written in quotes, as AT is a word of SQL. That it was asked goes into the
    audit trail, with the values in it replaced by keyed names.

    Examples:
        hedgerow ledger sql 'SELECT network, count(DISTINCT person) AS people FROM disclosures
        WHERE "at" > now()::TIMESTAMP - INTERVAL 7 DAYS AND len(shown) > 0
        GROUP BY network ORDER BY people DESC LIMIT 5'
    """
    try:
        check(statement)
        with asking_ledger(state, site, memory_mib=memory) as (folder, connection):
            trail = Trail(state)
            trail.record("sql", site=folder.name, statement=trail.statement(statement))
            answer = ask(connection, statement, timeout, limit)
    except SqlError as error:
        fail(harmless_lines(str(error)), WRONG)
    rows = [[plain(v) for v in row] for row in answer.rows]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(dict(zip(answer.columns, row, strict=True)), ensure_ascii=False))
    elif csv:
        typer.echo(as_csv(answer.columns, [[_flat(v) for v in row] for row in rows]), nl=False)
    else:
        table = [[harmless(_flat(v))[:_CELL] for v in row] for row in rows]
        for line in aligned([harmless(c) for c in answer.columns], table):
            typer.echo(line)
    if answer.more:
        typer.echo(f"hedgerow: there are more than {limit:,} rows; --limit gives more of them", err=True)


def _flat(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def harmless_lines(text: str) -> str:
    """As `harmless`, with line breaks kept: DuckDB points at the place in the statement."""
    return "\n".join(harmless(line) for line in text.splitlines())
