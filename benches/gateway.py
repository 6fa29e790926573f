"""Speed of the gateway beside nginx and HAProxy: ratios from one run, on the same cores, interleaved.

Core 0 carries the load generator and the origin (nginx, static files); core 1 carries the contender, one worker each.
Every round measures every contender once, in random order; the figures are medians over the rounds. The load is 4,096
visitors with browser-like headers, each reading ten people of its own, so that budgets hold and every answer is the
unmasked page. The policy enforces, with budgets wide enough for the load, and the ledger is on.

Latency is measured at half of the contender's own saturation. What it added is told beside the origin on the contender's
core, at the same rate in the same round: what else the machine does on that core meets both, and so does waking a core
from another. The 99th percentile is that of a quarter of a second, and the figure is the median over all of them, because
the machine's own housekeeping (once a second here, for ten milliseconds or more) would otherwise be the whole of it. What
a contender does seldom and for long would not be seen so; `over_5ms_share` counts it, and the machine's share with it.

Run `make bench`, or `python benches/gateway.py --help`. Writes `build/bench.json`, one flat row per route and
contender; docs/reference/measurements.md says what each key means.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEOPLE = 5000
ACTORS = 4096
LOAD_CORE, TESTED_CORE = "0", "1"


@dataclass
class Route:
    """One kind of answer: its name, and the path for the n-th request of an actor."""

    name: str
    paths: list[str]


@dataclass
class Contender:
    """A proxy under test: how to start it, and where it listens."""

    name: str
    port: int
    command: list[str]
    processes: list[int] = field(default_factory=list)


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_for(port: int, seconds: float = 20.0) -> None:
    """Returns once something listens on the port.

    Raises:
        TimeoutError: nobody did in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as s:
            s.settimeout(0.2)
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port} after {seconds} s")


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


def cpu_seconds(pids: list[int]) -> float:
    """Processor time (user and system) of processes so far, seconds."""
    total = 0.0
    tick = os.sysconf("SC_CLK_TCK")
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / tick
    return total


def children(pid: int) -> list[int]:
    """A process and all below it."""
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        found.append(p)
        for task in Path(f"/proc/{p}/task").glob("*/children"):
            todo += [int(x) for x in task.read_text().split()]
    return found


@contextmanager
def running(command: list[str], core: str, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server on one core, until the block ends."""
    with log.open("ab") as out:
        process = subprocess.Popen(["taskset", "-c", core, *command], stdout=out, stderr=out, start_new_session=True)
    try:
        wait_for(port)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def nginx(folder: Path, name: str, server: str, extra: str = "") -> list[str]:
    """An nginx with one worker and the given server block."""
    conf = folder / f"{name}.conf"
    conf.write_text(
        f"daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.err warn;\n"
        "events { worker_connections 4096; }\n"
        f"http {{ access_log off; sendfile on; keepalive_requests 100000000; tcp_nodelay on; types {{ text/html html; application/json json; }}\n"
        f"client_body_temp_path {folder}/{name}.b; proxy_temp_path {folder}/{name}.p; fastcgi_temp_path {folder}/{name}.f;"
        f" uwsgi_temp_path {folder}/{name}.u; scgi_temp_path {folder}/{name}.s;\n{extra}\n{server}\n}}\n"
    )
    return ["nginx", "-c", str(conf), "-p", str(folder)]


def wrk(port: int, script: Path, seconds: float, connections: int = 64) -> tuple[float, int, int]:
    """Requests per second, bytes read and errors at saturation."""
    done = subprocess.run(
        [
            "taskset",
            "-c",
            LOAD_CORE,
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            "-s",
            str(script),
            f"http://127.0.0.1:{port}/",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr or done.stdout}")
    rps = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    sent = re.search(r"(\d+) requests in ", done.stdout)
    if not rps or not sent:
        raise RuntimeError(f"the load generator said something unexpected:\n{done.stdout}\n{done.stderr}")
    return float(rps.group(1)), int(sent.group(1)), int(bad.group(1)) if bad else 0


WINDOW_US = 250_000


@dataclass
class Latency:
    """How long requests took at a constant rate."""

    p99_ms: list[float] = field(default_factory=list)
    """Of each quarter of a second."""
    requests: int = 0
    over_5ms: int = 0

    def add(self, other: Latency) -> None:
        """Takes another measurement in."""
        self.p99_ms += other.p99_ms
        self.requests += other.requests
        self.over_5ms += other.over_5ms


def latency(port: int, path: str, rate: float, seconds: float, folder: Path) -> Latency:
    """How long requests take at a constant rate (h2load over HTTP/1.1).

    Sixteen visitors, each a process of its own begun at another moment: h2load sends what is due each hundredth of a
    second, and to all connections of one process at the same instant, which would measure how long sixteen simultaneous
    requests take one core instead of how long one takes at this rate. The first 300 ms after the last began count for nothing.
    """
    clients = 16
    logs = [folder / f"latency{n}.log" for n in range(clients)]
    running = []
    for n, log in enumerate(logs):
        log.unlink(missing_ok=True)
        command = ["taskset", "-c", LOAD_CORE, "h2load", "--h1", "-t1", "-c1", f"--rps={max(1.0, rate / clients):.1f}", f"-D{seconds:.0f}",
                   "-H", "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0", "-H", "x-forwarded-for: 203.0.113.9",
                   "-H", "accept: text/html", "-H", "accept-language: en", f"--log-file={log}", f"http://127.0.0.1:{port}{path}"]  # fmt: skip
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        if n + 1 < clients:
            time.sleep(0.01 + 0.01 / clients)
    begun_us = time.time() * 1e6 + 300_000
    ended = [process.wait() for process in running]
    if any(ended):
        raise RuntimeError("h2load failed")
    windows: dict[int, list[float]] = {}
    for log in logs:
        for line in log.read_text().splitlines():
            at_us, status, took_us = line.split()
            if status == "200" and int(at_us) >= begun_us:
                windows.setdefault(int(int(at_us) - begun_us) // WINDOW_US, []).append(int(took_us) / 1000)
    # The last one is cut short by the end.
    windows.pop(max(windows, default=0), None)
    return Latency(
        [sorted(times)[int(len(times) * 0.99)] for times in windows.values()],
        sum(map(len, windows.values())),
        sum(took > 5 for times in windows.values() for took in times),
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


def table(
    routes: list[Route],
    contenders: list[Contender],
    figures: dict[tuple[str, str], dict[str, list[float]]],
    latencies: dict[tuple[str, str], Latency],
) -> list[dict[str, str | float | None]]:
    """Prints the table and returns its rows."""
    rows: list[dict[str, str | float | None]] = []
    columns = ("rps", "cpu us", "p99 ms", "added", "> 5 ms", "x nginx", "cpu x nginx")
    print(f"\n{'route':26} {'contender':18}" + "".join(f"{name:>12}" for name in columns))
    for route in routes:
        base = figures[route.name, "nginx proxy_pass"]
        for name in [c.name for c in contenders] + ["origin"]:
            row: dict[str, str | float | None] = {"route": route.name, "contender": name}
            measured = latencies.get((route.name, name), Latency())
            f = figures.get((route.name, name))
            # Ratios pair the measurements of one round, so that a slow minute of the machine meets both.
            ratios = {
                "ratio_to_nginx": [a / b for a, b in zip(f["rps"], base["rps"], strict=True)] if f else [],
                "cpu_ratio_to_nginx": [b / a for a, b in zip(f["cpu_us"], base["cpu_us"], strict=True)] if f else [],
            }
            row["rps"] = middle(f["rps"] if f else [], 1)
            row["cpu_us"] = middle(f["cpu_us"] if f else [], 2)
            row["p99_ms"] = middle(measured.p99_ms, 3)
            row["added_p99_ms"] = middle(f["added_p99_ms"] if f else [], 3)
            row["over_5ms_share"] = round(measured.over_5ms / measured.requests, 5) if measured.requests else None
            row |= {key: middle(values, 3) for key, values in ratios.items()}
            if any(value is not None for key, value in row.items() if key not in ("route", "contender")):
                rows.append(row)
                print(
                    f"{route.name:26} {name:18}"
                    + "".join(f"{'' if v is None else v:>12}" for v in list(row.values())[2:])
                )
    return rows


def middle(values: list[float], places: int) -> float | None:
    """The median, rounded; None of nothing."""
    return round(statistics.median(values), places) if values else None


def main() -> int:
    """Measures and prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "--rounds", type=int, default=5, help="rounds; the figures are medians over them (default 5)"
    )
    arguments.add_argument("--seconds", type=float, default=3, help="seconds of load per measurement (default 3)")
    arguments.add_argument("--no-latency", action="store_true", help="leave out the 99th percentiles")
    arguments.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json", help="where the rows go")
    options = arguments.parse_args()
    missing = [t for t in ("nginx", "haproxy", "wrk", "taskset", "h2load") if shutil.which(t) is None]
    if missing:
        print(
            f"missing: {', '.join(missing)}; on Debian: apt-get install nginx haproxy wrk util-linux nghttp2-client",
            file=sys.stderr,
        )
        return 4
    folder = ROOT / "build" / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    site = folder / "site"
    routes = make_site(site)
    scripts = {}
    for i, route in enumerate(routes):
        scripts[route.name] = folder / f"load{i}.lua"
        scripts[route.name].write_text(lua(route, folder / f"load{i}.txt"))
    origin = free_port()
    near = free_port()
    ports = {name: free_port() for name in ("nginx proxy_pass", "nginx limit_req", "haproxy", "hedgerow")}
    up = f"upstream origin {{ server 127.0.0.1:{origin}; keepalive 128; }}"
    through = (
        'proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;'
    )
    haproxy_conf = folder / "haproxy.cfg"
    haproxy_conf.write_text(
        f"global\n  nbthread 1\n  maxconn 8000\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  option http-keep-alive\n  http-reuse always\n"
        f"frontend f\n  bind 127.0.0.1:{ports['haproxy']}\n  default_backend b\nbackend b\n  server s 127.0.0.1:{origin}\n"
    )
    hedgerow_conf = folder / "hedgerow.yaml"
    hedgerow_conf.write_text(policy(ports["hedgerow"], origin))
    state = folder / "state"
    contenders = [
        Contender("nginx proxy_pass", ports["nginx proxy_pass"], nginx(folder, "plain", f"server {{ listen 127.0.0.1:{ports['nginx proxy_pass']} backlog=4096; location / {{ {through} }} }}", up)),
        Contender(
            "nginx limit_req",
            ports["nginx limit_req"],
            nginx(
                folder,
                "limited",
                f"server {{ listen 127.0.0.1:{ports['nginx limit_req']} backlog=4096; set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; location / {{ limit_req zone=z burst=1000000 nodelay; {through} }} }}",
                up + "\nlimit_req_zone $binary_remote_addr zone=z:32m rate=100000r/s;",
            ),
        ),
        Contender("haproxy", ports["haproxy"], ["haproxy", "-f", str(haproxy_conf)]),
        Contender("hedgerow", ports["hedgerow"], [sys.executable, "-m", "hedgerow.cli", "protect", "--no-console", "--config", str(hedgerow_conf), "--state", str(state), "--workers", "1"]),
    ]  # fmt: skip
    figures: dict[tuple[str, str], dict[str, list[float]]] = {}
    latencies: dict[tuple[str, str], Latency] = {}
    origins = [
        nginx(
            folder, name, f"server {{ listen 127.0.0.1:{port} backlog=4096; root {site}; open_file_cache max=20000; }}"
        )
        for name, port in (("origin", origin), ("near", near))
    ]
    rng = random.Random(1)
    with (
        running(origins[0], LOAD_CORE, origin, folder / "origin.log"),
        running(origins[1], TESTED_CORE, near, folder / "near.log"),
    ):
        for turn in range(options.rounds):
            order = contenders[:]
            rng.shuffle(order)
            for contender in order:
                with running(
                    contender.command, TESTED_CORE, contender.port, folder / f"{contender.name.replace(' ', '-')}.log"
                ) as process:
                    pids = children(process.pid)
                    for route in routes:
                        wrk(contender.port, scripts[route.name], 1)
                        pids = children(process.pid)
                        before = cpu_seconds(pids)
                        rps, requests, bad = wrk(contender.port, scripts[route.name], options.seconds)
                        spent = cpu_seconds(pids) - before
                        if bad:
                            print(f"{contender.name}, {route.name}: {bad} answers were not 2xx", file=sys.stderr)
                        row = figures.setdefault(
                            (route.name, contender.name), {"rps": [], "cpu_us": [], "added_p99_ms": []}
                        )
                        row["rps"].append(rps)
                        row["cpu_us"].append(spent / max(requests, 1) * 1e6)
                        if not options.no_latency:
                            at = (route.paths[0], rps / 2, max(options.seconds, 2), folder)
                            bare, through_it = latency(near, *at), latency(contender.port, *at)
                            row["added_p99_ms"].append(
                                statistics.median(through_it.p99_ms) - statistics.median(bare.p99_ms)
                            )
                            for name, measured in (("origin", bare), (contender.name, through_it)):
                                latencies.setdefault((route.name, name), Latency()).add(measured)
                        print(
                            f"round {turn + 1}/{options.rounds}  {contender.name:18} {route.name:26} {rps:9.0f}/s  {row['cpu_us'][-1]:6.1f} us",
                            file=sys.stderr,
                        )
    rows = table(routes, contenders, figures, latencies)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
