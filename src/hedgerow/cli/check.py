"""`hedgerow check`: what is wrong with a policy, or what it means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hedgerow.cli.exits import WRONG, fail
from hedgerow.policy import PolicyError, load_file
from hedgerow.policy.meaning import doubts, meaning


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def check(
        file: Annotated[Path, typer.Argument(help="The policy, for example hedgerow.yaml.")],
        quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing when all is well.")] = False,
        strict: Annotated[bool, typer.Option("--strict", help="Doubtful things are errors, too.")] = False,
    ) -> None:
        """Says what is wrong with a policy, with line and column, and what it means in plain words.

        Examples:
            hedgerow check hedgerow.yaml

            hedgerow check --quiet --strict hedgerow.yaml     (in a pipeline)
        """
        try:
            compiled = load_file(file)
        except PolicyError as e:
            for line in e.report.lines():
                typer.echo(line, err=True)
            count = len(e.report.problems)
            fail(f"{file}: {count} mistake{'s' if count != 1 else ''}", WRONG)
        except OSError as e:
            fail(f"{file} cannot be read: {e.strerror or e}", WRONG)
        found = doubts(compiled)
        if not quiet:
            typer.echo(meaning(compiled))
            if found:
                typer.echo("\nDoubtful, though allowed:")
        for doubt in found if not quiet or strict else []:
            typer.echo(f"{file}:{doubt}", err=strict)
        if strict and found:
            raise typer.Exit(WRONG)
