"""`hedgerow audit` and `hedgerow backtest`."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.audit.auditing import Asked, Outcome, audit
from hedgerow.audit.backtesting import register as register_backtest
from hedgerow.audit.replaying import AuditError
from hedgerow.audit.report import headline, lead
from hedgerow.cli.exits import WRONG, fail
from hedgerow.policy import PolicyError


class Engine(StrEnum):
    """Where the replay runs."""

    local = "local"
    spark = "spark"


def register(app: typer.Typer) -> None:
    """Adds `hedgerow audit` and `hedgerow backtest`."""
    app.command("audit")(audit_command)
    register_backtest(app)


def audit_command(
    logs: Annotated[
        list[Path],
        typer.Argument(help="Access logs, also .gz, .bz2 and .zst, in any order and however they were split."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the report.")] = Path("hedgerow-audit"),
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map",
            "--config",
            "-c",
            help="A policy with your people map; without it the routes that show people are learnt from the log.",
        ),
    ] = None,
    log_format: Annotated[
        str,
        typer.Option(
            "--format",
            help="auto, common, combined, nginx, nginx:LOG_FORMAT, apache:LOG_FORMAT, caddy, traefik, alb, cloudfront "
            "or iis. `auto` looks at every line, so a log may hold several.",
        ),
    ] = "auto",
    site_name: Annotated[
        str | None,
        typer.Option("--site-name", help="Name of the site: one of the policy's, or what the report calls it."),
    ] = None,
    members: Annotated[
        int, typer.Option("--members", help="How many people the site has; 0 = as many as the log shows.", min=0)
    ] = 0,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Also write a ledger into the folder, for `hedgerow ledger ... --state`.")
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", help="Threads, or Spark's cores; 0 = one a core.", min=0, max=1024)
    ] = 0,
    engine: Annotated[
        Engine, typer.Option("--engine", help="This machine, or an Apache Spark cluster, which writes no --ledger.")
    ] = Engine.local,
    as_json: Annotated[bool, typer.Option("--json", help="Print report.json on standard output.")] = False,
) -> None:
    """Says from access logs whether a site has been harvested: whom, by how many, when, how; installs nothing.

    Finds the routes that show people, puts every line through the engine of the gateway in the time of the log, and
    writes report.html (one file, for everybody), report.json (the same numbers) and proposed-policy.yaml (the routes as
    learnt, for you to correct and to give back with --map). The order of the files, how the log was split and the
    number of workers change nothing.

    Ends with 1 when no line could be read, or no address in the log names people; the report says what to do then.

    Examples:
        hedgerow audit /var/log/nginx/access.log*

        hedgerow audit access.log --map hedgerow.yaml --members 5000 --out audit-may

        hedgerow audit access.log --format 'apache:%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'

        hedgerow audit access.log --ledger && hedgerow ledger person 42 --state hedgerow-audit
    """
    asked = Asked(
        files=tuple(logs),
        out=out,
        map_file=map_file,
        log_format=log_format,
        site_name=site_name,
        members=members,
        ledger=ledger,
        workers=workers,
        engine=engine.value,
        now_s=int(time.time()),
    )
    try:
        outcome = audit(asked)
    except PolicyError as error:
        for line in error.report.lines():
            typer.echo(line, err=True)
        fail("the policy has mistakes; nothing was audited", WRONG)
    except AuditError as error:
        fail(str(error), WRONG)
    except OSError as error:
        fail(f"{error.filename or out}: {error.strerror or error}", WRONG)
    if as_json:
        typer.echo(json.dumps(outcome.report, indent=2, ensure_ascii=False))
    else:
        typer.echo(in_words(outcome))
    if not outcome.report["log"]["read"] or not outcome.report["people"]["seen"]:
        raise typer.Exit(WRONG)


def in_words(outcome: Outcome) -> str:
    """What the terminal says in the end."""
    report = outcome.report
    lines = [headline(report), "", lead(report), ""]
    lines += [
        f"  {h['name']}: {h['people']:,} people by {h['actors']:,} {'actor' if h['actors'] == 1 else 'actors'}, "
        f"{h['first'][:16]} to {h['last'][:16]}"
        for h in report["harvests"][:5]
    ]
    if report["harvests"]:
        lines.append("")
    first = report["next"][0]
    lines += [f"First: {first['what']}. {first['why']}"]
    if first["command"]:
        lines.append(f"  {first['command']}")
    lines += ["", *(f"{what}: {path}" for what, path in outcome.written)]
    return "\n".join(lines)
