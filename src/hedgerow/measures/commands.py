"""`hedgerow measure`: decide about one principal, or for everybody, for a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from hedgerow.brain.folder import Folder
from hedgerow.cli.exits import STATE, WRONG, State, asking, fail
from hedgerow.control import Control, ControlError, NotRunningError
from hedgerow.ledger.commands.options import AsDocument, Site, asking_ledger, readable, secret, site_folder
from hedgerow.ledger.keyed import SiteKeys
from hedgerow.ledger.questions.period import read_period
from hedgerow.ledger.questions.reach import WIDE_CAVEAT, reach_everybody
from hedgerow.ledger.questions.reach import reach as reach_over_days
from hedgerow.ledger.questions.refs import Ref, find_group
from hedgerow.ledger.trail import Trail, now_utc, who
from hedgerow.measures.asking import reach_now, standing, take_up
from hedgerow.measures.everybody import Target, check_known, read_target, shows
from hedgerow.measures.measure import Act, Measure, MeasureError, new_id, read_span
from hedgerow.measures.naming import NamingError, stable_name
from hedgerow.measures.table import MeasureTable

measure = typer.Typer(
    no_args_is_help=True,
    help="Decides for a time: about one principal (watch, budget, prove, refuse, release), or for everybody (posture, "
    "mask, close).\n\n"
    'Example: hedgerow measure set refuse session:1f0c9a7be2d4a1b2c3d4e5f6 --for 2d --why "reads all of them"',
)

Principal = Annotated[
    str, typer.Argument(help="Address, account:NAME, keyed name (8 to 24 digits), or LEVEL:NAME.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Adds `hedgerow measure` to the command line."""
    app.add_typer(measure, name="measure")


@measure.command("set")
def set_(
    act: Annotated[Act, typer.Argument(help="What to do.", show_default=False)],
    principal: Principal,
    lasting: Annotated[str, typer.Option("--for", help="How long: 30m, 12h, 2d, 1w.")] = "1d",
    factor: Annotated[
        int | None, typer.Option("--factor", help="For budget: what its budgets are divided by, 2 to 100.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="Why; stands in the list and in the audit trail.")] = "",
    state: State = STATE,
    site: Site = None,
    as_json: AsDocument = False,
) -> None:
    """Decides about one principal. It ends by itself, and can be ended before.

    watch marks its requests in the ledger. budget divides its budgets. prove asks for a challenge until it is solved.
    refuse shows a page that says when it ends and how to appeal. release lets no signal and no rule stop it; budgets
    stay. The narrowest decision is read first, and a release ends the reading: releasing an address beats refusing its
    network. Before you refuse an address, a network or a client, look who is behind it: hedgerow measure reach.

    Examples:
        hedgerow measure set watch 203.0.113.9 --for 1w

        hedgerow measure set budget network:1f0c9a7be2d4a1b2 --factor 4 --for 12h

        hedgerow measure set refuse account:8812 --for 2d --why "case 12"

        hedgerow measure set release session:0a0b0c0d0e0f0a0b0c0d0e0f --for 4w --why "appeal 7K3M-Q2ZD-90XF"
    """
    if act.for_everybody:
        fail(f"`{act}` is decided for everybody: hedgerow measure everybody {act} ...", WRONG)
    now = now_utc()
    site_name, level, name = _named(state, site, principal)
    try:
        now_s = int(now.timestamp())
        decided = Measure(
            new_id(), site_name, level, name, act, now_s, now_s + read_span(lasting), factor, by=who(), why=why.strip()
        )
        with readable():
            Trail(state).record(
                "measure-set", site=site_name, id=decided.id, level=level, name=name, measure=act.value, reason=why
            )
        replaced = MeasureTable(state).set(decided, now_s)
    except MeasureError as e:
        fail(str(e), WRONG)
    _set_told(state, decided, replaced, as_json)


@measure.command()
def everybody(
    act: Annotated[Act, typer.Argument(help="posture, mask or close.", show_default=False)],
    what: Annotated[str, typer.Argument(help="raised or high; a field; a route.", show_default=False)],
    route: Annotated[
        str | None, typer.Option("--route", help="On this route only, for posture and mask; absent = on every one.")
    ] = None,
    lasting: Annotated[str, typer.Option("--for", help="How long: 30m, 12h, 2d, 1w.")] = "12h",
    why: Annotated[str, typer.Option("--why", help="Why; stands in the list and in the audit trail.")] = "",
    state: State = STATE,
    site: Site = None,
    as_json: AsDocument = False,
) -> None:
    """Decides about a site, for everybody. It ends by itself, and can be ended before.

    posture keeps the site at least so tense: newcomers are shown less, whom visitors know already they still see. mask
    shows a field to nobody. close answers a route with a page that says until when. Members and released visitors are
    met, too. Look first whom it hits: hedgerow measure reach-everybody.

    Examples:
        hedgerow measure everybody posture high --for 6h --why "case 12"

        hedgerow measure everybody mask email --for 2d

        hedgerow measure everybody close members-export --for 1w --why "case 12"
    """
    now = now_utc()
    now_s = int(now.timestamp())
    site_name = site_folder(state, site).name
    try:
        target = _target(state, site_name, act, what, route)
        decided = Measure(
            new_id(),
            site_name,
            "",
            "",
            act,
            now_s,
            now_s + read_span(lasting),
            by=who(),
            why=why.strip(),
            route=target.route,
            field=target.field,
            posture=target.posture,
        )
        with readable():
            Trail(state).record(
                "measure-set", site=site_name, id=decided.id, about=decided.whom, measure=act.value, reason=why
            )
        replaced = MeasureTable(state).set(decided, now_s)
    except MeasureError as e:
        fail(str(e), WRONG)
    _set_told(state, decided, replaced, as_json)


@measure.command("reach-everybody")
def reach_everybody_(
    act: Annotated[Act, typer.Argument(help="posture, mask or close.", show_default=False)],
    what: Annotated[str, typer.Argument(help="raised or high; a field; a route.", show_default=False)],
    route: Annotated[str | None, typer.Option("--route", help="On this route only, for posture and mask.")] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=180, help="How many days of the ledger are counted.")] = 7,
    state: State = STATE,
    site: Site = None,
    as_json: AsDocument = False,
) -> None:
    """Says whom a decision for everybody would have met in the last days, and how many of them look ordinary.

    Examples:
        hedgerow measure reach-everybody close members-export

        hedgerow measure reach-everybody mask email --days 30 --json
    """
    with asking_ledger(state, site) as (folder, connection), readable():
        try:
            target = _target(state, folder.name, act, what, route)
        except MeasureError as e:
            fail(str(e), WRONG)
        found = reach_everybody(connection, target.reached, read_period(None, None, now_utc(), days))
    if as_json:
        typer.echo(json.dumps({"act": act.value, "what": what, "days": days, "ledger": found.as_data()}, indent=2))
        return
    typer.echo(
        f"in {days} days: {found.visitors:,} visitors, {found.ordinary:,} of them look ordinary ({found.accounts:,} "
        f"accounts, {found.sessions:,} sessions, {found.addresses:,} addresses a day)"
    )
    typer.echo(WIDE_CAVEAT)
    typer.echo(found.caveat)


@measure.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also those that ended within a week.")] = False,
    state: State = STATE,
    as_json: AsDocument = False,
) -> None:
    """Lists the measures in force, with how many requests each has met and when the last one.

    Those for everybody stand among them.

    Requests are counted since the gateway started.

    Examples:
        hedgerow measure list

        hedgerow measure list --all --json
    """
    now_s = now_utc().timestamp()
    try:
        found = [m for m in MeasureTable(state).read() if everything or now_s < m.until_s]
    except MeasureError as e:
        fail(str(e), WRONG)
    try:
        met = standing(Control(Folder(state).control))
    except NotRunningError:
        met = {}
    except ControlError as e:
        fail(str(e), WRONG)
    if as_json:
        rows = [
            {**m.as_data(), "holds": m.holds(now_s), "hits": met[m.id].hits, "last_ms": met[m.id].last_ms}
            if m.id in met
            else {**m.as_data(), "holds": m.holds(now_s), "hits": None, "last_ms": None}
            for m in found
        ]
        typer.echo(json.dumps({"measures": rows}, indent=2, ensure_ascii=False))
        return
    for m in found:
        typer.echo(f"{m.id}: {_sentence(m)}" + ("" if m.holds(now_s) else " (ended)"))
        one = met.get(m.id)
        if one is not None:
            last = "" if one.last_ms is None else f", the last at {_time(one.last_ms / 1000)}"
            typer.echo(f"    met {one.hits:,} requests{last}")
            if not one.known:
                typer.echo("    does nothing: the policy in force has no such route or field")
            if not one.enforced:
                typer.echo("    watch mode: counted and recorded, not carried out")
        if m.why:
            typer.echo(f"    {m.by or 'somebody'}: {m.why}")
    if not found:
        typer.echo("nothing is decided about anybody; `hedgerow measure set --help` says how")


@measure.command()
def end(
    identifier: Annotated[str, typer.Argument(help="Identifier of the measure, as `hedgerow measure list` shows it.")],
    why: Annotated[str, typer.Option("--why", help="Why; stands in the audit trail.")] = "",
    state: State = STATE,
    as_json: AsDocument = False,
) -> None:
    """Takes a decision back before it ends by itself.

    Examples:
        hedgerow measure end m-0123456789abcdef --why "it was the library"
    """
    try:
        with readable():
            Trail(state).record("measure-end", id=identifier[:64], reason=why)
        ended = MeasureTable(state).end(identifier, int(now_utc().timestamp()))
    except MeasureError as e:
        fail(str(e), WRONG)
    in_force = _tell(state)
    if as_json:
        typer.echo(json.dumps({"measure": ended.as_data(), "in_force": in_force}, indent=2, ensure_ascii=False))
    else:
        typer.echo(f"ended: {_sentence(ended)}")


@measure.command()
def reach(
    principal: Principal,
    days: Annotated[int, typer.Option("--days", min=1, max=180, help="How many days of the ledger are counted.")] = 7,
    state: State = STATE,
    site: Site = None,
    as_json: AsDocument = False,
) -> None:
    """Says who would be hit: how many visitors are behind a principal, and how many of them look ordinary.

    Asks the running gateway about the last day, and the ledger about more days.

    Examples:
        hedgerow measure reach network:1f0c9a7be2d4a1b2

        hedgerow measure reach 203.0.113.9 --days 30 --json
    """
    site_name, level, name = _named(state, site, principal)
    with asking_ledger(state, site_name) as (_, connection), readable():
        period = read_period(None, None, now_utc(), days)
        over_days = reach_over_days(connection, find_group(connection, [Ref(level, name)]), period)
    live: dict[str, Any] | None = None
    with asking(state) as folder:
        try:
            live = reach_now(Control(folder.control), site_name, level, name)
        except NotRunningError:
            live = None
    if as_json:
        found = {"level": level, "name": name, "days": days, "ledger": over_days.as_data(), "live": live}
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    typer.echo(f"behind {level} {name}:")
    if live is not None:
        typer.echo(
            f"  in the last day: {live['visitors']} visitors, {live['ordinary']} of them look ordinary "
            f"({live['accounts']} accounts, {live['sessions']} sessions, {live['addresses']} addresses)"
        )
    typer.echo(
        f"  in {days} days: {over_days.visitors:,} visitors, {over_days.ordinary:,} of them look ordinary "
        f"({over_days.accounts:,} accounts, {over_days.sessions:,} sessions, {over_days.addresses:,} addresses a day), "
        f"who were shown {over_days.people_shown:,} people"
    )
    typer.echo(over_days.caveat)


def _named(state: Path, site: str | None, principal: str) -> tuple[str, str, str]:
    """Site, level and stable name of the principal meant."""
    with asking_ledger(state, site) as (folder, connection):
        try:
            level, name = stable_name(connection, principal, SiteKeys(secret(state), folder.name))
        except NamingError as e:
            fail(str(e), WRONG)
    return folder.name, level, name


def _target(state: Path, site: str, act: Act, what: str, route: str | None) -> Target:
    """What is meant for everybody, checked against the people map in force.

    Raises:
        MeasureError: it cannot be, or the site has no such route or field.
    """
    target = read_target(act, what, route)
    check_known(target, shows(state, site))
    return target


def _set_told(state: Path, decided: Measure, replaced: list[Measure], as_json: bool) -> None:
    in_force = _tell(state)
    if as_json:
        ended = [m.as_data() for m in replaced]
        typer.echo(json.dumps({"measure": decided.as_data(), "replaced": ended, "in_force": in_force}, indent=2))
        return
    typer.echo(f"{decided.id}: {_sentence(decided)}")
    for m in replaced:
        typer.echo(f"it replaces {m.id}: {_sentence(m)}")
    typer.echo(
        "the running gateway has taken it up" if in_force else "no gateway is running here; the next one starts with it"
    )


def _tell(state: Path) -> bool:
    """Makes a running gateway look now; false when none runs."""
    try:
        take_up(Control(Folder(state).control))
    except NotRunningError:
        return False
    except ControlError as e:
        fail(f"it is written, but the running gateway did not take it up: {e}", WRONG)
    return True


def _sentence(m: Measure) -> str:
    act: dict[Act, Callable[[], str]] = {
        Act.BUDGET: lambda: f"divide the budgets by {m.factor} of",
        Act.PROVE: lambda: "challenge",
        # What is about everybody says in its own words what it does.
        Act.POSTURE: lambda: "keep the",
    }
    word = act.get(m.act, lambda: m.act.value)()
    return f"{word} {m.whom} of {m.site} until {_time(m.until_s)}"


def _time(unix_s: float) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=unix_s)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
