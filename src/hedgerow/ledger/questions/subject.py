"""A person's own question: what does this ledger hold about me? About a person shown, or about an account as a visitor.

Other people's identifiers are not in the answer (GDPR Article 15(4): the right to a copy must not adversely affect
others). To a person shown, recipients are told apart by numbers and described by kind: a keyed name would be another
person's data, and would tell nobody anything. To a visitor, the people they were shown are counted, by route and field;
their identifiers come only where the operator decides so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import duckdb

from hedgerow.ledger.questions import bitmaps, confidence, summary
from hedgerow.ledger.questions.period import iso
from hedgerow.ledger.questions.records import days_of_group, days_of_person, entries_of_person
from hedgerow.ledger.questions.refs import Group
from hedgerow.ledger.reading import Entry
from hedgerow.ledger.store.layout import quoted
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
LIMIT: Final = 1_000
"""Disclosures, or decisions, that an answer tells one by one where nothing else is asked for."""
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


def of_person(
    connection: duckdb.DuckDBPyConnection, person: str, kept: Retention, now: datetime, limit: int | None = LIMIT
) -> dict[str, Any]:
    """Everything about disclosures of one person; one by one the last `limit`, or with None all of them."""
    with summary.of_person(connection, person) as told:
        page = entries_of_person(connection, person, limit)
        numbers = told.numbers({_innermost(e) for e in page.entries})
        kinds = {_who(standing): n for standing, n in told.kinds().items()}
    shown = [_disclosed(e, numbers[_innermost(e)]) for e in page.entries]
    days = days_of_person(connection, person)
    older = [{"day": d.day.isoformat(), "fields": list(d.fields), "to": _whom(d.level)} for d in days]
    return {
        "about": "a person shown on the site",
        "person": person,
        "asked_at": iso(now),
        "times_shown": told.times_shown,
        "times_possible": told.times_possible,
        "times_withheld": told.times_withheld,
        "first": iso(told.first) if told.first else None,
        "last": iso(told.last) if told.last else None,
        "recipients": told.recipients_in_all,
        "recipients_are": kinds,
        "fields": told.fields,
        "disclosures": shown,
        "older_days": older,
        "explanations": explanations(kept),
        "not_in_here": [
            *_left_out(told.entries - len(shown), "disclosures", "they are in the figures"),
            "Who the recipients are: to this ledger they are keyed names only, and those are data about other people. "
            "They are therefore numbered and described by kind.",
            "The content of the fields: the ledger holds which fields were shown and never what was in them.",
        ],
    }


def _disclosed(e: Entry, recipient: int) -> dict[str, Any]:
    (one,) = e.people
    return {
        "at": iso(e.at),
        "fields": list(one.fields),
        "withheld": [f for f in one.masked if f not in one.fields],
        "page": e.facts.get("r"),
        "how": KINDS.get(e.kind, e.kind),
        "recipient": recipient,
        "recipient_is": _who(str(e.facts.get("st", ""))),
        **({"confidence": e.confidence} if e.confidence != confidence.CONFIRMED else {}),
    }


def _left_out(count: int, what: str, where: str) -> list[str]:
    if count <= 0:
        return []
    return [
        f"{count:,} older {what}, one by one: this answer holds the last ones, and {where}. They are there for whoever "
        "asks for them; the operator adds them with --all."
    ]


def of_account(
    connection: duckdb.DuckDBPyConnection,
    account: Group,
    name: str,
    kept: Retention,
    now: datetime,
    *,
    with_people: bool,
    limit: int | None = LIMIT,
) -> dict[str, Any]:
    """Everything about one account as a visitor; identifiers of people only where the operator decides so.

    Decisions are told one by one: the last `limit`, or with None all of them.
    """
    days = days_of_group(connection, account)
    with summary.of_group(connection, account) as told:
        people = sorted({*told.everybody(), *(p for d in days for p in d.people)}) if with_people else None
    decisions = _decisions(connection, account, limit)
    left_out = sum(o.times for o in told.others) - len(decisions)
    answer: dict[str, Any] = {
        "about": "an account as a visitor",
        "account": name,
        "asked_at": iso(now),
        "first": iso(told.first) if told.first else None,
        "last": iso(told.last) if told.last else None,
        "people_shown": told.people,
        "pages": [{"page": p.name, "answers": p.answers, "people": p.people, "fields": p.fields} for p in told.pages],
        "decisions": decisions,
        "known_by": _known_by(connection, account),
        "older_days": [{"day": d.day.isoformat(), "people": len(d.people), "fields": list(d.fields)} for d in days],
        "explanations": explanations(kept),
        "not_in_here": [
            "Which people were shown: their identifiers are data about them, not about this account, and a copy must "
            "not affect others (GDPR Article 15(4)). They are counted. The operator can add them with --with-people "
            "where that is lawful.",
            "The keyed names themselves: they are counted under `known_by`, and say nothing without the key.",
        ],
    }
    if people is not None:
        answer["people"] = people
        answer["not_in_here"] = answer["not_in_here"][1:]
    answer["not_in_here"] += _left_out(left_out, "decisions", "all of them are kept in the ledger")
    return answer


def _decisions(connection: duckdb.DuckDBPyConnection, account: Group, limit: int | None) -> list[dict[str, Any]]:
    where, values = account.condition()
    rows = connection.execute(
        f'SELECT "at", coalesce(action, kind), mode, reasons, reference FROM entries WHERE {where}'
        f' AND kind NOT IN ({", ".join(map(quoted, KINDS))}) ORDER BY "at" DESC, writer DESC, seq DESC'
        + ("" if limit is None else f" LIMIT {limit:d}"),
        values,
    ).fetchall()
    return [
        {
            "at": iso(at.replace(tzinfo=UTC)),
            "what": what,
            "carried_out": mode != "watch",
            "reasons": list(reasons or []),
            "reference": reference,
        }
        for at, what, mode, reasons, reference in reversed(rows)
    ]


def _known_by(connection: duckdb.DuckDBPyConnection, account: Group) -> dict[str, int]:
    """By how many names of each level an account was known; an address counts once while it can be followed."""
    where, values = account.condition()
    columns = '"at"::DATE AS day, address, network, session, client'
    found = connection.execute(
        f"""WITH seen AS (SELECT {columns} FROM entries WHERE {where}
          UNION SELECT {columns} FROM disclosures_by_principal WHERE {where})
        SELECT count(DISTINCT coalesce(l.stable, s.address)), count(DISTINCT network), count(DISTINCT session),
          count(DISTINCT client)
        FROM seen s LEFT JOIN (SELECT day, address, any_value(stable) AS stable FROM links
          WHERE address IN (SELECT address FROM seen) GROUP BY ALL) l ON l.day = s.day AND l.address = s.address""",
        [*values, *values],
    ).fetchone() or (0, 0, 0, 0)
    return dict(zip(("addresses", "networks", "sessions", "software"), map(int, found), strict=True))


def _innermost(e: Entry) -> tuple[str, str]:
    who = e.principals()
    return next(((level, who[level]) for level in summary.INNERMOST if level in who), (summary.NOBODY, ""))


def _who(standing: str) -> str:
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
        *(f"* {n:,} recipients: {kind}" for kind, n in answer["recipients_are"].items()),
    ]
    if answer["times_possible"]:
        lines.append(
            f"{answer['times_possible']:,} of these times are possible and not certain: the answer may have shown less."
        )
    if answer["fields"]:
        lines.append("fields: " + ", ".join(f"{name} {n:,} times" for name, n in answer["fields"].items()))
    told = len(answer["disclosures"])
    if told < answer["times_shown"] + answer["times_withheld"]:
        lines.append(f"The last {told:,} disclosures:")
    for d in answer["disclosures"]:
        fields = ", ".join(d["fields"]) or "nothing"
        withheld = f" (withheld: {', '.join(d['withheld'])})" if d["withheld"] else ""
        lines.append(
            f"{d['at']}  {fields}{withheld}, {d['how']} ({d['page']}), to recipient {d['recipient']}: "
            f"{d['recipient_is']}" + (f" ({d['confidence']})" if "confidence" in d else "")
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
    found = [s for number in sorted(numbers) for s in bitmaps.of_number(connection, "true", number)]
    return {
        "known": bool(numbers),
        "disclosures": int(count),
        "first": iso(first.replace(tzinfo=UTC)) if first else None,
        "last": iso(last.replace(tzinfo=UTC)) if last else None,
        "sketches": len(found),
        "sketch_days": len({s.day for s in found}),
    }
