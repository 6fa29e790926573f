"""What was sent as text must be text: no NUL, no half of a surrogate pair.

PostgreSQL keeps neither, SQLite keeps both: refused here, before any page reads it, the two behave alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from fastapi import Request

from hedgerow.console.problems import Wrong

FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_SENTENCE: Final = "It holds a character that is no text (NUL, or half of a pair). Take it out and send it again."


def kind_of(request: Request) -> str:
    """The media type of a request's body."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def check_text(request: Request, *, writes: bool) -> None:
    """Looks at path, question and body.

    Raises:
        Wrong: something in it is no text.
    """
    said = [*request.path_params.values(), *request.query_params.keys(), *request.query_params.values()]
    if writes and kind_of(request) in FORMS:
        form = await request.form(max_files=20, max_fields=2_000, max_part_size=2 << 20)
        for name, value in form.multi_items():
            said += [name, value if isinstance(value, str) else value.filename or ""]
    elif writes:
        body = await request.body()
        # Neither can come but as an escape; what is no JSON is refused by whoever reads it.
        if b"\\u" in body:
            try:
                said += _texts(json.loads(body))
            except (ValueError, RecursionError):
                said.clear()
    if not all(_is_text(s) for s in said if isinstance(s, str)):
        raise Wrong(_SENTENCE)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _is_text(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
