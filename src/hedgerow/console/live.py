"""What happens now, told to every open page: one thread asks, bounded queues hand on, the slow lose the oldest.

A page that is open costs the edge nothing: it is asked once a second, however many look.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from hedgerow.control import Control, ControlError
from hedgerow.store.database import Database
from hedgerow.store.models.trail import Decision

EVERY_S: Final = 1.0
"""How often the edge is asked: an attack must be on the screen within two seconds."""
HEARTBEAT_S: Final = 15.0
"""A comment so often keeps proxies from closing a quiet stream; then it is also checked whether they may still look."""
QUEUE: Final = 50
LISTENERS: Final = 200
LISTENERS_EACH: Final = 8
"""Of one session: browsers keep six connections to one host over HTTP/1.1."""
_ROWS_AT_ONCE: Final = 50

Kind = Literal["status", "alarm", "case"]


class TooManyListenersError(Exception):
    """No more pages can be told at once."""


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    kind: Kind
    data: dict[str, Any]

    def wire(self) -> bytes:
        """As server-sent events are written (HTML Standard, 9.2.5); JSON has no bare line breaks."""
        return f"event: {self.kind}\ndata: {json.dumps(self.data, ensure_ascii=True)}\n\n".encode()


@dataclass(eq=False)
class Listener:
    """One open page."""

    who: str
    loop: asyncio.AbstractEventLoop
    _waiting: deque[Event] = field(default_factory=lambda: deque(maxlen=QUEUE))
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _over: bool = False

    def end(self) -> None:
        """Ends the stream."""
        self._over = True
        self.wake()

    def over(self) -> bool:
        """Whether it was ended."""
        return self._over

    def put(self, event: Event) -> None:
        """Hands an event over, from any thread. Of `status` only the newest counts."""
        if event.kind == "status":
            for old in [e for e in self._waiting if e.kind == "status"]:
                self._waiting.remove(old)
        self._waiting.append(event)
        self.wake()

    def wake(self) -> None:
        """Lets `next` look."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._ready.set)

    async def next(self, within_s: float) -> list[Event]:
        """What has happened since; empty when nothing has within that time."""
        try:
            await asyncio.wait_for(self._ready.wait(), within_s)
        except TimeoutError:
            return []
        self._ready.clear()
        got = list(self._waiting)
        self._waiting.clear()
        return got


class Live:
    """Tells open pages what happens. `publish` from anywhere; the thread runs only while somebody listens."""

    def __init__(self, control: Control, database: Database, every_s: float = EVERY_S) -> None:
        self._control = control
        self._database = database
        self._every_s = every_s
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._ending: threading.Thread | None = None
        self._last_status: Event | None = None
        self._seen = 0

    def publish(self, kind: Kind, data: dict[str, Any]) -> None:
        """Tells everybody who listens. `data` holds no identifier of a person: every role listens.

        Args:
            kind: `alarm` and `case` may have a `sentence`, which is read out and shown; `status` is the edge's own.
            data: plain JSON, small.
        """
        with self._lock:
            for listener in self._listeners:
                listener.put(Event(kind, data))

    @contextmanager
    def listening(self, who: str) -> Iterator[Listener]:
        """One open page, for as long as it is. Call it on the event loop.

        Raises:
            TooManyListenersError: too many are open.
        """
        listener = Listener(who, asyncio.get_running_loop())
        with self._lock:
            own = sum(1 for other in self._listeners if other.who == who)
            if len(self._listeners) >= LISTENERS or own >= LISTENERS_EACH:
                raise TooManyListenersError
            self._listeners.append(listener)
            if self._last_status is not None:
                listener.put(self._last_status)
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(target=self._poll, args=(self._stop,), daemon=True, name="live")
                self._thread.start()
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.remove(listener)
                if not self._listeners:
                    self._end_thread()

    @property
    def last_status(self) -> dict[str, Any] | None:
        """What was heard of the edge a moment ago; None while nobody listens and so nobody asks."""
        with self._lock:
            return dict(self._last_status.data) if self._last_status is not None else None

    def close(self) -> None:
        """Ends every stream: the console is about to stop."""
        with self._lock:
            for listener in self._listeners:
                listener.end()
            self._end_thread()
            ending = self._ending
        if ending is not None:
            # It may be in the middle of a question, which has a time limit of its own.
            ending.join(2 * self._control.timeout_s)

    def _end_thread(self) -> None:
        self._stop.set()
        self._ending = self._thread or self._ending
        self._thread = None
        self._last_status = None

    def _poll(self, stop: threading.Event) -> None:
        self._seen = self._newest() or self._seen
        while not stop.is_set():
            status = self._status()
            with self._lock:
                if stop.is_set():
                    return
                self._last_status = status
            self.publish("status", status.data)
            self._tell_decisions()
            stop.wait(self._every_s)

    def _status(self) -> Event:
        try:
            return Event("status", {"running": True, **self._control.ask("status", top=20)})
        except ControlError as e:
            return Event("status", {"running": False, "sentence": str(e)})

    def _newest(self) -> int:
        try:
            with self._database.reading() as session:
                return session.scalar(select(func.max(Decision.number))) or 0
        except SQLAlchemyError as e:
            structlog.get_logger().warning("live_cannot_read", error=type(e).__name__)
            return 0

    def _tell_decisions(self) -> None:
        """Cases and measures change from other processes too; the trail is where all of them write."""
        try:
            with self._database.reading() as session:
                rows = session.execute(
                    select(Decision.number, Decision.act, Decision.subject)
                    .where(Decision.number > self._seen)
                    .order_by(Decision.number)
                    .limit(_ROWS_AT_ONCE)
                ).all()
        except SQLAlchemyError as e:
            structlog.get_logger().warning("live_cannot_read", error=type(e).__name__)
            return
        for row in rows:
            self._seen = row.number
            if row.subject.startswith("case:"):
                self.publish("case", {"act": row.act, "subject": row.subject})
            elif row.subject.startswith(("measure:", "principal:")):
                self.publish("alarm", {"act": row.act, "subject": row.subject})


async def told(listener: Listener, may_still: Callable[[], bool], heartbeat_s: float = HEARTBEAT_S) -> Any:
    """The stream of one page: events as they come, heartbeats between, until it may no longer look."""
    # Reconnects after two seconds, when the console has been restarted.
    yield b"retry: 2000\n\n"
    loop = asyncio.get_running_loop()
    checked = loop.time()
    while not listener.over():
        for event in await listener.next(heartbeat_s):
            yield event.wire()
        if listener.over():
            return
        if loop.time() - checked >= heartbeat_s:
            checked = loop.time()
            if not await asyncio.to_thread(may_still):
                return
            yield b": still here\n\n"
