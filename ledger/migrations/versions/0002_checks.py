"""What checks say of purchases: outcomes, matches, and what may be compared."""

import sqlalchemy as sa
from alembic import op

import ledger.tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _interval(table: str) -> tuple[sa.Column[int] | sa.ForeignKeyConstraint, ...]:
    return (
        sa.Column("from_publication", sa.Integer(), nullable=False),
        sa.Column("to_publication", sa.Integer(), nullable=True),
        *(
            sa.ForeignKeyConstraint([c], ["publications.number"], name=op.f(f"fk_{table}_{c}_publications"))
            for c in ("from_publication", "to_publication")
        ),
    )


def upgrade() -> None:
    op.create_table(
        "checks",
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("outcomes", sa.Text(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        *_interval("checks"),
        sa.PrimaryKeyConstraint("ocid", "from_publication", name=op.f("pk_checks")),
    )
    op.create_index("ix_checks_now", "checks", ["to_publication", "jurisdiction", "outcomes"])
    op.create_table(
        "flags",
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=True),
        *_interval("flags"),
        sa.PrimaryKeyConstraint("ocid", "code", "part", "position", "from_publication", name=op.f("pk_flags")),
    )
    op.create_index("ix_flags_code", "flags", ["code", "to_publication", "ocid"])
    op.create_index("ix_flags_group", "flags", ["group"])
    op.create_table(
        "comparables",
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("locator", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("amount", ledger.tables.Amount(precision=20, scale=4), nullable=False),
        sa.Column("per", sa.Integer(), nullable=False),
        sa.Column("quantity", ledger.tables.Amount(precision=20, scale=4), nullable=True),
        sa.Column("on", sa.Text(), nullable=True),
        *_interval("comparables"),
        sa.PrimaryKeyConstraint("ocid", "locator", "from_publication", name=op.f("pk_comparables")),
    )
    op.create_index("ix_comparables_group", "comparables", ["group"])
    op.create_index("ix_comparables_item", "comparables", ["item"])
