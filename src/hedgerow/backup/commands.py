"""`hedgerow backup` and `hedgerow restore`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.backup.making import BackupError, make
from hedgerow.backup.restoring import restore
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.store import StoreError
from hedgerow.ledger.trail import Trail, TrailError
from hedgerow.store.database import Database, DatabaseError, database_url

Url = Annotated[
    str | None,
    typer.Option("--database", envvar="HEDGEROW_DATABASE", help="URL of the database; absent: in the state."),
]
AsJson = Annotated[bool, typer.Option("--json", help="As one JSON document.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)


def backup_command(
    out: Annotated[Path, typer.Argument(help="The file to write, as backup.tar or backup.tar.gz.")],
    without_secret: Annotated[
        bool,
        typer.Option(
            "--without-secret", help="Leave the secret and the webhooks' keys out: keep it elsewhere, or nothing opens."
        ),
    ] = False,
    database: Url = None,
    as_json: AsJson = False,
    state: State = STATE,
) -> None:
    """Writes everything into one file, while the gateway runs: ledger, keys, letters, evidence, policies, database.

    Whoever has the file and the secret in it can open everything: keep it like the secret, or encrypt it.

    Examples:
        hedgerow backup /var/backups/hedgerow-2026-11-26.tar.gz
    """
    try:
        Trail(state).record("backup", file=out.name, secret=not without_secret)
        made = make(
            state,
            Database(database_url(state, database)),
            out,
            datetime.now(UTC),
            with_secret=not without_secret,
            say=_progress(),
        )
    except (BackupError, DatabaseError, StoreError, TrailError) as e:
        fail(str(e), WRONG)
    if as_json:
        facts = {
            "file": str(made.path),
            "files": made.files,
            "bytes": made.bytes,
            "rows": made.rows,
            "secret": made.secret,
        }
        typer.echo(json.dumps(facts))
        return
    typer.echo(f"{made.path}: {made.files:,} files, {made.bytes:,} bytes, {made.rows:,} rows of the database")
    typer.echo(
        "the secret is in it: keep it like the secret" if made.secret else "the secret is not in it: keep it too"
    )


def restore_command(
    file: Annotated[Path, typer.Argument(help="A back-up.", exists=True, dir_okay=False)],
    database: Url = None,
    as_json: AsJson = False,
    state: State = STATE,
) -> None:
    """Brings a back-up back into an empty place. Everything is checked first, and nothing is written over.

    The database may be another one than it came from: SQLite or PostgreSQL.

    Examples:
        hedgerow restore hedgerow-2026-11-26.tar.gz --state /var/lib/hedgerow
    """
    url = database_url(state, database)
    own = database_url(state, None) == url and database is None and url.startswith("sqlite")
    try:
        # The file of the state comes to be inside of what is moved to its place at the end.
        state.parent.mkdir(parents=True, exist_ok=True)
        beside = f"sqlite:///{state.parent.absolute()}/.{state.name}.console.db"
        aside = Database(beside if own else url)
        done = restore(file, state, aside, _progress())
        aside.close()
        if own and aside.file is not None and aside.file.exists():
            aside.file.replace(state / "console.db")
    except (BackupError, DatabaseError) as e:
        if own:
            state.with_name(f".{state.name}.console.db").unlink(missing_ok=True)
        fail(str(e), WRONG)
    if as_json:
        facts = {"state": str(done.state), "files": done.files, "rows": done.rows, "made_at": done.made_at}
        typer.echo(json.dumps(facts | {"secret": done.secret}))
        return
    typer.echo(f"{done.state}: {done.files:,} files and {done.rows:,} rows, as of {done.made_at}")
    if not done.secret:
        typer.echo("the secret was not in it: put it into its place before you start the gateway")
    typer.echo("check it with: hedgerow ledger verify, hedgerow store verify")


def _progress() -> Callable[[str], None]:
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda name: typer.echo(f"\r\x1b[K{name[-100:]}", nl=False, err=True)
