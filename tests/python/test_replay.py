"""Access logs through the engine, as Python sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyroaring import BitMap

from hedgerow import _engine

SITE = Path(__file__).parents[2] / "crates" / "engine" / "tests" / "judged_site.json"
POLICY = json.dumps({"format": 1, "id": "0" * 64, "sites": [json.loads(SITE.read_text())]})
OPTIONS = _engine.replay_options(json.dumps({"now_s": 1_800_000_000, "workers": 2}))


def line(second: int, address: str, path: str, agent: str) -> str:
    time = f"{10 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f'{address} - - [10/Oct/2025:{time} +0000] "GET {path} HTTP/1.1" 200 512 "-" "{agent}"\n'


def log() -> list[str]:
    lines = []
    for i in range(500):
        lines.append(line(i * 5, f"198.51.100.{i % 40 + 1}", f"/members/{i * i % 30}", "Mozilla/5.0 Firefox/140.0"))
        lines.append(line(i * 5, f"198.51.100.{i % 40 + 1}", "/style.css", "Mozilla/5.0 Firefox/140.0"))
        lines.append(line(i * 5, "203.0.113.9", f"/members/{1000 + i}", "curl/8.5"))
    return lines


def replayed(paths: list[Path]) -> _engine.LogReplay:
    replay = _engine.LogReplay(POLICY, OPTIONS)
    replay.run([str(p) for p in paths], lambda *_: None)
    return replay


def told(replay: _engine.LogReplay) -> tuple[dict[str, Any], list[str], bytes]:
    summary = json.loads(replay.summary())
    del summary["input"]
    return summary, list(replay.actors()), replay.popularity()


def test_an_actor_is_told_with_everybody_it_was_shown(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("".join(log()) + "nonsense\n")
    replay = replayed([path])
    summary = json.loads(replay.summary())
    assert (summary["lines"], summary["read"], summary["people"]) == (
        1501,
        1500,
        500 + len({i * i % 30 for i in range(500)}),
    )
    assert summary["skipped"]["unknown_format"]["examples"] == ["nonsense"]
    [harvester] = [json.loads(a) for a in replay.actors(at_least_people=100)]
    people = BitMap.deserialize(replay.people(harvester["actor"]))
    assert {replay.person(n) for n in people} == {str(1000 + i) for i in range(500)}
    assert harvester["agent"] == "curl"
    assert len(replay.popularity()) == 4 * summary["people"]


def test_the_steps_put_together_are_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("".join(log() * 60))
    whole = told(replayed([path]))
    ranges = _engine.replay_ranges(path, 1 << 20)
    assert len(ranges) > 2
    parsed = [_engine.replay_parse(POLICY, OPTIONS, path, start, end) for start, end in reversed(ranges)]
    tally = _engine.replay_tally([t for _, t in parsed])
    batches = [(part, batch) for parts, _ in parsed for part, batch in parts]
    sightings = [batch for part, batch in batches if part == _engine.REPLAY_SIGHTINGS]
    past = _engine.replay_timeline(POLICY, OPTIONS, sightings, tally)
    results = [
        _engine.replay_partition(POLICY, OPTIONS, past, n, [b for part, b in batches if part in group])
        for n, group in enumerate(json.loads(past)["groups"])
    ]
    gathered = _engine.LogReplay(POLICY, OPTIONS)
    gathered.gather(results, tally, past)
    assert told(gathered) == whole


def test_what_progress_raises_stops_the_replay(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("".join(log()))

    def enough(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _engine.LogReplay(POLICY, OPTIONS).run([str(path)], enough)


def test_wrong_options_and_files_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no format `nonsense`"):
        _engine.LogReplay(POLICY, json.dumps({"format": "nonsense"}))
    with pytest.raises(ValueError, match="no site `other`"):
        _engine.LogReplay(POLICY, json.dumps({"site": "other"}))
    with pytest.raises(RuntimeError, match="no log was replayed"):
        _engine.LogReplay(POLICY, OPTIONS).summary()
    with pytest.raises(OSError, match="missing"):
        replayed([tmp_path / "missing.log"])


def test_a_log_becomes_a_ledger_that_can_be_asked_and_judged_again(tmp_path: Path) -> None:
    path, ledger = tmp_path / "access.log", tmp_path / "ledger"
    path.write_text("".join(log()))
    replay = _engine.LogReplay(POLICY, json.dumps({"now_s": 1_800_000_000, "ledger_folder": str(ledger)}))
    replay.run([str(path)], lambda *_: None)
    entries = [json.loads(line) for line in _engine.read_ledger(ledger, 0)]
    assert {e["source"] for e in entries if "format" in e} == {"log"}
    assert sum(len(e.get("p", [])) for e in entries) == 1000
    assert not json.loads(_engine.verify_ledger(ledger))["problems"]
    report = json.loads(_engine.replay_ledger(POLICY, "{}", ledger, 0))
    assert (report["disclosures"], report["entries"]) == (1000, 1000)
    assert report["in_force"]["people_masked"] == report["policy"]["people_masked"] > 0
    assert report["unknown"]


def test_the_steps_of_a_divided_replay_want_one_secret(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("".join(log()))
    with pytest.raises(ValueError, match="replay_options"):
        _engine.replay_parse(POLICY, "{}", str(path), 0, 1 << 20)
    with pytest.raises(ValueError, match="replay_options"):
        _engine.replay_timeline(POLICY, '{"secret": null}', [], "{}")
    one, other = (json.loads(_engine.replay_options("{}"))["secret"] for _ in range(2))
    assert len(one) == 64
    assert one != other


def test_actors_cannot_be_asked_for_while_a_replay_runs(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("".join(log()))
    replay = replayed([path])
    actors = iter(replay.actors())
    with pytest.raises(RuntimeError, match="borrowed"):
        replay.run([str(path)], lambda *_: next(actors))
