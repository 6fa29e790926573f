"""Turns a policy that was read into the engine's tables: exactly the shape of `crates/engine/src/policy/`."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Final

from hedgerow.policy import token_settings, words
from hedgerow.policy.defaults import LEVELS, SENSITIVITIES, STANDINGS
from hedgerow.policy.problem import Report, did_you_mean
from hedgerow.policy.view import View

FORMAT: Final = 1
"""Version of the compiled form; the engine's `policy::FORMAT`."""

MOST_FAMILIES: Final = 64
"""Families of routes a site may have, each with a posture of its own; the engine's `policy::MOST_FAMILIES`."""

Json = dict[str, object]

_BITS: Final = {name: 1 << i for i, name in enumerate(SENSITIVITIES)}


def compile_policy(policy: View, identifier: str, report: Report) -> Json:
    """The tables of all sites. What does not hold together goes into the report."""
    sites = policy.items("sites").views()
    _once(sites, report)
    asn = policy.maybe("asn_table")
    return {
        "format": FORMAT,
        "id": identifier,
        # Absolute, because the edge may have been started elsewhere.
        "asn_table": asn and str(Path(asn).absolute()),
        "limits": dict(policy.view("limits").values),
        "sites": [_site(s, report) for s in sites],
    }


def _once(sites: list[View], report: Report) -> None:
    names: dict[str, View] = {}
    hosts: dict[str, str] = {}
    for site in sites:
        name = site.text("name")
        if name in names:
            at = names[name].at("name")
            report.add(site.at("name"), f"the site `{name}` already stands at {at.line}:{at.column}", "another name")
        names.setdefault(name, site)
        for host, place in zip(site.items("hosts").texts(), site.items("hosts").places, strict=True):
            if host.lower() in hosts and hosts[host.lower()] != name:
                written = place if "hosts" in site.written else site.place
                report.add(
                    written,
                    f"the host `{host}` already belongs to `{hosts[host.lower()]}`; this site would never be reached",
                    "hosts: [the.name.of.this.site.example]",
                )
            hosts.setdefault(host.lower(), name)


def _site(site: View, report: Report) -> Json:
    people = site.view("people")
    fields = people.view("fields").values
    index = {name: i for i, name in enumerate(fields)}
    account = site.view("account")
    tls = site.maybe_view("tls")
    failures, privacy = site.view("failures"), site.view("privacy")
    _ladder_order(site.view("ladder"), report)
    _proof_order(site.view("proof"), report)
    _retention_order(site.view("retention"), report)
    return {
        "name": site.text("name"),
        "hosts": [h.lower().strip("[]") for h in site.items("hosts").texts()],
        "upstream": _upstream(site.view("upstream")),
        "tls": None if tls is None else {"certificate": tls.text("certificate"), "key": tls.text("key")},
        "mode": site.text("mode"),
        "contact": site.text("contact"),
        "title": site.maybe("title") or site.text("name"),
        "security_txt": site.text("security_txt"),
        "trusted_hops": [words.read_network(t) for t in site.items("trusted_hops").texts()],
        "headers": {
            name: (value.lower() if isinstance(value, str) else None)
            for name, value in site.view("headers").values.items()
        },
        "account": {
            "cookie": account.maybe("cookie"),
            "trust": account.text("trust"),
            "new_for_s": account.whole("new_for_s"),
            "sign_in_url": account.maybe("sign_in"),
            "token": token_settings.compiled(account.maybe_view("token"), report),
        },
        "fields": [{"name": name, "sensitivity": sensitivity} for name, sensitivity in fields.items()],
        "routes": _routes(people, index, report),
        "budgets": _budgets(site.view("budgets")),
        "posture": _posture(site.view("posture")),
        "signals": [[name, weight] for name, weight in site.view("signals").values.items() if weight],
        "ladder": dict(site.view("ladder").values),
        "enforcement": _enforcement(site.view("show")),
        "proof": dict(site.view("proof").values),
        "rules": _rules(site, report),
        "bait": {"paths": site.items("bait").texts()},
        "robots": None,
        "failures": {"ledger": failures.text("ledger"), "rule": failures.text("rule")},
        "privacy": {
            "sealed_address_days": privacy.whole("sealed_address_days"),
            "honour_gpc": privacy.flag("honour_gpc"),
        },
    }


def _upstream(upstream: View) -> Json:
    scheme, host, port = words.read_upstream(upstream.text("url"))
    return {
        "scheme": scheme,
        "host": host,
        "port": port,
        "http2": upstream.flag("http2"),
        "host_header": upstream.maybe("host_header"),
        "connect_timeout_s": upstream.real("connect_timeout_s"),
        "answer_timeout_s": upstream.real("answer_timeout_s"),
        "idle_timeout_s": upstream.real("idle_timeout_s"),
        "keep_idle": upstream.whole("keep_idle"),
        "ca_file": upstream.maybe("ca_file"),
    }


def _routes(people: View, index: dict[str, int], report: Report) -> list[Json]:
    compiled: list[Json] = []
    names: dict[str, View] = {}
    families: set[str] = set()
    for route in people.items("routes").views():
        name = route.maybe("name") or route_name(route.text("path"))
        if name in names:
            at = names[name].place
            report.add(
                route.at("name"),
                f"the route `{name}` ({route.text('path')}) has the name of the route at {at.line}:{at.column}",
                f"name: {name}-2",
            )
        names.setdefault(name, route)
        families.add(route.text("family"))
        if len(families) > MOST_FAMILIES:
            families.discard(route.text("family"))
            report.add(
                route.at("family"),
                f"the family `{route.text('family')}` is one too many: at most {MOST_FAMILIES} fit, because each has a "
                "posture of its own; join routes that give the same people",
                "family: people",
            )
        person = route.view("person")
        if person.form == "path" and "person" not in words.template_names(route.text("path")):
            report.add(
                route.at("path"),
                f"`person: path` needs {{person}} in the path, and `{route.text('path')}` has none",
                "path: /members/{person}",
            )
        compiled.append(
            {
                "name": name,
                "path": route.text("path"),
                "methods": route.items("methods").texts(),
                "kind": route.text("kind"),
                "family": route.text("family"),
                "person": _person(person),
                "fields": _readings(route, index, report),
                "on_unreadable": route.text("on_unreadable"),
                "max_body_bytes": int(route.real("max_body_mib") * (1 << 20)),
            }
        )
    return compiled


def route_name(path: str) -> str:
    """The name of a route that has none: made from its path, as `members-person` from `/members/{person}`."""
    name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")
    return name[:64] or "root"


def _person(person: View) -> object:
    if "html" in person.values:
        return {
            "html": {
                "item": person.text("html"),
                "id": person.maybe("id"),
                "attribute": person.text("attribute"),
                "pattern": person.text("pattern"),
            }
        }
    if "json" in person.values:
        return {
            "json": {
                "item": words.read_json_path(person.text("json")),
                "id": words.read_json_path(person.text("id")),
            }
        }
    return person.form


def _readings(route: View, index: dict[str, int], report: Report) -> list[Json]:
    readings: list[Json] = []
    fields = route.view("fields")
    for name, sources in fields.values.items():
        if name not in index:
            near = did_you_mean(name, index)
            meant = f"; did you mean `{near}`?" if near else ""
            report.add(
                fields.at(name),
                f"the field `{name}` is not among people.fields{meant}",
                f"{near}: ..." if near else f"people: {{fields: {{{name}: personal}}}}",
            )
            continue
        at = []
        for source in getattr(sources, "views", list)():
            if "html" in source.values:
                at.append({"html": {"selector": source.text("html"), "attribute": source.maybe("attribute")}})
            else:
                at.append({"json": {"path": words.read_json_path(source.text("json"))}})
            _same_kind(route, source, report)
        readings.append({"field": index[name], "at": at})
    return readings


def _same_kind(route: View, source: View, report: Report) -> None:
    """A field in HTML below a person in JSON can never be found, and the other way round."""
    person = route.view("person")
    for one, other in (("html", "json"), ("json", "html")):
        if one in person.values and other in source.values:
            report.add(
                source.place,
                f"this route reads its people from {one.upper()}, so the field cannot be in {other.upper()}",
                f"{{{one}: ...}}",
            )


def _budgets(budgets: View) -> list[Json]:
    lines: list[Json] = []
    for standing in STANDINGS:
        levels = budgets.maybe_view(standing)
        for level in LEVELS:
            cells = levels.maybe_view(level) if levels else None
            for sensitivity, limit in cells.limits() if cells else ():
                lines.append(
                    {
                        "standing": standing,
                        "level": level,
                        "sensitivity": sensitivity,
                        "hour": limit.get("hour"),
                        "day": limit.get("day"),
                        "month": limit.get("month"),
                    }
                )
    return lines


def _posture(posture: View) -> Json:
    def limits(name: str) -> list[Json]:
        return [
            {"sensitivity": s, "hour": limit.get("hour"), "day": limit.get("day")}
            for s, limit in posture.view(name).limits()
        ]

    def newcomers(name: str) -> list[Json]:
        return [
            {"standing": standing, "sensitivity": s, "people": people}
            for standing, cells in posture.view(name).views()
            for s, people in cells.values.items()
        ]

    unusual = posture.view("unusual")
    return {
        "raised": limits("raised"),
        "high": limits("high"),
        "learn_after_hours": posture.whole("learn_after_hours"),
        "learned_factor": posture.real("learned_factor"),
        "newcomer_age_s": posture.whole("newcomer_age_s"),
        "newcomer_raised": newcomers("newcomers_raised"),
        "newcomer_high": newcomers("newcomers_high"),
        "calm_after_s": posture.whole("calm_after_s"),
        "newcomer_days": posture.whole("newcomer_days"),
        "known_factor": posture.real("known_factor"),
        "unusual": {
            "days": unusual.whole("days"),
            "people": unusual.whole("people"),
            "factor": unusual.real("factor"),
            "share_percent": unusual.whole("share_percent"),
        },
    }


def _enforcement(show: View) -> Json:
    def standings(word: str) -> list[list[object]]:
        # Every standing is named, also with the empty set: the engine's own default is `never: special`.
        return [
            [standing, sum(_BITS[s] for s, said in (cells.values if cells else {}).items() if said == word)]
            for standing in STANDINGS
            for cells in [show.maybe_view(standing)]
        ]

    return {"never": standings("never"), "on_request": standings("on_request")}


def _rules(site: View, report: Report) -> list[Json]:
    rules: list[Json] = []
    seen: set[str] = set()
    for rule in site.items("rules").views():
        name, then, weight = rule.text("name"), rule.maybe("then"), rule.maybe_whole("weight")
        if name in seen:
            report.add(rule.at("name"), f"two rules have the name `{name}`", f"name: {name}-2")
        seen.add(name)
        if then is None and weight is None:
            report.add(rule.place, f"the rule `{name}` does nothing: it needs `then` or `weight`", "then: prove")
        if then not in {None, "allow"} and weight is not None:
            report.add(rule.at("weight"), f"the rule `{name}` has both `then` and `weight`", "one of the two")
        rules.append(
            {
                "name": name,
                "when": rule.text("when"),
                "then": then or "allow",
                "weight": weight,
                "last": rule.flag("last"),
            }
        )
    return rules


def _ladder_order(ladder: View, report: Report) -> None:
    for steps in (("prove_at", "slow_at", "refuse_at"), ("prove_beyond", "sign_in_beyond", "refuse_beyond")):
        for lower, upper in pairwise(steps):
            low, high = ladder.whole(lower), ladder.whole(upper)
            if low > high:
                named = upper if upper in ladder.written else lower
                report.add(
                    ladder.at(named),
                    f"`{upper}` ({high}) comes before `{lower}` ({low}): the gentler step would never be taken",
                    f"{upper}: {low} or more",
                )


def _retention_order(retention: View, report: Report) -> None:
    detail = retention.whole("detail_days")
    disclosures = retention.maybe_whole("disclosures_days") or detail
    named = "disclosures_days" if "disclosures_days" in retention.written else "detail_days"
    sketches = retention.whole("sketch_days")
    if sketches < disclosures:
        at = "sketch_days" if "sketch_days" in retention.written else named
        report.add(
            retention.at(at),
            f"`sketch_days` ({sketches}) is shorter than `{named}` ({disclosures}): sketches are what is kept longest",
            f"sketch_days: {disclosures} or more",
        )
    links = retention.maybe_whole("links_days")
    if links is not None and links > disclosures:
        report.add(
            retention.at("links_days"),
            f"`links_days` ({links}) is longer than `{named}` ({disclosures}): days could be linked that say nothing "
            "any more",
            f"links_days: {disclosures} or less",
        )


def _proof_order(proof: View, report: Report) -> None:
    for easy, hard in (("easy_work", "hard_work"), ("easy_wait_s", "hard_wait_s")):
        if proof.whole(easy) > proof.whole(hard):
            named = hard if hard in proof.written else easy
            report.add(proof.at(named), f"`{hard}` is smaller than `{easy}`", f"{hard}: {proof.whole(easy)}")
