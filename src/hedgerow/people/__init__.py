"""The people map: finding which routes of a site show people, and proposing how to read them.

In comes an address; out goes a proposal an operator can read line by line: each route, each field, with the evidence,
the share of pages it held on, and what stays doubtful. Nothing here decides anything; the operator does.
"""

from __future__ import annotations

from collections.abc import Callable


def propose_policy(url: str, say: Callable[[str], None]) -> str:
    """Walks a site and proposes a whole policy as YAML.

    Args:
        url: The site itself.
        say: Told of the progress, a sentence now and then.

    Raises:
        WalkError: nothing could be read; the message says why.
    """
    from hedgerow.people.propose import as_yaml, propose
    from hedgerow.people.walk import walk

    def progress(read: int, known: int, address: str) -> None:
        if read % 50 == 0:
            say(f"{read} pages read of {known} known, now {address}")

    return as_yaml(propose(walk(url, progress=progress)), upstream=url)
