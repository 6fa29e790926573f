"""The numbers of a report, as one JSON document. Every key is described in docs/reference/audit-report.md."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from hedgerow import __version__
from hedgerow.audit.advice import next_steps
from hedgerow.audit.gathering import Crowd, Gathered, Harvest
from hedgerow.audit.groups import ALARMS_PER_AUDIT
from hedgerow.audit.learning import Learnt, Route
from hedgerow.audit.replaying import Json
from hedgerow.audit.signs import signs

FORMAT: Final = 1
MOST_MEMBERS: Final = 100
"""Members of one harvest that are listed by name."""
MOST_DECLARED: Final = 30

CAVEAT: Final = (
    "A log cannot say who is a person. Counted as likely people are all visitors that are neither declared programs "
    "nor among the harvests; some of them are programs that behave like people, and some people share one address."
)
LIMITS: Final = (
    "A log names a person only where the address does. Lists, searches and exports showed people, too, and nobody of "
    "them is counted here.",
    "A log line says that a page was answered, not that it was read, stored or sold. A 304 counts as shown: the reader "
    "has the page, though it came with an earlier answer. A gateway's ledger does not record a 304 as shown, so its "
    "numbers are lower.",
    "Addresses change hands, and many people can share one: an actor is an address together with its software, or an "
    "account if the log has it.",
    "Requests that came before the log begins, went past this server (a cache, another host) or were left out of the "
    "log are missing.",
    "What the policy would have done is computed from the log alone: the cookies, prints of the connection and answers "
    "to challenges that a gateway sees are not in it, so a real gateway knows more than this.",
)


@dataclass(frozen=True)
class Setting:
    """What the audit was asked for."""

    site: str
    made_s: int
    files: tuple[tuple[str, int], ...]
    """Names and bytes."""
    engine: str
    members: int
    map_source: str
    """`learnt` from the log, or `given` with --map."""
    map_file: str | None
    policy: str
    """What the policy is called in the report."""
    out: str


def findings(setting: Setting, summary: Json, gathered: Gathered, learnt: Learnt | None, routes: list[Json]) -> Json:
    """Gathers all numbers of a report."""
    whole = max(gathered.people, setting.members)
    harvests = [_harvest(i, h, gathered, whole) for i, h in enumerate(gathered.harvests)]
    taken = len(gathered.taken)
    members = [m for h in gathered.harvests for m in h.members]
    shown_less = sum(m.masked for m in members)
    reads = sum(h.reads for h in gathered.harvests)
    report: Json = {
        "format": FORMAT,
        "hedgerow": __version__,
        "made": _iso(setting.made_s),
        "site": setting.site,
        "log": _log(setting, summary),
        "map": {
            "source": setting.map_source,
            "file": setting.map_file,
            "routes": routes,
            "doubtful": [_route(r) for r in learnt.doubtful] if learnt else [],
            "doubts": list(learnt.doubts) if learnt else [],
        },
        "people": {
            "seen": gathered.people,
            "members": setting.members or None,
            "whole": whole,
            "requests": summary.get("requests_people", 0),
            "requests_lists": summary.get("requests_lists", 0),
        },
        "taken": {
            "people": taken,
            "share": taken / whole if whole else 0.0,
            "actors": len(members),
            "networks": len({m.network for m in members}),
            "reads": reads,
            "first": _iso(min(m.first_s for m in members)) if members else None,
            "last": _iso(max(m.last_s for m in members)) if members else None,
        },
        "harvests": harvests,
        "by_amount": [_largest(h.members[0], gathered, whole) for h in gathered.by_amount[:MOST_DECLARED]],
        "by_amount_actors": len(gathered.by_amount),
        "observed": _observed(gathered.observed, whole) if gathered.observed else None,
        "declared": [_declared(a, len(p), whole) for a, p in gathered.declared[:MOST_DECLARED]],
        "largest": [_largest(a, gathered, whole) for a in gathered.largest],
        "sizes": _sizes(gathered),
        "usual_growth": gathered.usual_growth,
        "days": summary.get("days", []),
        "policy": {
            "name": setting.policy,
            "verdicts": summary.get("verdicts", {}),
            "reasons": summary.get("reasons", {}),
            "harvests": {
                "actors": len(members),
                "people_reads": reads,
                "withheld": shown_less,
                "withheld_share": shown_less / reads if reads else 0.0,
                "stopped_actors": sum(m.stopped > 0 for m in members),
                "verdicts": dict(sum((Counter(m.verdicts) for m in members), Counter())),
            },
            "likely_people": _crowd(gathered.ordinary) | {"caveat": CAVEAT},
            "automation": _crowd(gathered.automation),
        },
        "method": {
            "tests": gathered.groups.tests,
            "bar": ALARMS_PER_AUDIT,
            "resemblance": round(gathered.groups.icc, 4),
            "actors": gathered.everybody.actors,
            "looked_at": gathered.looked_at,
            "limits": list(LIMITS),
        },
    }
    report["next"] = next_steps(report, setting.out)
    return report


def _iso(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")


def _log(setting: Setting, summary: Json) -> Json:
    skipped = summary.get("skipped", {})
    first, last = summary.get("first_s"), summary.get("last_s")
    return {
        "files": [{"name": n, "bytes": b} for n, b in setting.files],
        "engine": setting.engine,
        "lines": summary["lines"],
        "read": summary["read"],
        "skipped_lines": sum(int(s["count"]) for s in skipped.values()),
        "skipped": [
            {
                "reason": name,
                "sentence": str(s.get("sentence", name.replace("_", " "))),
                "count": s["count"],
                "examples": list(s["examples"]),
            }
            for name, s in sorted(skipped.items(), key=lambda i: (-i[1]["count"], i[0]))
        ],
        "broken": list(summary.get("input", {}).get("broken", [])),
        "formats": summary.get("formats", {}),
        "named_addresses": summary.get("named_addresses", 0),
        "overlong_people": summary.get("overlong_people", 0),
        "subresources": summary.get("subresources"),
        "first": _iso(first) if first is not None else None,
        "last": _iso(last) if last is not None else None,
    }


def route_as_json(r: Route) -> Json:
    """A route as learnt, for the report."""
    return _route(r)


def _route(r: Route) -> Json:
    return {
        "path": r.path,
        "kind": r.kind,
        "person": r.person,
        "sure": r.sure,
        "people": r.people,
        "reads": r.reads,
        "evidence": list(r.evidence),
        "doubts": list(r.doubts),
    }


def name_of(i: int) -> str:
    """A, B, ... Z, AA: short names of harvests."""
    name = ""
    i += 1
    while i:
        i, rest = divmod(i - 1, 26)
        name = chr(65 + rest) + name
    return name


def _harvest(i: int, h: Harvest, gathered: Gathered, whole: int) -> Json:
    members = h.members
    masked = sum(m.masked for m in members)
    agents = Counter(m.agent for m in members if m.agent)
    hours = [sum(m.hours[hour] for m in members if len(m.hours) == 24) for hour in range(24)]
    measured = h.group.measured if h.group else None
    return {
        "name": name_of(i),
        "kind": "group" if len(members) > 1 else "single",
        "actors": len(members),
        "networks": len({m.network for m in members}),
        "addresses": len({m.address for m in members}),
        "clients": len({m.client for m in members}),
        "accounts": len({m.account for m in members if m.account}),
        "people": len(h.people),
        "share": len(h.people) / whole if whole else 0.0,
        "reads": h.reads,
        "first": _iso(min(m.first_s for m in members)),
        "last": _iso(max(m.last_s for m in members)),
        "hours": hours,
        "agents": dict(agents.most_common(5)),
        "shares": list(h.group.shares) if h.group else [],
        "possible": len(h.group.possible) if h.group else 0,
        "p_value": h.group.p_value if h.group else None,
        "rank": round(measured.rank, 4) if measured else None,
        "rank_usual": round(measured.rank_expected, 4) if measured else None,
        "union_expected": round(measured.union_expected, 1) if measured else None,
        "union_even": round(measured.union_even, 1) if measured else None,
        "signs": signs(h),
        "growth": gathered.growth.get(i, []),
        "policy": {
            "verdicts": dict(sum((Counter(m.verdicts) for m in members), Counter())),
            "withheld": masked,
            "withheld_share": masked / h.reads if h.reads else 0.0,
            "stopped_actors": sum(m.stopped > 0 for m in members),
        },
        "members": [
            {
                "address": m.address,
                "network": m.network,
                "client": m.client,
                "account": m.account,
                "agent": m.agent,
                "people": m.people,
                "requests": m.requests,
                "first": _iso(m.first_s),
                "last": _iso(m.last_s),
            }
            for m in sorted(members, key=lambda m: (-m.people, m.number))[:MOST_MEMBERS]
        ],
    }


def _observed(h: Harvest, whole: int) -> Json:
    """Readers who ignore popularity: no name, no probability and no share in what was taken."""
    return {
        "actors": len(h.members),
        "networks": len({m.network for m in h.members}),
        "people": len(h.people),
        "share": len(h.people) / whole if whole else 0.0,
        "reads": h.reads,
        "first": _iso(min(m.first_s for m in h.members)),
        "last": _iso(max(m.last_s for m in h.members)),
    }


def _declared(actor: Any, people: int, whole: int) -> Json:
    return {
        "agent": actor.agent,
        "lane": actor.lane,
        "people": people,
        "share": people / whole if whole else 0.0,
        "requests": actor.requests,
        "first": _iso(actor.first_s),
        "last": _iso(actor.last_s),
        "address": actor.address,
    }


def _largest(actor: Any, gathered: Gathered, whole: int) -> Json:
    at = next((i for i, h in enumerate(gathered.harvests) if any(m.number == actor.number for m in h.members)), None)
    return {
        "address": actor.address,
        "network": actor.network,
        "agent": actor.agent,
        "lane": actor.lane,
        "people": actor.people,
        "share": actor.people / whole if whole else 0.0,
        "requests": actor.requests,
        "first": _iso(actor.first_s),
        "last": _iso(actor.last_s),
        "harvest": None if at is None else name_of(at),
        "signals": list(actor.signals),
        "withheld": actor.masked,
    }


def _crowd(crowd: Crowd) -> Json:
    return {
        "actors": crowd.actors,
        "people_reads": crowd.people_reads,
        "touched": crowd.touched,
        "touched_share": crowd.touched / crowd.actors if crowd.actors else 0.0,
        "withheld": crowd.masked_people,
        "verdicts": dict(crowd.verdicts),
    }


_CLASSES: Final = ((1, 1), (2, 3), (4, 9), (10, 29), (30, 99), (100, 299), (300, 999), (1_000, None))


def _sizes(gathered: Gathered) -> list[Json]:
    """How many actors read how many people: all, and those of harvests."""
    harvesting = Counter(m.people for h in gathered.harvests for m in h.members)
    rows: list[Json] = []
    for low, high in _CLASSES:
        last = high or max(gathered.everybody.sizes, default=low)
        everybody = sum(n for size, n in gathered.everybody.sizes.items() if low <= size <= last)
        taking = sum(n for size, n in harvesting.items() if low <= size <= last)
        rows.append({"from": low, "to": high, "actors": everybody, "harvesting": taking})
    while len(rows) > 1 and not rows[-1]["actors"]:
        rows.pop()
    return rows
