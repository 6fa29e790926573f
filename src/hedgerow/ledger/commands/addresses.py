"""`hedgerow ledger open-address`: the one way to a raw address."""

from __future__ import annotations

from typing import Annotated

import typer

from hedgerow import _engine
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import Site, ledger, readable, secret, site_folder
from hedgerow.ledger.trail import Trail


@ledger.command("open-address")
def open_address(
    name: Annotated[str, typer.Argument(help="The keyed name of the address, 24 digits.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is opened; goes into the audit trail.")],
    state: State = STATE,
    site: Site = None,
) -> None:
    """Opens a sealed address, and records who did and why.

    Raw addresses are kept sealed for a few days (`privacy.sealed_address_days`), for cases and nothing else.

    Examples:
        hedgerow ledger open-address 1f0c9a7be2d4a1b2c3d4e5f6 --reason "case 12: complaint of a member"
    """
    if not reason.strip():
        fail("an address is opened for a reason only; say it with --reason", WRONG)
    folder = site_folder(state, site)
    with readable():
        Trail(state).record("open-address", site=folder.name, name=name, reason=reason)
    try:
        address = _engine.open_address(folder / "sealed", secret(state), folder.name, name)
    except (OSError, ValueError) as error:
        fail(str(error), WRONG)
    if address is None:
        fail(f"no sealed address is kept under {name}; its days may be over", WRONG)
    typer.echo(address)
