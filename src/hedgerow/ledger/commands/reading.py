"""`hedgerow ledger tail`, `person`, `principal`: the record as it is."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Annotated, Final

import typer

from hedgerow import _engine
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import AsJson, Site, damaged, ledger, readable, secret, site_folder
from hedgerow.ledger.reading import Entry, Follower, harmless, last_entries, of_person, of_principal

_POLL_S: Final = 0.5


def _print(found: Iterable[Entry], as_json: bool) -> int:
    printed = 0
    for e in found:
        typer.echo(json.dumps(e.as_data(), ensure_ascii=False) if as_json else e.in_words())
        printed += 1
    return printed


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


@ledger.command()
def person(
    identifier: Annotated[str, typer.Argument(help="The site's own identifier of the person.")],
    as_json: AsJson = False,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Says to whom one person was shown, when, and which fields.

    Examples:
        hedgerow ledger person 42
    """
    with readable():
        if not _print(of_person(site_folder(state, site) / "ledger", identifier, damaged), as_json):
            fail(f"nobody was shown {harmless(identifier)}, as far as this ledger goes back", WRONG)


@ledger.command()
def principal(
    name: Annotated[str, typer.Argument(help="A keyed name (8 to 24 digits, as `status` shows), or an address.")],
    as_json: AsJson = False,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Says which people one principal was shown.

    Examples:
        hedgerow ledger principal 203.0.113.9

        hedgerow ledger principal 1f0c9a7be2d4
    """
    folder = site_folder(state, site)
    if not re.fullmatch(r"[0-9a-f]{8,24}", name):
        try:
            ip_address(name)
        except ValueError:
            fail(f"`{name}` is neither a keyed name (8 to 24 hexadecimal digits) nor an address", WRONG)
        name = _engine.address_name(secret(state), folder.name, name)
    with readable():
        if not _print(of_principal(folder / "ledger", name, damaged), as_json):
            fail(f"no entry of {name}, as far as this ledger goes back", WRONG)
