"""The store: one SQLite file or a PostgreSQL, opened with the guarantees that the ledger promises.

In: settings. Out: an engine; transactions; packed JSON; uploads kept under their own sha256. Durability rules and the
measurements behind them: an acknowledged transaction survives a power failure (synchronous=FULL), and no build of
SQLite with the WAL-reset bug ever writes a WAL. Read `open_store`, `writing` and `reading` first.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
import zstandard
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ledger import tables
from ledger.errors import TooLarge, Unavailable
from ledger.settings import Settings
from ledger.values import Sha256

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_MS = 10_000
_READ = "ledger_reads"
_MIGRATING = 0x1ED6E5
_SYNCHRONOUS_FULL = 2
# uvicorn answers in up to 40 threads; each may hold one connection, and waits here rather than fail.
_POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 30}


# --- opening ----------------------------------------------------------------------------------------------------


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite is free of the WAL-reset bug (3.7.0 to 3.51.2; fixed in 3.51.3, 3.50.7 and 3.44.6)."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)


def _sqlite() -> ModuleType:
    try:
        import pysqlite3  # a build with a SQLite newer than the machine's own
    except ImportError:
        return sqlite3
    module: ModuleType = pysqlite3
    return module


def _version(module: ModuleType) -> tuple[int, int, int]:
    major, minor, patch = (int(p) for p in module.sqlite_version.split(".")[:3])
    return major, minor, patch


def open_store(settings: Settings) -> sa.Engine:
    """Return the engine of the store, checked: Unavailable when the file or server is not as the ledger needs it.

    Nothing is created but the file itself: `migrate` makes the tables.
    """
    url = sa.make_url(settings.store_url)
    kind = url.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise Unavailable("store_unknown", kind=kind)
    engine = _sqlite_engine(url) if kind == "sqlite" else _postgresql_engine(url)
    try:
        with engine.connect().execution_options(**{_READ: True}) as conn:
            if kind == "postgresql":
                _check_postgresql(conn)
            else:
                conn.exec_driver_sql("PRAGMA schema_version")
    except sa.exc.DatabaseError as problem:
        engine.dispose()
        raise Unavailable("store_unreachable", url=url.render_as_string()) from problem
    except Unavailable:
        engine.dispose()
        raise
    return engine


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True, **_POOL)


def _check_postgresql(conn: sa.Connection) -> None:
    def says(name: str) -> str:
        return str(conn.scalar(sa.select(sa.func.current_setting(name))))

    if (version := int(says("server_version_num")) // 10_000) < 15:
        raise Unavailable("postgresql_too_old", version=version)
    if says("synchronous_commit") == "off":
        raise Unavailable("postgresql_forgets")
    if (encoding := says("server_encoding")) != "UTF8":
        raise Unavailable("postgresql_encoding", encoding=encoding)


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    module = _sqlite()
    wanted = "wal" if wal_is_safe(_version(module)) else "delete"
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        module=module,
        hide_parameters=True,  # an error must not carry the content of cells into a log
        poolclass=sa.QueuePool,
        connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False},
        **_POOL,
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # the driver must not begin transactions of its own: `begin` below does
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        mode = cursor.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0].lower()
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF", "cell_size_check=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]
        cursor.close()
        if (mode, synchronous) != (wanted, _SYNCHRONOUS_FULL):
            raise Unavailable("journal_mode", mode=mode, version=module.sqlite_version)

    @sa.event.listens_for(engine, "begin")
    def begin(conn: sa.Connection) -> None:
        # A writer takes its lock at once: a deferred one could lose it half way, after it has read.
        conn.exec_driver_sql("BEGIN" if conn.get_execution_options().get(_READ) else "BEGIN IMMEDIATE")

    return engine


def migrate(engine: sa.Engine, to: str = "head") -> None:
    """Bring the tables and triggers to this version, forward only. Safe to call at every start, by several at once."""
    from alembic import command  # here and below: a check of a file needs no migrations, and need not wait for them

    config = _migrations()
    with engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            # Two processes that start together must not both make the first table; SQLite has its one writer.
            conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
        config.attributes["connection"] = conn
        command.upgrade(config, to)


def revision(conn: sa.Connection) -> str | None:
    """Return the revision that the tables are at; None before the first."""
    from alembic.migration import MigrationContext

    return MigrationContext.configure(conn).get_current_revision()


def revisions() -> frozenset[str]:
    """Return every revision that this version knows."""
    from alembic.script import ScriptDirectory

    return frozenset(step.revision for step in ScriptDirectory.from_config(_migrations()).walk_revisions())


def _migrations() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give one connection in ONE transaction: all of it happens at the end of the block, or nothing does."""
    with engine.begin() as conn:
        yield conn


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection that sees one moment of the store and cannot write."""
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(**{_READ: True}) as conn:
            conn.exec_driver_sql("PRAGMA query_only=ON")
            try:
                yield conn
            finally:
                conn.rollback()
                conn.exec_driver_sql("PRAGMA query_only=OFF")
                conn.rollback()
    else:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with engine.connect().execution_options(**options) as conn, conn.begin():
            yield conn


# --- packed JSON ------------------------------------------------------------------------------------------------


def canonical(obj: Any) -> bytes:
    """Return the one JSON text of a value: keys sorted, UTF-8, no blanks. What digests are taken of."""
    return orjson.dumps(obj, option=orjson.OPT_SORT_KEYS)


def digest(obj: Any) -> str:
    """Return the sha256 of the canonical JSON."""
    return hashlib.sha256(canonical(obj)).hexdigest()


def packed(obj: Any) -> bytes:
    """Return JSON as stored: zstd level 3, which halves the file at a third of gzip's time."""
    return zstandard.compress(orjson.dumps(obj), 3)


def unpacked(stored: bytes) -> Any:
    """Return what `packed` kept."""
    return orjson.loads(zstandard.decompress(stored))


# --- uploads ----------------------------------------------------------------------------------------------------


def upload_path(settings: Settings, sha256: Sha256) -> Path:
    """Where the bytes of an upload lie: outside everything that is served, named by nothing but their digest."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError("not a sha256")
    return settings.uploads / sha256[:2] / sha256


def keep_upload(
    conn: sa.Connection, settings: Settings, chunks: Iterable[bytes], file_name: str, by: str, at: datetime
) -> Sha256:
    """Store a file under its sha256 and return that; the same bytes are kept once.

    The bytes are on the disk before the row that refers to them: a crash leaves an orphan file (harmless), never a
    row without its file. TooLarge as soon as one byte too many has arrived.
    """
    settings.uploads.mkdir(parents=True, exist_ok=True)
    settings.uploads.chmod(0o700)
    temporary = settings.uploads / f".{secrets.token_hex(8)}.part"
    hasher, size = hashlib.sha256(), 0
    try:
        with temporary.open("wb") as out:
            os.fchmod(out.fileno(), 0o600)
            for chunk in chunks:
                size += len(chunk)
                if size > settings.upload_max_bytes:
                    raise TooLarge("file_too_large", limit_bytes=settings.upload_max_bytes)
                hasher.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        sha = Sha256(hasher.hexdigest())
        path = upload_path(settings, sha)
        if not path.exists():
            path.parent.mkdir(exist_ok=True, mode=0o700)
            temporary.rename(path)
            sync_folder(path.parent)
            sync_folder(settings.uploads)
    finally:
        temporary.unlink(missing_ok=True)
    t = tables.uploads
    if conn.scalar(sa.select(t.c.sha256).where(t.c.sha256 == sha)) is None:
        insert_once(conn, t, sha256=sha, size_bytes=size, file_name=file_name[-200:], received_at=at, received_by=by)
    return sha


def insert_once(conn: sa.Connection, table: sa.Table, **values: Any) -> None:
    """Insert a row unless one with its key is there: two who do it in the same moment both succeed."""
    insert = sqlite_insert if conn.dialect.name == "sqlite" else postgresql_insert
    conn.execute(insert(table).values(values).on_conflict_do_nothing())


def sync_folder(folder: Path) -> None:
    """Make a rename inside the folder survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
