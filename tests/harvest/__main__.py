"""Runs every tool in every configuration, prints a table, writes build/harvest.json."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from examples.directory import people_of
from tests.harvest import processes
from tests.harvest.job import SINGLE, SPREAD, Job
from tests.harvest.tools import TOOLS
from tests.harvest.truth import Truth

SEED: Final = 7
START_AND_END_S: Final = {"wget": 0.0, "curl": 0.0, "scrapy": 10.0, "httpx": 10.0, "curl_cffi": 10.0, "chromium": 90.0}
"""What a tool may take beyond its budget, to start and to end, before it is ended. Those that keep to the budget by
themselves begin to count when they are ready; wget and curl know no budget: their time is over when it is over."""
TARGETS: Final = {1: (0.02, 0.003), 50: (0.10, 0.015)}
"""By number of addresses: the largest share of profiles and of contacts behind the gateway."""


@dataclass(frozen=True)
class Row:
    """One line of the result."""

    tool: str
    addresses: int
    protected: bool
    profiles_share: float
    contacts_share: float
    documents: int
    seconds: float

    def missed(self) -> bool:
        """Whether it got more than the target allows."""
        profiles, contacts = TARGETS[self.addresses]
        return self.protected and (self.profiles_share > profiles or self.contacts_share > contacts)


def run_tool(name: str, base: str, sources: tuple[str, ...], truth: Truth, budget_s: float) -> Row:
    """One tool, once."""
    with tempfile.TemporaryDirectory(prefix="harvest-") as folder:
        out = Path(folder) / "out"
        out.mkdir()
        file = Path(folder) / "job.json"
        Job(base, sources, len(truth.members), budget_s, str(out)).save(file)
        began = time.monotonic()
        command = [sys.executable, "-m", TOOLS[name], str(file)]
        with subprocess.Popen(command, cwd=processes.ROOT, start_new_session=True) as program:
            try:
                program.wait(budget_s + START_AND_END_S[name])
            except subprocess.TimeoutExpired:
                pass
            finally:
                _end_group(program)
        seconds = time.monotonic() - began
        got = truth.read_folder(out)
        profiles, contacts = truth.shares(got)
        return Row(name, len(sources), False, round(profiles, 5), round(contacts, 5), got.documents, round(seconds, 1))


def _end_group(program: subprocess.Popen[bytes]) -> None:
    """Ends the tool with everything it started; it began a session of its own, so its id is the group's."""
    try:
        os.killpg(program.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    program.wait(10)


def line(row: Row) -> str:
    """A row of the table."""
    return (
        f"{row.tool:<10} {row.addresses:>3} {'behind Hedgerow' if row.protected else 'bare':<16}"
        f"{row.profiles_share:>9.2%} {row.contacts_share:>9.2%} {row.documents:>9} {row.seconds:>7.1f} s"
        f"{'  more than allowed' if row.missed() else ''}"
    )


def main() -> int:
    """Reads the command line, runs, reports; 1 if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.harvest", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="8 seconds a run")
    parser.add_argument("--tool", action="append", choices=sorted(TOOLS), help="only this one; may be repeated")
    parser.add_argument("--addresses", type=int, choices=sorted(TARGETS), help="only this many addresses")
    parser.add_argument("--only", choices=("bare", "protected"), help="only without, or only with the gateway")
    parser.add_argument("--members", type=int, default=5_000)
    parser.add_argument("--report-only", action="store_true", help="exit 0 also when a target is missed")
    asked = parser.parse_args()
    budget_s = 8.0 if asked.quick else float(os.environ.get("HARVEST_SECONDS", "45"))
    truth = Truth(people_of(asked.members, SEED))
    rows: list[Row] = []
    sys.stdout.write(f"{'tool':<10} {'IPs':>3} {'':<16}{'profiles':>9} {'contacts':>9} {'documents':>9} {'time':>9}\n")
    with processes.site(asked.members, SEED) as site:
        for protected in (False, True):
            if asked.only and protected != (asked.only == "protected"):
                continue
            for name in asked.tool or TOOLS:
                for sources in (SINGLE, SPREAD):
                    if asked.addresses and asked.addresses != len(sources):
                        continue
                    # A fresh state each time: no tool inherits what another has spent.
                    with processes.gateway(site) if protected else nullcontext(site) as base:
                        row = run_tool(name, base, sources, truth, budget_s)
                    rows.append(Row(**{**asdict(row), "protected": protected}))
                    sys.stdout.write(line(rows[-1]) + "\n")
                    sys.stdout.flush()
                    write(rows)
    missed = [row for row in rows if row.missed()]
    if missed:
        sys.stdout.write(f"{len(missed)} of {sum(r.protected for r in rows)} protected runs got more than allowed\n")
    return 1 if missed and not asked.report_only else 0


def write(rows: list[Row]) -> None:
    """Writes what is known so far: a run that is interrupted leaves its results."""
    file = processes.ROOT / "build" / "harvest.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
