"""Makes an evidence pack and writes it: for `hedgerow ledger export` and for cases alike."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from hedgerow.ledger.evidence import index
from hedgerow.ledger.evidence.pack import Occasion, build, new_name, write_folder, zipped
from hedgerow.ledger.evidence.selecting import select
from hedgerow.ledger.policies import in_force
from hedgerow.ledger.questions.affected import affected
from hedgerow.ledger.questions.period import Period, iso
from hedgerow.ledger.questions.refs import Ref, find_group
from hedgerow.ledger.store.keys import signing_key
from hedgerow.ledger.tables import write_private
from hedgerow.ledger.trail import Trail


@dataclass(frozen=True)
class Exported:
    """A pack that was written."""

    name: str
    folder: Path
    archive: Path
    """The same as a .zip."""
    manifest_sha256: str
    archive_sha256: str
    people: int
    records: int
    public_key: str
    caveats: tuple[str, ...]
    damaged: tuple[str, ...]
    """Segments that are damaged and were not taken."""


def export_pack(
    connection: duckdb.DuckDBPyConnection,
    state: Path,
    site: str,
    secret: str,
    refs: Sequence[Ref],
    period: Period,
    *,
    reason: str,
    who: str,
    now: datetime,
    out: Path,
    whole: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Makes a pack, records it in the audit trail before, and writes it as a folder and a .zip.

    Args:
        connection: With the views of the site's ledger.
        state: The state directory.
        site: Name of the site.
        secret: The state's secret, which signs.
        refs: Who is meant.
        period: Which time.
        reason: Why; goes into the pack and the trail.
        who: Who exports.
        now: When.
        out: Folder for packs.
        whole: Whole segments, with other visitors' records.
        progress: Told what is being done.

    Raises:
        PackError: it cannot be made.
        SelectError: a record cannot be taken into it.
        TrailError: it cannot be recorded, so it is not made.
        OSError: it cannot be written.
    """
    folder = state / "sites" / site
    name = new_name(site, now)
    trail = Trail(state, lambda: now)
    named = [str(r) for r in refs]
    line = trail.record("export", site=site, pack=name, reason=reason, principals=named)
    group = find_group(connection, refs)
    progress("looking for people")
    found = affected(connection, group, period)
    progress("taking records")
    selected = select(connection, folder / "ledger", group, period, whole=whole)
    command = _command(refs, period, reason, whole)
    files = build(
        name,
        site,
        state,
        found,
        selected,
        list(in_force(state, site, period.since, period.until)),
        _whole_lines(folder / "store" / "manifest.jsonl"),
        named,
        Occasion(now, who, reason, command, version("hedgerow"), _clock(), str(line["hash"])),
        signing_key(secret, site),
    )
    progress("writing")
    out.mkdir(parents=True, exist_ok=True)
    write_folder(out / name, files)
    archive = zipped(files)
    write_private(out / f"{name}.zip", archive)
    people = frozenset(trail.person_name(p) for p in found.everybody())
    digest = hashlib.sha256(files["manifest.json"]).hexdigest()
    index.note(state, index.Known(name, site, iso(now), reason, digest, people))
    return Exported(
        name,
        out / name,
        out / f"{name}.zip",
        digest,
        hashlib.sha256(archive).hexdigest(),
        found.people,
        selected.records,
        str(json.loads(files["manifest.json"])["public_key"]),
        tuple(found.caveats),
        tuple(selected.damaged),
    )


def _command(refs: Sequence[Ref], period: Period, reason: str, whole: bool) -> str:
    words = ["hedgerow", "ledger", "export"]
    for ref in refs[:1_000]:
        words += ["--principal", str(ref)]
    words += ["--since", iso(period.since), "--until", iso(period.until), "--reason", reason]
    return shlex.join([*words, *(["--whole-segments"] if whole else [])])


def _clock() -> str:
    synchronised = Path("/run/systemd/timesync/synchronized").exists()
    return "the system's clock, UTC, " + (
        "synchronised, as systemd-timesyncd says"
        if synchronised
        else "of which it is not known whether it is synchronised"
    )


def _whole_lines(path: Path) -> bytes:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return b""
    return text[: text.rfind(b"\n") + 1]
