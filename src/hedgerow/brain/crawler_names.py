"""Whether an address belongs to the crawler it claims to be: forward-confirmed reverse DNS, off the request path.

The way the search engines publish it: the address's PTR name must be, at a label boundary, below one of the crawler's
domains, and that name's own addresses must contain the address. A PTR alone proves nothing: whoever owns an address
chooses its name. Which domains are whose stands in the engine's list, because the engine decides about whom it asks:
with a list of its own, the brain would call crawlers forged that it has never heard of.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
import dns.reversename

from hedgerow import _engine

GENUINE_FOR_S: Final = 86_400
FORGED_FOR_S: Final = 3_600
"""Shorter: a crawler's new machine may get its name after its first request."""
_MOST_NAMES: Final = 8
"""An address may have many PTR names; its owner must not be able to make us look up thousands."""


class Undecided(Exception):  # noqa: N818 - not a failure of ours: the question stays open and is asked again
    """DNS did not answer in time; the claim is neither proved nor disproved."""


class Resolver(Protocol):
    """The two questions asked of DNS. A name that does not exist is an empty answer; silence raises `Undecided`."""

    def names(self, address: str) -> Sequence[str]:
        """PTR names of an address."""

    def addresses(self, name: str, version: int) -> Sequence[str]:
        """A (4) or AAAA (6) addresses of a name."""


@dataclass(frozen=True)
class Dns:
    """The machine's own resolver, or `servers` (address and port), with short limits."""

    timeout_s: float = 3.0
    servers: tuple[tuple[str, int], ...] = ()

    def names(self, address: str) -> Sequence[str]:
        """PTR names of an address."""
        return self._ask(dns.reversename.from_address(address), "PTR")

    def addresses(self, name: str, version: int) -> Sequence[str]:
        """A or AAAA addresses of a name."""
        return self._ask(dns.name.from_text(name), "AAAA" if version == 6 else "A")

    def _ask(self, name: dns.name.Name, kind: str) -> list[str]:
        resolver = dns.resolver.Resolver(configure=not self.servers)
        if self.servers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in self.servers]
        try:
            answer = resolver.resolve(name, kind, lifetime=self.timeout_s, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as e:
            raise Undecided(str(e)) from e
        return [record.to_text().rstrip(".") for record in answer]


def is_genuine(address: str, agent: str, resolver: Resolver) -> bool:
    """Whether `address` is one of `agent`'s.

    Raises:
        Undecided: DNS did not say.
    """
    ours = ipaddress.ip_address(address)
    for name in list(resolver.names(address))[:_MOST_NAMES]:
        if not _engine.dns_name_belongs(agent, name):
            continue
        # All addresses are compared, not the first: large names answer with several, in any order.
        if any(_same(found, ours) for found in resolver.addresses(name, ours.version)):
            return True
    return False


def _same(text: str, ours: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return ipaddress.ip_address(text) == ours
    except ValueError:
        return False


Learn = Callable[[str, str, bool, int], None]
"""Takes address, agent, whether genuine, and until when (Unix seconds) that holds."""


def settle(claims: Sequence[tuple[str, str]], resolver: Resolver, learn: Learn, now_s: int) -> int:
    """Decides each claim that DNS can decide; returns how many stayed open."""
    open_claims = 0
    for address, agent in claims:
        try:
            genuine = is_genuine(address, agent, resolver)
        except (Undecided, ValueError):
            open_claims += 1
            continue
        learn(address, agent, genuine, now_s + (GENUINE_FOR_S if genuine else FORGED_FOR_S))
    return open_claims
