"""Every address of the console that can be looked at, made from its route table: a new page cannot be forgotten.

A route's parameters are filled from what `console_world.places` knows, and each of its filters is asked for once. A
parameter or filter that nobody gave a value is an error that says what to add; so is one of `LEFT_OUT` that is gone.
`tests/python/console/test_bench_pages.py` looks at the same without measuring anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI

from hedgerow.console.app import route_table
from hedgerow.console.routes import PUBLIC

LEFT_OUT: Final[dict[str, str]] = {
    "/live": "a stream: it answers as long as the page is open",
    "/work/{work_id}": "a note of some lines on work that is under way: there while it is",
    "/api/v1/work/{work_id}": "the same for a program",
    "/sign-in/oidc": "asks the identity provider, which is another server",
    "/sign-in/oidc/back": "asks the identity provider, which is another server",
}
WAITS: Final[dict[str, str]] = {
    "/api/v1/principals/{site}/{level}/{name}/record": "a program's question to the ledger: it waits for the answer",
    "/api/v1/principals/{site}/{level}/{name}/reach": "a program's question to the ledger: it waits for the answer",
    "/api/v1/cases/{case_id}/containment/reach": "a program's question to the ledger: it waits for the answer",
    "/api/v1/measures/reach": "a program's question to the ledger: it waits for the answer",
    "/cases/{case_id}/people.csv": "the list of everybody affected, from the ledger",
    "/api/v1/decisions/check": "recomputes every hash of the trail",
}
"""Asked beside the pages and measured by `benches/case_work.py` where the ledger is asked: their time has no limit."""
VALUES: Final[dict[str, tuple[str, ...]]] = {
    "/cases/{case_id}/{what}.csv what": ("fields", "principals", "timeline", "tasks"),
    "/letters/{letter_id}/versions/{number}/letter.{form} form": ("docx", "pdf", "txt"),
    "level": ("session",),
    "name": (f"{'0' * 8}{0:016x}",),
    "/static/{digest}/{name} digest": ("x",),
    "/static/{digest}/{name} name": ("console.css",),
}
"""Parameters that have several values worth a look, or the same one always."""
FILTERS: Final[dict[str, tuple[str, ...]]] = {
    "page": ("2", "9999"),
    "state": ("all",),
    "/letters state": ("draft", "overdue"),
    "/api/v1/letters state": ("overdue",),
    "/claims state": ("all", "unfounded"),
    "severity": ("high",),
    "origin": ("person",),
    "q": ("order",),
    "words": ("order",),
    "mine": ("yes",),
    "assignee": ("x",),
    "order": ("opened", "severity"),
    "/cases order": ("opened", "severity", "deadline&state=all&page=9"),
    "before": ("20000",),
    "/principals/{site}/{level}/{name}/record before": (),
    "/api/v1/principals/{site}/{level}/{name}/record before": (),
    "act": ("measure.set",),
    "subject": ("case:7",),
    "who": ("User 7",),
    "form": ("json",),
    "ended": ("yes",),
    "/api/v1/measures ended": ("true",),
    "site": ("{site}",),
    "case": ("{case_id}",),
    "version": ("1",),
    "kind": ("cease_and_desist",),
    "follows": ("{letter_id}",),
    "principal": ("session:" + "0" * 24,),
    "limit": ("500",),
    "next": ("/decisions",),
    "/api/v1/cases/{case_id}/containment/reach step": ("budget",),
    "/api/v1/cases/{case_id}/containment/reach target": ("session:" + "0" * 24,),
    "/api/v1/measures/reach act": ("mask",),
    "/api/v1/measures/reach what": ("email",),
    "/api/v1/measures/reach route": ("profile",),
}
"""What is asked of each filter; none for what only an answer can give."""
_PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True)
class Address:
    """One thing to look at."""

    route: str
    shown: str
    """As the table names it: with the parameter's name where the value says nothing."""
    path: str
    api: bool
    public: bool
    waits: bool


class NoValueError(Exception):
    """A parameter or filter for which there is nothing to ask; the message says what to add."""


def addresses(app: FastAPI, places: Mapping[str, str]) -> list[Address]:
    """Everything that can be looked at.

    Args:
        app: The console.
        places: Values of parameters, by name or by `route name`.

    Raises:
        NoValueError: a route, parameter or filter is unknown here.
    """
    routers: list[Any] = [getattr(r, "original_router", r) for r in app.routes]
    asked: dict[str, Any] = {r.path: r for of in routers for r in getattr(of, "routes", (of,))}
    table = [r for r in route_table(app) if r.method == "GET"]
    gone = {*LEFT_OUT, *WAITS} - {r.path for r in table} - {p for p in LEFT_OUT if "oidc" in p}
    if gone:
        raise NoValueError(f"benches/console_pages.py names routes that there are not any more: {sorted(gone)}")
    found: list[Address] = []
    for route in table:
        if route.path in LEFT_OUT:
            continue
        plain = re.sub(r":\w+\}", "}", route.path)
        filters = list(_filters(asked[route.path].dependant.query_params, plain, places))
        required = "&".join(query for query, needed in filters if needed)
        for path, shown in _filled(plain, places):
            kinds = (route.kind == "api", route.needs is PUBLIC, route.path in WAITS)
            base = f"?{required}" if required else ""
            found.append(Address(route.path, shown, path + base, *kinds))
            found += [
                Address(
                    route.path, f"{shown}?{_short(query, places)}", f"{path}{base}{'&' if base else '?'}{query}", *kinds
                )
                for query, needed in filters
                if not needed
            ]
    return found


def _filled(plain: str, places: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    names = _PARAMETER.findall(plain)
    ways: list[tuple[str, str]] = [(plain, plain)]
    for name in names:
        values = _of(name, plain, places)
        if not values:
            raise NoValueError(
                f"{plain}: nothing to put for {{{name}}}; give it a value in `places` of benches/console_world.py, or in "
                "`VALUES` of benches/console_pages.py"
            )
        several = len(values) > 1
        ways = [
            (path.replace(f"{{{name}}}", quote(value)), shown.replace(f"{{{name}}}", value) if several else shown)
            for path, shown in ways
            for value in values
        ]
    yield from ways


def _keys(plain: str, name: str) -> tuple[str, ...]:
    """Under what a value may stand: of this address, of the page whose twin it is, of all."""
    return f"{plain} {name}", f"{plain.removeprefix('/api/v1')} {name}", name


def _of(name: str, plain: str, places: Mapping[str, str]) -> tuple[str, ...]:
    for key in _keys(plain, name):
        if key in VALUES:
            return VALUES[key]
        if key in places:
            return (places[key],)
    return ()


def _filters(fields: Iterable[Any], plain: str, places: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    for field in fields:
        values = next((FILTERS[k] for k in _keys(plain, field.alias) if k in FILTERS), None)
        if values is None:
            raise NoValueError(
                f"{plain}: nothing to ask the filter `{field.alias}` for; name it in `FILTERS` of benches/console_pages.py"
            )
        for value in values:
            yield f"{field.alias}={_PARAMETER.sub(lambda m: places[m[1]], value)}", field.field_info.is_required()


def _short(query: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        if len(value) >= 20:
            query = query.replace(value, name.rpartition(" ")[2])
    return query
