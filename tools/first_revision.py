"""Write ledger/migrations/versions/0001_first.py from ledger/tables.py: only until the first release is out."""

import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext

from ledger.tables import metadata

TARGET = Path(__file__).parents[1] / "ledger" / "migrations" / "versions" / "0001_first.py"
HEAD = '''# ruff: noqa: E501
"""The first tables, and the triggers that hold their promises."""

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


def with_checks_at_tables() -> sa.MetaData:
    """Return the tables with each column's CHECK moved to its table: autogenerate renders only those."""
    copy = sa.MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        moved = table.to_metadata(copy)
        for column in moved.columns:
            for check in sorted(column.constraints, key=lambda c: str(c.name)):
                assert isinstance(check, sa.CheckConstraint)
                moved.append_constraint(sa.CheckConstraint(str(check.sqltext), name=check.name))
            column.constraints.clear()
    return copy


def main() -> None:
    with sa.create_engine("sqlite://").connect() as conn:
        # Rendering needs a dialect, and an empty database to compare with.
        steps = produce_migrations(MigrationContext.configure(conn), with_checks_at_tables())
        assert steps.upgrade_ops is not None
        code = render_python_code(steps.upgrade_ops, render_as_batch=False)
    code = code.replace('sa.Boolean(), server_default=sa.text("0")', "sa.Boolean(), server_default=sa.false()").replace(
        "sa.Boolean(), server_default=sa.text('0')", "sa.Boolean(), server_default=sa.false()"
    )
    code = "\n".join(line for line in code.splitlines() if not line.strip().startswith("# ###"))
    body = "\n".join(f"    {line}" if line and not line.startswith(" " * 4) else line for line in code.splitlines())
    tail = """
    bind = op.get_bind()
    for statement in triggers.arm(bind):
        bind.exec_driver_sql(statement)
"""
    TARGET.write_text(HEAD + body.strip("\n") + tail, "utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", TARGET], check=True)


if __name__ == "__main__":
    main()
