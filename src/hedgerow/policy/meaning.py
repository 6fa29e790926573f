"""What a policy says, in plain words, and what in it is doubtful though allowed."""

from __future__ import annotations

from collections.abc import Iterator

from hedgerow.policy import defaults, token_settings, words
from hedgerow.policy.loading import Compiled
from hedgerow.policy.problem import Problem
from hedgerow.policy.view import View

_WHO = {
    "stranger": "Somebody who is not signed in",
    "proven": "... after a solved challenge",
    "new_member": "A new account",
    "member": "A member",
    "automation": "Automation nobody vouches for",
    "search_engine": "A verified search engine",
    "preview": "A link preview or feed reader",
}
_OWN_LEVEL = {"stranger": "session", "proven": "session", "new_member": "account", "member": "account"}


def meaning(compiled: Compiled) -> str:
    """The whole policy as text for the operator, site by site."""
    addresses = ", ".join(
        item.address + (" (TLS)" if item.tls else "") + (" (PROXY protocol)" if item.proxy_protocol else "")
        for item in compiled.listen
    )
    parts = [f"Visitors arrive at {addresses}."]
    parts += ["\n".join(_site(site)) for site in compiled.sites]
    return "\n\n".join(parts)


def _site(site: View) -> Iterator[str]:
    hosts = site.items("hosts").texts()
    said = "any host" if hosts == ["*"] else ", ".join(hosts)
    title = site.maybe("title") or site.text("name")
    yield f"{title} ({site.text('name')}): {said}, passed on to {site.view('upstream').text('url')}"
    if site.text("mode") == "watch":
        yield "  Watch mode: verdicts are recorded, none is carried out. `hedgerow enforce` changes that."
    else:
        yield "  Enforce mode: verdicts are carried out."
    if token := site.view("account").maybe_view("token"):
        yield token_settings.in_words(token)
    yield from _people(site.view("people"))
    yield "  Who may be shown how many different people:"
    for standing in _WHO:
        yield from _standing(site, standing)
    yield "  Reading the same person again within the window is free."
    yield from _beyond(site)
    yield from _kept(site)


def _people(people: View) -> Iterator[str]:
    fields = people.view("fields").values
    routes = people.items("routes").views()
    if not routes:
        yield "  No route shows people: everything passes through, and nothing is counted."
        return
    yield f"  {len(routes)} route{'s' if len(routes) != 1 else ''} of people:"
    for route in routes:
        person = route.view("person")
        how = {"path": "the path says who", "header": "the application says who"}.get(person.form)
        how = how or f"people at {person.maybe('html') or person.maybe('json')}"
        read = ", ".join(route.view("fields").values) or "no fields"
        yield f"    {route.text('path')} ({route.text('kind')}; {how}): {read}"
    for sensitivity in defaults.SENSITIVITIES:
        named = [name for name, s in fields.items() if s == sensitivity]
        if named:
            yield f"    {sensitivity}: {', '.join(named)}"


def _standing(site: View, standing: str) -> Iterator[str]:
    cells = site.view("show").maybe_view(standing)
    levels = site.view("budgets").maybe_view(standing)
    level = _OWN_LEVEL.get(standing, "address")
    own = levels.maybe_view(level) if levels else None
    limits = dict(own.limits()) if own else {}
    said: list[str] = []
    never: list[str] = []
    for sensitivity in defaults.SENSITIVITIES:
        how = (cells.maybe(sensitivity) if cells else None) or "budgeted"
        limit = limits.get(sensitivity)
        if how == "never":
            never.append(sensitivity)
            continue
        amount = str(limit) if limit else "without limit of its own"
        said.append(f"{sensitivity} {amount}{' (one by one, on request)' if how == 'on_request' else ''}")
    yield f"    {_WHO[standing]}: {'; '.join(said) or 'nothing'}" + (f". Never {', '.join(never)}." if never else ".")
    for wider in ("address", "network"):
        table = levels.maybe_view(wider) if levels and wider != level else None
        cells_said = [f"{s} {limit}" for s, limit in table.limits() if s not in never] if table else []
        if cells_said:
            yield f"      one {wider} together: {'; '.join(cells_said)}."


def _beyond(site: View) -> Iterator[str]:
    ladder, posture = site.view("ladder"), site.view("posture")
    yield (
        f"  Beyond a budget fields are masked; who asks for {ladder.whole('prove_beyond')} people more in an hour is "
        f"challenged, {ladder.whole('sign_in_beyond')} more: asked to sign in, {ladder.whole('refuse_beyond')} more: "
        f"refused for {_duration(ladder.whole('refuse_for_s'))}."
    )
    yield (
        f"  Signals: {ladder.whole('prove_at')} points for a challenge, {ladder.whole('slow_at')} to slow down, "
        f"{ladder.whole('refuse_at')} to refuse."
    )
    for step in ("raised", "high"):
        when = "; ".join(f"{s} {limit}" for s, limit in posture.view(step).limits())
        cells = posture.view(f"newcomers_{step}").maybe_view("stranger")
        then = ", ".join(f"{n} people's {s}" for s, n in cells.values.items()) if cells else "no less"
        yield f"  Strangers together shown more than ({when}): {step}; a newcomer is then shown {then} a day."
    unusual = posture.view("unusual")
    if unusual.whole("days"):
        yield (
            f"  So too when they are shown {unusual.whole('people')} people in a day whom no stranger visited for "
            f"{unusual.whole('days')} days and more, if that is {unusual.real('factor'):g} times the usual and "
            f"{unusual.whole('share_percent')} % of all; twice as many: high."
        )
    yield (
        f"  Newcomer is who was first seen less than {_duration(posture.whole('newcomer_age_s'))} before, or shown "
        f"people on fewer than {posture.whole('newcomer_days')} days; while it is high, others are shown "
        f"{posture.real('known_factor'):g} times their own usual day of personal fields."
    )


def _kept(site: View) -> Iterator[str]:
    said = site.view("retention")
    detail = said.whole("detail_days")
    disclosures = said.maybe_whole("disclosures_days") or detail
    segments = max(said.maybe_whole("segments_days") or detail, 31)
    yield (
        f"  Kept: single disclosures {max(disclosures, segments)} days (tables {disclosures}, segments {segments}), "
        f"sketches {said.whole('sketch_days')} days, sealed addresses "
        f"{site.view('privacy').whole('sealed_address_days')} days."
    )


def _duration(seconds: int) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length} {unit}{'s' if seconds != length else ''}"
    return f"{seconds} s"


def doubts(compiled: Compiled) -> list[Problem]:
    """What is allowed and yet seldom meant, in the order of the file."""
    found = [doubt for site in compiled.sites for doubt in _doubts(site)]
    ends_tls = any(item.tls for item in compiled.listen)
    found += [
        Problem(
            site.place,
            f"`{site.text('name')}` has no certificate, though a listener ends TLS",
            "tls: {certificate: …, key: …}",
        )
        for site in compiled.sites
        if ends_tls and site.maybe_view("tls") is None
    ]
    for place, listen in zip(compiled.view.items("listen").places, compiled.listen, strict=True):
        if not listen.tls and not listen.proxy_protocol and not words.is_loopback(listen.address):
            found.append(
                Problem(place, f"{listen.address} can be reached from elsewhere without TLS", "tls: true, or 127.0.0.1")
            )
    limits = compiled.view.view("limits")
    most = limits.whole("connections")
    if limits.whole("connections_per_address") >= most:
        named = "connections_per_address" if "connections_per_address" in limits.written else "connections"
        found.append(
            Problem(
                limits.at(named),
                "one address may take every connection there is, and nobody else would be served",
                f"connections_per_address: {max(1, most // 20)}",
            )
        )
    asn = compiled.view.maybe("asn_table")
    wrong = words.wrong_asn_table(asn) if asn else None
    if wrong:
        found.append(
            Problem(compiled.view.at("asn_table"), f"{wrong}; a gateway would not start with it", "asn_table: FILE")
        )
    return sorted(found, key=lambda p: p.place)


def _doubts(site: View) -> Iterator[Problem]:
    if not site.text("contact"):
        yield Problem(
            site.place,
            "no contact: a visitor who is stopped by mistake reaches nobody",
            "contact: privacy@your.example",
        )
    for text, place in zip(site.items("trusted_hops").texts(), site.items("trusted_hops").places, strict=True):
        if text.endswith("/0"):
            yield Problem(
                place,
                f"trusted_hops {text} believes everybody: any visitor can then pretend any address",
                "the address of your own proxy, such as 10.0.0.5",
            )
    yield from _doubts_of_people(site)
    if site.view("account").text("trust") == "present":
        yield Problem(
            site.view("account").at("trust"),
            "trust: present takes any cookie for an account, and anybody can invent a cookie",
            "trust: confirmed, with the application sending the account header",
        )
    token = site.view("account").maybe_view("token")
    wrong = token_settings.wrong_keys(token) if token else None
    if token and wrong:
        yield Problem(token.at("key_file"), f"{wrong}; a gateway would not start with it", "key_file: FILE")
    posture = site.view("posture")
    for step in ("raised", "high"):
        if step in posture.written:
            yield Problem(
                posture.at(step),
                f"`posture.{step}` is set by hand: it goes stale as the site grows, and the log will say so then",
            )
    for standing, cells in site.view("show").views():
        if cells.maybe("special") == "budgeted":
            yield Problem(
                cells.at("special"), f"special fields are shown to {standing} without asking", "special: on_request"
            )
    if site.view("failures").text("ledger") == "pass":
        yield Problem(
            site.view("failures").at("ledger"), "with ledger: pass people leave without a record when the disk is full"
        )


def _doubts_of_people(site: View) -> Iterator[Problem]:
    people = site.view("people")
    fields = people.view("fields")
    routes = people.items("routes").views()
    if not routes:
        yield Problem(people.place, "no route shows people, so nobody is protected yet", "hedgerow map proposes routes")
    placed: set[str] = set()
    for route in routes:
        placed |= route.view("fields").values.keys()
        path = route.text("path")
        if not route.view("fields").values and route.view("person").form != "header":
            yield Problem(
                route.place,
                f"the route {path} names its people and no fields: they are counted, and nothing is masked",
                "fields: {name: {html: h1}}",
            )
        passes = route.text("on_unreadable") == "pass"
        if passes and route.text("kind") == "export" and route.view("person").form != "header":
            yield Problem(
                route.at("on_unreadable"),
                f"the export {path} passes as a whole when it is neither HTML nor JSON (CSV, vCard, PDF): "
                "everybody in it leaves unmasked and uncounted",
                "on_unreadable: refuse, or person: header with the application naming the people",
            )
        elif passes:
            yield Problem(route.at("on_unreadable"), f"answers of {path} that cannot be read pass unmasked")
    yield from (
        Problem(fields.at(name), f"the field `{name}` is on no route, so it is never masked", f"{name}: {{html: …}}")
        for name in fields.values
        if routes and name not in placed and not any(r.view("person").form == "header" for r in routes)
    )
