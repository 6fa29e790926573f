"""Charts of a report: small SVG drawings of our own, without script, that follow the page's colours.

Every chart is a function of plain numbers and returns markup; text in it goes through `escape`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from html import escape

from markupsafe import Markup

from hedgerow.audit.replaying import Json
from hedgerow.audit.wording import number

_WIDTH = 720


def _svg(height: int, title: str, body: list[str]) -> Markup:
    # All that goes in was made here or escaped.
    return Markup(  # noqa: S704
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}">'
        + "".join(body)
        + "</svg>"
    )


def _text(x: float, y: float, text: str, kind: str = "label", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _rect(x: float, y: float, w: float, h: float, kind: str, hint: str = "") -> str:
    inside = f"<title>{escape(hint)}</title>" if hint else ""
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(w, 0.8):.1f}" height="{max(h, 0.8):.1f}" rx="1.5">'
        f"{inside}</rect>"
    )


def _ticks(most: float) -> list[float]:
    """Round numbers from 0 up to at least the most."""
    if most <= 0:
        return [0, 1]
    step = 10 ** math.floor(math.log10(most))
    for part in (0.2, 0.5, 1, 2):
        if most / (step * part) <= 5:
            step *= part
            break
    step = max(step, 1)
    return [step * i for i in range(math.ceil(most / step) + 1)]


def sizes(rows: Sequence[Json]) -> Markup:
    """How many visitors read how many people; lengths on a logarithmic scale, since most read one and few read all."""
    most = max((r["actors"] for r in rows), default=1)
    scale = 340 / math.log10(max(most, 9) + 1)
    body = []
    for i, r in enumerate(rows):
        y = 26 + i * 30
        low, high = number(r["from"]), r["to"]
        name = f"{low} or more" if high is None else low if high == r["from"] else f"{low} to {number(high)}"
        body.append(_text(112, y + 15, name, anchor="end"))
        length = math.log10(r["actors"] + 1) * scale
        # The share of the bar is the share of the visitors, not of the logarithm.
        part = r["harvesting"] / r["actors"] * length if r["actors"] else 0.0
        if r["actors"]:
            body.append(_rect(122, y, length, 20, "bar", f"{name} people: {number(r['actors'])} visitors"))
        if r["harvesting"]:
            body.append(_rect(122, y, part, 20, "bar taken", f"{number(r['harvesting'])} of them harvest"))
        said = number(r["actors"]) + (f", {number(r['harvesting'])} harvest" if r["harvesting"] else "")
        body.append(_text(130 + length, y + 15, said))
    title = "How many visitors read how many different people: " + "; ".join(
        f"{r['from']}{'' if r['to'] == r['from'] else ' or more' if r['to'] is None else ' to ' + str(r['to'])}: "
        f"{r['actors']} visitors, {r['harvesting']} of them harvest"
        for r in rows
    )
    return _svg(
        34 + len(rows) * 30,
        title,
        [_text(112, 14, "people read", "quiet", "end"), _text(122, 14, "visitors", "quiet"), *body],
    )


def timeline(days: Sequence[Json], harvests: Sequence[Json]) -> Markup:
    """Requests for people by day, and when each harvest was there."""
    shown = _every_day(days)[-366:]
    if not shown:
        return Markup()
    left, width = 84, _WIDTH - 94
    each = width / len(shown)
    ticks = _ticks(max(int(d["requests_people"]) for d in shown))
    top, floor = 16, 150
    body = []
    for t in ticks:
        y = floor - (floor - top) * t / ticks[-1]
        body.append(f'<line class="grid" x1="{left}" x2="{_WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}"/>')
        body.append(_text(left - 6, y + 4, number(t), "quiet", "end"))
    for i, d in enumerate(shown):
        n = int(d["requests_people"])
        h = (floor - top) * n / ticks[-1]
        new = int(d["people_new"])
        hint = f"{d['day']}: {number(n)} requests for people, {number(new)} people for the first time"
        if n:
            body.append(_rect(left + i * each + min(1.0, each * 0.1), floor - h, each * 0.84, h, "bar", hint))
    begin = datetime.fromisoformat(str(shown[0]["day"])).replace(tzinfo=UTC).timestamp()
    some = range(0, len(shown), max(1, math.ceil(len(shown) / 5)))
    # What does not fit is left out: a phone shows the same drawing with larger letters.
    fits = [i for i in some if left + i * each + 104 <= _WIDTH]
    body += [_text(left + i * each, floor + 18, str(shown[i]["day"]), "quiet") for i in fits]
    y = floor + 32
    for one in harvests[:8]:
        start, end = (datetime.fromisoformat(one[k]).timestamp() for k in ("first", "last"))
        x1, x2 = (left + min(max((at - begin) / 86_400, 0), len(shown)) * each for at in (start, end))
        body.append(_text(left - 6, y + 11, one["name"], "label", "end"))
        hint = f"harvest {one['name']}: {one['first']} to {one['last']}"
        body.append(_rect(x1, y, max(x2 - x1, 4), 13, "bar taken", hint))
        y += 20
    title = f"Requests for people by day, {shown[0]['day']} to {shown[-1]['day']}" + (
        ", and when each harvest was there" if harvests else ""
    )
    return _svg(y + 6, title, body)


def _every_day(days: Sequence[Json]) -> list[Json]:
    """The last year of them, days without a request included: a log tells only of the others."""
    if not days:
        return []
    told = {str(d["day"]): d for d in days}
    last = date.fromisoformat(max(told))
    first = max(date.fromisoformat(min(told)), last - timedelta(days=365))
    every = (str(first + timedelta(days=i)) for i in range((last - first).days + 1))
    return [told.get(day, {"day": day, "requests_people": 0, "people_new": 0}) for day in every]


def growth(harvest: Sequence[Sequence[int]], usual: Sequence[Sequence[int]], name: str, whole: int) -> Markup:
    """Different people reached, read by read: a harvest climbs straight, visitors flatten out."""
    if len(harvest) < 3:
        return Markup()
    most = harvest[-1][0]
    ordinary = [p for p in usual if p[0] <= most * 1.02]
    ticks = _ticks(max(harvest[-1][1], ordinary[-1][1] if ordinary else 0))
    left, right, top, floor = 84, _WIDTH - 124, 14, 210

    def at(p: Sequence[int]) -> str:
        return f"{left + (right - left) * p[0] / max(most, 1):.1f},{floor - (floor - top) * p[1] / ticks[-1]:.1f}"

    body = []
    for t in ticks:
        y = floor - (floor - top) * t / ticks[-1]
        body.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        body.append(_text(left - 6, y + 4, number(t), "quiet", "end"))
    ends = []
    for points, kind, said in ((ordinary, "line", "visitors"), (harvest, "line taken", f"harvest {name}")):
        if len(points) > 1:
            body.append(f'<polyline class="{kind}" points="{" ".join(at(p) for p in points)}"/>')
            x, y = (float(v) for v in at(points[-1]).split(","))
            ends.append((x, y, said))
    ends.sort(key=lambda e: e[1])
    for i, (x, y, said) in enumerate(ends):
        below = 14 if i and y - ends[i - 1][1] < 14 else 0
        body.append(_text(x + 6, y + 4 + below, said))
    body += [
        _text(left + (right - left) * t / max(most, 1), floor + 16, number(t), "quiet", "middle")
        for t in _ticks(most)
        if t <= most
    ]
    body.append(_text((left + right) / 2, floor + 34, "pages of people read", "quiet", "middle"))
    title = (
        f"Different people reached after so many reads. Harvest {name}: {harvest[-1][1]} after {most}, of {whole}."
        + (f" Visitors: {ordinary[-1][1]} after {ordinary[-1][0]}." if len(ordinary) > 1 else "")
    )
    return _svg(floor + 40, title, body)


def hours(counts: Sequence[int], name: str) -> Markup:
    """Requests by hour of the day, UTC."""
    most = max(counts, default=0)
    if not most:
        return Markup()
    body = []
    for i, n in enumerate(counts):
        h = 44 * n / most
        body.append(
            _rect(4 + i * 29.6, 52 - h, 25, h, "bar taken" if n else "bar empty", f"{i:02d}:00 UTC: {number(n)}")
        )
        if i % 3 == 0:
            body.append(_text(16.5 + i * 29.6, 66, f"{i:02d}", "quiet", "middle"))
    return _svg(70, f"Requests of harvest {name} by hour of the day (UTC): {', '.join(map(str, counts))}", body)
