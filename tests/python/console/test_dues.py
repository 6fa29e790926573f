"""What is urgent is among what is listed, however much waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from case_world import ANN, NOW, SITE
from console.signed_in import Clock
from hedgerow.cases.core.opening import open_by_person
from hedgerow.cases.core.working import add_task, finish_task
from hedgerow.cases.letters import telling
from hedgerow.console import dues
from hedgerow.console.services import Services
from letters.test_letters_keeping import House, house

__all__ = ["house"]


def test_a_task_with_a_date_comes_before_those_without_one(
    services: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dues, "MOST", 2)
    with services.database.session() as session:
        case = open_by_person(session, ANN, NOW, title="x", site=SITE, reason="y")
        for task in list(case.tasks):
            finish_task(session, ANN, NOW, task.id, "done")
        for n in range(3):
            add_task(session, ANN, NOW, case, f"some time {n}", None)
        add_task(session, ANN, NOW, case, "tomorrow", clock() + timedelta(days=1))
        found = [item.what for item in dues.tasks(session, services)]
    assert found[0].endswith(": tomorrow")


def test_a_letter_that_nobody_touched_for_long_is_among_the_overdue_ones(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "MOST", 2)
    late = house.draft()
    house.approve()
    house.send()
    house.forward(days=20)
    for _ in range(3):
        house.draft()
    with house.database.reading() as session:
        assert [row.id for row in telling.letters(session, house.now, state="overdue")] == [late]
        assert late in {item.letter_id for item in telling.due_items(session, house.now)}
