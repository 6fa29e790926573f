"""Intake: what visitors wrote at the edge, taken up by the brain.

The edge (`crates/gateway/src/intake`) puts each letter into `<state>/intake` as a file with one line of JSON. Here it
is read, bounded and checked, kept by whoever asked for it, and only then taken away: a crash in between means that a
letter comes twice, with the same identifier, never that it is lost. What is written may be about people and goes
nowhere else.
"""

from __future__ import annotations

from hedgerow.intake.letter import Appeal, Claim, Letter, LetterError, read_letter
from hedgerow.intake.spool import Refused, Spool, TakenUp

__all__ = ["Appeal", "Claim", "Letter", "LetterError", "Refused", "Spool", "TakenUp", "read_letter"]
