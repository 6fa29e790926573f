"""What can be decided about a site for everybody: read as a person writes it, checked against the people map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hedgerow.brain.folder import Folder
from hedgerow.ledger.questions.reach import Wide
from hedgerow.measures.measure import POSTURES, Act, Measure, MeasureError


@dataclass(frozen=True)
class Target:
    """One decision for everybody, without its time and its reason."""

    act: Act
    route: str | None = None
    """None: every route that shows people."""
    field: str | None = None
    posture: str | None = None

    @classmethod
    def of(cls, measure: Measure) -> Target:
        """What a measure for everybody decides."""
        return cls(measure.act, measure.route, measure.field, measure.posture)

    @property
    def reached(self) -> Wide:
        """Whom the ledger is asked about before it is decided."""
        return Wide(self.route, self.field, newcomers=self.act is Act.POSTURE)


def read_target(act: Act, what: str, route: str | None = None) -> Target:
    """A decision as a person writes it.

    Args:
        act: posture, mask or close.
        what: `raised` or `high`; a field; a route.
        route: Where, for the first two; None: every route that shows people.

    Raises:
        MeasureError: it is none.
    """
    what, route = what.strip(), (route or "").strip() or None
    match act:
        case Act.POSTURE:
            if what not in POSTURES:
                raise MeasureError(f"a posture is at least {' or '.join(POSTURES)}; `{what[:40]}` is neither")
            return Target(act, route, posture=what)
        case Act.MASK:
            if not what:
                raise MeasureError("say which field is masked, as the people map names it")
            return Target(act, route, field=what)
        case Act.CLOSE:
            if not what or route not in (None, what):
                raise MeasureError("say which one route is closed, as the people map names it")
            return Target(act, what)
    raise MeasureError(f"`{act}` is decided about a principal, not for everybody: hedgerow measure set")


@dataclass(frozen=True)
class Shows:
    """What a site shows of its people, as the gateway has it."""

    fields: tuple[str, ...] = ()
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each with the fields it declares; none declared: what the application names."""


def shows(state: Path, site: str) -> Shows:
    """What a site shows, read from the tables that the gateway reads: a policy in its file may not be in force yet.

    Raises:
        MeasureError: no policy was brought into force here, or the tables are another version's.
    """
    path = Folder(state).policy
    try:
        known = {str(s["name"]): _shown_by(s) for s in json.loads(path.read_bytes())["sites"]}
    except FileNotFoundError as e:
        raise MeasureError("no policy is in force here; `hedgerow protect` brings one into force") from e
    except (OSError, ValueError, KeyError, TypeError, IndexError) as e:
        raise MeasureError(f"{path} cannot be read: {e}; `hedgerow protect` writes it anew") from e
    if site not in known:
        raise MeasureError(f"the policy in force has no site `{site[:64]}`")
    return known[site]


def _shown_by(site: Mapping[str, Any]) -> Shows:
    fields = tuple(str(f["name"]) for f in site["fields"])
    return Shows(fields, {str(r["name"]): tuple(fields[f["field"]] for f in r["fields"]) for r in site["routes"]})


def check_known(target: Target, known: Shows) -> None:
    """Says no to what the site does not have: a measure about it would do nothing, and look as if it did.

    Raises:
        MeasureError: there is no such route or field, or the field is not shown there.
    """
    fields, routes = known.fields, known.routes
    if target.route is not None and target.route not in routes:
        raise MeasureError(
            f"the people map has no route `{target.route[:64]}`; it has {', '.join(sorted(routes)[:20]) or 'none'}"
        )
    if target.field is not None and target.field not in fields:
        raise MeasureError(
            f"the people map has no field `{target.field[:64]}`; it has {', '.join(sorted(fields)[:20]) or 'none'}"
        )
    if target.field is not None and target.route is not None:
        declared = routes[target.route]
        if declared and target.field not in declared:
            raise MeasureError(
                f"the route `{target.route}` does not show `{target.field}`; it shows {', '.join(sorted(declared))}"
            )
