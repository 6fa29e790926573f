"""`hedgerow ledger subject`: what a person may ask about themselves."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import AsDocument, Site, asking_ledger, ledger, now_utc, read_refs
from hedgerow.ledger.policies import kept
from hedgerow.ledger.questions import subject as asking
from hedgerow.ledger.questions.refs import find_group
from hedgerow.ledger.reading import harmless
from hedgerow.ledger.trail import Trail


@ledger.command()
def subject(
    person: Annotated[str | None, typer.Option("--person", help="The site's identifier of a person it shows.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="An account, as the site knows it.")] = None,
    with_people: Annotated[
        bool,
        typer.Option("--with-people", help="With --account: also the identifiers of the people it was shown."),
    ] = False,
    everything: Annotated[
        bool,
        typer.Option("--all", help=f"Every disclosure or decision one by one, not only the last {asking.LIMIT:,}."),
    ] = False,
    as_json: AsDocument = False,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Answers a person's own question: everything the ledger holds about them, in plain words.

    About a person shown (--person) or an account as a visitor (--account). How often, to how many of which kind, and
    which fields is told of all; one by one the last thousand, or every one with --all. Other people's identifiers are
    left out, and the answer says so. Make sure first that whoever asks is that person. That it was asked goes into the
    audit trail.

    Examples:
        hedgerow ledger subject --person 42

        hedgerow ledger subject --account 8812 --json
    """
    if (person is None) == (account is None):
        fail("say about whom: --person ID or --account NAME, one of them", WRONG)
    if with_people and account is None:
        fail("--with-people goes with --account: the answer about a person holds no other people", WRONG)
    now = now_utc()
    limit = None if everything else asking.LIMIT
    with asking_ledger(state, site) as (folder, connection):
        trail = Trail(state)
        how_long = kept(state, folder.name)
        if person is not None:
            trail.record("subject", site=folder.name, person=trail.person_name(person))
            answer = asking.of_person(connection, person, how_long, now, limit)
        else:
            (ref,) = read_refs(state, folder.name, [f"account:={account}"])
            trail.record("subject", site=folder.name, principal=str(ref), with_people=with_people)
            group = find_group(connection, [ref])
            answer = asking.of_account(
                connection, group, str(account), how_long, now, with_people=with_people, limit=limit
            )
        answer["site"] = folder.name
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    for line in asking.in_words(answer):
        typer.echo(harmless(line))
