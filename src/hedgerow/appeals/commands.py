"""`hedgerow appeals`: what was learnt from appeals."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hedgerow.appeals.answering import examples as find_examples
from hedgerow.cases.opened import Url, opened
from hedgerow.cli.exits import STATE, State

appeals = typer.Typer(
    no_args_is_help=True,
    help="Appeals of visitors who were stopped: what was learnt from them.\n\nExample: hedgerow appeals examples",
)


def register(app: typer.Typer) -> None:
    """Adds `hedgerow appeals` to the command line."""
    app.add_typer(appeals, name="appeals")


@appeals.command("examples")
def examples(
    site: Annotated[str, typer.Option("--site", help="Of this site only.")] = "",
    state: State = STATE,
    database: Url = None,
) -> None:
    """Prints verdicts that a person found wrong, one JSON object a line: signals, circumstances, label.

    Nobody's words, names or addresses are in them.

    Examples:
        hedgerow appeals examples

        hedgerow appeals examples --site directory > examples.jsonl
    """
    with opened(state, database) as here, here.services.database.reading() as session:
        for example in find_examples(session, site):
            typer.echo(json.dumps(example, sort_keys=True))
