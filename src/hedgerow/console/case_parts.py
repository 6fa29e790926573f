"""What other subjects add to a case: panels on its page, things that keep it open, and whoever sets its measures.

A page module names them beside its `NAVIGATION`:

    CASE_PANELS = (CasePanel(50, "letters", "Letters", Permission.SEE, "letters/case_panel.html", values),)
    CASE_BLOCKERS = (unsent_letters,)               # hedgerow.cases.core.measures.Blockers
    CASE_MEASURES = make_measures                   # Services -> hedgerow.cases.core.measures.Measures
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from sqlalchemy.orm import Session

from hedgerow.cases.core.measures import Blockers, Measures
from hedgerow.console import pages
from hedgerow.console.access.roles import Permission
from hedgerow.console.services import Services


@dataclass(frozen=True)
class CasePanel:
    """One section of a case's page."""

    order: int
    """Letters 50, Notices 60; the case's own sections come before."""
    id: str
    """Of the section in the page: `/cases/...#letters`."""
    title: str
    needs: Permission
    template: str
    """Included with the case's values and those of `values`."""
    values: Callable[[Session, str, Services], Mapping[str, Any]]
    """From the case's identifier; asked within the page's transaction, so it must be quick."""


@cache
def _modules() -> tuple[ModuleType, ...]:
    names = sorted(m.name for m in pkgutil.iter_modules(pages.__path__))
    return tuple(importlib.import_module(f"{pages.__name__}.{name}") for name in names)


def named(name: str) -> Iterator[Any]:
    """What page modules add under a name, each one thing or a tuple of them."""
    for module in _modules():
        found = getattr(module, name, ())
        yield from found if isinstance(found, tuple) else (found,)


def case_panels() -> list[CasePanel]:
    """Sections that others add, in their order."""
    return sorted(named("CASE_PANELS"), key=lambda panel: panel.order)


def case_blockers() -> list[Blockers]:
    """What else can keep a case open."""
    return list(named("CASE_BLOCKERS"))


def measures_of(services: Services) -> Measures | None:
    """Whoever sets measures in the edge; None where nobody does."""
    makers = list(named("CASE_MEASURES"))
    made: Measures | None = makers[0](services) if makers else None
    return made
