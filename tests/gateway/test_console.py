"""The console beside the gateway: it is announced, answers, and its death is nobody's trouble."""

from __future__ import annotations

import os
import re
import signal
import urllib.error
import urllib.request
from pathlib import Path

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, free_port, until
from tests.gateway.site import Site


def first_page(port: int) -> int | None:
    """Status of the console's first page for somebody who is not signed in; none when nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as e:
        return e.code
    except urllib.error.URLError:
        return None


def console_pid(gateway: Gateway) -> int | None:
    """Process number of the gateway's console."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"hedgerow.console" in words and str(gateway.process.pid).encode() in words:
            return int(folder.name)
    return None


def test_protect_says_where_the_console_is_and_how_its_first_owner_is_made(site: Site, gateway: StartGateway) -> None:
    port = free_port()
    running = gateway(policy(site.url), console=f"127.0.0.1:{port}")
    assert running.said.wait_for("first start: make the owner's account")
    assert f"console: http://127.0.0.1:{port}/" in running.said.text
    link = re.search(r"http://\S+/set-up/\S{40,}", running.said.text)
    assert link
    assert first_page(port) is not None
    # The link is a secret: what is kept of it is its hash.
    token = link[0].rpartition("/")[2].encode()
    for file in running.state.rglob("*"):
        if file.is_file():
            assert token not in file.read_bytes(), file


def test_visitors_notice_nothing_when_the_console_dies_and_it_comes_back(site: Site, gateway: StartGateway) -> None:
    port = free_port()
    running = gateway(policy(site.url), console=f"127.0.0.1:{port}")
    assert running.said.wait_for("console: http://")
    first = console_pid(running)
    assert first
    os.kill(first, signal.SIGKILL)
    assert running.get("/").status == 200
    until(lambda: console_pid(running) not in (None, first), "the console is back")
    until(lambda: first_page(port) is not None, "it answers")
    assert "the console ended (signal 9); visitors are served as before" in running.said.text
    running.stop()
    assert console_pid(running) is None
    assert first_page(port) is None
