"""The JSON twin of what is said about long work: whether it goes on, what it does now, how it ended."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from hedgerow.console.access.roles import Permission
from hedgerow.console.problems import NotFound
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services


class WorkDocument(BaseModel):
    """One piece of long work."""

    id: str
    title: str
    by: str
    state: Literal["waiting", "running", "done", "failed"]
    step: str
    """What is being done now."""
    outcome: str
    """How it ended, in a sentence."""
    begun_at: datetime
    ended_at: datetime | None
    took_s: float


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """One piece of work."""
    routes = APIRouter(tags=["cases"])
    api(routes, "/api/v1/work/{work_id}", needs=Permission.SEE)(one_work)
    return routes


def one_work(services: CurrentServices, work_id: str) -> WorkDocument:
    """How far it is."""
    work = services.long_work.find(work_id)
    if work is None:
        raise NotFound("This is not known any more; the page it began on says how it ended.")
    return WorkDocument.model_validate(work, from_attributes=True)
