"""What a journey needs to know: where, who lives there, and how long it should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from examples.directory import Directory
from tests.people.rows import Row


@dataclass(frozen=True)
class Setting:
    """One journey's surroundings."""

    base: str
    """Where visitors go: the gateway, or the site itself."""
    bare: str
    """The site itself."""
    directory: Directory
    protected: bool
    profiles: int
    """Profiles that one visitor opens."""
    visitors: int
    """People behind one address."""


Journey = Callable[[Setting], Row]
