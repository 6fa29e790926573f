"""How the brain and the console log: one line an event, for programs; for a terminal, readable.

A failure is logged with its place and never with the values of variables: they may hold what a person wrote, or who was
shown to whom.
"""

from __future__ import annotations

import sys
from typing import TextIO

import structlog
from structlog.typing import Processor


def configure(out: TextIO | None = None) -> None:
    """Sets up structlog for this process; to standard error unless told otherwise."""
    target = out or sys.stderr
    rendering: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
        if target.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *rendering,
        ],
        logger_factory=structlog.PrintLoggerFactory(target),
    )
