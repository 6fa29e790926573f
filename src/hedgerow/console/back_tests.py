"""Back-tests asked for in the console: one at a time, on the side, the last answers kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from hedgerow.audit.on_ledger import on_recorded
from hedgerow.audit.recorded import recorded_in_words
from hedgerow.audit.replaying import AuditError
from hedgerow.policy import Compiled

KEPT: Final = 20
SPANS: Final = ("24h", "7d", "30d")

log = structlog.get_logger("console")


@dataclass(frozen=True)
class BackTest:
    """One answer, or why there is none."""

    sha256: str
    site: str
    span: str
    asked_at: datetime
    done: bool = False
    words: str = ""
    problem: str = ""


@dataclass
class BackTests:
    """The back-tests of a state directory."""

    state: Path
    clock: Callable[[], datetime]
    _answers: dict[tuple[str, str, str], BackTest] = field(default_factory=dict)
    _one: threading.Lock = field(default_factory=threading.Lock)
    """Held while one runs."""
    _changing: threading.Lock = field(default_factory=threading.Lock)
    """Held while the answers change."""

    def of(self, sha256: str, site: str, span: str) -> BackTest | None:
        """What is known about this question."""
        return self._answers.get((sha256, site, span))

    def ask(self, compiled: Compiled, site: str, span: str) -> BackTest:
        """Asks, on the side; the answer comes later under `of`. What is being asked is not asked twice."""
        with self._changing:
            known = self.of(compiled.id, site, span)
            if known is not None and not known.done:
                return known
            test = BackTest(compiled.id, site, span, self.clock())
            self._keep(test)
        threading.Thread(target=self._run, args=(compiled, test), daemon=True, name="back-test").start()
        return test

    def _run(self, compiled: Compiled, test: BackTest) -> None:
        with self._one:
            try:
                found = on_recorded(compiled.tables, test.site, self.state, test.span, int(self.clock().timestamp()))
                words, problem = recorded_in_words(found), ""
            except (AuditError, ValueError, OSError) as e:
                words, problem = "", str(e)
            except Exception:
                log.exception("a back-test failed for a reason nobody foresaw", site=test.site)
                words, problem = "", "it failed for a reason nobody foresaw; the log has it"
        with self._changing:
            self._keep(BackTest(test.sha256, test.site, test.span, test.asked_at, True, words, problem))

    def _keep(self, test: BackTest) -> None:
        key = (test.sha256, test.site, test.span)
        self._answers.pop(key, None)
        self._answers[key] = test
        while len(self._answers) > KEPT:
            self._answers.pop(next(iter(self._answers)))
