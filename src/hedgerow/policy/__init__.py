"""The operator's words: from a YAML policy to the engine's tables.

In comes a file; out come tables (`Compiled`) or a `PolicyError` with every mistake, its line and column, what was meant
and what to write. The stations are files of their own: `source` (YAML with places, bounded), `settings` (the one table
of every setting), `reader` (a tree read by its shapes), `words` (the small languages inside), `compiling` (tables for
the engine), `meaning` (what the policy says, in plain words), `schema` (for editors). This package never talks to a
network, never changes a file it reads, and never accepts half a policy.
"""

from hedgerow.policy.loading import Compiled, Listen, load_file, load_text, policy_for, write_whole
from hedgerow.policy.problem import Place, PolicyError, Problem, Report

__all__ = [
    "Compiled",
    "Listen",
    "Place",
    "PolicyError",
    "Problem",
    "Report",
    "load_file",
    "load_text",
    "policy_for",
    "write_whole",
]
