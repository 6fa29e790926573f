"""The JSON twins of forms and files: the same act behind a typed body, so that no form is without one.

A form's twin calls the form's own endpoint. Its body has the form's fields with the form's bounds, its permission is
the form's, and it answers what was done and which page shows it. Where a twin says more than that, it is written by
hand in `hedgerow.console.api` under the same path, and nothing is made here. A file is the same file under `/api/v1`,
because programs with a token are not let in to pages.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from fastapi import APIRouter, Request, params
from pydantic import BaseModel, ConfigDict, create_model
from starlette.responses import Response
from starlette.routing import BaseRoute

from hedgerow.console.access.gate import Declared, Mark
from hedgerow.console.rendering import Went
from hedgerow.console.routes import API, GatedRoute, api

CSV: Final = "text/csv"
JSON: Final = "application/json"
_BYTES: Final = {"type": "string", "format": "binary"}
_ANYTHING: Final[dict[str, str]] = {}
"""What stands in a JSON file is told by its own documentation; its typed twin is another route."""
FILES: Final[dict[str, tuple[str, ...]]] = {
    "/cases/{case_id}/people.csv": (CSV,),
    "/cases/{case_id}/{what}.csv": (CSV,),
    "/claims.csv": (CSV,),
    "/decisions/export": (CSV, JSON),
    "/letters/{letter_id}/versions/{number}/letter.{form}": (
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "text/plain",
    ),
    "/letters/{letter_id}/files/{digest}": ("application/octet-stream",),
    "/notices/cases/{case_id}/forms/{regime}/european.csv": (CSV,),
    "/notices/cases/{case_id}/forms/{regime}/european.json": (JSON,),
    "/notices/mailings/{mailing_id}/people.csv": (CSV,),
    "/notices/mailings/{mailing_id}/not-reached.csv": (CSV,),
    "/notices/register.csv": (CSV,),
    "/notices/register.json": (JSON,),
    "/visitors/examples.jsonl": ("application/x-ndjson",),
}
"""Pages that are files, with what they can be."""
ELSEWHERE: Final[dict[str, str]] = {
    "/cases/new": "POST /api/v1/cases",
    "/letters/{letter_id}/parts/{place}": "POST /api/v1/letters/{letter_id}/parts",
    "/notices/cases/{case_id}/decide/{regime}/{duty}": "POST /api/v1/notices/cases/{case_id}/decisions",
    "/notices/cases/{case_id}/forms/{regime}": "PUT /api/v1/notices/cases/{case_id}/forms/{regime}",
    "/notifications/{channel_id}": "PUT /api/v1/notifications/{channel_id}",
}
"""Forms whose twin has a path or a method of its own."""
RENAMED: Final[dict[str, str]] = {"/claims/new": "/api/v1/claims"}
"""Forms whose twin is made here under another path."""
OWN_SIGN_IN: Final = ("/account", "/sign-in", "/sign-out", "/set-up")
"""One's own sign-in is done by a person in a browser: passwords, second factors, sessions and tokens have no twin."""


class Said(BaseModel):
    """What was done."""

    said: str
    """In a sentence, as the console says it."""
    where: str
    """The page of the console that shows it."""


@dataclass(frozen=True)
class _Taken:
    """An endpoint's parameters, sorted by where they come from."""

    own: dict[str, Any]
    """From the path, and what the console gives: with their annotations."""
    fields: dict[str, tuple[Any, Any]]
    """From the form: type with bounds, and default."""


def routers(routes: Iterable[BaseRoute]) -> tuple[APIRouter, APIRouter]:
    """The twins of all forms and files that have none written by hand.

    The first router has those whose address is fixed: it goes before all others, or an address with a parameter in the
    same place would answer for them.

    Args:
        routes: every route there is, pages and twins.

    Raises:
        TwinError: a form takes something that no twin can be made for; write it by hand.
    """
    known = [r for r in routes if isinstance(r, GatedRoute) and r.declared is not None]
    taken = {(r.declared.method, r.declared.path) for r in known if r.declared}
    fixed, with_parameters = APIRouter(tags=["forms"]), APIRouter(tags=["forms"])
    for route in known:
        declared = route.declared
        if declared is None or declared.path.startswith(OWN_SIGN_IN) or declared.needs is Mark.PUBLIC:
            continue
        path = RENAMED.get(declared.path, f"{API.rstrip('/')}{declared.path}")
        made = with_parameters if "{" in path else fixed
        if declared.kind == "action" and declared.path not in ELSEWHERE and ("POST", path) not in taken:
            act = _act(route.endpoint, declared)
            api(made, path, needs=declared.needs, method="POST", fresh=declared.fresh)(act)
        elif declared.kind == "page" and declared.path in FILES and ("GET", path) not in taken:
            kinds = {kind: {"schema": _ANYTHING if kind == JSON else _BYTES} for kind in FILES[declared.path]}
            api(
                made,
                path,
                needs=declared.needs,
                fresh=declared.fresh,
                response_class=Response,
                response_model=None,
                responses={200: {"description": "The file", "content": kinds}},
            )(route.endpoint)
    return fixed, with_parameters


class TwinError(RuntimeError):
    """No twin can be made of a form; the message says of which."""


def _act(endpoint: Callable[..., Any], declared: Declared) -> Callable[..., Any]:
    found = _sorted(endpoint, declared)
    shape = _shape(declared.path, found.fields)

    def twin(**given: Any) -> Said:
        body = given.pop("body", None)
        values = {name: getattr(body, name) for name in found.fields}
        answer = endpoint(**given, **values)
        if not isinstance(answer, Went):
            raise TwinError(f"{declared.path} answers a page; write its twin by hand")
        return Said(said=answer.said, where=answer.where)

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, keyword, annotation=kind) for name, kind in found.own.items()]
    if shape is not None:
        parameters.append(inspect.Parameter("body", keyword, annotation=shape))
    # FastAPI reads a signature, whoever wrote it.
    twin.__signature__ = inspect.Signature(parameters, return_annotation=Said)  # type: ignore[attr-defined]
    twin.__name__ = endpoint.__name__
    twin.__doc__ = endpoint.__doc__ or f"What the form at {declared.path} does."
    return twin


def _sorted(endpoint: Callable[..., Any], declared: Declared) -> _Taken:
    if inspect.iscoroutinefunction(endpoint):
        raise TwinError(f"{declared.path} is not a plain function; write its twin by hand")
    hints = get_type_hints(endpoint, include_extras=True)
    in_path = set(re.findall(r"\{(\w+)(?::\w+)?\}", declared.path))
    own: dict[str, Any] = {}
    fields: dict[str, tuple[Any, Any]] = {}
    for name, parameter in inspect.signature(endpoint).parameters.items():
        hint = hints[name]
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        form = next((m for m in marks if isinstance(m, params.Form)), None)
        if any(isinstance(m, params.File) for m in marks) or (form and form.alias not in (None, name)):
            raise TwinError(f"{declared.path}: `{name}` is no field of a body; write its twin by hand")
        if form is not None:
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            plain = get_args(hint)[0]
            fields[name] = (Annotated[(plain, *form.metadata)] if form.metadata else plain, default)
        elif name in in_path or hint is Request or (marks and isinstance(marks[0], params.Depends)):
            own[name] = hint
        else:
            raise TwinError(f"{declared.path}: `{name}` is neither of the path nor of the form; write its twin by hand")
    return _Taken(own, fields)


def _shape(path: str, fields: dict[str, tuple[Any, Any]]) -> type[BaseModel] | None:
    if not fields:
        return None
    words = re.findall(r"[a-z]+", path.replace("_", "/"))
    name = "".join(word.capitalize() for word in words) + "Body"
    shapes: dict[str, Any] = dict(fields)
    words_of_it = f"The fields of the form at {path}."
    return create_model(name, __config__=ConfigDict(extra="forbid"), __doc__=words_of_it, **shapes)
