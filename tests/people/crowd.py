"""Fifty people behind one address: a school, an office, a mobile network."""

from __future__ import annotations

import random
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tests.harvest.job import BROWSER_HEADERS
from tests.people.plain import PlainBrowser
from tests.people.rows import Row
from tests.people.setting import Setting

PEOPLE: Final = 20
"""People each of them reads."""
SOURCE: Final = "127.62.1.1"
AGENTS: Final = (
    BROWSER_HEADERS["User-Agent"],
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 "
    "Mobile/15E148 Safari/604.1",
)
_ASSET: Final = re.compile(r'(?:src|href)="(/(?:static|photos|\.hedgerow/assets)/[^"]+)"')
_ASSET_HEADERS: Final = {
    "Accept": "image/avif,image/webp,*/*;q=0.8",
    "Sec_Fetch_Dest": "image",
    "Sec_Fetch_Mode": "no-cors",
}


def _headers(number: int) -> dict[str, str]:
    """What that person's browser sends. Only Chrome sends client hints."""
    name = AGENTS[number % len(AGENTS)]
    hints = "Chrome" in name
    common = {k: v for k, v in BROWSER_HEADERS.items() if k != "Accept-Encoding" and (hints or "ch-ua" not in k)}
    platform = {"sec-ch-ua-platform": '"Windows"' if "Windows" in name else '"Linux"'} if hints else {}
    return {**common, **platform, "User-Agent": name}


def _person(setting: Setting, number: int) -> Row:
    row = Row("crowd", visitors=1)
    rng = random.Random(number)
    browser = PlainBrowser(setting.base, SOURCE, _headers(number), row)
    cache: set[str] = set()

    def look(path: str, came_from: str) -> str:
        answer = browser.get(path, Referer=setting.base + came_from)
        row.compare(setting.bare, path, answer.body)
        if answer.status == 200:
            for asset in _ASSET.findall(answer.text):
                if asset not in cache:
                    cache.add(asset)
                    browser.get(asset, Referer=setting.base + path, **_ASSET_HEADERS)
        return answer.text

    look("/", "/")
    chosen: dict[str, str] = {}
    while len(chosen) < PEOPLE:
        member = setting.directory.someone(rng)
        chosen[member.path] = member.name
    at = "/"
    for n, (path, name) in enumerate(chosen.items()):
        if n % 7 == 3:
            at = f"/members?page={rng.randint(1, 20)}"
            look(at, path)
        row.expect(name in look(path, at), f"the name on {path} is hidden")
        row.people_read += 1
    browser.close()
    return row


def crowd(setting: Setting) -> Row:
    """Each with cookies of their own, reading twenty people that many read, with all that belongs to the pages."""
    row = Row(f"{setting.visitors} people behind one address")
    with ThreadPoolExecutor(8) as pool:
        for one in pool.map(lambda number: _person(setting, number), range(setting.visitors)):
            row.merge(one)
    return row
