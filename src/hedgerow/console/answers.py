"""Answers problems: a page in plain words with a reference, or a problem document (RFC 9457) for programs."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from hedgerow.console.decisions import DecisionError
from hedgerow.console.guards import BodyTooLargeError
from hedgerow.console.problems import FreshSignInNeeded, NoPolicy, Problem, SignInNeeded, TooOften
from hedgerow.console.rendering import inside, render
from hedgerow.console.routes import API

SIGN_IN: Final = "/sign-in"
AGAIN: Final = "/sign-in/again"


def answer_problems(app: FastAPI) -> None:
    """Registers the answers."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(DecisionError, _decision)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(BodyTooLargeError, _too_large)
    app.add_exception_handler(DataError, _cannot_be_kept)
    app.add_exception_handler(Exception, _unexpected)


def _problem(request: Request, e: Exception) -> Response:
    if not isinstance(e, Problem):
        raise e
    program = request.url.path.startswith(API)
    if isinstance(e, SignInNeeded | FreshSignInNeeded) and not program:
        return _to_sign_in(request, SIGN_IN if isinstance(e, SignInNeeded) else AGAIN)
    if isinstance(e, NoPolicy) and not program and request.method == "GET":
        # Nothing was asked for that is not there: the page has nothing to show yet, and says what makes it.
        return render(request, "policy/none.html")
    answer = _say(request, e.status, e.title, e.sentence)
    if isinstance(e, TooOften):
        answer.headers["retry-after"] = str(e.wait_s)
    if isinstance(e, SignInNeeded):
        answer.headers["www-authenticate"] = 'Bearer realm="hedgerow"'
    return answer


def _to_sign_in(request: Request, where: str) -> Response:
    if request.method == "GET":
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    else:
        # A form cannot be repeated for them; they come back to the page it stood on.
        referer = request.headers.get("referer", "")
        back = "/" + referer.partition("://")[2].partition("/")[2]
    target = f"{where}?next={quote(inside(back), safe='/')}"
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"hx-redirect": target})
    return RedirectResponse(target, 303)


def _decision(request: Request, e: Exception) -> Response:
    return _say(request, 422, "This will not do", f"{e}.")


def _validation(request: Request, e: Exception) -> Response:
    if not isinstance(e, RequestValidationError):
        raise e
    wrong = [
        {"where": ".".join(str(p) for p in error["loc"][1:]) or str(error["loc"][0]), "what": str(error["msg"])}
        for error in e.errors()[:20]
    ]
    sentence = "; ".join(f"{w['where']}: {w['what'].lower()}" for w in wrong)
    return _say(request, 422, "This will not do", f"What was sent cannot be taken: {sentence}.", errors=wrong)


def _http(request: Request, e: Exception) -> Response:
    if not isinstance(e, HTTPException):
        raise e
    words = {
        404: ("There is no such page", "The address may be old or mistyped. Go on from the header above."),
        405: ("That does not work here", "This address does not take what was sent to it."),
    }
    title, sentence = words.get(e.status_code, (HTTPStatus(e.status_code).phrase, str(e.detail)))
    answer = _say(request, e.status_code, title, sentence)
    for name, value in (e.headers or {}).items():
        answer.headers[name] = value
    return answer


def _too_large(request: Request, _e: Exception) -> Response:
    return _say(request, 413, "This is too long", "What was sent is longer than the console takes.")


def _cannot_be_kept(request: Request, _e: Exception) -> Response:
    """PostgreSQL's word for a number or a text that its column does not take; SQLite takes nearly anything."""
    return _say(request, 422, "This will not do", "A number in it is too large, or a text too long, to be kept.")


def _unexpected(request: Request, e: Exception) -> Response:
    reference = secrets.token_hex(4)
    # The path may hold an identifier of ours, never a person's; values of forms are not logged.
    structlog.get_logger().error(
        "console_failed", reference=reference, path=request.url.path, error=type(e).__name__, exc_info=e
    )
    return _say(
        request,
        500,
        "Something went wrong here",
        "This is not your fault, and nothing was half done. Try again; if it stays, look for the reference in the log.",
        reference=reference,
    )


def _say(
    request: Request, status: int, title: str, sentence: str, *, reference: str | None = None, **more: Any
) -> Response:
    reference = reference or secrets.token_hex(4)
    if request.url.path.startswith(API):
        body = {"type": "about:blank", "title": title, "status": status, "detail": sentence, "reference": reference}
        return JSONResponse({**body, **more}, status, media_type="application/problem+json")
    if not hasattr(request.state, "actor"):
        request.state.actor = None
    return render(request, "error.html", status, title=title, sentence=sentence, reference=reference)
