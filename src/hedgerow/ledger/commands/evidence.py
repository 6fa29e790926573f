"""`hedgerow ledger export`: an evidence pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import (
    AsDocument,
    CaseFile,
    Principals,
    Since,
    Site,
    Until,
    asking_about,
    ledger,
    now_utc,
    secret,
    told,
)
from hedgerow.ledger.evidence.exporting import export_pack
from hedgerow.ledger.evidence.pack import PackError
from hedgerow.ledger.evidence.selecting import SelectError
from hedgerow.ledger.reading import harmless
from hedgerow.ledger.trail import who


@ledger.command()
def export(
    reason: Annotated[str, typer.Option("--reason", help="Why; goes into the pack and the audit trail.")],
    out: Annotated[
        Path, typer.Option("--out", help="Folder for packs; a pack gets a folder and a .zip of its own in it.")
    ],
    principals: Principals = None,
    case_file: CaseFile = None,
    since: Since = None,
    until: Until = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole-segments",
            help="Whole segments, with other visitors' records, instead of hashes in their place.",
        ),
    ] = False,
    as_json: AsDocument = False,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Makes an evidence pack: records, people affected, rules and notices in force, all signed.

    Anybody can check it with the script in it, without Hedgerow. Without --since: the last 180 days.

    Examples:
        hedgerow ledger export --principal 203.0.113.9 --since 7d --reason "case 12, for counsel" --out packs
    """
    if not reason.strip():
        fail("evidence is exported for a reason only; say it with --reason", WRONG)
    now = now_utc()
    try:
        with asking_about(state, site, principals, case_file, since, until) as asked:
            made = export_pack(
                asked.connection,
                state,
                asked.folder.name,
                secret(state),
                asked.refs,
                asked.period,
                reason=reason,
                who=who(),
                now=now,
                out=out,
                whole=whole,
                progress=told,
            )
    except (PackError, SelectError, OSError) as error:
        fail(str(error), WRONG)
    facts = {
        "pack": made.name,
        "folder": str(made.folder),
        "zip": str(made.archive),
        "people": made.people,
        "records": made.records,
        "public_key": made.public_key,
        "caveats": list(made.caveats),
        "damaged_segments": list(made.damaged),
    }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    typer.echo(f"{made.people:,} people, {made.records:,} records: {made.folder} and {made.archive}")
    typer.echo(f"check it with: python3 -I {made.folder}/verify_pack.py --key {made.public_key}")
    for damaged_one in made.damaged:
        typer.echo(f"hedgerow: {damaged_one} is damaged and was not taken; the store tells what can be read", err=True)
    for sentence in made.caveats:
        typer.echo(f"hedgerow: {harmless(sentence)}", err=True)
