"""A ledger in one file, and back on either engine: the same rows, files and promises, or nothing at all."""

from __future__ import annotations

import io
import json
import stat
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import zstandard

from ledger import accounts, audit, backup, store, tables, verify
from ledger.errors import Refused
from ledger.settings import Settings
from tests import builders as b

REGISTER = b.register()
PASSWORD = "correct horse battery"
LEDGER_TOML = """
[settings]
public_url = "https://ledger.example.org"

[[jurisdiction]]
code = "bz"
names = { en = "Belize" }
currency = "BZD"
boundaries = "bz.geojson"
"""


@pytest.fixture
def lived_in(engine: sa.Engine, settings: Settings) -> sa.Engine:
    """A ledger with two publications, an open submission, somebody signed in, and a home with its own files."""
    settings.home.mkdir(exist_ok=True)
    (settings.home / "ledger.toml").write_text(LEDGER_TOML, "utf-8")
    (settings.home / "bz.geojson").write_text("{}", "utf-8")
    b.published(engine, settings, REGISTER, b.chain())
    b.published(engine, settings, REGISTER, [b.procurement("C9", "BZD 1,234.56").payment("P1", "BZD 0.10")])
    b.submitted(engine, settings, REGISTER, [b.aid("A9").pledge("USD 5")], mode="append")
    with store.writing(engine) as conn:
        accounts.add(conn, "zoe", "Zoë", PASSWORD, b.later())
    assert accounts.sign_in(engine, settings, "zoe", PASSWORD, b.later())
    return engine


@contextmanager
def opened(settings: Settings) -> Iterator[sa.Engine]:
    engine = store.open_store(settings)
    try:
        yield engine
    finally:
        engine.dispose()


Target = Callable[[], Settings]


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    def make() -> Settings:
        url = ""
        if request.param == "postgresql":
            url = request.getfixturevalue("postgresql_databases")("template0")
        return Settings(home=tmp_path / "again", database_url=url)

    return make


def rows(engine: sa.Engine) -> dict[str, list[Any]]:
    with store.reading(engine) as conn:
        return {
            t.name: sorted(map(repr, conn.execute(sa.select(t))))
            for t in tables.metadata.sorted_tables
            if t.name not in backup.LEFT_OUT
        }


def members(file: Path) -> Iterator[tuple[str, bytes]]:
    plain = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(file.read_bytes())).read()
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        for member in tar:
            held = tar.extractfile(member)
            assert held is not None
            yield member.name, held.read()


def written(file: Path, parts: dict[str, bytes]) -> Path:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, content in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    file.write_bytes(zstandard.compress(plain.getvalue()))
    return file


def test_a_restored_ledger_is_the_same_ledger(
    lived_in: sa.Engine, settings: Settings, target: Target, tmp_path: Path
) -> None:
    out = tmp_path / "ledger.backup"
    assert backup.backup(lived_in, settings, out) == []
    there = target()

    backup.restore(out, there)

    with opened(there) as again:
        assert rows(again) == rows(lived_in)
        assert verify.problems(again, there, REGISTER) == []
        assert (there.home / "ledger.toml").read_text("utf-8") == LEDGER_TOML
        assert (there.home / "bz.geojson").exists()
        parts = {p.name for p in there.home.iterdir() if not p.name.startswith("ledger.db")}
        assert parts == {"ledger.toml", "bz.geojson", "uploads"}

        # and it goes on: the next submission has the next number, and the promises are armed
        before = ids(again)
        assert b.published(again, there, REGISTER, [b.aid("A10").pledge("USD 7")], period="2020-Q3").number == 3
        assert ids(again) - before == {max(before) + 1}
        assert verify.problems(again, there, REGISTER) == []
        with pytest.raises(sa.exc.DatabaseError, match="append_only"), store.writing(again) as conn:
            conn.execute(sa.delete(tables.releases))


def ids(engine: sa.Engine) -> set[int]:
    with store.reading(engine) as conn:
        return set(conn.scalars(sa.select(tables.submissions.c.id)))


def test_a_backup_is_for_its_owner_and_signs_nobody_in(lived_in: sa.Engine, settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "ledger.backup"
    backup.backup(lived_in, settings, out)

    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    there = Settings(home=tmp_path / "again")
    backup.restore(out, there)
    with opened(there) as again:
        with store.reading(again) as conn:
            assert conn.execute(sa.select(tables.sessions)).all() == []
        assert accounts.sign_in(again, there, "zoe", PASSWORD, b.later()) is not None
    assert all(not p.stat().st_mode & 0o077 for p in there.uploads.rglob("*"))


def test_a_backup_is_of_one_moment_while_work_goes_on(lived_in: sa.Engine, settings: Settings, tmp_path: Path) -> None:
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with store.writing(lived_in) as conn:
                sha = store.keep_upload(conn, settings, [str(b.later()).encode()], "a.csv", "ana", b.later())
                audit.note(conn, b.later(), "ana", "upload", sha)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for n in range(3):
            assert backup.backup(lived_in, settings, tmp_path / f"{n}.backup") == []
    finally:
        stop.set()
        worker.join()
    for n in range(3):
        there = Settings(home=tmp_path / f"again{n}")
        backup.restore(tmp_path / f"{n}.backup", there)
        with opened(there) as again:
            assert verify.problems(again, there, REGISTER) == []


def test_a_damaged_ledger_can_still_be_carried_to_safety(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    with store.writing(sqlite_engine) as conn:
        b.people(conn, "ana")
        kept, gone, altered = (
            store.keep_upload(conn, settings, [c], "a.csv", "ana", b.START) for c in (b"one", b"two", b"three")
        )
    store.upload_path(settings, gone).unlink()
    store.upload_path(settings, altered).write_bytes(b"other")
    out = tmp_path / "ledger.backup"

    assert set(backup.backup(sqlite_engine, settings, out)) == {gone, altered}

    there = Settings(home=tmp_path / "again")
    backup.restore(out, there)
    assert [p.name for p in there.uploads.rglob("*") if p.is_file()] == [kept]


def test_nothing_is_written_over(sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "ledger.backup"
    backup.backup(sqlite_engine, settings, out)
    with pytest.raises(Refused, match="home_not_empty"):
        backup.restore(out, settings)

    with store.writing(sqlite_engine) as conn:
        b.people(conn, "ana")
    elsewhere = Settings(home=tmp_path / "again", database_url=settings.store_url)
    with pytest.raises(Refused, match="store_not_empty"):
        backup.restore(out, elsewhere)
    assert list(elsewhere.home.iterdir()) == []


def test_a_restored_ledger_does_not_go_on_in_the_store_it_came_from(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    (settings.home / "ledger.toml").write_text('[settings]\ndatabase_url = "postgresql://db/ledger"\n', "utf-8")
    backup.backup(sqlite_engine, settings, tmp_path / "ledger.backup")
    there = Settings(home=tmp_path / "again")
    backup.restore(tmp_path / "ledger.backup", there)
    assert (there.home / "ledger.toml").read_text("utf-8") == '[settings]\n# database_url = "postgresql://db/ledger"\n'


def refused(file: Path, tmp_path: Path, code: str) -> None:
    there = Settings(home=tmp_path / "again")
    with pytest.raises(Refused, match=code):
        backup.restore(file, there)
    assert list(there.home.iterdir()) == [], "nothing stays of a backup that was refused"


def test_a_backup_with_a_bit_turned_or_an_end_missing_is_refused(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    with store.writing(sqlite_engine) as conn:
        b.people(conn, "ana")
        store.keep_upload(conn, settings, [bytes(range(256)) * 40], "a.csv", "ana", b.START)
    good = tmp_path / "good"
    backup.backup(sqlite_engine, settings, good)
    content = good.read_bytes()
    bad = tmp_path / "bad"

    for at in range(0, len(content), max(1, len(content) // 15)):
        bad.write_bytes(content[:at])
        refused(bad, tmp_path, "backup_damaged|not_a_backup")

    parts = dict(members(good))
    for name, held in parts.items():
        if name in ("tables/uploads.jsonl", "tables/accounts.jsonl") or name.startswith("uploads/"):
            turned = bytes([held[0] ^ 1]) + held[1:]
            refused(written(bad, {**parts, name: turned}), tmp_path, "backup_damaged")
            refused(written(bad, {n: c for n, c in parts.items() if n != name}), tmp_path, "backup_damaged")
    refused(written(bad, {**parts, "extra": b""}), tmp_path, "backup_damaged")
    assert written(bad, parts) and backup.restore(bad, Settings(home=tmp_path / "again")) is None


def test_a_file_that_is_no_backup_or_wants_to_write_elsewhere_is_refused(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(b"hello")
    refused(bad, tmp_path, "backup_damaged")
    refused(written(bad, {"hello.txt": b"hello"}), tmp_path, "not_a_backup")

    backup.backup(sqlite_engine, settings, tmp_path / "good")
    parts = dict(members(tmp_path / "good"))
    manifest = json.loads(parts["manifest.json"])

    def with_manifest(**other: Any) -> dict[str, bytes]:
        return {**parts, "manifest.json": json.dumps({**manifest, **other}).encode()}

    for name in (
        "../outside",
        "/tmp/outside",
        "ledger.db",
        "ledger.db-wal",
        "uploads/../x",
        "tables/nothing.jsonl",
        "",
    ):
        wants = {**manifest["members"], name: {"bytes": 0, "sha256": "0" * 64}}
        refused(written(bad, {**with_manifest(members=wants), name: b""}), tmp_path, "backup_damaged")
    refused(written(bad, with_manifest(revision="9999")), tmp_path, "backup_newer")
    refused(written(bad, with_manifest(format="other")), tmp_path, "not_a_backup")
    assert not (tmp_path / "outside").exists()


def test_an_earlier_backup_stays_until_the_new_one_is_whole(
    sqlite_engine: sa.Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "ledger.backup"
    backup.backup(sqlite_engine, settings, out)
    before = out.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_add", full)
    with pytest.raises(OSError, match="No space"):
        backup.backup(sqlite_engine, settings, out)
    assert out.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
