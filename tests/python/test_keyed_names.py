"""Names of networks are reckoned as the engine does it: BLAKE3 against its own vectors and the engine's names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.ledger.blake3 import LONGEST, derive_key, keyed_hash
from hedgerow.ledger.keyed import SiteKeys, network_of

SECRET = "5e" * 32
KEY = b"whats the Elvish word for friend"
CONTEXT = "BLAKE3 2019-12-27 16:29:52 test vectors context"
# BLAKE3 team, test_vectors/test_vectors.json: input is 0, 1, 2, ..., 250, 0, 1, ...; first 32 bytes of each.
VECTORS = {
    0: (
        "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26",
        "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d",
    ),
}


@pytest.mark.parametrize("length", VECTORS)
def test_blake3_is_that_of_its_authors(length: int) -> None:
    data = bytes(n % 251 for n in range(length))
    keyed, derived = VECTORS[length]
    assert keyed_hash(KEY, data).hex() == keyed
    assert derive_key(CONTEXT, data).hex() == derived


def by_hand(secret: str, site: str, data: bytes) -> str:
    """The name of an address as the engine makes it, with BLAKE3 as it is written here."""
    of_site = derive_key("hedgerow 2026-11 secret of one site", bytes.fromhex(secret) + site.encode())
    return keyed_hash(derive_key("hedgerow 2026-11 name of an address", of_site), data)[:12].hex()


@settings(max_examples=60, deadline=None)
@given(
    st.ip_addresses(v=4),
    st.binary(min_size=32, max_size=32),
    st.text("abcdefghij-_0123456789", min_size=1, max_size=64),
)
def test_the_engine_and_this_agree_under_every_secret_and_for_every_site(
    address: object, key: bytes, site: str
) -> None:
    """A name of 64 characters makes the derivation longer than one block, which is the only branch there is."""
    keys = SiteKeys(key.hex(), site)
    packed = address.packed  # type: ignore[attr-defined]
    assert keys.address(str(address)) == by_hand(key.hex(), site, b"\x04" + packed)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
    ],
)
def test_a_network_is_a_24_or_a_48(address: str, network: str) -> None:
    assert str(network_of(address)) == network


def test_everybody_in_a_network_has_its_name_and_nobody_else_has() -> None:
    keys = SiteKeys(SECRET, "club")
    names = {keys.network(a) for a in ("203.0.113.1", "203.0.113.254", "::ffff:203.0.113.7")}
    assert len(names) == 1
    others = {
        keys.network("203.0.112.1"),
        SiteKeys(SECRET, "other").network("203.0.113.1"),
        keys.address("203.0.113.0"),
    }
    assert len(others | names) == 4


def test_what_is_longer_than_a_chunk_is_refused_and_not_hashed_wrongly() -> None:
    with pytest.raises(ValueError, match="at most"):
        keyed_hash(KEY, bytes(LONGEST + 1))
    with pytest.raises(ValueError, match="32 bytes"):
        keyed_hash(KEY[:-1], b"")
