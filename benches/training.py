"""What the engine does most, for a build that learns from it (profile-guided optimisation).

`make wheel` and `make bench` build the engine twice: maturin runs this between the two builds, against an
engine that counts how often each of its paths is taken (`pgo-command` in pyproject.toml). The second build lays the
busy paths out together. The load is that of the gateway's bench, over HTTP/1.1 and over TLS with HTTP/2, and once more
with the default budgets, which mask and challenge: a path that nobody takes here is taken for one that nobody ever takes.
"""

from __future__ import annotations

import datetime
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benches.gateway_load import LOAD_CORE, TESTED_CORE, free_port, protect, running, static_site, wait_for, wrk
from benches.gateway_site import lua, make_site, policy

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 4
"""Of load, for each kind of answer and way."""


def certificate(folder: Path) -> tuple[Path, Path]:
    """Writes a certificate for the bench's host that nobody but a machine under test believes; it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "members.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("members.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return paths


def training_policy(plain: int, tls: int, origin: int, pair: tuple[Path, Path]) -> str:
    """The bench's policy, its site once more with the default budgets, and a second listener that ends TLS."""
    wide = policy(plain, origin)
    listen, site = wide.split("sites:\n", 1)
    tight = site.replace("name: bench", "name: tight").replace('hosts: ["*"]', 'hosts: ["tight.example"]')
    tight = tight[: tight.index("    budgets:")]
    secured = f"    tls: {{certificate: {pair[0]}, key: {pair[1]}}}\n"
    listen = f'listen: ["127.0.0.1:{plain}", {{address: "127.0.0.1:{tls}", tls: true}}]\n'
    return listen + "sites:\n" + site.replace("    mode: enforce\n", f"    mode: enforce\n{secured}") + tight


def two(port: int, path: str) -> None:
    """Load over TLS and HTTP/2 on one path.

    Raises:
        RuntimeError: the load generator failed.
    """
    done = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "h2load", "-t1", "-c8", "-m8", f"-D{SECONDS}",
         "-H", "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0", "-H", "accept: text/html",
         "-H", "accept-language: en", "-H", "cookie: a=1", f"https://members.example:{port}{path}", f"--connect-to=127.0.0.1:{port}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode or " 0 2xx" in done.stdout:
        raise RuntimeError(f"h2load failed: {done.stderr or done.stdout}")


def main() -> int:
    """Puts the engine in this environment under load, and lets it end in its own time: only then it writes what it counted."""
    missing = [t for t in ("nginx", "wrk", "h2load", "taskset") if shutil.which(t) is None]
    if missing:
        print(
            f"missing: {', '.join(missing)}; on Debian: apt-get install nginx-light wrk nghttp2-client util-linux",
            file=sys.stderr,
        )
        return 4
    folder = ROOT / "build" / "training"
    shutil.rmtree(folder, ignore_errors=True)
    site = folder / "site"
    routes = make_site(site)
    origin, plain, tls = free_port(), free_port(), free_port()
    written = folder / "hedgerow.yaml"
    written.write_text(training_policy(plain, tls, origin, certificate(folder)))
    with running(static_site(folder, "origin", origin, site), LOAD_CORE, origin, folder / "origin.log"):
        command = ["taskset", "-c", TESTED_CORE, *protect(written, folder / "state")]
        with (folder / "hedgerow.log").open("wb") as log:
            gateway = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for(plain, 60)
            for number, route in enumerate(routes):
                script = folder / f"load{number}.lua"
                script.write_text(lua(route, folder / f"load{number}.txt"))
                wrk(plain, script, SECONDS)
                two(tls, route.paths[0])
                data = folder / f"load{number}.txt"
                data.write_text(data.read_text().replace("Host: members.example", "Host: tight.example"))
                wrk(plain, script, SECONDS)
                print(f"trained on: {route.name}", file=sys.stderr)
        finally:
            gateway.send_signal(signal.SIGTERM)
            gateway.wait(120)
    return 0


if __name__ == "__main__":
    sys.exit(main())
