"""`hedgerow map`: walks a site and proposes its people map."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.people.propose import as_json, as_yaml, propose
from hedgerow.people.walk import WalkError, walk


def map_command(
    url: Annotated[
        str, typer.Argument(help="The site, for example http://127.0.0.1:3000 (the site itself, not the gateway).")
    ],
    pages: Annotated[int, typer.Option(help="Most pages to read.", min=5, max=5000)] = 250,
    pause: Annotated[float, typer.Option(help="Rest between two requests, in seconds.", min=0.0, max=60.0)] = 0.05,
    cookie: Annotated[
        str | None,
        typer.Option(
            help="The Cookie header of a signed-in account, to read what members see. Take an account with few rights.",
            envvar="HEDGEROW_MAP_COOKIE",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the proposal to this file (not over an existing one).")
    ] = None,
    as_data: Annotated[bool, typer.Option("--json", help="Print the proposal as JSON.")] = False,
) -> None:
    """Propose the people map of a site: which routes show people, and how to read them.

    Walks the site politely (bounded, under the robots token `hedgerow-map`, obeying robots.txt), and prints a policy to
    edit. Every line carries its evidence, the share of pages it held on, and what stays doubtful.

    Example: hedgerow map http://127.0.0.1:3000 --output hedgerow.yaml
    """
    if not url.startswith(("http://", "https://")):
        typer.echo(f"`{url}` is not an address; write it with http:// or https:// in front.", err=True)
        raise typer.Exit(2)
    if output is not None and output.exists():
        typer.echo(f"{output} exists already; nothing was written. Name another file, or move that one away.", err=True)
        raise typer.Exit(1)
    show = sys.stderr.isatty()

    def progress(read: int, known: int, address: str) -> None:
        if show:
            # A site's own links must not move the operator's cursor.
            shown = "".join(c if c.isprintable() else "?" for c in address[:70])
            sys.stderr.write(f"\r{read} pages read, {known - read} more known  {shown:70}")
        elif read % 50 == 0:
            sys.stderr.write(f"{read} pages read\n")
        sys.stderr.flush()

    try:
        proposal = propose(walk(url, most_pages=pages, pause_s=pause, cookie=cookie, progress=progress))
    except WalkError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from None
    if show:
        sys.stderr.write("\n")
    text = json.dumps(as_json(proposal), indent=2) + "\n" if as_data else as_yaml(proposal, upstream=url)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        sentence = f"{len(proposal.routes)} routes that show people. Read it, then run `hedgerow check {output}`."
        typer.echo(f"Wrote {output}: {sentence}", err=True)
    if not proposal.routes:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Adds `hedgerow map` to the command line."""
    app.command("map")(map_command)
