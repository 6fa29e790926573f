"""Reads each site's robots.txt, politely: once in six hours, from the site itself, a bounded piece of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx2

EVERY_S: Final = 6 * 3_600
MAX_BYTES: Final = 512 * 1024
"""RFC 9309, section 2.5: at least 500 KiB must be read."""
AGENT: Final = "hedgerow-robots-reader/1 (+the gateway in front of this site)"

Fetch = Callable[[str], "str | None"]


class UnreachableError(Exception):
    """The site did not answer; what was read before stays in force."""


def fetch(upstream: str, host: str | None = None, timeout_s: float = 10.0) -> str | None:
    """The text of `/robots.txt`; `None` when the site has none (any 4xx: RFC 9309, section 2.3.1.3).

    Raises:
        UnreachableError: no answer, a server error, or an answer that is not text.
    """
    headers = {"user-agent": AGENT, **({"host": host} if host else {})}
    try:
        with (
            httpx2.Client(timeout=timeout_s, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", f"{upstream.rstrip('/')}/robots.txt", headers=headers) as answer,
        ):
            if 400 <= answer.status_code < 500:
                return None
            if answer.status_code != 200:
                raise UnreachableError(f"{upstream}/robots.txt answered {answer.status_code}")
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    # The last line may be cut in two; half a rule is worse than none.
                    body = body[:MAX_BYTES].rpartition(b"\n")[0]
                    break
    except httpx2.HTTPError as e:
        raise UnreachableError(f"{upstream}/robots.txt could not be read: {e}") from e
    if b"\0" in body:
        raise UnreachableError(f"{upstream}/robots.txt is not text")
    return body.decode("utf-8", "replace")
