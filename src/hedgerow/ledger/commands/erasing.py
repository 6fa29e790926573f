"""`hedgerow ledger forget`: a person's erasure request against the ledger itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import AsDocument, Site, asking_ledger, ledger, readable, site_folder
from hedgerow.ledger.evidence import index
from hedgerow.ledger.questions.subject import holdings
from hedgerow.ledger.reading import harmless
from hedgerow.ledger.store import Store
from hedgerow.ledger.trail import Trail


@ledger.command()
def forget(
    identifier: Annotated[str, typer.Argument(help="The site's own identifier of the person.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; goes into the audit trail.")] = "",
    keep_count_for: Annotated[
        str | None,
        typer.Option(
            "--keep-count-for",
            help="Which legal claims need the count: then an anonymous mark stands in the person's place.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without it, it is only said what would go.")] = False,
    as_json: AsDocument = False,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Erases a person from the ledger: first it says what would go and what must be kept; --yes does it.

    Kept, and said: evidence packs that hold the person (for the claims they were made for), records under a hold, and a
    signed record of the erasure that names the person by a keyed name only.

    Examples:
        hedgerow ledger forget 42

        hedgerow ledger forget 42 --yes --reason "erasure request of 3 November"
    """
    if yes and not reason.strip():
        fail("an erasure is recorded with its reason; say it with --reason", WRONG)
    folder = site_folder(state, site)
    plan = _plan(state, folder, identifier)
    if not yes:
        _say(plan, as_json)
        return
    with readable():
        if plan["held_by"]:
            # Refused before anything is recorded as done; the store refuses it a second time.
            _say(plan, as_json)
            fail("a hold forbids it; erase the person when it is over, or have it lifted (`holds`)", WRONG)
        trail = Trail(state)
        name = trail.person_name(identifier)
        trail.record("forget", site=folder.name, person=name, reason=reason, kept_in_packs=plan["packs"])
        done = Store.open(state, folder.name).forget(identifier, keep_count_for)
        trail.record("forgot", site=folder.name, person=name, commit=done.commit, waiting=len(done.waiting))
    facts = {
        **plan,
        "done": True,
        "commit": done.commit,
        "record_name": done.record_name,
        "rows": done.rows,
        "sketches": done.sketches,
        "segment_lines": done.segment_lines,
        "waiting": done.waiting,
    }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    typer.echo(
        f"erased: {done.rows:,} disclosures, {done.segment_lines:,} lines of segments, {done.sketches:,} sketches; "
        f"recorded as commit {done.commit} of the store, by the name {done.record_name}"
    )
    if done.waiting:
        typer.echo(
            f"{len(done.waiting)} segments are still written to; the person goes from them when they end (an hour)"
        )
    for line in _kept(plan):
        typer.echo(harmless(line))


def _plan(state: Path, folder: Path, identifier: str) -> dict[str, Any]:
    with asking_ledger(state, folder.name) as (_, connection):
        found = holdings(connection, identifier)
    with readable():
        name = Trail(state).person_name(identifier)
        holds = Store.open(state, folder.name).holds()
    try:
        packs = [p for p in index.packs(state, folder.name) if name in p.people]
    except (OSError, ValueError) as error:
        fail(f"the index of evidence packs cannot be read: {error}; nothing was done", WRONG)
    return {
        "site": folder.name,
        "person": identifier,
        "done": False,
        **found,
        "packs": [p.pack for p in packs],
        "pack_reasons": [f"{p.pack}, made {p.at}: {p.reason}" for p in packs],
        "held_by": [h.id for h in holds if identifier in h.people],
        "other_holds": [h.id for h in holds if identifier not in h.people],
    }


def _say(plan: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(plan, ensure_ascii=False, indent=1))
        return
    lines = [
        f"what the ledger of {plan['site']} holds about {plan['person']}, and would go:",
        f"* {plan['disclosures']:,} single disclosures"
        + (f", from {plan['first']} to {plan['last']}" if plan["disclosures"] else ""),
        f"* {plan['sketch_days']:,} days in sketches ({plan['sketches']:,} sketches)",
        "* the person's place in the list of people" if plan["known"] else "* no place in the list of people",
        *_kept(plan),
        "nothing was changed; to do it, add --yes --reason TEXT",
    ]
    for line in lines:
        typer.echo(harmless(line))


def _kept(plan: dict[str, Any]) -> list[str]:
    lines = ["what is kept, and why:"]
    lines += [f"* evidence pack {told}; legal claims (GDPR Article 17(3)(e))" for told in plan["pack_reasons"]]
    lines += [f"* everything, as long as hold {hold} is in force" for hold in plan["held_by"]]
    if plan["other_holds"]:
        lines.append(
            f"* whatever falls under a hold on principals or a period ({', '.join(plan['other_holds'])}): the store "
            "looks, and refuses where it does"
        )
    lines.append("* a signed record that an erasure was done, with a keyed name and no identifier")
    return lines
