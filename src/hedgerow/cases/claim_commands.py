"""`hedgerow claims`: takes claims up from a folder, lists them, makes the keyed hashes samples are compared with."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from hedgerow.cases.case_commands import Site, harmless_lines
from hedgerow.cases.claims.checking import FILE, Fingerprints, make_known
from hedgerow.cases.claims.deciding import STATES
from hedgerow.cases.claims.erasing import erase_due
from hedgerow.cases.claims.listing import list_claims
from hedgerow.cases.claims.receiving import find_claim, text_of
from hedgerow.cases.claims.taking_up import take_up
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.opened import AsJson, Url, opened
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.questions.period import iso
from hedgerow.ledger.reading import harmless

claims = typer.Typer(
    help="Somebody says that people's information has leaked.\n\nExample: hedgerow claims list", no_args_is_help=True
)

Number = Annotated[str, typer.Argument(help="Number of the claim, as L-2026-0001.")]


@claims.command("list")
def list_them(
    which: Annotated[
        str, typer.Option("--state-of-claim", help=f"Only those: {', '.join(STATES)}, or all; absent = not decided.")
    ] = "",
    page: Annotated[int, typer.Option("--page", min=1, help="Fifty a page.")] = 1,
    as_json: AsJson = False,
    state: State = STATE,
    database: Url = None,
) -> None:
    """Lists claims, what is due first.

    Examples:
        hedgerow claims list
    """
    if which and which != "all" and which not in STATES:
        fail(f"a claim is one of: {', '.join(STATES)}", WRONG)
    with opened(state, database) as here, here.services.database.reading() as session:
        found = list_claims(session, which, page)
        lines: list[dict[str, Any]] = [
            {
                "number": c.number,
                "subject": c.subject,
                "source": c.source,
                "state": c.state,
                "received_at": iso(c.received_at),
                "acknowledge_by": iso(c.acknowledge_by),
                "acknowledged": c.acknowledged_at is not None,
                "examine_by": iso(c.examine_by),
            }
            for c in found.claims
        ]
    if as_json:
        typer.echo(json.dumps({"claims": lines, "total": found.total, "page": found.page, "pages": found.pages}))
        return
    for c in lines:
        typer.echo(harmless(f"{c['number']}  {c['state']:<9}  examine by {c['examine_by']}  {c['subject']}"))
    typer.echo(f"{found.total:,} claims" if found.total != 1 else "1 claim")


@claims.command()
def show(
    number: Number,
    text: Annotated[bool, typer.Option("--text", help="With what was sent; it may hold people's information.")] = False,
    as_json: AsJson = False,
    state: State = STATE,
    database: Url = None,
) -> None:
    """Shows a claim: samples, who was shown them, what stands against dismissing it.

    Examples:
        hedgerow claims show L-2026-0001
    """
    from hedgerow.console.api.claims import claim_document

    with opened(state, database) as here, here.services.database.reading() as session:
        claim = find_claim(session, number)
        document = claim_document(claim, here.now)
        raw = text_of(claim, here.sealer()) if text else None
    if as_json:
        typer.echo(json.dumps({**document.model_dump(mode="json"), **({"text": raw} if text else {})}, indent=1))
        return
    lines = [
        f"{document.number}: {document.subject}",
        f"{document.state}; {document.site}; received {iso(document.received_at)}",
        *([document.summary] if document.summary else []),
        *(f"sample ({s.kind}): {s.outcome.replace('_', ' ')}, {s.why}" for s in document.samples),
        *(f"asked {iso(c.ran_at)}: {len(c.found)} principals, {c.method}" for c in document.correlations[-1:]),
        *(f"cannot be dismissed: {o}" for o in document.obstacles),
        *([raw] if raw else []),
    ]
    typer.echo(harmless_lines("\n".join(lines)))


@claims.command("take-up")
def take_up_them(
    folder: Annotated[Path, typer.Argument(help="Folder with .eml files, or a maildir.")],
    source: Annotated[
        str, typer.Option("--source", help="email, or security_txt where the folder is that address's.")
    ] = "email",
    site: Site = None,
    as_json: AsJson = False,
    state: State = STATE,
    database: Url = None,
) -> None:
    """Takes up claims from a folder of e-mails, each once; erases raw texts whose time is over.

    Files go to `taken/` or `refused/` in that folder, messages of a maildir to `cur/`. For cron or a systemd timer.

    Examples:
        hedgerow claims take-up /var/mail/claims
    """
    if source not in {"email", "security_txt"}:
        fail("--source is email or security_txt", WRONG)
    with opened(state, database) as here:
        done = take_up(here.services.database, here.actor, here.now, folder, here.one_site(site), here.sealer(), source)
        with here.services.database.session() as session:
            erased = erase_due(session, here.now)
    said = {
        "claims": done.claims,
        "known": done.known,
        "refused": done.refused,
        "left": done.left,
        "erased": erased,
    }
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    typer.echo(f"new: {', '.join(done.claims) or 'none'}; known already: {done.known}")
    for name, why in done.refused.items():
        typer.echo(harmless(f"refused {name}: {why}"), err=True)
    if done.left:
        typer.echo(f"{done.left:,} wait for the next round")


@claims.command()
def known(
    people: Annotated[Path, typer.Argument(help="CSV with a header: the person's identifier, then fields.")],
    site: Site = None,
    state: State = STATE,
    database: Url = None,
) -> None:
    """Makes keyed hashes of members' fields, so that whole records can be compared. The values are kept nowhere.

    Examples:
        hedgerow claims known members.csv
    """
    with opened(state, database) as here:
        name = here.one_site(site)
        target = state / "sites" / name / FILE
        prints = Fingerprints(here.ledgers.secret(), name)
        handle, fresh = tempfile.mkstemp(dir=target.parent, prefix=f".{FILE}.")
        written = 0
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out, people.open(encoding="utf-8-sig", newline="") as rows:
                for line in make_known(rows, prints):
                    out.write(line)
                    written += 1
                out.flush()
                os.fsync(out.fileno())
            Path(fresh).replace(target)
        except UnicodeDecodeError as error:
            raise CaseError(f"{people} is not UTF-8; save it so") from error
        finally:
            Path(fresh).unlink(missing_ok=True)
    typer.echo(f"{written:,} keyed hashes in {target}; delete {people} if it is a copy")


@claims.command()
def fingerprint(
    field: Annotated[str, typer.Argument(help="Name of the field, as in the CSV of `claims known`.")],
    site: Site = None,
    state: State = STATE,
    database: Url = None,
) -> None:
    """Makes the keyed hash of one value, read from standard input so that it stands in no history of commands.

    Examples:
        printf %s ann@example.com | hedgerow claims fingerprint email
    """
    with opened(state, database) as here:
        value = typer.get_text_stream("stdin").read(10_000)
        if not value.strip():
            raise CaseError("give the value on standard input")
        typer.echo(Fingerprints(here.ledgers.secret(), here.one_site(site)).of(field, value))
