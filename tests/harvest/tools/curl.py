"""The curl loop, one per address."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.harvest.job import CHROME, Job

LOOP = Path(__file__).with_name("curl_loop.sh")


def main() -> None:
    """Runs them all at once."""
    job = Job.told()
    running = []
    for number, source in enumerate(job.sources):
        folder = Path(job.out) / f"source-{number}"
        folder.mkdir()
        ids, pages = job.share(number, shuffled=False), job.list_pages(number)
        step = len(job.sources)
        told = [job.base, source, folder, ids[0], ids[-1], step, pages[0], pages[-1], step]
        # In parallel curl shows its progress whatever it is told.
        command = ["bash", str(LOOP), *map(str, told)]
        running.append(subprocess.Popen(command, env={**os.environ, "AGENT": CHROME}, stderr=subprocess.DEVNULL))
    for program in running:
        program.wait()


if __name__ == "__main__":
    main()
