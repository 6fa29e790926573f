"""Keys of the store: the signing key made from the site's secret, and a random key for each day's names of addresses.

A day's key is random and not made from the secret: once it is destroyed nobody can say any more which address bore
which name on that day, not even whoever holds the secret and the address.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.problems import StoreError

_SIGNING: Final = b"hedgerow 2026-11 signing of a site's manifest: "
_ERASED: Final = b"hedgerow 2026-11 names of erased people in a manifest: "
_KEY_BYTES: Final = 32


def _derived(secret: str, context: bytes, site: str) -> bytes:
    """HKDF-SHA-256 (RFC 5869) of the state's secret for one purpose and site."""
    try:
        root = bytes.fromhex(secret)
    except ValueError as e:
        raise StoreError("the secret is not 64 hexadecimal digits; restore it from a copy") from e
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=context + site.encode()).derive(root)


def signing_key(secret: str, site: str) -> Ed25519PrivateKey:
    """The key that signs a site's manifest.

    Raises:
        StoreError: the secret is not one.
    """
    return Ed25519PrivateKey.from_private_bytes(_derived(secret, _SIGNING, site))


def erased_name(secret: str, site: str, person: str) -> str:
    """How a record of an erasure names the person: 32 hexadecimal digits that only the secret's holder can make.

    So the site can show somebody who asks that the record is about them, and the record names nobody.
    """
    key = _derived(secret, _ERASED, site)
    return hashlib.blake2b(person.encode(), key=key, digest_size=16).hexdigest()


def day_name(key: bytes, stable: str) -> str:
    """The name an address bears on one day: 24 hexadecimal digits of keyed BLAKE2b over its stable name."""
    return hashlib.blake2b(stable.encode(), key=key, digest_size=12).hexdigest()


class DayKeys:
    """The folder of the days' keys."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._known: dict[str, bytes] = {}

    def path(self, day: str) -> Path:
        """The file of a day's key."""
        return self._folder / f"{day}.key"

    def key(self, day: str) -> bytes:
        """The key of a day, made now if there is none.

        Raises:
            StoreError: its file is not a key.
        """
        known = self._known.get(day)
        if known is None:
            known = self._read(day) or self._make(day)
            self._known[day] = known
        return known

    def names(self, pairs: Iterable[tuple[date, str]]) -> list[tuple[date, str, str]]:
        """Day, stable name, and the name of that day, of each pair."""
        return [(day, stable, day_name(self.key(day.isoformat()), stable)) for day, stable in pairs]

    def days(self) -> list[str]:
        """Days that have a key."""
        return sorted(p.stem for p in self._folder.glob("*.key")) if self._folder.is_dir() else []

    def _read(self, day: str) -> bytes | None:
        path = self.path(day)
        try:
            text = path.read_text(encoding="ascii").strip()
            key = bytes.fromhex(text)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as e:
            raise StoreError(f"the key of {day} cannot be read: {e}; restore {path} from a copy") from e
        if len(key) != _KEY_BYTES:
            raise StoreError(f"{path} is not a key of 64 hexadecimal digits; restore it from a copy")
        return key

    def _make(self, day: str) -> bytes:
        self._files.make_folder(self._folder)
        unnamed = self._folder / f".{day}-{secrets.token_hex(4)}"
        self._files.write_new(unnamed, (secrets.token_hex(_KEY_BYTES) + "\n").encode("ascii"))
        # A link and not a renaming: of two processes that make the same day's key one wins, and both use that one.
        self._files.link(unnamed, self.path(day))
        self._files.remove(unnamed)
        self._files.sync_folder(self._folder)
        made = self._read(day)
        if made is None:
            raise StoreError(f"the key of {day} vanished from {self._folder} while it was made")
        return made
