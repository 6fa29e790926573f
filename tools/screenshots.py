"""Makes the pictures of the README anew: the example directory behind Hedgerow, and its console in a harvest.

    .venv/bin/python tools/screenshots.py            # writes docs/images/*.png; takes a minute or two

Everything in the pictures is real: the gateway with the example's policy, some visitors, one program that reads
members in order while it only watches, and the console as its first owner finds it. Needs Chromium (`apt-get install
chromium`). Every page of the console is pictured by its test: `HEDGEROW_PICTURES=FOLDER pytest
tests/browser/test_console_pages.py`.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import yaml
from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).parent.parent
IMAGES: Final = ROOT / "docs" / "images"
POLICY: Final = ROOT / "examples" / "directory" / "hedgerow.yaml"
CHROMIUM: Final = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PASSWORD: Final = "orchard kettle seven lanterns"  # noqa: S105 - of an account that lives as long as this program
PROGRAM: Final = {"User-Agent": "python-requests/2.32"}
READER: Final = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.5",
    "Accept-Encoding": "gzip",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
}
WAIT_S: Final = 60.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def started(command: list[str], says: str) -> Iterator[re.Match[str]]:
    """A program that runs until the end of the block; gives what it said of `says`."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT, env=env) as program,
    ):
        try:
            end = time.monotonic() + WAIT_S
            while time.monotonic() < end and program.poll() is None:
                said.seek(0)
                if found := re.search(says, said.read()):
                    yield found
                    return
                time.sleep(0.1)
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} did not start; it said:\n{said.read()}")
        finally:
            program.terminate()
            program.wait()


def ask(port: int, path: str, address: str, headers: dict[str, str]) -> int:
    """One request from an address of the loopback; its status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, source_address=(address, 0), timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def traffic(port: int) -> None:
    """Two dozen people who look at a few members each, and a program that wants them all."""
    for visitor in range(24):
        for member in range(1 + visitor % 5):
            ask(port, f"/members/{(visitor * 37 + member * 101) % 4_900 + 1}", f"127.0.{visitor + 1}.1", READER)
    for member in range(1, 181):
        ask(port, f"/members/{member}", "127.0.0.9", PROGRAM)


def first_owner(page: Page, link: str) -> None:
    """Makes the owner's account."""
    page.goto(link)
    page.fill("[name=name]", "ada@riverbend.example")
    page.fill("[name=shown_name]", "Ada Moreau")
    page.fill("[name=password]", PASSWORD)
    page.locator("main form button").click()
    page.wait_for_url("**/account")


def shrunk(browser: Browser, picture: bytes) -> bytes:
    """The same picture with 256 colours: a third of the bytes, and nobody sees a difference."""
    page = browser.new_page()
    whole = page.evaluate(
        """async data => {
            const image = new Image();
            image.src = 'data:image/png;base64,' + data;
            await image.decode();
            const canvas = new OffscreenCanvas(image.width, image.height);
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            const bytes = context.getImageData(0, 0, image.width, image.height).data;
            let words = '';
            for (let i = 0; i < bytes.length; i += 32768) words += String.fromCharCode(...bytes.subarray(i, i + 32768));
            return [image.width, image.height, btoa(words)];
        }""",
        base64.b64encode(picture).decode(),
    )
    page.close()
    width, height, data = whole
    pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(-1, 4)[:, :3].astype(np.int32)
    colours, place, times = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(-times)[:256]]
    nearest = np.array([np.argmin(((kept - c) ** 2).sum(axis=1)) for c in colours], np.uint8)
    rows = nearest[place.reshape(-1)].reshape(height, width)
    raw = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    palette = kept.astype(np.uint8).tobytes()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"PLTE", palette)
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + chunk(b"IEND", b"")
    )


def main() -> int:
    """Starts everything, looks, ends everything."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--into", type=Path, default=IMAGES, help="folder for the pictures")
    folder: Path = asked.parse_args().into
    port, console = free_port(), free_port()
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hr-", ignore_cleanup_errors=True)))
        python = sys.executable
        site = stack.enter_context(started([python, "-m", "examples.directory", "--port", "0"], r"http://\S+"))
        policy = yaml.safe_load(POLICY.read_text(encoding="utf-8"))
        policy["listen"] = f"127.0.0.1:{port}"
        policy["sites"][0]["upstream"] = site[0]
        config = state / "hedgerow.yaml"
        config.write_text(yaml.safe_dump(policy, sort_keys=False), encoding="utf-8")
        protect = [python, "-m", "hedgerow.cli", "protect", "--config", str(config), "--state", str(state / "s")]
        protect += ["--console-listen", f"127.0.0.1:{console}"]
        link = stack.enter_context(started(protect, r"(http://\S+)/set-up/\S{40,}"))
        traffic(port)
        enforce = [python, "-m", "hedgerow.cli", "enforce", "--state", str(state / "s")]
        subprocess.run(enforce, cwd=ROOT, check=True, capture_output=True)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        stack.callback(browser.close)
        # As somebody's own browser: one that says of itself that a program drives it is shown no details at all.
        own = {"sec-ch-ua": '"Chromium";v="156", "Not A Brand";v="24"'}
        page = browser.new_page(
            viewport={"width": 1000, "height": 920}, user_agent=READER["User-Agent"], extra_http_headers=own
        )
        for _ in range(2):  # the first answer brings the cookie that links for details are made for
            page.goto(f"http://127.0.0.1:{port}/members/42")
        (folder / "at-work.png").write_bytes(shrunk(browser, page.screenshot()))
        page = browser.new_context(viewport={"width": 1200, "height": 1180}, base_url=link[1]).new_page()
        first_owner(page, link[0])
        page.goto("/")
        page.wait_for_selector("html[data-gateway=running]")
        # A rule opens a case of its own accord, within a minute or so; its tasks are what needs a decision.
        for _ in range(120):
            if page.locator('section[aria-labelledby="due"] tbody tr').count():
                break
            page.wait_for_timeout(1_000)
            page.reload()
        (folder / "today.png").write_bytes(shrunk(browser, page.screenshot()))
    for name in ("at-work.png", "today.png"):
        print(f"{folder / name}: {(folder / name).stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
