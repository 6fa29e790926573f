"""`hedgerow self-test`: whether the addresses that are recorded are the visitors' own."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urljoin

import httpx2
import typer

from hedgerow.cli.exits import STATE, UNREACHABLE, WRONG, State, asking, fail
from hedgerow.control import Control
from hedgerow.secret import SecretError, read_secret

_LONGEST = 65_536
_WORDS = ("site", "address", "source", "explanation", "recorded_as")


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("self-test")
    def self_test(
        url: Annotated[str, typer.Argument(help="The address visitors use, through every proxy in between.")],
        known: Annotated[str, typer.Option("--known", help="The address this machine has towards that door.")],
        state: State = STATE,
    ) -> None:
        """Compares the address that is recorded for a visit with the one that is known.

        Sends one request through the public door and asks the gateway what it would record for it. A regulator fined a
        company whose records held its own proxy's address; run this after every change of the proxies in between.

        Examples:
            hedgerow self-test https://members.example.org --known 198.51.100.7
        """
        try:
            expected = ip_address(known)
        except ValueError:
            raise typer.BadParameter(f"`{known}` is not an address") from None
        with asking(state) as folder:
            path = str(Control(folder.control).ask("self_test")["path"])
            try:
                secret = read_secret(folder.path)
            except SecretError as e:
                fail(str(e), WRONG)
        try:
            answer = httpx2.get(urljoin(url, path), timeout=15.0, follow_redirects=False)
            told = _result(json.loads(answer.text[:_LONGEST]))
        except httpx2.HTTPError as e:
            fail(f"{url} does not answer: {e}", UNREACHABLE)
        except ValueError:
            fail(
                f"{url} answered {answer.status_code} and not with the test's result: another server, or a cache in "
                "between, answers there",
                UNREACHABLE,
            )
        from hedgerow import _engine

        recorded = _engine.address_name(secret, told["site"], str(expected))
        typer.echo(f"known:    {expected}")
        typer.echo(f"recorded: {told['address']} ({told['source']})")
        typer.echo(told["explanation"])
        if recorded != told["recorded_as"]:
            fail("what is recorded is not the visitor's address: set `trusted_hops` to the proxies in between", WRONG)
        typer.echo("what is recorded is the visitor's own address")


def _result(told: object) -> dict[str, str]:
    """The gateway's answer. Raises ValueError when it is another JSON document, such as a front's error."""
    if not isinstance(told, dict) or not all(isinstance(told.get(word), str) for word in _WORDS):
        raise ValueError("not the test's result")
    return {word: told[word] for word in _WORDS}
