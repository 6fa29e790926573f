"""The files of measurements have the keys that the reference names, each explained, and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benches import gateway as bench
from benches.gateway_load import Contender, Latency
from benches.gateway_site import Route
from tests.harvest import __main__ as harvest
from tests.harvest import processes
from tests.people import __main__ as people
from tests.people.rows import Row

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "measurements.md"


def documented(file: str) -> list[str]:
    """Keys that the reference explains for a file, in its order."""
    (section,) = re.findall(
        rf"^## `{re.escape(file)}`$(.*?)(?=^## |\Z)", REFERENCE.read_text(), re.DOTALL | re.MULTILINE
    )
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| *(\S[^|]*) \|$", section, re.MULTILINE)
    assert all(said for _, said in rows)
    return [key for key, _ in rows]


def written(root: Path, file: str) -> list[list[str]]:
    """Keys of each row that was written."""
    rows = json.loads((root / file).read_text(encoding="utf-8"))
    assert all(not isinstance(value, (dict, list)) for row in rows for value in row.values()), "rows are flat"
    return [list(row) for row in rows]


def test_harvest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "ROOT", tmp_path)
    harvest.write(
        [harvest.Row("wget", 50, protected=True, profiles_share=0.1, contacts_share=0.0, documents=3, seconds=1.5)]
    )
    assert written(tmp_path, "build/harvest.json") == [documented("build/harvest.json")]


def test_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "ROOT", tmp_path)
    people.write([Row("browse", visitors=1, failures=["a name is hidden", "a page is late"]), Row("tabs")])
    assert written(tmp_path, "build/people.json") == [documented("build/people.json")] * 2


def test_bench(capsys: pytest.CaptureFixture[str]) -> None:
    contender = Contender("nginx proxy_pass", 1, [])
    one = {"rps": [2.0], "cpu_us": [3.0], "added_p99_ms": [0.1]}
    told = Latency(p99_ms=[1.0], requests=10, over_5ms=1)
    rows = bench.table(
        [Route("a page", [])], [contender], {("a page", contender.name): one}, {("a page", "origin"): told}
    )
    keys = documented("build/bench.json")
    assert [sorted(row) for row in rows] == [sorted(keys)] * 2
    assert {k for k, v in rows[1].items() if v is not None} == {"route", "contender", "p99_ms", "over_5ms_share"}
    assert "nginx proxy_pass" in capsys.readouterr().out
