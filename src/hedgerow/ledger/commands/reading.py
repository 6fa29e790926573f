"""`hedgerow ledger tail`: the record as it comes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Annotated, Final

import typer

from hedgerow.cli.exits import STATE, State
from hedgerow.ledger.commands.options import AsJson, Site, damaged, ledger, readable, site_folder
from hedgerow.ledger.reading import Entry, Follower, last_entries

_POLL_S: Final = 0.5


def _print(found: Iterable[Entry], as_json: bool) -> None:
    for e in found:
        typer.echo(json.dumps(e.as_data(), ensure_ascii=False) if as_json else e.in_words())


@ledger.command()
def tail(
    lines: Annotated[int, typer.Option("-n", "--lines", help="How many of the last entries.", min=1, max=100_000)] = 20,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with new entries as they come.")] = False,
    as_json: AsJson = False,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Shows the last entries.

    Examples:
        hedgerow ledger tail --follow
    """
    folder = site_folder(state, site) / "ledger"
    with readable():
        # The follower first, so that nothing between the two is missed; what both give is shown once.
        follower = Follower(folder, damaged) if follow else None
        last = last_entries(folder, lines, damaged)
        _print(last, as_json)
        told = {_key(e) for e in last}
        while follower is not None:
            _print((e for e in follower.poll() if _key(e) not in told), as_json)
            told = set()
            try:
                time.sleep(_POLL_S)
            except KeyboardInterrupt:
                return


def _key(e: Entry) -> str:
    return json.dumps(e.facts, sort_keys=True)
