"""What readers say beside the record, and what the office decides about it; with the triggers that keep both."""

import sqlalchemy as sa
from alembic import op

import ledger.tables
from ledger.migrations import voice_guards

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    op.create_table(
        "voices",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("said_once", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        _text("text"),
        _text("locator"),
        _text("item"),
        sa.Column("quantity", ledger.tables.Amount(precision=20, scale=4), nullable=True),
        _text("unit"),
        sa.Column("seen", sa.Text(), nullable=False),
        *map(_text, ("area", "place", "on", "role", "title", "url", "outlet")),
        sa.CheckConstraint("kind IN ('question','field_report','citation')", name=op.f("ck_voices_kind")),
        sa.CheckConstraint("seen IN ('','seen','in_part','not_seen')", name=op.f("ck_voices_seen")),
        sa.CheckConstraint("(kind = 'field_report') = (seen <> '')", name=op.f("ck_voices_report_says_seen")),
        sa.CheckConstraint("kind <> 'question' OR text <> ''", name=op.f("ck_voices_question_has_text")),
        sa.CheckConstraint("(kind = 'citation') = (url <> '')", name=op.f("ck_voices_citation_has_address")),
        sa.CheckConstraint("quantity IS NULL OR quantity >= 0", name=op.f("ck_voices_quantity")),
        sa.ForeignKeyConstraint(
            ["publication"], ["publications.number"], name=op.f("fk_voices_publication_publications")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_voices")),
        sa.UniqueConstraint("said_once", name=op.f("uq_voices_said_once")),
    )
    op.create_index("ix_voices_ocid", "voices", ["ocid"])
    op.create_table(
        "voice_acts",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("voice", sa.Integer(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", ledger.tables.Moment(timezone=True), nullable=False),
        _text("text"),
        _text("office"),
        sa.CheckConstraint("act IN ('publish','refuse','withdraw','answer')", name=op.f("ck_voice_acts_act")),
        sa.CheckConstraint("act = 'publish' OR text <> ''", name=op.f("ck_voice_acts_has_words")),
        sa.CheckConstraint("(act = 'answer') = (office <> '')", name=op.f("ck_voice_acts_answer_has_office")),
        sa.ForeignKeyConstraint(["by"], ["accounts.id"], name=op.f("fk_voice_acts_by_accounts")),
        sa.ForeignKeyConstraint(["voice"], ["voices.number"], name=op.f("fk_voice_acts_voice_voices")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_voice_acts")),
    )
    op.create_index("ix_voice_acts_voice", "voice_acts", ["voice"])
    for name, condition in (("decided", "act IN ('publish','refuse')"), ("withdrawn", "act = 'withdraw'")):
        where = sa.text(condition)
        op.create_index(
            f"uq_voice_acts_{name}", "voice_acts", ["voice"], unique=True, sqlite_where=where, postgresql_where=where
        )
    bind = op.get_bind()
    for statement in voice_guards.arm(bind):
        bind.exec_driver_sql(statement)
