"""`hedgerow schema`: the JSON Schema of policies, for editors."""

from __future__ import annotations

import typer

from hedgerow.policy.schema import text


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def schema() -> None:
        """Prints the JSON Schema of policy files, so that editors complete and explain them.

        Examples:
            hedgerow schema > hedgerow.schema.json

        and as first line of the policy:  # yaml-language-server: $schema=hedgerow.schema.json
        """
        typer.echo(text(), nl=False)
