"""Keyed names at one site, for addresses and accounts that an operator names as they are."""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow import _engine


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
