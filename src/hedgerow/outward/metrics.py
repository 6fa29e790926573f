"""Figures for Prometheus: people disclosed, verdicts by lane, the most curious share, cases, deadlines, the outbox.

No label ever holds a person's or a principal's name, an address or a route: labels are the site, and words of closed
lists. Figures are collected when they are asked for, from whatever `Figures` the caller has; what could not be read is
left out and `hedgerow_figures_missing` says so, because a nought would be a lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Meaning:
    """One metric: its sort, its sentence, its labels."""

    name: str
    sort: str
    """`gauge` or `counter`."""
    sentence: str
    labels: tuple[str, ...] = ()


METRICS: Final[dict[str, Meaning]] = {
    m.name: m
    for m in (
        Meaning("hedgerow_edge_up", "gauge", "1 while the gateway answers, else 0."),
        Meaning(
            "hedgerow_people_disclosed_today",
            "gauge",
            "Distinct people shown to anybody since midnight UTC, from the ledger.",
            ("site",),
        ),
        Meaning(
            "hedgerow_verdicts_today",
            "gauge",
            "Verdicts since midnight UTC on routes that show people, from the ledger.",
            ("site", "lane", "verdict"),
        ),
        Meaning(
            "hedgerow_most_curious_share",
            "gauge",
            "Share of all people that the most curious principal was shown in 30 days, between 0 and 1.",
            ("site",),
        ),
        Meaning("hedgerow_requests", "counter", "Requests since the gateway started.", ("site",)),
        Meaning("hedgerow_disclosures", "counter", "Disclosures recorded since the gateway started.", ("site",)),
        Meaning(
            "hedgerow_ledger_failures",
            "counter",
            "Entries that the ledger did not take since the gateway started.",
            ("site",),
        ),
        Meaning("hedgerow_cases_open", "gauge", "Cases that are not closed.", ("severity",)),
        Meaning(
            "hedgerow_deadlines_open",
            "gauge",
            "Things that wait for a person in the notices of open cases.",
            ("what",),
        ),
        Meaning("hedgerow_deadlines_overdue", "gauge", "Those of them whose moment is past.", ("what",)),
        Meaning(
            "hedgerow_next_deadline_seconds",
            "gauge",
            "Seconds until the next one is due; negative when it is late; absent when none has a date.",
        ),
        Meaning("hedgerow_mailing_people", "gauge", "People in mailings under way, by state.", ("state",)),
        Meaning("hedgerow_outbox_messages", "gauge", "Notifications in the outbox, by state.", ("state",)),
        Meaning(
            "hedgerow_figures_missing",
            "gauge",
            "1 for each source of figures that could not be read: `edge`, `ledger`, `database`.",
            ("source",),
        ),
    )
}
"""Every metric there is; docs/reference/metrics.md has the same, and a test compares them."""


@dataclass
class Figures:
    """What is known at one moment: for each metric, values by the values of its labels."""

    values: dict[str, dict[tuple[str, ...], float]] = field(default_factory=dict)

    def put(self, name: str, value: float, *labels: str) -> None:
        """Notes one value.

        Raises:
            KeyError: there is no such metric.
            ValueError: the number of labels does not fit.
        """
        meaning = METRICS[name]
        if len(labels) != len(meaning.labels):
            raise ValueError(f"{name} has the labels {meaning.labels}")
        self.values.setdefault(name, {})[labels] = value


class _Once(Collector):
    def __init__(self, figures: Figures) -> None:
        self._values: Mapping[str, Mapping[tuple[str, ...], float]] = figures.values

    def collect(self) -> Iterator[Metric]:
        for name, meaning in METRICS.items():
            found = self._values.get(name)
            if not found:
                continue
            sort = CounterMetricFamily if meaning.sort == "counter" else GaugeMetricFamily
            family = sort(name, meaning.sentence, labels=meaning.labels)
            for labels, value in sorted(found.items()):
                family.add_metric(labels, value)
            yield family


def exposition(figures: Figures) -> bytes:
    """The figures in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Once(figures))
    return generate_latest(registry)
