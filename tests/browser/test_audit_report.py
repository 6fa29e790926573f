"""The audit's report in a real browser: for everybody, in both colours, on a phone, and without asking anybody."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from tests.harvest.browser import launch, program
from tests.people.access import violations

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))
from audit_logs import harvest, visitors, write

pytest.importorskip("hedgerow._engine")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from typer.testing import CliRunner

    from hedgerow.cli import app

    folder = tmp_path_factory.mktemp("audit")
    log = write(
        folder / "a.log", harvest(visitors(3, people=200, count=300), people=200, addresses=40, each=5).ordered()
    )
    log.write_text(log.read_text() + "<script>alert(1)</script> is no line\n")
    done = CliRunner().invoke(app, ["audit", str(log), "--out", str(folder / "out")])
    assert done.exit_code == 0, done.output
    assert json.loads((folder / "out" / "report.json").read_text())["harvests"]
    return folder / "out" / "report.html"


async def _look(report: Path, scheme: Any, width: int) -> tuple[list[str], list[str], list[str], int]:
    """What axe finds, what is asked for elsewhere, what the console says, and how wide the page is."""
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        try:
            context = await browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
            )
            page = await context.new_page()
            asked: list[str] = []
            said: list[str] = []
            page.on("request", lambda r: asked.append(r.url))
            page.on("console", lambda m: said.append(m.text))
            page.on("dialog", lambda d: said.append(f"dialog {d.message}"))
            await page.goto(report.as_uri())
            await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            wide = int(await page.evaluate("document.documentElement.scrollWidth"))
            found = await violations(page)
            return found, [a for a in asked if a != report.as_uri()], said, wide
        finally:
            await browser.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 1100), ("light", 360)])
def test_everybody_can_read_the_report(report: Path, scheme: str, width: int) -> None:
    try:
        program()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    found, asked, said, wide = asyncio.run(_look(report, scheme, width))
    assert found == []
    assert asked == []
    assert said == []
    assert wide <= width
