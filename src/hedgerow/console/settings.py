"""What an operator may set about the console, read from the `console` section of the policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hedgerow.policy.view import View

LISTEN: Final = "127.0.0.1:8799"


@dataclass(frozen=True)
class OidcSettings:
    """Sign-in through an identity provider."""

    issuer: str
    client_id: str
    client_secret_file: Path | None = None
    name: str = "single sign-on"
    groups_claim: str = "groups"
    roles: tuple[tuple[str, str], ...] = ()
    """Group and role."""


@dataclass(frozen=True)
class ConsoleSettings:
    """The console's settings, checked."""

    listen: str = LISTEN
    database: str | None = field(default=None, repr=False)
    """URL; None = the environment's, else the file in the state directory. May hold a password: never print it."""
    hosts: tuple[str, ...] = ()
    """Names under which it is reached besides the loopback's, as in `console.example`."""
    https: bool = False
    """A proxy before it ends TLS: cookies are `__Host-` and Secure."""
    url: str | None = None
    """How people reach it, for links in mails."""
    one_person: bool = False
    """The site has one person: what asks for a second is done by the first, and recorded as such."""
    two_person_policy: bool = False
    """A change of the policy comes into force when a second person agrees."""
    idle_s: int = 60 * 60
    longest_s: int = 12 * 60 * 60
    fresh_s: int = 10 * 60
    body_bytes: int = 8 << 20
    oidc: OidcSettings | None = None
    enabled: bool = True

    @property
    def base_url(self) -> str:
        """What links begin with, without a slash at the end."""
        return (self.url or f"{'https' if self.https else 'http'}://{self.listen}").rstrip("/")

    @classmethod
    def of(cls, policy: View) -> ConsoleSettings:
        """The section `console` of a policy that was read."""
        console = policy.view("console")
        oidc = console.maybe_view("oidc")
        return cls(
            listen=console.text("listen"),
            database=console.maybe("database"),
            hosts=tuple(console.items("hosts").texts()),
            https=console.flag("https"),
            url=console.maybe("url"),
            one_person=console.flag("one_person"),
            two_person_policy=console.flag("two_person_policy"),
            idle_s=console.whole("idle_s"),
            longest_s=console.whole("longest_s"),
            fresh_s=console.whole("fresh_s"),
            oidc=_oidc(oidc) if oidc else None,
            enabled=console.flag("enabled"),
        )


def _oidc(section: View) -> OidcSettings:
    secret = section.maybe("client_secret_file")
    return OidcSettings(
        section.text("issuer").rstrip("/"),
        section.text("client_id"),
        Path(secret) if secret else None,
        section.text("name"),
        section.text("groups_claim"),
        tuple((group, str(role)) for group, role in section.view("roles").values.items()),
    )
