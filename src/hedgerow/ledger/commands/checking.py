"""`hedgerow ledger verify`: that nothing was changed, removed or swapped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from hedgerow import _engine
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger import chained, policies
from hedgerow.ledger import figures as recorded
from hedgerow.ledger import trail as audit
from hedgerow.ledger.commands.options import AsJson, Site, ledger, readable, site_folder
from hedgerow.ledger.reading import harmless, sites
from hedgerow.ledger.store import Store, StoreError


@ledger.command()
def verify(as_json: AsJson = False, state: State = STATE, site: Site = None) -> None:
    """Checks that nothing in the ledger was changed, removed or swapped: every hash of every chain, every signature.

    It checks each site's segments and store, and of the state the audit trail, the recorded figures, and the policies
    and texts in force. Ends with 1 when something does not fit.

    Examples:
        hedgerow ledger verify
    """
    known = sites(state)
    folders = [state / "sites" / name for name in known] if site is None and known else [site_folder(state, site)]
    of_state = _of_state(state)
    wrong = bool(of_state["problems"])
    for folder in folders:
        report = _of_site(state, folder)
        wrong |= bool(report["problems"] or report["store"]["problems"])
        if as_json:
            typer.echo(json.dumps({**report, "state": of_state}))
        else:
            _say(report)
    if not as_json:
        typer.echo(", ".join(f"{what}: {n:,} lines" for what, n in of_state["lines"].items()))
        for sentence in of_state["problems"]:
            typer.echo(harmless(sentence))
        typer.echo("something does not fit" if wrong else "everything fits")
    if wrong:
        raise typer.Exit(WRONG)


def _of_site(state: Path, folder: Path) -> dict[str, Any]:
    try:
        report = json.loads(_engine.verify_ledger(folder / "ledger"))
        opened = Store.open(state, folder.name)
        problems = opened.verify()
        commit, head = opened.head()
    except (OSError, StoreError) as error:
        fail(str(error), WRONG)
    store = {"commit": commit, "head": head, "problems": [p.as_data() for p in problems]}
    return {"site": folder.name, **report, "store": store}


def _of_state(state: Path) -> dict[str, Any]:
    with readable():
        key = chained.sealing_key(state)
    chains = {
        "audit trail": chained.verify(state / audit.FILE, key),
        "figures": chained.verify(state / recorded.FILE, key),
        "in force": chained.verify(state / policies.FILE, key),
    }
    problems = [p for c in chains.values() for p in c.problems]
    if not chains["in force"].problems:
        problems += policies.verify(state)
    return {
        "lines": {what: c.lines for what, c in chains.items()},
        "last": {what: c.last for what, c in chains.items()},
        "problems": problems,
    }


def _say(report: dict[str, Any]) -> None:
    typer.echo(
        f"{report['site']}: {report['entries']} entries in {report['segments']} segments of {report['writers']} writers"
    )
    for p in report["problems"]:
        typer.echo(harmless(f"{p['segment']}, byte {p['offset']}: {p['what']}"))
    for name in report["unfinished"]:
        typer.echo(harmless(f"{name}: ends with half a line (written this very moment, or left by a crash)"))
    store = report["store"]
    if store["commit"]:
        typer.echo(f"{report['site']}: {store['commit']} commits of the store, the last one is {store['head'][:16]}")
    for p in store["problems"]:
        typer.echo(harmless(f"store, {p['where']}: {p['what']}"))
