"""`hedgerow ledger`: who was shown whom. One file a group of commands; this one only gathers them."""

from __future__ import annotations

import typer

from hedgerow.ledger import keeping
from hedgerow.ledger.commands import addresses, checking, counting, erasing, evidence, reading, records, rights, sql
from hedgerow.ledger.commands.options import ledger

__all__ = [
    "addresses",
    "checking",
    "counting",
    "erasing",
    "evidence",
    "reading",
    "records",
    "register",
    "rights",
    "sql",
]


def register(app: typer.Typer) -> None:
    """Adds `hedgerow ledger` to the command line."""
    keeping.register(ledger)
    app.add_typer(ledger, name="ledger")
