"""The console's own files: others' are unchanged, ours keep to the Content-Security-Policy."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from hedgerow.console.rendering import TEMPLATES
from hedgerow.console.static_files import FOLDER, StaticFiles

VENDOR = FOLDER / "vendor"
OURS = [p for p in sorted(FOLDER.rglob("*")) if p.is_file() and VENDOR not in p.parents]


def test_files_of_others_are_as_they_were_published() -> None:
    said = dict(
        reversed(m) for m in re.findall(r"^([0-9a-f]{64})  (\S+)$", (VENDOR / "SOURCES.txt").read_text(), re.MULTILINE)
    )
    found = {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in VENDOR.glob("*") if p.suffix in {".js", ".css"}
    }
    assert found == said


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_no_template_needs_what_the_policy_forbids(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on|javascript:|\|\s*safe\b|hx-vals=.js:", text), template
    assert not re.search(r"<script(?![^>]*\ssrc=)", text), template
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text), template


@pytest.mark.parametrize("file", OURS, ids=lambda p: p.name)
def test_no_file_of_ours_loads_from_elsewhere(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"@import|url\(\s*['\"]?(?:https?:)?//|\beval\(|new Function", text), file


def test_a_changed_file_has_another_address() -> None:
    before, after = StaticFiles.read(), StaticFiles.read()
    assert before.url("console.css") == after.url("console.css")
    with pytest.raises(KeyError):
        before.url("../secret")
