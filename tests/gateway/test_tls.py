"""TLS: certificates that change while the gateway serves, and visitors that do not speak it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.gateway.conftest import Certificates, StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, until
from tests.gateway.site import Site
from tests.gateway.wire import Wire


@pytest.fixture
def secure(site: Site, gateway: StartGateway, certificates: Certificates) -> Gateway:
    tls = {"certificate": str(certificates.chain), "key": str(certificates.key)}
    running = gateway(policy(site.url, {"tls": tls}), enforce=False, listen=[{"tls": True}])
    running.tls = certificates.trust()
    return running


def presented(running: Gateway) -> bytes:
    """The certificate that is shown now."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with Wire(running.address, context) as wire:
        assert isinstance(wire.socket, ssl.SSLSocket)
        return wire.socket.getpeercert(binary_form=True) or b""


def test_a_new_certificate_is_taken_up_without_dropping_a_connection(
    secure: Gateway, certificates: Certificates
) -> None:
    before = presented(secure)
    with secure.wire() as wire:
        assert wire.ask("/one").status == 200
        certificates.make("second.example")
        until(lambda: presented(secure) != before, "the new certificate", 60)
        assert wire.ask("/two").status == 200
    secure.tls = certificates.trust()
    assert secure.get("/three").status == 200


def test_a_broken_certificate_file_keeps_the_old_one(secure: Gateway, certificates: Certificates) -> None:
    before = presented(secure)
    certificates.chain.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n", encoding="ascii")
    assert secure.command("status", "--once").returncode == 0
    secure.control().ask("reload")
    assert presented(secure) == before
    assert secure.get("/still").status == 200


def test_plain_http_on_a_tls_listener_is_cut_off_and_harms_nobody(secure: Gateway, site: Site) -> None:
    with Wire(secure.address) as wire:
        wire.send(b"GET /plain HTTP/1.1\r\nHost: site.example\r\n\r\n")
        wire.socket.settimeout(15)
        assert b"200" not in wire.socket.recv(100)
    assert site.count("/plain") == 0
    assert secure.get("/fine").status == 200


def test_the_session_cookie_is_host_bound_over_tls(secure: Gateway) -> None:
    from tests.gateway.wire import BROWSER

    cookies = secure.get("/members/1", BROWSER).all("set-cookie")
    ours = [c for c in cookies if c.startswith("__Host-hedgerow=")]
    assert len(ours) == 1
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word.lower() in ours[0].lower()


def test_old_protocol_versions_are_refused(secure: Gateway, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        Wire(secure.address, context)
