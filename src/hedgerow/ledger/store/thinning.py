"""Thinning: what is older than its table is kept goes, for good, and a signed record says what, when and by which rule.

Detail goes first and leaves the sketches; the days' keys go with it, so that nobody can link the names of addresses
over days any more; sketches, segments and sealed addresses go on days of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb

from hedgerow.ledger.store import holds as holding
from hedgerow.ledger.store.commit import Gone, State, StoredFile
from hedgerow.ledger.store.files import digest
from hedgerow.ledger.store.held import held_sketches
from hedgerow.ledger.store.holds import Hold
from hedgerow.ledger.store.layout import LEVELS, Layout, Table, quoted, rows_of
from hedgerow.ledger.store.retention import Retention, is_over
from hedgerow.ledger.store.round import Round
from hedgerow.ledger.store.segments import Segment, is_written, segments
from hedgerow.ledger.store.sketching import numbers_in

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class Doomed:
    """What one rule lets go of one day."""

    setting: str
    """The setting that orders it."""
    days: int
    """Its value."""
    table: str
    day: str | None
    gone: list[Gone] = field(default_factory=list)
    kept_rows: int = 0
    """Rows that a hold keeps."""

    @property
    def bytes(self) -> int:
        """How much it is."""
        return sum(g.bytes for g in self.gone)

    @property
    def rows(self) -> int:
        """How many rows are in the files that go; those that a hold keeps are written anew."""
        return sum(g.rows or 0 for g in self.gone)


def plan(layout: Layout, state: State, keep: Retention, now: datetime) -> list[Doomed]:
    """What is due, without regard to holds; changes nothing."""
    today = now.date()
    return [
        *_tables(state, keep, today),
        *_segments(layout, state, keep, now),
        *_day_keys(layout, state, keep, today),
        *sealed(layout, state, keep.sealed_address_days, now),
    ]


def _tables(state: State, keep: Retention, today: date) -> Iterator[Doomed]:
    for table in Table:
        rule = keep.of_table(table)
        for day in sorted({f.day for f in state.of(table) if f.day}) if rule else ():
            setting, days = rule  # type: ignore[misc]
            if is_over(day, days, today):
                yield Doomed(setting, days, table.value, day, [_gone(f) for f in state.of(table, day)])


def _gone(file: StoredFile) -> Gone:
    return Gone(f"store/{file.path}", file.table, file.day, file.rows, file.bytes, file.sha256)


def _of_disk(layout: Layout, path: Path, table: str, day: str | None, last_ms: int | None = None) -> Gone:
    rows = None
    if table == "sealed":
        rows = path.read_bytes().count(b"\n")
    where = path.relative_to(layout.folder).as_posix()
    return Gone(where, table, day, rows, path.stat().st_size, digest(path), last_ms)


def _segments(layout: Layout, state: State, keep: Retention, now: datetime) -> Iterator[Doomed]:
    """Segments go oldest first, so that what is left of a writer's chain is whole."""
    now_ms = int(now.timestamp() * 1000)
    rule = ("retention.segments_days", keep.segments_days)
    stopped: set[str] = set()
    for segment in segments(layout.segments):
        if f"ledger/{segment.name}" in state.pending or segment.writer in stopped:
            continue
        last_ms, days = _age_of(state, segment, keep)
        if last_ms is None or now_ms - last_ms <= (days + 1) * _DAY_MS or is_written(segment):
            stopped.add(segment.writer)
            continue
        day = datetime.fromtimestamp(last_ms / 1000, UTC).date().isoformat()
        yield Doomed(*rule, "segments", day, [_of_disk(layout, segment.path, "segments", day, last_ms)])
    for path in sorted(layout.segments.glob("*.seg.torn*")):
        # Half a line of an answer that was never sent; it may name people all the same.
        if now.timestamp() - path.stat().st_mtime > (keep.segments_days + 1) * 86_400:
            yield Doomed(*rule, "segments", None, [_of_disk(layout, path, "segments", None)])


def _age_of(state: State, segment: Segment, keep: Retention) -> tuple[int | None, int]:
    """When a segment was written last, and how long it is kept."""
    progress = state.segments.get(segment.name)
    stat = segment.path.stat()
    if progress and progress.upto >= stat.st_size:
        return progress.last_ms, keep.segments_days
    # Not compacted, since damaged: its readable lines are the only detail there is and stay as long as detail does.
    written_ms = int(stat.st_mtime * 1000)
    return written_ms, max(keep.segments_days, keep.entries_days, keep.disclosures_days)


def _day_keys(layout: Layout, state: State, keep: Retention, today: date) -> Iterator[Doomed]:
    for path in sorted(layout.day_keys.glob("*.key")) if layout.day_keys.is_dir() else ():
        if f"day-keys/{path.name}" in state.pending or not _is_day(path.stem):
            continue
        if is_over(path.stem, keep.links_days, today):
            gone = _of_disk(layout, path, "day-keys", path.stem)
            yield Doomed("retention.links_days", keep.links_days, "day-keys", path.stem, [gone])


def _is_day(text: str) -> bool:
    """Whether a name is that of a day; a copy somebody left beside the keys is none, and none of our business."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def sealed(layout: Layout, state: State, days: int, now: datetime) -> Iterator[Doomed]:
    """Sealed addresses that are due. Age is the time of the last writing: what is written to is not over."""
    for path in sorted(layout.sealed.iterdir()) if layout.sealed.is_dir() else ():
        if f"sealed/{path.name}" in state.pending or path.is_symlink() or not path.is_file():
            continue
        if now.timestamp() - path.stat().st_mtime > days * 86_400:
            day = str(date(1970, 1, 1) + timedelta(int(path.stem))) if re.fullmatch("[0-9]{1,6}", path.stem) else None
            yield Doomed("privacy.sealed_address_days", days, "sealed", day, [_of_disk(layout, path, "sealed", day)])


def carry_out(work: Round, doomed: list[Doomed]) -> list[Doomed]:
    """Deletes what is due and not held, one commit a day and table; says what it did."""
    holds = holding.in_force(work.layout, work.state, work.now)
    done: list[Doomed] = []
    for together in _together(doomed):
        add: list[StoredFile] = []
        carried: list[Doomed] = []
        for one in together:
            fresh, kept = _held_rows(work, one, holds)
            if kept is not None:
                add += fresh
                carried.append(replace(one, kept_rows=kept))
        if carried:
            _order(work, carried, add)
            done += carried
    holding.forget_those_over(work)
    if any(d.table == Table.SKETCHES for d in done):
        drop_people(work)
    return done


def _together(doomed: list[Doomed]) -> list[list[Doomed]]:
    """What must go in one commit: the two tables of disclosures of a day are one thing in two orders."""
    groups: dict[tuple[str, str], list[Doomed]] = {}
    for i, one in enumerate(doomed):
        same = one.table in {Table.BY_PERSON, Table.BY_PRINCIPAL}
        groups.setdefault(("disclosures", str(one.day)) if same else (one.table, str(i)), []).append(one)
    return list(groups.values())


def _order(work: Round, together: list[Doomed], add: list[StoredFile]) -> None:
    days = sorted({str(one.day) for one in together})
    table = together[0].table
    work.writer.commit(
        "thin",
        work.now,
        add=[f.as_facts() for f in add],
        delete=[g.as_facts() for one in together for g in one.gone],
        thinned=days if table in {Table.BY_PERSON, Table.BY_PRINCIPAL} else [],
        forgotten_days=days if table == Table.SKETCHES and not add else [],
        rule={
            "setting": together[0].setting,
            "days": together[0].days,
            "kept_rows": sum(one.kept_rows for one in together),
        },
    )


def _held_rows(work: Round, one: Doomed, holds: list[Hold]) -> tuple[list[StoredFile], int | None]:
    """New files with the rows that holds keep, and how many; None when everything is held, so that nothing is due."""
    day = one.day
    covering = [h for h in holds if day is not None and h.covers(day)]
    if not covering or one.table in {"segments", "day-keys"}:
        # Segments and keys go in any case: what a hold keeps is in the tables, the held addresses' links among them.
        return [], 0
    if one.table == "sealed" or any(not h.people and not h.principals for h in covering):
        return [], None
    table = Table(one.table)
    files = work.state.of(table, day)
    with work.database() as connection:
        if table == Table.SKETCHES:
            principals = names_on(connection, work, str(day), {p for h in covering for p in h.principals})
            held_sketches(connection, work, str(day), covering, principals)
            query = "SELECT * FROM held"
        else:
            query = _held_query(connection, work, table, str(day), covering)
        (kept,) = connection.execute(f"SELECT count(*) FROM ({query})").fetchone() or (0,)
        if kept == sum(f.rows for f in files):
            return [], None
        return ([work.write(connection, query, table, day)] if kept else []), int(kept)


def _held_query(connection: duckdb.DuckDBPyConnection, work: Round, table: Table, day: str, holds: list[Hold]) -> str:
    people = sorted({p for h in holds for p in h.people})
    principals = names_on(connection, work, day, {p for h in holds for p in h.principals})
    detail = rows_of(Table.BY_PRINCIPAL, work.paths(work.state.of(Table.BY_PRINCIPAL, day)))
    named = _in(principals)
    held = " OR ".join([f"person IN {_in(people)}", *(f"{level} IN {named}" for level in LEVELS)])
    rows = rows_of(table, work.paths(work.state.of(table, day)))
    match table:
        case Table.ENTRIES:
            by_name = " OR ".join(f"{level} IN {named}" for level in LEVELS)
            shown = f"(writer, seq) IN (SELECT (writer, seq) FROM ({detail}) WHERE person IN {_in(people)})"
            return f"SELECT * FROM ({rows}) WHERE {by_name} OR {shown}"
        case Table.LINKS:
            return f"SELECT * FROM ({rows}) WHERE address IN (SELECT address FROM ({detail}) WHERE {held})"
        case _:
            return f"SELECT * FROM ({rows}) WHERE {held}"


def names_on(connection: duckdb.DuckDBPyConnection, work: Round, day: str, principals: set[str]) -> list[str]:
    """Keyed names, and of addresses those of the day, too."""
    links = rows_of(Table.LINKS, work.paths(work.state.of(Table.LINKS, day)))
    found = connection.execute(f"SELECT address FROM ({links}) WHERE stable IN {_in(sorted(principals))}").fetchall()
    return sorted(principals | {str(name) for (name,) in found})


def _in(texts: list[str]) -> str:
    return f"({', '.join(map(quoted, texts)) or 'NULL'})"


def drop_people(work: Round) -> None:
    """Lets those go from `people` whom no sketch knows any more."""
    files = work.state.of(Table.PEOPLE)
    if not files:
        return
    with work.database() as connection:
        known = numbers_in(connection, rows_of(Table.SKETCHES, work.paths(work.state.of(Table.SKETCHES))))
        connection.execute("CREATE TEMP TABLE known (number UINTEGER)")
        connection.register("loaded", {"number": known})
        connection.execute("INSERT INTO known SELECT number FROM loaded")
        query = f"SELECT * FROM ({rows_of(Table.PEOPLE, work.paths(files))}) WHERE number IN (SELECT number FROM known)"
        (kept,) = connection.execute(f"SELECT count(*) FROM ({query})").fetchone() or (0,)
        if kept == sum(f.rows for f in files):
            return
        add = [work.write(connection, query, Table.PEOPLE, None)] if kept else []
    work.writer.commit(
        "thin",
        work.now,
        add=[f.as_facts() for f in add],
        delete=[_gone(f).as_facts() for f in files],
        rule={"setting": "retention.sketch_days", "kept_rows": int(kept), "why": "in no sketch any more"},
    )
