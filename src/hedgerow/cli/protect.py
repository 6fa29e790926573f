"""`hedgerow protect`: puts a gateway in front of a site."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.brain.folder import Folder, FolderError
from hedgerow.brain.supervisor import LAST_S, EdgeSettings, StartError, Supervisor, drain_s, supervisor_process
from hedgerow.brain.tables import Overrides, TablesError, compile_tables, write_tables
from hedgerow.cli.exits import NOT_STARTED, STATE, State, fail
from hedgerow.cli.modes import remember
from hedgerow.control import Control
from hedgerow.edge import wrong_drill_addresses
from hedgerow.policy import Compiled, PolicyError, load_file, policy_for, write_whole
from hedgerow.policy.meaning import doubts
from hedgerow.policy.words import wrong_listen, wrong_token, wrong_upstream
from hedgerow.secret import VARIABLE


@dataclass(frozen=True)
class Wish:
    """What the command line asked for."""

    url: str | None
    listen: tuple[str, ...]
    config: Path | None
    mode: str | None
    state: Path
    workers: int | None
    drill_clock: str | None
    allow_unmapped: bool
    console: bool = True
    console_listen: str | None = None


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def protect(
        url: Annotated[str | None, typer.Argument(help="Address of your site, as the gateway reaches it.")] = None,
        listen: Annotated[
            list[str] | None,
            typer.Option(
                "--listen", help="Where visitors arrive, with the policy's tls and proxy_protocol; may be repeated."
            ),
        ] = None,
        config: Annotated[Path | None, typer.Option("--config", "-c", help="The policy, a YAML file.")] = None,
        enforce: Annotated[
            bool | None, typer.Option("--enforce/--watch", help="Carry verdicts out, or only record them.")
        ] = None,
        state: State = STATE,
        workers: Annotated[int | None, typer.Option("--workers", min=1, max=1024, help="Threads of the edge.")] = None,
        drill_clock: Annotated[
            str | None,
            typer.Option(
                "--drill-clock", metavar="HEADER", help="Take the clock from this request header; loopback only."
            ),
        ] = None,
        secret: Annotated[
            Path | None,
            typer.Option(
                "--secret",
                envvar=VARIABLE,
                help="File of the secret, outside of the state; absent = systemd's credential, or in the state.",
            ),
        ] = None,
        allow_unmapped: Annotated[
            bool, typer.Option("--allow-unmapped", help="Enforce although no route shows people yet.")
        ] = False,
        console: Annotated[
            bool,
            typer.Option("--console/--no-console", help="Serve the console too, for those who answer for the site."),
        ] = True,
        console_listen: Annotated[
            str | None, typer.Option("--console-listen", metavar="ADDRESS", help="Where the console is.")
        ] = None,
    ) -> None:
        """Puts a gateway in front of a site. It stays in the foreground; Ctrl-C drains and ends it.

        With a URL and nothing else it watches: it finds where people are, counts, and stops nobody. The policy it
        found is written to hedgerow.yaml in the state directory, for you to edit; changes are taken up by themselves.

        Examples:
            hedgerow protect http://127.0.0.1:3000

            hedgerow protect http://127.0.0.1:3000 --listen 127.0.0.1:8700 --enforce --config hedgerow.yaml

            hedgerow protect --config hedgerow.yaml
        """
        mode = None if enforce is None else "enforce" if enforce else "watch"
        wish = Wish(
            url, tuple(listen or ()), config, mode, state, workers, drill_clock, allow_unmapped, console, console_listen
        )
        _wrong_words(wish)
        if secret is not None:
            # For the children too, whatever folder they are started in.
            os.environ[VARIABLE] = str(secret.absolute())
        try:
            _protect(wish)
        except PolicyError as e:
            for line in e.report.lines():
                typer.echo(line, err=True)
            fail("the policy has mistakes; the gateway was not started", NOT_STARTED)
        except (FolderError, TablesError, StartError) as e:
            fail(str(e), NOT_STARTED)
        except OSError as e:
            fail(f"{e.filename or 'the gateway'}: {e.strerror or e}; the gateway was not started", NOT_STARTED)


def _wrong_words(wish: Wish) -> None:
    if wish.url is None and wish.config is None:
        raise typer.BadParameter("name your site's address, as in http://127.0.0.1:3000, or a policy with --config")
    wrong = wrong_upstream(wish.url) if wish.url else None
    wrong = wrong or next((w for a in wish.listen if (w := wrong_listen(a))), None)
    wrong = wrong or (wrong_listen(wish.console_listen) if wish.console_listen else None)
    wrong = wrong or (wrong_token(wish.drill_clock) if wish.drill_clock else None)
    if wrong:
        raise typer.BadParameter(wrong)


def _protect(wish: Wish) -> None:
    folder = Folder(wish.state)
    folder.prepare()
    running = supervisor_process(folder)
    if running is not None:
        raise StartError(
            f"a gateway already runs with {folder.path} (process {running}); "
            "`hedgerow restart` renews it, --state names another directory"
        )
    _drain_orphan(folder)
    config, fresh = _config(wish, folder)
    if wish.mode:
        remember(folder, wish.mode, None)
    overrides = Overrides(wish.url if wish.config else None)
    compiled = _listening(wish, compile_tables(config, folder, overrides))
    _check_drill(wish, compiled)
    _check_mapped(wish, compiled)
    write_tables(folder, compiled)
    unmapped = not any(site.view("people").items("routes").values for site in compiled.sites)
    discover = wish.url if wish.url and not wish.config and (fresh or unmapped) else None
    write_whole(
        folder.brain_settings,
        json.dumps(
            {
                "state": str(folder.path.absolute()),
                "config": str(config.absolute()),
                "upstream": overrides.upstream,
                "discover": discover,
                "supervisor": os.getpid(),
            }
        ),
    )
    supervisor = Supervisor(
        folder,
        _edge_settings(wish, compiled),
        _say,
        lambda sentence: _say(f"hedgerow: {sentence}", err=True),
        renew=lambda: _renewed(wish, config, folder, overrides),
        console_command=_console(wish, folder, config, compiled),
    )
    supervisor.start()
    _greet(compiled, config, discover)
    supervisor.run()


def _console(wish: Wish, folder: Folder, config: Path, compiled: Compiled) -> list[str] | None:
    if not wish.console or not compiled.view.view("console").flag("enabled"):
        return None
    listen = ["--listen", wish.console_listen] if wish.console_listen else []
    return [
        *(sys.executable, "-m", "hedgerow.console"),
        *("--state", str(folder.path.absolute()), "--config", str(config.absolute())),
        *("--supervisor", str(os.getpid())),
        *listen,
    ]


def _edge_settings(wish: Wish, compiled: Compiled) -> EdgeSettings:
    return EdgeSettings(
        compiled.listen,
        wish.workers or compiled.workers,
        compiled.memory_bytes,
        wish.drill_clock and wish.drill_clock.lower(),
    )


def _renewed(wish: Wish, config: Path, folder: Folder, overrides: Overrides) -> EdgeSettings:
    """Settings of the edge that takes over: the policy as it is now, and the command line as it was.

    Raises:
        StartError: the policy cannot be taken.
    """
    try:
        compiled = _listening(wish, compile_tables(config, folder, overrides))
        _check_drill(wish, compiled)
        # The edge reads the tables when it starts; the brain may not have come to it yet. If it cannot start with
        # them, the hand-over puts the former ones back.
        write_tables(folder, compiled)
    except PolicyError as e:
        raise StartError("the policy has mistakes: " + " ".join(e.report.lines())) from e
    except (FolderError, TablesError, OSError) as e:
        raise StartError(str(e)) from e
    return _edge_settings(wish, compiled)


def _listening(wish: Wish, compiled: Compiled) -> Compiled:
    """Addresses of the command line count more than those of the file; how they are spoken to is the file's.

    Raises:
        StartError: the file's listeners are not all alike, so nobody can tell which of them an address is.
    """
    if not wish.listen:
        return compiled
    first = compiled.listen[0]
    if len({(item.tls, item.proxy_protocol) for item in compiled.listen}) > 1:
        marked = next(item for item in compiled.listen if item.tls or item.proxy_protocol)
        words = " and ".join(w for w, on in (("tls", marked.tls), ("proxy_protocol", marked.proxy_protocol)) if on)
        raise StartError(
            f"--listen names addresses only, and the {len(compiled.listen)} listeners of the policy are not alike: "
            f"{marked.address} has {words}, and not all have; leave --listen out and write the addresses under "
            "`listen:`, or leave one listener there, which every address of --listen is then like"
        )
    return replace(compiled, listen=tuple(replace(first, address=a) for a in wish.listen))


def _say(sentence: str, *, err: bool = False) -> None:
    """Says something, if anybody still listens: a closed terminal must not keep the gateway from draining."""
    with contextlib.suppress(OSError):
        typer.echo(sentence, err=err)


def _drain_orphan(folder: Folder) -> None:
    """An edge whose supervisor was killed goes on serving; two edges must not write one ledger."""
    control = Control(folder.control)
    if not control.answers():
        return
    typer.echo("hedgerow: an edge without supervisor still serves; draining it first", err=True)
    control.ask("drain")
    patience_s = drain_s(folder) + LAST_S
    until = time.monotonic() + patience_s
    while control.answers():
        if time.monotonic() > until:
            raise StartError(f"the old edge did not drain within {patience_s:g} s; end its process, then start again")
        time.sleep(0.05)


def _config(wish: Wish, folder: Folder) -> tuple[Path, bool]:
    """The policy file in force, and whether it was made just now."""
    if wish.config:
        return wish.config, False
    own = folder.own_policy
    text = policy_for(wish.url or "")
    if own.exists():
        if any(site.view("upstream").text("url") == wish.url for site in load_file(own).sites):
            return own, False
        raise StartError(
            f"{own} is the policy of another site; name another --state, or use it with --config {own}, or delete it"
        )
    write_whole(own, text)
    return own, True


def _check_drill(wish: Wish, compiled: Compiled) -> None:
    if wish.drill_clock:
        wrong = wrong_drill_addresses([a.address for a in compiled.listen], compiled.upstream_hosts())
        if wrong:
            raise StartError(wrong)


def _check_mapped(wish: Wish, compiled: Compiled) -> None:
    """Enforcing without a people map would look like protection and be none."""
    tables = compiled.tables["sites"]
    for site in tables if isinstance(tables, list) else []:
        if site["mode"] == "enforce" and not site["routes"] and not wish.allow_unmapped:
            raise StartError(
                f"no route of the site `{site['name']}` shows people, so enforcing would protect nobody; "
                "`hedgerow map` proposes routes, or start with --watch, or insist with --allow-unmapped"
            )


def _greet(compiled: Compiled, config: Path, discover: str | None) -> None:
    for listen in compiled.listen:
        behind = ", behind a proxy that speaks the PROXY protocol" if listen.proxy_protocol else ""
        typer.echo(f"listening on {'https' if listen.tls else 'http'}://{listen.address}{behind}")
    tables = compiled.tables["sites"]
    for site in tables if isinstance(tables, list) else []:
        upstream = site["upstream"]
        enforced = (
            "enforce: verdicts are carried out" if site["mode"] == "enforce" else "watch: verdicts are only recorded"
        )
        typer.echo(
            f"{site['title']} at {upstream['scheme']}://{upstream['host']}:{upstream['port']}, "
            f"{len(site['routes'])} routes of people, {enforced}"
        )
    typer.echo(f"policy: {config}; changes are taken up by themselves")
    if discover:
        typer.echo(f"looking for people on {discover} in the background; what is found is written there")
    found = doubts(compiled)
    if found:
        typer.echo(
            f"{len(found)} doubtful thing{'s' if len(found) != 1 else ''} in the policy: hedgerow check {config}"
        )
