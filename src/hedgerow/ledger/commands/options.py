"""What the commands of the ledger share: their group, their options, and how they end with an error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import duckdb
import typer

from hedgerow.cli.exits import WRONG, fail
from hedgerow.ledger.chained import ChainError
from hedgerow.ledger.figures import FigureError
from hedgerow.ledger.keyed import SiteKeys
from hedgerow.ledger.questions.period import Period, PeriodError, read_period
from hedgerow.ledger.questions.refs import Ref, RefError, read_ref
from hedgerow.ledger.reading import LedgerError, sites
from hedgerow.ledger.store import Store, StoreError
from hedgerow.ledger.store.snapshot import MEMORY_MIB
from hedgerow.ledger.trail import TrailError, now_utc
from hedgerow.secret import SecretError, read_secret

__all__ = ["now_utc"]

Site = Annotated[str | None, typer.Option("--site", help="Name of the site; needed only when there are several.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
AsDocument = Annotated[bool, typer.Option("--json", help="The answer as one JSON document.")]
Since = Annotated[str | None, typer.Option("--since", help="From when: 7d, 12h, 2026-11-20, 2026-11-20T08:30Z (UTC).")]
Until = Annotated[str | None, typer.Option("--until", help="Until when; a day is meant with its evening.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; goes into the audit trail.")]

Principals = Annotated[
    list[str] | None,
    typer.Option("--principal", help="Address, account:NAME, keyed name, LEVEL:NAME, strangers; may be repeated."),
]
CaseFile = Annotated[
    Path | None, typer.Option("--case-file", help="File with one principal a line; # begins a remark.")
]

_DAYS: Final = 180
MOST_IN_A_CASE_FILE = 100_000
"""Lines of a case file."""

ledger = typer.Typer(
    help="Who was shown whom: asks the record of disclosures. It works while the gateway runs, and without it.\n\n"
    "Example: hedgerow ledger person 42",
    no_args_is_help=True,
)


def site_folder(state: Path, site: str | None) -> Path:
    """Folder of the one site meant."""
    known = sites(state)
    if site is None and len(known) == 1:
        site = known[0]
    if site is None or site not in known:
        names = ", ".join(known) or "none"
        fail(f"name the site with --site; this state ({state}) has ledgers of: {names}", WRONG)
    return state / "sites" / site


@contextmanager
def readable() -> Iterator[None]:
    """Around whatever reads the ledger or the trail: turns their errors into a sentence and an exit code."""
    try:
        yield
    except (LedgerError, StoreError, TrailError, ChainError, FigureError, PeriodError, RefError) as error:
        fail(str(error), WRONG)
    except duckdb.OutOfMemoryException:
        fail("the answer needs more memory than it may have; narrow it down: a shorter period, fewer principals", WRONG)
    except duckdb.Error as error:
        fail(f"the ledger could not answer: {error}; `hedgerow ledger verify` says whether it is damaged", WRONG)


@contextmanager
def to_file(out: Path) -> Iterator[None]:
    """Around the writing of an answer: turns its errors into a sentence and an exit code."""
    try:
        yield
    except FileExistsError:
        fail(f"{out} exists already; name another file", WRONG)
    except OSError as error:
        fail(str(error), WRONG)


def damaged(sentence: str) -> None:
    """Damage is told and does not end the reading: the rest still answers."""
    typer.echo(f"hedgerow: {sentence}", err=True)


def told(sentence: str) -> None:
    """Progress of long work, for people at a terminal only."""
    if sys.stderr.isatty():
        typer.echo(f"hedgerow: {sentence} …", err=True)


def secret(state: Path) -> str:
    """The state's secret, for keyed names."""
    try:
        return read_secret(state)
    except SecretError as error:
        fail(str(error), WRONG)


def read_refs(state: Path, site: str, said: list[str], case_file: Path | None = None) -> list[Ref]:
    """Principals from the command line and from a case file (one a line; `#` begins a remark).

    Raises:
        RefError: one of them is not a principal; the message says which line.
    """
    keys = SiteKeys(secret(state), site)
    refs = [read_ref(text, keys) for text in said]
    if case_file is not None:
        try:
            lines = case_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise RefError(f"the case file cannot be read: {error}") from error
        if len(lines) > MOST_IN_A_CASE_FILE:
            raise RefError(f"{case_file} has more than {MOST_IN_A_CASE_FILE:,} lines; split it")
        for number, line in enumerate(lines, 1):
            text = line.partition("#")[0].strip()
            if text:
                try:
                    refs.append(read_ref(text, keys))
                except RefError as error:
                    raise RefError(f"{case_file}, line {number}: {error}") from error
    return list(dict.fromkeys(refs))


@dataclass(frozen=True)
class Asked:
    """A question about principals and a period, and the ledger it is asked of."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    period: Period
    refs: list[Ref]

    @property
    def named(self) -> list[str]:
        """The principals for the trail: as keyed names."""
        return [str(r) for r in self.refs]


@contextmanager
def asking_about(
    state: Path,
    site: str | None,
    who: list[str] | None,
    case_file: Path | None,
    since: str | None,
    until: str | None,
    writes: Path | None = None,
) -> Iterator[Asked]:
    """As `asking_ledger`, with the principals and the period of the command line; without --since the last 180 days."""
    if not who and case_file is None:
        fail("say who is meant: --principal REF (may be repeated), or --case-file FILE", WRONG)
    now = now_utc()
    with asking_ledger(state, site, writes=writes) as (folder, connection):
        period = read_period(since, until, now, _DAYS)
        refs = read_refs(state, folder.name, who or [], case_file)
        if not refs:
            fail(f"{case_file} names nobody", WRONG)
        yield Asked(folder, connection, period, refs)


@contextmanager
def asking_ledger(
    state: Path, site: str | None, memory_mib: int = MEMORY_MIB, writes: Path | None = None
) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """The folder of the site meant, and its ledger as it is now: compacted or not, up to the second.

    The connection may write the file `writes`, and no other.
    """
    folder = site_folder(state, site)
    with readable(), Store.open(state, folder.name).snapshot() as snapshot:
        connection = snapshot.connect(memory_mib=memory_mib, writes=writes)
        try:
            for sentence in dict.fromkeys(snapshot.damage):
                damaged(f"the ledger is damaged: {sentence}")
            yield folder, connection
        finally:
            connection.close()
