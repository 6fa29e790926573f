"""`hedgerow ledger compact`, `thin`, `hold`, `holds`, `lift`: how the ledger is kept, by hand.

A running gateway does the first two by itself, every few minutes and every day.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.reading import harmless, sites
from hedgerow.ledger.store import Store, StoreError
from hedgerow.ledger.store.retention import Retention
from hedgerow.ledger.store.thinning import Doomed
from hedgerow.policy import PolicyError, load_file

Site = Annotated[str | None, typer.Option("--site", help="Name of the site; absent = all, or the only one.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def register(ledger: typer.Typer) -> None:
    """Adds the commands to `hedgerow ledger`."""
    ledger.command()(compact)
    ledger.command()(thin)
    ledger.command()(hold)
    ledger.command()(holds)
    ledger.command()(lift)


@contextmanager
def _stores(state: Path, site: str | None, one: bool = False) -> Iterator[list[tuple[str, Store]]]:
    known = sites(state)
    if (site is None and (not known or (one and len(known) > 1))) or (site is not None and site not in known):
        names = ", ".join(known) or "none"
        fail(f"name the site with --site; this state ({state}) has ledgers of: {names}", WRONG)
    try:
        yield [(name, Store.open(state, name)) for name in known if site in {None, name}]
    except StoreError as e:
        fail(str(e), WRONG)


def compact(as_json: AsJson = False, state: State = STATE, site: Site = None) -> None:
    """Takes up into the tables whatever the segments hold that is new. A running gateway does that by itself.

    Examples:
        hedgerow ledger compact
    """
    damaged = False
    with _stores(state, site) as stores:
        for name, store in stores:
            entries = disclosures = length = 0
            damage: set[str] = set()
            while True:
                done = store.compact(wait=True)
                entries, disclosures = entries + done.entries, disclosures + done.disclosures
                length += done.bytes
                damage.update(str(d) for d in done.damage)
                if not done.more:
                    break
                _progress(f"{name}: {entries:,} entries, {length >> 20:,} MiB of segments so far")
            while store.merge(wait=True):
                pass
            _progress(None)
            damaged |= bool(damage)
            if as_json:
                told = {"site": name, "entries": entries, "disclosures": disclosures, "damage": sorted(damage)}
                typer.echo(json.dumps(told))
                continue
            typer.echo(f"{name}: {entries:,} entries with {disclosures:,} disclosures were taken up")
            for sentence in sorted(damage):
                typer.echo(harmless(f"{sentence}; left as it is, its readable lines go on answering"))
    if damaged:
        raise typer.Exit(WRONG)


def thin(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The policy; absent = the one the gateway last ran with.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and delete nothing.")] = False,
    as_json: AsJson = False,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Deletes what is older than the policy's `retention` says, with a signed record. A running gateway does so daily.

    Examples:
        hedgerow ledger thin --dry-run
    """
    kept = _retention(config or _last_config(state))
    with _stores(state, site) as stores:
        for name, store in stores:
            if name not in kept:
                fail(f"the policy has no site {name}; name another with --config, or the site with --site", WRONG)
            done = store.due(kept[name]) if dry_run else store.thin(kept[name], wait=True)
            for one in done:
                typer.echo(json.dumps({"site": name, **_as_data(one)}) if as_json else f"{name}: {_in_words(one)}")
            if not as_json:
                total = sum(one.bytes for one in done)
                verb = "would go; a hold may keep some of it" if dry_run else "went; the record is in the manifest"
                typer.echo(f"{name}: {total / 1e6:,.1f} MB {verb}")


def _retention(config: Path) -> dict[str, Retention]:
    try:
        compiled = load_file(config)
    except PolicyError as e:
        for line in e.report.lines():
            typer.echo(line, err=True)
        fail(f"{config} has mistakes; nothing was deleted", WRONG)
    except OSError as e:
        fail(f"{config} cannot be read: {e}; name the policy with --config", WRONG)
    return {view.text("name"): Retention.of(view) for view in compiled.sites}


def _last_config(state: Path) -> Path:
    try:
        return Path(json.loads((state / "brain.json").read_text(encoding="utf-8"))["config"])
    except (OSError, ValueError, KeyError):
        fail("the policy says how long things are kept; name it with --config", WRONG)


def _as_data(one: Doomed) -> dict[str, object]:
    return {
        "table": one.table,
        "day": one.day,
        "setting": one.setting,
        "days": one.days,
        "files": len(one.gone),
        "rows": one.rows,
        "bytes": one.bytes,
        "kept_rows": one.kept_rows,
    }


def _in_words(one: Doomed) -> str:
    rows = f"{one.rows:,} rows in " if one.rows else ""
    kept = f", {one.kept_rows:,} rows of it held" if one.kept_rows else ""
    return (
        f"{one.table} of {one.day or 'unknown days'}: {rows}{len(one.gone)} file{'s' if len(one.gone) != 1 else ''}, "
        f"{one.bytes / 1e6:,.2f} MB ({one.setting}: {one.days}{kept})"
    )


def hold(
    reason: Annotated[str, typer.Option("--reason", help="Which claim, authority or case.")],
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="The last day it holds, as in 2027-06-30.")],
    person: Annotated[list[str] | None, typer.Option("--person", help="A person; may be given several times.")] = None,
    principal: Annotated[
        list[str] | None, typer.Option("--principal", help="A keyed name, 24 digits; may be given several times.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="Only disclosures from this day.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="DAY", help="Only those before this day.")] = None,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Places a litigation hold: what it names is neither thinned nor erased until its day is over.

    Without people and principals it holds everything of its period. Sealed addresses cannot be told apart: those of
    everybody stay, on all days of its period.

    Examples:
        hedgerow ledger hold --reason "case 12, court of Riverbend" --until 2027-06-30 --person 42
    """
    with _stores(state, site, one=True) as ((_, store),):
        placed = store.hold(
            reason,
            _day(until),
            people=person or (),
            principals=principal or (),
            since=_day(since) if since else None,
            before=_day(before) if before else None,
        )
    typer.echo(f"hold {placed.id} until {placed.until}")
    period = f"from {placed.since or 'the beginning'} before {placed.before or 'now and later'}"
    typer.echo(
        f"sealed addresses cannot be told apart: those of all visitors stay, {period}, while it is in force; name a "
        "period with --since and --before to keep fewer"
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"`{text}` is not a day; write it as in 2027-06-30", WRONG)


def holds(as_json: AsJson = False, state: State = STATE, site: Site = None) -> None:
    """Lists the litigation holds in force.

    Examples:
        hedgerow ledger holds
    """
    with _stores(state, site) as stores:
        for name, store in stores:
            for one in store.holds():
                if as_json:
                    typer.echo(json.dumps({"site": name, **one.as_data()}, ensure_ascii=False))
                else:
                    who = " ".join([*one.people, *one.principals]) or "everything"
                    period = (
                        f" from {one.since or 'the beginning'} before {one.before or 'now'}"
                        if one.since or one.before
                        else ""
                    )
                    typer.echo(
                        harmless(f"{name}: {one.id} until {one.until}: {who}{period} ({one.reason}; by {one.who})")
                    )


def lift(
    number: Annotated[str, typer.Argument(help="Number of the hold, as `holds` shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is lifted.")],
    state: State = STATE,
    site: Site = None,
) -> None:
    """Ends a litigation hold before its day.

    Examples:
        hedgerow ledger lift 3f9a01c2d4e5 --reason "settled"
    """
    with _stores(state, site, one=True) as ((_, store),):
        store.lift(number, reason)
    typer.echo(f"hold {number} is lifted")


def _progress(sentence: str | None) -> None:
    """Says how far it is, on a terminal only; `None` clears the line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{sentence or ''}")
        sys.stderr.flush()
