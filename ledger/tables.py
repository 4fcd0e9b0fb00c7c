"""The tables, as SQLAlchemy Core: what is kept, and what the database itself refuses.

Append-only and four-eyes rules are constraints here and triggers in `migrations/`; both are attacked by
tests on SQLite and PostgreSQL. Truth: uploads, submissions, entries, releases, publications, audit.
Projections (rebuildable from releases): records, record_parties, arcs, parties, checks, flags, comparables; and what
follows from these: spreads, subtotals.
`[from_publication, to_publication)`: a projection row is true from one publication until, not including, another;
`to_publication` NULL means it is true now. Read `releases` first, then `submissions`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, MetaData, Table, Text, UniqueConstraint
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_SCALE = Decimal(10_000)


class Amount(TypeDecorator[Decimal]):
    """An exact decimal with four places: NUMERIC(20,4) on PostgreSQL, whole ten-thousandths on SQLite.

    SQLite has no decimal: NUMERIC there is a float, and a sum of floats is not money. Integers add exactly
    up to 922 trillion units. `func.sum(column)` keeps this type and comes back as Decimal on both.
    """

    impl = sa.Numeric(20, 4)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(20, 4))

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        scaled = value * _SCALE
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than four decimals")
        return int(scaled)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        if value is None:
            return None
        # PostgreSQL gives 5.0000 where SQLite gives 5: one text for one amount, whatever the engine.
        return Decimal(int(value if dialect.name == "sqlite" else value * _SCALE)) / _SCALE


class Sum(TypeDecorator[Decimal]):
    """An exact sum of `Amount`s, of any size: its whole ten-thousandths as text. Never added up in SQL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else str(int(value * _SCALE))

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)) / _SCALE


class Moment(TypeDecorator[datetime]):
    """An aware UTC time: TIMESTAMPTZ on PostgreSQL, ISO text on SQLite. A naive time is a bug and raises."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _interval() -> list[Column[Any]]:
    return [
        Column("from_publication", sa.Integer, ForeignKey("publications.number"), nullable=False),
        Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    ]


# --- people -----------------------------------------------------------------------------------------------

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),  # the sign-in name
    Column("name", Text, nullable=False),  # as shown beside what the person certified
    Column("password_hash", Text),  # Argon2id; NULL: may not sign in (named by the operator's terminal)
    Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("created_at", Moment, nullable=False),
)

account_roles = Table(
    "account_roles",
    metadata,
    Column("account", Text, ForeignKey("accounts.id"), primary_key=True),
    Column(
        "role",
        Text,
        CheckConstraint("role IN ('officer','certifier','admin','auditor')", name="role"),
        primary_key=True,
    ),
    Column("publisher", Text, primary_key=True, server_default=""),  # '' means every publisher
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("account", Text, primary_key=True),
    Column("count", sa.Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
)

audit = Table(  # append-only; each row's sha256 covers the one before: a deleted row shows
    "audit",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("account", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default="{}"),
    Column("previous_sha256", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
)

# --- from files to submissions ------------------------------------------------------------------------------

uploads = Table(  # the bytes lie in <home>/uploads/<aa>/<sha256>, written and fsynced before this row
    "uploads",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("size_bytes", sa.BigInteger, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("received_by", Text, ForeignKey("accounts.id"), nullable=False),
)

STATES = (
    "received",
    "refused",
    "has_errors",
    "valid",
    "ready_for_review",
    "returned",
    "published",
    "unchanged",
    "withdrawn",
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("publisher", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("dataset", Text, nullable=False, server_default=""),  # the kind asked for; '' means found by itself
    Column("period", Text, nullable=False, server_default=""),
    Column("mode", Text, CheckConstraint("mode IN ('replace','append')", name="mode"), nullable=False),
    Column("hold_back", sa.Boolean, nullable=False, server_default=sa.false()),
    Column(
        "state",
        Text,
        CheckConstraint("state IN (" + ",".join(f"'{s}'" for s in STATES) + ")", name="state"),
        nullable=False,
    ),
    Column("prepared_by", Text, ForeignKey("accounts.id"), nullable=False),
    Column("prepared_at", Moment, nullable=False),
    Column("submitted_at", Moment),
    Column("certified_by", Text, ForeignKey("accounts.id")),
    Column("certified_at", Moment),
    Column("publication", sa.Integer, ForeignKey("publications.number")),
    Column("base_publication", sa.Integer),  # what the change set was computed against
    Column("change_digest", Text),  # sha256 of the change set shown to the certifier
    Column("comment", Text, nullable=False, server_default=""),  # why it was returned or withdrawn
    Column("report", sa.LargeBinary),  # zstd JSON: how each file was understood (interface.md `check --json`)
    Column("change_set", sa.LargeBinary),  # zstd JSON: `changes.as_json`
    Column("idempotency_key", Text, unique=True),
    CheckConstraint("certified_by IS NULL OR certified_by <> prepared_by", name="four_eyes"),
    CheckConstraint("(state = 'published') = (publication IS NOT NULL)", name="published_has_number"),
    CheckConstraint("publication IS NULL OR certified_by IS NOT NULL", name="published_is_certified"),
)

submission_files = Table(
    "submission_files",
    metadata,
    Column("submission", sa.Integer, ForeignKey("submissions.id"), primary_key=True),
    Column("position", sa.Integer, primary_key=True),
    Column("sha256", Text, ForeignKey("uploads.sha256"), nullable=False),
    Column("file_name", Text, nullable=False),
)

submission_drafts = Table(
    "submission_drafts",
    metadata,
    Column("submission", sa.Integer, ForeignKey("submissions.id"), primary_key=True),
    Column("dataset", Text, primary_key=True),  # catalogue kind of the sheet: aid, donations, payments, ...
    Column("ocid", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # aid, programme, procurement
    Column("body", sa.LargeBinary, nullable=False),  # zstd JSON
    Column("cells", sa.LargeBinary, nullable=False),  # zstd JSON: locator -> [sha256, sheet, cell, raw, how]
)

submission_identities = Table(  # what `identities` becomes when the submission is published
    "submission_identities",
    metadata,
    Column("submission", sa.Integer, ForeignKey("submissions.id"), primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("position", sa.Integer, primary_key=True),
    Column("ocid", Text, nullable=False),
    Column("local_id", Text, nullable=False),
    Column("strong", Text, nullable=False),
    Column("weak", Text, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("submission", sa.Integer, ForeignKey("submissions.id"), primary_key=True),
    Column("number", sa.Integer, primary_key=True),
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("file", Text, nullable=False, server_default=""),
    Column("sheet", Text, nullable=False, server_default=""),
    Column("cell", Text, nullable=False, server_default=""),
    Column("field", Text, nullable=False, server_default=""),
    Column("shown", Text, nullable=False, server_default=""),
    Column("params", Text, nullable=False, server_default="{}"),  # JSON
    Column("also_at", Text, nullable=False, server_default="[]"),  # JSON list of [sheet, cell]
)

mappings = Table(  # officers' answers to "what is this column?", remembered by the sheet's header signature
    "mappings",
    metadata,
    Column("publisher", Text, primary_key=True),
    Column("signature", Text, primary_key=True),
    Column("version", sa.Integer, primary_key=True),
    Column("mapping", Text, nullable=False),  # JSON
    Column("decided_by", Text, ForeignKey("accounts.id"), nullable=False),
    Column("decided_at", Moment, nullable=False),
)

party_decisions = Table(  # append-only: officers' answers to "same organisation?"; of one pair the newest counts
    "party_decisions",
    metadata,
    Column("number", sa.Integer, primary_key=True),
    Column("publisher", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("name_key", Text, nullable=False),  # `arcs.folded` of the name that was asked about
    Column("other_key", Text, nullable=False),  # of the name that it is or is not; '' when it is nobody's
    Column("name", Text, nullable=False),  # both as written
    Column("other", Text, nullable=False),
    Column(
        "answer", Text, CheckConstraint("answer IN ('same','different','new','open')", name="answer"), nullable=False
    ),
    Column("score", sa.Integer),  # what the officer saw; NULL when the pair was not proposed by the ledger
    Column("evidence", Text, nullable=False, server_default=""),  # comma-separated reasons, as `importers.resolve` says
    Column("submission", sa.Integer),  # where it was asked; NULL on the page of answers
    Column("decided_by", Text, ForeignKey("accounts.id"), nullable=False),
    Column("decided_at", Moment, nullable=False),
    CheckConstraint("(other_key = '') = (answer = 'new') OR answer = 'open'", name="new_is_nobodys"),
    CheckConstraint("name_key <> '' AND name_key <> other_key", name="two_names"),
    Index("ix_party_decisions_publisher", "publisher", "number"),
)

# --- what is certified -------------------------------------------------------------------------------------

publications = Table(
    "publications",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("submission", sa.Integer),  # no FK cycle: submissions.publication points here
    Column("publisher", Text, nullable=False),
    Column("prepared_by", Text, ForeignKey("accounts.id"), nullable=False),
    Column("certified_by", Text, ForeignKey("accounts.id"), nullable=False),
    Column("change_digest", Text, nullable=False),
    Column("summary", Text, nullable=False),  # JSON: counts added/changed/withdrawn/unchanged/held, totals before/after
    CheckConstraint("prepared_by <> certified_by", name="four_eyes"),
)

entries = Table(  # the drafts in force, per scope: what `changes.compose` joins into the body of a process
    "entries",
    metadata,
    Column("publisher", Text, primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("ocid", Text, primary_key=True),
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    Column("kind", Text, nullable=False),
    Column("body", sa.LargeBinary, nullable=False),
    Column("cells", sa.LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),  # of the canonical body: an unchanged draft is seen without reading it
    Index("ix_entries_ocid", "ocid"),
)

identities = Table(  # rows without a number of their own: how they are recognised next time (ocds.md 5)
    "identities",
    metadata,
    Column("publisher", Text, primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("ocid", Text, primary_key=True),
    Column(
        "local_id", Text, primary_key=True
    ),  # id of the row's part inside the process; '' when the row is the process
    Column("strong", Text, nullable=False),  # sha256 of the row's every public value
    Column("weak", Text, nullable=False),  # sha256 of the values that say which thing it is, without amounts
    Column("position", sa.Integer, nullable=False),
)

releases = Table(  # append-only: triggers refuse UPDATE and DELETE
    "releases",
    metadata,
    Column("ocid", Text, primary_key=True),
    Column("number", sa.Integer, primary_key=True),  # 1, 2, 3 within the ocid; gives the id
    Column("id", Text, nullable=False, unique=True),  # {ocid}-{0001}
    Column("publication", sa.Integer, ForeignKey("publications.number"), nullable=False),
    Column("date", Text, nullable=False),  # 2020-05-01T23:00:00Z, strictly increasing per ocid
    Column("tag", Text, nullable=False),  # comma-separated
    Column("kind", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("body", sa.LargeBinary, nullable=False),  # zstd of the release's JSON
    Column("sha256", Text, nullable=False),  # of the canonical JSON
    Index("ix_releases_date", "date", "id"),
    Index("ix_releases_publication", "publication", "ocid"),
)

provenance = Table(  # append-only; one row a release
    "provenance",
    metadata,
    Column("release", Text, ForeignKey("releases.id"), primary_key=True),
    Column("cells", sa.LargeBinary, nullable=False),  # zstd JSON: locator -> [sha256, sheet, cell, raw, how]
)

# --- projections -------------------------------------------------------------------------------------------

records = Table(
    "records",
    metadata,
    Column("ocid", Text, primary_key=True),
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    Column("kind", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("date", Text, nullable=False),  # of the last release
    Column("first_date", Text, nullable=False),
    Column("on", Text),  # the first event date that the process itself tells of: PartialDate text
    Column("method", Text),  # tender/procurementMethod
    Column("release_count", sa.Integer, nullable=False),
    Column("withdrawn", sa.Boolean, nullable=False),
    Column("search_text", Text, nullable=False),  # folded: lower case, no accents, one blank
    Column("compiled", sa.LargeBinary, nullable=False),  # zstd JSON of compiledRelease
    Index("ix_records_now", "to_publication", "jurisdiction", "kind"),
)

record_parties = Table(  # who plays which role in which process
    "record_parties",
    metadata,
    Column("ocid", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    Index("ix_record_parties_party", "party", "role"),
)

parties = Table(
    "parties",
    metadata,
    Column("id", Text, primary_key=True),
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    Column("jurisdiction", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("identifier", Text),  # scheme:id when it is a real register's
)

party_names = Table(  # every spelling seen, so that a search by any of them finds the party
    "party_names",
    metadata,
    Column("party", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), nullable=False),
)

numbers = Table(  # the publisher's own numbers, so that a payment finds its contract
    "numbers",
    metadata,
    Column("jurisdiction", Text, primary_key=True),
    Column("publisher", Text, primary_key=True),
    Column(
        "what",
        Text,
        CheckConstraint("what IN ('aid','programme','procurement','contract')", name="what"),
        primary_key=True,
    ),
    Column("number_key", Text, primary_key=True),  # letters and digits only, upper case
    Column("ocid", Text, primary_key=True),
    Column("local_id", Text, primary_key=True),  # the contract's id; '' for a whole process
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
)

STAGES = ("pledge", "commitment", "receipt", "allocation", "contract", "payment", "delivery")

arcs = Table(  # one typed movement of money or goods; see `ledger.arcs`
    "arcs",
    metadata,
    Column("ocid", Text, primary_key=True),
    Column("position", sa.Integer, primary_key=True),
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    Column(
        "stage",
        Text,
        CheckConstraint("stage IN (" + ",".join(f"'{s}'" for s in STAGES) + ")", name="stage"),
        nullable=False,
    ),
    Column("event", Text, nullable=False),  # the word of the source: disbursement, receipt, refund, amendment, ...
    Column("crossing", Text, CheckConstraint("crossing IN ('in','out','internal')", name="crossing"), nullable=False),
    Column(
        "counted", sa.Boolean, nullable=False
    ),  # false: shown, in no total (second report of one gift, cancelled contract)
    Column("kind", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("payer", Text),  # party id; NULL: not published
    Column("payee", Text),
    Column("amount", Amount),  # NULL: not published, never zero
    Column("currency", Text),
    Column("in_kind", sa.Boolean, nullable=False),
    Column("loan", sa.Boolean, nullable=False),
    Column("quantity", Amount),
    Column("unit", Text),
    Column("item", Text),  # as described
    Column("item_key", Text),  # scheme/id of its classification, or folded description and unit
    Column("on", Text),  # PartialDate text
    Column("area", Text),
    Column("programme", Text),  # ocid
    Column("funding", Text),  # ocid of the aid that pays; NULL: source not published
    Column("locator", Text, nullable=False),  # where in the record the figure stands
    CheckConstraint("(amount IS NULL) = (currency IS NULL)", name="amount_has_currency"),
    Index("ix_arcs_now", "to_publication", "jurisdiction", "stage"),
    # A list of figures, newest first, without sorting all of them.
    Index("ix_arcs_order", "to_publication", "crossing", "on", "ocid", "position"),
    Index("ix_arcs_payer", "payer"),
    Index("ix_arcs_payee", "payee"),
    Index("ix_arcs_area", "area"),
    Index("ix_arcs_funding", "funding"),
    Index("ix_arcs_programme", "programme"),
    Index("ix_arcs_item_key", "item_key"),
)

checks = Table(  # what every check says of a purchase (`ledger.checks`)
    "checks",
    metadata,
    Column("ocid", Text, primary_key=True),
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    Column("jurisdiction", Text, nullable=False),
    Column("outcomes", Text, nullable=False),  # one letter a check, in the order of `checks.CHECKS`
    Column("missing", Text, nullable=False),  # JSON: code of the check -> codes of the fields that were not published
    Index("ix_checks_now", "to_publication", "jurisdiction", "outcomes"),
)

flags = Table(  # the checks that match, one row each: a match that is no longer true closes
    "flags",
    metadata,
    Column("ocid", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("part", Text, primary_key=True),  # locator of what it is about; '' for the whole record
    Column("position", sa.Integer, primary_key=True),  # of several matches in one part
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    Column("jurisdiction", Text, nullable=False),
    Column("version", sa.Integer, nullable=False),  # of the check
    Column("numbers", Text, nullable=False),  # JSON: what was compared and where it stands
    Column("group", Text),  # of `comparables`; NULL: the record answers it by itself
    Index("ix_flags_code", "code", "to_publication", "ocid"),
    Index("ix_flags_group", "group"),
)

comparables = Table(  # contracts and unit prices, as they may be compared with those of other records
    "comparables",
    metadata,
    Column("ocid", Text, primary_key=True),
    Column("locator", Text, primary_key=True),
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    Column("jurisdiction", Text, nullable=False),
    Column("group", Text, nullable=False),  # JSON: check, then everything that must be equal
    Column("item", Text),  # scheme/id of the goods of a unit price
    Column("part", Text, nullable=False),
    Column("amount", Amount, nullable=False),
    Column("per", sa.Integer, nullable=False),  # basic units in the published one: 50 for a box of 50
    Column("quantity", Amount),
    Column("on", Text),
    Index("ix_comparables_group", "group"),
    Index("ix_comparables_item", "item"),
)

spreads = Table(  # how the unit prices of one group spread: kept, because a page must not read a thousand of them
    "spreads",
    metadata,
    Column("group", Text, primary_key=True),
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    Column("contracts", sa.Integer, nullable=False),
    Column("prices", sa.Integer, nullable=False),
    *(Column(name, Amount, nullable=False) for name in ("median", "low", "high")),
    Column("first", Text),
    Column("last", Text),
)

subtotals = Table(  # totals that pages ask for again and again (`ledger.subtotals`)
    "subtotals",
    metadata,
    Column("by", Text, primary_key=True),  # '' for everything, else a column of arcs, or month
    Column("code", Text, primary_key=True),  # its value
    Column("crossing", Text, primary_key=True),  # '' for any
    Column("jurisdiction", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("currency", Text, primary_key=True),  # '' for figures without an amount
    Column("in_kind", sa.Boolean, primary_key=True),
    Column("loan", sa.Boolean, primary_key=True),
    Column("from_publication", sa.Integer, ForeignKey("publications.number"), primary_key=True),
    Column("to_publication", sa.Integer, ForeignKey("publications.number")),
    Column("amount", Sum, nullable=False),
    *(Column(name, sa.Integer, nullable=False) for name in ("processes", "figures", "without_amount")),
)

rates = Table(
    "rates",
    metadata,
    Column("currency", Text, primary_key=True),
    Column("reporting", Text, primary_key=True),
    Column("on", Text, primary_key=True),
    Column("from_publication", sa.Integer, primary_key=True, server_default="0"),  # 0: from ledger.toml
    Column("to_publication", sa.Integer),
    Column("value", Text, nullable=False),  # decimal text: a rate is not an amount and has its own precision
    Column("source", Text, nullable=False),
)

# --- work --------------------------------------------------------------------------------------------------

jobs = Table(
    "jobs",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("task", Text, nullable=False),  # read_submission, write_downloads
    Column("payload", Text, nullable=False),  # JSON
    Column("input_sha256", Text, nullable=False),
    Column(
        "state", Text, CheckConstraint("state IN ('waiting','running','done','failed')", name="state"), nullable=False
    ),
    Column("stage", Text, nullable=False, server_default=""),
    Column("done", sa.Integer, nullable=False, server_default="0"),
    Column("total", sa.Integer),
    Column("attempts", sa.Integer, nullable=False, server_default="0"),
    Column("worker", Text),
    Column("heartbeat_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("error", Text),  # an id to quote, never a traceback with values
    UniqueConstraint("task", "input_sha256"),
)

# --- voices: what readers say beside the record; never part of a publication -----------------------------------

voices = Table(  # append-only: what was said stays as it was said; whether it is shown is told by `voice_acts`
    "voices",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=False),
    Column("said_once", Text, nullable=False, unique=True),  # sha256 of the form's token and content: a reload is one
    Column(
        "kind", Text, CheckConstraint("kind IN ('question','field_report','citation')", name="kind"), nullable=False
    ),
    Column("ocid", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("publication", sa.Integer, ForeignKey("publications.number"), nullable=False),  # what the reader looked at
    Column("at", Moment, nullable=False),
    Column("language", Text, nullable=False),
    Column("text", Text, nullable=False, server_default=""),  # a question, or what was noticed
    Column("locator", Text, nullable=False, server_default=""),  # the official figure that a field report is about
    Column("item", Text, nullable=False, server_default=""),
    Column("quantity", Amount),  # NULL: not counted, or not said; never zero
    Column("unit", Text, nullable=False, server_default=""),
    Column("seen", Text, CheckConstraint("seen IN ('','seen','in_part','not_seen')", name="seen"), nullable=False),
    Column("area", Text, nullable=False, server_default=""),
    Column("place", Text, nullable=False, server_default=""),
    Column("on", Text, nullable=False, server_default=""),  # PartialDate text: when it was seen or printed
    Column("role", Text, nullable=False, server_default=""),  # who saw it, as a sort of person; never who
    Column("title", Text, nullable=False, server_default=""),  # of what cites the record
    Column("url", Text, nullable=False, server_default=""),
    Column("outlet", Text, nullable=False, server_default=""),
    CheckConstraint("(kind = 'field_report') = (seen <> '')", name="report_says_seen"),
    CheckConstraint("kind <> 'question' OR text <> ''", name="question_has_text"),
    CheckConstraint("(kind = 'citation') = (url <> '')", name="citation_has_address"),
    CheckConstraint("quantity IS NULL OR quantity >= 0", name="quantity"),
    Index("ix_voices_ocid", "ocid"),
)

VOICE_ACTS = ("publish", "refuse", "withdraw", "answer")

voice_acts = Table(  # append-only: what a named person decided about a voice, and the office's answers
    "voice_acts",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=False),
    Column("voice", sa.Integer, ForeignKey("voices.number"), nullable=False),
    Column(
        "act",
        Text,
        CheckConstraint("act IN (" + ",".join(f"'{a}'" for a in VOICE_ACTS) + ")", name="act"),
        nullable=False,
    ),
    Column("by", Text, ForeignKey("accounts.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False, server_default=""),  # the reason, or the answer
    Column("office", Text, nullable=False, server_default=""),  # whose answer it is
    CheckConstraint("act = 'publish' OR text <> ''", name="has_words"),
    CheckConstraint("(act = 'answer') = (office <> '')", name="answer_has_office"),
    Index(
        "uq_voice_acts_decided",
        "voice",
        unique=True,
        sqlite_where=sa.text("act IN ('publish','refuse')"),
        postgresql_where=sa.text("act IN ('publish','refuse')"),
    ),
    Index(
        "uq_voice_acts_withdrawn",
        "voice",
        unique=True,
        sqlite_where=sa.text("act = 'withdraw'"),
        postgresql_where=sa.text("act = 'withdraw'"),
    ),
    Index("ix_voice_acts_voice", "voice"),
)
