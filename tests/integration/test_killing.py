"""Processes killed with -9 while they write: what was acknowledged is there, and of nothing there is a half."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa

from ledger import audit, store, tables
from ledger.settings import Settings
from tests.integration import killing

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ledger import audit, store
from ledger.settings import Settings
from ledger.tables import accounts

home, url = sys.argv[1:]
settings = Settings(home=Path(home), database_url=url)
engine = store.open_store(settings)
at = datetime(2020, 5, 14, tzinfo=UTC)
with store.reading(engine) as conn:
    n = len(conn.execute(accounts.select()).all())
print("ready")
while True:
    with store.writing(engine) as conn:
        conn.execute(accounts.insert().values(id=f"a{n}", name="A", created_at=at))
        sha = store.keep_upload(conn, settings, [f"file {n}".encode()] * 100, "a.csv", f"a{n}", at)
        audit.note(conn, at, f"a{n}", "upload", sha)
    print(n)
    n += 1
"""
ROUNDS = 6


def test_what_was_acknowledged_survives_a_kill_and_nothing_is_half(engine: sa.Engine, settings: Settings) -> None:
    promised: set[str] = set()

    def check(_: int, lines: list[str]) -> None:
        promised.update(f"a{line}" for line in lines)
        with store.reading(engine) as conn:
            there = set(conn.scalars(sa.select(tables.accounts.c.id)))
            kept = conn.execute(sa.select(tables.uploads)).all()
            noted = set(conn.scalars(sa.select(tables.audit.c.account)))
            assert list(audit.problems(conn)) == []
        assert promised <= there
        assert there == {u.received_by for u in kept} == noted
        for upload in kept:
            assert store.upload_path(settings, upload.sha256).stat().st_size == upload.size_bytes

    url = engine.url.render_as_string(hide_password=False)
    acknowledged = killing.killed(
        WRITER,
        (settings.home, url),
        check,
        rounds=ROUNDS,
        within_seconds=0.3,
        chance=random.Random(killing.seed()),
    )
    assert acknowledged > 0, "the kills came too early to prove anything"


def test_the_harness_sees_a_promise_given_before_the_commit(sqlite_engine: sa.Engine, settings: Settings) -> None:
    """The control: a writer that acknowledges first is caught."""
    early = WRITER.replace("    print(n)\n", "").replace(
        "    with store.writing", "    print(n)\n    with store.writing"
    )
    early = early.replace("        audit.note", "        import time; time.sleep(0.05)\n        audit.note")
    lost = []

    def check(_: int, lines: list[str]) -> None:
        with store.reading(sqlite_engine) as conn:
            there = set(conn.scalars(sa.select(tables.accounts.c.id)))
        lost.extend(line for line in lines if f"a{line}" not in there)

    killing.killed(
        early, (settings.home, ""), check, rounds=3, within_seconds=0.4, chance=random.Random(killing.seed())
    )
    assert lost


def test_a_snippet_that_fails_by_itself_is_not_taken_for_a_kill() -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        killing.killed_once("print('ready'); 1 / 0", (), 2)
    assert killing.killed_once("print('ready'); print('one'); print('two', end='')", (), 2) == ["one\n"]
