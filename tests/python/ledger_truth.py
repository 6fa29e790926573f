"""What a ledger says, read line by line from its segments: the plain reader that the store is held against."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyroaring import BitMap

from hedgerow.ledger.store import Store
from written_ledger import Segment

LEVELS = {"a": "address", "net": "network", "s": "session", "acc": "account", "c": "client", "lic": "licence"}
STRANGERS = {"stranger", "proven", "automation", "preview"}

Views = dict[str, Any]


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC).replace(tzinfo=None)


def read_plainly(ledger: Path) -> Views:
    """Entries, disclosures, sketches and links of a ledger whose lines are all whole."""
    entries, disclosures, links = [], [], set()
    sketches: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for path in sorted(ledger.glob("*.seg")):
        lines = [json.loads(line[33:]) for line in path.read_text().splitlines()]
        header, rows = lines[0], lines[1:]
        for e in rows:
            key = (at(e["t"]), header["writer"], e["n"])
            day = at(e["t"]).date()
            entries.append(
                (*key, e["k"], e.get("a"), e.get("s"), e.get("code"), e.get("note"), tuple(e.get("why", [])))
            )
            if "a" in e:
                links.add((day, e["a"]))
            for person, shown, masked in e.get("p", []):
                names = [n for i, n in enumerate(header["fields"]) if shown >> i & 1]
                hidden = [n for i, n in enumerate(header["fields"]) if masked >> i & 1]
                disclosures.append((*key, person, tuple(names), tuple(hidden), e.get("a"), e.get("s"), e.get("net")))
                if not names:
                    continue
                who = [(long, e[short]) for short, long in LEVELS.items() if short in e]
                who += [("strangers", "")] if e.get("st") in STRANGERS else []
                for level, name in who:
                    sketches[day, level, name, " ".join(sorted(names))].add(person)
    return {
        "entries": sorted(entries, key=repr),
        "disclosures": sorted(disclosures, key=repr),
        "by_principal": sorted(disclosures, key=repr),
        "sketches": {key: frozenset(people) for key, people in sketches.items()},
        "links": links,
    }


def ask(store: Store) -> Views:
    """The same of a store's views, its names of the day turned back."""
    with store.snapshot() as snapshot, snapshot.connect(threads=1) as c:
        stable = {(d, n): s for d, n, s in c.execute("SELECT day, address, stable FROM links").fetchall()}
        people = dict(c.execute("SELECT number, person FROM people").fetchall())
        found: Views = {
            "entries": sorted(
                (
                    (a, w, n, k, stable.get((a.date(), ad), ad), s, code, note, tuple(why))
                    for a, w, n, k, ad, s, code, note, why in c.execute(
                        'SELECT "at", writer, seq, kind, address, session, status, note, reasons FROM entries'
                    ).fetchall()
                ),
                key=repr,
            )
        }
        for view, name in (("disclosures", "disclosures"), ("disclosures_by_principal", "by_principal")):
            rows = c.execute(
                f'SELECT "at", writer, seq, person, shown, masked, address, session, network FROM {view}'  # noqa: S608
            ).fetchall()
            found[name] = sorted(
                (
                    (a, w, n, p, tuple(sh), tuple(ma), stable.get((a.date(), ad), ad), s, net)
                    for a, w, n, p, sh, ma, ad, s, net in rows
                ),
                key=repr,
            )
        united: dict[tuple[Any, ...], set[str]] = defaultdict(set)
        for day, level, name, shown, blob, count in c.execute(
            "SELECT day, level, principal, shown, people, people_count FROM sketches"
        ).fetchall():
            bitmap = BitMap.deserialize(blob)
            assert len(bitmap) == count
            who = stable.get((day, name), name) if level == "address" else name
            united[day, level, who, shown] |= {people[number] for number in bitmap}
        found["sketches"] = {key: frozenset(some) for key, some in united.items()}
        found["links"] = {(day, s) for (day, _), s in stable.items()}
        return found


def row(person: str, shown: int, masked: int = 0, **facts: object) -> dict[str, object]:
    """An entry of one person, with an address; `facts` are the ledger's short keys."""
    from written_ledger import disclosure

    entry = {**disclosure(person, shown, masked), "a": "1a" * 12, "net": "2a" * 12}
    entry.update(facts)
    return entry


__all__ = ["Segment", "ask", "read_plainly", "row"]
