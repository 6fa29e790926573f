"""Policies as an operator writes them, for a site with members. JSON is YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hedgerow.policy import defaults

Policy = dict[str, object]

NO_SIGNALS: Final = dict.fromkeys(defaults.SIGNALS, 0)
"""Nobody is suspected of anything: for tests of everything else."""

CALM: Final = {
    "raised": {"basic": "900000/hour", "personal": "900000/hour", "contact": "900000/hour"},
    "high": {"basic": "1000000/hour", "personal": "1000000/hour", "contact": "1000000/hour"},
}
"""The posture never moves."""

NEVER: Final = {
    **dict.fromkeys(("prove_at", "slow_at", "refuse_at"), 10_000),
    "prove_beyond": 24,
    "sign_in_beyond": 100_000,
    "refuse_beyond": 100_000,
}
"""No step follows from points: what is looked at here is the evidence alone."""

FIELDS: Final = {"name": "basic", "town": "personal", "email": "contact"}

ROUTES: Final[list[Policy]] = [
    {
        "path": "/members/{person}",
        "name": "profile",
        "kind": "profile",
        "person": "path",
        "fields": {"name": {"html": "h1"}, "town": {"html": ".town"}, "email": {"html": "a.email"}},
    },
    {
        "path": "/members",
        "name": "list",
        "kind": "list",
        "person": {"html": "li.member", "id": "a", "attribute": "href", "pattern": "/members/([0-9]+)"},
        "fields": {"name": {"html": ".name"}, "town": {"html": ".town"}},
    },
    {
        "path": "/api/members",
        "name": "api-list",
        "kind": "api",
        "person": {"json": "$.results[*]", "id": "$.id"},
        "fields": {"name": {"json": "$.name"}, "town": {"json": "$.town"}, "email": {"json": "$.email"}},
    },
    {
        "path": "/api/members/{person}",
        "name": "api-profile",
        "kind": "api",
        "person": "path",
        "fields": {"name": {"json": "$.name"}, "town": {"json": "$.town"}, "email": {"json": "$.email"}},
    },
]

ROOMY: Final = {
    level: {"basic": "900000/hour", "personal": "900000/hour", "contact": "900000/hour"}
    for level in ("session", "address", "network")
}


def small(sensitivity: str, people: int) -> dict[str, dict[str, str]]:
    """Budgets so small that a test can spend them, of one sensitivity, on every level that an address gives."""
    return {level: {**limits, sensitivity: f"{people}/hour"} for level, limits in ROOMY.items()}


def policy(upstream: str, site: Mapping[str, object] | None = None, **top: object) -> Policy:
    """A policy with one site called `club`; `site` adds to it or replaces."""
    quick = {"url": upstream, "connect_timeout_s": 2.0, "answer_timeout_s": 3.0, "idle_timeout_s": 3.0}
    of_site: Policy = {
        "name": "club",
        "upstream": quick,
        "title": "Riverbend club",
        "contact": "privacy@club.example",
        "signals": NO_SIGNALS,
        "posture": CALM,
        "budgets": {"stranger": ROOMY, "proven": ROOMY, "automation": ROOMY},
        "people": {"fields": FIELDS, "routes": ROUTES},
        **(site or {}),
    }
    return {"workers": 2, "memory_mib": 64, "sites": [of_site], **top}


def write(path: Path, written: Policy) -> None:
    """Writes a policy in one step, as editors do."""
    fresh = path.with_suffix(".fresh")
    fresh.write_text(json.dumps(written, indent=1), encoding="utf-8")
    fresh.replace(path)


def profile(person: int) -> str:
    """A member's page; every value in it is told apart by the number."""
    return (
        f"<!doctype html><html><head><title>Club</title></head><body><h1>Name{person}x</h1>"
        f"<p class=town>Town{person}x</p><a class=email href='mailto:mail{person}x@club.example'>"
        f"mail{person}x@club.example</a><p>Footer</p></body></html>"
    )


def listing(people: range) -> str:
    """A page with several members."""
    items = "".join(
        f'<li class="member"><a href="/members/{n}"><span class="name">Name{n}x</span></a>'
        f'<span class="town">Town{n}x</span></li>'
        for n in people
    )
    return f"<!doctype html><html><body><ul>{items}</ul><p>Footer</p></body></html>"


def rows(people: range) -> dict[str, object]:
    """Several members as data."""
    return {
        "results": [
            {"id": n, "name": f"Name{n}x", "town": f"Town{n}x", "email": f"mail{n}x@club.example"} for n in people
        ],
        "total": len(people),
    }


def tight(upstream: str, people: int = 4, sensitivity: str = "personal", **site: object) -> Policy:
    """A policy under which a stranger is shown so few people."""
    ladder = {"prove_beyond": 100_000, "sign_in_beyond": 100_000, "refuse_beyond": 100_000}
    budgets = {"stranger": small(sensitivity, people), "proven": ROOMY, "automation": small(sensitivity, people)}
    show = {"stranger": {"contact": "budgeted"}}
    return policy(upstream, {"budgets": budgets, "ladder": ladder, "show": show, "posture": CALM, **site})


def towns(text: str) -> set[int]:
    """People whose town is to be read."""
    return {int(n) for n in re.findall(r"Town(\d+)x", text)}


def names(text: str) -> set[int]:
    """People whose name is to be read."""
    return {int(n) for n in re.findall(r"Name(\d+)x", text)}
