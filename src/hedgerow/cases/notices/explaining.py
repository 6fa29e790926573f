"""Regimes in words: the list, the explanation of one, and the reference page."""

from __future__ import annotations

from hedgerow.cases.notices.clocks import in_words
from hedgerow.cases.notices.codes import MEANINGS, Duty
from hedgerow.cases.notices.loading import RuleSet
from hedgerow.cases.notices.rules import (
    EXTRA_RULES,
    FORBIDDEN,
    MODES,
    PUBLIC_NOTICE,
    AfterAuthority,
    AtOnce,
    Limit,
    Notice,
    Period,
    Regime,
    Status,
)

WARNING = "Not legal advice. A rule that is not verified is a reminder to look, not an answer."
_TITLES = {
    Duty.AUTHORITY: "Notice to the authority",
    Duty.PEOPLE: "Notice to people",
    Duty.THIRD_PARTIES: "Notice to those who can reduce harm",
}


def limit(asked: Limit) -> str:
    """A limit in words."""
    match asked:
        case Period():
            return in_words(asked) + ("; a last day off moves to the next working day" if asked.roll else "")
        case AtOnce():
            return f"{asked.words} (from {asked.event.value.replace('_', ' ')}; the law has no number)"
        case AfterAuthority():
            return asked.words


def listed(rules: RuleSet) -> list[dict[str, str | None]]:
    """Every regime for JSON."""
    return [
        {
            "id": r.id,
            "title": r.title,
            "version": r.version.isoformat(),
            "status": r.status.value,
            "verified": r.verified.value,
            "enabled_from": r.enabled_from.isoformat() if r.enabled_from else None,
            "authority": r.authority_name,
            "places": ", ".join(r.places),
        }
        for r in rules.regimes.values()
    ]


def table(rules: RuleSet) -> list[str]:
    """Every regime, a line each."""
    lines = [f"{'regime':8}  {'status':9}  {'verified':8}  {'version':10}  authority; title"]
    lines += [
        f"{r.id:8}  {r.status.value:9}  {r.verified.value:8}  {r.version}  {r.authority_name}; {r.title}"
        + (_switch(r) and f" ({_switch(r)})")
        for r in rules.regimes.values()
    ]
    return [*lines, "", f"rule set {rules.digest[:12]} of {rules.version}", WARNING]


def _switch(r: Regime) -> str:
    if r.status is Status.PROPOSAL:
        return f"counts from {r.enabled_from}" if r.enabled_from else "a draft: counts for nothing until it is law"
    return ""


def explained(r: Regime) -> list[str]:
    """One regime, in plain text."""
    lines = [
        f"{r.id}: {r.title}",
        f"status {r.status.value}{f' ({_switch(r)})' if _switch(r) else ''}, version {r.version}, "
        f"verified: {r.verified.value}",
        f"authority: {r.authority_name}",
        f"where: {', '.join(r.places)} (by {' or '.join(r.applies_by)})",
    ]
    if r.inherits:
        lines.append(f"what is not said here is as in {r.inherits}")
    if r.assess:
        lines += ["", "Assessment", f"  by when: {limit(r.assess)}"]
    for duty, title in _TITLES.items():
        notice = r.notice(duty)
        if notice is not None:
            lines += ["", title, *(f"  {line}" for line in _notice(notice))]
    if r.register:
        kept = f"{r.register.keep_months} months" if r.register.keep_months else "no period in the law"
        since = f" from {r.register.keep_from.value.replace('_', ' ')}" if r.register.keep_from else ""
        lines += ["", "Register", f"  {r.register.scope} breaches; kept: {kept}{since}"]
    if r.phased:
        lines.append("  the notice may be completed later")
    lines += [f"  {EXTRA_RULES[name]}" for name in r.extra_rules]
    for title, said in (("Notes", r.notes), ("Not verified", r.unverified)):
        if said:
            lines += ["", title, *(f"  {line}" for line in said)]
    lines += ["", "Sources", *(f"  {line}" for line in sources(r)), "", WARNING]
    return lines


def sources(r: Regime) -> list[str]:
    """Where a rule comes from, and how each source was looked at."""
    return [
        s.text
        + (f", {s.dated}" if s.dated else "")
        + f" [{s.how}{f', {s.checked}' if s.checked else ''}{f': {s.remark}' if s.remark else ''}]"
        for s in r.sources
    ]


def _notice(n: Notice) -> list[str]:
    lines = [
        f"test: {n.test.question}",
        *(f"  {name.replace('_', ' ')}: {asks}" for name, asks in n.test.factors.items()),
        f"by when: {limit(n.limit)}",
    ]
    if not n.mandatory:
        lines.append("urged or advised, not a duty")
    if n.test.people_at_least:
        lines.append(f"{n.test.people_at_least:,} people meet the test alone")
    if n.expected:
        lines.append(f"the authority expects it {in_words(n.expected).replace(' after', ' at most after')}")
    for title, codes in (("contents", n.fields), ("the form asks also", n.also)):
        if codes:
            lines.append(f"{title}: {', '.join(f'{c} ({MEANINGS[c].name})' for c in codes)}")
    lines += [f"must not say: {FORBIDDEN[w]}" for w in n.forbidden]
    lines += [f"can reach: {MODES[w]}" for w in n.modes]
    lines += [f"public notice instead: {PUBLIC_NOTICE[w]}" for w in n.public_notice]
    lines += [f"not due: {w}" for w in n.exceptions]
    return lines


def page(rules: RuleSet) -> str:
    """The reference page."""
    lines = [
        "# Notification regimes",
        "",
        "Generated from `src/hedgerow/cases/notices/regimes/` by `make docs`; the same as `hedgerow notices explain`.",
        "",
        f"**{WARNING}** What verified means, and what these rules do not do, is in",
        "[Notices](../explanation/notices.md).",
        "",
        "| regime | law | status | verified | version |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| [`{r.id}`](#{r.id.lower()}) | {r.title} | {r.status.value} | {r.verified.value} | {r.version} |"
        for r in rules.regimes.values()
    ]
    lines += ["", "## Codes of facts", "", "| code | fact | comes from |", "|---|---|---|"]
    lines += [f"| `{code}` | {m.sentence} | {m.supplied_by} |" for code, m in MEANINGS.items()]
    for r in rules.regimes.values():
        lines += ["", f"## {r.id}", "", "```text", *explained(r)[:-2], "```"]
    return "\n".join(lines) + "\n"
