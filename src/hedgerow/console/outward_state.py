"""How it stands with `outward.toml` and what it turns on: for the page of notifications and its twin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from hedgerow.console.dues import DueItem
from hedgerow.console.refused import refused
from hedgerow.console.services import Services
from hedgerow.measures.measure import MeasureError
from hedgerow.outward import block_lists
from hedgerow.outward.settings import Outward, OutwardError
from hedgerow.secret import SecretError

LISTS_FOLDER: Final = "block-lists"
"""In the state directory, where `outward.toml` names no other."""


@dataclass(frozen=True)
class ListsNow:
    """The block lists as they would be written now. No address is in it: they are read where they lie."""

    formats: tuple[str, ...]
    folder: str
    addresses: int
    """Single addresses; in IPv6 a /64 is one."""
    networks: int
    left_out: tuple[str, ...]
    """Why others that are refused stand in no list, in sentences."""


def in_force(services: Services) -> tuple[Outward, str]:
    """The settings in force, and what is wrong with the file; everything is off where there never was a right one."""
    try:
        found = services.outward.current()
    except OutwardError as e:
        return Outward(), str(e)
    wrong = services.outward.wrong
    return (
        found,
        f"{wrong}. Until the file is right, the settings from before it was changed stay in force" if wrong else "",
    )


def due(session: Session, services: Services) -> Iterator[DueItem]:  # noqa: ARG001 - the face of all
    """A file with mistakes waits for somebody, at once."""
    if services.outward.wrong:
        words = "outward.toml has mistakes; what was in force before stays"
        yield DueItem(words, None, "/notifications", "settings", at_once=True)


def folder_of_lists(services: Services, settings: Outward) -> Path:
    """Where the block lists lie."""
    return settings.lists_folder or services.folder.path / LISTS_FOLDER


def lists(services: Services, settings: Outward) -> ListsNow | None:
    """The block lists; None where none is written."""
    if not settings.lists:
        return None
    folder = str(folder_of_lists(services, settings))
    now = services.clock()
    try:
        found = refused(services, now)
    except (MeasureError, SecretError) as e:
        return ListsNow(settings.lists, folder, 0, 0, (f"the lists stay as they were: {e}",))
    said = block_lists.listed(found.known, now)
    alone = sum(n.prefixlen >= (32 if n.version == 4 else 64) for n, _ in said.entries)
    kept_back = tuple(f"{n}: {why}" for why, n in sorted(found.kept_back.items()))
    return ListsNow(settings.lists, folder, alone, len(said.entries) - alone, (*kept_back, *said.left_out))
