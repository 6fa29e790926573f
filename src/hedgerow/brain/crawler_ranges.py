"""Address ranges that search engines publish for their crawlers: fetched when the operator says so, never by itself.

The release carries a snapshot (`crates/engine/data/crawlers.json`). A refreshed list replaces the ranges of the
crawlers it names and keeps their agents and DNS names, which are ours.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from hedgerow import _engine
from hedgerow.policy import write_whole

SOURCES: Final[Mapping[str, str]] = {
    "googlebot": "https://developers.google.com/static/crawling/ipranges/common-crawlers.json",
    "google-special": "https://developers.google.com/static/crawling/ipranges/special-crawlers.json",
    "bingbot": "https://www.bing.com/toolbox/bingbot.json",
    "duckduckbot": "https://duckduckgo.com/duckduckbot.json",
    "applebot": "https://search.developer.apple.com/applebot.json",
}
"""Where each engine publishes its list; all in the same form: `prefixes`, each with `ipv4Prefix` or `ipv6Prefix`."""

AGENT: Final = "hedgerow-crawler-ranges/1 (refreshed by an operator)"
MAX_BYTES: Final = 1 << 20
MAX_RANGES: Final = 20_000
TIMEOUT_S: Final = 15.0
LEAST_KEPT: Final = 0.5
"""A list that lost more than half of its ranges is more likely broken than true."""

_WIDEST: Final = {4: 12, 6: 28}
"""No crawler publishes a wider network; a list with one would let half the internet in."""


class RangesError(Exception):
    """A list could not be had, or is not to be believed; the ranges in force stay."""


@dataclass(frozen=True)
class Change:
    """What a refresh did to one crawler's ranges."""

    crawler: str
    added: int
    removed: int
    ranges: int
    as_of: str

    @property
    def sentence(self) -> str:
        """For the operator."""
        if not self.added and not self.removed:
            return f"{self.crawler}: unchanged, {self.ranges} ranges (list of {self.as_of})"
        return f"{self.crawler}: {self.added} new, {self.removed} gone, now {self.ranges} ranges (list of {self.as_of})"


def fetch(url: str, timeout_s: float = TIMEOUT_S) -> bytes:
    """Reads a list; bounded in time and size, over https (http to loopback only), nothing taken from the environment.

    Raises:
        RangesError: no answer, another status than 200, or too long.
    """
    _check_url(url)
    try:
        with (
            httpx2.Client(timeout=timeout_s, follow_redirects=True, max_redirects=3, trust_env=False) as client,
            client.stream("GET", url, headers={"user-agent": AGENT, "accept": "application/json"}) as answer,
        ):
            # A redirect that leaves https would let anybody on the way write the list.
            for step in (*answer.history, answer):
                _check_url(str(step.url))
            if answer.status_code != 200:
                raise RangesError(f"{url} answered {answer.status_code}")
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise RangesError(f"{url} is longer than {MAX_BYTES >> 10} KiB, which no such list is")
            return body
    except httpx2.HTTPError as e:
        raise RangesError(f"{url} could not be read: {e or type(e).__name__}") from e


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise RangesError(f"{url} is not https: whoever is on the way could write the list")


def parse(body: bytes, now: datetime | None = None) -> tuple[list[str], str]:
    """The ranges of a published list, sorted, and its date.

    Raises:
        RangesError: it is not such a list, is empty, or holds a network too wide to be believed.
    """
    try:
        document = json.loads(body)
    except ValueError as e:
        raise RangesError(f"it is not JSON ({e})") from e
    prefixes = document.get("prefixes") if isinstance(document, dict) else None
    if not isinstance(prefixes, list) or not prefixes:
        raise RangesError("it has no `prefixes`, so it is not a list of ranges")
    if len(prefixes) > MAX_RANGES:
        raise RangesError(f"it has {len(prefixes):,} ranges; at most {MAX_RANGES:,} are taken")
    ranges = {_network(p) for p in prefixes}
    created = document.get("creationTime")
    dated = (now or datetime.now(UTC)).date().isoformat()
    if isinstance(created, str) and len(created) >= 10 and created[:4].isdigit():
        dated = created[:10]
    ordered = sorted(ranges, key=lambda n: (n.version, int(n.network_address), n.prefixlen))
    return [str(n) for n in ordered], dated


def _network(prefix: object) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    text = (prefix.get("ipv4Prefix") or prefix.get("ipv6Prefix")) if isinstance(prefix, dict) else None
    if not isinstance(text, str) or "/" not in text:
        raise RangesError(f"it holds something that is no range: {str(prefix)[:80]}")
    try:
        network = ipaddress.ip_network(text.strip())
    except ValueError as e:
        raise RangesError(f"it holds something that is no range: {e}") from e
    if network.prefixlen < _WIDEST[network.version]:
        raise RangesError(f"it gives {network}, which is too wide to be believed")
    if network.is_private or network.is_loopback or network.is_multicast or network.is_link_local:
        raise RangesError(f"it gives {network}, which is nobody's on the internet")
    return network


class Ranges:
    """The lists in force: those of the release, with what was refreshed laid over them."""

    def __init__(self, file: Path) -> None:
        """`file` is what earlier refreshes found.

        Raises:
            RangesError: it is there and cannot be read.
        """
        self.file = file
        self._refreshed: dict[str, dict[str, object]] = {}
        self._shipped = _by_name(json.loads(_engine.shipped_crawlers()))
        try:
            written = json.loads(file.read_text(encoding="utf-8"))
            self._refreshed = _by_name(written)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise RangesError(f"{file} cannot be read ({e}); delete it to begin with the release's ranges") from e

    def take(
        self, crawler: str, ranges: Iterable[str], as_of: str, source: str, *, accept_loss: bool = False
    ) -> Change:
        """Lays a list over the one in force; nothing is written yet.

        Raises:
            RangesError: nobody of that name is known, or more than half of the ranges would be gone.
        """
        shipped = self._shipped.get(crawler)
        if shipped is None:
            raise RangesError(f"no crawler is named `{crawler}`; known are: {', '.join(sorted(self._shipped))}")
        fresh = list(ranges)
        before = set(_texts((self._refreshed.get(crawler) or shipped)["ranges"]))
        kept = before & set(fresh)
        if before and len(fresh) < LEAST_KEPT * len(before) and not accept_loss:
            raise RangesError(
                f"it has {len(fresh)} ranges where {len(before)} were; --accept-loss takes it all the same"
            )
        self._refreshed[crawler] = {**shipped, "ranges": fresh, "source": source, "as_of": as_of}
        return Change(crawler, len(set(fresh) - kept), len(before - kept), len(fresh), as_of)

    def write(self) -> None:
        """Writes the refreshed lists whole: a reader sees the old or the new file.

        Raises:
            RangesError: the engine would not take them.
            OSError: the file cannot be written.
        """
        note = "Written by hedgerow crawlers refresh; delete this file to return to the ranges of the release."
        lists = [self._refreshed[name] for name in sorted(self._refreshed)]
        text = json.dumps({"format": 1, "note": note, "crawlers": lists}, ensure_ascii=False, indent=1) + "\n"
        wrong = _engine.check_crawlers(text)
        if wrong:
            raise RangesError(wrong)
        write_whole(self.file, text)


def _by_name(document: Mapping[str, object]) -> dict[str, dict[str, object]]:
    lists = document["crawlers"]
    if not isinstance(lists, list):
        raise TypeError("`crawlers` is no list")
    return {str(entry["crawler"]): dict(entry) for entry in lists}


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []
