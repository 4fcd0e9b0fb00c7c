# ruff: noqa: E501
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
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("disabled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="{}", nullable=False),
        sa.Column("previous_sha256", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
        sa.UniqueConstraint("sha256", name=op.f("uq_audit_sha256")),
    )
    op.create_table(
        "identities",
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("strong", sa.Text(), nullable=False),
        sa.Column("weak", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("publisher", "dataset", "period", "ocid", "local_id", name=op.f("pk_identities")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("input_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), server_default="", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("heartbeat_at", ledger.tables.Moment(timezone=True), nullable=True),
        sa.Column("created_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.Column("finished_at", ledger.tables.Moment(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting','running','done','failed')", name=op.f("ck_jobs_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("task", "input_sha256", name=op.f("uq_jobs_task_input_sha256")),
    )
    op.create_table(
        "rates",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reporting", sa.Text(), nullable=False),
        sa.Column("on", sa.Text(), nullable=False),
        sa.Column("from_publication", sa.Integer(), server_default="0", nullable=False),
        sa.Column("to_publication", sa.Integer(), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("currency", "reporting", "on", "from_publication", name=op.f("pk_rates")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_sign_in_failures")),
    )
    op.create_table(
        "account_roles",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("role IN ('officer','certifier','admin','auditor')", name=op.f("ck_account_roles_role")),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_account_roles_account_accounts")),
        sa.PrimaryKeyConstraint("account", "role", "publisher", name=op.f("pk_account_roles")),
    )
    op.create_table(
        "mappings",
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["accounts.id"], name=op.f("fk_mappings_decided_by_accounts")),
        sa.PrimaryKeyConstraint("publisher", "signature", "version", name=op.f("pk_mappings")),
    )
    op.create_table(
        "party_decisions",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("other_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.Column("submission", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(other_key = '') = (answer = 'new') OR answer = 'open'", name=op.f("ck_party_decisions_new_is_nobodys")
        ),
        sa.CheckConstraint("answer IN ('same','different','new','open')", name=op.f("ck_party_decisions_answer")),
        sa.CheckConstraint("name_key <> '' AND name_key <> other_key", name=op.f("ck_party_decisions_two_names")),
        sa.ForeignKeyConstraint(["decided_by"], ["accounts.id"], name=op.f("fk_party_decisions_decided_by_accounts")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_party_decisions")),
    )
    op.create_index("ix_party_decisions_publisher", "party_decisions", ["publisher", "number"], unique=False)
    op.create_table(
        "publications",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.Column("submission", sa.Integer(), nullable=True),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=False),
        sa.Column("certified_by", sa.Text(), nullable=False),
        sa.Column("change_digest", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.CheckConstraint("prepared_by <> certified_by", name=op.f("ck_publications_four_eyes")),
        sa.ForeignKeyConstraint(["certified_by"], ["accounts.id"], name=op.f("fk_publications_certified_by_accounts")),
        sa.ForeignKeyConstraint(["prepared_by"], ["accounts.id"], name=op.f("fk_publications_prepared_by_accounts")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_publications")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.Column("seen_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_sessions_account_accounts")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
    )
    op.create_table(
        "uploads",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("received_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["received_by"], ["accounts.id"], name=op.f("fk_uploads_received_by_accounts")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_uploads")),
    )
    op.create_table(
        "arcs",
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("from_publication", sa.Integer(), nullable=False),
        sa.Column("to_publication", sa.Integer(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("crossing", sa.Text(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=True),
        sa.Column("payee", sa.Text(), nullable=True),
        sa.Column("amount", ledger.tables.Amount(precision=20, scale=4), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("in_kind", sa.Boolean(), nullable=False),
        sa.Column("loan", sa.Boolean(), nullable=False),
        sa.Column("quantity", ledger.tables.Amount(precision=20, scale=4), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("item_key", sa.Text(), nullable=True),
        sa.Column("on", sa.Text(), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("programme", sa.Text(), nullable=True),
        sa.Column("funding", sa.Text(), nullable=True),
        sa.Column("locator", sa.Text(), nullable=False),
        sa.CheckConstraint("crossing IN ('in','out','internal')", name=op.f("ck_arcs_crossing")),
        sa.CheckConstraint(
            "stage IN ('pledge','commitment','receipt','allocation','contract','payment','delivery')",
            name=op.f("ck_arcs_stage"),
        ),
        sa.CheckConstraint("(amount IS NULL) = (currency IS NULL)", name=op.f("ck_arcs_amount_has_currency")),
        sa.ForeignKeyConstraint(
            ["from_publication"], ["publications.number"], name=op.f("fk_arcs_from_publication_publications")
        ),
        sa.ForeignKeyConstraint(
            ["to_publication"], ["publications.number"], name=op.f("fk_arcs_to_publication_publications")
        ),
        sa.PrimaryKeyConstraint("ocid", "position", "from_publication", name=op.f("pk_arcs")),
    )
    op.create_index("ix_arcs_area", "arcs", ["area"], unique=False)
    op.create_index("ix_arcs_funding", "arcs", ["funding"], unique=False)
    op.create_index("ix_arcs_item_key", "arcs", ["item_key"], unique=False)
    op.create_index("ix_arcs_now", "arcs", ["to_publication", "jurisdiction", "stage"], unique=False)
    op.create_index("ix_arcs_payee", "arcs", ["payee"], unique=False)
    op.create_index("ix_arcs_payer", "arcs", ["payer"], unique=False)
    op.create_index("ix_arcs_programme", "arcs", ["programme"], unique=False)
    op.create_table(
        "entries",
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("from_publication", sa.Integer(), nullable=False),
        sa.Column("to_publication", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_publication"], ["publications.number"], name=op.f("fk_entries_from_publication_publications")
        ),
        sa.ForeignKeyConstraint(
            ["to_publication"], ["publications.number"], name=op.f("fk_entries_to_publication_publications")
        ),
        sa.PrimaryKeyConstraint("publisher", "dataset", "period", "ocid", "from_publication", name=op.f("pk_entries")),
    )
    op.create_index("ix_entries_ocid", "entries", ["ocid"], unique=False)
    op.create_table(
        "numbers",
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("number_key", sa.Text(), nullable=False),
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("from_publication", sa.Integer(), nullable=False),
        sa.Column("to_publication", sa.Integer(), nullable=True),
        sa.CheckConstraint("what IN ('aid','programme','procurement','contract')", name=op.f("ck_numbers_what")),
        sa.ForeignKeyConstraint(
            ["from_publication"], ["publications.number"], name=op.f("fk_numbers_from_publication_publications")
        ),
        sa.ForeignKeyConstraint(
            ["to_publication"], ["publications.number"], name=op.f("fk_numbers_to_publication_publications")
        ),
        sa.PrimaryKeyConstraint(
            "jurisdiction",
            "publisher",
            "what",
            "number_key",
            "ocid",
            "local_id",
            "from_publication",
            name=op.f("pk_numbers"),
        ),
    )
    op.create_table(
        "parties",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("from_publication", sa.Integer(), nullable=False),
        sa.Column("to_publication", sa.Integer(), nullable=True),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["from_publication"], ["publications.number"], name=op.f("fk_parties_from_publication_publications")
        ),
        sa.ForeignKeyConstraint(
            ["to_publication"], ["publications.number"], name=op.f("fk_parties_to_publication_publications")
        ),
        sa.PrimaryKeyConstraint("id", "from_publication", name=op.f("pk_parties")),
    )
    op.create_table(
        "party_names",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("from_publication", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_publication"], ["publications.number"], name=op.f("fk_party_names_from_publication_publications")
        ),
        sa.PrimaryKeyConstraint("party", "name", name=op.f("pk_party_names")),
    )
    op.create_table(
        "record_parties",
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("from_publication", sa.Integer(), nullable=False),
        sa.Column("to_publication", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["from_publication"], ["publications.number"], name=op.f("fk_record_parties_from_publication_publications")
        ),
        sa.ForeignKeyConstraint(
            ["to_publication"], ["publications.number"], name=op.f("fk_record_parties_to_publication_publications")
        ),
        sa.PrimaryKeyConstraint("ocid", "party", "role", "from_publication", name=op.f("pk_record_parties")),
    )
    op.create_index("ix_record_parties_party", "record_parties", ["party", "role"], unique=False)
    op.create_table(
        "records",
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("from_publication", sa.Integer(), nullable=False),
        sa.Column("to_publication", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("first_date", sa.Text(), nullable=False),
        sa.Column("on", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("release_count", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("compiled", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_publication"], ["publications.number"], name=op.f("fk_records_from_publication_publications")
        ),
        sa.ForeignKeyConstraint(
            ["to_publication"], ["publications.number"], name=op.f("fk_records_to_publication_publications")
        ),
        sa.PrimaryKeyConstraint("ocid", "from_publication", name=op.f("pk_records")),
    )
    op.create_index("ix_records_now", "records", ["to_publication", "jurisdiction", "kind"], unique=False)
    op.create_table(
        "releases",
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication"], ["publications.number"], name=op.f("fk_releases_publication_publications")
        ),
        sa.PrimaryKeyConstraint("ocid", "number", name=op.f("pk_releases")),
        sa.UniqueConstraint("id", name=op.f("uq_releases_id")),
    )
    op.create_index("ix_releases_date", "releases", ["date", "id"], unique=False)
    op.create_index("ix_releases_publication", "releases", ["publication"], unique=False)
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), server_default="", nullable=False),
        sa.Column("period", sa.Text(), server_default="", nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("hold_back", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=False),
        sa.Column("prepared_at", ledger.tables.Moment(timezone=True), nullable=False),
        sa.Column("submitted_at", ledger.tables.Moment(timezone=True), nullable=True),
        sa.Column("certified_by", sa.Text(), nullable=True),
        sa.Column("certified_at", ledger.tables.Moment(timezone=True), nullable=True),
        sa.Column("publication", sa.Integer(), nullable=True),
        sa.Column("base_publication", sa.Integer(), nullable=True),
        sa.Column("change_digest", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=True),
        sa.Column("change_set", sa.LargeBinary(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'published') = (publication IS NOT NULL)", name=op.f("ck_submissions_published_has_number")
        ),
        sa.CheckConstraint("mode IN ('replace','append')", name=op.f("ck_submissions_mode")),
        sa.CheckConstraint(
            "state IN ('received','refused','has_errors','valid','ready_for_review','returned','published','unchanged','withdrawn')",
            name=op.f("ck_submissions_state"),
        ),
        sa.CheckConstraint(
            "certified_by IS NULL OR certified_by <> prepared_by", name=op.f("ck_submissions_four_eyes")
        ),
        sa.CheckConstraint(
            "publication IS NULL OR certified_by IS NOT NULL", name=op.f("ck_submissions_published_is_certified")
        ),
        sa.ForeignKeyConstraint(["certified_by"], ["accounts.id"], name=op.f("fk_submissions_certified_by_accounts")),
        sa.ForeignKeyConstraint(["prepared_by"], ["accounts.id"], name=op.f("fk_submissions_prepared_by_accounts")),
        sa.ForeignKeyConstraint(
            ["publication"], ["publications.number"], name=op.f("fk_submissions_publication_publications")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_submissions_idempotency_key")),
    )
    op.create_table(
        "findings",
        sa.Column("submission", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), server_default="", nullable=False),
        sa.Column("sheet", sa.Text(), server_default="", nullable=False),
        sa.Column("cell", sa.Text(), server_default="", nullable=False),
        sa.Column("field", sa.Text(), server_default="", nullable=False),
        sa.Column("shown", sa.Text(), server_default="", nullable=False),
        sa.Column("params", sa.Text(), server_default="{}", nullable=False),
        sa.Column("also_at", sa.Text(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_findings_submission_submissions")),
        sa.PrimaryKeyConstraint("submission", "number", name=op.f("pk_findings")),
    )
    op.create_table(
        "provenance",
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["release"], ["releases.id"], name=op.f("fk_provenance_release_releases")),
        sa.PrimaryKeyConstraint("release", name=op.f("pk_provenance")),
    )
    op.create_table(
        "submission_drafts",
        sa.Column("submission", sa.Integer(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission"], ["submissions.id"], name=op.f("fk_submission_drafts_submission_submissions")
        ),
        sa.PrimaryKeyConstraint("submission", "dataset", "ocid", name=op.f("pk_submission_drafts")),
    )
    op.create_table(
        "submission_files",
        sa.Column("submission", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["uploads.sha256"], name=op.f("fk_submission_files_sha256_uploads")),
        sa.ForeignKeyConstraint(
            ["submission"], ["submissions.id"], name=op.f("fk_submission_files_submission_submissions")
        ),
        sa.PrimaryKeyConstraint("submission", "position", name=op.f("pk_submission_files")),
    )
    op.create_table(
        "submission_identities",
        sa.Column("submission", sa.Integer(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ocid", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("strong", sa.Text(), nullable=False),
        sa.Column("weak", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission"], ["submissions.id"], name=op.f("fk_submission_identities_submission_submissions")
        ),
        sa.PrimaryKeyConstraint("submission", "dataset", "position", name=op.f("pk_submission_identities")),
    )
    bind = op.get_bind()
    for statement in triggers.arm(bind):
        bind.exec_driver_sql(statement)
