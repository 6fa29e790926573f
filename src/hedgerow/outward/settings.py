"""`outward.toml` in the state directory: mail, webhooks, metrics, traces. Strict: a word nobody knows is an error.

Secrets are never in it: it names files that only the service may read.
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final

FILE: Final = "outward.toml"
MOST_BYTES: Final = 64 << 10
MOST_SECRET_BYTES: Final = 4 << 10

Network = IPv4Network | IPv6Network


class OutwardError(Exception):
    """Something cannot be told as it was wished; the message says what to do."""


@dataclass(frozen=True)
class Smtp:
    """The mail server notices and notifications go through."""

    host: str
    sender: str
    """The address that mail comes from."""
    port: int = 587
    security: str = "starttls"
    """`starttls`, `tls` (from the first byte, usually port 465), or `none`, which is for this machine only."""
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    timeout_s: float = 20.0


@dataclass(frozen=True)
class Outward:
    """Everything in the file."""

    smtp: Smtp | None = None
    allowed_networks: tuple[Network, ...] = ()
    """Private networks that webhooks may go to."""
    metrics_token_file: Path | None = None
    """Without it `/metrics` answers this machine only."""
    traces_endpoint: str = ""
    """OTLP over HTTP; empty: no traces."""
    lists: tuple[str, ...] = ()
    """Block lists to write: `crowdsec-json`, `crowdsec-csv`, `fail2ban`, `nftables`, `plain`."""
    lists_folder: Path | None = None
    ocsf_most_bytes: int = 64 << 20
    """From this size on the file of events is set aside."""
    ocsf_keep: int = 8
    """Files set aside that are kept."""


SHAPE: Final[dict[str, dict[str, type | tuple[type, ...]]]] = {
    "": {},
    "smtp": {
        "host": str,
        "sender": str,
        "port": int,
        "security": str,
        "user": str,
        "password_file": str,
        "ca_file": str,
        "timeout_s": (int, float),
    },
    "webhooks": {"allowed_networks": list},
    "metrics": {"token_file": str},
    "traces": {"endpoint": str},
    "lists": {"formats": list, "folder": str},
    "ocsf": {"most_bytes": int, "keep": int},
}
LISTS: Final = ("crowdsec-json", "crowdsec-csv", "fail2ban", "nftables", "plain")


def read(state: Path) -> Outward:
    """The settings of a state directory; everything off where there is no file.

    Raises:
        OutwardError: with the first thing that is wrong in it.
    """
    path = state / FILE
    try:
        with path.open("rb") as f:
            text = f.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return Outward()
    except OSError as e:
        raise OutwardError(f"{path} cannot be read: {e.strerror}") from e
    if len(text) > MOST_BYTES:
        raise OutwardError(f"{path} is longer than {MOST_BYTES >> 10} KB")
    try:
        found = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise OutwardError(f"{path} is not TOML: {e}") from e
    return parse(found, path)


def parse(found: Mapping[str, Any], path: Path) -> Outward:
    """Settings from what the file holds.

    Raises:
        OutwardError: with the first thing that is wrong.
    """
    for name, value in found.items():
        if isinstance(value, dict):
            if name not in SHAPE or not name:
                raise OutwardError(f"{path}: [{name}] is not known; there are {', '.join(filter(None, SHAPE))}")
            _check(path, name, value)
        else:
            _check(path, "", {name: value})
    mail = found.get("smtp")
    folder = found.get("lists", {}).get("folder")
    token = found.get("metrics", {}).get("token_file")
    lists = tuple(found.get("lists", {}).get("formats", ()))
    wrong = [str(name)[:40] for name in lists if name not in LISTS]
    if wrong:
        raise OutwardError(f"{path}: there is no list `{wrong[0]}`; there are {', '.join(LISTS)}")
    ocsf = found.get("ocsf", {})
    return Outward(
        smtp=_smtp(path, mail) if mail else None,
        allowed_networks=tuple(_network(path, n) for n in found.get("webhooks", {}).get("allowed_networks", ())),
        metrics_token_file=Path(token) if token else None,
        traces_endpoint=found.get("traces", {}).get("endpoint", ""),
        lists=lists,
        lists_folder=Path(folder) if folder else None,
        ocsf_most_bytes=_within(path, "ocsf.most_bytes", ocsf.get("most_bytes", 64 << 20), 1 << 16, 1 << 34),
        ocsf_keep=_within(path, "ocsf.keep", ocsf.get("keep", 8), 1, 1_000),
    )


def _check(path: Path, section: str, given: Mapping[str, Any]) -> None:
    where = f"[{section}] " if section else ""
    for key, value in given.items():
        wanted = SHAPE[section].get(key)
        if wanted is None:
            raise OutwardError(f"{path}: {where}{key} is not known; there are {', '.join(SHAPE[section])}")
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise OutwardError(f"{path}: {where}{key} has the wrong type")


def _within(path: Path, name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise OutwardError(f"{path}: {name} is between {low:,} and {high:,}")
    return value


def _network(path: Path, text: object) -> Network:
    try:
        return ip_network(str(text))
    except ValueError as e:
        raise OutwardError(f"{path}: webhooks.allowed_networks: {e}") from e


def _smtp(path: Path, given: Mapping[str, Any]) -> Smtp:
    for key in ("host", "sender"):
        if not str(given.get(key, "")).strip():
            raise OutwardError(f"{path}: [smtp] needs {key}")
    security = given.get("security", "starttls")
    if security not in {"starttls", "tls", "none"}:
        raise OutwardError(f"{path}: [smtp] security is starttls, tls or none")
    if given.get("user") and not given.get("password_file"):
        raise OutwardError(f"{path}: [smtp] user needs password_file: a file with nothing but the password")
    if security == "none" and (given.get("user") or given["host"] not in {"localhost", "127.0.0.1", "::1"}):
        raise OutwardError(
            f"{path}: [smtp] security = none is for a mail server on this machine, without a password; use starttls"
        )
    return Smtp(
        host=given["host"].strip(),
        sender=given["sender"].strip(),
        port=_within(path, "smtp.port", given.get("port", 465 if security == "tls" else 587), 1, 65_535),
        security=security,
        user=given.get("user", ""),
        password_file=Path(given["password_file"]) if given.get("password_file") else None,
        ca_file=Path(given["ca_file"]) if given.get("ca_file") else None,
        timeout_s=float(_within(path, "smtp.timeout_s", given.get("timeout_s", 20), 1, 120)),
    )


def secret_of(path: Path) -> str:
    """The first line of a file with a secret.

    Raises:
        OutwardError: it cannot be read, is empty, or others may read it.
    """
    try:
        with path.open("rb") as f:
            mode = path.stat().st_mode
            text = f.read(MOST_SECRET_BYTES + 1)
    except OSError as e:
        raise OutwardError(f"{path} cannot be read: {e.strerror}") from e
    if stat.S_IMODE(mode) & 0o007:
        raise OutwardError(f"{path} may be read by others; chmod 600 {path}")
    lines = text.decode("utf-8", "replace").splitlines()
    if len(text) > MOST_SECRET_BYTES or not lines or not lines[0].strip():
        raise OutwardError(f"{path} holds no secret in its first line")
    return lines[0].strip()
