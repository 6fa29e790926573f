"""What protects each route that shows people: its layers, and the expectation that each of them meets.

Authorities expect several technical and procedural layers together, as no single control suffices (joint statement on
data scraping of 24 August 2023; concluding joint statement of 28 October 2024). A route that shows people with fewer
than three acting layers is therefore called thin. What is said here is read off the policy alone: a layer acts if the
policy makes it act, and in watch mode none does but detection, which records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from hedgerow.policy.loading import Compiled
from hedgerow.policy.view import View

LEAST: Final = 3
"""A route of people with fewer acting layers is thin. Our reading of "several" in both joint statements."""


class Layer(StrEnum):
    """The kinds of protection, in the order a request meets them."""

    IDENTITY = "identity"
    DETECTION = "detection"
    BUDGET = "budget"
    POSTURE = "posture"
    EXPOSURE = "exposure"
    FRICTION = "friction"
    RESPONSE = "response"
    TERMS = "terms"


@dataclass(frozen=True)
class Expectation:
    """What a layer answers to."""

    words: str
    source: str


EXPECTATIONS: Final = {
    Layer.IDENTITY: Expectation(
        "What need not be open stands behind registration, and accounts are known apart from strangers.",
        "Garante, information note of 20 May 2024",
    ),
    Layer.DETECTION: Expectation(
        "Patterns of automation are recognised.",
        "Joint statement of 24 August 2023; concluding statement of 28 October 2024",
    ),
    Layer.BUDGET: Expectation(
        "How many other people one visitor or account may be shown is capped, and never by address alone.",
        "Joint statement of 24 August 2023; ICO penalty notice of 5 June 2025 (23andMe)",
    ),
    Layer.POSTURE: Expectation(
        "Rotating addresses and slow harvesting are seen, as all strangers are counted together.",
        "ICO penalty notice of 5 June 2025 (23andMe); Irish DPC, decision of 25 November 2022",
    ),
    Layer.EXPOSURE: Expectation(
        "No more, and nothing more sensitive, is published than can be protected.",
        "GDPR article 25; Garante, information note of 20 May 2024",
    ),
    Layer.FRICTION: Expectation(
        "Suspected robots are challenged.",
        "Joint statement of 24 August 2023; Garante, information note of 20 May 2024",
    ),
    Layer.RESPONSE: Expectation(
        "Access is restricted in steps, and blocked where scraping is found.",
        "Joint statement of 24 August 2023",
    ),
    Layer.TERMS: Expectation(
        "The terms of use forbid scraping, and can be shown as they stood at the time.",
        "Garante, information note of 20 May 2024; joint statement of 24 August 2023",
    ),
}


@dataclass(frozen=True)
class Acting:
    """One layer on one route."""

    layer: Layer
    acts: bool
    how: str
    """What it does, or what is missing, in a sentence."""

    @property
    def expectation(self) -> Expectation:
        """What it answers to."""
        return EXPECTATIONS[self.layer]


@dataclass(frozen=True)
class Protection:
    """The layers of one route."""

    site: str
    route: str
    path: str
    kind: str
    fields: tuple[tuple[str, str], ...]
    """What it shows: field and sensitivity."""
    layers: tuple[Acting, ...]

    @property
    def acting(self) -> tuple[Acting, ...]:
        """Those that act."""
        return tuple(a for a in self.layers if a.acts)

    @property
    def thin(self) -> bool:
        """Whether fewer than three layers act."""
        return len(self.acting) < LEAST


def layers_of(compiled: Compiled, modes: Mapping[str, str] | None = None) -> list[Protection]:
    """The layers of every route that shows people, site by site, in the order of the policy.

    Args:
        compiled: The policy.
        modes: Modes that were switched after the policy was written, by site; an empty word = as the policy says.
    """
    switched = modes or {}
    return [p for site in compiled.sites for p in _of_site(_as_switched(site, switched.get(site.text("name"), "")))]


def _as_switched(site: View, mode: str) -> View:
    return replace(site, values={**site.values, "mode": mode}) if mode else site


def _of_site(site: View) -> Iterator[Protection]:
    people = site.view("people")
    sensitivity = {name: str(s) for name, s in people.view("fields").values.items()}
    for route in people.items("routes").views():
        shown = tuple((name, sensitivity.get(name, "basic")) for name in route.view("fields").values)
        # A list that is only counted shows at least who is on it.
        kinds = {s for _, s in shown} or {"basic"}
        yield Protection(
            site.text("name"),
            route.maybe("name") or route.text("path"),
            route.text("path"),
            route.text("kind"),
            shown,
            (
                _identity(site),
                _detection(site),
                _budget(site, kinds),
                _posture(site, kinds),
                _exposure(site, kinds),
                _friction(site),
                _response(site),
                _terms(site),
            ),
        )


def _enforced(site: View) -> bool:
    return site.text("mode") == "enforce"


_WATCHED: Final = "the site is in watch mode: it is computed and recorded, and stops nobody"


def _identity(site: View) -> Acting:
    account = site.view("account")
    declared = account.maybe("cookie") is not None or account.maybe_view("token") is not None
    gated = [s for s in ("personal", "contact", "special") if _show(site, "stranger", s) == "never"]
    if not declared:
        return Acting(
            Layer.IDENTITY,
            False,
            "no account is known here: `account.cookie` and `account.token` are absent, so members count as strangers",
        )
    if not _enforced(site):
        return Acting(Layer.IDENTITY, False, _WATCHED)
    if gated:
        return Acting(Layer.IDENTITY, True, f"{_and(gated)} fields are for those who signed in")
    return Acting(Layer.IDENTITY, True, "accounts are known, and have budgets of their own")


def _detection(site: View) -> Acting:
    weighed = [name for name, weight in site.view("signals").values.items() if weight]
    if not weighed:
        return Acting(Layer.DETECTION, False, "every signal has weight 0")
    return Acting(Layer.DETECTION, True, f"{len(weighed)} signals are looked for on every request, and recorded")


def _budget(site: View, kinds: set[str]) -> Acting:
    if not _enforced(site):
        return Acting(Layer.BUDGET, False, _WATCHED)
    levels = site.view("budgets").maybe_view("stranger")
    capped: dict[str, list[str]] = {}
    for level, table in levels.views() if levels else ():
        for sensitivity, limit in table.limits():
            if sensitivity in kinds and limit.by_window:
                capped.setdefault(sensitivity, []).append(level)
    free = [k for k in sorted(kinds) if k not in capped and _show(site, "stranger", k) != "never"]
    if free:
        return Acting(Layer.BUDGET, False, f"a stranger has no limit for {_and(free)} fields")
    by = sorted({level for found in capped.values() for level in found})
    if by == ["address"]:
        return Acting(Layer.BUDGET, False, "strangers are capped by address alone, and addresses rotate")
    return Acting(Layer.BUDGET, True, f"distinct people are capped for each {_and(by) or 'stranger'}")


def _posture(site: View, kinds: set[str]) -> Acting:
    if not _enforced(site):
        return Acting(Layer.POSTURE, False, _WATCHED)
    limits = {s for s, limit in site.view("posture").view("raised").limits() if limit.by_window}
    watched = sorted(limits & kinds)
    if not watched:
        return Acting(
            Layer.POSTURE,
            False,
            f"no threshold for {_and(sorted(kinds))} fields: strangers together are not held back here",
        )
    return Acting(
        Layer.POSTURE, True, f"newcomers are shown less when strangers together are shown many {_and(watched)}"
    )


def _exposure(site: View, kinds: set[str]) -> Acting:
    risky = sorted(kinds & {"contact", "special"})
    if not risky:
        return Acting(Layer.EXPOSURE, False, "nothing is masked here: only basic and personal fields are shown")
    if not _enforced(site):
        return Acting(Layer.EXPOSURE, False, _WATCHED)
    said = [f"{s} {_HOW[_show(site, 'stranger', s)]}" for s in risky]
    open_ = [s for s in risky if _show(site, "stranger", s) == "budgeted"]
    return Acting(Layer.EXPOSURE, not open_, f"to strangers: {_and(said)}")


_HOW: Final = {"budgeted": "shown at once", "on_request": "one person at a time, on request", "never": "never shown"}


def _friction(site: View) -> Acting:
    if not _enforced(site):
        return Acting(Layer.FRICTION, False, _WATCHED)
    ladder = site.view("ladder")
    return Acting(
        Layer.FRICTION,
        True,
        f"a challenge at {ladder.whole('prove_at')} points, or {ladder.whole('prove_beyond')} people beyond the budget",
    )


def _response(site: View) -> Acting:
    if not _enforced(site):
        return Acting(Layer.RESPONSE, False, _WATCHED)
    ladder = site.view("ladder")
    minutes = ladder.whole("refuse_for_s") / 60
    return Acting(
        Layer.RESPONSE, True, f"refused at {ladder.whole('refuse_at')} points, for {minutes:g} minutes at a time"
    )


def _terms(site: View) -> Acting:
    if site.view("legal").maybe("terms") is None:
        return Acting(Layer.TERMS, False, "`legal.terms` names no file, so it cannot be shown what was forbidden when")
    return Acting(Layer.TERMS, True, "the terms in force are kept by their hash, with the time they came into force")


def _show(site: View, standing: str, sensitivity: str) -> str:
    cells = site.view("show").maybe_view(standing)
    return (cells.maybe(sensitivity) if cells else None) or "budgeted"


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
