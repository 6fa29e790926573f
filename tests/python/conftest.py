"""What all tests share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a short name: Unix sockets must fit into 108 bytes, and pytest's own folders often do not."""
    with tempfile.TemporaryDirectory(prefix="hr-") as name:
        yield Path(name)
