"""The command line: `hedgerow COMMAND`. One capability a file; this file only gathers them.

Answers go to standard output, errors to standard error. Exit codes are in `exits`.
"""

from __future__ import annotations

import importlib

import typer

from hedgerow.cli import check, console, crawlers, explain, modes, protect, restart, schema, self_test, status

EPILOG = """
Exit codes: 0 done · 1 what was asked about is wrong · 2 the command was not understood · 3 the gateway cannot be
reached · 4 the gateway could not be started.
"""

app = typer.Typer(
    name="hedgerow",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
    help="Keeps the people a site shows from being harvested.\n\n"
    "Start with: hedgerow protect http://127.0.0.1:3000  (your site's own address). It opens a gateway on "
    "127.0.0.1:8700 in watch mode: everything is counted, nothing is stopped. Look at `hedgerow status`, and when you "
    "like what would happen: `hedgerow enforce`.",
)

for _command in (protect, check, schema, modes, status, explain, restart, self_test, crawlers, console):
    _command.register(app)


def _gather(name: str) -> None:
    """Commands of a part that has its own folder, where that part is installed."""
    try:
        part = importlib.import_module(name)
    except ModuleNotFoundError as e:
        # Only the part itself may be absent; a part that misses something of its own is broken and says so.
        if e.name is not None and name.startswith(e.name):
            return
        raise
    part.register(app)


for _part in (
    "hedgerow.people.commands",
    "hedgerow.ledger.commands",
    "hedgerow.cases.commands",
    "hedgerow.cases.letters.commands",
    "hedgerow.console.access.commands",
    "hedgerow.audit.commands",
    "hedgerow.measures.commands",
    "hedgerow.intake.commands",
):
    _gather(_part)


def main() -> None:
    """The console script."""
    app()
