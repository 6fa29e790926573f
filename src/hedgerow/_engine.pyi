"""The engine's face: the Rust rooms and the edge, as Python sees them. Built from `crates/python`."""

from collections.abc import Iterator
from os import PathLike

def run_edge(settings_json: str) -> None:
    """Serves until drained. Raises RuntimeError with a sentence for the operator when it cannot start."""

def check_policy(compiled_json: str) -> None:
    """Raises ValueError when compiled tables do not hold together."""

def check_selector(text: str) -> str | None:
    """What is wrong with a CSS selector."""

def check_rule(text: str) -> str | None:
    """What is wrong with a CEL expression."""

def read_ledger(
    folder: str | PathLike[str], since_ms: int, person: str | None = None, principal: str | None = None
) -> Iterator[str]:
    """Segment headers (they have `format`) and entries since a time, each as JSON.

    All, or those of one person, or of principals whose keyed name begins so. A damaged line is an object with the one
    key `problem`. Raises OSError when the ledger cannot be read.
    """

def tail_ledger(folder: str | PathLike[str], count: int) -> list[str]:
    """The last entries, oldest first, each after its header where that is another one. Raises OSError."""

class LedgerFollower:
    """Gives what was added to a ledger since it was asked last; begins at the end."""

    def __init__(self, folder: str | PathLike[str]) -> None: ...
    def poll(self) -> list[str]:
        """What is new, as `read_ledger` tells it. Raises OSError when the ledger cannot be read."""

def verify_ledger(folder: str | PathLike[str]) -> str:
    """Checks every hash of a ledger; the report as JSON: segments, entries, writers, problems, unfinished."""

def find_reference(folder: str | PathLike[str], reference: str) -> str:
    """Entries of a reference, as a JSON list."""

def address_name(secret: str, site: str, address: str) -> str:
    """The keyed name of an address at a site; `secret` is the content of the state's `secret` file."""

def account_name(secret: str, site: str, account: str) -> str:
    """The keyed name of an account at a site."""

def open_address(folder: str | PathLike[str], secret: str, site: str, pseudonym: str) -> str | None:
    """Opens a sealed address; None when none is kept. The caller records who opened it, and why."""

def dns_name_belongs(agent: str, dns_name: str) -> bool:
    """Whether a DNS name belongs to a crawler's operator (on a label's boundary)."""

def check_asn_table(path: str | PathLike[str]) -> str | None:
    """What is wrong with a table of autonomous systems (MMDB or TSV)."""

def shipped_crawlers() -> str:
    """The crawlers of this release: names, agents, ranges and DNS names, as JSON."""

def check_crawlers(document: str) -> str | None:
    """What is wrong with such a document."""

def reasons() -> str:
    """Every reason a verdict can have, as a JSON list of code, operator, visitor."""
