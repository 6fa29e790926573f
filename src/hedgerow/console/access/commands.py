"""`hedgerow user` and `hedgerow store`: the same as in the console, from the shell of the machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from hedgerow.brain.folder import FolderError
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.console.access import sessions, setup_links, users
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.holding import covers_now, roles_of
from hedgerow.console.access.roles import ROLES, Role
from hedgerow.console.access.signing_in import user_named
from hedgerow.console.decisions import record
from hedgerow.console.problems import Problem
from hedgerow.console.running import ConsoleError, Wish, services_of
from hedgerow.console.services import Services
from hedgerow.console.trail_check import check_trail
from hedgerow.ledger.trail import who
from hedgerow.store.database import Database, DatabaseError, database_url
from hedgerow.store.models.accounts import User
from hedgerow.store.upgrading import newest, revision_of, upgrade

AsJson = Annotated[bool, typer.Option("--json", help="As one JSON document.")]
Url = Annotated[
    str | None,
    typer.Option("--database", envvar="HEDGEROW_DATABASE", help="URL of the database; absent = in the state."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the trail of decisions.")]
Name = Annotated[str, typer.Argument(help="What they sign in with.")]
RoleList = Annotated[list[Role], typer.Option("--role", "-r", help=f"A role; several may be given: {', '.join(Role)}.")]

user_app = typer.Typer(
    no_args_is_help=True, help="Who may use the console, and for what.\n\nExample: hedgerow user list"
)
store_app = typer.Typer(
    no_args_is_help=True, help="The console's database: up to date, whole?\n\nExample: hedgerow store verify"
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(user_app, name="user")
    app.add_typer(store_app, name="store")


@contextmanager
def _deciding(state: State, database: str | None) -> Iterator[tuple[Services, Session, Actor, datetime]]:
    try:
        services = services_of(Wish(state, None, None, database))
        try:
            with services.database.session() as session:
                yield services, session, Actor.shell(who()), services.clock()
        finally:
            services.database.close()
    except Problem as e:
        fail(e.sentence, WRONG)
    except (ConsoleError, DatabaseError, FolderError) as e:
        fail(str(e), WRONG)


def _named(session: Session, name: str) -> User:
    user = user_named(session, name)
    if user is None:
        fail(f"there is no user {name}; `hedgerow user list` names them all", WRONG)
    return user


def _told(what: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(what, ensure_ascii=False) if as_json else sentence)


@user_app.command("add")
def add(
    name: Name,
    roles: RoleList,
    shown: Annotated[str, typer.Option("--name", help="Their name, as it stands beside what they decide.")] = "",
    email: Annotated[str, typer.Option("--email", help="Where notifications go.")] = "",
    database: Url = None,
    as_json: AsJson = False,
    state: State = STATE,
) -> None:
    """Adds somebody and prints the link by which they set their password (24 hours, once).

    Examples:
        hedgerow user add ada@example.org --role privacy --role counsel
    """
    with _deciding(state, database) as (services, session, actor, now):
        user = users.add(session, actor, name, shown, email, roles, now)
        link = f"{services.settings.base_url}/set-up/{users.link(session, actor, user, now)}"
    _told({"name": user.name, "link": link}, f"{user.name} is added. Give them this link:\n{link}", as_json=as_json)


@user_app.command("list")
def list_users(database: Url = None, as_json: AsJson = False, state: State = STATE) -> None:
    """Lists everybody with their roles, and who stands in for whom."""
    with _deciding(state, database) as (_services, session, _actor, now):
        rows = [
            {
                "name": u.name,
                "shown_name": u.shown_name,
                "roles": sorted(str(r) for r in roles_of(u)),
                "stands_in_for": [absent.name for _, absent in covers_now(session, u.id, now)],
                "authenticator": u.totp is not None,
                "set_up": u.password is not None or u.oidc_subject is not None,
                "disabled": u.disabled_at is not None,
            }
            for u in users.everybody(session)
        ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for r in rows:
        marks = ["shut out"] if r["disabled"] else [] if r["set_up"] else ["not set up"]
        marks += [f"stands in for {n}" for n in r["stands_in_for"]]  # type: ignore[attr-defined]
        typer.echo(f"{r['name']}  {', '.join(r['roles'])}" + (f"  ({'; '.join(marks)})" if marks else ""))  # type: ignore[arg-type]
    if not rows:
        typer.echo("nobody yet; `hedgerow user link` makes the first owner's link")


@user_app.command("roles")
def roles_command(name: Name, roles: RoleList, reason: Reason = "", database: Url = None, state: State = STATE) -> None:
    """Gives somebody these roles and no others. Their open sessions end."""
    with _deciding(state, database) as (_services, session, actor, now):
        users.set_roles(session, actor, _named(session, name), roles, reason, now)
    typer.echo(f"{name}: {', '.join(sorted(str(r) for r in roles))}")


@user_app.command("disable")
def disable(name: Name, reason: Reason = "", database: Url = None, state: State = STATE) -> None:
    """Shuts somebody out at once. What they decided stays."""
    with _deciding(state, database) as (_services, session, actor, now):
        users.disable(session, actor, _named(session, name), reason, now)
    typer.echo(f"{name} is shut out")


@user_app.command("enable")
def enable(name: Name, reason: Reason = "", database: Url = None, state: State = STATE) -> None:
    """Lets somebody in again."""
    with _deciding(state, database) as (_services, session, actor, now):
        users.enable(session, actor, _named(session, name), reason, now)
    typer.echo(f"{name} may sign in again")


@user_app.command("link")
def link(
    name: Annotated[
        str | None, typer.Argument(help="Whose; absent = the first owner's, while there is nobody.")
    ] = None,
    database: Url = None,
    state: State = STATE,
) -> None:
    """Prints a set-up link: for the first owner, or for somebody who has not set a password yet."""
    with _deciding(state, database) as (services, session, actor, now):
        if name is None:
            token = setup_links.first(session, now)
            if token is None:
                fail("there are users already; name the one whose link you want", WRONG)
        else:
            token = users.link(session, actor, _named(session, name), now)
    typer.echo(f"{services.settings.base_url}/set-up/{token}")


@user_app.command("reset")
def reset(name: Name, reason: Reason = "", database: Url = None, state: State = STATE) -> None:
    """Takes password and authenticator away and prints a new set-up link."""
    with _deciding(state, database) as (services, session, actor, now):
        token = users.reset(session, actor, _named(session, name), reason, now)
    typer.echo(f"{services.settings.base_url}/set-up/{token}")


@user_app.command("cover")
def cover(
    absent: Annotated[str, typer.Argument(help="Who is away.")],
    stand_in: Annotated[str, typer.Argument(help="Who holds their roles.")],
    until: Annotated[datetime, typer.Option("--until", help="Until when, UTC.")],
    since: Annotated[datetime | None, typer.Option("--from", help="From when, UTC; absent = now.")] = None,
    database: Url = None,
    state: State = STATE,
) -> None:
    """Lets one user hold another's roles for a time.

    Examples:
        hedgerow user cover ada@example.org bob@example.org --until 2026-12-24
    """
    with _deciding(state, database) as (_services, session, actor, now):
        begin = since.replace(tzinfo=UTC) if since else now
        users.cover(
            session, actor, _named(session, absent), _named(session, stand_in), begin, until.replace(tzinfo=UTC), now
        )
    typer.echo(f"{stand_in} holds the roles of {absent} until {until:%Y-%m-%d %H:%M} UTC")


@user_app.command("sessions")
def sessions_command(
    name: Name,
    end: Annotated[bool, typer.Option("--end", help="End them all.")] = False,
    database: Url = None,
    as_json: AsJson = False,
    state: State = STATE,
) -> None:
    """Lists somebody's open sessions, or ends them."""
    with _deciding(state, database) as (services, session, actor, now):
        user = _named(session, name)
        rows = [
            {"made_at": s.made_at.isoformat(), "seen_at": s.seen_at.isoformat(), "browser": s.browser, "with": s.method}
            for s in sessions.open_sessions(session, user.id, now, services.settings)
        ]
        if end:
            sessions.end_all(session, user.id, now)
            record(session, actor, "user.sessions_end", f"user:{user.id}", "", {"count": len(rows)}, at=now)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for r in rows:
        typer.echo(f"{r['made_at']}  last used {r['seen_at']}  {r['with']}  {r['browser']}")
    typer.echo(f"{len(rows)} open session{'s' if len(rows) != 1 else ''}{' ended' if end else ''}")


@store_app.command("upgrade")
def upgrade_command(database: Url = None, state: State = STATE) -> None:
    """Brings the database up to date; a SQLite file is copied before."""
    try:
        opened = Database(database_url(state, database))
        copy = upgrade(opened)
    except DatabaseError as e:
        fail(str(e), WRONG)
    typer.echo(f"{opened.shown_name} is at revision {newest()}" + (f"; the copy before: {copy}" if copy else ""))


@store_app.command("check")
def check_command(database: Url = None, state: State = STATE) -> None:
    """Says whether the database is up to date; exit code 1 when it is not."""
    try:
        opened = Database(database_url(state, database))
        now = revision_of(opened)
    except DatabaseError as e:
        fail(str(e), WRONG)
    if now != newest():
        fail(f"{opened.shown_name} is at {now or 'no revision'}, not {newest()}; run `hedgerow store upgrade`", WRONG)
    typer.echo(f"{opened.shown_name} is up to date ({now})")


@store_app.command("verify")
def verify_command(database: Url = None, as_json: AsJson = False, state: State = STATE) -> None:
    """Checks the trail of decisions: every row there, unchanged, in order; exit code 1 when it is not."""
    try:
        opened = Database(database_url(state, database))
        with opened.reading() as session:
            found = check_trail(session)
    except DatabaseError as e:
        fail(str(e), WRONG)
    if as_json:
        typer.echo(json.dumps({"rows": found.rows, "head": found.head, "problems": list(found.problems)}))
    else:
        for problem in found.problems:
            typer.echo(problem, err=True)
        typer.echo(f"{found.rows:,} decisions, the last hash is {found.head}")
    if found.problems:
        raise typer.Exit(WRONG)


__all__ = ["ROLES", "register"]
