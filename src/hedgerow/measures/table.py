"""The file of measures: read whole, changed under a lock, written whole."""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hedgerow.measures.measure import Act, Measure, MeasureError
from hedgerow.policy import write_whole

FORMAT: Final = 1
MOST: Final = 10_000
MOST_FOR_EVERYBODY: Final = 256
"""Of one site, as the engine takes them: each request goes through all of them."""
MOST_BYTES: Final = 8 << 20
KEPT_AFTER_S: Final = 7 * 86_400
"""How long an ended measure stays in the file, so that a list still shows what it met."""


@dataclass(frozen=True)
class MeasureTable:
    """`<state>/measures.json`. The edge looks at it by itself within seconds; `asking.take_up` makes it look now."""

    state: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.state / "measures.json"

    def read(self) -> list[Measure]:
        """All measures, also ended ones; none when there is no file.

        Raises:
            MeasureError: the file is not one of ours; it is never replaced silently.
        """
        try:
            with self.path.open("rb") as f:
                body = f.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return []
        except OSError as e:
            raise MeasureError(f"{self.path} cannot be read: {e.strerror or e}") from e
        try:
            return _measures(body)
        except (ValueError, RecursionError) as e:
            raise MeasureError(f"{self.path}: {e}; correct it, or move it away to begin without measures") from e

    def set(self, measure: Measure, now_s: int) -> list[Measure]:
        """Adds a decision, and lets go what it replaces; returns that.

        A release ends every other measure about the same principal, and any other decision ends a release of it: the
        last word about somebody holds. The same act is replaced, too. For everybody, what was decided before about the
        same field or route is replaced.

        Raises:
            MeasureError: the file cannot be read, or is full.
        """
        replaced: list[Measure] = []

        def change(before: list[Measure]) -> list[Measure]:
            kept = []
            for m in before:
                opposed = Act.RELEASE in (m.act, measure.act) or m.act is measure.act
                if m.id == measure.id:
                    raise MeasureError(f"there is a measure `{m.id}` already")
                if m.about(measure) and opposed and now_s < m.until_s:
                    replaced.append(m)
                    kept.extend(m.ended(now_s))
                else:
                    kept.append(m)
            return [*kept, measure]

        self._change(change, now_s)
        return replaced

    def end(self, identifier: str, now_s: int) -> Measure:
        """Takes a decision back: it ends now.

        Raises:
            MeasureError: there is none of this identifier that has not ended.
        """
        ended: list[Measure] = []

        def change(before: list[Measure]) -> list[Measure]:
            ended.extend(m for m in before if m.id == identifier and now_s < m.until_s)
            if not ended:
                raise MeasureError(
                    f"no measure `{identifier[:64]}` is in force; `hedgerow measure list` shows those that are"
                )
            return [left for m in before for left in (m.ended(now_s) if m in ended else [m])]

        self._change(change, now_s)
        return ended[0]

    def take_back(self, made: Measure | None, before: Sequence[Measure], now_s: int) -> None:
        """As if a decision had never been written: what it made is gone, what it ended or replaced is there again.

        For whoever decides in a transaction that is then not kept: nothing must be in force that no record tells of.

        Args:
            made: What was added; None where something was only ended.
            before: What was ended or replaced, as it was.
            now_s: The time.

        Raises:
            MeasureError: the file cannot be read.
        """
        gone = {m.id for m in (*before, *([made] if made else []))}
        self._change(lambda now: [*(m for m in now if m.id not in gone), *before], now_s)

    def _change(self, change: Callable[[list[Measure]], list[Measure]], now_s: int) -> None:
        with self._alone():
            after = [m for m in change(self.read()) if m.until_s > now_s - KEPT_AFTER_S]
            if len(after) > MOST:
                raise MeasureError(f"there are {MOST:,} measures already; end some, or decide about a whole network")
            for site, count in Counter(m.site for m in after if m.act.for_everybody).items():
                if count > MOST_FOR_EVERYBODY:
                    raise MeasureError(
                        f"{site} has {MOST_FOR_EVERYBODY} measures for everybody already; change the policy"
                    )
            text = json.dumps({"format": FORMAT, "measures": [m.as_data() for m in after]}, ensure_ascii=False)
            if len(text.encode()) > MOST_BYTES:
                raise MeasureError("the measures no longer fit into their file; end some")
            write_whole(self.path, text + "\n")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One change at a time, of all processes."""
        handle = os.open(self.state / "measures.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _measures(body: bytes) -> list[Measure]:
    if len(body) > MOST_BYTES:
        raise MeasureError(f"it is longer than {MOST_BYTES:,} bytes")
    found = json.loads(body)
    whole = isinstance(found, dict) and set(found) == {"format", "measures"}
    # JSON's `true` is 1 to Python.
    if not whole or found["format"] is True or found["format"] != FORMAT:
        raise MeasureError(f'it is not {{"format": {FORMAT}, "measures": [...]}}')
    lines = found["measures"]
    if not isinstance(lines, list) or len(lines) > MOST:
        raise MeasureError(f"it is not a list of at most {MOST:,} measures")
    measures = [Measure.from_data(line) for line in lines]
    if len({m.id for m in measures}) < len(measures):
        raise MeasureError("two measures have one identifier")
    return measures
