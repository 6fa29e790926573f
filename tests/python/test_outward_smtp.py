"""Mail out: TLS or nothing, no second line in a header, bounded in time; seen by a real SMTP server."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.outward import settings
from hedgerow.outward.addresses import AddressError, header_text, mail_address
from hedgerow.outward.settings import OutwardError, Smtp
from hedgerow.outward.smtp import Mail, NeverError, NotNowError, SmtpMailer, composed

NOW = datetime(2026, 11, 26, 18, tzinfo=UTC)
HEADERS = [
    "auto-submitted",
    "content-transfer-encoding",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "subject",
    "to",
]
MAIL = Mail("ann@people.example", "Hello", "A text.\n", "<1@club.example>", "Ann Example")


class Box:
    """Keeps what a server took."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Message]] = []
        self.answer = ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if self.answer:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append((list(envelope.rcpt_tos), message_from_bytes(envelope.content, policy=default)))
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def _server(certificate: Path | None, box: Box, **more: Any) -> Controller:
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    # The controller tries the port it was given, so it needs a number and not 0.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return Controller(box, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=bool(context), **more)


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def secure(certificate: Path, box: Box) -> Iterator[Controller]:
    def checks(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"club", b"the password")
        return AuthResult(success=good, handled=good)

    server = _server(certificate, box, authenticator=checks, auth_required=True)
    server.start()
    yield server
    server.stop()


def _port(server: Controller) -> int:
    return int(server.port)


def _settings(server: Controller, certificate: Path, tmp_path: Path, word: str = "the password") -> Smtp:
    secret = tmp_path / "password"
    secret.write_text(word + "\n")
    secret.chmod(0o600)
    return Smtp(
        "127.0.0.1",
        "privacy@club.example",
        port=_port(server),
        user="club",
        password_file=secret,
        ca_file=certificate,
        timeout_s=10,
    )


def test_a_mail_arrives_over_tls_with_its_identifier(
    secure: Controller, certificate: Path, tmp_path: Path, box: Box
) -> None:
    with SmtpMailer(_settings(secure, certificate, tmp_path)).open() as connection:
        assert connection.send(MAIL, NOW) == "accepted"
        connection.send(Mail("b@bücher.example", "Grüße", "Text.\n", "<2@club.example>"), NOW)
    (to, first), (other, second) = box.mails
    assert to == ["ann@people.example"]
    assert first["Message-ID"] == "<1@club.example>"
    assert first["From"] == "privacy@club.example"
    assert first["Auto-Submitted"] == "auto-generated"
    assert other == ["b@xn--bcher-kva.example"]
    assert second["Subject"] == "Grüße"


def test_a_wrong_password_is_said_without_the_password(secure: Controller, certificate: Path, tmp_path: Path) -> None:
    mailer = SmtpMailer(_settings(secure, certificate, tmp_path, "a wrong one"))
    with pytest.raises(NeverError, match="refused user and password") as caught, mailer.open():
        pass
    assert "a wrong one" not in str(caught.value)


def test_a_certificate_that_is_not_trusted_sends_nothing(
    secure: Controller, certificate: Path, tmp_path: Path, box: Box
) -> None:
    strange = _settings(secure, certificate, tmp_path)
    mailer = SmtpMailer(Smtp(**{**strange.__dict__, "ca_file": None}))
    with pytest.raises(NotNowError, match=r"could not be used.*certificate"), mailer.open():
        pass
    assert box.mails == []


def test_a_server_without_tls_is_not_spoken_to_in_the_clear(box: Box) -> None:
    server = _server(None, box)
    server.start()
    try:
        mailer = SmtpMailer(Smtp("127.0.0.1", "a@club.example", port=_port(server), timeout_s=5))
        with pytest.raises(NeverError, match="offers no starttls"), mailer.open():
            pass
    finally:
        server.stop()
    assert box.mails == []


def test_later_and_never_are_told_apart_and_no_answer_repeats_an_address(box: Box) -> None:
    server = _server(None, box)
    server.start()
    try:
        mailer = SmtpMailer(Smtp("127.0.0.1", "a@club.example", port=_port(server), security="none", timeout_s=5))
        for answer, error in (
            ("451 4.3.0 ann@people.example later", NotNowError),
            ("550 5.1.1 ann@people.example unknown", NeverError),
        ):
            box.answer = answer
            with pytest.raises(error) as caught, mailer.open() as connection:
                connection.send(MAIL, NOW)
            assert "ann@" not in str(caught.value)
    finally:
        server.stop()


def test_nobody_there_is_later() -> None:
    mailer = SmtpMailer(Smtp("127.0.0.1", "a@club.example", port=1, security="none", timeout_s=1))
    with pytest.raises(NotNowError, match="could not be used"), mailer.open():
        pass


@given(name=st.text(max_size=120), subject=st.text(max_size=300))
def test_no_name_or_subject_makes_a_second_header_or_recipient(name: str, subject: str) -> None:
    try:
        made = composed(Mail("ann@people.example", subject, "x", "<1@club.example>", name), "a@club.example", NOW)
    except NeverError:
        return
    read = message_from_bytes(bytes(made), policy=default)
    assert sorted(k.lower() for k in read) == HEADERS
    assert [a.addr_spec for a in read["To"].addresses] == ["ann@people.example"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@people.example",
        "ann@",
        "ann@localhost",
        "ann@people.example\nBcc: b@c.example",
        "ann@people.example, b@c.example",
        "<ann@people.example>",
        '"ann b"@people.example',
        "ann@[127.0.0.1]",
        "ann@127.0.0.1",
        "a@b@people.example",
        "ann@-people.example",
        "a" * 65 + "@people.example",
        "ann@" + "a" * 64 + ".example",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        mail_address(text)


@given(st.text(max_size=400))
def test_header_text_is_one_bounded_line(text: str) -> None:
    said = header_text(text)
    assert len(said) <= 200
    assert said.isprintable()


# --- outward.toml


def _read(tmp_path: Path, text: str) -> settings.Outward:
    (tmp_path / settings.FILE).write_text(text)
    return settings.read(tmp_path)


def test_without_a_file_everything_is_off(tmp_path: Path) -> None:
    assert settings.read(tmp_path) == settings.Outward()


def test_the_file_is_read(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        """
[smtp]
host = "mail.example"
sender = "privacy@club.example"
[webhooks]
allowed_networks = ["10.1.0.0/16"]
[lists]
formats = ["crowdsec-json", "nftables"]
[ocsf]
most_bytes = 65536
""",
    )
    assert found.smtp == Smtp("mail.example", "privacy@club.example")
    assert found.lists == ("crowdsec-json", "nftables")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[smpt]\nhost='x'", r"\[smpt\] is not known"),
        ("[smtp]\nhost='x'\nsender='a@b.example'\npassword='x'", "password is not known"),
        ("[smtp]\nhost='x'", "needs sender"),
        ("[smtp]\nhost='x'\nsender='a@b.example'\nuser='u'", "needs password_file"),
        ("[smtp]\nhost='mail.example'\nsender='a@b.example'\nsecurity='none'", "on this machine"),
        ("[smtp]\nhost='x'\nsender='a@b.example'\nsecurity='ssl'", "starttls, tls or none"),
        ("[smtp]\nhost='x'\nsender='a@b.example'\nport='25'", "wrong type"),
        ("[smtp]\nhost='x'\nsender='a@b.example'\nport=0", "between 1 and"),
        ("[webhooks]\nallowed_networks=['10.1.0.1/16']", "host bits"),
        ("[lists]\nformats=['iptables']", "no list"),
        ("smtp = ", "not TOML"),
        ("smtp = 1", "not known"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(OutwardError, match=said):
        _read(tmp_path, text)


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("x")
    path.chmod(0o644)
    with pytest.raises(OutwardError, match="chmod 600"):
        settings.secret_of(path)
