"""`hedgerow ledger`: who was shown whom."""

from __future__ import annotations

import json
import os
import pwd
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from hedgerow import _engine
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger import keeping
from hedgerow.ledger.reading import (
    Entry,
    Follower,
    LedgerError,
    harmless,
    last_entries,
    of_person,
    of_principal,
    sites,
)
from hedgerow.ledger.store import Store, StoreError
from hedgerow.secret import SecretError, read_secret

Site = Annotated[str | None, typer.Option("--site", help="Name of the site; needed only when there are several.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

_POLL_S = 0.5

ledger = typer.Typer(
    help="Who was shown whom: reads the record of disclosures. It works while the gateway runs, and without it.\n\n"
    "Example: hedgerow ledger person 42",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Adds `hedgerow ledger` to the command line."""
    keeping.register(ledger)
    app.add_typer(ledger, name="ledger")


def site_folder(state: Path, site: str | None) -> Path:
    """Folder of the one site meant."""
    known = sites(state)
    if site is None and len(known) == 1:
        site = known[0]
    if site is None or site not in known:
        names = ", ".join(known) or "none"
        fail(f"name the site with --site; this state ({state}) has ledgers of: {names}", WRONG)
    return state / "sites" / site


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except LedgerError as error:
        fail(str(error), WRONG)


def _damaged(sentence: str) -> None:
    """Damage is told and does not end the reading: the rest still answers."""
    typer.echo(f"hedgerow: {sentence}", err=True)


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
    with _readable():
        # The follower first, so that nothing between the two is missed; what both give is shown once.
        follower = Follower(folder, _damaged) if follow else None
        last = last_entries(folder, lines, _damaged)
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
    with _readable():
        if not _print(of_person(site_folder(state, site) / "ledger", identifier, _damaged), as_json):
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
        name = _engine.address_name(_secret(state), folder.name, name)
    with _readable():
        if not _print(of_principal(folder / "ledger", name, _damaged), as_json):
            fail(f"no entry of {name}, as far as this ledger goes back", WRONG)


@ledger.command()
def verify(as_json: AsJson = False, state: State = STATE, site: Site = None) -> None:
    """Checks that nothing in the ledger was changed, removed or swapped: every hash of every chain, every signature.

    Segments, tables and manifest are checked. Ends with 1 when something does not fit.

    Examples:
        hedgerow ledger verify
    """
    known = sites(state)
    folders = [state / "sites" / name for name in known] if site is None and known else [site_folder(state, site)]
    wrong = False
    for folder in folders:
        try:
            report = json.loads(_engine.verify_ledger(folder / "ledger"))
            store = Store.open(state, folder.name)
            problems = store.verify()
        except (OSError, StoreError) as error:
            fail(str(error), WRONG)
        wrong |= bool(report["problems"] or problems)
        commit, head = store.head()
        if as_json:
            told = {"commit": commit, "head": head, "problems": [p.as_data() for p in problems]}
            typer.echo(json.dumps({"site": folder.name, **report, "store": told}))
            continue
        typer.echo(
            f"{folder.name}: {report['entries']} entries in {report['segments']} segments "
            f"of {report['writers']} writers"
        )
        if commit:
            typer.echo(f"{folder.name}: {commit} commits of the store, the last one is {head[:16]}")
        for p in report["problems"]:
            typer.echo(harmless(f"{p['segment']}, byte {p['offset']}: {p['what']}"))
        for problem in problems:
            typer.echo(harmless(f"{problem.where}: {problem.what}"))
        for name in report["unfinished"]:
            typer.echo(harmless(f"{name}: ends with half a line (written this very moment, or left by a crash)"))
    if wrong:
        raise typer.Exit(WRONG)


@ledger.command("open-address")
def open_address(
    name: Annotated[str, typer.Argument(help="The keyed name of the address, 24 digits.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is opened; goes into the audit trail.")],
    state: State = STATE,
    site: Site = None,
) -> None:
    """Opens a sealed address, and records who did and why.

    Raw addresses are kept sealed for a few days (`privacy.sealed_address_days`), for cases and nothing else.
    """
    if not reason.strip():
        fail("an address is opened for a reason only; say it with --reason", WRONG)
    folder = site_folder(state, site)
    record = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        # The account of the operating system, not $USER: that one anybody may set.
        "who": pwd.getpwuid(os.getuid()).pw_name,
        "what": "open-address",
        "name": name,
        "reason": reason,
    }
    # Recorded before it is opened: an opening that failed to be recorded must not have taken place.
    trail = state / "audit.jsonl"
    descriptor = os.open(trail, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as out:
        out.write(json.dumps(record, ensure_ascii=False) + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        address = _engine.open_address(folder / "sealed", _secret(state), folder.name, name)
    except (OSError, ValueError) as error:
        fail(str(error), WRONG)
    if address is None:
        fail(f"no sealed address is kept under {name}; its days may be over", WRONG)
    typer.echo(address)


def _secret(state: Path) -> str:
    try:
        return read_secret(state)
    except SecretError as error:
        fail(str(error), WRONG)
