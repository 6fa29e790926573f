"""Asks the running edge about measures: what they met, to look at the file now, and who would be hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hedgerow.control import Control, ControlError, Json

MOST_HOURS: Final = 72


@dataclass(frozen=True)
class Standing:
    """What a measure met since the edge started."""

    id: str
    site: str
    holds: bool
    hits: int
    """Requests it applied to; in watch mode those it would have applied to."""
    last_ms: int | None
    """When the last one came, Unix milliseconds."""
    known: bool = True
    """Whether the policy in force has the route and the field it is about."""
    enforced: bool = True
    """Whether the site carries verdicts out; in watch mode a measure is counted and recorded, and nothing else."""

    @property
    def works(self) -> bool:
        """Whether it is carried out at this moment."""
        return self.holds and self.known and self.enforced

    @property
    def in_words(self) -> str:
        """How it stands at the gateway, in a sentence."""
        if not self.known:
            return "Does nothing: the policy in force has no such route or field."
        if not self.enforced:
            return "The site is in watch mode: it is counted and recorded, and not carried out."
        if not self.holds:
            return "Not in force at the gateway."
        return f"In force at the gateway now; met {self.hits:,} requests since the gateway started."


def take_up(control: Control) -> Json:
    """Makes the edge read the file now: how many measures each site has.

    Raises:
        ControlError: it cannot be reached, or the file is not taken; what was in force stays.
    """
    return {k: v for k, v in control.ask("measures_reload").items() if k != "ok"}


def standing(control: Control, site: str | None = None) -> dict[str, Standing]:
    """What each measure in the edge has met, by identifier.

    Raises:
        ControlError: it cannot be reached, or answers something else.
    """
    answer = control.ask("measures", site=site)
    found: dict[str, Standing] = {}
    for of_site in _objects(answer.get("sites")):
        for m in _objects(of_site.get("measures")):
            last, hits = m.get("last_ms"), m.get("hits")
            one = Standing(
                id=str(m.get("id")),
                site=str(of_site.get("site")),
                holds=m.get("holds") is True,
                hits=hits if isinstance(hits, int) else 0,
                last_ms=last if isinstance(last, int) else None,
                known=m.get("known") is not False,
                enforced=of_site.get("mode") != "watch",
            )
            found[one.id] = one
    return found


def reach_now(control: Control, site: str, level: str, name: str, hours: int = 24) -> Json:
    """Who is behind a principal by the edge's live state and the last hours' ledger.

    Args:
        control: The edge.
        site: Name of the site.
        level: account, session, address, network or client.
        name: Stable keyed name, 16 or 24 digits.
        hours: How far back, 1 to 72.

    Raises:
        ControlError: it cannot be reached, or refuses.
    """
    answer = control.ask("reach", site=site, level=level, name=name, hours=max(1, min(hours, MOST_HOURS)))
    return {k: v for k, v in answer.items() if k != "ok"}


def _objects(value: object) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise ControlError("the gateway's answer has another shape; are gateway and command of the same version?")
    return value
