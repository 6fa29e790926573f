"""Where the secret is from which every key is made: in the state directory, or, better, outside of it.

Names of visitors, sealed addresses and signatures all hang on these 32 bytes. Kept apart from the state (a file that
only the service may read, or a credential of systemd's), a stolen copy of the state opens nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "HEDGEROW_SECRET_FILE"
CREDENTIAL: Final = "hedgerow-secret"
"""Name of the credential, as in `LoadCredential=hedgerow-secret:/etc/hedgerow/secret` (systemd.exec(5))."""
_OTHERS: Final = 0o007


class SecretError(Exception):
    """The secret cannot be used; the message says what to do."""


def secret_file(state: Path) -> Path:
    """The file with the secret of a state directory: the one named, else systemd's credential, else the state's own."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (Path(credentials) / CREDENTIAL).is_file():
        return Path(credentials) / CREDENTIAL
    return state / "secret"


def read_secret(state: Path) -> str:
    """The secret of a state directory, 64 hexadecimal digits.

    Raises:
        SecretError: it cannot be read, is not one, or lies open.
    """
    path = secret_file(state)
    if path != state / "secret":
        _check_apart(path, state)
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as e:
        where = "" if path == state / "secret" else f" (named by {VARIABLE}, --secret or systemd)"
        raise SecretError(f"the secret {path}{where} cannot be read: {e}; only the gateway's user may") from e
    try:
        whole = len(bytes.fromhex(text)) == 32
    except ValueError:
        whole = False
    if not whole:
        # Never replaced silently: with another secret nobody's pseudonym, cookie or budget would match any more.
        raise SecretError(
            f"{path} is not 64 hexadecimal digits; restore it, or delete it and start with new pseudonyms"
        )
    return text


def _check_apart(path: Path, state: Path) -> None:
    """A secret outside of the state is worth nothing while a copy lies in it, or while anybody may read it."""
    own = state / "secret"
    if own.exists():
        raise SecretError(
            f"there are two secrets, {path} and {own}; a copy of the state must open nothing: compare them, keep the "
            f"one in use at {path}, and delete {own}"
        )
    if path.resolve().is_relative_to(state.resolve()):
        raise SecretError(f"{path} lies in the state directory {state}, and would be copied with it; move it out")
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if mode & _OTHERS:
        raise SecretError(f"{path} may be read by others; chmod 600 {path}")
