"""The limits of the policy are those of the gateway: every one, under the same name, with the same default."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from hedgerow.policy import load_text
from hedgerow.policy.edge_settings import LIMITS
from hedgerow.policy.meaning import doubts

SOURCE = Path(__file__).parents[2] / "crates/gateway/src/settings.rs"
SITES = b"sites: [{name: club, upstream: 'http://127.0.0.1:3000'}]\n"


def test_every_limit_of_the_gateway_can_be_set_and_has_its_default() -> None:
    source = SOURCE.read_text(encoding="utf-8")
    body = source.partition("impl Default for Limits")[2].partition("\n}\n")[0]
    product = re.compile(r"(\d[\d_.]*)(?: \* (\d[\d_]*))?")
    gateway: dict[str, float] = {}
    for name, value in re.findall(r"^\s+(\w+): ([\d_. *]+),", body, re.MULTILINE):
        found = product.fullmatch(value)
        assert found, value
        gateway[name] = float(ast.literal_eval(found[1])) * float(found[2] or 1)
    assert gateway == {s.name: float(str(s.default)) for s in LIMITS.settings}


def test_what_is_not_written_is_compiled_with_its_default() -> None:
    limits = load_text(b"limits: {connections: 5000}\n" + SITES).tables["limits"]
    assert isinstance(limits, dict)
    assert limits["connections"] == 5000
    assert limits["head_bytes"] == 32_768
    assert len(limits) == len(LIMITS.settings)


ALL_FOR_ONE = "one address may take every connection there is, and nobody else would be served"


def test_one_address_that_may_take_every_connection_is_doubted() -> None:
    found = doubts(load_text(b"limits: {connections: 500}\n" + SITES))
    assert ALL_FOR_ONE in [d.message for d in found]
    found = doubts(load_text(b"limits: {connections: 500, connections_per_address: 25}\n" + SITES))
    assert ALL_FOR_ONE not in [d.message for d in found]
