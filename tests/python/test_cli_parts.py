"""The command line is put together of parts, and each is imported for its own commands only."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
import typer

from hedgerow import cli
from hedgerow.cli.names import command_names


@pytest.mark.parametrize("part", cli.PARTS)
def test_the_table_names_what_each_part_registers(part: str) -> None:
    app = typer.Typer()
    importlib.import_module(part).register(app)
    assert command_names(app) == sorted(cli.PARTS[part])


def test_a_command_brings_only_its_own_part() -> None:
    assert list(cli.parts_for(["status", "--json"])) == ["hedgerow.cli.status"]
    assert list(cli.parts_for(["--help"])) == list(cli.PARTS)
    assert list(cli.parts_for(["stats"])) == list(cli.PARTS), "a mistyped command is told what there is"


def test_asking_for_the_status_does_not_wait_for_the_consoles_libraries() -> None:
    code = "import sys; sys.argv = ['hedgerow', 'status', '--help']\ntry:\n    from hedgerow.cli import main; main()\n"
    code += "except SystemExit: pass\nprint({'fastapi', 'sqlalchemy', 'duckdb', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip().endswith("set()"), done.stdout
