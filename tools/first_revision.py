"""Write ledger/migrations/versions/0001_first.py from ledger/tables.py: only until the first release is out."""

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext

from ledger.tables import metadata

TARGET = Path(__file__).parents[1] / "ledger" / "migrations" / "versions" / "0001_first.py"
HEAD = '''"""The first tables, and the triggers that hold their promises."""

import sqlalchemy as sa
from alembic import op

import ledger.tables
from ledger.migrations import triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
'''


def main() -> None:
    with sa.create_engine("sqlite://").connect() as conn:
        # Rendering needs a dialect, and an empty database to compare with.
        steps = produce_migrations(MigrationContext.configure(conn), metadata)
        assert steps.upgrade_ops is not None
        code = render_python_code(steps.upgrade_ops, render_as_batch=False)
    code = code.replace('sa.Boolean(), server_default=sa.text("0")', "sa.Boolean(), server_default=sa.false()").replace(
        "sa.Boolean(), server_default=sa.text('0')", "sa.Boolean(), server_default=sa.false()"
    )
    code = "\n".join(line for line in code.splitlines() if not line.startswith("# ###"))
    body = "\n".join(f"    {line}" if line and not line.startswith(" " * 4) else line for line in code.splitlines())
    tail = "\n    for statement in triggers.arm(op.get_bind().dialect.name):\n        op.execute(sa.DDL(statement.replace('%', '%%')))\n"
    TARGET.write_text(HEAD + body.strip("\n") + tail, "utf-8")


if __name__ == "__main__":
    main()
