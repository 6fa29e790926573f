"""`hedgerow restart`: a new edge takes over without a lost connection."""

from __future__ import annotations

import os
import signal
import time

import typer

from hedgerow.brain.supervisor import ANSWER_S, supervisor_process
from hedgerow.cli.exits import STATE, UNREACHABLE, WRONG, State, asking, fail


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def restart(state: State = STATE) -> None:
        """Starts a new edge, waits until it answers, and lets the old one finish.

        Use it after an upgrade, or when `listen`, `workers` or `memory_mib` of the policy have changed: no visitor is
        cut off. The rest of a policy needs no restart.

        Examples:
            hedgerow restart
        """
        with asking(state) as folder:
            pid = supervisor_process(folder)
            if pid is None:
                fail(f"no gateway is running with the state directory {state}", UNREACHABLE)
            before = _target(folder.control)
            os.kill(pid, signal.SIGUSR2)
            until = time.monotonic() + ANSWER_S + 5
            while time.monotonic() < until:
                if _target(folder.control) not in (None, before):
                    typer.echo("a new edge serves; the old one finishes what it has begun")
                    return
                time.sleep(0.05)
            fail(
                "the new edge did not answer in time; the old one goes on serving (see the gateway's own output)", WRONG
            )


def _target(link: os.PathLike[str]) -> str | None:
    try:
        return os.readlink(link)  # noqa: PTH115 - the name itself is compared
    except OSError:
        return None
