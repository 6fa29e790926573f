"""The first look at a log: which addresses it has, to learn from them which routes show people.

The engine reads the log for this, too, under a policy whose one route takes every path for a person. So whatever format
the replay can read, learning can, and a page that was refused or missing counts for neither.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from hedgerow.audit.learning import Learnt, learn
from hedgerow.audit.replaying import AuditError, Json, Progress, Replay, Wish, popularity_of, replayed
from hedgerow.policy import PolicyError, load_text
from hedgerow.policy.defaults import SIGNALS

MOST_PATHS: Final = 2_000_000
"""Addresses of pages that are learnt from; of more, those with the smallest hashes, and that is said."""


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
    # All files, always: which lines stand in which file must not decide what is learnt.
    looked = replayed(every_path(), replace(wish, site=None, ledger=None), progress)
    learnt = learn(_paths(looked, MOST_PATHS))
    if int(popularity_of(looked).size) > MOST_PATHS:
        learnt.doubts.append(f"learnt from {MOST_PATHS:,} of the addresses in this log, chosen by a hash of each")
    return learnt


def _paths(looked: Replay, most: int) -> Iterator[tuple[str, int]]:
    """Paths and how many read them; of too many, those whose hash is smallest, wherever they stand in the log."""
    reads = popularity_of(looked)
    numbers: Iterable[int] = range(int(reads.size))
    if reads.size > most:
        numbers = heapq.nsmallest(most, numbers, key=lambda n: hashlib.sha256(looked.person(n).encode()).digest())
    for number in numbers:
        yield looked.person(number), int(reads[number])


def tables_of(text: str, source: str) -> Json:
    """Compiled tables of a policy we wrote ourselves.

    Raises:
        AuditError: when it does not hold together, which is our mistake and not the operator's.
    """
    try:
        return load_text(text.encode(), source).tables
    except PolicyError as error:
        raise AuditError("the learnt routes make no policy: " + " ".join(error.report.lines())) from error
