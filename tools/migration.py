"""Writes the initial migration anew from the models. Only until the first release: afterwards each change is a step.

python tools/migration.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from alembic.autogenerate import api
from alembic.migration import MigrationContext
from sqlalchemy.dialects import postgresql  # noqa: F401 - what the rendered text speaks of

from hedgerow.store import models  # noqa: F401
from hedgerow.store.base import Base, UtcDateTime
from hedgerow.store.database import Database

TARGET = Path("src/hedgerow/store/migrations/versions/0001_initial.py")
HEAD = '''"""Every table, and the triggers by which the database itself refuses to change the trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hedgerow.store.base import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes everything."""
'''
TAIL = '''

def downgrade() -> None:
    """There is nothing before."""
    raise NotImplementedError("there is no version before the first; restore a back-up instead")
'''


def render(kind: str, thing: object, _autogen: object) -> str | Literal[False]:
    """Our own column type."""
    return "UtcDateTime()" if kind == "type" and isinstance(thing, UtcDateTime) else False


def statements(name: str) -> list[str]:
    """The triggers of every model, in the order of the modules."""
    modules = [m for n, m in sorted(sys.modules.items()) if n.startswith("hedgerow.store.models.")]
    return [s for m in modules for s in getattr(m, name, ())]


def main() -> None:
    """Writes the file."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        with database.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"target_metadata": Base.metadata, "render_item": render}
            )
            made = api.produce_migrations(context, Base.metadata)
            if made.upgrade_ops is None:
                raise SystemExit("nothing to make")
            body = api.render_python_code(made.upgrade_ops, render_item=render, migration_context=context)
    body = body.replace("astext_type=Text()", "astext_type=sa.Text()")
    lines = [line for line in body.strip().split("\n") if not line.lstrip().startswith("# ###")]
    triggers = ['    if op.get_bind().dialect.name == "sqlite":', "        statements = ["]
    triggers += [f"            {s!r}," for s in statements("SQLITE_TRIGGERS")]
    triggers += ["        ]", "    else:", "        statements = ["]
    triggers += [f"            {s!r}," for s in statements("POSTGRESQL_TRIGGERS")]
    triggers += ["        ]", "    for statement in statements:", "        op.execute(statement)"]
    body = "    " + "\n".join(lines).lstrip()
    TARGET.write_text(HEAD + body + "\n" + "\n".join(triggers) + "\n" + TAIL, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(TARGET)], check=True)
    print(TARGET)


if __name__ == "__main__":
    main()
