"""Totals and spreads of prices that are kept, so that no page adds up the whole ledger; and the order of figures."""

import sqlalchemy as sa
from alembic import op

import ledger.tables

revision = "0004"
down_revision = "0003"
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
        "spreads",
        sa.Column("group", sa.Text(), nullable=False),
        *_interval("spreads"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("contracts", "prices")),
        *(
            sa.Column(name, ledger.tables.Amount(precision=20, scale=4), nullable=False)
            for name in ("median", "low", "high")
        ),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("first", "last")),
        sa.PrimaryKeyConstraint("group", "from_publication", name=op.f("pk_spreads")),
    )
    line = ("by", "code", "crossing", "jurisdiction", "stage", "currency")
    op.create_table(
        "subtotals",
        *(sa.Column(name, sa.Text(), nullable=False) for name in line),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("in_kind", "loan")),
        *_interval("subtotals"),
        sa.Column("amount", ledger.tables.Sum(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("processes", "figures", "without_amount")),
        sa.PrimaryKeyConstraint(*line, "in_kind", "loan", "from_publication", name=op.f("pk_subtotals")),
    )
    op.drop_index("ix_releases_publication", "releases")
    op.create_index("ix_releases_publication", "releases", ["publication", "ocid"])
    op.create_index("ix_arcs_order", "arcs", ["to_publication", "crossing", "on", "ocid", "position"])
