"""Speed of the gateway beside nginx and HAProxy: ratios from one run, on the same cores, interleaved.

Core 0 carries the load generator and the origin (nginx, static files); core 1 carries the contender, one worker each.
Every round measures every contender once, in random order; the figures are medians over the rounds. The load is 4,096
visitors with browser-like headers, each reading ten people of its own, so that budgets hold and every answer is the
unmasked page. The policy enforces, with budgets wide enough for the load, and the ledger is on.

Latency is measured at half of the contender's own saturation, with visitors who come at independent moments
(benches/load). What it added is told beside the origin on the contender's core, at the same rate in the same round: what
else the machine does on that core meets both, and so does waking a core from another. The 99th percentile is that of a
tenth of a second, and the figure is the median over all of them, because the machine's own stalls (twice a second here, for
two to ten milliseconds, whatever runs) would otherwise be the whole of it: of quarters of a second so many held one that
the median was sometimes theirs. What a contender does seldom and for long would not be seen so; `over_5ms_share` counts it,
and the machine's share with it.

Run `make bench`, or `python benches/gateway.py --help`. Writes `build/bench.json`, one flat row per route and
contender; docs/reference/measurements.md says what each key means.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benches.gateway_load import (
    LOAD_CORE,
    TESTED_CORE,
    Contender,
    Latency,
    build_load,
    children,
    cpu_seconds,
    free_port,
    latency,
    nginx,
    protect,
    running,
    static_site,
    wrk,
)
from benches.gateway_site import Route, lua, make_site, policy

ROOT = Path(__file__).resolve().parent.parent


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
    arguments.add_argument("--route", default="", help="only routes whose name holds these words, such as 'no people'")
    arguments.add_argument("--no-latency", action="store_true", help="leave out the 99th percentiles")
    arguments.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json", help="where the rows go")
    options = arguments.parse_args()
    missing = [t for t in ("nginx", "haproxy", "wrk", "taskset", "cargo") if shutil.which(t) is None]
    if missing:
        print(
            f"missing: {', '.join(missing)}; on Debian: apt-get install nginx haproxy wrk util-linux; cargo: see CONTRIBUTING.md",
            file=sys.stderr,
        )
        return 4
    load = build_load()
    folder = ROOT / "build" / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    site = folder / "site"
    routes = [route for route in make_site(site) if options.route in route.name]
    if not routes:
        print(f"no route is called {options.route!r}; leave --route out to see their names", file=sys.stderr)
        return 2
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
        Contender("hedgerow", ports["hedgerow"], protect(hedgerow_conf, folder / "state")),
    ]  # fmt: skip
    figures: dict[tuple[str, str], dict[str, list[float]]] = {}
    latencies: dict[tuple[str, str], Latency] = {}
    origins = [static_site(folder, name, port, site) for name, port in (("origin", origin), ("near", near))]
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
                            at = (route.paths[0], rps / 2, max(options.seconds, 2))
                            bare, through_it = latency(load, near, *at), latency(load, contender.port, *at)
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
