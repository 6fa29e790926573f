#!/usr/bin/env python3
"""Checks an evidence pack of Hedgerow. Needs Python 3.8 or later and nothing else, no Hedgerow and no network.

    python3 -I verify_pack.py [PACK] [--key HEX] [--json]

PACK is the folder or the .zip; without it, the folder in which this script lies. --key is the public key (64
hexadecimal digits) that the operator of the site has told you by another way: without it this script can say that
nothing in the pack was changed since it was signed, and not who signed it.

Ends with 0 when everything fits and with 1 when anything does not; every finding is a sentence.

What is checked: the signature of the manifest (Ed25519, RFC 8032); that every file named in it is there, with its
length and its SHA-256, and no other; every record that is an original line of the ledger against the hash it bears and
the hash before it; the numbers of those lines; the chain of the store's manifest and its signature; the chain of
custody; the counts; and that the list of people affected is what the records say.

What cannot be checked: a segment ends in the pack with the last line that is meant, unless whole segments were
exported. The store's signed manifest notes the hash of a segment's last line at the time of each compaction; where that
line was cut off, nothing but the pack's own signature ties the segment to the manifest. Where it is there, it is held
against it. Nor can it be seen whether records were left out of the pack: whose they are, the manifest does not say.

Take this script from a release of Hedgerow rather than from the pack, if you do not trust who gave you the pack.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import sys
import zipfile
import zlib
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    Point = tuple[int, int, int, int]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*){0,3}\Z")
HEX32 = re.compile(r"[0-9a-f]{32}\Z")
MOST_BYTES = 4 << 30
"""Longest file of a pack."""
MOST_SIGNED = 64 << 20
"""Longest manifest: it is the one file that has to be in memory before anybody has vouched for it."""
BLOCK = 1 << 20


# Ed25519 after RFC 8032, section 5.1: points of the twisted Edwards curve -x^2 + y^2 = 1 + d x^2 y^2 over 2^255 - 19,
# in extended coordinates (X : Y : Z : T) with x = X/Z, y = Y/Z, x y = T/Z. Only verification: nothing here is secret,
# so nothing needs to take constant time.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def _x_of(y: int, odd: int) -> int | None:
    """The x of a point by its y and the lowest bit of x (section 5.1.3); None when there is no such point."""
    if y >= P:
        return None
    squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if squared == 0:
        return None if odd else 0
    x = pow(squared, (P + 3) // 8, P)
    if (x * x - squared) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - squared) % P:
        return None
    return P - x if (x & 1) != odd else x


def _decoded(text: bytes) -> Point | None:
    y = int.from_bytes(text, "little")
    odd, y = y >> 255, y & ((1 << 255) - 1)
    x = _x_of(y, odd)
    return None if x is None else (x, y, 1, x * y % P)


def _sum(p: Point, q: Point) -> Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(n: int, p: Point) -> Point:
    out: Point = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = _sum(out, p)
        p = _sum(p, p)
        n >>= 1
    return out


_BASE_Y = 4 * pow(5, P - 2, P) % P
_BASE_X = _x_of(_BASE_Y, 0) or 0
BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)


def signature_fits(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature of 64 bytes over a message was made with the private half of a key of 32 bytes."""
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r = _decoded(key), _decoded(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = _times(s, BASE), _sum(r, _times(h, a))
    # Equal points: X1 Z2 = X2 Z1 and Y1 Z2 = Y2 Z1.
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


class Folder:
    """A pack as a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> tuple[list[str], list[str]]:
        """Every file below it, and what is wrong about any."""
        found: list[str] = []
        wrong: list[str] = []
        for where, folders, files in os.walk(str(self.path)):
            for name in folders + files:
                full = Path(where) / name
                told = full.relative_to(self.path).as_posix()
                if full.is_symlink():
                    wrong.append(f"{told} is a link; a pack has none")
                elif name in files:
                    found.append(told)
        return found, wrong

    def open(self, name: str) -> IO[bytes]:
        """A file, to be read block by block."""
        return self.path.joinpath(*name.split("/")).open("rb")


class Zip:
    """A pack as a .zip; nothing of it is ever unpacked to the disk."""

    def __init__(self, path: Path) -> None:
        self.zip = zipfile.ZipFile(str(path))

    def names(self) -> tuple[list[str], list[str]]:
        """Every file in it, and what is wrong about any."""
        names = [i.filename for i in self.zip.infolist()]
        twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
        return names, [f"{n!r} is in the zip more than once" for n in twice]

    def open(self, name: str) -> IO[bytes]:
        """A file, to be read block by block; what it says of its length is not believed."""
        return self.zip.open(name)


class Pack:
    """One check of one pack."""

    def __init__(self, source: Folder | Zip, key: bytes | None) -> None:
        self.source = source
        self.key = key
        self.problems: list[str] = []
        self.told: list[str] = []
        self.files: dict[str, dict[str, Any]] = {}
        self.manifest: dict[str, Any] = {}
        self.people: set[tuple[str, str]] = set()
        self.sketched: set[tuple[str, str]] = set()
        self.records = 0
        self.hashes: dict[tuple[str, int], str] = {}
        self.segments: list[str] = []

    def wrong(self, sentence: str) -> None:
        """Notes a problem."""
        self.problems.append(sentence)

    def check(self) -> None:
        """Checks everything; what cannot be read any more ends it early."""
        try:
            names, wrong = self.source.names()
        except (OSError, ValueError, zipfile.BadZipFile) as e:
            self.wrong(f"the pack cannot be read: {e}")
            return
        self.problems += wrong
        self.problems += [f"the name {n!r} is not one of a pack's" for n in names if not NAME.match(n)]
        if not self.read_manifest(names):
            return
        self.read_files(names)
        if self.problems:
            # What follows reads the files; a file that is not the one that was signed is not worth reading.
            return
        for check in (self.segment_lines, self.stored_records, self.sketches, self.store_manifest, self.custody):
            try:
                check()
            except (ValueError, KeyError, TypeError, IndexError, AttributeError) as e:
                self.wrong(
                    "{}: cannot be understood ({}: {})".format(check.__name__.replace("_", " "), type(e).__name__, e)
                )
        try:
            self.counts()
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as e:
            self.wrong(f"the list of people affected cannot be understood ({type(e).__name__}: {e})")

    def read_manifest(self, names: list[str]) -> bool:
        """Reads the manifest and checks its signature."""
        for name in (MANIFEST, SIGNATURE):
            if name not in names:
                self.wrong(name + " is missing")
                return False
        try:
            text = self.read(MANIFEST, MOST_SIGNED)
            written = self.read(SIGNATURE, 1024)
            signature = bytes.fromhex(written.decode("ascii").strip())
            self.manifest = json.loads(text.decode("utf-8"))
            key = bytes.fromhex(self.manifest["public_key"])
            listed = {f["path"]: f for f in self.manifest["files"]}
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error) as e:
            self.wrong(f"the manifest or its signature cannot be read: {e}")
            return False
        if written != (signature.hex() + "\n").encode():
            self.wrong(f"{SIGNATURE} is not written as it was")
        if self.key is not None and key != self.key:
            self.wrong(f"the pack is signed with another key ({key.hex()}) than the one you gave")
        if not signature_fits(key, text, signature):
            self.wrong("the signature does not fit the manifest: the manifest was changed, or not signed with its key")
        if len(listed) != len(self.manifest["files"]):
            self.wrong("the manifest names a file twice")
        self.files = listed
        return not self.problems

    def read_files(self, names: list[str]) -> None:
        """Holds every file against the manifest."""
        for name in sorted(set(names) - set(self.files) - {MANIFEST, SIGNATURE}):
            self.wrong(f"{name} is in the pack and not in its manifest")
        for name, said in sorted(self.files.items()):
            if name not in names:
                self.wrong(f"{name} is missing")
                continue
            if not NAME.match(name):
                continue
            try:
                length, digest = self.digest(name, int(said["bytes"]))
            except (OSError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error) as e:
                self.wrong(f"{name} cannot be read: {e}")
                continue
            if length != said["bytes"]:
                more = "more than " if length > said["bytes"] else ""
                self.wrong(f"{name} has {more}{min(length, said['bytes'])} bytes, and was signed with {said['bytes']}")
            elif digest != said["sha256"]:
                self.wrong(f"{name} was changed: its SHA-256 is another one than was signed")

    def digest(self, name: str, signed: int) -> tuple[int, str]:
        """Length and SHA-256 of a file, a block of it in memory at a time; it is not read beyond what was signed."""
        if signed > MOST_BYTES:
            raise ValueError(f"it is said to have {signed} bytes; {MOST_BYTES} is the most")
        whole, length = hashlib.sha256(), 0
        with self.source.open(name) as file:
            while length <= signed:
                block = file.read(BLOCK)
                if not block:
                    break
                whole.update(block)
                length += len(block)
        return length, whole.hexdigest()

    def read(self, name: str, most: int) -> bytes:
        """A whole file that must be short enough for memory."""
        whole = io.BytesIO()
        with self.source.open(name) as file:
            while whole.tell() <= most:
                block = file.read(BLOCK)
                if not block:
                    return whole.getvalue()
                whole.write(block)
        raise ValueError(f"{name} has more than {most} bytes")

    def text_lines(self, name: str) -> Iterator[str]:
        """Lines of a file that was found as it was signed, one by one; half a line at its end is none."""
        with self.source.open(name) as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line[:-1].decode("utf-8")

    def below(self, folder: str) -> list[str]:
        """Files of a folder of the pack."""
        return sorted(n for n in self.files if n.startswith(folder))

    def segment_lines(self) -> None:
        """Original lines: each against the hash it bears, made of the line and the hash before it."""
        ends: dict[tuple[str, int], str] = {}
        for name in self.below("records/segments/"):
            before, kept = "", 0
            header: dict[str, Any] = {}
            for at, line in enumerate(self.text_lines(name)):
                claimed, space, text = line.partition(" ")
                if not HEX32.match(claimed):
                    raise ValueError(f"{name}, line {at + 1}, has no hash")
                if at == 0:
                    header = json.loads(text)
                    before = header["previous"]
                    end = ends.get((header["writer"], header["number"] - 1))
                    if end is not None and end != before:
                        self.wrong(f"{name} does not continue the segment before it")
                if space:
                    if hashlib.sha256((before + text).encode()).hexdigest()[:32] != claimed:
                        self.wrong(f"{name}, line {at + 1}: the hash does not fit the line")
                    if at:
                        entry = json.loads(text)
                        number = header["after"] + at
                        if entry["n"] != number:
                            self.wrong(f"{name}, line {at + 1}, has the number {entry['n']}, and should have {number}")
                        self.take_entry(entry, header["fields"])
                        kept += 1
                before = claimed
                if at:
                    self.hashes[header["writer"], header["after"] + at] = claimed
            if header.get("site") != self.manifest["site"]:
                self.wrong(f"{name} is of another site")
            if kept != self.files[name].get("records"):
                self.wrong(f"{name} has {kept} records, and was signed with {self.files[name].get('records')}")
            ends[header["writer"], header["number"]] = before
            self.segments.append(name.rpartition("/")[2])
            self.records += kept

    def take_entry(self, entry: dict[str, Any], fields: list[str]) -> None:
        """Notes which people and fields an original entry says were shown."""
        for person, shown, _masked in entry.get("p", []):
            for bit in range(shown.bit_length()):
                if shown >> bit & 1:
                    self.people.add((person, fields[bit] if bit < len(fields) else f"field-{bit}"))

    def stored_records(self) -> None:
        """Records from the store, where the original segments are gone."""
        for name in self.below("records/store/day-"):
            count = 0
            for line in self.text_lines(name):
                count += 1
                for person, shown, _masked in json.loads(line)["people"]:
                    self.people.update((person, field) for field in shown)
            if count != self.files[name].get("records"):
                self.wrong(f"{name} has {count} records, and was signed with {self.files[name].get('records')}")
            self.records += count

    def sketches(self) -> None:
        """What sketches say, of days whose detail was thinned."""
        for name in self.below("records/sketches.jsonl"):
            for line in self.text_lines(name):
                sketch = json.loads(line)
                self.sketched.update((person, field) for person in sketch["people"] for field in sketch["fields"])

    def store_manifest(self) -> None:
        """The store's own chain: hashes, its last signature, and what it says of the segments in the pack."""
        name = "records/store/manifest.jsonl"
        if name not in self.files:
            return
        previous, key = "0" * 64, ""
        last: dict[str, Any] = {}
        for number, line in enumerate(self.text_lines(name), 1):
            facts = json.loads(line)
            body = line.rpartition(',"hash":"')[0].encode()
            if facts["previous"] != previous or facts["n"] != number:
                self.wrong(f"{name}, line {number}, does not continue the line before it")
            if hashlib.sha256(body).hexdigest() != facts["hash"]:
                self.wrong(f"{name}, line {number}, was changed")
            previous, last = facts["hash"], facts
            key = key or str(facts.get("key") or "")
            for segment in facts.get("segments", []):
                known = self.hashes.get((segment["writer"], segment["seq"]))
                if known is not None and segment["name"] in self.segments and known != segment["hash"]:
                    self.wrong("the store's signed manifest vouches for another content of {}".format(segment["name"]))
        if last:
            # The last signature covers all lines before it, through the chain of hashes.
            if not key or not signature_fits(
                bytes.fromhex(key), bytes.fromhex(previous), bytes.fromhex(last["signature"])
            ):
                self.wrong("the store's manifest is not signed with its key")
            if key != self.manifest["public_key"]:
                self.wrong("the store's manifest is signed with another key than the pack")

    def custody(self) -> None:
        """The chain of custody: every line with the hash of the line before."""
        previous, number = "0" * 64, 0
        for number, line in enumerate(self.text_lines("custody.jsonl"), 1):
            facts = json.loads(line)
            claimed = facts.pop("hash")
            text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            if facts["previous"] != previous or hashlib.sha256(text.encode("utf-8")).hexdigest() != claimed:
                self.wrong(f"custody.jsonl, line {number}, does not fit the line before it")
            previous = claimed
        if not number:
            self.wrong("custody.jsonl is empty")

    def counts(self) -> None:
        """The list of people affected: the same in both files, as many as signed, and what the records say."""
        said = json.loads(self.read("affected.json", MOST_BYTES).decode("utf-8"))
        rows = [(r["person"], r["field"], r["confidence"], str(r["times"])) for r in said["rows"]]
        written = [(_written(r[0]), _written(r[1]), *r[2:]) for r in rows]
        with io.TextIOWrapper(self.source.open("affected.csv"), "utf-8", newline="") as file:
            read = csv.DictReader(file)
            table = ((_plain(r["person"]), _plain(r["field"]), r["confidence"], r["times"]) for r in read)
            if any(one != other for one, other in zip_longest(written, table)):
                self.wrong("affected.csv and affected.json do not say the same")
        counts = self.manifest["counts"]
        people = {r[0] for r in rows}
        for what, found in (("people", len(people)), ("rows", len(rows)), ("records", self.records)):
            if counts[what] != found:
                self.wrong(f"there are {found} {what} in the pack, and it was signed with {counts[what]}")
        detailed = {r[:2] for r in rows if r[2] != "sketch"}
        for name, ours, theirs in (
            ("records", self.people, detailed),
            ("sketches", self.sketched, {r[:2] for r in rows if r[2] == "sketch"}),
        ):
            if theirs - ours:
                self.wrong(f"{len(theirs - ours)} rows of affected.csv are in no {name}")
            if ours - theirs and not self.manifest["whole_segments"]:
                self.wrong(f"{len(ours - theirs)} people and fields of the {name} are not in affected.csv")
        self.told.append(
            f"{len(people)} people, {len(rows)} rows, {self.records} records of {self.manifest['site']} "
            f"from {said['since']} until {said['until']}"
        )
        self.told.append(
            "exported {} by {}: {}".format(*tuple(self.manifest[k] for k in ("exported_at", "exported_by", "reason")))
        )
        self.told.append("signed with the key {}".format(self.manifest["public_key"]))
        if self.key is None:
            self.told.append("whose key that is this script cannot say: ask the operator, and give it with --key")


def _plain(cell: str) -> str:
    """A cell without the quote that keeps spreadsheets from taking it for a formula."""
    return re.sub(r"\A'", "", cell)


def _written(text: str) -> str:
    """A value as a CSV can hold it."""
    return text.replace("\0", "\\x00")


def main(arguments: list[str]) -> int:
    """Reads the command line, checks, reports."""
    path, as_json = Path(__file__).resolve().parent, False
    key: bytes | None = None
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--json":
            as_json = True
        elif word == "--key" and waiting:
            try:
                key = bytes.fromhex(waiting.pop(0))
            except ValueError:
                sys.stderr.write("--key takes 64 hexadecimal digits\n")
                return 2
        elif word in ("-h", "--help") or word.startswith("-"):
            sys.stdout.write(__doc__)
            return 0 if word in ("-h", "--help") else 2
        else:
            path = Path(word)
    try:
        pack = Pack(Folder(path) if path.is_dir() else Zip(path), key)
    except (OSError, zipfile.BadZipFile, ValueError) as e:
        sys.stdout.write(f"{path} cannot be read: {e}\n")
        return 1
    pack.check()
    if as_json:
        sys.stdout.write(json.dumps({"fits": not pack.problems, "problems": pack.problems, "told": pack.told}) + "\n")
        return 1 if pack.problems else 0
    for sentence in pack.problems:
        sys.stdout.write("".join(c if c.isprintable() else "?" for c in sentence) + "\n")
    if pack.problems:
        sys.stdout.write(f"This pack is NOT as it was signed: {len(pack.problems)} problems.\n")
        return 1
    for sentence in pack.told:
        sys.stdout.write("".join(c if c.isprintable() else "?" for c in sentence) + "\n")
    sys.stdout.write("Everything fits: this pack is as it was signed.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
