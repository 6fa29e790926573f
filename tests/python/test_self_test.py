"""The self-test's answer is believed only where it is one."""

from __future__ import annotations

import pytest

from hedgerow.cli.self_test import _result

GOOD = {"site": "club", "address": "198.51.100.7", "source": "connection", "explanation": "-", "recorded_as": "0a"}


def test_the_gateways_answer_is_read() -> None:
    assert _result({**GOOD, "more": 1}) == GOOD


@pytest.mark.parametrize("told", [[], None, "club", {"type": "about:blank", "status": 404}, {**GOOD, "address": None}])
def test_another_servers_json_is_an_error_in_words(told: object) -> None:
    with pytest.raises(ValueError, match="not the test's result"):
        _result(told)
