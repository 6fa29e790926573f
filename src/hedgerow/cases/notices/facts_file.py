"""Reads a case from a file: facts, and what people decided and sent. Nothing is guessed for what is not written."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from hedgerow.cases.notices import filings
from hedgerow.cases.notices.codes import Code, Duty, Event
from hedgerow.cases.notices.counts import Count, Figures
from hedgerow.cases.notices.decisions import Decision, LateReason, Outcome
from hedgerow.cases.notices.duties import Records
from hedgerow.cases.notices.facts import (
    Certainty,
    Contact,
    EarlierSign,
    Facts,
    Group,
    Holder,
    Kind,
    Organisation,
    Residence,
    Step,
)
from hedgerow.cases.notices.facts_shape import CASE
from hedgerow.cases.notices.loading import read_text
from hedgerow.cases.notices.problems import NoticeError, NoticeFileError
from hedgerow.policy.problem import Report
from hedgerow.policy.reader import Reader
from hedgerow.policy.source import MAX_BYTES, Node, of_data
from hedgerow.policy.view import Items, View


def read_case(path: Path) -> tuple[Facts, Records]:
    """Reads a case's file; at most one byte more than allowed is ever read.

    Raises:
        NoticeFileError: with every mistake.
        OSError: when the file cannot be read.
    """
    with path.open("rb") as f:
        return case_of(f.read(MAX_BYTES + 1), str(path))


def case_of(text: bytes, name: str = "facts") -> tuple[Facts, Records]:
    """Reads a case.

    Raises:
        NoticeFileError: with every mistake, each with its line and what to write.
    """
    report = Report(name)
    return _read(read_text(text, report, "reference: case-1"), report)


def case_of_data(document: dict[str, Any], name: str = "facts") -> tuple[Facts, Records]:
    """The same of a document that a program put together.

    Raises:
        NoticeFileError: with every mistake.
    """
    report = Report(name)
    return _read(of_data(document, report), report)


def _read(node: Node | None, report: Report) -> tuple[Facts, Records]:
    view = Reader(report).section(CASE, node) if node is not None else None
    if view is None or report.problems:
        raise NoticeFileError([report])
    found = _Found(report)
    facts, records = found.facts(view), found.records(view)
    if report.problems:
        raise NoticeFileError([report])
    return facts, records


class _Found:
    """Turns what was read into facts; what does not hold together goes into the report."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def facts(self, v: View) -> Facts:
        holder = v.maybe_view("holder")
        return Facts(
            reference=v.text("reference"),
            organisation=_organisation(v.view("organisation")),
            narrative=v.text("narrative"),
            plain_words=_words(v.view("plain_words")),
            cause=v.text("cause"),
            period_from=_day(v.maybe("period_from")),
            period_to=_day(v.maybe("period_to")),
            period_note=v.text("period_note"),
            events={Event(k): datetime.fromisoformat(str(at)) for k, at in v.view("events").values.items()},
            awareness=v.text("awareness"),
            steps=tuple(Step(datetime.fromisoformat(s.text("at")), s.text("what")) for s in v.items("steps").views()),
            nature=_texts(v, "nature"),
            systems=_texts(v, "systems"),
            processors=_texts(v, "processors"),
            holder=Holder(holder.text("name"), _texts(holder, "names_to_keep_out"), holder.text("serious_threat"))
            if holder
            else None,
            kinds=tuple(
                Kind(k.text("name"), Certainty(k.text("certainty")), k.text("reason"), k.text("sensitivity"))
                for k in v.items("kinds").views()
            ),
            records=self._maybe_count(v.maybe_view("records")),
            groups=tuple(
                Group(g.text("name"), g.flag("children"), g.flag("at_risk"), self._maybe_count(g.maybe_view("count")))
                for g in v.items("groups").views()
            ),
            people=self._figures(v),
            residences=self._residences(v),
            harms=_texts(v, "harms"),
            severity=v.text("severity"),
            in_place=_texts(v, "in_place"),
            taken=_texts(v, "taken"),
            planned=_texts(v, "planned"),
            plain_taken=_lists(v.view("plain_taken")),
            plain_planned=_lists(v.view("plain_planned")),
            told_people=v.text("told_people"),
            why_people=v.text("why_people"),
            told_others=_texts(v, "told_others"),
            warnings=tuple(
                EarlierSign(datetime.fromisoformat(s.text("at")), s.text("what")) for s in v.items("warnings").views()
            ),
            answers={k: str(a) for k, a in v.view("answers").values.items()},
        )

    def records(self, v: View) -> Records:
        return Records(
            decisions=tuple(
                Decision(
                    d.text("regime"),
                    Duty(d.text("duty")),
                    Outcome(d.text("outcome")),
                    d.text("decided_by"),
                    datetime.fromisoformat(d.text("decided_at")),
                    d.text("reasons"),
                    {k: str(t) for k, t in d.view("factors").values.items()},
                )
                for d in v.items("decisions").views()
            ),
            filings=tuple(
                filings.Filing(
                    f.text("regime"),
                    Duty(f.text("duty")),
                    filings.Kind(f.text("kind")),
                    datetime.fromisoformat(f.text("at")),
                    f.text("by"),
                    tuple(Code(c) for c in f.items("given").texts()),
                    tuple(Code(c) for c in f.items("open").texts()),
                    _day(f.maybe("promised")),
                    self._maybe_count(f.maybe_view("people")),
                    f.text("reason"),
                )
                for f in v.items("filings").views()
            ),
            late_reasons=tuple(
                LateReason(
                    r.text("regime"),
                    Duty(r.text("duty")),
                    r.text("text"),
                    r.text("by"),
                    datetime.fromisoformat(r.text("at")),
                )
                for r in v.items("late_reasons").views()
            ),
            registered=_texts(v, "registered"),
        )

    def _figures(self, v: View) -> Figures:
        figures = Figures()
        for f in v.items("people").views():
            count = self._count(f)
            if count is None:
                continue
            try:
                figures = figures.superseded_by(
                    count, datetime.fromisoformat(f.text("at")), f.text("by"), f.text("reason")
                )
            except NoticeError as e:
                self.report.add(f.place, str(e), "reason: Why the new figure is better.")
        return figures

    def _residences(self, v: View) -> tuple[Residence, ...]:
        found: dict[str, Residence] = {}
        for r in v.items("residences").views():
            count = self._count(r)
            place = r.text("place")
            if place in found:
                self.report.add(r.at("place"), f"`{place}` stands here twice", "one line a place")
            elif count is not None:
                found[place] = Residence(place, count)
        return tuple(found.values())

    def _maybe_count(self, v: View | None) -> Count | None:
        return self._count(v) if v else None

    def _count(self, v: View) -> Count | None:
        low, high = v.whole("low"), v.maybe_whole("high")
        try:
            return Count(low, low if high is None else high, v.text("method"))
        except NoticeError as e:
            self.report.add(v.at("high"), str(e), f"high: {low}")
            return None


def _organisation(v: View) -> Organisation:
    return Organisation(
        name=v.text("name"),
        identifiers=_texts(v, "identifiers"),
        sector=v.text("sector"),
        size=v.text("size"),
        address=v.text("address"),
        established_in=_texts(v, "established_in"),
        main_establishment=v.maybe("main_establishment"),
        contact=_contact(v.maybe_view("contact")),
        officer=_contact(v.maybe_view("officer")),
        representatives=tuple((k, str(name)) for k, name in v.view("representatives").values.items()),
    )


def _contact(v: View | None) -> Contact | None:
    return Contact(v.text("name"), v.text("email"), v.text("phone"), v.text("role")) if v else None


def _texts(v: View, name: str) -> tuple[str, ...]:
    return tuple(v.items(name).texts())


def _words(v: View) -> dict[str, str]:
    return {k: str(text) for k, text in v.values.items()}


def _lists(v: View) -> dict[str, tuple[str, ...]]:
    return {k: tuple(items.texts()) for k, items in v.values.items() if isinstance(items, Items)}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
