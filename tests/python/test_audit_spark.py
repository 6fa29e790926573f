"""`--engine spark`: the same answer as one process, from a cluster of two workers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from audit_logs import harvest, visitors, write
from hedgerow.audit import spark
from hedgerow.audit.replaying import AuditError, Replay, Wish, replayed
from hedgerow.audit.routes_first import tables_of

pytest.importorskip("hedgerow._engine")

POLICY = """
sites:
  - name: site
    upstream: http://127.0.0.1:3000
    people:
      fields: {name: basic, profile: personal}
      routes: [{path: "/members/{person}", kind: profile, person: path}]
"""


def _all(replay: Replay) -> dict[str, Any]:
    """Everything a replay tells."""
    summary = json.loads(replay.summary())
    return {
        "summary": {k: v for k, v in summary.items() if k != "input"},
        "actors": list(replay.actors(0)),
        "people": [replay.people(i) for i in range(summary["actors"])],
        "names": [replay.person(i) for i in range(summary["people"])],
        "popularity": replay.popularity(),
    }


def _silent(done: int, total: int, lines: int) -> None:
    pass


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("java") is None, reason="no Java; on Debian: apt-get install default-jre-headless")
def test_a_cluster_of_two_workers_gives_the_answer_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setattr(spark, "RANGE_BYTES", 200_000)
    hits = harvest(visitors(6, people=200, count=300), people=200, addresses=30, each=6).ordered()
    half = len(hits) // 2
    files = (write(tmp_path / "a.log", hits[:half]), write(tmp_path / "b.log", hits[half:]))
    wish = Wish(files, secret="5a" * 32)
    tables = tables_of(POLICY, "test")
    here = replayed(tables, wish, _silent)
    there = spark.replayed_on_spark(tables, wish, _silent, master="local-cluster[2,1,1024]")
    assert _all(there) == _all(here)


def test_a_policy_that_cannot_be_divided_is_refused_in_words(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("no Java")
    log = write(tmp_path / "a.log", visitors(6, people=20, count=3).ordered())
    tables = tables_of(POLICY + "    budgets: {stranger: {client: {basic: 5/hour}}}\n", "test")
    with pytest.raises(AuditError, match="spans networks"):
        spark.replayed_on_spark(tables, Wish((log,)), _silent)


def test_without_java_the_command_to_install_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(AuditError, match="apt-get install default-jre-headless"):
        spark.replayed_on_spark({}, Wish(()), _silent)


def test_without_pyspark_the_command_to_install_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(AuditError, match=r"pip install 'hedgerow\[spark\]'"):
        spark.replayed_on_spark({}, Wish(()), _silent)
