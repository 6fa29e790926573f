"""Who acts: a signed-in person, a person's program, somebody at the shell, or Hedgerow itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Request

from hedgerow.console.access.roles import Permission, Role, permissions_of

Via = Literal["console", "api", "shell", "system"]


@dataclass(frozen=True)
class Actor:
    """Whoever does something now, and what they may do."""

    id: str
    """The user's identifier; `shell:NAME` and `system` are nobody's."""
    name: str
    roles: frozenset[Role] = frozenset()
    """Own roles, and those held for somebody absent."""
    permissions: frozenset[Permission] = frozenset()
    via: Via = "console"
    covering: tuple[tuple[str, datetime], ...] = ()
    """Whom they stand in for, and until when."""
    session_id: str | None = None
    csrf: str = field(default="", repr=False)
    fresh_at: datetime | None = None

    def may(self, permission: Permission) -> bool:
        """Whether they may do this."""
        return permission in self.permissions

    @property
    def is_user(self) -> bool:
        """Whether this is a user of the console, and so somebody in particular; see `is_user`."""
        return is_user(self.id)

    @classmethod
    def shell(cls, os_user: str) -> Actor:
        """Somebody at the shell: whoever may write the state directory may do everything."""
        return cls(f"shell:{os_user}", f"{os_user} (shell)", frozenset(Role), permissions_of(Role), "shell")

    @classmethod
    def system(cls) -> Actor:
        """Hedgerow itself, by a rule of the policy: opens cases, marks letters overdue. Never decides."""
        return cls("system", "Hedgerow", via="system", permissions=frozenset({Permission.SEE, Permission.WORK_CASE}))


def is_user(actor_id: str) -> bool:
    """Whether an actor's identifier is that of a user of the console.

    Whoever sits at the shell may be anybody, also the first of two people: where the law or the site asks for a second
    person, only two users count.
    """
    return bool(actor_id) and actor_id != "system" and not actor_id.startswith("shell:")


def current_actor(request: Request) -> Actor:
    """Whoever made this request; the route's gate has let them in."""
    actor = request.state.actor
    if not isinstance(actor, Actor):
        raise TypeError("this route is public and has no actor")
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]
