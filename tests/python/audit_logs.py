"""Access logs that tests make: one traffic, written in any format a server writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"
BEGIN_S = int(datetime(2026, 5, 4, tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Hit:
    """One request as a server logs it."""

    at_s: int
    address: str
    path: str
    status: int = 200
    agent: str = CHROME.format(140)
    method: str = "GET"
    referer: str = "-"
    user: str = "-"


def combined(h: Hit) -> str:
    at = f"{datetime.fromtimestamp(h.at_s, UTC):%d/%b/%Y:%H:%M:%S} +0000"
    return f'{h.address} - {h.user} [{at}] "{h.method} {h.path} HTTP/1.1" {h.status} 512 "{h.referer}" "{h.agent}"'


def common(h: Hit) -> str:
    return combined(h).rsplit(' "', 2)[0]


def caddy(h: Hit) -> str:
    return json.dumps(
        {
            "level": "info",
            "ts": float(h.at_s),
            "logger": "http.log.access.log0",
            "msg": "handled request",
            "request": {
                "remote_ip": h.address,
                "remote_port": "50000",
                "client_ip": h.address,
                "proto": "HTTP/2.0",
                "method": h.method,
                "host": "www.example",
                "uri": h.path,
                "headers": {"User-Agent": [h.agent]},
            },
            "bytes_read": 0,
            "user_id": "",
            "duration": 0.01,
            "size": 512,
            "status": h.status,
        }
    )


def traefik(h: Hit) -> str:
    at = f"{datetime.fromtimestamp(h.at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return json.dumps(
        {
            "ClientAddr": f"{h.address}:50000",
            "ClientHost": h.address,
            "ClientUsername": "-",
            "DownstreamStatus": h.status,
            "RequestHost": "www.example",
            "RequestMethod": h.method,
            "RequestPath": h.path,
            "RequestProtocol": "HTTP/2.0",
            "StartUTC": at,
            "level": "info",
            "request_User-Agent": h.agent,
            "time": at,
        }
    )


def alb(h: Hit) -> str:
    at = f"{datetime.fromtimestamp(h.at_s, UTC):%Y-%m-%dT%H:%M:%S.000000Z}"
    return (
        f"https {at} app/site/50dc6c495c0c9188 {h.address}:50000 10.0.0.1:80 0.001 0.002 0.000 {h.status} {h.status} "
        f'34 512 "{h.method} https://www.example:443{h.path} HTTP/2.0" "{h.agent}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
        'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/site/73e2d6bc24d8a067 "Root=1-58337364-0" '
        f'"www.example" "-" 0 {at} "forward" "-" "-" "10.0.0.1:80" "{h.status}" "-" "-"'
    )


CLOUDFRONT_HEAD = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    "cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id\n"
)


def cloudfront(h: Hit) -> str:
    at = datetime.fromtimestamp(h.at_s, UTC)
    path, _, query = h.path.partition("?")
    cells = (
        f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}", "FRA2", "512", h.address, h.method, "d1.cloudfront.net", path,
        str(h.status), h.referer, quote(h.agent, safe="/()"), query or "-", "-", "Miss", "abc==",
    )  # fmt: skip
    return "\t".join(cells)


IIS_HEAD = (
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2026-05-04 00:00:00\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken\n"
)


def iis(h: Hit) -> str:
    at = datetime.fromtimestamp(h.at_s, UTC)
    path, _, query = h.path.partition("?")
    agent = h.agent.replace(" ", "+")
    return (
        f"{at:%Y-%m-%d %H:%M:%S} 10.0.0.5 {h.method} {path} {query or '-'} 443 {h.user} {h.address} {agent} "
        f"{h.referer} {h.status} 0 0 31"
    )


FORMATS: dict[str, tuple[str, Callable[[Hit], str]]] = {
    "combined": ("", combined),
    "common": ("", common),
    "caddy": ("", caddy),
    "traefik": ("", traefik),
    "alb": ("", alb),
    "cloudfront": (CLOUDFRONT_HEAD, cloudfront),
    "iis": (IIS_HEAD, iis),
}


def write(path: Path, hits: Iterable[Hit], log_format: str = "combined") -> Path:
    head, line = FORMATS[log_format]
    path.write_text(head + "".join(line(h) + "\n" for h in hits), encoding="utf-8")
    return path


@dataclass
class Traffic:
    """A log's worth of hits, and who planted which."""

    hits: list[Hit] = field(default_factory=list)
    planted: set[str] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)

    def ordered(self) -> list[Hit]:
        return sorted(self.hits, key=lambda h: (h.at_s, h.address, h.path))


def visitors(
    seed: int = 1,
    *,
    people: int = 600,
    count: int = 1_500,
    days: int = 6,
    path: str = "/members/{}",
    list_path: str = "/members",
) -> Traffic:
    """Visitors that read by popularity, with the pictures and styles a browser loads."""
    rng = np.random.default_rng(seed)
    weight = 1.0 / np.arange(1, people + 1)
    weight /= weight.sum()
    order = rng.permutation(people) + 1
    out = Traffic()
    for i in range(count):
        address = f"{20 + i % 150}.{i // 150 % 250}.{i % 240}.{1 + i % 250}"
        agent = (
            CHROME.format(120 + int(rng.integers(0, 20)))
            if rng.random() < 0.8
            else FIREFOX.format(130 + int(rng.integers(0, 9)))
        )
        at = BEGIN_S + int(rng.integers(0, days * 86_400))
        visit = [Hit(at, address, "/", agent=agent), Hit(at, address, "/static/site.css", agent=agent)]
        if rng.random() < 0.5:
            visit.append(Hit(at + 4, address, list_path, agent=agent))
        for person in rng.choice(order, size=min(1 + int(rng.geometric(0.3)), 30), replace=False, p=weight):
            at += int(rng.integers(6, 90))
            visit.append(Hit(at, address, path.format(person), agent=agent))
            visit.append(Hit(at, address, f"/static/faces/{person}.jpg", agent=agent))
        out.hits += visit
    return out


def harvest(
    traffic: Traffic,
    seed: int = 1,
    *,
    people: int = 600,
    addresses: int = 60,
    each: int = 10,
    path: str = "/members/{}",
    agent: str = CHROME.format(99),
) -> Traffic:
    """Adds addresses that share out the people, a page a minute each."""
    rng = np.random.default_rng(seed + 77)
    queue = np.concatenate([rng.permutation(people) + 1 for _ in range(addresses * each // people + 1)])
    begin = BEGIN_S + 2 * 86_400
    for i in range(addresses):
        address = f"193.{i // 200}.{i % 200}.{7 + i % 9}"
        traffic.planted.add(address)
        for k in range(each):
            person = int(queue[i * each + k])
            traffic.taken.add(person)
            traffic.hits.append(Hit(begin + 60 * k + i % 50, address, path.format(person), agent=agent))
    return traffic


def moved(hits: Sequence[Hit], seconds: int) -> list[Hit]:
    """The same hits, so much later."""
    return [replace(h, at_s=h.at_s + seconds) for h in hits]
