"""`hedgerow protect URL` and nothing else, from its first line to Ctrl-C; and the self-test through its doors."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from hedgerow.cli import app
from hedgerow.policy import load_file
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy, towns
from tests.gateway.running import MODULE, Gateway, begun, free_port, people_in, until
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import Wire

FRONT: Final = "<!doctype html><title>Club</title><h1>Club</h1><a href='/members'>Members</a><a href='/about'>About</a>"


@contextmanager
def protect(state: Path, *words: str) -> Iterator[Gateway]:
    """`hedgerow protect …` in a terminal of its own, whose Ctrl-C reaches every process of it."""
    port = free_port()
    command = [*MODULE, "protect", *words, "--listen", f"127.0.0.1:{port}", "--state", str(state), "--no-console"]
    process, said = begun(command, own_terminal=True)
    running = Gateway(process, state, state / "hedgerow.yaml", port, said, {})
    try:
        assert said.wait_for("changes are taken up by themselves"), said.text
        yield running
    finally:
        running.kill()


def do(running: Gateway, *words: str) -> Result:
    """A command of the operator in another terminal."""
    return CliRunner().invoke(app, [*words, "--state", str(running.state)])


def test_a_site_without_any_configuration_is_watched_mapped_switched_and_left_alone(site: Site, state: Path) -> None:
    site.page("/", FRONT)
    site.page("/about", "<!doctype html><title>About</title><p>We row.</p>")
    site.page("/robots.txt", "", "text/plain")
    with protect(state / "s", site.url) as running:
        assert f"listening on http://127.0.0.1:{running.port}" in running.said.text
        assert "watch: verdicts are only recorded" in running.said.text
        assert f"looking for people on {site.url}" in running.said.text
        # From the first moment it passes everything on, as it is.
        with Wire(("127.0.0.1", site.port)) as direct:
            bare = direct.ask("/members/7")
        got = running.get("/members/7")
        assert (got.status, got.body) == (200, bare.body)

        assert running.said.wait_for("people map proposed")
        (found,) = load_file(running.config).sites
        routes = {r.text("path"): r.text("kind") for r in found.view("people").items("routes").views()}
        assert (routes["/members/{person}"], routes["/members"]) == ("profile", "list")
        name = found.text("name")

        def disclosed() -> set[str]:
            running.get("/members/7")
            return people_in(running.ledger(name))

        until(lambda: disclosed() == {"7"}, "the map to be in force")
        assert do(running, "status", "--once").exit_code == 0
        status = do(running, "status", "--json")
        assert f'"{name}"' in status.stdout
        assert '"mode": "watch"' in status.stdout

        browser = running.visitor()
        assert "mail7x@" in browser.get("/members/7").text, "watching hides nothing"
        switched = do(running, "enforce")
        assert switched.exit_code == 0, switched.stderr
        hidden = browser.get("/members/8").text
        assert "mail8x@" not in hidden
        assert "/.hedgerow/reveal" in hidden
        assert towns(hidden) == {8}
        assert '"mode": "enforce"' in do(running, "status", "--json").stdout
        assert do(running, "watch").exit_code == 0
        assert browser.get("/members/9").body == got.body.replace(b"7x", b"9x")

        os.killpg(running.process.pid, signal.SIGINT)
        assert running.process.wait(40) == 0, running.said.text
    assert "Traceback" not in running.said.text
    assert do(running, "status").exit_code == 3


@pytest.fixture(scope="module")
def behind_a_proxy(module_site: Site, module_gateway: StartGateway) -> Gateway:
    """A gateway that believes a hop at 127.0.0.9, and a door before it as an operator has one."""
    return module_gateway(policy(module_site.url, {"trusted_hops": ["127.0.0.9"]}), enforce=True)


@contextmanager
def door(running: Gateway, source: str) -> Iterator[str]:
    """A small reverse proxy at an address of its own, which tells who came. Gives its URL."""
    front = Site()

    def pass_on(exchange: Exchange) -> None:
        with Wire(running.address, source=source) as wire:
            got = wire.ask(exchange.target, {"X-Forwarded-For": "127.0.0.1"})
        exchange.answer(got.body, got.status, got.header("content-type"))

    front.on("/*", pass_on)
    try:
        yield front.url
    finally:
        front.close()


def test_the_self_test_says_that_a_visit_is_recorded_under_the_visitors_own_address(behind_a_proxy: Gateway) -> None:
    direct = f"http://127.0.0.1:{behind_a_proxy.port}"
    good = do(behind_a_proxy, "self-test", direct, "--known", "127.0.0.1")
    assert good.exit_code == 0, good.stderr
    assert "recorded: 127.0.0.1 (connection)" in good.stdout
    assert "the visitor's own address" in good.stdout
    with door(behind_a_proxy, "127.0.0.9") as url:
        through = do(behind_a_proxy, "self-test", url, "--known", "127.0.0.1")
    assert through.exit_code == 0, through.stderr
    assert "x_forwarded_for" in through.stdout


def test_the_self_test_finds_a_proxy_that_was_forgotten(behind_a_proxy: Gateway) -> None:
    with door(behind_a_proxy, "127.0.0.8") as url:
        found = do(behind_a_proxy, "self-test", url, "--known", "127.0.0.1")
    assert found.exit_code == 1
    assert "recorded: 127.0.0.8" in found.stdout
    assert "trusted_hops" in found.stderr


def test_the_self_test_says_when_somebody_else_answers(behind_a_proxy: Gateway, module_site: Site) -> None:
    other = do(behind_a_proxy, "self-test", module_site.url, "--known", "127.0.0.1")
    assert other.exit_code == 3
    assert "not with the test's result" in other.stderr
    nobody = do(behind_a_proxy, "self-test", f"http://127.0.0.1:{free_port()}", "--known", "127.0.0.1")
    assert nobody.exit_code == 3
    assert "does not answer" in nobody.stderr
    assert do(behind_a_proxy, "self-test", module_site.url, "--known", "somewhere").exit_code == 2


def test_the_address_of_a_self_test_works_once_and_for_nobody_who_was_not_asked(behind_a_proxy: Gateway) -> None:
    path = str(behind_a_proxy.control().ask("self_test")["path"])
    assert behind_a_proxy.get(path).status == 200
    assert behind_a_proxy.get(path).status == 404
    assert behind_a_proxy.get("/.hedgerow/address?t=0123456789abcdef").status == 404
