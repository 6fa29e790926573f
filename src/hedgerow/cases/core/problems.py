"""What cannot be done to a case or a claim; the sentence says why and what to do."""

from __future__ import annotations


class CaseError(Exception):
    """It is not done; nothing was changed."""


class NoSuchCaseError(CaseError):
    """There is no such case, claim, task or principal."""


class ChangedError(CaseError):
    """Somebody changed it meanwhile."""


class BlockedError(CaseError):
    """A case cannot be closed yet."""

    def __init__(self, blockers: list[str]) -> None:
        super().__init__("the case cannot be closed yet: " + "; ".join(blockers))
        self.blockers = blockers
