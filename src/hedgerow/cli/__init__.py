"""The command line: `hedgerow COMMAND`. One capability a file; this file only gathers them.

Answers go to standard output, errors to standard error. Exit codes are in `exits`.

A command is imported when it is called, and all of them for `hedgerow --help`: the console's and the cases' libraries
take a second or two, which nobody should wait for who asks for `hedgerow status`. So nothing is imported here that is
not needed to choose; `hedgerow.cli.app` is the whole application, for documentation and tests.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import typer

    app: typer.Typer

PARTS: Final[dict[str, tuple[str, ...]]] = {
    "hedgerow.cli.protect": ("protect",),
    "hedgerow.cli.check": ("check",),
    "hedgerow.cli.schema": ("schema",),
    "hedgerow.cli.modes": ("enforce", "watch"),
    "hedgerow.cli.status": ("status",),
    "hedgerow.cli.explain": ("explain",),
    "hedgerow.cli.restart": ("restart",),
    "hedgerow.cli.self_test": ("self-test",),
    "hedgerow.cli.crawlers": ("crawlers",),
    "hedgerow.cli.console": ("console",),
    "hedgerow.people.commands": ("map",),
    "hedgerow.ledger.commands": ("ledger",),
    "hedgerow.cases.commands": ("notices", "case", "claims"),
    "hedgerow.cases.letters.commands": ("letter",),
    "hedgerow.console.access.commands": ("user", "store"),
    "hedgerow.audit.commands": ("audit", "backtest"),
    "hedgerow.measures.commands": ("measure",),
    "hedgerow.intake.commands": ("intake",),
    "hedgerow.appeals.commands": ("appeals",),
    "hedgerow.backup.commands": ("backup", "restore"),
}
"""Which module has which commands, in the order of the help. A test holds it against what they register."""

EPILOG: Final = """
Exit codes: 0 done · 1 what was asked about is wrong · 2 the command was not understood · 3 the gateway cannot be
reached · 4 the gateway could not be started.
"""
HELP: Final = (
    "Keeps the people a site shows from being harvested.\n\n"
    "Start with: hedgerow protect http://127.0.0.1:3000  (your site's own address). It opens a gateway on "
    "127.0.0.1:8700 in watch mode: everything is counted, nothing is stopped. Look at `hedgerow status`, and when you "
    "like what would happen: `hedgerow enforce`."
)


def build(parts: Iterable[str] = PARTS) -> typer.Typer:
    """The application with the commands of some modules; with all of them unless told otherwise."""
    import typer

    made = typer.Typer(
        name="hedgerow",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=EPILOG,
        help=HELP,
    )

    # With a callback one command alone stays a command with its name.
    @made.callback(help=HELP)
    def _whole() -> None:
        pass

    for part in parts:
        importlib.import_module(part).register(made)
    return made


def parts_for(words: list[str]) -> Iterable[str]:
    """The modules that a command line needs: one, if it begins with a command; else all."""
    named = next((part for part, names in PARTS.items() if words and words[0] in names), None)
    return [named] if named else PARTS


def main() -> None:
    """The console script."""
    build(parts_for(sys.argv[1:]))()


def __getattr__(name: str) -> Any:
    if name == "app":
        whole = build()
        globals()["app"] = whole
        return whole
    raise AttributeError(f"module {__name__} has no attribute {name}")
