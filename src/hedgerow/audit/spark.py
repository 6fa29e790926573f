"""`--engine spark`: the same replay on an Apache Spark cluster, byte for byte the same answer as on one machine.

Spark only carries bytes: which range of a file is parsed where, and which group of networks is replayed where. What is
done with them are the engine's own three steps (`_engine.replay_parse`, `replay_timeline`, `replay_partition`), which
need no memory of each other.

Workers must be able to read the files under the same names and to import `hedgerow` with the interpreter of
`PYSPARK_PYTHON`; on one machine that is this very interpreter.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import hedgerow
from hedgerow import _engine
from hedgerow.audit.replaying import AuditError, Json, Progress, Replay, Wish

RANGE_BYTES: Final = 32 << 20
"""Bytes of a file that one task parses."""
MASTER: Final = "local[*]"

_TALLY: Final = -1
Batch = tuple[int, bytes]


def replayed_on_spark(policy: Json, wish: Wish, progress: Progress, master: str | None = None) -> Replay:
    """Replays a log on Spark.

    Raises:
        AuditError: when Spark cannot be used, the policy cannot be divided, or a file cannot be read.
    """
    _can_run(wish)
    # Drawn here once, where none is given: every worker has to give the same names.
    policy_json, options = json.dumps(policy), _engine.replay_options(wish.options())
    try:
        if not _engine.replay_divisible(policy_json, options):
            raise AuditError(
                "this policy limits the level `client`, which spans networks, so the replay cannot be divided; audit "
                "with --engine local, or leave those budgets out"
            )
        ranges = [
            (str(f.absolute()), begin, end)
            for f in wish.files
            for begin, end in _engine.replay_ranges(str(f.absolute()), RANGE_BYTES)
        ]
    except (ValueError, OSError) as error:
        raise AuditError(str(error)) from error
    total = sum(f.stat().st_size for f in wish.files)
    progress(0, total, 0)
    context, stop = _context(master, wish.workers)
    try:
        parts, tally, past = _scattered(context, policy_json, options, ranges)
    except AuditError:
        raise
    except Exception as error:  # PySpark and Py4J have no common base for what a worker may fail with.
        raise AuditError(f"Spark could not do it: {_first_line(error)}") from error
    finally:
        stop()
    replay = _engine.LogReplay(policy_json, options)
    replay.gather(parts, tally, past)
    progress(total, total, int(json.loads(replay.summary())["lines"]))
    return replay


def _scattered(
    context: Any, policy: str, options: str, ranges: list[tuple[str, int, int]]
) -> tuple[list[bytes], str, str]:
    """The three steps: parse side by side, make the past here, replay side by side."""
    from pyspark import StorageLevel

    slices = max(1, min(len(ranges), 4 * int(context.defaultParallelism)))
    settings = context.broadcast((policy, options))
    parsed = context.parallelize(ranges, slices).flatMap(_parse(settings)).persist(StorageLevel.DISK_ONLY)
    here = parsed.filter(_is_for_the_driver).collect()
    tally = _engine.replay_tally([batch.decode() for part, batch in here if part == _TALLY])
    sightings = [batch for part, batch in here if part == _engine.REPLAY_SIGHTINGS]
    past = _engine.replay_timeline(policy, options, sightings, tally)
    groups: list[list[int]] = json.loads(past)["groups"]
    group_of = {part: group for group, parts in enumerate(groups) for part in parts}
    told = context.broadcast(past)
    replayed = (
        parsed.filter(lambda batch: batch[0] in group_of)
        .map(lambda batch: (group_of[batch[0]], batch[1]))
        .groupByKey(max(1, min(len(groups), 4 * int(context.defaultParallelism))))
        .mapPartitions(_replay(settings, told))
        .collect()
    )
    parsed.unpersist()
    found: dict[int, bytes] = dict(replayed)
    # A group nobody was in has no batch, and still a part.
    parts = [found.get(g) or _engine.replay_partition(policy, options, past, g, []) for g in range(len(groups))]
    return parts, tally, past


def _parse(settings: Any) -> Callable[[tuple[str, int, int]], Iterator[Batch]]:
    def step(where: tuple[str, int, int]) -> Iterator[Batch]:
        policy, options = settings.value
        batches, tally = _engine.replay_parse(policy, options, *where)
        yield _TALLY, tally.encode()
        for part, batch in batches:
            yield part, bytes(batch)

    return step


def _replay(settings: Any, past: Any) -> Callable[[Iterable[tuple[int, Iterable[bytes]]]], Iterator[Batch]]:
    def step(groups: Iterable[tuple[int, Iterable[bytes]]]) -> Iterator[Batch]:
        policy, options = settings.value
        for group, batches in groups:
            yield group, bytes(_engine.replay_partition(policy, options, past.value, group, list(batches)))

    return step


def _is_for_the_driver(batch: Batch) -> bool:
    return batch[0] in (_TALLY, _engine.REPLAY_SIGHTINGS)


def _can_run(wish: Wish) -> None:
    if importlib.util.find_spec("pyspark") is None:
        raise AuditError("--engine spark needs PySpark: pip install 'hedgerow[spark]'")
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").exists()):
        raise AuditError("--engine spark needs Java; on Debian: apt-get install default-jre-headless")
    if wish.ledger is not None:
        raise AuditError(
            "--ledger is written by --engine local only: its chains are files that are made where the replay runs, and "
            "Spark brings back the counts, not those files. The report is the same; for the ledger, run once more with "
            "--engine local"
        )


def _context(master: str | None, workers: int) -> tuple[Any, Callable[[], None]]:
    """A Spark context, and what ends it if it was begun here."""
    from pyspark import SparkConf, SparkContext

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    running = SparkContext._active_spark_context
    if running is not None:
        return running, lambda: None
    wanted = master or os.environ.get("HEDGEROW_SPARK_MASTER") or (f"local[{workers}]" if workers else MASTER)
    conf = SparkConf().setMaster(wanted).setAppName("hedgerow audit")
    # Workers started on this machine get the place this package was imported from, whatever folder they start in.
    conf.set("spark.executorEnv.PYTHONPATH", str(Path(hedgerow.__file__).parent.parent))
    for name, value in (
        ("spark.ui.enabled", "false"),
        ("spark.log.level", "ERROR"),
        ("spark.ui.showConsoleProgress", "false"),
    ):
        conf.setIfMissing(name, value)
    if wanted.startswith("local"):
        conf.setIfMissing("spark.driver.host", "127.0.0.1").setIfMissing("spark.driver.bindAddress", "127.0.0.1")
    try:
        context = SparkContext(conf=conf)
    except Exception as error:
        raise AuditError(f"Spark could not be started with {wanted}: {_first_line(error)}") from error
    return context, context.stop


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # The sentence of a worker's own exception is the last line of its traceback.
    own = [
        line for line in lines if line.startswith(("ValueError:", "OSError:", "ImportError:", "ModuleNotFoundError:"))
    ]
    return (own or lines or [type(error).__name__])[0][:400]
