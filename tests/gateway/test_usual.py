"""What is usual at a site, from a running edge to the brain that says when a threshold written by hand is stale."""

from __future__ import annotations

import pytest

from hedgerow.brain.crawler_names import Dns
from hedgerow.brain.loop import Brain
from hedgerow.brain.tables import Overrides, compile_tables
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.site import Site
from tests.gateway.wire import BROWSER

BEGIN_S = 1_800_000_000
WEEK_H = 7 * 24


def test_a_threshold_far_above_what_is_usual_is_said_after_a_week(
    site: Site, gateway: StartGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    written = policy(site.url, {"posture": {"raised": {"personal": "5000/hour"}, "high": {"personal": "9000/hour"}}})
    running = gateway(written, "--drill-clock", "drill-time", enforce=False)
    brain = Brain(running.folder(), running.config, Overrides(), running.control(), Dns())
    brain.compiled = compile_tables(running.config, brain.folder, brain.overrides)

    def visit(hours: range) -> None:
        with running.wire() as wire:
            for n in hours:
                at = {**BROWSER, "drill-time": str(BEGIN_S + n * 3_600)}
                assert wire.ask(f"/members?from={n * 10 + 1}", at).status == 200

    visit(range(WEEK_H - 1))
    brain.write_notices()
    assert running.edge_status()["usual"] == {"club": {}}, "six days and some are too few to say what is usual"
    assert "stale" not in "".join(capsys.readouterr())
    visit(range(WEEK_H - 1, WEEK_H + 2))
    usual = running.edge_status()["usual"]
    assert isinstance(usual, dict)
    assert usual["club"].keys() == {"basic", "personal", "contact"}
    assert 8 <= usual["club"]["personal"] <= 22, "ten people an hour"
    brain.write_notices()
    said = "".join(capsys.readouterr())
    assert "posture.raised.personal is set by hand to 5,000 people an hour" in said
    assert "a harvest would hardly be noticed" in said
