"""The store as it must be opened, on both engines."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ledger import store, tables
from ledger.errors import TooLarge, Unavailable
from ledger.settings import Settings

AT = datetime(2020, 5, 14, 12, 0, tzinfo=UTC)


def account(conn: sa.Connection, id: str = "ana") -> None:
    conn.execute(sa.insert(tables.accounts).values(id=id, name=id, created_at=AT))


def test_migrated_store_is_what_the_tables_say(engine: sa.Engine) -> None:
    with engine.connect() as conn:
        differences = compare_metadata(MigrationContext.configure(conn), tables.metadata)
    assert [d for d in differences if "server_default" not in str(d)] == []


def test_every_check_that_the_tables_state_is_in_the_database(engine: sa.Engine) -> None:
    found = sa.inspect(engine)
    for table in tables.metadata.sorted_tables:
        checks = [*table.constraints, *(c for column in table.columns for c in column.constraints)]
        stated = {str(c.name) for c in checks if isinstance(c, sa.CheckConstraint)}
        assert {c["name"] for c in found.get_check_constraints(table.name)} >= stated, table.name


@pytest.mark.timeout(60)  # without its lock, alembic's one context for all threads waits for ever
def test_starters_side_by_side_make_the_tables_once(tmp_path: Path, postgresql_databases: Callable[[str], str]) -> None:
    for url in ("", postgresql_databases("template0")):
        settings = Settings(home=tmp_path / "new", database_url=url)
        together = threading.Barrier(4)

        def start(settings: Settings = settings, together: threading.Barrier = together) -> str | None:
            engine = store.open_store(settings)
            try:
                together.wait()
                store.migrate(engine)
                with store.reading(engine) as conn:
                    return store.revision(conn)
            finally:
                engine.dispose()

        with ThreadPoolExecutor(4) as pool:
            assert {f.result() for f in [pool.submit(start) for _ in range(4)]} <= store.revisions()


def test_many_writers_lose_nothing(engine: sa.Engine) -> None:
    with store.writing(engine) as conn:
        account(conn, "0")

    def add(_: int) -> None:
        with store.writing(engine) as conn:
            locked = sa.select(tables.accounts).where(tables.accounts.c.created_at == AT).with_for_update()
            name = conn.execute(locked).one().name
            conn.execute(sa.update(tables.accounts).values(name=str(int(name) + 1)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(80)))
    with store.reading(engine) as conn:
        assert conn.scalar(sa.select(tables.accounts.c.name)) == "80"


def test_more_readers_than_the_pool_keeps_open_are_all_answered(engine: sa.Engine) -> None:
    count = sa.select(sa.func.count()).select_from(tables.accounts)

    def read(_: int) -> int:
        with store.reading(engine) as conn:
            return int(conn.scalar(count) or 0)

    with ThreadPoolExecutor(40) as pool:
        assert set(pool.map(read, range(400))) == {0}


def test_a_connection_that_read_can_write_again(engine: sa.Engine) -> None:
    for n in range(30):
        with store.reading(engine) as conn:
            conn.execute(sa.select(tables.accounts)).all()
        with store.writing(engine) as conn:
            account(conn, f"a{n}")


# --- refused at the start ------------------------------------------------------------------------------------


def test_a_file_that_is_no_store_is_said_at_the_start(settings: Settings) -> None:
    settings.home.mkdir()
    (settings.home / "ledger.db").write_bytes(b"a spreadsheet, really" * 100)
    with pytest.raises(Unavailable, match="store_unreachable"):
        store.open_store(settings)


def test_a_store_in_memory_is_refused_because_it_forgets(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="journal_mode"):
        store.open_store(Settings(home=settings.home, database_url="sqlite://"))


def test_a_build_that_does_not_do_as_it_is_told_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_SYNCHRONOUS_FULL", 3)
    with pytest.raises(Unavailable, match="journal_mode"):
        store.open_store(settings)


@pytest.mark.parametrize("url", ["mysql://db/ledger", "oracle://db/ledger"])
def test_another_kind_of_store_is_refused(settings: Settings, url: str) -> None:
    with pytest.raises(Unavailable, match="store_unknown"):
        store.open_store(Settings(home=settings.home, database_url=url))


def test_a_server_that_is_away_is_said_without_its_password(settings: Settings) -> None:
    url = "postgresql://ledger:secret@127.0.0.1:1/ledger"
    with pytest.raises(Unavailable, match="store_unreachable") as refused:
        store.open_store(Settings(home=settings.home, database_url=url))
    assert "secret" not in str(refused.value)


def test_a_server_that_answers_before_it_has_written_is_refused(
    settings: Settings, postgresql_databases: Callable[[str], str]
) -> None:
    url = postgresql_databases("template0")
    with sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as conn:
        name = conn.engine.url.database
        conn.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(Unavailable, match="postgresql_forgets"):
        store.open_store(Settings(home=settings.home, database_url=url))


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


def test_the_bytes_of_an_upload_are_on_the_disk_before_its_row(
    sqlite_engine: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def synced(handle: int) -> None:
        steps.append("sync folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "sync file")
        fsync(handle)

    def renamed(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    sa.event.listen(
        sqlite_engine,
        "before_cursor_execute",
        lambda conn, cursor, statement, *_: steps.append("row") if "INSERT INTO uploads" in statement else None,
    )
    with store.writing(sqlite_engine) as conn:
        account(conn)
        store.keep_upload(conn, settings, [b"abc"], "a.csv", "ana", AT)
    assert steps == ["sync file", "rename", "sync folder", "sync folder", "row"]


def test_an_upload_whose_transaction_failed_can_be_sent_again(engine: sa.Engine, settings: Settings) -> None:
    with pytest.raises(ZeroDivisionError), store.writing(engine) as conn:
        account(conn)
        sha = store.keep_upload(conn, settings, [b"abc"], "a.csv", "ana", AT)
        _ = 1 / 0
    assert store.upload_path(settings, sha).exists(), "an orphan file is harmless"
    with store.writing(engine) as conn:
        account(conn)
        assert store.keep_upload(conn, settings, [b"abc"], "a.csv", "ana", AT) == sha


def test_the_same_file_sent_by_many_at_once_is_kept_once(engine: sa.Engine, settings: Settings) -> None:
    with store.writing(engine) as conn:
        account(conn)
    together = threading.Barrier(6)

    def send(_: int) -> str:
        together.wait()
        with store.writing(engine) as conn:
            return store.keep_upload(conn, settings, [b"abc"] * 50, "a.csv", "ana", AT)

    with ThreadPoolExecutor(6) as pool:
        [sha] = set(pool.map(send, range(6)))
    assert [p.name for p in settings.uploads.rglob("*") if p.is_file()] == [sha]


def test_uploads_are_for_the_ledger_alone(sqlite_engine: sa.Engine, settings: Settings) -> None:
    with store.writing(sqlite_engine) as conn:
        account(conn)
        store.keep_upload(conn, settings, [b"abc"], "../../etc/passwd", "ana", AT)
    assert all(not p.stat().st_mode & 0o077 for p in [settings.uploads, *settings.uploads.rglob("*")])


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
