"""`hedgerow backtest`: what a policy would have done, against the one in force, before it is enforced."""

from __future__ import annotations

import copy
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from hedgerow.audit.comparing import compare, in_words
from hedgerow.audit.on_ledger import on_recorded
from hedgerow.audit.progress import Bar
from hedgerow.audit.recorded import compared, recorded_in_words, since, told
from hedgerow.audit.replaying import AuditError, Json, Wish, replayed
from hedgerow.brain.folder import Folder
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.policy import PolicyError, load_file, load_text

_KEPT = ("name", "hosts", "upstream", "fields", "routes", "account", "headers", "trusted_hops")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("backtest")(backtest_command)


def backtest_command(
    policy: Annotated[Path, typer.Argument(help="The policy to try, for example hedgerow.yaml.")],
    since_when: Annotated[
        str | None, typer.Option("--since", help="Recorded traffic of so long: 7d, 24h, 90m. [default: 7d]")
    ] = None,
    logs: Annotated[
        list[Path] | None,
        typer.Option("--log", help="An access log instead of recorded traffic; several may be given."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            help="The policy to compare with; absent = the one in force in the state directory, or the defaults.",
        ),
    ] = None,
    log_format: Annotated[str, typer.Option("--format", help="Format of the logs, as for `hedgerow audit`.")] = "auto",
    site: Annotated[
        str | None, typer.Option("--site", help="Name of the site; needed only when there are several.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help="Threads; 0 = one a core.", min=0, max=1024)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The comparison as one JSON document.")] = False,
    state: State = STATE,
) -> None:
    """Says what a policy would have done, against the one in force, on traffic that is past.

    Both policies decide about the same traffic in the time it came; the table shows both, the difference, and whom it
    concerns. Recorded traffic is the ledger's: it knows whom everybody was shown, sessions and accounts, and signals as
    they were seen then. A log has paths, and no cookies. Nothing is changed.

    Examples:
        hedgerow backtest stricter.yaml --since 7d

        hedgerow backtest stricter.yaml --log access.log --against hedgerow.yaml
    """
    now_s = int(time.time())
    if logs and since_when:
        raise typer.BadParameter("--since is for recorded traffic; a log is taken whole, so give --log alone")
    try:
        tried = Tried(policy, _one_site(policy, site), against, Folder(state))
        if logs:
            found = _on_logs(tried, tuple(logs), log_format, workers, now_s)
        else:
            found = _on_ledger(tried, since_when or "7d", now_s)
    except PolicyError as error:
        for line in error.report.lines():
            typer.echo(line, err=True)
        fail("the policy has mistakes; nothing was tried", WRONG)
    except (AuditError, ValueError) as error:
        fail(str(error), WRONG)
    except OSError as error:
        fail(f"{error.filename or policy}: {error.strerror or error}", WRONG)
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else _said(found))


@dataclass(frozen=True)
class Tried:
    """A policy to be tried, and where to find the one in force."""

    policy: Path
    site: str
    against: Path | None
    folder: Folder

    def tables(self) -> Json:
        """Those of the policy to be tried."""
        return load_file(self.policy).tables

    def in_force(self) -> tuple[str, Json]:
        """What is compared with, and its name."""
        if self.against is not None:
            return str(self.against), load_file(self.against).tables
        if self.folder.policy.exists():
            tables: Json = json.loads(self.folder.policy.read_text(encoding="utf-8"))
            if any(s["name"] == self.site for s in tables["sites"]):
                return "the policy in force", tables
        return "the defaults, with the same people map", _defaults(self.tables(), self.site)


def _defaults(tables: Json, site: str) -> Json:
    """A policy of the defaults, for the people of this site."""
    name = json.dumps(site)
    plain: Any = load_text(f"sites: [{{name: {name}, upstream: 'http://127.0.0.1:3000'}}]".encode()).tables
    mine = next(s for s in tables["sites"] if s["name"] == site)
    plain["sites"][0] |= {key: copy.deepcopy(mine[key]) for key in _KEPT}
    out: Json = plain
    return out


def _one_site(policy: Path, site: str | None) -> str:
    names = [s.text("name") for s in load_file(policy).sites]
    if site is None and len(names) == 1:
        return names[0]
    if site not in names:
        raise AuditError(f"say with --site which site is meant; {policy} has {', '.join(names)}")
    return site


def _on_logs(tried: Tried, logs: tuple[Path, ...], log_format: str, workers: int, now_s: int) -> Json:
    missing = next((f for f in logs if not f.is_file()), None)
    if missing is not None:
        raise AuditError(f"{missing} is no file")
    name, before = tried.in_force()
    wish = Wish(tuple(sorted(logs)), log_format, workers, tried.site, now_s=now_s)
    found = _both(before, tried.tables(), wish)
    return {"traffic": {"kind": "log", "files": [f.name for f in logs]}} | found | {"compared_with": name}


def _on_ledger(tried: Tried, since_when: str, now_s: int) -> Json:
    found = on_recorded(tried.tables(), tried.site, tried.folder.path, since_when, now_s)
    name = "as it was recorded"
    if tried.against is not None:
        name, before = tried.in_force()
        found = compared(on_recorded(before, tried.site, tried.folder.path, since_when, now_s), found)
    return found | {
        "traffic": {"kind": "recorded", "since": told(since(since_when, now_s))},
        "compared_with": name,
    }


def _both(before: Json, after: Json, wish: Wish) -> Json:
    replays = []
    for what, tables in (("In force", before), ("Tried", after)):
        bar = Bar(what)
        replays.append(replayed(tables, wish, bar))
        bar.done()
    summary = json.loads(replays[1].summary())
    return compare(replays[0], replays[1], int(summary["people"])) | {
        "lines": summary["lines"],
        "skipped_lines": sum(int(s["count"]) for s in summary["skipped"].values()),
    }


def _said(found: Json) -> str:
    traffic = found["traffic"]
    if traffic["kind"] == "recorded":
        head = f"Recorded since {traffic['since']}: {found['disclosures']:,} disclosures of {found['people']:,} people."
        return "\n".join([head, f"In force: {found['compared_with']}.", "", recorded_in_words(found)])
    head = f"{', '.join(traffic['files'])}: {found['lines']:,} lines, {found['skipped_lines']:,} of them unreadable."
    return "\n".join([head, f"In force: {found['compared_with']}.", "", in_words(found)])
