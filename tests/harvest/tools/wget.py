"""wget -r, with its cookies, as Chrome by name, without regard to robots.txt."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.harvest.job import CHROME, Job

SKIPPED = r"\.(svg|css|js)|/(export|sign|search|groups|feed|sitemap|account|photos|members/all)"


def commands(job: Job) -> list[list[str]]:
    """One wget per address that follows links, and one that takes the API from a list."""
    made = []
    for number, source in enumerate(job.sources):
        folder = Path(job.out) / f"source-{number}"
        folder.mkdir()
        lists, api = folder / "lists.urls", folder / "api.urls"
        pages = job.list_pages(number)
        lists.write_text("".join(f"{job.base}/members?page={p}\n" for p in pages), encoding="utf-8")
        numbers = job.share(number, shuffled=False)
        api.write_text(
            "".join(f"{job.base}/api/members?page={p}\n" for p in pages)
            + "".join(f"{job.base}/api/members/{n}\n" for n in numbers),
            encoding="utf-8",
        )
        common = ["wget", "--quiet", "-e", "robots=off", "--tries=1", "--timeout=10", f"--bind-address={source}"]
        common += [f"--user-agent={CHROME}", f"--directory-prefix={folder}"]
        deep = "inf" if len(job.sources) == 1 else "1"
        walk = [*common, "--recursive", f"--level={deep}", "--adjust-extension", f"--reject-regex={SKIPPED}"]
        made += [[*walk, f"--input-file={lists}"], [*common, "--force-directories", f"--input-file={api}"]]
    return made


def main() -> None:
    """Runs them all at once."""
    running = [subprocess.Popen(command) for command in commands(Job.told())]
    for program in running:
        program.wait()


if __name__ == "__main__":
    main()
