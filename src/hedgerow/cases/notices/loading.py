"""Reads the regimes: every mistake with file, line and what to write; nothing half-read is ever returned."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from hedgerow.cases.notices.codes import Code, Event
from hedgerow.cases.notices.inheriting import inherited
from hedgerow.cases.notices.problems import NoticeError, NoticeFileError
from hedgerow.cases.notices.rule_shape import REGIME
from hedgerow.cases.notices.rules import (
    AfterAuthority,
    AtOnce,
    Limit,
    Notice,
    Period,
    Regime,
    RegisterRule,
    Source,
    Status,
    Test,
    Unit,
    Verified,
)
from hedgerow.policy.problem import Place, Report, did_you_mean
from hedgerow.policy.reader import Reader
from hedgerow.policy.source import MAX_BYTES, Node, Scalar, Table, read
from hedgerow.policy.view import View

FOLDER: Final = Path(__file__).with_name("regimes")
"""The regimes that ship."""
MOST_FILES: Final = 500


@dataclass(frozen=True)
class RuleSet:
    """Regimes by name, and what they are together."""

    regimes: dict[str, Regime]
    digest: str
    """SHA-256 over the files, in hexadecimal: which rules a decision was taken under."""

    @property
    def version(self) -> date:
        """Day of the latest change."""
        return max(r.version for r in self.regimes.values())

    def get(self, name: str) -> Regime:
        """One regime.

        Raises:
            NoticeError: when there is none of that name.
        """
        if name in self.regimes:
            return self.regimes[name]
        near = did_you_mean(name, (n.lower() for n in self.regimes))
        meant = f"; did you mean {near.upper()}?" if near else "."
        raise NoticeError(f"there is no regime `{name[:40]}`{meant} Known: {', '.join(self.regimes)}")

    def in_force(self, day: date) -> Iterator[Regime]:
        """The regimes that count on a day: a proposal only from its dated switch, and then instead of the old rule."""
        counting = [r for r in self.regimes.values() if r.in_force(day)]
        replaced = {r.replaces for r in counting}
        return (r for r in counting if r.id not in replaced)


@cache
def shipped() -> RuleSet:
    """The rule set that ships with Hedgerow."""
    return load(FOLDER)


def load(folder: Path) -> RuleSet:
    """Reads every `*.yaml` of a folder.

    Raises:
        NoticeFileError: with every mistake of every file.
        NoticeError: when the folder holds no rules, or too many.
    """
    paths = sorted(folder.glob("*.yaml"))
    if not 0 < len(paths) <= MOST_FILES:
        raise NoticeError(f"{folder} holds {len(paths)} files of regimes; between 1 and {MOST_FILES} are read")
    digest = hashlib.sha256()
    files: dict[str, tuple[Table, Report]] = {}
    wrong: list[Report] = []
    for path in paths:
        with path.open("rb") as f:
            text = f.read(MAX_BYTES + 1)
        digest.update(path.name.encode() + b"\0" + text + b"\0")
        report = Report(str(path))
        node = read_text(text, report, "id: EU")
        if isinstance(node, Table):
            files[path.stem] = (node, report)
            written = node.get("id")
            if isinstance(written, Scalar) and written.text != path.stem:
                report.add(written.place, f"`{written.text[:40]}` stands in {path.name}", f"id: {path.stem}")
        elif node is not None:
            report.add(node.place, "a regime is a table", "id: EU")
        if report.problems:
            wrong.append(report)
    regimes: dict[str, Regime] = {}
    for name, table in inherited(files).items():
        report = files[name][1]
        view = Reader(report).section(REGIME, table)
        if view is not None and not report.problems:
            regimes[name] = _regime(view)
            _check(view, regimes[name], files, report)
        if report.problems and report not in wrong:
            wrong.append(report)
    if wrong:
        raise NoticeFileError(wrong)
    return RuleSet(regimes, digest.hexdigest())


def read_text(text: bytes, report: Report, example: str) -> Node | None:
    """One YAML document; an empty file gets the advice that fits here."""
    if not text.strip():
        report.add(Place(1, 1), "the file is empty", example)
        return None
    return read(text, report)


def _check(view: View, regime: Regime, files: dict[str, tuple[Table, Report]], report: Report) -> None:
    """What no single value shows."""
    if regime.verified is Verified.YES and regime.unverified:
        report.add(view.at("verified"), "`unverified` names something, so not everything is", "verified: partly")
    if regime.verified is Verified.PARTLY and not regime.unverified:
        report.add(view.at("verified"), "say what was not compared", "unverified: [The list of contents.]")
    read_any = any(s.how in {"read", "regulator"} for s in regime.sources)
    if regime.verified is Verified.YES and any(s.how not in {"read", "regulator"} for s in regime.sources):
        report.add(view.at("verified"), "a source was not read, so not everything was compared", "verified: partly")
    if regime.verified is not Verified.NO and not read_any:
        report.add(view.at("verified"), "no source was read", "verified: no")
    for source in regime.sources:
        if source.how != "memory" and source.checked is None:
            report.add(view.at("sources"), f"say when `{source.text[:60]}` was read", "checked: 2026-11-26")
    if regime.replaces is not None and regime.replaces not in files:
        report.add(view.at("replaces"), f"there is no regime `{regime.replaces}`", f"replaces: {next(iter(files))}")
    if regime.status is Status.PROPOSAL and regime.replaces is None and regime.enabled_from is not None:
        report.add(view.at("enabled_from"), "say which regime ends when this proposal counts", "replaces: EU")
    for notice in (regime.to_authority, regime.to_people):
        if notice is not None and isinstance(notice.limit, AfterAuthority) and regime.to_authority is None:
            report.add(view.at("to_people"), "nobody tells the authority, so nothing can follow it", "limit: {at_once:")


def _regime(v: View) -> Regime:
    authority = v.view("authority")
    register = v.maybe_view("register")
    return Regime(
        id=v.text("id"),
        title=v.text("title"),
        version=date.fromisoformat(v.text("version")),
        status=Status(v.text("status")),
        authority=authority.text("code"),
        authority_name=authority.text("name"),
        complain_at=authority.text("complain_at"),
        places=tuple(v.items("places").texts()),
        applies_by=tuple(v.items("applies_by").texts()),
        time_zone=v.maybe("time_zone"),
        calendar=v.maybe("calendar"),
        verified=Verified(v.text("verified")),
        unverified=tuple(v.items("unverified").texts()),
        sources=tuple(_source(s) for s in v.items("sources").views()),
        assess=_maybe_period(v.maybe_view("assess")),
        to_authority=_notice(v.maybe_view("to_authority")),
        to_people=_notice(v.maybe_view("to_people")),
        to_third_parties=_notice(v.maybe_view("to_third_parties")),
        register=RegisterRule(
            register.text("scope"), register.maybe_whole("keep_months"), _maybe_event(register.maybe("keep_from"))
        )
        if register
        else None,
        phased=v.flag("phased"),
        extra_rules=tuple(v.items("extra_rules").texts()),
        language=v.maybe("language"),
        enabled_from=_maybe_day(v.maybe("enabled_from")),
        replaces=v.maybe("replaces"),
        inherits=v.maybe("inherits"),
        notes=tuple(v.items("notes").texts()),
    )


def _notice(v: View | None) -> Notice | None:
    if v is None:
        return None
    t = v.view("test")
    test = Test(
        t.text("name"),
        t.text("question"),
        {k: str(s) for k, s in t.view("factors").values.items()},
        t.maybe_whole("people_at_least"),
        t.text("counted"),
    )
    return Notice(
        test=test,
        limit=_limit(v.view("limit")),
        mandatory=v.flag("mandatory"),
        expected=_maybe_period(v.maybe_view("expected")),
        fields=tuple(Code(c) for c in v.items("fields").texts()),
        also=tuple(Code(c) for c in v.items("also").texts()),
        forbidden=tuple(v.items("forbid").texts()),
        modes=tuple(v.items("modes").texts()),
        public_notice=tuple(v.items("public_notice").texts()),
        exceptions=tuple(v.items("exceptions").texts()),
    )


def _limit(v: View) -> Limit:
    match v.form:
        case "period":
            return _period(v)
        case "at once":
            return AtOnce(v.text("at_once"), Event(v.text("from")))
        case _:
            return AfterAuthority(v.text("after_authority"))


def _period(v: View) -> Period:
    return Period(v.whole("amount"), Unit(v.text("unit")), Event(v.text("from")), v.flag("roll"))


def _maybe_period(v: View | None) -> Period | None:
    return _period(v) if v else None


def _source(v: View) -> Source:
    return Source(
        v.text("text"),
        _maybe_day(v.maybe("date")),
        v.text("how"),
        _maybe_day(v.maybe("checked")),
        v.text("remark"),
    )


def _maybe_day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _maybe_event(text: str | None) -> Event | None:
    return Event(text) if text else None
