"""A small browser without scripts, made of the standard library: cookies on or off, an address of its own."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

from tests.people.rows import MOST_IN_A_ROW, Row

MOST_REDIRECTS: Final = 10
LYNX: Final = {
    "User-Agent": "Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.8.9",
    "Accept": "text/html, text/plain, text/sgml, text/css, */*;q=0.01",
    "Accept-Language": "en",
}


@dataclass
class Answer:
    """The last answer of a chain of redirects, and where it came from."""

    path: str
    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class PlainBrowser:
    """Keeps one connection, and its cookies if they are on. Counts on `row` what stops or circles it."""

    def __init__(self, base: str, source: str, headers: dict[str, str], row: Row, *, cookies: bool = True) -> None:
        there = urlsplit(base)
        self.base = base
        self.row = row
        self._headers = headers
        self._cookies_on = cookies
        self.cookies: dict[str, str] = {}
        self._connection = http.client.HTTPConnection(
            there.hostname or "", there.port, timeout=60, source_address=(source, 0)
        )

    def close(self) -> None:
        """Hangs up."""
        self._connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """Asks for a page and follows redirects."""
        return self._follow("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, str]) -> Answer:
        """Sends a form and follows redirects."""
        return self._follow("POST", path, urlencode(fields).encode(), {})

    def _follow(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        asked: list[str] = []
        for _ in range(MOST_REDIRECTS):
            asked.append(path)
            if asked.count(path) > MOST_IN_A_ROW:
                break
            status, location, content = self._once(method, path, body, headers)
            if status not in {301, 302, 303, 307, 308} or not location:
                self.row.count_status(status, content.decode("utf-8", "replace"))
                return Answer(path, status, content)
            target = urlsplit(urljoin(self.base + path, location))
            path = target.path + (f"?{target.query}" if target.query else "")
            if status == 303 or (status in {301, 302} and method == "POST"):
                method, body = "GET", None
        self.row.looped += 1
        return Answer(path, 0, b"")

    def _once(self, method: str, path: str, body: bytes | None, more: dict[str, str]) -> tuple[int, str | None, bytes]:
        headers = {**self._headers, **{name.replace("_", "-"): value for name, value in more.items()}}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if self._cookies_on:
            for set_cookie in answer.headers.get_all("Set-Cookie", []):
                self._keep(set_cookie)
        return answer.status, answer.headers.get("Location"), content

    def _keep(self, set_cookie: str) -> None:
        try:
            for name, morsel in SimpleCookie(set_cookie).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        except CookieError:
            self.row.failures.append("a cookie that cannot be read")
