"""The report as one self-contained page: no script, no request to anywhere, nothing of the log unescaped."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from datetime import datetime
from importlib import resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from hedgerow.audit import charts
from hedgerow.audit.replaying import Json
from hedgerow.audit.wording import count, moment, number, share, span

_VERDICTS = {
    "allow": "let pass",
    "mask": "fields masked",
    "prove": "asked for a proof",
    "slow": "slowed down",
    "sign_in": "asked to sign in",
    "refuse": "refused",
    "decoy": "served made-up people",
}


def page(report: Json) -> str:
    """The HTML of a report."""
    folder = resources.files("hedgerow.audit") / "page"
    style = (folder / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.globals.update(number=number, share=share, count=count, span=_span, short=_short, charts=charts)
    template = environment.from_string((folder / "report.html").read_text(encoding="utf-8"))
    return template.render(
        r=report,
        headline=headline(report),
        lead=lead(report),
        kinds=_kinds(report["harvests"]),
        made=moment(_seconds(report["made"])),
        # Our own file, not anybody's words.
        style=Markup(style),  # noqa: S704
        style_hash=f"sha256-{digest}",
        words_of=_VERDICTS,
    )


def headline(report: Json) -> str:
    """The one sentence."""
    taken, people = report["taken"], report["people"]
    if not report["log"]["read"]:
        return "No line of this log could be read"
    if not people["seen"]:
        return "This log does not say whom it showed"
    if not taken["people"]:
        if report["by_amount"]:
            first = report["by_amount"][0]
            who = f"{first['agent']}, one visitor," if first["agent"] else "one visitor"
            most = share(first["people"], people["whole"])
            return f"No harvest is certain, but {who} read {most} of {_whole(report)}"
        return "No harvest was found in this log"
    return f"{share(taken['people'], people['whole'])} of {_whole(report)} appear to have been collected"


def lead(report: Json) -> str:
    """What stands below it."""
    taken, people, log = report["taken"], report["people"], report["log"]
    if not log["read"]:
        return (
            "The lines are of no format that is known, or not of the one that was named. What they look like is below."
        )
    if not people["seen"]:
        return (
            "No address in it was found to name people, so nothing can be said about who was shown to whom. "
            "What to do about that is below."
        )
    whom = f"{count(people['seen'], 'person', 'people')} in {count(people['requests'], 'request')}"
    seen = f"The log shows {whom}, {_span(log['first'], log['last'])}."
    if not taken["people"]:
        much = report["by_amount_actors"]
        if much:
            return (
                f"{seen} {count(much, 'visitor read', 'visitors each read')} at least a twentieth of them. Whom they "
                "read does not tell whether they collect people or are curious; they are listed under “By amount”."
            )
        return f"{seen} Nobody in it reads people as somebody does who collects them."
    whom = count(taken["people"], "person was", "people were")
    biggest = report["harvests"][0]
    how = (
        f"The largest harvest is {number(biggest['actors'])} visitors who share out the people among them."
        if biggest["kind"] == "group"
        else "The largest was done from one place."
    )
    return f"{seen} {whom} read by visitors who behave as collectors do, {_span(taken['first'], taken['last'])}. {how}"


def _whole(report: Json) -> str:
    return "this site's people" if report["people"]["members"] else "the people in this log"


def _kinds(harvests: list[Json]) -> str:
    counts = Counter(h["kind"] for h in harvests)
    said = [
        count(counts["group"], "group", "groups") if counts["group"] else "",
        count(counts["single"], "alone", "alone") if counts["single"] else "",
    ]
    return ", ".join(s for s in said if s) or "none found"


def _seconds(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp())


def _span(first: str, last: str) -> str:
    return span(_seconds(first), _seconds(last))


def _short(iso: str) -> str:
    return iso[:16].replace("T", " ")
