"""Compaction: what segments hold and the tables do not yet becomes rows of every table, in one commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import duckdb

from hedgerow.ledger.store.commit import Progress, StoredFile
from hedgerow.ledger.store.layout import DETAIL, Table, rows_of
from hedgerow.ledger.store.round import Round
from hedgerow.ledger.store.segments import Damage, Piece, Segment, growing_ones, read, segments
from hedgerow.ledger.store.sketching import sketch
from hedgerow.ledger.store.staging import Staged, stage, stage_rows

ROUND_BYTES: Final = 64 << 20
"""Text of segments that one commit takes up: bounds memory, and the time for which the lock is held."""
STALE_S: Final = 600.0
"""A segment that grows is compacted at least this often while it grows, however little there is."""


@dataclass
class Compacted:
    """What a compaction did."""

    bytes: int = 0
    """Of segments."""
    entries: int = 0
    disclosures: int = 0
    damage: list[Damage] = field(default_factory=list)
    """Segments with damage are left as they are: their readable lines go on answering from there."""
    more: bool = False
    """Whether the round was full, so that there may be more to do."""


def compact(work: Round, at_least_bytes: int = 0, most_bytes: int = ROUND_BYTES) -> Compacted:
    """Compacts up to `most_bytes` of segments in one commit.

    Args:
        work: The round.
        at_least_bytes: A segment that still grows is left alone while it has less than this that is new and is fresh.
        most_bytes: Where the round ends.
    """
    damaged: dict[str, list[Damage]] = {}
    while True:
        pieces, more = _due(work, at_least_bytes, most_bytes, damaged)
        done = Compacted(damage=[d for some in damaged.values() for d in some])
        if not pieces:
            # Not `more`, whatever is left: the next round would do no more than this one did.
            return done
        with work.database() as connection:
            staged = stage(connection, pieces, work.day_keys.names)
            if not staged.damage:
                _commit(work, connection, pieces, staged, done)
                done.more = more
                return done
        for found in staged.damage:
            damaged.setdefault(found.segment, []).append(found)


def _due(
    work: Round, at_least_bytes: int, most_bytes: int, damaged: dict[str, list[Damage]]
) -> tuple[list[Piece], bool]:
    """What one commit takes up, and whether there is more. Damaged segments are noted and take no room from others."""
    pieces: list[Piece] = []
    found = segments(work.layout.segments)
    growing = growing_ones(found)
    room = most_bytes
    more = False
    for segment in found:
        if segment.name in damaged or not _is_due(work, segment, segment.name in growing, at_least_bytes):
            continue
        if room <= 0:
            return pieces, True
        # A segment whose lines the disk has not confirmed could be shorter after a power cut than what was made of it.
        work.files.sync(segment.path)
        so_far = work.state.segments.get(segment.name)
        start, before = (so_far.upto, so_far.hash) if so_far else (0, None)
        piece = read(segment, start, before, growing=segment.name in growing, most=room)
        if piece.damage:
            damaged[segment.name] = piece.damage
        elif piece.end > piece.start:
            pieces.append(piece)
            room -= piece.end - piece.start
            more |= piece.end < segment.path.stat().st_size and room <= 0
    return pieces, more


def _is_due(work: Round, segment: Segment, grows: bool, at_least_bytes: int) -> bool:
    so_far = work.state.segments.get(segment.name)
    if f"ledger/{segment.name}" in work.state.pending:
        return False
    try:
        stat = segment.path.stat()
    except FileNotFoundError:
        return False
    fresh = stat.st_size - (so_far.upto if so_far else 0)
    stale = work.now.timestamp() - stat.st_mtime > STALE_S
    return fresh > 0 and (not grows or stale or fresh >= at_least_bytes)


def _commit(
    work: Round, connection: duckdb.DuckDBPyConnection, pieces: list[Piece], staged: Staged, done: Compacted
) -> None:
    people_next, fresh_people = _number(work, connection)
    add: list[StoredFile] = []
    if fresh_people:
        add.append(work.write(connection, "SELECT * FROM fresh_people", Table.PEOPLE, None))
    sketch(connection, "sketched", "numbers")
    days = [str(d) for (d,) in connection.execute("SELECT DISTINCT day FROM staged ORDER BY day").fetchall()]
    for day in days:
        where = f" WHERE day = '{day}'"
        detail = [t for t in DETAIL if t == Table.ENTRIES or _any(connection, "shown_to", where)]
        add.extend(work.write(connection, stage_rows(table) + where, table, day) for table in detail)
        if _any(connection, "day_names", where):
            add.append(work.write(connection, f"SELECT * FROM day_names{where}", Table.LINKS, day))
        if _any(connection, "sketched", where):
            add.append(work.write(connection, f"SELECT * FROM sketched{where}", Table.SKETCHES, day))
    work.writer.commit(
        "compact",
        work.now,
        add=[f.as_facts() for f in add],
        segments=[_progress(p, staged).as_facts() for p in pieces],
        people_next=people_next,
        sources=sources_of(pieces),
    )
    done.bytes += sum(p.end - p.start for p in pieces)
    done.entries += sum(f.rows for f in add if f.table == Table.ENTRIES)
    done.disclosures += sum(f.rows for f in add if f.table == Table.BY_PERSON)


def sources_of(pieces: list[Piece]) -> dict[str, str]:
    """Writers that were no gateways, and what their entries were made from. Their segments go before their rows do."""
    return {p.segment.writer: p.source for p in pieces if p.source is not None}


def _number(work: Round, connection: duckdb.DuckDBPyConnection) -> tuple[int, bool]:
    """Makes `numbers` (of everybody staged) and `fresh_people` (those who had none); says what number comes next."""
    known = rows_of(Table.PEOPLE, work.paths(work.state.of(Table.PEOPLE)))
    number_people(connection, known, work.state.people_next)
    (fresh,) = connection.execute("SELECT count(*) FROM fresh_people").fetchone() or (0,)
    return work.state.people_next + int(fresh), fresh > 0


def number_people(connection: duckdb.DuckDBPyConnection, known: str, people_next: int) -> None:
    """Makes `numbers` and `fresh_people` of what is staged; new people are numbered by when they were first shown."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE fresh_people AS
        SELECT ({people_next} + row_number() OVER (ORDER BY first, person) - 1)::UINTEGER AS number, person
        FROM (SELECT person, min("at") AS first FROM shown_to GROUP BY person)
        WHERE person NOT IN (SELECT person FROM ({known}))"""
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE numbers AS
        SELECT number, person FROM ({known}) WHERE person IN (SELECT person FROM shown_to)
        UNION ALL SELECT number, person FROM fresh_people"""
    )


def _any(connection: duckdb.DuckDBPyConnection, table: str, where: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {table}{where} LIMIT 1").fetchone() is not None


def _progress(piece: Piece, staged: Staged) -> Progress:
    s = piece.segment
    seq, last_ms = staged.last.get(s.name, (piece.after, s.begun_ms))
    return Progress(s.name, s.writer, s.number, piece.end, seq, piece.hash, last_ms)
