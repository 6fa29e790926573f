"""`hedgerow ledger tail`, `person`, `principal`: the record as it is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Annotated, Final

import typer

from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import (
    AsJson,
    Site,
    asking_ledger,
    damaged,
    ledger,
    read_refs,
    readable,
    site_folder,
)
from hedgerow.ledger.questions.records import Day, days_of_group, days_of_person, entries_of_group, entries_of_person
from hedgerow.ledger.questions.refs import find_group
from hedgerow.ledger.reading import Entry, Follower, harmless, last_entries

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

    Of days whose detail was thinned it says what the sketches still know: which fields, to whom, between when and when.

    Examples:
        hedgerow ledger person 42
    """
    with asking_ledger(state, site) as (_, connection):
        days = days_of_person(connection, identifier)
        entries = entries_of_person(connection, identifier)
    _print_days(days, as_json)
    if not _print(entries, as_json) and not days:
        fail(f"nobody was shown {harmless(identifier)}, as far as this ledger goes back", WRONG)


@ledger.command()
def principal(
    name: Annotated[
        str,
        typer.Argument(
            help="Address, account:NAME, keyed name (8 to 24 digits, as `status` shows; also LEVEL:NAME), strangers."
        ),
    ],
    account: Annotated[bool, typer.Option("--account", help="The name is an account's, as the site knows it.")] = False,
    as_json: AsJson = False,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Says which people one principal was shown, and what else it did.

    An address is followed over all days that can still be linked; its earlier names lead to no one.

    Examples:
        hedgerow ledger principal 203.0.113.9

        hedgerow ledger principal 1f0c9a7be2d4

        hedgerow ledger principal --account 8812
    """
    with asking_ledger(state, site) as (folder, connection):
        (ref,) = read_refs(state, folder.name, [f"account:={name}" if account else name])
        group = find_group(connection, [ref])
        days = days_of_group(connection, group)
        entries = entries_of_group(connection, group)
    _print_days(days, as_json)
    if not _print(entries, as_json) and not days:
        fail(f"no entry of {name}, as far as this ledger goes back", WRONG)
    if group.addresses_since and not as_json:
        typer.echo(
            f"hedgerow: an address bears another name each day; this one can be followed since {group.addresses_since}",
            err=True,
        )


def _print_days(days: list[Day], as_json: bool) -> None:
    for day in days:
        typer.echo(json.dumps(day.as_data(), ensure_ascii=False) if as_json else harmless(day.in_words()))
    if days and not as_json:
        typer.echo(
            f"hedgerow: of the days up to {max(d.day for d in days)} only sketches remain: who and which fields is "
            "certain, the times are those between which it happened",
            err=True,
        )
