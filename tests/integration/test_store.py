"""The store as it must be opened, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ledger import store, tables
from ledger.errors import TooLarge
from ledger.settings import Settings

AT = datetime(2020, 5, 14, 12, 0, tzinfo=UTC)


def account(conn: sa.Connection, id: str = "ana") -> None:
    conn.execute(sa.insert(tables.accounts).values(id=id, name=id, created_at=AT))


def test_migrated_store_is_what_the_tables_say(engine: sa.Engine) -> None:
    with engine.connect() as conn:
        differences = compare_metadata(MigrationContext.configure(conn), tables.metadata)
    assert [d for d in differences if "server_default" not in str(d)] == []


def test_reader_cannot_write(engine: sa.Engine) -> None:
    with store.reading(engine) as conn, pytest.raises(sa.exc.DBAPIError):
        account(conn)


def test_reader_sees_one_moment(engine: sa.Engine) -> None:
    count = sa.select(sa.func.count()).select_from(tables.accounts)
    with store.reading(engine) as reader:
        before = reader.scalar(count)
        with store.writing(engine) as conn:
            account(conn)
        assert reader.scalar(count) == before
    with store.reading(engine) as reader:
        assert reader.scalar(count) == before + 1


def test_half_of_a_transaction_leaves_nothing(engine: sa.Engine) -> None:
    with pytest.raises(ZeroDivisionError), store.writing(engine) as conn:
        account(conn)
        _ = 1 / 0
    with store.reading(engine) as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(tables.accounts)) == 0


def test_sums_of_amounts_are_exact(engine: sa.Engine) -> None:
    table = sa.Table("sums", sa.MetaData(), sa.Column("amount", tables.Amount))
    amounts = [Decimal("0.1"), Decimal("0.2"), Decimal("53192767.2840"), Decimal("-0.0001")] * 500
    with store.writing(engine) as conn:
        table.create(conn)
        conn.execute(sa.insert(table), [{"amount": a} for a in amounts])
        assert conn.scalar(sa.select(sa.func.sum(table.c.amount))) == sum(amounts)


def test_sqlite_is_opened_with_its_promises(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.connect() as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_builds_with_the_wal_bug_never_write_a_wal(version: tuple[int, int, int], safe: bool) -> None:
    assert store.wal_is_safe(version) is safe


def test_an_unsafe_build_falls_back_to_a_rollback_journal(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "wal_is_safe", lambda version: False)
    engine = store.open_store(settings)
    with engine.connect() as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()


def test_upload_is_kept_under_its_digest_once(engine: sa.Engine, settings: Settings) -> None:
    with store.writing(engine) as conn:
        account(conn)
        first = store.keep_upload(conn, settings, [b"abc", b"def"], "a.csv", "ana", AT)
        again = store.keep_upload(conn, settings, [b"abcdef"], "b.csv", "ana", AT)
    assert first == again
    assert store.upload_path(settings, first).read_bytes() == b"abcdef"
    with store.reading(engine) as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(tables.uploads)) == 1
    assert [p.name for p in settings.uploads.glob(".*")] == []


def test_too_large_upload_is_refused_before_it_has_arrived(sqlite_engine: sa.Engine, settings: Settings) -> None:
    settings = Settings(home=settings.home, upload_max_bytes=10)
    asked = 0

    def endless() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"12345678"

    with pytest.raises(TooLarge), store.writing(sqlite_engine) as conn:
        account(conn)
        store.keep_upload(conn, settings, endless(), "a.csv", "ana", AT)
    assert asked == 2
    assert list(settings.uploads.iterdir()) == []
