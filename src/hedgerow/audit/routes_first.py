"""The first look at a log: which addresses it has, to learn from them which routes show people.

The engine reads the log for this, too, under a policy whose one route takes every path for a person. So whatever format
the replay can read, learning can, and a page that was refused or missing counts for neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from hedgerow.audit.learning import Learnt, learn
from hedgerow.audit.replaying import AuditError, Json, Progress, Replay, Wish, popularity_of, replayed
from hedgerow.policy import PolicyError, load_text
from hedgerow.policy.defaults import SIGNALS

MOST_BYTES: Final = 2 << 30
"""Of log that is read to learn; of a longer one whole files are left out, and that is said."""


def every_path() -> Json:
    """A policy for which every address is a person, and nothing is evidence of anything."""
    policy = {
        "sites": [
            {
                "name": "learning",
                "upstream": "http://127.0.0.1:3000",
                "signals": dict.fromkeys(SIGNALS, 0),
                "people": {
                    "fields": {"page": "basic"},
                    "routes": [
                        {"path": "/{person...}", "kind": "profile", "person": "path", "methods": ["GET"]},
                    ],
                },
            }
        ]
    }
    return load_text(json.dumps(policy).encode()).tables


def learn_routes(wish: Wish, progress: Progress) -> Learnt:
    """Learns the routes of a log.

    Raises:
        AuditError: when the log cannot be read.
    """
    files: list[Path] = []
    room = MOST_BYTES
    # The largest first would be the oldest often; spread over all by name instead.
    for file in sorted(wish.files, key=lambda f: f.name):
        size = file.stat().st_size
        if files and size > room:
            continue
        files.append(file)
        room -= size
    looked = replayed(every_path(), replace(wish, files=tuple(files), site=None, ledger=None), progress)
    learnt = learn(_paths(looked))
    if len(files) < len(wish.files):
        learnt.doubts.append(
            f"learnt from {len(files)} of {len(wish.files)} files; the others are replayed all the same"
        )
    return learnt


def _paths(looked: Replay) -> Iterator[tuple[str, int]]:
    for number, reads in enumerate(popularity_of(looked)):
        yield looked.person(number), int(reads)


def tables_of(text: str, source: str) -> Json:
    """Compiled tables of a policy we wrote ourselves.

    Raises:
        AuditError: when it does not hold together, which is our mistake and not the operator's.
    """
    try:
        return load_text(text.encode(), source).tables
    except PolicyError as error:
        raise AuditError("the learnt routes make no policy: " + " ".join(error.report.lines())) from error
