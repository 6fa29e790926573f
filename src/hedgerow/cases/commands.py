"""The commands of this room: `hedgerow notices` is here, `hedgerow case` and `hedgerow claims` beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.cases.case_commands import case
from hedgerow.cases.claim_commands import claims
from hedgerow.cases.notices import explaining, printing, schemas
from hedgerow.cases.notices.facts_file import read_case
from hedgerow.cases.notices.loading import shipped
from hedgerow.cases.notices.plan import plan as planned
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cli.exits import STATE, WRONG, State, fail

notices = typer.Typer(
    help="Who must be told after information about people was taken, and by when. Not legal advice.\n\n"
    "Example: hedgerow notices regimes",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="As one JSON document.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="HEDGEROW_DATABASE",
        show_envvar=True,
        help="URL of the database, as postgresql://user@host/name; absent = console.db in the state.",
    ),
]


def register(app: typer.Typer) -> None:
    """Adds `hedgerow notices`, `hedgerow case` and `hedgerow claims` to the command line."""
    app.add_typer(notices, name="notices")
    app.add_typer(case, name="case")
    app.add_typer(claims, name="claims")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except NoticeError as error:
        fail(str(error), WRONG)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", WRONG)


@notices.command()
def regimes(as_json: AsJson = False) -> None:
    """Lists the regimes, with version and whether each was verified.

    Examples:
        hedgerow notices regimes
    """
    with _told():
        rules = shipped()
    if as_json:
        typer.echo(json.dumps(explaining.listed(rules), indent=2, ensure_ascii=False))
        return
    for line in explaining.table(rules):
        typer.echo(line)


@notices.command()
def explain(
    regime: Annotated[str, typer.Argument(help="Name of the regime, as `hedgerow notices regimes` lists it.")],
) -> None:
    """Says what one regime asks, where that comes from and what was not verified.

    Examples:
        hedgerow notices explain NZ
    """
    with _told():
        for line in explaining.explained(shipped().get(regime.upper().replace("-", "_"))):
            typer.echo(line)


@notices.command()
def plan(
    facts: Annotated[Path, typer.Argument(help="The case, as YAML.")],
    now: Annotated[
        str | None, typer.Option("--now", help="The moment to plan for, as 2026-11-26T18:00:00Z; now without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Says which regimes a case comes under, what must be decided and done, and by when.

    Examples:
        hedgerow notices plan case.yaml

        hedgerow notices plan case.yaml --now 2026-11-26T18:00:00Z --json
    """
    with _told():
        at = _moment(now)
        case, records = read_case(facts)
        found = planned(shipped(), case, records, at)
        data = printing.as_data(found, case, records)
    if as_json:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    for line in printing.in_words(found, case, records):
        typer.echo(line)


@notices.command()
def schema(
    file: Annotated[str, typer.Argument(help="Which file: case, regime or language.")] = "case",
) -> None:
    """Prints the JSON Schema of a case, of a regime or of a language pack, for editors.

    Examples:
        hedgerow notices schema case
    """
    if file not in schemas.SCHEMAS:
        fail(f"there is no schema of `{file[:40]}`; there are: {', '.join(schemas.SCHEMAS)}", WRONG)
    typer.echo(schemas.text(file), nl=False)


@notices.command()
def due(as_json: AsJson = False, state: State = STATE, database: DatabaseUrl = None) -> None:
    """Lists what waits in the notices of open cases, by date.

    Examples:
        hedgerow notices due
    """
    from hedgerow.cases.filing import shell

    with _told():
        found = shell.waiting(state, database)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for row in found:
        typer.echo("  ".join(str(row[k] or "-") for k in ("due", "case", "regime", "what", "duty", "words")))
    if not found:
        typer.echo("nothing waits")


@notices.command("register")
def register_of_breaches(
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, as an authority may ask for it.")] = False,
    state: State = STATE,
    database: DatabaseUrl = None,
) -> None:
    """Prints the register of breaches, as JSON with a hash an entry, or as CSV.

    Examples:
        hedgerow notices register

        hedgerow notices register --csv > breach-register.csv
    """
    from hedgerow.cases.filing import shell

    with _told():
        typer.echo(shell.register(state, database, as_csv=as_csv), nl=False)


def _moment(text: str | None) -> datetime:
    """The moment asked for. The clock of the machine is read here and nowhere else."""
    if text is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise NoticeError(f"`--now {text[:40]}` is not a moment with a time zone; write 2026-11-26T18:00:00Z")
    return at
