"""What takes longer than a page may: questions to a large ledger, done beside the pages, with progress and an end.

    work = services.long_work.begin("case:8f2/count", "Asking the ledger who was affected", actor.name, ask_and_keep)
    services.long_work.wait(work, services.act_patience_s)

A question of a small ledger is answered while whoever asked still waits, so that nothing changes for them; one that
takes longer goes on, the page says what is being done, and shows the end when there is one. One at a time in each of
two lanes: the work of cases, and looks at one principal, which must not wait for an evidence pack. So memory is bounded
by two connections to the ledger, however many people ask. What was under way when the console stopped is said to have
failed when it starts again; each piece of work keeps its answer in one transaction at its end, so nothing half stays.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import structlog

from hedgerow.cases.core.problems import CaseError
from hedgerow.console.problems import Conflict, Problem, sentence_of
from hedgerow.store.base import new_id

Lane = Literal["case", "look"]
State = Literal["waiting", "running", "done", "failed"]
Step = Callable[[str], None]
"""Says what is being done now, in a few words."""

KEPT: Final = 50
"""Pieces of work that are remembered."""
WAITING: Final = 20
"""At most so many wait; more are refused."""
REMEMBERED: Final = timedelta(hours=24)
ANSWERS_FOR: Final = timedelta(minutes=5)
"""An answer that nobody fetched is let go."""
FOLDER: Final = "console-work"
"""In the state directory: one small file a piece of work that is under way, to know of it after a crash."""
_LONGEST_NOTE: Final = 400

log = structlog.get_logger("console")


@dataclass
class Work:
    """One piece of work."""

    key: str
    """What it is about and what is done: `case:8f2/count`. The same is not done twice at once."""
    title: str
    by: str
    begun_at: datetime
    id: str = field(default_factory=new_id)
    state: State = "waiting"
    step: str = ""
    """What is being done now."""
    outcome: str = ""
    """How it ended, in a sentence."""
    ended_at: datetime | None = None
    took_s: float = 0.0
    answer: Any = None
    error: Exception | None = None
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def running(self) -> bool:
        """Whether it waits or is under way."""
        return not self.over.is_set()


class LongWork:
    """The long work of one console."""

    def __init__(self, state: Path, clock: Callable[[], datetime]) -> None:
        self._folder = state / FOLDER
        self._clock = clock
        self._works: dict[str, Work] = {}
        self._lock = threading.Lock()
        self._turns: dict[Lane, threading.Lock] = {"case": threading.Lock(), "look": threading.Lock()}
        self._left_over()

    def begin(
        self, key: str, title: str, by: str, do: Callable[[Step], Any], *, lane: Lane = "case", end: str = "Done."
    ) -> Work:
        """Begins a piece of work beside the pages; gives the one that is under way where the same is asked again.

        Args:
            key: What it is about: identifiers, no names of people.
            title: What is done, in words.
            by: Who asked.
            do: Does it, outside of any transaction; keeps its result in one of its own. Told how to say its steps.
            lane: In which it has its turn.
            end: How a good end is called; an answer that is text takes its place.

        Raises:
            Conflict: too many wait already.
        """
        with self._lock:
            self._forget()
            for known in self._works.values():
                if known.key == key and known.running:
                    return known
            if sum(w.running for w in self._works.values()) >= WAITING:
                raise Conflict("Many questions wait for the ledger already. Ask again when some are answered.")
            work = Work(key, title, by, self._clock(), step="waits for its turn")
            self._works[work.id] = work
        self._note(work)
        run = (work, do, lane, end)
        threading.Thread(target=self._run, args=run, name=f"work-{lane}", daemon=True).start()
        return work

    def wait(self, work: Work, patience_s: float | None) -> bool:
        """Waits so long for the end (None: until it comes); whether it has come.

        Raises:
            Exception: what the work itself raised, for whoever still waits.
        """
        if not work.over.wait(patience_s):
            return False
        if work.error is not None:
            # Whoever asked is told now: it is no news on the page any more.
            self._drop(work)
            raise work.error
        return True

    def answer(self, key: str, title: str, by: str, do: Callable[[Step], Any], patience_s: float | None) -> Work:
        """The answer to a question that changes nothing: asked when it was not, given once when it is there.

        Returns:
            The work: when it is `running`, ask for the same again in a moment.

        Raises:
            Exception: what the question raised.
        """
        with self._lock:
            ready = next((w for w in self._works.values() if w.key == key and not w.running), None)
        work = ready or self.begin(key, title, by, do, lane="look")
        if self.wait(work, patience_s):
            self._drop(work)
        return work

    @contextmanager
    def turn(self, lane: Lane) -> Iterator[None]:
        """Whoever answers at once (programs, files) has a turn like the others."""
        with self._turns[lane]:
            yield

    def of(self, subject: str) -> list[Work]:
        """What is done about a subject, or was: `case:8f2`. The newest of each kind."""
        with self._lock:
            self._forget()
            newest = {w.key: w for w in self._works.values() if w.key.partition("/")[0] == subject}
        return list(newest.values())

    def find(self, work_id: str) -> Work | None:
        """One piece of work."""
        return self._works.get(work_id)

    def _run(self, work: Work, do: Callable[[Step], Any], lane: Lane, end: str) -> None:
        with self._turns[lane]:
            work.state, work.step = "running", "asks the ledger"
            begun = time.monotonic()

            def step(words: str) -> None:
                work.step = words

            try:
                work.answer = do(step)
                work.state, work.outcome = "done", work.answer if isinstance(work.answer, str) else end
            except (Problem, CaseError) as error:
                work.error, work.state = error, "failed"
                work.outcome = sentence_of(error.sentence if isinstance(error, Problem) else error)
            except Exception as error:
                log.exception("long work failed for a reason nobody foresaw", work=work.key)
                work.error, work.state = error, "failed"
                work.outcome = "It failed for a reason nobody foresaw; the log has it."
            work.took_s, work.ended_at = time.monotonic() - begun, self._clock()
        (self._folder / work.id).unlink(missing_ok=True)
        work.over.set()

    def _drop(self, work: Work) -> None:
        with self._lock:
            self._works.pop(work.id, None)

    def _forget(self) -> None:
        now = self._clock()
        for work in [w for w in self._works.values() if w.ended_at is not None]:
            age = now - work.ended_at if work.ended_at else timedelta(0)
            if not isinstance(work.answer, str | None) and age > ANSWERS_FOR:
                work.answer = None
                self._works.pop(work.id)
            elif age > REMEMBERED or len(self._works) > KEPT:
                self._works.pop(work.id)

    def _note(self, work: Work) -> None:
        """Writes down that it was begun: after a crash somebody has to be told that it did not end."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            (self._folder / work.id).write_text(f"{work.key}\n{work.title}\n"[:_LONGEST_NOTE], encoding="utf-8")
        except OSError as error:
            log.warning("long work is not written down, so that a crash in it stays unsaid", why=str(error))

    def _left_over(self) -> None:
        """What an earlier console began and did not end."""
        now = self._clock()
        for path in sorted(self._folder.glob("*"))[:KEPT] if self._folder.is_dir() else []:
            try:
                key, title, *_ = [*path.read_text(encoding="utf-8")[:_LONGEST_NOTE].splitlines(), "", ""]
                path.unlink(missing_ok=True)
            except (OSError, ValueError) as error:
                log.warning("a note on long work cannot be read", file=path.name, why=str(error))
                continue
            work = Work(key, title, "", now, state="failed", ended_at=now)
            work.outcome = "The console was stopped before it ended. Nothing of it was kept; ask again."
            work.over.set()
            self._works[work.id] = work
