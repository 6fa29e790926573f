"""`hedgerow enforce` and `hedgerow watch`: switch a running gateway."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hedgerow.brain.folder import Folder, FolderError, read_words, write_words
from hedgerow.cli.exits import STATE, WRONG, State, asking, fail
from hedgerow.control import Control

Site = Annotated[str | None, typer.Argument(help="Name of one site; without it, all sites.")]


def remember(folder: Folder, mode: str, site: str | None) -> None:
    """Notes a mode, so that the next reload and the next start keep it. A word about all sites ends those about one."""
    modes = {} if site is None else read_words(folder.modes)
    modes[site or "*"] = mode
    write_words(folder.modes, modes)


def _switch(mode: str, site: str | None, folder: Folder) -> None:
    with folder.deciding_modes():
        # The edge first: if it does not know the site, nothing must be remembered.
        Control(folder.control).ask("mode", site=site, mode=mode)
        try:
            remember(folder, mode, site)
        except (FolderError, OSError) as e:
            fail(f"switched, but it will not last beyond the next reload: {e}", WRONG)
    if mode == "enforce":
        _warn_unmapped(folder, site)
    typer.echo(
        f"{site or 'all sites'}: "
        + (
            "enforcing; every verdict is carried out. Back with: hedgerow watch"
            if mode == "enforce"
            else "watching; verdicts are recorded and none is carried out. On with: hedgerow enforce"
        )
    )


def _warn_unmapped(folder: Folder, site: str | None) -> None:
    """Enforcing without a people map looks like protection and is none."""
    tables = json.loads(folder.policy.read_text(encoding="utf-8"))
    for table in tables["sites"]:
        if not table["routes"] and site in (None, table["name"]):
            typer.echo(f"hedgerow: no route of `{table['name']}` shows people yet; see `hedgerow map`", err=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""

    @app.command()
    def enforce(site: Site = None, state: State = STATE) -> None:
        """Carries verdicts out from now on: a running gateway is switched at once, and stays so after a restart.

        Examples:
            hedgerow enforce

            hedgerow enforce directory
        """
        with asking(state) as folder:
            _switch("enforce", site, folder)

    @app.command()
    def watch(site: Site = None, state: State = STATE) -> None:
        """Only records what would be done from now on: nothing is masked, challenged or refused.

        Examples:
            hedgerow watch
        """
        with asking(state) as folder:
            _switch("watch", site, folder)
