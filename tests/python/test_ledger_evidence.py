"""An evidence pack says what the ledger says, and any change to it is found without Hedgerow."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from hedgerow.cli import app
from hedgerow.ledger.evidence import verify_pack
from hedgerow.ledger.evidence.pack import Contents, PackError, zipped
from hedgerow.ledger.policies import keep_legal, keep_policy
from hedgerow.ledger.store import Store
from hedgerow.ledger.store.retention import Retention
from hedgerow.policy import load_text
from written_ledger import ANOTHER, AT_MS, SESSION, Segment, disclosure

NOW = datetime.fromtimestamp(AT_MS / 1000, UTC) + timedelta(hours=1)
POLICY = b"sites:\n  - name: directory\n    upstream: http://127.0.0.1:3000\n"
HOSTILE = ("=cmd|'/c calc'!A0", "'quoted", "@x", "../../etc/passwd", 'a"b\r\nc', "42")


def ledger_of(state: Path, count: int = 12) -> Segment:
    """Two sessions; the first is the one that is meant."""
    segment = Segment(state)
    for n in range(count):
        segment.append(
            disclosure(HOSTILE[n % 6], 1 + n % 7, 4, SESSION, AT_MS + n * 1_000),
            disclosure(f"other {n}", 7, 0, ANOTHER, AT_MS + n * 1_000),
        )
    segment.append({"t": AT_MS, "k": "gap", "note": "the disk did not confirm all of it"})
    return segment


def export(state: Path, out: Path, *words: str) -> Result:
    command = ["ledger", "export", "--principal", f"session:{SESSION}", "--reason", "case 12", "--out", str(out)]
    return CliRunner().invoke(app, [*command, "--since", "2026-11-01", *words, "--state", str(state)])


def made(state: Path, out: Path, *words: str) -> Path:
    said = export(state, out, "--json", *words)
    assert said.exit_code == 0, said.output
    return Path(json.loads(said.stdout)["folder"])


def alone(pack: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the script of the pack as somebody without Hedgerow does."""
    script = pack / "verify_pack.py" if pack.is_dir() else pack.with_suffix("") / "verify_pack.py"
    return subprocess.run(
        [sys.executable, "-I", "-S", str(script), str(pack), *words],
        capture_output=True,
        text=True,
        check=False,
        env={},
        cwd="/",
    )


def problems(pack: Path) -> list[str]:
    source = verify_pack.Folder(pack) if pack.is_dir() else verify_pack.Zip(pack)
    check = verify_pack.Pack(source, None)
    check.check()
    return check.problems


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack with original lines, rows of the store and documents in force."""
    state = tmp_path_factory.mktemp("state")
    ledger_of(state)
    store = Store.open(state, "directory")
    store.compact()
    keep_policy(state, POLICY, load_text(POLICY), "hedgerow.yaml", NOW - timedelta(days=40))
    notice = state / "Our notice (v2).html"
    notice.write_text("We record disclosures.")
    keep_legal(state, "directory", "notice", notice, NOW - timedelta(days=30))
    return made(state, tmp_path_factory.mktemp("packs"))


def test_a_pack_is_checked_by_its_own_script_without_hedgerow(pack: Path) -> None:
    said = alone(pack)
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.rstrip().endswith("Everything fits: this pack is as it was signed.")
    assert "6 people, " in said.stdout
    assert alone(pack.with_name(pack.name + ".zip")).returncode == 0
    key = json.loads((pack / "manifest.json").read_text())["public_key"]
    assert alone(pack, "--key", key).returncode == 0
    other = alone(pack, "--key", "ab" * 32)
    assert other.returncode == 1
    assert "another key" in other.stdout


def test_it_holds_the_records_of_the_principal_and_only_hashes_of_others(pack: Path) -> None:
    (segment,) = (pack / "records" / "segments").iterdir()
    lines = segment.read_text().splitlines()
    kept = [line for line in lines[1:] if " " in line]
    assert len(kept) == 13
    assert all(SESSION in line or '"gap"' in line for line in kept)
    everything = b"".join(p.read_bytes() for p in pack.rglob("*") if p.is_file())
    assert b"other 3" not in everything
    assert ANOTHER.encode() not in everything


def test_it_holds_what_was_in_force_and_who_made_it(pack: Path) -> None:
    told = json.loads((pack / "in-force.json").read_text())
    assert [d["what"] for d in told["in_force"]] == ["policy", "notice"]
    assert told["policies_not_kept"] == ["policy-1"]
    for document in told["in_force"]:
        for name in document["files"]:
            data = (pack / name).read_bytes()
            assert name.endswith(".json") or hashlib.sha256(data).hexdigest() == document["sha256"]
    (custody,) = (json.loads(line) for line in (pack / "custody.jsonl").read_text().splitlines())
    assert custody["why"] == "case 12"
    assert custody["command"].startswith("hedgerow ledger export --principal session:0a0a")
    assert set(custody) >= {"at", "who", "software", "clock", "audit_trail"}
    readme = (pack / "README.txt").read_text()
    assert "6 people are affected" in readme
    assert re.search(r"\{\w*\}", readme) is None


def test_everything_in_it_is_for_its_owner_only(pack: Path) -> None:
    assert all(p.stat().st_mode & 0o077 == 0 for p in [pack, *pack.rglob("*")])


def test_any_changed_byte_of_any_file_is_found(pack: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(pack, copy)
    for file in sorted(p for p in copy.rglob("*") if p.is_file()):
        whole = file.read_bytes()
        for at in {0, len(whole) // 2, len(whole) - 1}:
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            assert problems(copy), (file.name, at)
        for cut in (whole[:-1], whole + b"\n", b""):
            file.write_bytes(cut)
            assert problems(copy), file.name
        file.unlink()
        assert problems(copy), file.name
        file.write_bytes(whole)
    assert problems(copy) == []


@pytest.mark.parametrize(
    "harm",
    [
        lambda p: (p / "extra.txt").write_text("x"),
        lambda p: (p / "link").symlink_to("/etc/passwd"),
        lambda p: (p / "records" / "segments" / "..hidden").write_text("x"),
        lambda p: swap(p / "affected.csv", p / "affected.json"),
        lambda p: swap(p / "README.txt", p / "custody.jsonl"),
    ],
)
def test_files_added_linked_or_swapped_are_found(pack: Path, tmp_path: Path, harm: Callable[[Path], object]) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(pack, copy)
    harm(copy)
    assert problems(copy)
    assert alone(copy).returncode == 1


def swap(a: Path, b: Path) -> None:
    x, y = a.read_bytes(), b.read_bytes()
    a.write_bytes(y)
    b.write_bytes(x)


def resigned(copy: Path, name: str, change: Callable[[bytes], bytes], **counts: int) -> None:
    """Changes a file and signs the pack again, as whoever has the key could."""
    file = copy / name
    file.write_bytes(change(file.read_bytes()))
    manifest = json.loads((copy / "manifest.json").read_text())
    key = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    manifest["public_key"] = key.public_key().public_bytes_raw().hex()
    manifest["counts"].update(counts)
    for listed in manifest["files"]:
        if listed["path"] == name:
            data = file.read_bytes()
            listed.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
            if "records" in counts:
                listed["records"] = listed["records"] - 1
    text = json.dumps(manifest).encode()
    (copy / "manifest.json").write_bytes(text)
    (copy / "manifest.sig").write_text(key.sign(text).hex() + "\n")


def test_a_record_removed_or_changed_is_found_by_the_chain_even_when_signed_again(pack: Path, tmp_path: Path) -> None:
    segment = next((pack / "records" / "segments").iterdir()).relative_to(pack).as_posix()

    def without_a_line(text: bytes) -> bytes:
        lines = text.split(b"\n")
        return b"\n".join(lines[:3] + lines[4:])

    def with_a_hash_only(text: bytes) -> bytes:
        lines = text.split(b"\n")
        return b"\n".join([lines[0], lines[1].partition(b" ")[0], *lines[2:]])

    def changed(text: bytes) -> bytes:
        return text.replace(b'"42"', b'"43"', 1)

    for n, (harm, words) in enumerate(
        [
            (without_a_line, "has the number"),
            (changed, "does not fit the line"),
            (with_a_hash_only, "signed with another key"),
        ]
    ):
        copy = tmp_path / str(n)
        shutil.copytree(pack, copy)
        records = json.loads((copy / "manifest.json").read_text())["counts"]["records"]
        resigned(copy, segment, harm, **({"records": records - 1} if harm is not changed else {}))
        found = " ".join(problems(copy))
        assert re.search(words, found), found


def test_where_segments_are_gone_the_store_tells_the_same_and_its_manifest_vouches(tmp_path: Path) -> None:
    segment = ledger_of(tmp_path)
    store = Store.open(tmp_path, "directory")
    store.compact()
    with_segments = made(tmp_path, tmp_path / "packs")
    segment.path.unlink()
    without = made(tmp_path, tmp_path / "packs")
    assert problems(without) == []
    assert not (without / "records" / "segments").exists()
    assert len((without / "records" / "store" / "manifest.jsonl").read_text().splitlines()) >= 2
    assert (without / "affected.csv").read_bytes() == (with_segments / "affected.csv").read_bytes()
    changed = (without / "records" / "store" / "manifest.jsonl").read_text().replace('"n":2', '"n":3')
    resigned(without, "records/store/manifest.jsonl", lambda _: changed.encode())
    assert any("manifest.jsonl, line 2" in p for p in problems(without))


def test_a_damaged_segment_is_not_signed_as_an_original_and_the_rest_is_still_exported(tmp_path: Path) -> None:
    segment = ledger_of(tmp_path)
    Store.open(tmp_path, "directory").compact()
    whole = segment.path.read_bytes()
    segment.path.write_bytes(whole.replace(b'"42"', b'"43"', 1))
    said = export(tmp_path, tmp_path / "packs", "--json")
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    assert told["damaged_segments"] == [segment.path.name]
    assert problems(Path(told["folder"])) == []
    assert "is damaged and was not taken" in (Path(told["folder"]) / "README.txt").read_text()


def test_after_an_erasure_a_pack_still_fits_and_does_not_name_the_person(tmp_path: Path) -> None:
    ledger_of(tmp_path)
    Store.open(tmp_path, "directory").forget("42")
    folder = made(tmp_path, tmp_path / "packs")
    assert problems(folder) == []
    assert b'"42"' not in (folder / "affected.json").read_bytes()


def test_whole_segments_can_be_checked_line_by_line(tmp_path: Path) -> None:
    segment = ledger_of(tmp_path)
    folder = made(tmp_path, tmp_path / "packs", "--whole-segments")
    (taken,) = (folder / "records" / "segments").iterdir()
    assert taken.read_bytes() == segment.path.read_bytes()
    assert problems(folder) == []


def test_where_entries_are_kept_for_a_shorter_time_than_disclosures_a_pack_still_fits(tmp_path: Path) -> None:
    segment = ledger_of(tmp_path)
    later = Store.open(tmp_path, "directory", clock=lambda: NOW + timedelta(days=20))
    later.thin(Retention(entries_days=5, disclosures_days=60))
    segment.path.unlink()
    folder = made(tmp_path, tmp_path / "packs")
    assert problems(folder) == []
    assert json.loads((folder / "manifest.json").read_text())["counts"]["records"] == 12


def test_the_same_files_give_the_same_zip(pack: Path) -> None:
    files = {p.relative_to(pack).as_posix(): p.read_bytes() for p in pack.rglob("*") if p.is_file()}
    assert zipped(files) == zipped(dict(reversed(files.items()))) == pack.with_name(pack.name + ".zip").read_bytes()


def test_an_export_needs_a_reason_and_a_principal_and_is_recorded(tmp_path: Path) -> None:
    ledger_of(tmp_path)
    assert export(tmp_path, tmp_path / "p", "--reason", " ").exit_code == 1
    nobody = CliRunner().invoke(
        app, ["ledger", "export", "--reason", "x", "--out", str(tmp_path / "p"), "--state", str(tmp_path)]
    )
    assert nobody.exit_code == 1
    assert "--principal" in nobody.stderr
    assert not (tmp_path / "audit.jsonl").exists()
    folder = made(tmp_path, tmp_path / "p")
    (line,) = (json.loads(x) for x in (tmp_path / "audit.jsonl").read_text().splitlines())
    assert (line["what"], line["pack"], line["reason"]) == ("export", folder.name, "case 12")
    assert json.loads((folder / "custody.jsonl").read_text())["audit_trail"] == line["hash"]
    index = json.loads((tmp_path / "evidence" / f"{folder.name}.json").read_text())
    assert len(index["people"]) == 6
    assert "42" not in index["people"]


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/../../b", "a\\b", "", ".hidden", "a//b", "C:x", "a/b/c/d/e", "a\nb", "x/"]
)
def test_no_name_leads_out_of_a_pack(name: str, tmp_path: Path) -> None:
    with pytest.raises(PackError):
        Contents().add(name, b"")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name or "\x01", b"")
    assert problems(tmp_path / "x.zip")


def test_what_was_in_force_is_taken_from_where_it_is_kept_and_nowhere_else(tmp_path: Path) -> None:
    ledger_of(tmp_path)
    notice = tmp_path / "n.html"
    notice.write_text("x")
    keep_legal(tmp_path, "directory", "notice", notice, NOW - timedelta(days=30))
    record = tmp_path / "in-force.jsonl"
    digest = hashlib.sha256(b"x").hexdigest()
    record.write_text(record.read_text().replace(f"legal/{digest}", "legal/../secret"))
    said = export(tmp_path, tmp_path / "p")
    assert said.exit_code == 1
    assert "is not a file that was kept" in said.stderr


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=80), st.binary(min_size=32, max_size=32), st.integers(0, 63), st.integers(1, 255))
def test_the_scripts_own_signatures_agree_with_cryptography(message: bytes, seed: bytes, at: int, flip: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert verify_pack.signature_fits(public, message, signature)
    wrong = signature[:at] + bytes([signature[at] ^ flip]) + signature[at + 1 :]
    assert not verify_pack.signature_fits(public, message, wrong)
    assert not verify_pack.signature_fits(public, message + b"x", signature)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_file_that_was_made_huge_is_told_and_never_held_in_memory(pack: Path, tmp_path: Path, kind: str) -> None:
    huge = tmp_path / "huge"
    shutil.copytree(pack, huge)
    (huge / "affected.json").chmod(0o600)
    os.truncate(huge / "affected.json", 200 << 20)
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "huge.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in sorted(p for p in huge.rglob("*") if p.is_file()):
                archive.write(path, path.relative_to(huge).as_posix())
    tracemalloc.start()
    try:
        found = problems(huge if kind == "folder" else huge.with_suffix(".zip"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (said,) = found
    assert said.startswith("affected.json has more than ")
    assert peak < 16 << 20


def test_the_script_keeps_to_python_3_8_and_to_its_standard_library() -> None:
    source = Path(verify_pack.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {str(n.module).split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names
    later = {"removeprefix", "removesuffix", "bit_count", "is_relative_to", "readlink"}
    assert not later & {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}


def test_the_vectors_of_rfc_8032_section_7_1() -> None:
    for public, message, signature in (
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ):
        assert verify_pack.signature_fits(*map(bytes.fromhex, (public, message, signature)))
    # A key that is no point of the curve, and a signature whose number is not reduced (malleability, section 5.1.7).
    assert not verify_pack.signature_fits(b"\xff" * 32, b"", b"\x00" * 64)
    key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    made_now = key.sign(b"x")
    grown = made_now[:32] + (int.from_bytes(made_now[32:], "little") + verify_pack.L).to_bytes(32, "little")
    assert not verify_pack.signature_fits(key.public_key().public_bytes_raw(), b"x", grown)
