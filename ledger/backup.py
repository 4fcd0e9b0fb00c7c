"""The whole ledger in one file, and back: into an empty home, on either engine.

In: a store and its home, or a file made of them. Out: that file, or a home in which everything is as it was.
The file is a tar, compressed with zstd (`tar --zstd -xf` reads it), and depends on no engine:

    manifest.json           format, revision of the tables, and of every other member its bytes and sha256
    ledger.toml             and the boundary files that it names, as they lie beside it
    tables/<name>.jsonl     first line: the columns; then one JSON array a row, in the order of the primary key;
                            bytes as base64, times as ISO 8601 in UTC, amounts as decimal text
    uploads/<aa>/<sha256>   every file that an officer sent

Sessions are left out: a copy of the ledger signs nobody in. Password hashes are in it, so the file is made for its
owner's eyes only. Not here: checking that what came back is true (`verify.problems`). Read `backup`, then `restore`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import shutil
import tarfile
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import IO, Any

import orjson
import sqlalchemy as sa
import zstandard

from ledger import store, tables
from ledger.errors import Refused
from ledger.settings import Settings, register
from ledger.values import Sha256

FORMAT = "covid-ledger backup 1"
LEFT_OUT = {tables.sessions.name}

_MANIFEST = "manifest.json"
_ROWS_AT_ONCE = 500


# --- out ---------------------------------------------------------------------------------------------------------


def backup(engine: sa.Engine, settings: Settings, out: Path) -> list[Sha256]:
    """Write the ledger as it is at this moment into one file; return the uploads that are not as they were kept.

    Readers and writers go on meanwhile: the rows are those of one snapshot, and an upload lies on the disk before
    its row does. An upload that is gone or altered is named in the manifest and left out, so that a damaged ledger
    can still be carried to safety. An earlier file of that name is replaced only when the new one is whole.
    """
    out = out.absolute()
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        work = Path(folder)
        members: dict[str, Path] = {}
        with store.reading(engine) as conn:
            revision = store.revision(conn)
            for table in _kept():
                members[f"tables/{table.name}.jsonl"] = path = work / table.name
                _dump(conn, table, path)
            shas = [Sha256(s) for s in conn.scalars(sa.select(tables.uploads.c.sha256).order_by("sha256"))]
        absent = []
        for sha in shas:
            path = store.upload_path(settings, sha)
            if path.is_file() and _sha256(path) == sha:
                members[f"uploads/{sha[:2]}/{sha}"] = path
            else:
                absent.append(sha)
        for name in _beside(settings.home):
            members[name] = settings.home / name
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "revision": revision,
            "absent_uploads": absent,
            "members": {name: {"bytes": p.stat().st_size, "sha256": _sha256(p)} for name, p in members.items()},
        }
        whole = work / "whole"
        with _tar_to(whole) as tar:
            told = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
            _add(tar, _MANIFEST, io.BytesIO(told), len(told))
            for name, path in members.items():
                with path.open("rb") as file:
                    # The size that was hashed: a file that grows meanwhile must not shift what follows it.
                    _add(tar, name, file, manifest["members"][name]["bytes"])
        whole.rename(out)
    store.sync_folder(out.parent)
    return absent


def _kept() -> list[sa.Table]:
    return [t for t in tables.metadata.sorted_tables if t.name not in LEFT_OUT]


def _dump(conn: sa.Connection, table: sa.Table, path: Path) -> None:
    columns = list(table.columns)
    outward = [_outward(c) for c in columns]
    rows = conn.execution_options(yield_per=_ROWS_AT_ONCE).execute(sa.select(table).order_by(*table.primary_key))
    with path.open("wb") as file:
        file.write(orjson.dumps([c.name for c in columns]) + b"\n")
        for row in rows:
            file.write(orjson.dumps([v if v is None else f(v) for f, v in zip(outward, row, strict=True)]) + b"\n")


def _beside(home: Path) -> Iterator[str]:
    """Name ledger.toml and the boundary files it speaks of, when they are there and really lie in the home."""
    if (home / "ledger.toml").is_file():
        yield "ledger.toml"
        for name in sorted({j.boundaries for j in register(home / "ledger.toml").jurisdictions if j.boundaries}):
            if _is_plain(name) and (home / name).is_file():
                yield name


@contextmanager
def _tar_to(path: Path) -> Iterator[tarfile.TarFile]:
    with path.open("wb") as raw:
        os.fchmod(raw.fileno(), 0o600)
        with (
            zstandard.ZstdCompressor(level=6).stream_writer(raw, closefd=False) as packed,
            tarfile.open(fileobj=packed, mode="w|") as tar,
        ):
            yield tar
        raw.flush()
        os.fsync(raw.fileno())


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    tar.addfile(member, file)


# --- and back ----------------------------------------------------------------------------------------------------


def restore(source: Path, settings: Settings) -> None:
    """Bring a backup back into an empty home and an empty store. Refused before anything is written over.

    Every member's size and sha256 are checked before the first row is loaded. Constraints hold while rows are
    loaded, triggers are off until all are there (they judge the order of acts, and a copy has none). The home
    gets its parts at the very end, the store last. A ledger.toml that names another store than `settings` has that
    line commented out: a restored ledger must not go on in somebody else's.
    """
    home = settings.home
    if home.exists() and any(home.iterdir()):
        raise Refused("home_not_empty", home=str(home))
    home.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".restoring-", dir=home))
    try:
        manifest = _unpack(source, work)
        inside = settings.model_copy(update={"home": work}) if not settings.database_url else settings
        engine = store.open_store(inside)
        try:
            _load(engine, manifest, work)
            _own_store(work / "ledger.toml", settings)
            shutil.rmtree(work / "tables")
        finally:
            engine.dispose()
        for part in sorted(work.iterdir(), key=lambda p: (p.name.startswith("ledger.db"), p.name)):
            part.rename(home / part.name)
        store.sync_folder(home)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _unpack(source: Path, work: Path) -> dict[str, Any]:
    """Write the members out and return the manifest; Refused unless each is exactly what the manifest says."""
    found: set[str] = set()
    manifest: dict[str, Any] = {}
    try:
        with (
            source.open("rb") as raw,
            zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as plain,
            tarfile.open(fileobj=plain, mode="r|") as tar,
        ):
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                if file is None:
                    raise Refused("backup_damaged", member=member.name)
                if not manifest:
                    manifest = _manifest(member.name, file)
                    continue
                said = manifest["members"].get(member.name)
                if said is None or member.name in found or member.size != said["bytes"]:
                    raise Refused("backup_damaged", member=member.name)
                _write(file, work / member.name, said["sha256"])
                found.add(member.name)
    except (zstandard.ZstdError, tarfile.TarError, EOFError) as problem:
        raise Refused("backup_damaged", member=source.name) from problem
    missing = set(manifest["members"]) - found if manifest else {_MANIFEST}
    if missing:
        raise Refused("backup_damaged", member=min(missing))
    return manifest


def _manifest(name: str, file: IO[bytes]) -> dict[str, Any]:
    try:
        manifest = orjson.loads(file.read())
        if name != _MANIFEST or manifest["format"] != FORMAT:
            raise Refused("not_a_backup")
        members = manifest["members"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as problem:
        raise Refused("not_a_backup") from problem
    for member, said in members.items():
        if not (_is_plain(member) and _expected(member, said["sha256"])):
            raise Refused("backup_damaged", member=member)
    if manifest["revision"] not in store.revisions():
        raise Refused("backup_newer", revision=manifest["revision"])
    return dict(manifest)


def _expected(member: str, sha: str) -> bool:
    """Whether a member has a place in a home: nothing else is ever written, whatever a manifest says."""
    first, *rest = member.split("/")
    if first == "tables" and rest:
        return rest in [[f"{t.name}.jsonl"] for t in _kept()]
    if first == "uploads" and rest:
        return rest == [sha[:2], sha]
    return not first.startswith(("ledger.db", "."))


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _write(file: IO[bytes], path: Path, sha: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    hasher = hashlib.sha256()
    with path.open("xb") as out:
        os.fchmod(out.fileno(), 0o600)
        while chunk := file.read(1 << 20):
            hasher.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if hasher.hexdigest() != sha:
        raise Refused("backup_damaged", member=path.name)


def _load(engine: sa.Engine, manifest: Mapping[str, Any], work: Path) -> None:
    store.migrate(engine, manifest["revision"])
    with store.writing(engine) as conn:
        made = set(sa.inspect(conn).get_table_names())  # at an older revision some are not there yet
        for table in (t for t in tables.metadata.sorted_tables if t.name in made):
            if conn.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)) is not None:
                raise Refused("store_not_empty")
        with _triggers_off(conn):
            for table in _kept():
                path = work / "tables" / f"{table.name}.jsonl"
                if path.exists():  # a table that came later than the backup stays empty
                    _load_table(conn, table, path)
    store.migrate(engine)


def _load_table(conn: sa.Connection, table: sa.Table, path: Path) -> None:
    with path.open("rb") as lines:
        names = orjson.loads(next(lines))
        inward = [_inward(table.columns[n]) for n in names]
        batch: list[dict[str, Any]] = []
        for line in lines:
            values = orjson.loads(line)
            batch.append({n: v if v is None else f(v) for n, f, v in zip(names, inward, values, strict=True)})
            if len(batch) == _ROWS_AT_ONCE:
                conn.execute(sa.insert(table), batch)
                batch = []
        if batch:
            conn.execute(sa.insert(table), batch)
    counted = table.autoincrement_column
    if counted is not None and conn.dialect.name == "postgresql":
        # Rows came with their numbers; the sequence has not moved and would give them out again.
        highest = conn.scalar(sa.select(sa.func.max(counted)))
        sequence = sa.func.pg_get_serial_sequence(table.name, counted.name)
        if highest is not None:
            conn.execute(sa.select(sa.func.setval(sequence, highest)))


@contextmanager
def _triggers_off(conn: sa.Connection) -> Iterator[None]:
    """Load rows unjudged by triggers, in one transaction: nobody else ever sees the store without them."""
    if conn.dialect.name == "sqlite":
        kept = conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
        off = [f'DROP TRIGGER "{name}"' for name, _ in kept]
        on = [sql for _, sql in kept]
    else:
        off = [f"ALTER TABLE {t.name} DISABLE TRIGGER USER" for t in tables.metadata.sorted_tables]
        on = [f"ALTER TABLE {t.name} ENABLE TRIGGER USER" for t in tables.metadata.sorted_tables]
    for statement in off:
        conn.exec_driver_sql(statement)
    yield
    for statement in on:
        conn.exec_driver_sql(statement)


def _own_store(ledger_toml: Path, settings: Settings) -> None:
    if not ledger_toml.exists():
        return
    text = ledger_toml.read_text("utf-8")
    named = tomllib.loads(text).get("settings", {}).get("database_url", "")
    if named and named != settings.database_url:
        ledger_toml.write_text(re.sub(r"(?m)^(\s*database_url\s*=)", r"# \1", text), "utf-8")


# --- one value, one text -----------------------------------------------------------------------------------------


def _outward(column: sa.Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, sa.LargeBinary):
        return lambda v: base64.b64encode(v).decode()
    if isinstance(column.type, tables.Moment):
        return lambda v: v.astimezone(UTC).isoformat()
    if isinstance(column.type, tables.Amount | tables.Sum):
        return str
    return lambda v: v


def _inward(column: sa.Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, sa.LargeBinary):
        return base64.b64decode
    if isinstance(column.type, tables.Moment):
        return datetime.fromisoformat
    if isinstance(column.type, tables.Amount | tables.Sum):
        return Decimal
    return lambda v: v


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
