"""The site that the gateway's bench measures with: its files, its visitors, its policy."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

PEOPLE = 5000
ACTORS = 4096


@dataclass
class Route:
    """One kind of answer: its name, and the path for the n-th request of an actor."""

    name: str
    paths: list[str]


def pad(text: str, size: int, comment: tuple[str, str]) -> str:
    """Fills a document up to a size with a comment."""
    missing = size - len(text.encode()) - len(comment[0]) - len(comment[1])
    return text if missing <= 0 else text + comment[0] + "x" * missing + comment[1]


def make_site(folder: Path) -> list[Route]:
    """Writes the origin's files: a page without people, profiles, lists of 50, and JSON."""
    rng = random.Random(7)
    (folder / "members").mkdir(parents=True)
    (folder / "lists").mkdir()
    (folder / "api").mkdir()
    filler = " ".join(rng.choice(["river", "meadow", "lantern", "harbour", "willow"]) for _ in range(220))
    (folder / "about.html").write_text(
        pad(f"<!doctype html><title>About</title><main><p>{filler}</p></main>", 4096, ("<!--", "-->"))
    )
    for n in range(PEOPLE):
        page = (
            f'<!doctype html><html lang="en"><head><title>Member {n}</title></head><body><main><article>'
            f'<h1 class="name">Member {n}</h1><img class="photo" src="/photos/{n}.svg" alt=""><p class="headline">Keeper of lists</p>'
            f'<p class="biography">{filler}</p><dl><dt>Works at</dt><dd class="employer">Mill {n % 97}</dd><dt>Town</dt>'
            f'<dd class="town">Town {n % 31}</dd><dt>E-mail</dt><dd><a class="email" href="mailto:m{n}@example.org">m{n}@example.org</a></dd>'
            f'<dt>Phone</dt><dd class="phone">555-01{n % 100:02}</dd></dl></article></main></body></html>'
        )
        (folder / "members" / f"{n}.html").write_text(pad(page, 4096, ("<!--", "-->")))
        (folder / "api" / f"{n}.json").write_text(
            json.dumps(
                {
                    "id": n,
                    "name": f"Member {n}",
                    "town": f"Town {n % 31}",
                    "email": f"m{n}@example.org",
                    "about": filler,
                }
            )
        )
    for page_number in range(PEOPLE // 50):
        items = "".join(
            f'<li class="member" data-id="{n}"><a href="/members/{n}.html"><img src="/photos/{n}.svg" alt=""> '
            f'<span class="name">Member {n}</span></a> <span class="headline">Keeper of lists</span><p>{filler[:400]}</p></li>'
            for n in range(page_number * 50, page_number * 50 + 50)
        )
        page = f'<!doctype html><html lang="en"><title>Members</title><main><ul>{items}</ul></main></html>'
        (folder / "lists" / f"{page_number}.html").write_text(pad(page, 32768, ("<!--", "-->")))
    return [
        Route("no people (4 KiB)", ["/about.html"]),
        Route("profile (4 KiB HTML)", [f"/members/{n}.html" for n in range(PEOPLE)]),
        Route("list of 50 (32 KiB HTML)", [f"/lists/{n}.html" for n in range(PEOPLE // 50)]),
        Route("JSON (2 KiB)", [f"/api/{n}.json" for n in range(PEOPLE)]),
    ]


def lua(route: Route, data: Path) -> str:
    """The load generator's script; the prepared requests of the visitors go to a file, one request a line."""
    rng = random.Random(route.name)
    agents = [f"Mozilla/5.0 (X11; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0" for v in range(120, 140)]
    base = (
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8|Accept-Language: en-GB,en;q=0.5|"
        "Sec-Fetch-Dest: document|Sec-Fetch-Mode: navigate|Sec-Fetch-Site: same-origin|Sec-Fetch-User: ?1|"
        "Upgrade-Insecure-Requests: 1|Priority: u=0, i|Referer: http://members.example/somewhere/else|DNT: 1|Cache-Control: max-age=0"
    )
    lines = []
    for actor in range(ACTORS):
        address = f"203.{actor // 256}.{actor % 256}.{rng.randrange(1, 255)}"
        agent = rng.choice(agents)
        lines += [
            f"GET {rng.choice(route.paths)} HTTP/1.1|Host: members.example|User-Agent: {agent}|X-Forwarded-For: {address}|{base}||"
            for _ in range(10)
        ]
    rng.shuffle(lines)
    data.write_text("\n".join(lines) + "\n")
    return (
        f'local reqs = {{}}\nfor line in io.lines("{data}") do reqs[#reqs + 1] = line:gsub("|", "\\r\\n") end\n'
        "local i = 0\nfunction request()\n  i = i + 1\n  if i > #reqs then i = 1 end\n  return reqs[i]\nend\n"
    )


POLICY = """\
listen: 127.0.0.1:{port}
sites:
  - name: bench
    hosts: ["*"]
    upstream: http://127.0.0.1:{origin}
    mode: enforce
    title: Bench
    contact: bench@example.org
    trusted_hops: ["127.0.0.0/8"]
    people:
      fields: {{name: basic, photo: basic, headline: basic, biography: personal, employer: personal, town: personal, email: personal, phone: personal, about: personal}}
      routes:
        - path: /members/{{person}}.html
          kind: profile
          person: path
          fields:
            name: {{html: .name}}
            photo: {{html: img.photo, attribute: src}}
            headline: {{html: .headline}}
            biography: {{html: .biography}}
            employer: {{html: .employer}}
            town: {{html: .town}}
            email: {{html: a.email}}
            phone: {{html: .phone}}
        - path: /lists/{{page}}
          kind: list
          person: {{html: li.member, attribute: data-id, pattern: "([0-9]+)"}}
          fields:
            name: {{html: .name}}
            headline: {{html: .headline}}
        - path: /api/{{person}}.json
          kind: api
          person: path
          fields: {{name: {{json: $.name}}, town: {{json: $.town}}, email: {{json: $.email}}, about: {{json: $.about}}}}
    budgets:
{budgets}
    posture: {{raised: {{personal: {{hour: 1000000, day: 1000000}}, contact: {{hour: 1000000, day: 1000000}}}}, high: {{personal: {{hour: 2000000, day: 2000000}}, contact: {{hour: 2000000, day: 2000000}}}}}}
    ladder: {{prove_at: 10000, slow_at: 10000, refuse_at: 10000, prove_beyond: 1000000, sign_in_beyond: 1000000, refuse_beyond: 1000000}}
"""


def policy(port: int, origin: int) -> str:
    """A policy that reads and records everything and masks nobody at this load."""
    lines = []
    for standing in ("stranger",):
        lines.append(f"      {standing}:")
        for level in ("address", "network", "session"):
            wide = "{hour: 100000, day: 100000, month: 100000}"
            lines.append(f"        {level}: {{basic: {wide}, personal: {wide}}}")
    return POLICY.format(port=port, origin=origin, budgets="\n".join(lines))
