"""What all tests of the running gateway share."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.gateway.policies import Policy, listing, policy, profile, rows
from tests.gateway.running import Gateway, launch, launch_edge
from tests.gateway.site import Exchange, Site

StartGateway = Callable[..., Gateway]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below starts the real gateway."""
    for item in items:
        if "tests/gateway" in str(item.path):
            item.add_marker(pytest.mark.gateway)


def club(site: Site) -> Site:
    """Gives a site its members' pages."""

    def member(exchange: Exchange) -> None:
        exchange.answer(profile(int(exchange.path.rsplit("/", 1)[1])), kind="text/html; charset=utf-8")

    def members(exchange: Exchange) -> None:
        _, _, asked = exchange.target.partition("?from=")
        start = int(asked or 1)
        exchange.answer(listing(range(start, start + 10)), kind="text/html; charset=utf-8")

    def data(exchange: Exchange) -> None:
        _, _, asked = exchange.target.partition("?from=")
        start = int(asked or 1)
        exchange.data(rows(range(start, start + 10)))

    def datum(exchange: Exchange) -> None:
        n = int(exchange.path.rsplit("/", 1)[1])
        exchange.data({"id": n, "name": f"Name{n}x", "town": f"Town{n}x", "email": f"mail{n}x@club.example"})

    site.on("/members", members)
    site.on("/members/*", member)
    site.on("/api/members", data)
    site.on("/api/members/*", datum)
    return site


@pytest.fixture(scope="module")
def module_site() -> Iterator[Site]:
    """A site for a whole file of tests."""
    site = club(Site())
    yield site
    site.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """A site for one test."""
    site = club(Site())
    yield site
    site.close()


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder with a short name: Unix sockets must fit into 108 bytes, and pytest's own folders often do not."""
    with tempfile.TemporaryDirectory(prefix="hr-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def starter(stack: ExitStack) -> StartGateway:
    """A function that starts gateways which end with the stack."""

    def start(
        written: Policy,
        *words: str,
        enforce: bool | None = None,
        state: Path | None = None,
        limits: Mapping[str, object] | None = None,
        listen: list[Policy] | None = None,
        tls: ssl.SSLContext | None = None,
        expect_start: bool = True,
        port: int | None = None,
        console: str | None = None,
        workers: int = 2,
    ) -> Gateway:
        if state is None:
            state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hr-", ignore_cleanup_errors=True)))
        if limits is not None:
            alone = listen[0] if listen else None
            running = launch_edge(state, written, limits, "enforce" if enforce else "watch", alone, workers)
        else:
            mode = [] if enforce is None else ["--enforce" if enforce else "--watch"]
            running = launch(state, written, *mode, *words, listen=listen, tls=tls, port=port, console=console)
            stack.callback(running.kill)
            serves = running.said.wait_for("changes are taken up by themselves")
            if expect_start:
                assert serves, running.said.text
            return running
        stack.callback(running.kill)
        assert running.process.poll() is None, running.said.text
        return running

    return start


@pytest.fixture
def gateway() -> Iterator[StartGateway]:
    """Starts gateways; they end with the test."""
    with ExitStack() as stack:
        yield starter(stack)


@pytest.fixture(scope="module")
def module_gateway() -> Iterator[StartGateway]:
    """Starts gateways; they end with the file."""
    with ExitStack() as stack:
        yield starter(stack)


@pytest.fixture(scope="module")
def watching(module_site: Site, module_gateway: StartGateway) -> Gateway:
    """A gateway in watch mode before `module_site`, for a whole file."""
    return module_gateway(policy(module_site.url), enforce=False)


@pytest.fixture(scope="module")
def enforcing(module_site: Site, module_gateway: StartGateway) -> Gateway:
    """A gateway that enforces, with roomy budgets, before `module_site`, for a whole file."""
    return module_gateway(policy(module_site.url), enforce=True)


class Certificates:
    """Certificates made on the spot with openssl."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chain = folder / "chain.pem"
        self.key = folder / "key.pem"

    def make(self, common_name: str, host: str = "site.example") -> None:
        """A fresh self-signed certificate for a host, put in place in one step a file."""
        fresh_key, fresh_chain = self.folder / "key.fresh", self.folder / "chain.fresh"
        subprocess.run(
            (
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 "
                f"-subj /CN={common_name} -addext subjectAltName=DNS:{host} "
                f"-keyout {fresh_key} -out {fresh_chain}"
            ).split(),
            check=True,
            capture_output=True,
        )
        fresh_key.replace(self.key)
        fresh_chain.replace(self.chain)

    def trust(self, *protocols: str) -> ssl.SSLContext:
        """A client's context that trusts the certificate as it is now."""
        context = ssl.create_default_context(cafile=str(self.chain))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context


def certificates_in(folder: Path) -> Certificates:
    """Certificates in a folder; skips where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    made = Certificates(folder)
    made.make("first.example")
    return made


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """Makes certificates; skipped where there is no openssl."""
    return certificates_in(tmp_path)
