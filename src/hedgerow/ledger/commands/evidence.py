"""`hedgerow ledger export`: an evidence pack."""

from __future__ import annotations

import hashlib
import json
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.commands.options import (
    AsDocument,
    CaseFile,
    Principals,
    Since,
    Site,
    Until,
    asking_about,
    ledger,
    now_utc,
    secret,
    told,
)
from hedgerow.ledger.evidence import index
from hedgerow.ledger.evidence.pack import Occasion, PackError, build, new_name, write_folder, zipped
from hedgerow.ledger.evidence.selecting import SelectError, select
from hedgerow.ledger.policies import in_force
from hedgerow.ledger.questions.affected import affected
from hedgerow.ledger.questions.period import Period, iso
from hedgerow.ledger.questions.refs import find_group
from hedgerow.ledger.reading import harmless
from hedgerow.ledger.store.keys import signing_key
from hedgerow.ledger.tables import write_private
from hedgerow.ledger.trail import Trail, who


@ledger.command()
def export(
    reason: Annotated[str, typer.Option("--reason", help="Why; goes into the pack and the audit trail.")],
    out: Annotated[
        Path, typer.Option("--out", help="Folder for packs; a pack gets a folder and a .zip of its own in it.")
    ],
    principals: Principals = None,
    case_file: CaseFile = None,
    since: Since = None,
    until: Until = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole-segments",
            help="Whole segments, with other visitors' records, instead of hashes in their place.",
        ),
    ] = False,
    as_json: AsDocument = False,
    state: State = STATE,
    site: Site = None,
) -> None:
    """Makes an evidence pack: records, people affected, rules and notices in force, all signed.

    Anybody can check it with the script in it, without Hedgerow. Without --since: the last 180 days.

    Examples:
        hedgerow ledger export --principal 203.0.113.9 --since 7d --reason "case 12, for counsel" --out packs
    """
    if not reason.strip():
        fail("evidence is exported for a reason only; say it with --reason", WRONG)
    now = now_utc()
    try:
        with asking_about(state, site, principals, case_file, since, until) as asked:
            folder, connection, period, named = asked.folder, asked.connection, asked.period, asked.named
            name = new_name(folder.name, now)
            trail = Trail(state)
            line = trail.record("export", site=folder.name, pack=name, reason=reason, principals=named)
            group = find_group(connection, asked.refs)
            told("looking for people")
            found = affected(connection, group, period)
            told("taking records")
            selected = select(connection, folder / "ledger", group, period, whole=whole)
            command = _command(named, period, reason, whole)
            occasion = Occasion(now, who(), reason, command, version("hedgerow"), _clock(), str(line["hash"]))
            manifest = folder / "store" / "manifest.jsonl"
            files = build(
                name,
                folder.name,
                state,
                found,
                selected,
                list(in_force(state, folder.name, period.since, period.until)),
                _whole_lines(manifest),
                named,
                occasion,
                signing_key(secret(state), folder.name),
            )
            told("writing")
            out.mkdir(parents=True, exist_ok=True)
            write_folder(out / name, files)
            write_private(out / f"{name}.zip", zipped(files))
            people = frozenset(trail.person_name(p) for p in found.everybody())
            digest = hashlib.sha256(files["manifest.json"]).hexdigest()
            index.note(state, index.Known(name, folder.name, iso(now), reason, digest, people))
    except (PackError, SelectError, OSError) as error:
        fail(str(error), WRONG)
    facts = {
        "pack": name,
        "folder": str(out / name),
        "zip": str(out / f"{name}.zip"),
        "people": found.people,
        "records": selected.records,
        "public_key": json.loads(files["manifest.json"])["public_key"],
        "caveats": found.caveats,
        "damaged_segments": selected.damaged,
    }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    typer.echo(f"{found.people:,} people, {selected.records:,} records: {out / name} and {out / name}.zip")
    typer.echo(f"check it with: python3 -I {out / name}/verify_pack.py --key {facts['public_key']}")
    for damaged_one in selected.damaged:
        typer.echo(f"hedgerow: {damaged_one} is damaged and was not taken; the store tells what can be read", err=True)
    for sentence in found.caveats:
        typer.echo(f"hedgerow: {harmless(sentence)}", err=True)


def _command(named: list[str], period: Period, reason: str, whole: bool) -> str:
    words = ["hedgerow", "ledger", "export"]
    for ref in named[:1_000]:
        words += ["--principal", ref]
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
