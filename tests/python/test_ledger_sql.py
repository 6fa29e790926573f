"""`hedgerow ledger sql` reads the ledger and nothing else, within limits, and is written down without people in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hedgerow.cli import app
from hedgerow.ledger.questions.sql import SqlError, ask, check
from hedgerow.ledger.store import Store
from written_ledger import Segment, disclosure

NEVER = Path("/tmp/never")  # noqa: S108 (it is never written)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    Segment(tmp_path).append(disclosure("42", 1, 4), disclosure("=cmd|'/c calc'!A0", 3), disclosure("7", 4))
    Store.open(tmp_path, "directory").compact()
    return tmp_path


def run(state: Path, statement: str, *words: str) -> Result:
    return CliRunner().invoke(app, ["ledger", "sql", statement, *words, "--state", str(state)])


def test_it_answers_as_a_table_json_and_csv(state: Path) -> None:
    statement = "SELECT person, shown FROM disclosures WHERE person IN ('42', '7') ORDER BY person"
    assert '42      ["name"]' in run(state, statement).stdout
    lines = [json.loads(line) for line in run(state, statement, "--json").stdout.splitlines()]
    assert lines == [{"person": "42", "shown": ["name"]}, {"person": "7", "shown": ["email"]}]
    assert run(state, "SELECT person FROM disclosures", "--csv").stdout.splitlines()[0] == "person"
    assert "'=cmd|" in run(state, "SELECT person FROM disclosures", "--csv").stdout


def test_more_rows_than_the_limit_are_said(state: Path) -> None:
    said = run(state, "FROM people", "--limit", "2")
    assert len(said.stdout.splitlines()) == 3
    assert "more than 2 rows" in said.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO '/tmp/never'",
        "COPY people TO '/tmp/never'",
        "ATTACH '/tmp/never.db' AS x",
        "ATTACH ':memory:' AS x",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "PRAGMA disable_verification",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "CALL pragma_version()",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/never'",
        "CREATE TABLE x (n INT)",
        "CREATE MACRO f() AS 1",
        "DROP VIEW people",
        "INSERT INTO pending.people VALUES (1, 'x')",
        "UPDATE pending.people SET person = 'x'",
        "DELETE FROM pending.people",
        "EXPORT DATABASE '/tmp/never'",
        "IMPORT DATABASE '/tmp/never'",
        "VACUUM",
        "CHECKPOINT",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW people",
        "PREPARE x AS SELECT 1",
        "USE temp",
        "",
        ";",
        "SELECT",
        "nonsense",
        "SELECT '" + "x" * 100_001 + "'",
    ],
)
def test_what_does_not_only_read_is_refused_in_words(state: Path, statement: str) -> None:
    with pytest.raises(SqlError):
        check(statement)
    said = run(state, statement)
    assert said.exit_code == 1
    assert said.stderr.startswith("hedgerow: ")
    assert not (state / "audit.jsonl").exists()
    assert not NEVER.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM read_json('/etc/passwd')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_parquet('https://198.51.100.1/x.parquet')",
        "SELECT * FROM read_parquet('{state}/sites/directory/store/../../../secret')",
        "SELECT * FROM read_text('{state}/secret')",
        "SELECT * FROM read_text('{state}/sites/directory/store/manifest.jsonl')",
        "SELECT * FROM query('COPY (SELECT 1) TO ''/tmp/never''')",
        "SELECT getenv('HOME')",
        "SELECT * FROM local_variable",
        "FROM duckdb_secrets(redact=false)",
    ],
)
def test_no_file_no_network_no_environment(state: Path, statement: str) -> None:
    local_variable = [[1]]
    said = run(state, statement.format(state=state))
    assert said.exit_code == 1 or not said.stdout.splitlines()[1:], (said.stdout, local_variable)
    assert "root:" not in said.output
    assert not NEVER.exists()


def test_a_statement_that_takes_too_long_or_too_much_is_stopped(state: Path) -> None:
    endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000) c WHERE hash(a.range, b.range) = 1"
    said = run(state, endless, "--timeout", "0.3")
    assert said.exit_code == 1
    assert "stopped after 0.3 seconds" in said.stderr
    greedy = "SELECT len(list(repeat('x', 1000) || range)) FROM range(1000000)"
    before = sorted(Path.cwd().iterdir())
    said = run(state, greedy, "--memory", "64", "--timeout", "30")
    assert said.exit_code == 1
    assert "memory" in said.stderr
    # Nothing is spilled beside the operator's own files.
    assert sorted(Path.cwd().iterdir()) == before


def test_views_cannot_be_changed_through_the_connection_either(state: Path) -> None:
    with Store.open(state, "directory").snapshot() as snapshot:
        connection = snapshot.connect()
        assert len(ask(connection, "FROM people", 5, 10).rows) == 3
        with pytest.raises(SqlError):
            ask(connection, "SET lock_configuration = false", 5, 10)
        connection.close()


def test_the_trail_tells_what_was_asked_and_names_nobody(state: Path) -> None:
    run(state, "SELECT count(*) FROM disclosures WHERE person = '42' OR person = 7 -- of 42")
    (line,) = (state / "audit.jsonl").read_text().splitlines()
    written = json.loads(line)
    assert written["what"] == "sql"
    assert written["statement"].startswith("SELECT count(*) FROM disclosures WHERE person = <")
    assert "42" not in written["statement"].replace(written["hash"], "") or "'42'" not in written["statement"]
    assert "of 42" not in written["statement"]
