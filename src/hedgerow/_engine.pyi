"""The engine's face: the Rust rooms and the edge, as Python sees them. Built from `crates/python`."""

from collections.abc import Callable, Iterator
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

def check_token_keys(path: str | PathLike[str], algorithms: list[str]) -> str | None:
    """What is wrong with a file of keys for the application's tokens."""

def shipped_crawlers() -> str:
    """The crawlers of this release: names, agents, ranges and DNS names, as JSON."""

def check_crawlers(document: str) -> str | None:
    """What is wrong with such a document."""

def reasons() -> str:
    """Every reason a verdict can have, as a JSON list of code, operator, visitor."""

REPLAY_SIGHTINGS: int
"""Number of the part that `replay_parse` gives for `replay_timeline`; the others are for `replay_partition`."""

class LogReplay:
    """Access logs through the engine, in virtual time; what it gives depends on the lines alone.

    Not on how they are divided into files, on the order of the files, or on the number of workers. Raises ValueError
    when policy or options cannot be used.
    """

    def __init__(self, policy_json: str, options_json: str) -> None: ...
    def run(self, paths: list[str], progress: Callable[[int, int, int], object]) -> None:
        """Reads and replays. `progress` is told bytes done, bytes in all, lines; what it raises stops the replay.

        Raises OSError when a file or the temporary folder cannot be used.
        """

    def gather(self, parts: list[bytes], tally_json: str, past_json: str) -> None:
        """Puts together what the steps below gave, instead of `run`; parts in the order of the past's `groups`."""

    def summary(self) -> str:
        """JSON. Raises RuntimeError before `run`."""

    def actors(self, at_least_people: int = 0) -> Iterator[str]:
        """Each actor that was shown so many people, as JSON, in the order of their numbers."""

    def people(self, actor: int) -> bytes:
        """The people an actor was really shown: a roaring bitmap (portable) over numbers of people."""

    def person(self, number: int) -> str:
        """The site's identifier of a person. Raises IndexError."""

    def popularity(self) -> bytes:
        """By how many actors each person was read, by number: 32-bit little-endian."""

def replay_divisible(policy_json: str, options_json: str) -> bool:
    """Whether the replay can be divided by network: not where the policy limits clients or all strangers."""

def replay_options(options_json: str) -> str:
    """Options with a secret, drawn now if they have none: what whoever divides a replay hands to all steps."""

def replay_ranges(path: str | PathLike[str], each_bytes: int) -> list[tuple[int, int]]:
    """Ranges of a file (first byte, byte after the last) that can be parsed side by side."""

def replay_parse(
    policy_json: str, options_json: str, path: str | PathLike[str], start: int, end: int
) -> tuple[list[tuple[int, bytes]], str]:
    """Step one: the events of a range by partition (number, batch), and the range's tally."""

def replay_tally(tallies_json: list[str]) -> str:
    """The sum of tallies."""

def replay_timeline(policy_json: str, options_json: str, sightings: list[bytes], tally_json: str) -> str:
    """Step two: the past as JSON, from all batches numbered `REPLAY_SIGHTINGS` and the sum of all tallies.

    Its `groups` is a list of lists of partitions: each group is one call of `replay_partition`.
    """

def replay_partition(policy_json: str, options_json: str, past_json: str, group: int, batches: list[bytes]) -> bytes:
    """Step three: one group replayed, given all batches of its partitions."""

def replay_ledger(policy_json: str, options_json: str, folder: str | PathLike[str], since_ms: int) -> str:
    """Replays a ledger's disclosures since a time under a policy: a backtest on recorded traffic, as JSON.

    `in_force` (as recorded), `policy`, `difference`, and in `unknown` the sentences on what a ledger cannot say. Raises
    OSError when the ledger cannot be read.
    """
