"""The generated pages of the documentation follow the code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hedgerow.policy import settings

ROOT = Path(__file__).parent.parent.parent


def test_the_reference_pages_are_current() -> None:
    checked = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "reference.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_setting_has_a_sentence() -> None:
    for name, setting in settings.table():
        assert setting.sentence.endswith("."), name
