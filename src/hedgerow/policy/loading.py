"""From a file to compiled tables: the one door through which a policy comes in."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hedgerow.policy import source
from hedgerow.policy.compiling import Json, compile_policy
from hedgerow.policy.problem import Place, PolicyError, Report
from hedgerow.policy.reader import Reader
from hedgerow.policy.settings import POLICY
from hedgerow.policy.view import View


@dataclass(frozen=True)
class Listen:
    """One address visitors arrive at."""

    address: str
    tls: bool
    proxy_protocol: bool


@dataclass(frozen=True)
class Compiled:
    """A policy that holds together."""

    tables: Json
    """What the engine reads."""
    listen: tuple[Listen, ...]
    workers: int
    """Threads of the edge; 0 = one a core."""
    memory_bytes: int
    view: View
    """The policy as read, with its places: for explanations."""

    @property
    def id(self) -> str:
        """SHA-256 of the policy as written, in hexadecimal."""
        return str(self.tables["id"])

    @property
    def sites(self) -> list[View]:
        """The sites as read."""
        return self.view.items("sites").views()

    def upstream_hosts(self) -> list[str]:
        """Hosts of all sites' upstreams."""
        tables = self.tables["sites"]
        return [str(t["upstream"]["host"]) for t in tables] if isinstance(tables, list) else []


def load_text(text: bytes, name: str = "policy") -> Compiled:
    """Reads, checks and compiles a policy.

    Raises:
        PolicyError: with every mistake, each with its place and what to write.
    """
    report = Report(name)
    node = source.read(text, report)
    view = Reader(report).section(POLICY, node) if node is not None else None
    if view is None or report.problems:
        if not report.problems:
            report.add(Place(1, 1), "the policy could not be read")
        raise PolicyError(report)
    tables = compile_policy(view, hashlib.sha256(text).hexdigest(), report)
    if report.problems:
        raise PolicyError(report)
    listen = tuple(
        Listen(v.text("address"), v.flag("tls"), v.flag("proxy_protocol")) for v in view.items("listen").views()
    )
    return Compiled(tables, listen, view.whole("workers"), view.whole("memory_mib") << 20, view)


def load_file(path: Path) -> Compiled:
    """Reads, checks and compiles a policy file; at most one byte more than allowed is ever read.

    Raises:
        PolicyError: with every mistake.
        OSError: when the file cannot be read.
    """
    with path.open("rb") as f:
        return load_text(f.read(source.MAX_BYTES + 1), str(path))


def policy_for(upstream: str, listen: str | None = None) -> str:
    """The policy of a site of which only the address is known: watch mode, defaults, no people map yet."""
    lines = [f"listen: {json.dumps(listen)}"] if listen else []
    lines += ["sites:", "  - name: site", f"    upstream: {json.dumps(upstream)}", "    mode: watch"]
    return "\n".join(lines) + "\n"


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Writes a file so that a reader sees the old or the new one and never a half, even after a crash."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            f.write(text)
            f.flush()
            os.fsync(f.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
