"""What an operator may set about the console. Read from the `console` section of the policy (`reading`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LISTEN: Final = "127.0.0.1:8799"


@dataclass(frozen=True)
class ConsoleSettings:
    """The console's settings, checked."""

    listen: str = LISTEN
    database: str | None = None
    """URL; None = the environment's, else the file in the state directory. May hold a password: never print it."""
    hosts: tuple[str, ...] = ()
    """Names under which it is reached besides the loopback's, as in `console.example`."""
    https: bool = False
    """A proxy before it ends TLS: cookies are `__Host-` and Secure."""
    one_person: bool = False
    """The site has one person: what asks for a second is done by the first, and recorded as such."""
    idle_s: int = 60 * 60
    longest_s: int = 12 * 60 * 60
    fresh_s: int = 10 * 60
    body_bytes: int = 8 << 20
