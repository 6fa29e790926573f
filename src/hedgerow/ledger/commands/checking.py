"""`hedgerow ledger verify`: that nothing was changed, removed or swapped."""

from __future__ import annotations

import json

import typer

from hedgerow import _engine
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import AsJson, Site, ledger, site_folder
from hedgerow.ledger.reading import harmless, sites


@ledger.command()
def verify(as_json: AsJson = False, state: State = STATE, site: Site = None) -> None:
    """Checks that nothing in the ledger was changed, removed or swapped: every hash of every chain.

    Ends with 1 when something does not fit.

    Examples:
        hedgerow ledger verify
    """
    known = sites(state)
    folders = [state / "sites" / name for name in known] if site is None and known else [site_folder(state, site)]
    wrong = False
    for folder in folders:
        try:
            report = json.loads(_engine.verify_ledger(folder / "ledger"))
        except OSError as error:
            fail(str(error), WRONG)
        wrong |= bool(report["problems"])
        if as_json:
            typer.echo(json.dumps({"site": folder.name, **report}))
            continue
        typer.echo(
            f"{folder.name}: {report['entries']} entries in {report['segments']} segments "
            f"of {report['writers']} writers"
        )
        for p in report["problems"]:
            typer.echo(harmless(f"{p['segment']}, byte {p['offset']}: {p['what']}"))
        for name in report["unfinished"]:
            typer.echo(harmless(f"{name}: ends with half a line (written this very moment, or left by a crash)"))
    if wrong:
        raise typer.Exit(WRONG)
