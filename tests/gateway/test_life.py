"""The life of a gateway: starts that must fail, drains, hand-overs under load."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy, tight, towns, write
from tests.gateway.running import Gateway, free_port, people_in, serves, until
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import BROWSER, CutError, Wire, request


@pytest.mark.parametrize(
    ("listen", "upstream"),
    [("0.0.0.0", None), ("127.0.0.1", "http://192.0.2.1:80"), ("127.0.0.1", "http://site.example:80")],
)
def test_the_drill_clock_is_refused_anywhere_but_on_loopback(
    site: Site, gateway: StartGateway, listen: str, upstream: str | None
) -> None:
    running = gateway(
        policy(upstream or site.url),
        "--drill-clock",
        "drill-time",
        listen=[{"address": f"{listen}:{free_port()}"}],
        expect_start=False,
    )
    assert running.process.wait(20) == 4
    assert "drill-clock" in running.said.text


def test_a_drill_clock_cannot_be_had_by_a_later_edit(site: Site, gateway: StartGateway) -> None:
    """An edit must not put a site elsewhere behind a clock that visitors set."""
    running = gateway(policy(site.url), "--drill-clock", "drill-time", enforce=False)
    running.rewrite(policy("http://192.0.2.1:80"))
    assert running.said.wait_for("the drill clock works with loopback upstreams only"), running.said.text
    assert "192.0.2.1" not in (running.state / "policy.json").read_text(), "an edge that is started again reads this"
    assert running.get("/still-the-old-site").status == 200


def test_a_port_that_is_taken_by_another_program_is_a_clear_error(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), listen=[{"address": f"127.0.0.1:{site.port}"}], expect_start=False)
    assert running.process.wait(60) == 4
    assert str(site.port) in running.said.text


def test_a_second_gateway_on_the_same_state_is_refused(site: Site, gateway: StartGateway) -> None:
    first = gateway(policy(site.url))
    second = gateway(policy(site.url), state=first.state, expect_start=False)
    assert second.process.wait(20) == 4
    assert "already runs" in second.said.text
    assert first.get("/").status == 200


def test_sigterm_lets_answers_finish_and_takes_no_new_ones(site: Site, gateway: StartGateway) -> None:
    entered, release = threading.Event(), threading.Event()

    def slow(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nfirst")
        entered.set()
        assert release.wait(20)
        exchange.send(b"-rest")

    site.on("/slow", slow)
    running = gateway(policy(site.url), enforce=False)
    with running.wire() as wire, running.wire() as idle:
        assert idle.ask("/idle").status == 200
        wire.send(request("/slow"))
        assert entered.wait(10)
        running.process.send_signal(signal.SIGTERM)

        until(lambda: not running.serves(), "a closed listener")
        assert idle.closed()
        assert running.process.poll() is None
        release.set()
        got = wire.answer()
        assert (got.body, got.complete) == (b"first-rest", True)
    assert running.process.wait(40) == 0


def test_ctrl_c_ends_it_and_leaves_nothing_behind(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url))
    edge = running.edge_pid()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(40) == 0
    assert not (running.state / "control.sock").exists()
    assert not Path(f"/proc/{edge}").exists()


class Load:
    """Visitors that read one page after another until told to stop; every failure is kept."""

    def __init__(self, running: Gateway, threads: int, *, keep: bool) -> None:
        self.running = running
        self.keep = keep
        self.failures: list[str] = []
        self.done = 0
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._read, args=(n,)) for n in range(threads)]

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def _read(self, number: int) -> None:
        count = 0
        wire: Wire | None = None
        while not self.over.is_set():
            count += 1
            person = number * 10_000 + count
            try:
                fresh = wire is None
                wire = wire or self.running.wire()
                try:
                    got = wire.ask(f"/members/{person}", BROWSER)
                except (CutError, OSError):
                    if fresh:
                        raise
                    # An idle kept connection may end at any time; a browser then opens another.
                    wire.close()
                    wire = self.running.wire()
                    got = wire.ask(f"/members/{person}", BROWSER)
                assert got.status == 200
                assert got.complete
                assert f"Name{person}x" in got.text
                if not self.keep or got.header("connection") == "close":
                    wire.close()
                    wire = None
                with self.lock:
                    self.done += 1
            except (CutError, OSError, ValueError, AssertionError) as e:
                with self.lock:
                    self.failures.append(f"{person}: {e!r}")
                wire = None
        if wire:
            wire.close()

    def wait_for(self, more: int) -> None:
        """Waits until so many more requests were answered."""
        goal = self.done + more
        until(lambda: self.done >= goal or bool(self.failures), f"{more} more answers", 60)


@pytest.mark.slow
@pytest.mark.parametrize("keep", [False, True], ids=["a connection a request", "kept connections"])
def test_a_restart_under_load_fails_no_request(site: Site, gateway: StartGateway, keep: bool) -> None:
    running = gateway(policy(site.url), enforce=False)
    before = running.edge_pid()
    with Load(running, 4, keep=keep) as load:
        for _ in range(2):
            load.wait_for(100)
            done = running.command("restart")
            assert done.returncode == 0, done.stderr + running.said.text
            load.wait_for(100)
    assert load.failures == []
    assert load.done >= 400
    assert running.edge_pid() != before
    until(lambda: not Path(f"/proc/{before}").exists(), "the end of the first edge", 60)


def test_a_restart_keeps_every_budget(site: Site, gateway: StartGateway) -> None:

    running = gateway(tight(site.url), enforce=True)
    assert towns(running.get("/members", BROWSER).text) == {1, 2, 3, 4}
    assert running.command("restart").returncode == 0
    assert towns(running.get("/members?from=3", BROWSER).text) == {3, 4}


def test_an_answer_that_is_under_way_survives_a_restart(site: Site, gateway: StartGateway) -> None:
    entered, release = threading.Event(), threading.Event()

    def slow(exchange: Exchange) -> None:
        entered.set()
        assert release.wait(30)
        exchange.answer("late but whole", kind="text/plain")

    site.on("/slow", slow)
    running = gateway(policy(site.url, {"upstream": {"url": site.url, "answer_timeout_s": 30}}), enforce=False)
    with running.wire() as wire:
        wire.send(request("/slow"))
        assert entered.wait(10)
        assert running.command("restart").returncode == 0
        release.set()
        assert wire.answer().text == "late but whole"


def test_a_killed_brain_costs_visitors_nothing(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), enforce=False)
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    edge = running.edge_pid()
    brains = [int(c) for c in children if int(c) != edge]
    assert len(brains) == 1
    os.kill(brains[0], signal.SIGKILL)
    assert running.get("/members/1", BROWSER).status == 200
    assert running.said.wait_for("the brain ended")
    assert people_in(running.ledger()) == {"1"}


def test_a_restart_takes_up_changed_listeners_and_loses_nobody(site: Site, gateway: StartGateway) -> None:
    first, second, third = (free_port() for _ in range(3))
    listen = [{"address": f"127.0.0.1:{port}"} for port in (first, second)]
    running = gateway(policy(site.url), listen=listen, enforce=False, port=first)
    with Wire(("127.0.0.1", second)) as kept:
        assert kept.ask("/before").status == 200
        changed = [{"address": f"127.0.0.1:{port}"} for port in (first, third)]
        write(running.config, {**policy(site.url), "listen": changed})
        with Load(running, 4, keep=False) as load:
            told = running.command("restart")
            assert told.returncode == 0, told.stderr
        assert load.failures == []
        for port in (first, third):
            with Wire(("127.0.0.1", port)) as wire:
                assert wire.ask("/after").status == 200

        until(lambda: not serves(("127.0.0.1", second)), "the old edge to close the address that is gone")
    assert f"now listening on 127.0.0.1:{third}" in running.said.text
    assert f"no longer listening on 127.0.0.1:{second}" in running.said.text


@pytest.mark.parametrize("mistake", ["taken", "policy", "refused"])
def test_a_restart_that_cannot_be_leaves_the_old_edge_serving(site: Site, gateway: StartGateway, mistake: str) -> None:
    running = gateway(policy(site.url), enforce=False)
    before = running.edge_pid()
    if mistake == "taken":
        write(running.config, {**policy(site.url), "listen": [{"address": f"127.0.0.1:{site.port}"}]})
    elif mistake == "policy":
        running.config.write_text("sites: [")
    else:
        upstream = {"url": "https://127.0.0.1:9", "ca_file": str(running.state / "no-such.pem")}
        running.rewrite(policy(site.url, {"upstream": upstream}))
    os.kill(running.process.pid, signal.SIGUSR2)
    assert running.said.wait_for(
        "the old edge goes on serving" if mistake == "policy" else "the old one goes on serving"
    )
    assert running.edge_pid() == before
    assert running.get("/still").status == 200
    if mistake == "refused":
        running.crash()
        assert running.get("/again").status == 200
        before = running.edge_pid()
    write(running.config, {**policy(site.url), "listen": running.policy["listen"]})
    assert running.command("restart").returncode == 0
    assert running.edge_pid() != before


def test_a_drill_clock_does_not_run_backwards_behind_the_ledger_after_a_restart(
    site: Site, gateway: StartGateway
) -> None:
    """Budgets would be counted again in hours that are over, and the ledger's times would leap back."""
    running = gateway(policy(site.url), "--drill-clock", "drill-time", enforce=False)
    later_s = int(time.time()) + 5 * 86_400

    def shown_at_s(person: int, at_s: int) -> int:
        assert running.get(f"/members/{person}", {**BROWSER, "drill-time": str(at_s)}).status == 200
        found = [e for e in running.ledger() if person in map(int, people_in([e]))]
        return int(str(found[0]["t"])) // 1000

    assert shown_at_s(1, later_s) == later_s
    running.crash()
    assert shown_at_s(2, later_s - 4 * 86_400) == later_s
    assert shown_at_s(3, later_s + 60) == later_s + 60


TLS_AND_PROXY = {"tls": True, "proxy_protocol": True}


def test_an_address_of_the_command_line_keeps_how_the_files_one_listener_is_spoken_to(
    site: Site, gateway: StartGateway
) -> None:
    port = free_port()
    running = gateway(
        policy(site.url), "--listen", f"127.0.0.1:{port}", listen=[{"proxy_protocol": True}], enforce=False, port=port
    )
    with running.wire() as wire:
        wire.send(b"PROXY TCP4 198.51.100.7 127.0.0.1 5000 80\r\n" + request("/members/1", BROWSER))
        assert wire.answer().status == 200
    assert "PROXY protocol" in running.said.text
    with running.wire() as wire:
        wire.send(request("/members/1", BROWSER))
        assert wire.closed()


def test_addresses_of_the_command_line_are_like_listeners_that_are_all_alike(site: Site, gateway: StartGateway) -> None:
    port = free_port()
    listen = [{"address": f"127.0.0.1:{free_port()}", "proxy_protocol": True} for _ in range(2)]
    running = gateway(policy(site.url), "--listen", f"127.0.0.1:{port}", listen=listen, enforce=False, port=port)
    with running.wire() as wire:
        wire.send(b"PROXY TCP4 198.51.100.7 127.0.0.1 5000 80\r\n" + request("/members/1", BROWSER))
        assert wire.answer().status == 200


def test_addresses_of_the_command_line_that_would_drop_tls_are_refused(site: Site, gateway: StartGateway) -> None:
    listen = [{"address": f"127.0.0.1:{free_port()}"}, {"address": f"127.0.0.1:{free_port()}", **TLS_AND_PROXY}]
    running = gateway(
        policy(site.url), "--listen", f"127.0.0.1:{free_port()}", listen=listen, expect_start=False, enforce=False
    )
    assert running.process.wait(20) == 4
    assert "tls" in running.said.text
    assert "leave --listen out" in running.said.text
