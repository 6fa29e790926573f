"""What can be wrong with facts, rules and decisions about notices."""

from __future__ import annotations

from collections.abc import Sequence

from hedgerow.policy.problem import Report


class NoticeError(Exception):
    """Something about a notice cannot be used; the message says what to do."""


class NoticeFileError(NoticeError):
    """Files of facts, rules or words are wrong; the reports have every mistake with file, line and what to write."""

    def __init__(self, reports: Sequence[Report]) -> None:
        super().__init__("\n".join(line for r in reports for line in r.lines()))
        self.reports = tuple(reports)
