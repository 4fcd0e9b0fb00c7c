"""The chain of acts: whole under many hands, and broken visibly by whoever owns the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from ledger import audit, store, tables
from ledger.migrations import triggers

AT = datetime(2020, 5, 14, 12, 0, 0, 123456, tzinfo=UTC)
T = tables.audit


def acts(engine: sa.Engine, count: int) -> None:
    for n in range(count):
        with store.writing(engine) as conn:
            audit.note(conn, AT, "ana", "submit", f"submission/{n}", {"digest": "ab", "why": "señal"})


def broken(engine: sa.Engine) -> list[str]:
    with store.reading(engine) as conn:
        return list(audit.problems(conn))


def test_acts_of_many_at_once_make_one_chain(engine: sa.Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(acts, engine, 5) for _ in range(8)]:
            done.result()
    assert broken(engine) == []
    with store.reading(engine) as conn:
        assert list(conn.scalars(sa.select(T.c.number).order_by(T.c.number))) == list(range(1, 41))


def test_an_act_that_did_not_happen_is_not_in_it(engine: sa.Engine) -> None:
    with pytest.raises(ZeroDivisionError), store.writing(engine) as conn:
        audit.note(conn, AT, "ana", "submit", "submission/1")
        _ = 1 / 0
    acts(engine, 1)
    assert broken(engine) == []


@pytest.mark.parametrize(
    ("crime", "seen"),
    [
        (sa.delete(T).where(T.c.number == 2), "row 2 is missing"),
        (sa.update(T).where(T.c.number == 2).values(account="eve"), "row 2 was altered"),
        (sa.update(T).where(T.c.number == 2).values(detail="{}"), "row 2 was altered"),
        (sa.update(T).where(T.c.number == 2).values(at=datetime(2019, 1, 1, tzinfo=UTC)), "row 2 was altered"),
        (sa.update(T).where(T.c.number == 2).values(previous_sha256=audit.FIRST), "does not follow"),
    ],
)
def test_a_link_taken_out_or_rewritten_shows(engine: sa.Engine, crime: sa.Executable, seen: str) -> None:
    acts(engine, 3)
    with store.writing(engine) as conn:
        for statement in triggers.disarm(conn.dialect.name):
            conn.exec_driver_sql(statement)
        conn.execute(crime)
    assert any(seen in line for line in broken(engine))
