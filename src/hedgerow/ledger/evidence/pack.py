"""Building a pack: every file, the manifest that names them, its signature, and the same as a .zip."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hedgerow.ledger import chained
from hedgerow.ledger.evidence.selecting import Selected
from hedgerow.ledger.evidence.words import readme
from hedgerow.ledger.policies import InForce
from hedgerow.ledger.questions.affected import Affected
from hedgerow.ledger.questions.period import iso
from hedgerow.ledger.tables import as_csv, write_private

FORMAT: Final = 1
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*){0,3}\Z")
_KEPT: Final = re.compile(r"(?:policies/[0-9a-f]{64}(?:-[0-9a-f]{12})?\.(?:yaml|json)|legal/[0-9a-f]{64})\Z")
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time a .zip can bear: the same pack gives the same bytes."""
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,8}\Z")


class PackError(Exception):
    """A pack that is not made; the message says why."""


@dataclass(frozen=True)
class Occasion:
    """Who exports, when, why, with what."""

    at: datetime
    who: str
    reason: str
    command: str
    """As it was asked, with keyed names for addresses and accounts."""
    version: str
    clock: str
    """What is known of the clock."""
    trail: str
    """Hash of the audit trail's line about this export."""


@dataclass
class Contents:
    """Files of a pack to be."""

    files: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, data: bytes, records: int | None = None) -> None:
        """Adds a file.

        Raises:
            PackError: its name could lead out of the pack, or is taken.
        """
        if not _NAME.match(name) or name in self.files:
            raise PackError(f"{name!r} cannot be a file of a pack")
        self.files[name] = data
        if records is not None:
            self.records[name] = records

    def listed(self) -> list[dict[str, Any]]:
        """For the manifest."""
        return [
            {
                "path": name,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                **({"records": self.records[name]} if name in self.records else {}),
            }
            for name, data in sorted(self.files.items())
        ]


def new_name(site: str, at: datetime) -> str:
    """A name that no pack has had."""
    return f"{site}-{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def build(
    name: str,
    site: str,
    state: Path,
    found: Affected,
    selected: Selected,
    in_force: list[InForce],
    store_manifest: bytes,
    principals: list[str],
    occasion: Occasion,
    key: Ed25519PrivateKey,
) -> dict[str, bytes]:
    """Every file of a pack by its name; the same arguments give the same bytes.

    Raises:
        PackError: something cannot be taken into it.
    """
    public = key.public_key().public_bytes_raw().hex()
    contents = Contents()
    _records(contents, selected, store_manifest)
    _affected(contents, found)
    _in_force(contents, state, in_force, selected)
    custody = {
        "at": iso(occasion.at),
        "who": occasion.who,
        "what": "exported",
        "why": occasion.reason,
        "command": occasion.command,
        "software": f"hedgerow {occasion.version}",
        "clock": occasion.clock,
        "audit_trail": occasion.trail,
        "previous": chained.BEGINNING,
    }
    line = {**custody, "hash": chained.digest(custody)}
    contents.add("custody.jsonl", chained.canonical(line) + b"\n")
    contents.add("verify_pack.py", resources.files(__package__).joinpath("verify_pack.py").read_bytes())
    summary = found.summary()
    facts = {
        "pack": name,
        "site": site,
        "since": summary["since"],
        "until": summary["until"],
        "at": iso(occasion.at),
        "who": occasion.who,
        "reason": " ".join(occasion.reason.split()),
        "principals": len(principals),
        "key": public,
    }
    contents.add("README.txt", readme(facts, _told(found, selected)))
    manifest = {
        "format": FORMAT,
        "pack": name,
        "site": site,
        "since": summary["since"],
        "until": summary["until"],
        "principals": principals,
        "whole_segments": selected.whole,
        "exported_at": iso(occasion.at),
        "exported_by": occasion.who,
        "reason": occasion.reason,
        "public_key": public,
        "counts": {"people": found.people, "rows": found.rows_in_all, "records": selected.records},
        "files": contents.listed(),
    }
    text = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
    return {**contents.files, "manifest.json": text, "manifest.sig": key.sign(text).hex().encode() + b"\n"}


def _records(contents: Contents, selected: Selected, store_manifest: bytes) -> None:
    for segment in selected.segments:
        contents.add(f"records/segments/{segment.name}", segment.text, segment.records)
    for day, lines in sorted(selected.stored.items()):
        contents.add(f"records/store/day-{day}.jsonl", "".join(f"{x}\n" for x in lines).encode("utf-8"), len(lines))
    if selected.sketches:
        days = (json.dumps(d.as_data(), ensure_ascii=False, separators=(",", ":")) + "\n" for d in selected.sketches)
        contents.add("records/sketches.jsonl", "".join(days).encode("utf-8"), len(selected.sketches))
    if store_manifest:
        contents.add("records/store/manifest.jsonl", store_manifest)


def _affected(contents: Contents, found: Affected) -> None:
    rows = [r.as_data() for r in found.rows]
    gaps = [
        {"at": iso(g.at), "route": g.route, "reference": g.reference, "note": g.note, "everybody": g.everybody}
        for g in found.gaps
    ]
    document = {**found.summary(), "rows": rows, "gap_list": gaps}
    contents.add("affected.json", (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    columns = ("person", "field", "first", "last", "times", "confidence", "precision")
    contents.add("affected.csv", as_csv(columns, [[r[c] for c in columns] for r in rows]).encode("utf-8"))


def _in_force(contents: Contents, state: Path, in_force: list[InForce], selected: Selected) -> None:
    listed = []
    missing = set(selected.policies)
    for document in in_force:
        names = []
        for file in document.files:
            # The record of what was in force is a file, too: what it names is taken from two folders only, by hash.
            if not _KEPT.match(file):
                raise PackError(f"{file!r} is not a file that was kept; `hedgerow ledger verify` says more")
            path = state / file
            if path.is_symlink() or not path.is_file():
                continue
            name = file
            if document.what != "policy":
                suffix = _SUFFIX.search(document.name.lower())
                name = f"legal/{document.what}-{document.sha256[:16]}{suffix[0] if suffix else ''}"
            if name not in contents.files:
                contents.add(name, path.read_bytes())
            names.append(name)
        missing.discard(document.sha256)
        until = iso(document.until) if document.until else None
        listed.append(
            {
                "what": document.what,
                "sha256": document.sha256,
                "since": iso(document.since),
                "until": until,
                "files": names,
            }
        )
    told = {"in_force": listed, "policies_not_kept": sorted(missing)}
    contents.add("in-force.json", (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))


def _told(found: Affected, selected: Selected) -> list[str]:
    sure = ", ".join(f"{n:,} {c}" for c, n in found.people_by_confidence.items() if n) or "none"
    said = [f"{found.people:,} people are affected ({sure})."]
    said += [f"{name}: {count:,} people." for name, count in found.people_by_field.items()]
    said.append(f"{selected.records:,} records, {sum(s.records for s in selected.segments):,} of them original lines.")
    said += [
        f"The segment {name} is damaged and was not taken; what can be read of it is in records/store."
        for name in selected.damaged
    ]
    return [*said, *found.caveats]


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Writes a pack as a new folder, readable by its owner only.

    Raises:
        PackError: there is such a folder, or it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700)
        for name, data in sorted(files.items()):
            path = folder.joinpath(*name.split("/"))
            # One by one: `parents` would make those between with the usual rights.
            for parent in reversed(path.relative_to(folder).parents[:-1]):
                (folder / parent).mkdir(mode=0o700, exist_ok=True)
            write_private(path, data)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except FileExistsError as error:
        raise PackError(f"{folder} exists already; name another folder with --out") from error
    except OSError as error:
        raise PackError(f"the pack cannot be written: {error}") from error


def zipped(files: dict[str, bytes]) -> bytes:
    """A pack as a .zip: the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system = 3
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()
