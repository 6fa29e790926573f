"""Visitors with text browsers: no scripts, no pictures, with cookies and without."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from urllib.parse import urlencode

from tests.harvest.forms import links, reveal_form, reveal_link
from tests.people.plain import LYNX, PlainBrowser
from tests.people.rows import Row
from tests.people.setting import Setting


def w3m(setting: Setting) -> Row:
    """w3m with its cookies: the front page, a page of the list, profiles."""
    row = Row("w3m", visitors=1)
    program = shutil.which("w3m")
    if program is None:
        row.failures.append("w3m is not here; on Debian: apt-get install w3m")
        return row
    with tempfile.TemporaryDirectory(prefix="w3m-") as home:

        def run(how: str, path: str) -> bytes:
            command = [program, "-cookie", "-o", "accept_encoding=identity", how, setting.base + path]
            done = subprocess.run(
                command, capture_output=True, env={**os.environ, "HOME": home}, timeout=60, check=True
            )
            return done.stdout

        members = setting.directory.popular(setting.profiles)
        for path in ("/", "/members?page=2", *(m.path for m in members)):
            head, _, body = run("-dump_both", path).replace(b"\r\n", b"\n").partition(b"\n\n")
            status = int(head.split()[1])
            row.count_status(status, body.decode("utf-8", "replace"))
            if status == 200:
                row.compare(setting.bare, path, body)
        row.people_read = len(members)
        text = run("-dump", members[0].path).decode("utf-8", "replace")
        row.expect(members[0].name in text and members[0].town in text, "w3m does not show who a profile is about")
    return row


def _lynx(setting: Setting, row: Row, source: str, *, cookies: bool) -> None:
    browser = PlainBrowser(setting.base, source, LYNX, row, cookies=cookies)
    members = setting.directory.popular(setting.profiles + 5)
    query = urlencode({"q": members[0].name})
    for path in ("/", "/members", "/groups", "/groups/choir", f"/search?{query}"):
        answer = browser.get(path)
        row.expect(answer.status == 200, f"{path} answered {answer.status}")
        row.compare(setting.bare, path, answer.body)
    for member in members:
        answer = browser.get(member.path, Referer=f"{setting.base}/members")
        row.people_read += 1
        row.compare(setting.bare, member.path, answer.body)
        row.expect(member.biography in answer.text, f"the biography of {member.path} is missing")
        row.expect(len(links(answer.text)) > 5, f"{member.path} has lost its links")
    if setting.protected:
        _reveal(setting, row, browser, cookies=cookies)
    browser.close()


def _reveal(setting: Setting, row: Row, browser: PlainBrowser, *, cookies: bool) -> None:
    member = setting.directory.popular(1)[0]
    link = reveal_link(browser.get(member.path).text)
    if link is None:
        row.failures.append(f"no link on {member.path} shows a contact")
        return
    # Without cookies this leads to an explanation, which is no refusal of an ordinary visit and is not counted.
    kept, browser.row = browser.row, browser.row if cookies else Row("aside")
    asked = browser.get(link)
    form = reveal_form(asked.text)
    if form:
        shown = browser.post(form.action, form.fields)
        if cookies:
            row.expect(member.email in shown.text, "the e-mail address is not shown after the button was pressed")
    elif cookies:
        row.failures.append("the reveal page has no button that works without scripts")
    row.looped += browser.row.looped if not cookies else 0
    browser.row = kept


def lynx(setting: Setting) -> Row:
    """As Lynx asks, with cookies; reveals a contact without a script."""
    row = Row("text browser, cookies on", visitors=1)
    _lynx(setting, row, "127.61.1.1", cookies=True)
    return row


def lynx_without_cookies(setting: Setting) -> Row:
    """As Lynx asks, with cookies off."""
    row = Row("text browser, cookies off", visitors=1)
    _lynx(setting, row, "127.61.2.1", cookies=False)
    return row
