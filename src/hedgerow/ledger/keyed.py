"""Keyed names at one site, for addresses and accounts that an operator names as they are."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from hedgerow import _engine
from hedgerow.ledger.blake3 import derive_key, keyed_hash

NETWORK_PREFIX: Final = {4: 24, 6: 48}
"""How wide a network is (`crates/engine/src/identify/network.rs`)."""
# The engine's words (`crates/engine/src/identify/keys.rs`); they are part of the ledger's format and do not change.
_OF_SITE: Final = "hedgerow 2026-11 secret of one site"
_OF_NETWORKS: Final = "hedgerow 2026-11 name of a network"


@dataclass(frozen=True)
class SiteKeys:
    """Gives keyed names."""

    secret: str
    """The content of the state's `secret`."""
    site: str

    def address(self, address: str) -> str:
        """The stable keyed name of an address."""
        return _engine.address_name(self.secret, self.site, address)

    def account(self, account: str) -> str:
        """The keyed name of an account."""
        return _engine.account_name(self.secret, self.site, account)

    def network(self, address: str) -> str:
        """The keyed name of the network that an address lies in."""
        network = network_of(address)
        length = network.prefixlen // 8
        return keyed_hash(self._networks, bytes([network.version]) + network.network_address.packed[:length])[:12].hex()

    @cached_property
    def _networks(self) -> bytes:
        return derive_key(_OF_NETWORKS, derive_key(_OF_SITE, bytes.fromhex(self.secret) + self.site.encode()))


def network_of(address: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The network an address lies in, as measures mean it: its /24, in IPv6 its /48.

    Raises:
        ValueError: it is no address.
    """
    plain: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address)
    if isinstance(plain, ipaddress.IPv6Address) and plain.ipv4_mapped is not None:
        plain = plain.ipv4_mapped
    return ipaddress.ip_network((plain, NETWORK_PREFIX[plain.version]), strict=False)
