"""A person's own question: what does this ledger hold about me? About a person shown, or about an account as a visitor.

Other people's identifiers are not in the answer (GDPR Article 15(4): the right to a copy must not adversely affect
others). To a person shown, recipients are told apart by numbers and described by kind: a keyed name would be another
person's data, and would tell nobody anything. To a visitor, the people they were shown are counted, by route and field;
their identifiers come only where the operator decides so.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import duckdb

from hedgerow.ledger.questions import bitmaps
from hedgerow.ledger.questions.period import iso
from hedgerow.ledger.questions.records import days_of_group, days_of_person, entries_of_group, entries_of_person
from hedgerow.ledger.questions.refs import Group
from hedgerow.ledger.reading import Entry
from hedgerow.ledger.store.retention import Retention

STANDINGS: Final = {
    "stranger": "somebody who was not signed in",
    "proven": "somebody who was not signed in and had solved a challenge",
    "new_member": "a member with a new account",
    "member": "a member",
    "automation": "a program that named itself",
    "preview": "a program that makes previews of links",
    "search_engine": "a verified search engine",
    "licensed": "a party under contract",
    "researcher": "a researcher under contract",
}
KINDS: Final = {"disclosure": "in an answer of the site", "reveal": "on request, for this person alone"}


def explanations(kept: Retention) -> list[dict[str, str]]:
    """Every kind of data, in words: what it is, what for, how long, from where.

    Segments hold single disclosures, decisions and the stable names of addresses. So those are kept as long as segments
    are, whatever less the tables are told.
    """
    purpose = "to keep the people shown here from being collected in bulk, and to know whom a collector was shown"
    return [
        {
            "data": "single disclosures",
            "what": "which fields of which person were in an answer (never their content), when, on which page, and "
            "keyed names of the visitor's address, network, session, account and software",
            "purpose": purpose,
            "kept": f"{max(kept.disclosures_days, kept.segments_days)} days; after that only sketches remain",
            "source": "the gateway in front of the site, at the moment the page was sent",
        },
        {
            "data": "decisions",
            "what": "that a request was slowed down, challenged or refused, with the reasons",
            "purpose": "to be able to explain a decision, and to correct it",
            "kept": f"{max(kept.entries_days, kept.segments_days)} days",
            "source": "the gateway, from the request alone",
        },
        {
            "data": "sketches",
            "what": "which people and fields were shown to a keyed name on a day, and between when and when",
            "purpose": "to see slow collecting over months, and to tell those affected",
            "kept": f"{kept.sketch_days} days",
            "source": "made from single disclosures",
        },
        {
            "data": "keyed names",
            "what": "codes in place of an address, account or session; that of an address changes every day, and can "
            "be linked from day to day only while its key is kept",
            "purpose": "to count without knowing who it is",
            "kept": f"links between the days: {max(kept.links_days, kept.segments_days)} days",
            "source": "made from the request with a secret key",
        },
        {
            "data": "sealed addresses",
            "what": "the internet address of a visitor who was shown people, encrypted; opened only for a case, with a "
            "reason that is recorded",
            "purpose": "to name whoever collected people to an authority or a court",
            "kept": f"{kept.sealed_address_days} days" if kept.sealed_address_days else "not kept",
            "source": "the visitor's connection",
        },
    ]


def of_person(connection: duckdb.DuckDBPyConnection, person: str, kept: Retention, now: datetime) -> dict[str, Any]:
    """Everything about disclosures of one person."""
    entries = entries_of_person(connection, person)
    numbers: dict[str, int] = {}
    shown: list[dict[str, Any]] = []
    for e in entries:
        (one,) = e.people
        recipient = numbers.setdefault(_innermost(e), len(numbers) + 1)
        shown.append(
            {
                "at": iso(e.at),
                "fields": list(one.fields),
                "withheld": [f for f in one.masked if f not in one.fields],
                "page": e.facts.get("r"),
                "how": KINDS.get(e.kind, e.kind),
                "recipient": recipient,
                "recipient_is": _who(e),
            }
        )
    days = days_of_person(connection, person)
    older = [{"day": d.day.isoformat(), "fields": list(d.fields), "to": _whom(d.level)} for d in days]
    fields = Counter(f for e in shown for f in e["fields"])
    return {
        "about": "a person shown on the site",
        "person": person,
        "asked_at": iso(now),
        "times_shown": sum(1 for e in shown if e["fields"]),
        "times_withheld": sum(1 for e in shown if not e["fields"]),
        "recipients": len(numbers),
        "fields": dict(sorted(fields.items())),
        "disclosures": shown,
        "older_days": older,
        "explanations": explanations(kept),
        "not_in_here": [
            "Who the recipients are: to this ledger they are keyed names only, and those are data about other people. "
            "They are therefore numbered and described by kind.",
            "The content of the fields: the ledger holds which fields were shown and never what was in them.",
        ],
    }


def of_account(
    connection: duckdb.DuckDBPyConnection,
    account: Group,
    name: str,
    kept: Retention,
    now: datetime,
    *,
    with_people: bool,
) -> dict[str, Any]:
    """Everything about one account as a visitor; identifiers of people only where the operator decides so."""
    entries = entries_of_group(connection, account)
    routes: dict[str, dict[str, Any]] = {}
    people: set[str] = set()
    decisions: list[dict[str, Any]] = []
    for e in entries:
        mine = {p.person for p in e.people if p.fields}
        people |= mine
        if e.kind in KINDS:
            route = routes.setdefault(
                str(e.facts.get("r") or "unnamed"), {"answers": 0, "people": set(), "fields": Counter()}
            )
            route["answers"] += 1
            route["people"] |= mine
            route["fields"].update(f for p in e.people for f in p.fields)
        else:
            decisions.append(
                {
                    "at": iso(e.at),
                    "what": e.facts.get("act") or e.kind,
                    "carried_out": e.facts.get("mode") != "watch",
                    "reasons": e.facts.get("why", []),
                    "reference": e.facts.get("ref"),
                }
            )
    days = days_of_group(connection, account)
    answer: dict[str, Any] = {
        "about": "an account as a visitor",
        "account": name,
        "asked_at": iso(now),
        "first": iso(entries[0].at) if entries else None,
        "last": iso(entries[-1].at) if entries else None,
        "people_shown": len(people),
        "pages": [
            {
                "page": route,
                "answers": told["answers"],
                "people": len(told["people"]),
                "fields": dict(sorted(told["fields"].items())),
            }
            for route, told in sorted(routes.items())
        ],
        "decisions": decisions,
        "known_by": {
            level: len({e.facts[key] for e in entries if key in e.facts})
            for level, key in (("addresses", "a"), ("networks", "net"), ("sessions", "s"), ("software", "c"))
        },
        "older_days": [{"day": d.day.isoformat(), "people": len(d.people), "fields": list(d.fields)} for d in days],
        "explanations": explanations(kept),
        "not_in_here": [
            "Which people were shown: their identifiers are data about them, not about this account, and a copy must "
            "not affect others (GDPR Article 15(4)). They are counted. The operator can add them with --with-people "
            "where that is lawful.",
            "The keyed names themselves: they are counted under `known_by`, and say nothing without the key.",
        ],
    }
    if with_people:
        answer["people"] = sorted(people | {p for d in days for p in d.people})
        answer["not_in_here"] = answer["not_in_here"][1:]
    return answer


def _innermost(e: Entry) -> str:
    who = e.principals()
    for level in ("account", "licence", "session", "address", "network", "client"):
        if level in who:
            return f"{level} {who[level]}"
    return "nobody known"


def _who(e: Entry) -> str:
    standing = str(e.facts.get("st", ""))
    return STANDINGS.get(standing, standing.replace("_", " ") or "not known")


def _whom(level: str) -> str:
    return {
        "strangers": "somebody who was not signed in",
        "account": "an account of the site",
        "licence": "a party under contract",
        "network": "somebody in a network",
    }.get(level, level)


def in_words(answer: dict[str, Any]) -> list[str]:
    """The answer as lines for the person who asked."""
    lines = _person_in_words(answer) if "person" in answer else _account_in_words(answer)
    lines += ["", "What the ledger holds, why, how long, and where it comes from:"]
    for e in answer["explanations"]:
        lines.append(f"* {e['data']}: {e['what']}. Why: {e['purpose']}. Kept: {e['kept']}. From: {e['source']}.")
    lines += ["", "What is not in this answer, and why:", *(f"* {sentence}" for sentence in answer["not_in_here"])]
    return lines


def _person_in_words(answer: dict[str, Any]) -> list[str]:
    lines = [
        f"What this site's disclosure ledger holds about the person {answer['person']} (asked {answer['asked_at']}):",
        f"shown {answer['times_shown']:,} times, to {answer['recipients']:,} recipients; "
        f"withheld altogether {answer['times_withheld']:,} times.",
    ]
    for d in answer["disclosures"]:
        fields = ", ".join(d["fields"]) or "nothing"
        withheld = f" (withheld: {', '.join(d['withheld'])})" if d["withheld"] else ""
        lines.append(
            f"{d['at']}  {fields}{withheld}, {d['how']} ({d['page']}), to recipient {d['recipient']}: "
            f"{d['recipient_is']}"
        )
    if answer["older_days"]:
        lines.append("Of earlier days, only this is still known:")
        lines += [f"{d['day']}  {', '.join(d['fields'])}, to {d['to']}" for d in answer["older_days"]]
    return lines


def _account_in_words(answer: dict[str, Any]) -> list[str]:
    lines = [
        f"What this site's disclosure ledger holds about the account {answer['account']} (asked {answer['asked_at']}):",
        f"between {answer['first']} and {answer['last']} it was shown {answer['people_shown']:,} different people.",
    ]
    for page in answer["pages"]:
        fields = ", ".join(f"{name} {n:,} times" for name, n in page["fields"].items()) or "no field"
        lines.append(f"page {page['page']}: {page['answers']:,} answers, {page['people']:,} people ({fields})")
    known = ", ".join(f"{n:,} {level}" for level, n in answer["known_by"].items())
    lines.append(f"it was seen from {known} (each a keyed name).")
    for d in answer["decisions"]:
        carried = "" if d["carried_out"] else " (only noted, not carried out)"
        lines.append(f"{d['at']}  {d['what']}{carried}: {', '.join(d['reasons']) or 'no reason noted'}")
    if answer["older_days"]:
        lines.append("Of earlier days, only this is still known:")
        lines += [f"{d['day']}  {d['people']:,} people ({', '.join(d['fields'])})" for d in answer["older_days"]]
    if "people" in answer:
        lines.append("People shown: " + ", ".join(answer["people"]))
    return lines


def holdings(connection: duckdb.DuckDBPyConnection, person: str) -> dict[str, Any]:
    """How much the ledger holds about a person: what an erasure would take away."""
    row = connection.execute(
        'SELECT count(*), min("at"), max("at") FROM disclosures WHERE person = ?', [person]
    ).fetchone()
    count, first, last = row or (0, None, None)
    numbers = {int(n) for (n,) in connection.execute("SELECT number FROM people WHERE person = ?", [person]).fetchall()}
    found = [
        s for s in (bitmaps.sketches(connection, "true", []) if numbers else ()) if not numbers.isdisjoint(s.numbers())
    ]
    return {
        "known": bool(numbers),
        "disclosures": int(count),
        "first": iso(first.replace(tzinfo=UTC)) if first else None,
        "last": iso(last.replace(tzinfo=UTC)) if last else None,
        "sketches": len(found),
        "sketch_days": len({s.day for s in found}),
    }
